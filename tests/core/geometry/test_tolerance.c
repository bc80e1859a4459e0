#include "core/geometry/near_edges.h"
#include "core/geometry/predicates.h"
#include "core/geometry/tolerance.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#include <float.h>
#include <math.h>

/* Each distance is a double: at it is within, one ulp less of eps is not. */
static void at_it_and_one_past_it(void **state) {
    (void)state;
    static const struct {
        double s[4], c[2], distance;
    } rows[] = {
        {{0, 0, 10, 0}, {5, 3}, 3},
        {{0, 0, 10, 0}, {5, 0x1p-1074}, 0x1p-1074},
        {{0, 0, 4, 3}, {-3, 4}, 5},        /* beside the end, at a right angle to the line */
        {{0, 0, 4, 3}, {-6, -8}, 10},      /* behind it */
        {{0, 0, 4, 3}, {7, 7}, 5},         /* beyond the other */
        {{0, 0, 8, 6}, {4 - 3, 3 + 4}, 5}, /* over the middle */
        {{1, 1, 1, 1}, {4, 5}, 5},         /* a point */
        {{-1e150, 0, 1e150, 0}, {7, 1e-150}, 1e-150},
        {{-DBL_MAX, 1, DBL_MAX, 1}, {0, 4}, 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        double d = rows[i].distance;
        const double back[] = {rows[i].s[2], rows[i].s[3], rows[i].s[0], rows[i].s[1]};
        if (!segment_within(rows[i].s, rows[i].c, d) || segment_within(rows[i].s, rows[i].c, nextafter(d, 0)))
            fail_msg("row %zu", i);
        assert_true(segment_within(back, rows[i].c, d) && !segment_within(back, rows[i].c, nextafter(d, 0)));
    }
}

/* With integers of up to 30 all squares are exact in 64 bits; eps in quarters. */
static void segments_by_brute_force(void **state) {
    (void)state;
    uint64_t random = 1;
    size_t within = 0;
    for (int round = 0; round < 50000; round++) {
        int64_t v[6], quarter = (int64_t)test_below(&random, 60);
        double x[6];
        for (int k = 0; k < 6; k++)
            x[k] = (double)(v[k] = (int64_t)test_below(&random, 31) - 15);
        int64_t ux = v[2] - v[0], uy = v[3] - v[1], wx = v[4] - v[0], wy = v[5] - v[1];
        int64_t along = ux * wx + uy * wy, length = ux * ux + uy * uy, area = ux * wy - uy * wx;
        int64_t bx = v[4] - v[2], by = v[5] - v[3];
        bool want = along <= 0        ? 16 * (wx * wx + wy * wy) <= quarter * quarter
                    : along >= length ? 16 * (bx * bx + by * by) <= quarter * quarter
                                      : 16 * area * area <= quarter * quarter * length;
        assert_int_equal(segment_within(x, x + 4, (double)quarter / 4), want);
        within += want;
    }
    assert_in_range(within, 5000, 45000);
}

static void orientations(void **state) {
    (void)state;
    uint64_t random = 2;
    size_t flat = 0;
    for (int round = 0; round < 50000; round++) {
        int64_t v[6], quarter = (int64_t)test_below(&random, 40), longest = 0;
        double x[6], eps = (double)quarter / 4;
        for (int k = 0; k < 6; k++)
            x[k] = (double)(v[k] = (int64_t)test_below(&random, 31) - 15);
        for (int i = 0; i < 3; i++) {
            int64_t dx = v[2 * i] - v[(2 * i + 2) % 6], dy = v[2 * i + 1] - v[(2 * i + 3) % 6];
            longest = dx * dx + dy * dy > longest ? dx * dx + dy * dy : longest;
        }
        int64_t area = (v[2] - v[0]) * (v[5] - v[1]) - (v[3] - v[1]) * (v[4] - v[0]);
        bool within =
            16 * area * area <= quarter * quarter * longest; /* the least height is that on the longest side */
        int want = within ? 0 : (area > 0) - (area < 0);
        assert_int_equal(orient2d_within(x, x + 2, x + 4, eps), want);
        assert_int_equal(orient2d_within(x + 2, x + 4, x, eps), want);
        assert_int_equal(orient2d_within(x + 2, x, x + 4, eps), -want);
        assert_int_equal(orient2d_within(x, x + 2, x + 4, 0), orient2d(x, x + 2, x + 4));
        flat += within;
    }
    assert_in_range(flat, 5000, 45000);
    static const double A[] = {0, 0}, B[] = {10, 0}, C[] = {3, 0.5}, FAR_A[] = {-DBL_MAX, 0}, FAR_B[] = {DBL_MAX, 0};
    assert_int_equal(orient2d_within(A, B, C, 0.5), 0);
    assert_int_equal(orient2d_within(A, B, C, nextafter(0.5, 0)), 1);
    assert_int_equal(orient2d_within(FAR_A, FAR_B, C, 0.5), 0);
    assert_int_equal(orient2d_within(FAR_A, FAR_B, C, nextafter(0.5, 0)), 1);
    assert_int_equal(orient2d_within(A, A, A, 0), 0);
}

static void circles(void **state) {
    (void)state;
    static const struct {
        double at[8], distance;
        int sign;
    } rows[] = {
        {{5, 0, 0, 5, -5, 0, 0, -7}, 2, -1},
        {{5, 0, 0, 5, -5, 0, 0, -3}, 2, 1},
        {{5, 0, 0, 5, -5, 0, 0, 0}, 5, 1},  /* the center */
        {{-3, 4, 3, 4, 4, -3, 6, 8}, 5, 1}, /* clockwise: outside is 1 */
        {{0x1p500, 0, 0, 0x1p500, -0x1p500, 0, 0, -0x1.8p500}, 0x1p499, -1},
        {{0, 0, 1, 0, 2, 0, 7, 3}, 3, 1}, /* a line */
        {{0, 0, 2, 0, 1, 0, 7, 3}, 3, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const double *x = rows[i].at, d = rows[i].distance;
        if (incircle_within(x, x + 2, x + 4, x + 6, d) != 0 ||
            incircle_within(x, x + 2, x + 4, x + 6, nextafter(d, 0)) != rows[i].sign)
            fail_msg("row %zu: %d, %d", i, incircle_within(x, x + 2, x + 4, x + 6, d),
                     incircle_within(x, x + 2, x + 4, x + 6, nextafter(d, 0)));
    }
    uint64_t random = 4;
    for (int round = 0; round < 20000; round++) {
        double x[8], eps = (double)test_below(&random, 40) / 7;
        for (int k = 0; k < 8; k++)
            x[k] = (double)test_below(&random, 31) - 15;
        double ux = x[2] - x[0], uy = x[3] - x[1], vx = x[4] - x[0], vy = x[5] - x[1], area = 2 * (ux * vy - uy * vx);
        int exact = incircle(x, x + 2, x + 4, x + 6), got = incircle_within(x, x + 2, x + 4, x + 6, eps);
        assert_true(got == 0 || got == exact);
        assert_int_equal(incircle_within(x, x + 2, x + 4, x + 6, 0), exact);
        if (area == 0)
            continue;
        double u = ux * ux + uy * uy, v = vx * vx + vy * vy, cx = (vy * u - uy * v) / area,
               cy = (ux * v - vx * u) / area;
        double off = fabs(hypot(x[6] - x[0] - cx, x[7] - x[1] - cy) - hypot(cx, cy));
        if (fabs(off - eps) > 1e-9)
            assert_int_equal(got == 0, off < eps || exact == 0);
    }
}

static void known_meetings(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double p[4], q[4], eps;
        enum meeting_kind kind;
        enum meeting_detail detail;
        double points[4];
    } rows[] = {
        {"a touch that falls short", {0, 0, 10, 0}, {5, 1, 5, 9}, 1, MEETING_POINT, MEETING_TOUCH, {5, 1}},
        {"and misses", {0, 0, 10, 0}, {5, 1, 5, 9}, 1 - 0x1p-53, MEETING_NONE, MEETING_APART, {0}},
        {"a touch that goes beyond", {0, 0, 10, 0}, {5, -1, 5, 9}, 1, MEETING_POINT, MEETING_TOUCH, {5, -1}},
        {"and crosses", {0, 0, 10, 0}, {5, -1, 5, 9}, 1 - 0x1p-53, MEETING_POINT, MEETING_PROPER, {5, 0}},
        {"ends", {0, 0, 10, 0}, {13, 4, 20, 9}, 5, MEETING_POINT, MEETING_ENDPOINT, {10, 0}},
        {"no ends", {0, 0, 10, 0}, {13, 4, 20, 90}, 5 - 0x1p-50, MEETING_NONE, MEETING_APART, {0}},
        {"beside each other", {0, 0, 10, 0}, {2, 1, 8, 1}, 1, MEETING_OVERLAP, MEETING_COLLINEAR, {2, 1, 8, 1}},
        {"too far", {0, 0, 10, 0}, {2, 1, 8, 1}, 1 - 0x1p-53, MEETING_NONE, MEETING_APART, {0}},
        {"one after the other", {0, 0, 10, 0}, {20, 1, 11, 1}, 1, MEETING_NONE, MEETING_GAP, {0}},
        {"a short one", {0, 0, 10, 0}, {2, 1, 3, 1}, 1, MEETING_POINT, MEETING_TOUCH, {2, 1}},
        {"a longer one", {0, 0, 10, 0}, {2, 1, 4, 1}, 1, MEETING_OVERLAP, MEETING_COLLINEAR, {2, 1, 4, 1}},
        {"all within", {0, 0, 1, 0}, {0, 1, 1, 1}, 2, MEETING_POINT, MEETING_ENDPOINT, {0, 0}},
        {"points", {1, 1, 1, 1}, {4, 5, 4, 5}, 5, MEETING_POINT, MEETING_ENDPOINT, {1, 1}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct meeting m = segments_meet_within(rows[i].p, rows[i].q, rows[i].eps);
        if (m.kind != rows[i].kind || m.detail != rows[i].detail)
            fail_msg("%s: kind %d, detail %d", rows[i].name, m.kind, m.detail);
        assert_memory_equal(m.points, rows[i].points, sizeof m.points);
        struct meeting other = segments_meet_within(rows[i].q, rows[i].p, rows[i].eps);
        assert_true(other.kind == m.kind && other.detail == m.detail);
    }
}

/* Grids, where everything touches: the least eps changes nothing, and eps is the distance that decides. */
static void meetings_on_grids(void **state) {
    (void)state;
    uint64_t random = 6;
    for (int round = 0; round < 4000; round++) {
        double p[4], q[4], least = -1;
        for (int k = 0; k < 4; k++)
            p[k] = (double)test_below(&random, 6), q[k] = (double)test_below(&random, 6);
        struct meeting exact = segments_meet(p, q), zero = segments_meet_within(p, q, 0);
        struct meeting tiny = segments_meet_within(p, q, DBL_TRUE_MIN), wide;
        assert_memory_equal(&exact, &zero, sizeof exact);
        assert_true(tiny.kind == exact.kind && tiny.detail == exact.detail);
        if (exact.kind != MEETING_NONE)
            continue;
        for (double eps = 0; eps < 9 && least < 0; eps += 0.125)
            if (segments_meet_within(p, q, eps).kind != MEETING_NONE)
                least = eps;
        for (int i = 0; i < 4; i++) {
            bool before = segment_within(i < 2 ? q : p, i < 2 ? p + 2 * i : q + 2 * (i - 2), least - 0.125);
            assert_false(before);
        }
        wide = segments_meet_within(p, q, 20);
        assert_true(wide.kind == MEETING_POINT && wide.detail == MEETING_ENDPOINT);
    }
}

static void near_points(void **state) {
    (void)state;
    uint64_t random = 8;
    for (int round = 0; round < 60; round++) {
        enum { N = 70, POINTS = 200 };
        size_t n = 3 + test_below(&random, N - 3), half = n / 2 < 3 ? n : n / 2, count = 0;
        double xy[2 * N], points[2 * POINTS], eps = (double)test_below(&random, 12) / 4;
        for (size_t i = 0; i < 2 * n; i++)
            xy[i] = (double)test_below(&random, 60);
        for (size_t i = 0; i < 2 * POINTS; i++)
            points[i] = (double)test_below(&random, 80) - 10;
        struct ring ring[2] = {{xy, half}, {xy + 2 * half, n - half}};
        struct rings rings = {n - half >= 3 ? 2 : 1, ring};
        unsigned char near[POINTS];
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(near_edges(&ctx, &rings, points, POINTS, eps, near), STATUS_OK);
        for (size_t k = 0; k < POINTS; k++) {
            bool want = false;
            for (size_t r = 0; r < rings.n; r++)
                for (size_t i = 0; i < ring[r].n; i++) {
                    const double *a = ring[r].xy + 2 * i, *b = ring[r].xy + 2 * ((i + 1) % ring[r].n);
                    want = want || segment_within((const double[]){a[0], a[1], b[0], b[1]}, points + 2 * k, eps);
                }
            assert_int_equal(near[k], want);
            count += want;
        }
        assert_true(eps < 1 || count > 0);
        ctx_release(&ctx);
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = (size_t)round % 3;
        assert_int_equal(near_edges(&ctx, &rings, points, POINTS, eps, near), STATUS_NO_MEMORY);
        ctx_release(&ctx);
    }
}

static bool near_by_brute_force(const struct ring *ring, const double at[2], double eps) {
    for (size_t i = 0; i < ring->n; i++) {
        const double *a = ring->xy + 2 * i, *b = ring->xy + 2 * ((i + 1) % ring->n);
        if (segment_within((const double[]){a[0], a[1], b[0], b[1]}, at, eps))
            return true;
    }
    return false;
}

/* Spikes of all slopes, seen from points at a distance of eps give or take a bit, at any magnitude, on any number of
 * threads. */
static void near_spikes(void **state) {
    (void)state;
    enum { N = 300, POINTS = 1500 };
    static const int scales[] = {0, 1020, -1060, -300, 500};
    struct parallel parallel = test_threads(3);
    uint64_t random = 9;
    for (size_t s = 0; s < COUNT(scales); s++) {
        double xy[2 * N], points[2 * POINTS], eps = ldexp(0x1p-7, scales[s]);
        size_t count = 0;
        for (size_t i = 0; i < N; i++) {
            double angle = 2 * M_PI * (double)i / N,
                   radius = i % 2 ? 8 : 1 + (double)test_below(&random, 1 << 20) * 0x1p-20;
            xy[2 * i] = ldexp(radius * cos(angle), scales[s]), xy[2 * i + 1] = ldexp(radius * sin(angle), scales[s]);
        }
        for (size_t i = 0; i < POINTS; i++) {
            const double *a = xy + 2 * test_below(&random, N - 1), *b = a + 2;
            double t = (double)test_below(&random, 1 << 20) * 0x1p-20, x = b[0] - a[0], y = b[1] - a[1],
                   far = i % 3 ? eps : 4 * eps;
            double length = hypot(x, y), side = far / length * (i % 2 ? 1 : -1);
            points[2 * i] = a[0] + t * x - side * y, points[2 * i + 1] = a[1] + t * y + side * x;
        }
        const struct ring ring = {xy, N};
        const struct rings rings = {1, &ring};
        unsigned char near[POINTS], other[POINTS];
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(near_edges(&ctx, &rings, points, POINTS, eps, near), STATUS_OK);
        ctx.parallel = &parallel;
        assert_int_equal(near_edges(&ctx, &rings, points, POINTS, eps, other), STATUS_OK);
        assert_memory_equal(near, other, POINTS);
        for (size_t i = 0; i < POINTS; i++) {
            assert_int_equal(near[i], near_by_brute_force(&ring, points + 2 * i, eps));
            count += near[i];
        }
        assert_in_range(count, POINTS / 4, POINTS * 3 / 4);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_it_and_one_past_it), cmocka_unit_test(segments_by_brute_force),
        cmocka_unit_test(orientations),          cmocka_unit_test(circles),
        cmocka_unit_test(known_meetings),        cmocka_unit_test(meetings_on_grids),
        cmocka_unit_test(near_points),           cmocka_unit_test(near_spikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
