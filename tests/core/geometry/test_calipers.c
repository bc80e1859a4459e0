#include "core/geometry/calipers.h"
#include "core/geometry/closest_pair.h"
#include "core/geometry/enclosing_circle.h"
#include "core/geometry/exact_sum.h"
#include "tests/support/point_shapes.h"
#include "tests/support/test.h"

static struct ctx ctx;

/* brute_pair finds the farthest (sign 1) or closest (-1) pair, the first of equal ones. */
static void brute_pair(const struct point *at, size_t n, int sign, uint32_t pair[2]) {
    pair[0] = 0, pair[1] = 1;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++)
            if (exact_compare_distances(at[i], at[k], at[pair[0]], at[pair[1]]) * sign > 0)
                pair[0] = i, pair[1] = k;
}

static void check_pairs(const struct points *p) {
    struct far_pair far;
    struct close_pair close;
    uint32_t pair[2];
    assert_int_equal(calipers_farthest(&ctx, p, &far), STATUS_OK);
    brute_pair(p->at, p->n, 1, pair);
    assert_int_equal(far.a, pair[0]);
    assert_int_equal(far.b, pair[1]);
    assert_near(far.distance, hypot(p->at[far.a].x - p->at[far.b].x, p->at[far.a].y - p->at[far.b].y),
                far.distance * 1e-15);
    assert_int_equal(closest_pair(&ctx, p, &close), STATUS_OK);
    brute_pair(p->at, p->n, -1, pair);
    assert_int_equal(close.a, pair[0]);
    assert_int_equal(close.b, pair[1]);
    assert_near(close.distance, hypot(p->at[close.a].x - p->at[close.b].x, p->at[close.a].y - p->at[close.b].y),
                close.distance * 1e-15);
}

/* extent of all points along a direction. */
static double extent(const struct points *p, double x, double y) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        double at = (p->at[i].x - p->at[0].x) * x + (p->at[i].y - p->at[0].y) * y;
        low = fmin(low, at), high = fmax(high, at);
    }
    return high - low;
}

/* brute tries the direction of every pair that has all points on one side. */
static void brute_rectangles(const struct points *p, double *area, double *perimeter, double *width) {
    *area = *perimeter = *width = INFINITY;
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->n; k++) {
            bool side = !point_equal(p->at[i], p->at[k]);
            for (size_t j = 0; side && j < p->n; j++)
                side = point_turn(&p->at[i], &p->at[k], &p->at[j]) >= 0;
            if (!side)
                continue;
            double x = p->at[k].x - p->at[i].x, y = p->at[k].y - p->at[i].y, length = hypot(x, y);
            double w = extent(p, x / length, y / length), h = extent(p, -y / length, x / length);
            *area = fmin(*area, w * h), *perimeter = fmin(*perimeter, 2 * (w + h)), *width = fmin(*width, h);
        }
    if (isinf(*area))
        *area = *perimeter = *width = 0;
}

static void check_boxes(const struct points *p) {
    struct rectangle a, b;
    struct width width;
    double area, perimeter, least, size = extent(p, 1, 0) + extent(p, 0, 1), slack = size * 1e-13;
    brute_rectangles(p, &area, &perimeter, &least);
    assert_int_equal(calipers_rectangle(&ctx, p, false, &a), STATUS_OK);
    assert_int_equal(calipers_rectangle(&ctx, p, true, &b), STATUS_OK);
    assert_int_equal(calipers_width(&ctx, p, &width), STATUS_OK);
    assert_true(fabs(a.area - area) <= slack * size);
    assert_true(fabs(b.perimeter - perimeter) <= slack);
    assert_true(fabs(width.width - least) <= slack);
    for (size_t i = 0; i < p->n; i++) /* all points within */
        for (int k = 0; k < 4; k++) {
            struct point from = a.corners[k], to = a.corners[(k + 1) % 4];
            double cross = (to.x - from.x) * (p->at[i].y - from.y) - (to.y - from.y) * (p->at[i].x - from.x);
            assert_true(cross >= -1e-13 * (size + fabs(from.x) + fabs(from.y)) * (size + fabs(from.x) + fabs(from.y)));
        }
}

static void all_shapes(void **state) {
    (void)state;
    uint64_t random = 3;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 1; n < 140; n = n < 40 ? n + 1 : n * 2) {
            struct point *at = shape_points(shape, n, &random);
            const struct points points = {at, n};
            ctx_init(&ctx, 1 << 26);
            if (n > 1)
                check_pairs(&points);
            if (shape != SHAPE_NEARLY && shape != SHAPE_CLUSTERS) /* the oracle rounds */
                check_boxes(&points);
            ctx_release(&ctx);
            free(at);
        }
}

/* A regular arrangement has many equal pairs: the smallest indices win. */
static void ties(void **state) {
    (void)state;
    const struct point square[] = {{1, 1}, {0, 0}, {1, 0}, {0, 1}};
    const struct points points = {square, 4};
    ctx_init(&ctx, 1 << 20);
    check_pairs(&points);
    ctx_release(&ctx);
}

static double distance(struct point a, struct point b) {
    double x = a.x - b.x, y = a.y - b.y;
    return sqrt(x * x + y * y);
}

