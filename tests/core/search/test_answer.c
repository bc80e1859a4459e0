#include "core/search/answer.h"
#include "core/search/answer_problems.h"
#include "tests/core/search/answer_oracles.h"
#include "tests/support/test.h"

#include <math.h>

static int find_problem(const char *name) {
    for (int i = 0; answer_problem_names[i]; i++)
        if (strcmp(answer_problem_names[i], name) == 0)
            return i;
    fail_msg("there is no problem %s", name);
    return -1;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* draw_matrix makes the values a matrix of two columns in order: sums of one number a row and one a column. */
static void draw_matrix(struct small *s, uint64_t *seed) {
    size_t rows = 1 + test_below(seed, 3);
    int64_t right = (int64_t)test_below(seed, 5), at = -9;
    for (size_t i = 0; i < rows; i++) {
        at += (int64_t)test_below(seed, 7);
        s->v[2 * i] = at;
        s->v[2 * i + 1] = at + right;
    }
    s->n = 2 * rows;
    s->in.matrix = (struct array){.kind = KIND_INT, .dims = 2, .shape = {rows, 2}, .n = s->n, .ints = s->v};
}

/* draw_arrays gives the problem its first array of s->v, its second of s->w. */
static void draw_arrays(struct small *s, const struct answer_problem *p, uint64_t *seed) {
    s->n = (p->min_values ? p->min_values : 1) + test_below(seed, 5 - p->min_values);
    s->n_w = 1 + test_below(seed, MAX_N);
    bool second = false, negative = p->fields >> ANSWER_nums1 & 1;
    for (size_t i = 0; i < s->n; i++)
        s->v[i] = s->sorted[i] = 1 + (int64_t)test_below(seed, 9) - 5 * negative;
    for (size_t i = 0; i < s->n_w; i++)
        s->w[i] = (int64_t)test_below(seed, 9) - 4;
    qsort(s->sorted, s->n, sizeof *s->sorted, by_size);
    for (int f = 0; f < ANSWER_N_ARRAYS; f++) {
        if (!(p->fields >> f & 1))
            continue;
        s->in.arrays[f] = second ? array_1d(KIND_INT, s->w, s->n_w) : array_1d(KIND_INT, s->v, s->n);
        second = true;
    }
    if (p->fields >> ANSWER_matrix & 1)
        draw_matrix(s, seed);
}

/* draw makes a request of the problem's own fields, of small numbers. */
static void draw(struct small *s, int problem, uint64_t *seed) {
    const struct answer_problem *p = &answer_problems[problem];
    *s = (struct small){.in.problem = problem};
    draw_arrays(s, p, seed);
    for (int f = ANSWER_N_ARRAYS; f < ANSWER_N_FIELDS; f++) {
        if (!(p->fields >> f & 1))
            continue;
        s->in.given[f] = true;
        if (f < ANSWER_hour)
            s->in.numbers[f - ANSWER_N_ARRAYS] = 1 + (int64_t)test_below(seed, 9);
        else
            s->in.hour = (double)(1 + test_below(seed, 40)) / 4;
    }
    s->in.degree = 2 + (int64_t)test_below(seed, 3);
    s->in.d = s->in.d % 4;
    s->in.r = s->in.r % 4;
    s->in.p = s->in.p % 4;
    s->in.index = s->in.n ? s->in.index % s->in.n : 0;
    if (p->fields >> ANSWER_sweetness & 1 || p->fields >> ANSWER_stations & 1)
        s->in.k = s->in.k % 5; /* may be none */
    if (p->floor.least && s->in.numbers[p->floor.field - ANSWER_N_ARRAYS] < p->floor.least)
        s->in.numbers[p->floor.field - ANSWER_N_ARRAYS] = p->floor.least;
}

static void each_problem_agrees_with_trying_all_candidates(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        int problem = find_problem(ORACLES[o].name), found = 0;
        bool greatest = answer_problems[problem].goal == ANSWER_GREATEST;
        for (int round = 0; round < 300; round++) {
            struct small s;
            draw(&s, problem, &seed);
            const int64_t none = INT64_MIN;
            int64_t best = none;
            for (int64_t x = ORACLES[o].low; x <= ORACLES[o].high && (greatest || best == none); x++)
                if (ORACLES[o].feasible(&s, x))
                    best = x;
            struct ctx ctx;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            enum status status = answer_solve(&ctx, &s.in, NULL, &out);
            if (status != STATUS_OK)
                fail_msg("%s: %s", ORACLES[o].name, ctx.err.detail);
            if (out.found != (best != none) || (out.found && out.answer.i != best))
                fail_msg("%s, round %d: %lld, want %lld", ORACLES[o].name, round, (long long)out.answer.i,
                         (long long)best);
            if (out.found) {
                assert_int_equal(out.holds_at.i, best);
                assert_int_equal(out.fails_at.i, greatest ? best + 1 : best - 1);
                found++;
            }
            assert_in_range(out.evaluations, 1, 66);
            ctx_release(&ctx);
        }
        assert_in_range(found, 10, 300);
    }
}

