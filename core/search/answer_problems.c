#include "core/search/answer_problems.h"

#include <math.h>

typedef __int128 wide;
typedef unsigned __int128 uwide;

static int64_t least(const struct answer_task *t) {
    int64_t low = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        low = t->v[i] < low ? t->v[i] : low;
    return low;
}

static int64_t greatest(const struct answer_task *t) {
    int64_t high = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        high = t->v[i] > high ? t->v[i] : high;
    return high;
}

static wide sum(const struct answer_task *t) {
    wide total = 0;
    for (size_t i = 0; i < t->n; i++)
        total += t->v[i];
    return total;
}

static struct answer_bounds to_greatest(const struct answer_task *t) { return (struct answer_bounds){0, greatest(t)}; }

static struct answer_bounds from_one_to_greatest(const struct answer_task *t) {
    int64_t high = greatest(t);
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
    return (struct answer_bounds){greatest(t), sum(t)};
}

static bool ship_holds(const struct answer_task *t, int64_t x) { return parts_fit(t, x, t->in->days); }
static bool split_holds(const struct answer_task *t, int64_t x) { return parts_fit(t, x, t->in->k); }

static bool eating_holds(const struct answer_task *t, int64_t x) { return x >= 1 && ceil_sum(t, x) <= t->in->hours; }
static bool divisor_holds(const struct answer_task *t, int64_t x) {
    return x >= 1 && ceil_sum(t, x) <= t->in->threshold;
}
static bool stores_hold(const struct answer_task *t, int64_t x) {
    return x < 1 ? x == 0 && greatest(t) == 0 : ceil_sum(t, x) <= t->in->n;
}
static bool candies_hold(const struct answer_task *t, int64_t x) { return x < 1 || floor_sum(t, x) >= t->in->k; }

/* A bag of v splits into bags of at most x with ceil(v / x) - 1 operations. */
static bool bags_hold(const struct answer_task *t, int64_t x) {
    if (x < 1)
        return x == 0 && greatest(t) == 0;
    wide splits = 0;
    for (size_t i = 0; i < t->n; i++)
        splits += t->v[i] > x ? (t->v[i] - 1) / x : 0;
    return splits <= t->in->max_operations;
}

/* Values in order: taking each ball at the first place that is far enough is never worse. */
static bool magnetic_holds(const struct answer_task *t, int64_t x) {
    int64_t placed = 1, last = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        if (t->v[i] - last >= x)
            placed++, last = t->v[i];
    return placed >= t->in->m;
}

static struct answer_bounds spread_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, (wide)t->v[t->n - 1] - t->v[0]};
}

/* table_holds: at least k products i * j, i in 1 .. m, j in 1 .. n, are at most x. Runs of i with one quotient are
 * taken together. */
static bool table_holds(const struct answer_task *t, int64_t x) {
    int64_t rows = t->in->m < t->in->n ? t->in->m : t->in->n, columns = t->in->m < t->in->n ? t->in->n : t->in->m;
    if (x < 1 || columns < 1 || rows < 1)
        return false;
    wide count = 0;
    for (int64_t i = 1; i <= rows && i <= x;) {
        int64_t quotient = x / i, last = x / quotient;
        if (quotient >= columns)
            quotient = columns, last = x / columns;
        last = last < rows ? last : rows;
        count += (wide)quotient * (last - i + 1);
        i = last + 1;
    }
    return count >= t->in->k;
}

static struct answer_bounds table_bounds(const struct answer_task *t) {
    wide high = (wide)t->in->m * t->in->n;
    return (struct answer_bounds){1, high > 1 ? high : 1};
}

/* root_holds: x to the degree is at most n. */
static bool root_holds(const struct answer_task *t, int64_t x) {
    wide power = 1;
    for (int64_t i = 0; i < t->in->degree && power <= t->in->n && x > 1; i++)
        power *= x;
    return x <= 0 || (x == 1 ? 1 : power) <= t->in->n;
}

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

static struct answer_bounds bouquets_bounds(const struct answer_task *t) {
    return (struct answer_bounds){least(t), greatest(t)};
}

