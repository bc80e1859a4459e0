/* Coordinates of any magnitude: what is found among integers is found among their multiples by powers of two, from the
 * least subnormal to the greatest double; and among magnitudes that have nothing to do with each other. */
#include "core/geometry/calipers.h"
#include "core/geometry/closest_pair.h"
#include "core/geometry/delaunay.h"
#include "core/geometry/enclosing_circle.h"
#include "core/geometry/exact_sum.h"
#include "core/geometry/hull.h"
#include "tests/support/test.h"

#include <float.h>

static struct ctx ctx;

struct answers {
    struct hull hull;
    struct triangulation triangles;
    struct close_pair close;
    struct far_pair far;
    struct circle circle;
    struct width width;
    struct rectangle rectangle;
    double area;
};

static struct answers solve(const struct point *at, size_t n) {
    struct answers a;
    const struct points p = {at, n};
    assert_int_equal(hull_of(&ctx, &p, true, NULL, &a.hull), STATUS_OK);
    assert_int_equal(delaunay_of(&ctx, &p, &a.triangles), STATUS_OK);
    assert_int_equal(closest_pair(&ctx, &p, &a.close), STATUS_OK);
    assert_int_equal(calipers_farthest(&ctx, &p, &a.far), STATUS_OK);
    assert_int_equal(circle_around(&ctx, &p, &a.circle), STATUS_OK);
    assert_int_equal(calipers_width(&ctx, &p, &a.width), STATUS_OK);
    a.area = hull_area(&p, &a.hull);
    return a;
}

/* near: to a few units of the last place, or of the least subnormal. */
static void near(double got, double want) {
    if (fabs(got - want) > 1e-15 * fabs(want) + 4 * 0x1p-1074)
        fail_msg("%.17g, want %.17g", got, want);
}

static void same(const struct answers *a, const struct answers *b, int e) {
    assert_int_equal(a->hull.n, b->hull.n);
    assert_memory_equal(a->hull.at, b->hull.at, a->hull.n * sizeof *a->hull.at);
    assert_int_equal(a->triangles.n, b->triangles.n);
    assert_memory_equal(a->triangles.at, b->triangles.at, 3 * a->triangles.n * sizeof *a->triangles.at);
    assert_true(a->close.a == b->close.a && a->close.b == b->close.b);
    assert_true(a->far.a == b->far.a && a->far.b == b->far.b);
    assert_int_equal(a->circle.n_support, b->circle.n_support);
    assert_memory_equal(a->circle.support, b->circle.support, a->circle.n_support * sizeof *a->circle.support);
    assert_memory_equal(a->width.edge, b->width.edge, sizeof a->width.edge);
    near(b->close.distance, ldexp(a->close.distance, e));
    near(b->far.distance, ldexp(a->far.distance, e));
    near(b->circle.radius, ldexp(a->circle.radius, e));
    near(b->circle.center.x, ldexp(a->circle.center.x, e));
    near(b->circle.center.y, ldexp(a->circle.center.y, e));
    near(b->width.width, ldexp(a->width.width, e));
    if (isfinite(ldexp(a->area, 2 * e)))
        near(b->area, ldexp(a->area, 2 * e));
    else
        assert_true(isinf(b->area));
}

static void every_scale(void **state) {
    (void)state;
    static const int SCALES[] = {-1074, -1060, -1030, -1022, -700, -540, -300, 200, 260, 500, 511, 540, 1000, 1015};
    uint64_t random = 3;
    for (int round = 0; round < 60; round++) {
        struct point at[200], scaled[200];
        size_t n = 2 + test_below(&random, round < 40 ? 20 : 199);
        int64_t side = round % 2 ? 200 : 8;
        for (size_t i = 0; i < n; i++)
            at[i] = (struct point){(double)test_below(&random, (uint64_t)side),
                                   (double)test_below(&random, (uint64_t)side)};
        ctx_init(&ctx, 1 << 26);
        struct answers want = solve(at, n);
        for (size_t k = 0; k < COUNT(SCALES); k++) {
            for (size_t i = 0; i < n; i++)
                scaled[i] = (struct point){ldexp(at[i].x, SCALES[k]), ldexp(at[i].y, SCALES[k])};
            struct answers got = solve(scaled, n);
            /* A width that subnormals round may have equals. */
            if (SCALES[k] < -1000)
                memcpy(got.width.edge, want.width.edge, sizeof got.width.edge);
            same(&want, &got, SCALES[k]);
        }
        ctx_release(&ctx);
    }
}

static double wild(uint64_t *random) {
    static const double SIZES[] = {0,      0x1p-1074, 0x3p-1074, 1e-310, 1e-160, 1e-155, 1e-100, 1,
                                   1.0625, 3,         1e75,      1e150,  1e155,  1e300,  2e300,  0.25 * DBL_MAX};
    double x = SIZES[test_below(random, COUNT(SIZES))];
    return test_below(random, 2) ? -x : x;
}