static void table_and_names_agree(void **state) {
    (void)state;
    size_t i = 0;
    for (; answer_problem_names[i]; i++)
        assert_string_equal(answer_problem_names[i], answer_problems[i].name);
    assert_null(answer_problems[i].name);
    assert_int_equal(i, COUNT(ORACLES) + 3); /* two of reals, one of fractions */
    assert_string_equal(answer_field_names[ANSWER_hour], "hour");
    assert_string_equal(answer_field_names[ANSWER_days], "days");
    assert_string_equal(answer_field_names[ANSWER_squares], "squares");
}

/* half_is_below, in units of 2^-52: exact for y >= 1. */
static bool half_is_below(const struct small *s, double y) {
    __int128 at = (__int128)(y * 0x1p52), twice = 0;
    for (size_t i = 0; i < s->n; i += 3) {
        __int128 side = (__int128)s->v[i + 2] << 52, part = at - ((__int128)s->v[i + 1] << 52);
        part = part < 0 ? 0 : part > side ? side : part;
        twice += (2 * part - side) * s->v[i + 2];
    }
    return twice >= 0;
}

static void squares_are_halved_exactly(void **state) {
    (void)state;
    uint64_t seed = 21;
    for (int round = 0; round < 1000; round++) {
        struct small s = {.n = 3 * (1 + test_below(&seed, MAX_N))};
        for (size_t i = 0; i < s.n; i++)
            s.v[i] = (int64_t)test_below(&seed, round % 2 ? 1000000000 : 9) + (i % 3 != 0);
        s.in.problem = find_problem("separate-squares");
        s.in.squares = (struct array){.kind = KIND_INT, .dims = 2, .shape = {s.n / 3, 3}, .n = s.n, .ints = s.v};
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &s.in, NULL, &out), STATUS_OK);
        assert_true(out.found);
        double y = out.answer.r;
        assert_true(y > 1 && out.fails_at.r == nextafter(y, 0));
        assert_true(half_is_below(&s, y));
        assert_false(half_is_below(&s, nextafter(y, 0)));
        ctx_release(&ctx);
    }
}

/* compare orders fractions exactly. */
static int compare(const int64_t a[2], const int64_t b[2]) {
    __int128 left = (__int128)a[0] * b[1], right = (__int128)b[0] * a[1];
    return (left > right) - (left < right);
}
static int by_fraction(const void *a, const void *b) { return compare(a, b); }

static int64_t common(int64_t a, int64_t b) { return b ? common(b, a % b) : a; }

static void parse_fraction(const struct value *v, int64_t f[2]) {
    assert_int_equal(v->kind, KIND_STRING);
    char text[64] = {0}, *slash;
    assert_in_range(v->s.n, 3, sizeof text - 1);
    memcpy(text, v->s.p, v->s.n);
    f[0] = strtoll(text, &slash, 10);
    f[1] = strtoll(slash + 1, NULL, 10);
}