/* arrival_holds: whole hours for all rides but the last, (S + last / x) * unit <= part. */
static bool arrival_holds(const struct answer_task *t, int64_t x) {
    if (x < 1)
        return false;
    wide whole = 0;
    for (size_t i = 0; i + 1 < t->n; i++)
        whole += t->v[i] / x + (t->v[i] % x != 0);
    if (whole * t->hour_unit > t->hour_part) /* so that the products below fit: part is below 2^53, x below 2^63 */
        return false;
    return whole * x * t->hour_unit + (wide)t->v[t->n - 1] * t->hour_unit <= (wide)t->hour_part * x;
}

/* As fast as the longest ride in an hour, all rides but the last take an hour each; what is left, in parts of the unit,
 * is for the last one, if anything is. */
static struct answer_bounds arrival_bounds(const struct answer_task *t) {
    wide left = t->hour_part - (wide)(t->n - 1) * t->hour_unit, last = (wide)t->v[t->n - 1] * t->hour_unit;
    int64_t high = greatest(t);
    if (left > 0 && (last + left - 1) / left > high)
        return (struct answer_bounds){1, (last + left - 1) / left};
    return (struct answer_bounds){1, high};
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

/* units_in gives the greatest u with w * u (u + 1) / 2 <= x, for x >= 0 and w >= 1. */
static int64_t units_in(int64_t x, int64_t w) {
    int64_t twice_most = x / w; /* u (u + 1) <= 2 * this; below 2^63, so u is below 2^32 */
    int64_t u = (int64_t)sqrt(2 * (double)twice_most);
    while ((wide)u * (u + 1) > 2 * (wide)twice_most)
        u--;
    while ((wide)(u + 1) * (u + 2) <= 2 * (wide)twice_most)
        u++;
    return u;
}

static bool mountain_holds(const struct answer_task *t, int64_t x) {
    wide units = 0;
    for (size_t i = 0; i < t->n && x >= 1; i++)
        units += units_in(x, t->v[i]);
    return units >= t->in->mountain_height;
}

/* times_saturated is a * b, at most 2^126; both are not below zero. */
static wide times_saturated(wide a, wide b) {
    wide most = (wide)1 << 126;
    return b != 0 && a > most / b ? most : a * b;
}

static struct answer_bounds mountain_bounds(const struct answer_task *t) {
    wide units = times_saturated(t->in->mountain_height, (wide)t->in->mountain_height + 1) / 2;
    return (struct answer_bounds){1, times_saturated(units, least(t))};
}

/* points_hold: going on from place to place, and back and forth until each has its score, is never worse. */
static bool points_hold(const struct answer_task *t, int64_t x) {
    wide left = t->in->m, before = 0; /* before: visits to i that going back and forth from i - 1 brought along */
    for (size_t i = 0; i < t->n && x > 0; i++) {
        if (t->v[i] == 0)
            return false;
        wide visits = (x - 1) / t->v[i] + 1 - before;
        if (i + 1 == t->n && visits <= 0)
            break;
        visits = visits > 1 ? visits : 1;
        left -= 2 * visits - 1;
        if (left < 0)
            return false;
        before = visits - 1;
    }
    return true;
}

static struct answer_bounds points_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, (wide)least(t) * t->in->m};
}

static bool trips_hold(const struct answer_task *t, int64_t x) {
    wide trips = 0;
    for (size_t i = 0; i < t->n; i++)
        trips += x / t->v[i];
    return trips >= t->in->total_trips;
}

static struct answer_bounds trips_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, (wide)least(t) * t->in->total_trips};
}

static int64_t root_of(int64_t x) {
    int64_t r = (int64_t)sqrt((double)x);
    while ((wide)r * r > x)
        r--;
    while ((wide)(r + 1) * (r + 1) <= x)
        r++;
    return r;
}

static bool cars_hold(const struct answer_task *t, int64_t x) {
    wide done = 0;
    for (size_t i = 0; i < t->n && x >= 1; i++)
        done += root_of(x / t->v[i]);
    return done >= t->in->cars;
}

static struct answer_bounds cars_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, times_saturated((wide)t->in->cars * t->in->cars, least(t))};
}