static int turn(const struct point *a, const struct point *b, const struct point *c) {
    return orient2d((double[]){a->x, a->y}, (double[]){b->x, b->y}, (double[]){c->x, c->y});
}

static bool on_hull(const struct hull *hull, uint32_t i) {
    for (size_t k = 0; k < hull->n; k++)
        if (hull->at[k] == i)
            return true;
    return false;
}

/* check_pairs by brute force, with signs that test_predicates.c and scales_of_signs prove. */
static void check_pairs(const struct point *at, size_t n, const struct close_pair *close, const struct far_pair *far) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++) {
            int sign = exact_compare_distances(at[i], at[k], at[close->a], at[close->b]);
            assert_true(sign > 0 || (sign == 0 && (close->a < i || (close->a == i && close->b <= k))));
            assert_true(exact_compare_distances(at[i], at[k], at[far->a], at[far->b]) <= 0);
        }
}

static void check_triangles(const struct point *at, size_t n, const struct triangulation *t) {
    for (size_t i = 0; i < t->n; i++) {
        const struct point *a = &at[t->at[3 * i]], *b = &at[t->at[3 * i + 1]], *c = &at[t->at[3 * i + 2]];
        assert_int_equal(turn(a, b, c), 1);
        for (size_t k = 0; k < n; k++)
            assert_true(point_in_circle(a, b, c, &at[k]) <= 0);
    }
}

static void check_circle(const struct point *at, size_t n, const struct circle *c) {
    const struct point *s[3] = {&at[c->support[0]], &at[c->support[1]], &at[c->support[2]]};
    for (size_t k = 0; k < n; k++) {
        if (c->n_support == 1)
            assert_true(point_equal(at[k], *s[0]));
        else if (c->n_support == 2)
            assert_true(exact_dot_sign(at[k], *s[0], at[k], *s[1]) <= 0);
        else
            assert_true(point_in_circle(s[0], s[1], s[2], &at[k]) * turn(s[0], s[1], s[2]) >= 0);
    }
}

static void wild_magnitudes(void **state) {
    (void)state;
    uint64_t random = 11;
    for (int round = 0; round < 4000; round++) {
        struct point at[24];
        size_t n = 2 + test_below(&random, COUNT(at) - 2);
        for (size_t i = 0; i < n; i++)
            at[i] = (struct point){wild(&random), wild(&random)};
        ctx_init(&ctx, 1 << 24);
        struct answers a = solve(at, n);
        for (size_t k = 0; k < a.hull.n && a.hull.n > 2; k++)
            for (size_t i = 0; i < n; i++) {
                const struct point *p = &at[a.hull.at[k]], *q = &at[a.hull.at[(k + 1) % a.hull.n]];
                int sign = turn(p, q, &at[i]);
                bool flat = a.triangles.n == 0;
                assert_true(flat ? sign == 0 : sign >= 0);
                if (!flat && sign == 0) { /* one of them is kept */
                    bool any = false;
                    for (uint32_t j = 0; j < n; j++)
                        any = any || (point_equal(at[j], at[i]) && on_hull(&a.hull, j));
                    assert_true(any);
                }
            }
        check_triangles(at, n, &a.triangles);
        if (a.hull.n > 2 && a.triangles.n > 0)
            assert_int_equal(a.triangles.n, 2 * a.triangles.distinct - 2 - a.hull.n);
        check_pairs(at, n, &a.close, &a.far);
        check_circle(at, n, &a.circle);
        near(a.close.distance, (double)hypotl((long double)at[a.close.a].x - at[a.close.b].x,
                                              (long double)at[a.close.a].y - at[a.close.b].y));
        near(a.far.distance,
             (double)hypotl((long double)at[a.far.a].x - at[a.far.b].x, (long double)at[a.far.a].y - at[a.far.b].y));
        assert_true(a.circle.radius >= a.far.distance / 2 * (1 - 1e-15) - 0x1p-1073);
        assert_true(a.circle.radius <= a.far.distance / 1.7320508075688772 * (1 + 1e-15) + 0x1p-1073);
        assert_true(a.width.width >= 0 && a.width.width <= a.far.distance);
        ctx_release(&ctx);
    }
}

/* Many points beside one that is far away: no square of a difference is a double, and it must not take n * n steps. */
static void a_crowd_and_one_far(void **state) {
    (void)state;
    enum { N = 40000 };
    struct point *at = malloc((N + 1) * sizeof *at);
    for (size_t i = 0; i < N; i++)
        at[i] = (struct point){ldexp((double)(i % 200), -700), ldexp((double)(i / 200) * 2, -700)};
    at[N] = (struct point){1e300, -1e300};
    const struct points p = {at, N + 1};
    struct close_pair close;
    struct far_pair far;
    ctx_init(&ctx, 1 << 26);
    assert_int_equal(closest_pair(&ctx, &p, &close), STATUS_OK);
    assert_true(close.a == 0 && close.b == 1 && close.distance == 0x1p-700);
    assert_int_equal(calipers_farthest(&ctx, &p, &far), STATUS_OK);
    assert_true(far.b == N);
    ctx_release(&ctx);
    free(at);
}