/* The list of all fractions, in order. Of great values many lie nearer than doubles tell apart. */
static void fractions_are_exact(void **state) {
    (void)state;
    static const int64_t RANGES[] = {3, 12, 1000000, ANSWER_MAX};
    uint64_t seed = 61;
    for (int round = 0; round < 400; round++) {
        int64_t v[MAX_N], all[MAX_N * MAX_N][2], most = 1;
        size_t n = 2 + test_below(&seed, MAX_N - 1), count = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t range = (uint64_t)RANGES[round % 4], low = round % 8 == 7 ? range - 20 : 0;
            v[i] = 1 + (int64_t)(low + test_below(&seed, range - low));
            most = v[i] > most ? v[i] : most;
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++, count++) {
                all[count][0] = v[i] < v[j] ? v[i] : v[j];
                all[count][1] = v[i] < v[j] ? v[j] : v[i];
            }
        qsort(all, count, sizeof *all, by_fraction);
        size_t k = test_below(&seed, count + 1);
        struct answer_in in = {.problem = find_problem("kth-fraction"), .k = (int64_t)k + 1};
        in.given[ANSWER_k] = true;
        in.arr = array_1d(KIND_INT, v, n);
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &in, NULL, &out), STATUS_OK);
        assert_in_range(out.evaluations, 1, ANSWER_MAX_EVALUATIONS);
        assert_int_equal(out.found, k < count);
        int64_t holds[2], fails[2];
        parse_fraction(&out.fails_at, fails);
        if (out.found) {
            parse_fraction(&out.answer, holds);
            assert_int_equal(compare(holds, all[k]), 0);
            assert_int_equal(common(holds[0], holds[1]), 1);
            /* Neighbours among the fractions of these denominators. */
            assert_true((__int128)holds[0] * fails[1] - (__int128)fails[0] * holds[1] == 1);
            assert_true(fails[1] <= most && holds[1] <= most && (__int128)fails[1] + holds[1] > most);
        }
        ctx_release(&ctx);
    }
}

/* A golden mean makes the most turns, and one huge stretch the most doublings. */
static void fractions_take_few_evaluations(void **state) {
    (void)state;
    int64_t rows[][2] = {{1779979416004714189, 2880067194370816120}, /* Fibonacci numbers 89 and 90 */
                         {1, ANSWER_MAX},
                         {ANSWER_MAX - 1, ANSWER_MAX},
                         {1999999999999999999, ANSWER_MAX},
                         {1, 1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer_in in = {.problem = find_problem("kth-fraction"), .k = 1};
        in.given[ANSWER_k] = true;
        in.arr = array_1d(KIND_INT, rows[i], 2);
        struct ctx ctx;
        struct trace trace;
        struct answer_out out;
        int64_t got[2];
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(trace_begin(&ctx, &trace, 3, &in.arr), STATUS_OK);
        assert_int_equal(answer_solve(&ctx, &in, &trace, &out), STATUS_OK);
        parse_fraction(&out.answer, got);
        assert_int_equal(compare(got, rows[i]), 0);
        assert_in_range(out.evaluations, 2, ANSWER_MAX_EVALUATIONS);
        assert_int_equal(trace.total, out.evaluations);
        assert_int_equal(trace.n, out.evaluations < 3 ? out.evaluations : 3);
        ctx_release(&ctx);
    }
}

/* below_ratio: y < gap / parts, exactly; y >= 2^-60 has 53 bits. */
static bool below_ratio(double y, int64_t gap, int64_t parts) {
    int exponent;
    __int128 mantissa = (__int128)(frexp(y, &exponent) * 0x1p53); /* y = mantissa * 2^(exponent - 53) */
    int shift = 53 - exponent;
    __int128 left = mantissa * parts; /* parts of at most 2^63 */
    if (shift < 0)
        return left << -shift < gap;
    return shift < 64 ? left < (__int128)gap << shift : left >> (shift - 63) < (__int128)gap << 63;
}

/* The answer is the least double that is no less than some gap, cut in parts. */
static void gaps_are_cut_exactly(void **state) {
    (void)state;
    uint64_t seed = 71;
    for (int round = 0; round < 600; round++) {
        int64_t v[MAX_N] = {0}, gap[MAX_N];
        size_t n = round % 2 ? 2 : 2 + test_below(&seed, MAX_N - 1);
        uint64_t range = round % 3 ? 40 : (uint64_t)ANSWER_MAX / MAX_N;
        for (size_t i = 1; i < n; i++)
            v[i] = v[i - 1] + (gap[i] = (int64_t)test_below(&seed, range));
        int64_t k = (int64_t)test_below(&seed, round % 2 && round % 5 == 0 ? (uint64_t)ANSWER_MAX : 12);
        int64_t best[2] = {INT64_MAX, 1}; /* the least gap / parts that k stations reach */
        for (size_t i = 1; i < n; i++)
            for (int64_t parts = n == 2 ? k + 1 : 1; parts <= k + 1; parts++) {
                int64_t added = 0, ratio[2] = {gap[i], parts};
                for (size_t j = 1; j < n && gap[i] > 0; j++)
                    added += gap[j] ? (int64_t)(((__int128)gap[j] * parts + gap[i] - 1) / gap[i]) - 1 : 0;
                bool all = gap[i] > 0 || v[n - 1] == 0;
                if (all && added <= k && compare(ratio, best) < 0)
                    memcpy(best, ratio, sizeof best);
            }
        struct answer_in in = {.problem = find_problem("gas-stations"), .k = k};
        in.given[ANSWER_k] = true;
        in.stations = array_1d(KIND_INT, v, n);
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &in, NULL, &out), STATUS_OK);
        assert_true(out.found && out.answer.kind == KIND_REAL);
        assert_true(out.fails_at.r == nextafter(out.answer.r, -1));
        if (best[0] == 0)
            assert_true(out.answer.r == 0);
        else
            assert_true(!below_ratio(out.answer.r, best[0], best[1]) && below_ratio(out.fails_at.r, best[0], best[1]));
        ctx_release(&ctx);
    }
}

