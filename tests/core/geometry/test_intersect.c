#include "core/geometry/intersect.h"
#include "core/geometry/predicates.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

static void known_pairs(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double p[4], q[4];
        enum meeting_kind kind;
        enum meeting_detail detail;
        double points[4];
    } rows[] = {
        {"cross", {0, 0, 4, 4}, {0, 4, 4, 0}, MEETING_POINT, MEETING_PROPER, {2, 2}},
        {"T", {0, 0, 4, 0}, {1, 0, 1, 5}, MEETING_POINT, MEETING_TOUCH, {1, 0}},
        {"T, the other way", {1, 0, 1, 5}, {0, 0, 4, 0}, MEETING_POINT, MEETING_TOUCH, {1, 0}},
        {"V", {0, 0, 4, 0}, {4, 0, 5, 5}, MEETING_POINT, MEETING_ENDPOINT, {4, 0}},
        {"one line, common end", {0, 0, 1, 1}, {1, 1, 2, 2}, MEETING_POINT, MEETING_ENDPOINT, {1, 1}},
        {"overlap", {3, 3, 0, 0}, {1, 1, 5, 5}, MEETING_OVERLAP, MEETING_COLLINEAR, {1, 1, 3, 3}},
        {"equal", {0, 1, 0, -1}, {0, -1, 0, 1}, MEETING_OVERLAP, MEETING_COLLINEAR, {0, -1, 0, 1}},
        {"inside", {0, 0, 9, 0}, {2, 0, 3, 0}, MEETING_OVERLAP, MEETING_COLLINEAR, {2, 0, 3, 0}},
        {"gap", {0, 0, 1, 0}, {2, 0, 3, 0}, MEETING_NONE, MEETING_GAP, {0}},
        {"parallel", {0, 0, 1, 0}, {0, 1, 1, 1}, MEETING_NONE, MEETING_APART, {0}},
        {"apart", {0, 0, 1, 0}, {5, 1, 5, 9}, MEETING_NONE, MEETING_APART, {0}},
        {"boxes meet", {0, 0, 4, 4}, {3, 0, 4, 1}, MEETING_NONE, MEETING_APART, {0}},
        {"point on segment", {0, 0, 4, 4}, {1, 1, 1, 1}, MEETING_POINT, MEETING_TOUCH, {1, 1}},
        {"point at end", {4, 4, 4, 4}, {0, 0, 4, 4}, MEETING_POINT, MEETING_ENDPOINT, {4, 4}},
        {"point off line", {0, 0, 4, 4}, {1, 2, 1, 2}, MEETING_NONE, MEETING_APART, {0}},
        {"point on line, off segment", {0, 0, 4, 4}, {5, 5, 5, 5}, MEETING_NONE, MEETING_GAP, {0}},
        {"points", {1, 2, 1, 2}, {1, 2, 1, 2}, MEETING_POINT, MEETING_ENDPOINT, {1, 2}},
        {"two points", {1, 2, 1, 2}, {1, 3, 1, 3}, MEETING_NONE, MEETING_GAP, {0}},
        {"one bit above", {0, 0, 3, 1}, {1, 0.33333333333333337, 1, 1}, MEETING_NONE, MEETING_APART, {0}},
        {"greatest",
         {-DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX},
         {-DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX},
         MEETING_POINT,
         MEETING_PROPER,
         {0, 0}},
        {"least",
         {0, 0, 2 * DBL_TRUE_MIN, 2 * DBL_TRUE_MIN},
         {0, 2 * DBL_TRUE_MIN, 2 * DBL_TRUE_MIN, 0},
         MEETING_POINT,
         MEETING_PROPER,
         {DBL_TRUE_MIN, DBL_TRUE_MIN}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct meeting m = segments_meet(rows[i].p, rows[i].q);
        if (m.kind != rows[i].kind || m.detail != rows[i].detail)
            fail_msg("%s: kind %d, detail %d", rows[i].name, m.kind, m.detail);
        assert_memory_equal(m.points, rows[i].points, sizeof m.points);
        assert_int_equal(segments_meet_at_all(rows[i].p, rows[i].q), m.kind != MEETING_NONE);
        assert_int_equal(segments_meet(rows[i].q, rows[i].p).kind, m.kind);
        assert_int_equal(segments_meet(rows[i].q, rows[i].p).detail, m.detail);
    }
}