static void beyond_the_greatest(void **state) {
    (void)state;
    const struct point at[] = {{-DBL_MAX, 0}, {DBL_MAX, 0}, {0, 1}, {0, -DBL_MAX}, {0, DBL_MAX}};
    const struct points two = {at, 2}, three = {at, 3}, five = {at, 5};
    struct answers a;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(closest_pair(&ctx, &two, &a.close), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/points");
    assert_int_equal(calipers_farthest(&ctx, &three, &a.far), STATUS_INVALID);
    assert_int_equal(calipers_rectangle(&ctx, &three, false, &a.rectangle), STATUS_INVALID);
    assert_int_equal(calipers_width(&ctx, &three, &a.width), STATUS_OK);
    near(a.width.width, 1);
    assert_int_equal(circle_around(&ctx, &three, &a.circle), STATUS_OK);
    assert_true(a.circle.radius == DBL_MAX && a.circle.center.x == 0);
    assert_int_equal(circle_around(&ctx, &five, &a.circle), STATUS_OK);
    assert_int_equal(hull_of(&ctx, &five, false, NULL, &a.hull), STATUS_OK);
    assert_int_equal(a.hull.n, 4);
    assert_true(isinf(hull_area(&five, &a.hull)));
    const struct point box[] = {{-DBL_MAX, -DBL_MAX}, {DBL_MAX, -DBL_MAX}, {DBL_MAX, DBL_MAX}, {-DBL_MAX, DBL_MAX}};
    const struct points four = {box, 4};
    assert_int_equal(circle_around(&ctx, &four, &a.circle), STATUS_INVALID);
    assert_int_equal(delaunay_of(&ctx, &four, &a.triangles), STATUS_OK);
    assert_int_equal(a.triangles.n, 2);
    ctx_release(&ctx);
}

/* An area of 1 of the least height and the greatest width. */
static void flat_areas(void **state) {
    (void)state;
    const struct point at[] = {{0, 0}, {1e300, 0}, {1e300, 1e-300}, {0, 1e-300}};
    const struct points p = {at, 4};
    struct hull hull;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(hull_of(&ctx, &p, false, NULL, &hull), STATUS_OK);
    assert_int_equal(hull.n, 4);
    near(hull_area(&p, &hull), 1);
    struct rectangle r;
    assert_int_equal(calipers_rectangle(&ctx, &p, false, &r), STATUS_OK);
    near(r.area, 1);
    struct width width;
    assert_int_equal(calipers_width(&ctx, &p, &width), STATUS_OK);
    near(width.width, 1e-300);
    ctx_release(&ctx);
}

/* Signs of integers below 2^20, whose products are exact in 64 bits, at every scale. */
static void scales_of_signs(void **state) {
    (void)state;
    uint64_t random = 21;
    for (int round = 0; round < 20000; round++) {
        int64_t x[8];
        struct point p[4];
        /* Also where products of two are about the least subnormal. */
        int e = round % 3 ? (int)test_below(&random, 2074) - 1074 : (int)test_below(&random, 24) - 562;
        uint64_t side = round % 2 ? 6 : 1 << 20;
        for (int i = 0; i < 8; i++)
            x[i] = (int64_t)test_below(&random, side) - (int64_t)side / 2;
        for (int i = 0; i < 4; i++)
            p[i] = (struct point){ldexp((double)x[2 * i], e), ldexp((double)x[2 * i + 1], e)};
        int64_t ux = x[2] - x[0], uy = x[3] - x[1], vx = x[6] - x[4], vy = x[7] - x[5];
        int64_t cross = ux * vy - uy * vx, dot = ux * vx + uy * vy;
        int64_t longer = ux * ux + uy * uy - vx * vx - vy * vy;
        int64_t wx = x[4] - x[0], wy = x[5] - x[1], turns = ux * wy - uy * wx;
        assert_int_equal(point_turn(&p[0], &p[1], &p[2]), (turns > 0) - (turns < 0));
        assert_int_equal(exact_cross_sign(p[0], p[1], p[2], p[3]), (cross > 0) - (cross < 0));
        assert_int_equal(exact_dot_sign(p[0], p[1], p[2], p[3]), (dot > 0) - (dot < 0));
        assert_int_equal(exact_compare_distances(p[0], p[1], p[2], p[3]), (longer > 0) - (longer < 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scale),         cmocka_unit_test(wild_magnitudes), cmocka_unit_test(a_crowd_and_one_far),
        cmocka_unit_test(beyond_the_greatest), cmocka_unit_test(flat_areas),      cmocka_unit_test(scales_of_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