struct big_row {
    const char *problem;
    int64_t v[3];
    size_t n;
    struct {
        enum answer_field field;
        int64_t value;
    } numbers[3];
    bool found;
    int64_t answer;
    enum status status;
};

/* Numbers whose sums and products pass 64 bits. */
static void nothing_overflows(void **state) {
    (void)state;
    const int64_t M = ANSWER_MAX;
    const struct big_row rows[] = {
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, 1}}, false, 0, STATUS_TOO_LARGE},
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, 2}}, true, 2 * M, STATUS_OK},
        {"ship-capacity", {M, M, M}, 3, {{ANSWER_days, M}}, true, M, STATUS_OK},
        {"ship-capacity", {0, 0, 0}, 3, {{ANSWER_days, 1}}, true, 0, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, 3}}, true, M, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, 2}}, false, 0, STATUS_OK},
        {"eating-speed", {M, M, M}, 3, {{ANSWER_hours, M}}, true, 4, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 2}}, true, M, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 3}}, true, 0, STATUS_OK},
        {"magnetic-force", {M, 0, M}, 3, {{ANSWER_m, 4}}, false, 0, STATUS_OK},
        {"score-of-ranges", {0, M}, 2, {{ANSWER_d, M}}, true, 2 * M, STATUS_OK},
        {"mountain-height", {M}, 1, {{ANSWER_mountain_height, M}}, false, 0, STATUS_TOO_LARGE},
        {"mountain-height", {1}, 1, {{ANSWER_mountain_height, 4000000000}}, true, 8000000002000000000, STATUS_OK},
        {"mountain-height", {1}, 1, {{ANSWER_mountain_height, 4294967295}}, true, 9223372034707292160, STATUS_OK},
        {"game-score", {M, M}, 2, {{ANSWER_m, M}}, false, 0, STATUS_TOO_LARGE},
        {"game-score", {M, 0}, 2, {{ANSWER_m, M}}, true, 0, STATUS_OK},
        {"trips", {M}, 1, {{ANSWER_total_trips, 2}}, true, 2 * M, STATUS_OK},
        {"trips", {M}, 1, {{ANSWER_total_trips, 3}}, false, 0, STATUS_TOO_LARGE},
        {"repair-cars", {M}, 1, {{ANSWER_cars, M}}, false, 0, STATUS_TOO_LARGE},
        {"repair-cars", {1}, 1, {{ANSWER_cars, 3037000499}}, true, 9223372030926249001, STATUS_OK},
        {"candies", {M, M, M}, 3, {{ANSWER_k, M}}, true, 2, STATUS_OK},
        {"bag-limit", {M, M, M}, 3, {{ANSWER_max_operations, 3}}, true, M / 2, STATUS_OK},
        {"computers", {M, M, M}, 3, {{ANSWER_n, 1}}, false, 0, STATUS_TOO_LARGE},
        {"computers", {M, M, M}, 3, {{ANSWER_n, INT64_MAX}}, true, 0, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_degree, 2}}, true, 3037000499, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_degree, 64}}, true, 1, STATUS_OK},
        {"integer-root", {0}, 0, {{ANSWER_n, 0}, {ANSWER_degree, 3}}, true, 0, STATUS_OK},
        {"multiplication-table", {0}, 0, {{ANSWER_n, INT64_MAX}, {ANSWER_m, 1}, {ANSWER_k, M}}, true, M, STATUS_OK},
        {"multiplication-table", {0}, 0, {{ANSWER_n, 3}, {ANSWER_m, 3}, {ANSWER_k, 10}}, false, 0, STATUS_OK},
        {"multiplication-table",
         {0},
         0,
         {{ANSWER_n, ANSWER_MAX_ROWS + 1}, {ANSWER_m, ANSWER_MAX_ROWS + 1}, {ANSWER_k, 1}},
         false,
         0,
         STATUS_TOO_LARGE},
        {"multiplication-table",
         {0},
         0,
         {{ANSWER_n, ANSWER_MAX_ROWS}, {ANSWER_m, ANSWER_MAX_ROWS + 1}, {ANSWER_k, 2}},
         true,
         2,
         STATUS_OK},
        {"first-bad-version", {0}, 0, {{ANSWER_n, 0}, {ANSWER_bad, 1}}, false, 0, STATUS_OK},
        {"minimized-maximum-products", {0, 0}, 2, {{ANSWER_n, 3}}, true, 0, STATUS_OK},
        {"minimized-maximum-products", {0, 1}, 2, {{ANSWER_n, 0}}, false, 0, STATUS_OK},
        {"minimized-maximum-products", {0}, 1, {{ANSWER_n, 0}}, true, 0, STATUS_OK},
        {"bag-limit", {0}, 1, {{ANSWER_max_operations, 0}}, true, 0, STATUS_OK},
        {"first-bad-version", {0}, 0, {{ANSWER_n, M}, {ANSWER_bad, M}}, true, M, STATUS_OK},
        {"power-stations", {M, M, M}, 3, {{ANSWER_r, M}, {ANSWER_k, M}}, false, 0, STATUS_TOO_LARGE},
        {"power-stations", {M, 0, 1}, 3, {{ANSWER_r, 0}, {ANSWER_k, M}}, true, (M + 1) / 2, STATUS_OK},
        {"power-stations", {M, M, 0}, 3, {{ANSWER_r, 1}, {ANSWER_k, 3}}, true, M + 3, STATUS_OK},
        {"sweetness", {M, M, M}, 3, {{ANSWER_k, 0}}, false, 0, STATUS_TOO_LARGE},
        {"sweetness", {M, M, M}, 3, {{ANSWER_k, 1}}, true, M, STATUS_OK},
        {"sweetness", {M, M, M}, 3, {{ANSWER_k, M}}, false, 0, STATUS_OK},
        {"sweetness", {0, 0, 0}, 3, {{ANSWER_k, 2}}, true, 0, STATUS_OK},
        {"tastiness", {M, 0, M}, 3, {{ANSWER_k, 2}}, true, M, STATUS_OK},
        {"house-robber", {M, 0, M}, 3, {{ANSWER_k, 2}}, true, M, STATUS_OK},
        {"house-robber", {M, 0, M}, 3, {{ANSWER_k, 3}}, false, 0, STATUS_OK},
        {"disjoint-pairs", {M, 0, M}, 3, {{ANSWER_p, 1}}, true, 0, STATUS_OK},
        {"disjoint-pairs", {M, 0, 0}, 2, {{ANSWER_p, 1}}, true, M, STATUS_OK},
        {"disjoint-pairs", {M, 0, 0}, 1, {{ANSWER_p, 0}}, true, 0, STATUS_OK},
        {"array-maximum", {0, M, M}, 3, {{0}}, true, (2 * M + 2) / 3, STATUS_OK},
        {"array-maximum", {M, 0, M}, 3, {{0}}, true, M, STATUS_OK},
        {"value-at-index", {0}, 0, {{ANSWER_n, 1}, {ANSWER_index, 0}, {ANSWER_max_sum, M}}, true, M, STATUS_OK},
        /* A pyramid of height x sums to x * x, and what it leaves free on both sides to the rest of n. */
        {"value-at-index",
         {0},
         0,
         {{ANSWER_n, 5000000000}, {ANSWER_index, 2500000000}, {ANSWER_max_sum, 1000000000000000000 + 3000000001}},
         true,
         1000000000,
         STATUS_OK},
        {"value-at-index",
         {0},
         0,
         {{ANSWER_n, 5000000000}, {ANSWER_index, 2500000000}, {ANSWER_max_sum, 1000000000000000000 + 3000000000}},
         true,
         999999999,
         STATUS_OK},
        {"value-at-index", {0}, 0, {{ANSWER_n, M}, {ANSWER_index, 0}, {ANSWER_max_sum, M}}, true, 1, STATUS_OK},
        {"value-at-index", {0}, 0, {{ANSWER_n, M}, {ANSWER_index, 0}, {ANSWER_max_sum, M - 1}}, false, 0, STATUS_OK},
        {"value-at-index", {0}, 0, {{ANSWER_n, 5}, {ANSWER_index, 5}, {ANSWER_max_sum, M}}, false, 0, STATUS_INVALID},
        {"ugly-number", {M}, 1, {{ANSWER_n, 2}}, true, 2 * M, STATUS_OK},
        {"ugly-number", {M}, 1, {{ANSWER_n, 3}}, false, 0, STATUS_TOO_LARGE},
        {"ugly-number", {M, M - 1, M - 3}, 3, {{ANSWER_n, 3}}, true, M, STATUS_OK},
        {"ugly-number", {1, M, 2}, 3, {{ANSWER_n, INT64_MAX}}, true, INT64_MAX, STATUS_OK},
        {"kth-missing", {M, 1, 1}, 3, {{ANSWER_k, M}}, true, M + 2, STATUS_OK},
        {"kth-product", {M, M, M}, 3, {{ANSWER_k, 1}}, false, 0, STATUS_TOO_LARGE},
        {"kth-product", {-M, 0, 1}, 3, {{ANSWER_k, 1}}, false, 0, STATUS_TOO_LARGE},
        {"kth-product", {M, M, M}, 3, {{ANSWER_k, M}}, false, 0, STATUS_OK},
        {"kth-product", {2, 1, 0}, 2, {{ANSWER_k, 6}}, true, 2 * M, STATUS_OK},
        {"kth-product", {-2, 1, 0}, 2, {{ANSWER_k, 1}}, true, -2 * M, STATUS_OK},
        {"kth-product", {0, 1, 0}, 1, {{ANSWER_k, 1}}, true, 0, STATUS_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v[3];
        memcpy(v, rows[i].v, sizeof v);
        struct answer_in in = {.problem = find_problem(rows[i].problem)};
        for (int f = 0; f < ANSWER_N_ARRAYS; f++)
            if (answer_problems[in.problem].fields >> f & 1)
                in.arrays[f] = array_1d(KIND_INT, v, rows[i].n);
        int64_t second[] = {M, M - 1, M - 2};
        if (in.nums2.kind)
            in.nums2 = array_1d(KIND_INT, second, 3);
        for (size_t k = 0; k < 3; k++)
            if (rows[i].numbers[k].field) {
                in.given[rows[i].numbers[k].field] = true;
                in.numbers[rows[i].numbers[k].field - ANSWER_N_ARRAYS] = rows[i].numbers[k].value;
            }
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        enum status status = answer_solve(&ctx, &in, NULL, &out);
        if (status != rows[i].status || out.found != rows[i].found || (out.found && out.answer.i != rows[i].answer))
            fail_msg("row %zu, %s: status %d (%s), found %d, answer %lld", i, rows[i].problem, (int)status,
                     status ? ctx.err.detail : "", out.found, (long long)out.answer.i);
        ctx_release(&ctx);
    }
}