/* On small integers a crossing is a fraction whose nearest double long double division finds. */
static void crossings_are_nearest(void **state) {
    (void)state;
    uint64_t random = 1;
    size_t tried = 0;
    for (int round = 0; round < 20000; round++) {
        int64_t v[8];
        double x[8];
        for (int i = 0; i < 8; i++)
            x[i] = (double)(v[i] = (int64_t)test_below(&random, 2001) - 1000);
        struct meeting m = segments_meet(x, x + 4);
        if (m.detail != MEETING_PROPER)
            continue;
        int64_t px = v[2] - v[0], py = v[3] - v[1], qx = v[6] - v[4], qy = v[7] - v[5];
        int64_t below = px * qy - py * qx, above = (v[4] - v[0]) * qy - (v[5] - v[1]) * qx;
        assert_true(m.points[0][0] == (double)(v[0] * below + above * px) / (double)below);
        assert_true(m.points[0][1] == (double)(v[1] * below + above * py) / (double)below);
        tried++;
    }
    assert_in_range(tried, 1000, 20000);
}

/* brute: the definition, by four signs, on a small grid where everything touches. */
static bool brute(const double *p, const double *q) {
    int a = orient2d(p, p + 2, q), b = orient2d(p, p + 2, q + 2);
    int c = orient2d(q, q + 2, p), d = orient2d(q, q + 2, p + 2);
    bool boxes = true;
    for (int k = 0; k < 2; k++)
        boxes = boxes && fmax(p[k], p[k + 2]) >= fmin(q[k], q[k + 2]) && fmax(q[k], q[k + 2]) >= fmin(p[k], p[k + 2]);
    return boxes && a * b <= 0 && c * d <= 0;
}

enum shape {
    GRID,
    SHORT,
    LONG,
    LEVEL,
    PARALLEL,
    STAR,
    FAN,
    EQUAL,
    TINY_GRID,
    DECIMAL,
    WIDE,
    VERTICAL,
    LATTICE,
    SHAPES
};

static double below(uint64_t *random, uint64_t n) { return (double)test_below(random, n); }

/* make_one: `at` is filled with small integers below 5. */
static void make_one(double *at, size_t i, size_t n, enum shape shape, uint64_t *random) {
    double level = below(random, 30), far = below(random, 1000);
    switch (shape) {
    case SHORT:
        at[0] = far, at[1] = below(random, 1000), at[2] = far + below(random, 20), at[3] = at[1] + below(random, 20);
        break;
    case LONG:
        at[0] = -below(random, 9), at[2] = 1e6 + below(random, 9), at[1] = far * 1e3,
        at[3] = at[1] + below(random, 900);
        break;
    case LEVEL: at[0] = level, at[1] = at[3] = 7, at[2] = below(random, 30); break;
    case PARALLEL: at[0] = (double)i, at[2] = (double)(i + n / 2), at[1] = 0, at[3] = (double)n; break;
    case STAR: /* all through (0, 0) */ at[2] = -at[0] * 3, at[3] = -at[1] * 3; break;
    case FAN: /* all from (0, 0), some overlap */ at[0] = at[1] = 0; break;
    case EQUAL: at[0] = at[1] = 1, at[2] = i % 2 ? 1 : 4, at[3] = 3; break;
    case TINY_GRID: /* subnormal numbers */
        for (int k = 0; k < 4; k++)
            at[k] *= DBL_TRUE_MIN;
        break;
    case DECIMAL: /* almost on one line, almost through one point, at every tenth */
        for (int k = 0; k < 4; k++)
            at[k] = (at[k] + 1) * 0.1;
        break;
    case WIDE: /* from the least to the greatest double */
        for (int k = 0; k < 4; k++)
            at[k] = ldexp(at[k] - 2, (int)test_below(random, 2090) - 1074);
        break;
    case VERTICAL: at[2] = i % 3 ? at[0] : at[2]; break;
    case LATTICE:
        at[0] = i % 2 ? (double)(i / 2) : 0, at[2] = i % 2 ? at[0] : (double)(n / 2);
        at[1] = i % 2 ? 0 : (double)(i / 2), at[3] = i % 2 ? (double)(n / 2) : at[1];
        break;
    default: break;
    }
}

