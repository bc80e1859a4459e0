#include "core/search/answer_problems.h"

#include <stdio.h>

int64_t answer_least(const struct answer_task *t) {
    int64_t low = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        low = t->v[i] < low ? t->v[i] : low;
    return low;
}

int64_t answer_greatest(const struct answer_task *t) {
    int64_t high = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        high = t->v[i] > high ? t->v[i] : high;
    return high;
}

wide answer_sum(const struct answer_task *t) {
    wide total = 0;
    for (size_t i = 0; i < t->n; i++)
        total += t->v[i];
    return total;
}

wide answer_times(wide a, wide b) {
    wide most = (wide)1 << 126;
    return b != 0 && a > most / b ? most : a * b;
}

struct answer_bounds answer_to_greatest(const struct answer_task *t) {
    return (struct answer_bounds){0, answer_greatest(t)};
}

struct answer_bounds answer_least_greatest(const struct answer_task *t) {
    return (struct answer_bounds){answer_least(t), answer_greatest(t)};
}

struct answer_bounds answer_spread(const struct answer_task *t) {
    return (struct answer_bounds){0, (wide)t->v[t->n - 1] - t->v[0]};
}

static struct answer_bounds from_one_to_greatest(const struct answer_task *t) {
    int64_t high = answer_greatest(t);
    return (struct answer_bounds){1, high > 1 ? high : 1};
}

/* ceil_sum is the sum of v[i] / x, each rounded up; x >= 1. */
static wide ceil_sum(const struct answer_task *t, int64_t x) {
    wide total = 0;
    for (size_t i = 0; i < t->n; i++)
        total += t->v[i] / x + (t->v[i] % x != 0);
    return total;
}

/* floor_sum is the sum of v[i] / x, each rounded down; x >= 1. */
static wide floor_sum(const struct answer_task *t, int64_t x) {
    wide total = 0;
    for (size_t i = 0; i < t->n; i++)
        total += t->v[i] / x;
    return total;
}

/* parts_fit: the values, in their order, make at most `parts` runs none of which sums to more than x. */
static bool parts_fit(const struct answer_task *t, int64_t x, int64_t parts) {
    int64_t used = 1, load = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i] > x)
            return false;
        if (load > x - t->v[i]) {
            load = 0;
            if (++used > parts)
                return false;
        }
        load += t->v[i];
    }
    return true;
}

static struct answer_bounds parts_bounds(const struct answer_task *t) {
    return (struct answer_bounds){answer_greatest(t), answer_sum(t)};
}

static bool ship_holds(const struct answer_task *t, int64_t x) { return parts_fit(t, x, t->in->days); }
static bool split_holds(const struct answer_task *t, int64_t x) { return parts_fit(t, x, t->in->k); }

static bool eating_holds(const struct answer_task *t, int64_t x) { return x >= 1 && ceil_sum(t, x) <= t->in->hours; }
static bool divisor_holds(const struct answer_task *t, int64_t x) {
    return x >= 1 && ceil_sum(t, x) <= t->in->threshold;
}
static bool stores_hold(const struct answer_task *t, int64_t x) {
    return x < 1 ? x == 0 && answer_greatest(t) == 0 : ceil_sum(t, x) <= t->in->n;
}
static bool candies_hold(const struct answer_task *t, int64_t x) { return x < 1 || floor_sum(t, x) >= t->in->k; }

/* A bag of v splits into bags of at most x with ceil(v / x) - 1 operations. */
static bool bags_hold(const struct answer_task *t, int64_t x) {
    if (x < 1)
        return x == 0 && answer_greatest(t) == 0;
    wide splits = 0;
    for (size_t i = 0; i < t->n; i++)
        splits += t->v[i] > x ? (t->v[i] - 1) / x : 0;
    return splits <= t->in->max_operations;
}

/* root_holds: x to the degree is at most n. */
static bool root_holds(const struct answer_task *t, int64_t x) {
    wide power = 1;
    for (int64_t i = 0; i < t->in->degree && power <= t->in->n && x > 1; i++)
        power *= x;
    return x <= 0 || (x == 1 ? 1 : power) <= t->in->n;
}

static double root_steps(const struct answer_in *in) { return (double)in->degree; }

static struct answer_bounds root_bounds(const struct answer_task *t) { return (struct answer_bounds){0, t->in->n}; }

static bool h_index_holds(const struct answer_task *t, int64_t x) {
    int64_t papers = 0;
    for (size_t i = 0; i < t->n; i++)
        papers += t->v[i] >= x;
    return papers >= x;
}

static struct answer_bounds h_index_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, (int64_t)t->n};
}

static bool bouquets_hold(const struct answer_task *t, int64_t x) {
    int64_t made = 0, run = 0;
    for (size_t i = 0; i < t->n; i++) {
        run = t->v[i] <= x ? run + 1 : 0;
        if (run == t->in->k)
            made++, run = 0;
    }
    return made >= t->in->m;
}