/* draw_ends puts values at and near the ends of their ranges: an order that some want is kept. */
static void draw_ends(struct small *s, const struct answer_problem *p, uint64_t *seed) {
    static const int64_t ENDS[] = {0, 1, 2, 1000000007, ANSWER_MAX / 2, ANSWER_MAX - 1, ANSWER_MAX};
    static const enum answer_field POSITIVE[] = {ANSWER_dist,  ANSWER_worker_times, ANSWER_time,
                                                 ANSWER_ranks, ANSWER_divisors,     ANSWER_arr};
    bool positive = false, negative = p->fields >> ANSWER_nums1 & 1 || p->fields >> ANSWER_matrix & 1;
    for (size_t i = 0; i < COUNT(POSITIVE); i++)
        positive |= p->fields >> POSITIVE[i] & 1;
    for (size_t i = 0; i < s->n; i++) {
        s->v[i] =
            ENDS[positive + test_below(seed, COUNT(ENDS) - positive)] * (negative && test_below(seed, 2) ? -1 : 1);
        s->w[i % MAX_N] = ENDS[test_below(seed, COUNT(ENDS))] * (test_below(seed, 2) ? -1 : 1);
    }
    if (p->fields >> ANSWER_matrix & 1)
        qsort(s->v, s->n, sizeof *s->v, by_size);
}