/* pairs_hold: at least k pairs of values, in order, differ by at most x. */
static bool pairs_hold(const struct answer_task *t, int64_t x) {
    wide pairs = 0;
    for (size_t i = 0, from = 0; i < t->n; i++) {
        while (t->v[i] - t->v[from] > x && from < i)
            from++;
        pairs += i - from;
    }
    return x >= 0 && pairs >= t->in->k;
}

/* computers_hold: n computers can run x minutes, as no battery serves two of them at once. */
static bool computers_hold(const struct answer_task *t, int64_t x) {
    wide minutes = 0;
    for (size_t i = 0; i < t->n; i++)
        minutes += t->v[i] < x ? t->v[i] : x;
    return minutes >= (wide)x * t->in->n;
}

static struct answer_bounds computers_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, sum(t) / t->in->n};
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

#define F(name) (UINT64_C(1) << ANSWER_##name)

const struct answer_problem answer_problems[] = {
    {"ship-capacity", ANSWER_LEAST, false, F(weights) | F(days), 1, ship_holds, parts_bounds, NULL},
    {"eating-speed", ANSWER_LEAST, false, F(piles) | F(hours), 1, eating_holds, from_one_to_greatest, NULL},
    {"split-array", ANSWER_LEAST, false, F(nums) | F(k), 1, split_holds, parts_bounds, NULL},
    {"magnetic-force", ANSWER_GREATEST, true, F(position) | F(m), 2, magnetic_holds, spread_bounds, NULL, ANSWER_m, 2},
    {"multiplication-table", ANSWER_LEAST, false, F(m) | F(n) | F(k), 0, table_holds, table_bounds, NULL},
    {"integer-root", ANSWER_GREATEST, false, F(n) | F(degree), 0, root_holds, root_bounds, NULL},
    {"h-index", ANSWER_GREATEST, false, F(citations), 1, h_index_holds, h_index_bounds, NULL},
    {"bouquets", ANSWER_LEAST, false, F(bloom_day) | F(m) | F(k), 1, bouquets_hold, bouquets_bounds, NULL},
    {"smallest-divisor", ANSWER_LEAST, false, F(nums) | F(threshold), 1, divisor_holds, from_one_to_greatest, NULL},
    {"arrival-speed", ANSWER_LEAST, false, F(dist) | F(hour), 1, arrival_holds, arrival_bounds, NULL},
    {"minimized-maximum-products", ANSWER_LEAST, false, F(quantities) | F(n), 1, stores_hold, to_greatest, NULL},
    {"score-of-ranges", ANSWER_GREATEST, true, F(start) | F(d), 2, ranges_hold, ranges_bounds, NULL},
    {"mountain-height", ANSWER_LEAST, false, F(mountain_height) | F(worker_times), 1, mountain_holds, mountain_bounds,
     NULL},
    {"game-score", ANSWER_GREATEST, false, F(points) | F(m), 2, points_hold, points_bounds, NULL},
    {"trips", ANSWER_LEAST, false, F(time) | F(total_trips), 1, trips_hold, trips_bounds, NULL},
    {"repair-cars", ANSWER_LEAST, false, F(ranks) | F(cars), 1, cars_hold, cars_bounds, NULL},
    {"candies", ANSWER_GREATEST, false, F(candies) | F(k), 1, candies_hold, to_greatest, NULL},
    {"bag-limit", ANSWER_LEAST, false, F(nums) | F(max_operations), 1, bags_hold, to_greatest, NULL},
    {"pair-distance", ANSWER_LEAST, true, F(nums) | F(k), 2, pairs_hold, spread_bounds, NULL},
    {"computers", ANSWER_GREATEST, false, F(batteries) | F(n), 1, computers_hold, computers_bounds, NULL, ANSWER_n, 1},
    {"first-bad-version", ANSWER_LEAST, false, F(n) | F(bad), 0, bad_holds, bad_bounds, NULL},
    {"separate-squares", ANSWER_LEAST_REAL, false, F(squares), 3, NULL, NULL, squares_hold},
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
                                            NULL};