/* Ranges in order of their starts: each number as low as it can be. */
static bool ranges_hold(const struct answer_task *t, int64_t x) {
    wide at = t->v[0];
    for (size_t i = 1; i < t->n; i++) {
        at = at + x > t->v[i] ? at + x : t->v[i];
        if (at > (wide)t->v[i] + t->in->d)
            return false;
    }
    return true;
}

static struct answer_bounds ranges_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, (wide)t->v[t->n - 1] - t->v[0] + t->in->d};
}

static bool bad_holds(const struct answer_task *t, int64_t x) { return x >= t->in->bad && t->in->bad <= t->in->n; }
static struct answer_bounds bad_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, t->in->n > 1 ? t->in->n : 1};
}

/* squares_hold: at least half of the area lies below y. The area below, twice, is an integer times y minus an integer:
 * 2 (widths * y - at) + 2 done >= all. y is mantissa / 2^shift, and what is below one unit cannot matter. */
static bool squares_hold(const struct answer_task *t, double y) {
    wide widths = 0, at = 0, done = 0, all = 0;
    for (size_t i = 0; i < t->n; i += 3) {
        int64_t bottom = t->v[i + 1], side = t->v[i + 2];
        all += side * side;
        if ((double)(bottom + side) <= y)
            done += side * side;
        else if ((double)bottom < y)
            widths += side, at += bottom * side;
    }
    wide want = all - 2 * done + 2 * at; /* widths * 2 y >= want */
    int exponent;
    int64_t mantissa = (int64_t)(frexp(y, &exponent) * 0x1p53);
    int shift = 53 - exponent - 1; /* 2 y = mantissa / 2^shift; y < 2^32, so shift > 0 */
    wide have = widths * mantissa; /* below 10^16 * 2^53 */
    return (shift > 126 ? 0 : have >> shift) >= want;
}

static enum status squares_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    (void)t;
    const struct array *squares = &in->squares;
    if (squares->dims != 2 || squares->shape[1] != 3)
        return ctx_fail(ctx, STATUS_INVALID, "/squares", "A square has %zu numbers, want three: x, y and side.",
                        squares->dims == 2 ? squares->shape[1] : 1);
    for (size_t i = 0; i < squares->n; i++) {
        int64_t v = squares->ints[i], low = i % 3 == 2;
        if (v >= low && v <= ANSWER_MAX_COORDINATE)
            continue;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/squares/%zu/%zu", i / 3, i % 3);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "The number is %lld, want %lld to %lld.", (long long)v,
                        (long long)low, (long long)ANSWER_MAX_COORDINATE);
    }
    return STATUS_OK;
}

static struct answer_bounds squares_bounds(const struct answer_task *t) {
    (void)t;
    return (struct answer_bounds){0, (wide)1 << 31}; /* past all squares */
}

#define F(name) (UINT64_C(1) << ANSWER_##name)
#define AT_LEAST(number, least) .floor = {ANSWER_##number, least}