/* Every problem with numbers at and near the ends of what a request may hold: no overflow (UBSan looks), no broken
 * bound, and a proof that stands beside the answer. */
static void extreme_requests_have_an_end(void **state) {
    (void)state;
    static const int64_t LOW[] = {
#define X(name, low, high, text) low,
        ANSWER_NUMBERS(X)
#undef X
    };
    static const int64_t HIGH[] = {
#define X(name, low, high, text) high,
        ANSWER_NUMBERS(X)
#undef X
    };
    uint64_t seed = 51;
    for (size_t o = 0; o < COUNT(ORACLES); o++)
        for (int round = 0; round < 200; round++) {
            struct small s;
            int problem = find_problem(ORACLES[o].name);
            bool table = strcmp(ORACLES[o].name, "multiplication-table") == 0;
            draw(&s, problem, &seed);
            draw_ends(&s, &answer_problems[problem], &seed);
            for (size_t k = 0; k < COUNT(LOW); k++) {
                int64_t ends[] = {LOW[k], LOW[k] + 1, 1000, HIGH[k] - 1, HIGH[k]};
                s.in.numbers[k] = ends[test_below(&seed, 5)];
                s.in.numbers[k] = s.in.numbers[k] > HIGH[k] ? HIGH[k] : s.in.numbers[k];
            }
            s.in.m = table ? 1 + (int64_t)test_below(&seed, 1000) : s.in.m;
            s.in.index = s.in.index < s.in.n ? s.in.index : s.in.n - 1;
            struct ctx ctx;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            enum status status = answer_solve(&ctx, &s.in, NULL, &out);
            if (status != STATUS_OK && status != STATUS_TOO_LARGE && status != STATUS_INVALID)
                fail_msg("%s, round %d: %s", ORACLES[o].name, round, ctx.err.detail);
            if (status == STATUS_OK && out.found)
                assert_int_equal(llabs(out.holds_at.i - out.fails_at.i), 1);
            ctx_release(&ctx);
        }
}