static void make_segments(double *s, size_t n, enum shape shape, uint64_t *random) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 4; k++)
            s[4 * i + k] = below(random, 5);
        make_one(s + 4 * i, i, n, shape, random);
    }
}

static void check_pairs(const double *s, size_t n, size_t limit) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 26);
    struct pairs pairs;
    assert_int_equal(segment_pairs(&ctx, s, n, limit, &pairs), STATUS_OK);
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            if (brute(s + 4 * i, s + 4 * j)) {
                if (found < limit) {
                    assert_true(found < pairs.n);
                    assert_int_equal(pairs.pair[found].i, i);
                    assert_int_equal(pairs.pair[found].j, j);
                }
                found++;
            }
    assert_int_equal(pairs.total, found);
    assert_int_equal(pairs.n, found < limit ? found : limit);
    ctx_release(&ctx);
}

static void pairs_are_all(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, 2, 3, 8, 9, 64, 65, 200, 600};
    static double s[4 * 600];
    uint64_t random = 2;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t k = 0; k < COUNT(SIZES); k++) {
            make_segments(s, SIZES[k], shape, &random);
            check_pairs(s, SIZES[k], SIZE_MAX);
            check_pairs(s, SIZES[k], 10);
            check_pairs(s, SIZES[k], 0);
            check_pairs(s, SIZES[k], 64);
        }
}

/* Many small inputs: there the degenerate cases stand alone. */
static void pairs_of_few(void **state) {
    (void)state;
    double s[4 * 12];
    uint64_t random = 5;
    for (int round = 0; round < 30000; round++) {
        size_t n = 2 + test_below(&random, 11);
        make_segments(s, n, (enum shape)(round % SHAPES), &random);
        check_pairs(s, n, SIZE_MAX);
    }
}

/* ends: level segments above each other, n of them, with a slanted one through all. */
static void pairs_across(void **state) {
    (void)state;
    enum { N = 50000 };
    double *s = malloc(4 * (N + 1) * sizeof *s);
    for (size_t i = 0; i < N; i++)
        s[4 * i] = 0, s[4 * i + 1] = s[4 * i + 3] = (double)i, s[4 * i + 2] = N;
    s[4 * N] = 1, s[4 * N + 1] = -0.5, s[4 * N + 2] = N - 0.25, s[4 * N + 3] = N;
    struct ctx ctx;
    struct pairs pairs;
    ctx_init(&ctx, 1 << 26);
    assert_int_equal(segment_pairs(&ctx, s, N + 1, 3, &pairs), STATUS_OK);
    assert_int_equal(pairs.total, N);
    assert_int_equal(pairs.n, 3);
    for (size_t k = 0; k < 3; k++)
        assert_true(pairs.pair[k].i == k && pairs.pair[k].j == N);
    ctx_release(&ctx);
    free(s);
}

static void pairs_without_memory_or_time(void **state) {
    (void)state;
    static double s[4 * 200];
    uint64_t random = 3;
    make_segments(s, 200, GRID, &random);
    struct pairs pairs;
    struct ctx ctx;
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        assert_in_range(k, 0, 100);
        ctx_init(&ctx, 1 << 26);
        ctx.fail_after = k;
        status = segment_pairs(&ctx, s, 200, SIZE_MAX, &pairs);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 1 << 26);
    ctx.stop = &stop;
    assert_int_equal(segment_pairs(&ctx, s, 200, 5, &pairs), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs),   cmocka_unit_test(crossings_are_nearest),
        cmocka_unit_test(pairs_are_all), cmocka_unit_test(pairs_of_few),
        cmocka_unit_test(pairs_across),  cmocka_unit_test(pairs_without_memory_or_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