const struct answer_problem answer_problems[] = {
    {"ship-capacity", ANSWER_LEAST, 0, F(weights) | F(days), 1, {ship_holds}, parts_bounds},
    {"eating-speed", ANSWER_LEAST, 0, F(piles) | F(hours), 1, {eating_holds}, from_one_to_greatest},
    {"split-array", ANSWER_LEAST, 0, F(nums) | F(k), 1, {split_holds}, parts_bounds, AT_LEAST(k, 1)},
    {"magnetic-force",
     ANSWER_GREATEST,
     ANSWER_SORTED,
     F(position) | F(m),
     2,
     {magnetic_holds},
     answer_spread,
     AT_LEAST(m, 2)},
    {"multiplication-table",
     ANSWER_LEAST,
     0,
     F(m) | F(n) | F(k),
     0,
     {table_holds},
     table_bounds,
     AT_LEAST(k, 1),
     .check = table_check,
     .steps = table_steps},
    {"integer-root", ANSWER_GREATEST, 0, F(n) | F(degree), 0, {root_holds}, root_bounds, .steps = root_steps},
    {"h-index", ANSWER_GREATEST, 0, F(citations), 1, {h_index_holds}, h_index_bounds},
    {"bouquets",
     ANSWER_LEAST,
     0,
     F(bloom_day) | F(m) | F(k),
     1,
     {bouquets_hold},
     answer_least_greatest,
     AT_LEAST(k, 1)},
    {"smallest-divisor", ANSWER_LEAST, 0, F(nums) | F(threshold), 1, {divisor_holds}, from_one_to_greatest},
    {"arrival-speed", ANSWER_LEAST, 0, F(dist) | F(hour), 1, {arrival_holds}, arrival_bounds, .check = arrival_check},
    {"minimized-maximum-products", ANSWER_LEAST, 0, F(quantities) | F(n), 1, {stores_hold}, answer_to_greatest},
    {"score-of-ranges", ANSWER_GREATEST, ANSWER_SORTED, F(start) | F(d), 2, {ranges_hold}, ranges_bounds},
    {"mountain-height", ANSWER_LEAST, 0, F(mountain_height) | F(worker_times), 1, {mountain_holds}, mountain_bounds},
    {"game-score", ANSWER_GREATEST, 0, F(points) | F(m), 2, {points_hold}, points_bounds},
    {"trips", ANSWER_LEAST, 0, F(time) | F(total_trips), 1, {trips_hold}, trips_bounds},
    {"repair-cars", ANSWER_LEAST, 0, F(ranks) | F(cars), 1, {cars_hold}, cars_bounds},
    {"candies", ANSWER_GREATEST, 0, F(candies) | F(k), 1, {candies_hold}, answer_to_greatest, AT_LEAST(k, 1)},
    {"bag-limit", ANSWER_LEAST, 0, F(nums) | F(max_operations), 1, {bags_hold}, answer_to_greatest},
    {"pair-distance", ANSWER_LEAST, ANSWER_SORTED, F(nums) | F(k), 2, {pairs_hold}, answer_spread, AT_LEAST(k, 1)},
    {"computers", ANSWER_GREATEST, 0, F(batteries) | F(n), 1, {computers_hold}, computers_bounds, AT_LEAST(n, 1)},
    {"first-bad-version", ANSWER_LEAST, 0, F(n) | F(bad), 0, {bad_holds}, bad_bounds},
    {"separate-squares",
     ANSWER_LEAST_REAL,
     0,
     F(squares),
     3,
     {.holds_real = squares_hold},
     squares_bounds,
     .check = squares_check},
    {"gas-stations", ANSWER_LEAST_REAL, ANSWER_SORTED, F(stations) | F(k), 2, {.holds_real = gas_holds}, gas_bounds},
    {"power-stations", ANSWER_GREATEST, ANSWER_NOTES, F(stations) | F(r) | F(k), 1, {power_holds}, power_bounds},
    {"sweetness", ANSWER_GREATEST, 0, F(sweetness) | F(k), 1, {sweetness_holds}, sweetness_bounds},
    {"tastiness", ANSWER_GREATEST, ANSWER_SORTED, F(price) | F(k), 2, {tastiness_holds}, answer_spread, AT_LEAST(k, 2)},
    {"house-robber", ANSWER_LEAST, 0, F(nums) | F(k), 1, {robber_holds}, answer_least_greatest, AT_LEAST(k, 1)},
    {"disjoint-pairs", ANSWER_LEAST, ANSWER_SORTED, F(nums) | F(p), 1, {disjoint_hold}, answer_spread},
    {"array-maximum", ANSWER_LEAST, 0, F(nums), 1, {maximum_holds}, answer_to_greatest},
    {"value-at-index",
     ANSWER_GREATEST,
     0,
     F(n) | F(index) | F(max_sum),
     0,
     {peak_holds},
     peak_bounds,
     AT_LEAST(n, 1),
     .check = peak_check},
    {"ugly-number",
     ANSWER_LEAST,
     0,
     F(n) | F(divisors),
     1,
     {ugly_holds},
     ugly_bounds,
     AT_LEAST(n, 1),
     .check = ugly_check,
     .steps = ugly_steps},
    {"kth-missing", ANSWER_LEAST, ANSWER_SORTED, F(arr) | F(k), 1, {missing_holds}, missing_bounds, AT_LEAST(k, 1)},
    {"kth-product",
     ANSWER_LEAST,
     ANSWER_SORTED,
     F(nums1) | F(nums2) | F(k),
     1,
     {products_hold},
     products_bounds,
     AT_LEAST(k, 1)},
    {"kth-fraction",
     ANSWER_LEAST_FRACTION,
     ANSWER_SORTED,
     F(arr) | F(k),
     2,
     {.holds_fraction = fractions_hold},
     NULL,
     AT_LEAST(k, 1)},
    {"kth-in-matrix",
     ANSWER_LEAST,
     0,
     F(matrix) | F(k),
     1,
     {matrix_holds},
     matrix_bounds,
     AT_LEAST(k, 1),
     .check = matrix_check,
     .steps = matrix_steps},
    {0},
};

const char *const answer_problem_names[] = {"ship-capacity",
                                            "eating-speed",
                                            "split-array",
                                            "magnetic-force",
                                            "multiplication-table",
                                            "integer-root",
                                            "h-index",
                                            "bouquets",
                                            "smallest-divisor",
                                            "arrival-speed",
                                            "minimized-maximum-products",
                                            "score-of-ranges",
                                            "mountain-height",
                                            "game-score",
                                            "trips",
                                            "repair-cars",
                                            "candies",
                                            "bag-limit",
                                            "pair-distance",
                                            "computers",
                                            "first-bad-version",
                                            "separate-squares",
                                            "gas-stations",
                                            "power-stations",
                                            "sweetness",
                                            "tastiness",
                                            "house-robber",
                                            "disjoint-pairs",
                                            "array-maximum",
                                            "value-at-index",
                                            "ugly-number",
                                            "kth-missing",
                                            "kth-product",
                                            "kth-fraction",
                                            "kth-in-matrix",
                                            NULL};