/* The steps, replayed: each candidate lies in lo .. hi, and what it says makes the next interval. */
static void traces_lead_to_the_answer(void **state) {
    (void)state;
    uint64_t seed = 31;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        int problem = find_problem(ORACLES[o].name);
        bool greatest = answer_problems[problem].goal == ANSWER_GREATEST;
        for (int round = 0; round < 20; round++) {
            struct small s;
            draw(&s, problem, &seed);
            struct ctx ctx;
            struct trace trace;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            assert_int_equal(trace_begin(&ctx, &trace, 1000, answer_values(&s.in)), STATUS_OK);
            assert_int_equal(answer_solve(&ctx, &s.in, &trace, &out), STATUS_OK);
            assert_int_equal(trace.total, out.evaluations);
            int64_t lo = INT64_MIN, hi = INT64_MAX; /* lo - 1 has not turned, hi has */
            for (size_t i = 0; i < trace.n; i++) {
                const struct trace_var *v = trace.steps[i].vars;
                assert_string_equal(trace.steps[i].op, "evaluate");
                assert_true(v[0].value.i <= v[2].value.i && v[2].value.i <= v[1].value.i);
                bool turned = v[3].value.i != greatest;
                if (turned && v[2].value.i < hi)
                    hi = v[2].value.i;
                if (!turned && v[2].value.i >= lo)
                    lo = v[2].value.i + 1;
            }
            if (out.found) {
                assert_int_equal(lo, hi);
                assert_int_equal(greatest ? lo - 1 : lo, out.answer.i);
            }
            ctx_release(&ctx);
        }
    }
}