/* circle_by is the circle by a diameter or through three points; negative where there is none. */
static double circle_by(const struct point *a, const struct point *b, const struct point *c, struct point *center) {
    if (!c) {
        *center = (struct point){(a->x + b->x) / 2, (a->y + b->y) / 2};
        return distance(*a, *b) / 2;
    }
    double bx = b->x - a->x, by = b->y - a->y, cx = c->x - a->x, cy = c->y - a->y, d = 2 * (bx * cy - by * cx);
    if (d == 0)
        return -1;
    double bb = bx * bx + by * by, cc = cx * cx + cy * cy;
    *center = (struct point){a->x + (cy * bb - by * cc) / d, a->y + (bx * cc - cx * bb) / d};
    return distance(*a, *center);
}

static double brute_radius(const struct points *p) {
    double best = p->n == 1 ? 0 : INFINITY;
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = i + 1; k < p->n; k++)
            for (size_t j = k + 1; j <= p->n; j++) {
                struct point center;
                double radius = circle_by(&p->at[i], &p->at[k], j < p->n ? &p->at[j] : NULL, &center);
                bool holds = radius >= 0 && radius < best;
                for (size_t l = 0; holds && l < p->n; l++)
                    holds = distance(p->at[l], center) <= radius * (1 + 1e-9);
                if (holds)
                    best = radius;
            }
    return best;
}

/* check_exactly wants no point outside of the exact circle by the support, which is a diameter or an acute triangle. */
static void check_exactly(const struct points *p, const struct circle *c) {
    struct point s[3] = {{0}};
    for (size_t k = 0; k < c->n_support; k++)
        s[k] = p->at[c->support[k]];
    if (c->n_support == 3 && point_turn(&s[0], &s[1], &s[2]) < 0) {
        struct point swap = s[1];
        s[1] = s[2], s[2] = swap;
    }
    for (size_t i = 0; i < p->n; i++)
        if (c->n_support == 3)
            assert_true(point_in_circle(&s[0], &s[1], &s[2], &p->at[i]) >= 0);
        else if (c->n_support == 2)
            assert_true(exact_dot_sign(p->at[i], s[0], p->at[i], s[1]) <= 0);
        else
            assert_true(point_equal(p->at[i], s[0]));
    for (size_t k = 0; c->n_support == 3 && k < 3; k++)
        assert_int_equal(exact_dot_sign(s[k], s[(k + 1) % 3], s[k], s[(k + 2) % 3]), 1);
}

static void circles(void **state) {
    (void)state;
    uint64_t random = 3;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 1; n < 3000; n = n < 22 ? n + 1 : n * 3) {
            struct point *at = shape_points(shape, n, &random);
            const struct points points = {at, n};
            struct circle c;
            ctx_init(&ctx, 1 << 26);
            assert_int_equal(circle_around(&ctx, &points, &c), STATUS_OK);
            for (size_t i = 0; i < n; i++)
                assert_true(distance(at[i], c.center) <= c.radius);
            for (size_t i = 0; i < c.n_support; i++) {
                double scale = c.radius + fabs(c.center.x) + fabs(c.center.y);
                assert_true(fabs(distance(at[c.support[i]], c.center) - c.radius) <= 1e-15 * scale);
                assert_true(i == 0 || c.support[i - 1] < c.support[i]);
            }
            check_exactly(&points, &c);
            if (n < 22 && shape != SHAPE_NEARLY)
                assert_near(c.radius, brute_radius(&points), c.radius * 1e-8);
            ctx_release(&ctx);
            free(at);
        }
}

static void known_circles(void **state) {
    (void)state;
    const struct point right[] = {{0, 0}, {6, 0}, {6, 8}, {3, 4}};
    const struct points points = {right, 4};
    struct circle c;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(circle_around(&ctx, &points, &c), STATUS_OK);
    assert_true(c.center.x == 3 && c.center.y == 4 && c.radius == 5 && c.n_support == 2);
    assert_true(c.support[0] == 0 && c.support[1] == 2);
    ctx_release(&ctx);
}

static enum status each(int what, const struct points *p) {
    struct far_pair far;
    struct close_pair close;
    struct circle circle;
    struct rectangle rectangle;
    struct width width;
    switch (what) {
    case 0: return calipers_farthest(&ctx, p, &far);
    case 1: return closest_pair(&ctx, p, &close);
    case 2: return circle_around(&ctx, p, &circle);
    case 3: return calipers_rectangle(&ctx, p, false, &rectangle);
    default: return calipers_width(&ctx, p, &width);
    }
}

static void out_of_memory_and_stops(void **state) {
    (void)state;
    uint64_t random = 1;
    struct point *at = shape_points(SHAPE_UNIFORM, 300000, &random);
    struct points points = {at, 300};
    atomic_int stop = STOP_CANCEL;
    for (int what = 0; what < 5; what++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            ctx_init(&ctx, 1 << 24);
            ctx.fail_after = fail_after;
            points.n = 300;
            status = each(what, &points);
            ctx_release(&ctx);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            assert_true(fail_after < 60);
        }
        ctx_init(&ctx, 1 << 28);
        ctx.stop = &stop;
        points.n = 300000;
        assert_int_equal(each(what, &points), STATUS_CANCELLED);
        ctx_release(&ctx);
    }
    free(at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_shapes),
        cmocka_unit_test(ties),
        cmocka_unit_test(circles),
        cmocka_unit_test(known_circles),
        cmocka_unit_test(out_of_memory_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
