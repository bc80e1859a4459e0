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

static void make_segments(double *s, size_t n, unsigned shape, uint64_t *random) {
    for (size_t i = 0; i < n; i++) {
        double *at = s + 4 * i;
        double span[] = {5, 1000, 1000, 30, 1e9};
        for (int k = 0; k < 4; k++)
            at[k] = (double)test_below(random, (uint64_t)span[shape]);
        if (shape == 1)
            at[2] = at[0] + (double)test_below(random, 20), at[3] = at[1] + (double)test_below(random, 20);
        if (shape == 3)
            at[3] = at[1]; /* all level */
        if (shape == 4)
            at[0] = (double)i, at[2] = (double)(i + n / 2), at[1] = 0, at[3] = (double)n; /* parallel */
    }
}

static bool skip_odd(const void *self, size_t i, size_t j) {
    (void)self;
    return (i + j) % 2 == 1;
}

static void check_pairs(const double *s, size_t n, size_t limit, bool skip) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 26);
    struct pairs pairs;
    assert_int_equal(segment_pairs(&ctx, s, n, limit, skip ? skip_odd : NULL, NULL, &pairs), STATUS_OK);
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            if (brute(s + 4 * i, s + 4 * j) && !(skip && (i + j) % 2)) {
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
    for (unsigned shape = 0; shape < 5; shape++)
        for (size_t k = 0; k < COUNT(SIZES); k++) {
            make_segments(s, SIZES[k], shape, &random);
            check_pairs(s, SIZES[k], SIZE_MAX, false);
            check_pairs(s, SIZES[k], 10, false);
            check_pairs(s, SIZES[k], 0, true);
            check_pairs(s, SIZES[k], 64, true);
        }
}

static void pairs_without_memory_or_time(void **state) {
    (void)state;
    static double s[4 * 200];
    uint64_t random = 3;
    make_segments(s, 200, 0, &random);
    struct pairs pairs;
    struct ctx ctx;
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        assert_in_range(k, 0, 100);
        ctx_init(&ctx, 1 << 26);
        ctx.fail_after = k;
        status = segment_pairs(&ctx, s, 200, SIZE_MAX, NULL, NULL, &pairs);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 1 << 26);
    ctx.stop = &stop;
    assert_int_equal(segment_pairs(&ctx, s, 200, 5, NULL, NULL, &pairs), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs),
        cmocka_unit_test(crossings_are_nearest),
        cmocka_unit_test(pairs_are_all),
        cmocka_unit_test(pairs_without_memory_or_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