static void hours_are_decimals(void **state) {
    (void)state;
    static const struct {
        double hour;
        enum status status;
        int64_t answer; /* of rides 1, 1 and 100000; 0: none */
    } rows[] = {
        {2.01, STATUS_OK, 10000000},
        {2.7, STATUS_OK, 142858},
        {2, STATUS_OK, 0},
        {2.000000001, STATUS_OK, 100000000000000},
        {0, STATUS_OK, 0},
        {2.0000000001, STATUS_INVALID, 0},
        {1.0 / 3, STATUS_INVALID, 0},
        {1e9, STATUS_OK, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v[] = {1, 1, 100000};
        struct answer_in in = {.problem = find_problem("arrival-speed"), .hour = rows[i].hour};
        in.given[ANSWER_hour] = true;
        in.dist = array_1d(KIND_INT, v, 3);
        struct ctx ctx;
        struct answer_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(answer_solve(&ctx, &in, NULL, &out), rows[i].status);
        assert_int_equal(out.found, rows[i].answer != 0);
        if (out.found)
            assert_int_equal(out.answer.i, rows[i].answer);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 41;
    for (size_t o = 0; o < COUNT(ORACLES); o++) {
        struct small s;
        draw(&s, find_problem(ORACLES[o].name), &seed);
        enum status status = STATUS_NO_MEMORY;
        for (size_t after = 0; status != STATUS_OK; after++) {
            struct ctx ctx;
            struct trace trace;
            struct answer_out out;
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = after;
            status = trace_begin(&ctx, &trace, 100, answer_values(&s.in));
            if (status == STATUS_OK)
                status = answer_solve(&ctx, &s.in, &trace, &out);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            ctx_release(&ctx);
            assert_in_range(after, 0, 400);
        }
    }
}

static void a_stop_ends_it(void **state) {
    (void)state;
    uint64_t seed = 43;
    struct small s;
    draw(&s, find_problem("trips"), &seed);
    atomic_int stop = STOP_DEADLINE;
    struct ctx ctx;
    struct answer_out out;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    s.in.total_trips = 1000;
    assert_int_equal(answer_solve(&ctx, &s.in, NULL, &out), STATUS_TIMED_OUT);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_and_names_agree),
        cmocka_unit_test(each_problem_agrees_with_trying_all_candidates),
        cmocka_unit_test(squares_are_halved_exactly),
        cmocka_unit_test(fractions_are_exact),
        cmocka_unit_test(fractions_take_few_evaluations),
        cmocka_unit_test(gaps_are_cut_exactly),
        cmocka_unit_test(nothing_overflows),
        cmocka_unit_test(extreme_requests_have_an_end),
        cmocka_unit_test(traces_lead_to_the_answer),
        cmocka_unit_test(hours_are_decimals),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
