#include "core/geometry/delaunay.h"
#include "core/geometry/hull.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

static struct ctx ctx;

static struct triangulation solve(const struct point *at, size_t n) {
    struct triangulation t;
    const struct points points = {at, n};
    ctx_init(&ctx, (size_t)1 << 30);
    assert_int_equal(delaunay_of(&ctx, &points, &t), STATUS_OK);
    return t;
}

/* A directed edge of a triangle and the corner across. */
struct half {
    int64_t from, to, across;
};

static int compare_halves(const void *a, const void *b) {
    const struct half *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* check_locally wants every triangle counter-clockwise, no directed edge twice, every edge with two triangles locally
 * Delaunay; it returns the edges that have one triangle, which must be the hull's, and the number of edges. */
static size_t check_locally(const struct point *at, const struct triangulation *t, size_t *edges) {
    struct half *halves = malloc((3 * t->n + 1) * sizeof *halves);
    size_t n = 0, border = 0;
    for (size_t i = 0; i < t->n; i++) {
        const int64_t *c = t->at + 3 * i;
        assert_int_equal(point_turn(&at[c[0]], &at[c[1]], &at[c[2]]), 1);
        assert_true(c[0] < c[1] && c[0] < c[2]);
        for (int k = 0; k < 3; k++)
            halves[n++] = (struct half){c[k], c[(k + 1) % 3], c[(k + 2) % 3]};
    }
    qsort(halves, n, sizeof *halves, compare_halves);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || compare_halves(&halves[i - 1], &halves[i]) != 0);
        struct half back = {halves[i].to, halves[i].from, 0};
        const struct half *other = bsearch(&back, halves, n, sizeof *halves, compare_halves);
        border += !other;
        if (other)
            assert_true(point_in_circle(&at[halves[i].from], &at[halves[i].to], &at[halves[i].across],
                                        &at[other->across]) <= 0);
    }
    *edges = (n - border) / 2 + border;
    free(halves);
    return border;
}

/* check proves a triangulation: locally Delaunay everywhere, its border has as many edges as the hull with all points
 * on it, and Euler's formula holds, so it covers the hull and uses every point. */
static size_t check(const struct point *at, size_t n) {
    struct triangulation t = solve(at, n);
    const struct points points = {at, n};
    struct hull corners, hull;
    assert_int_equal(hull_of(&ctx, &points, false, NULL, &corners), STATUS_OK);
    assert_int_equal(hull_of(&ctx, &points, true, NULL, &hull), STATUS_OK);
    size_t edges, border = check_locally(at, &t, &edges);
    if (corners.n < 3) {
        assert_int_equal(t.n, 0);
        assert_int_equal(t.distinct, hull.n);
    } else {
        assert_int_equal(border, hull.n);
        assert_int_equal(t.n, 2 * t.distinct - 2 - hull.n);
        assert_int_equal(t.distinct + t.n + 1, edges + 2);
    }
    size_t triangles = t.n;
    ctx_release(&ctx);
    return triangles;
}

enum shape { UNIFORM, GRID, CIRCLE, CLUSTERS, LINE, NEARLY, EQUAL, TWO_LINES, STEEP, SHAPES };

static double unit(uint64_t *state) { return (double)(test_random(state) >> 11) * 0x1p-53; }

static struct point shape_at(enum shape shape, size_t i, size_t n, uint64_t *state) {
    double u = unit(state), v = unit(state);
    static const double ROUND[12][2] = {{25, 0},  {24, 7},   {20, 15},  {15, 20},   {7, 24},  {0, 25},
                                        {-7, 24}, {-15, 20}, {-24, -7}, {-20, -15}, {0, -25}, {15, -20}};
    size_t side = 1;
    while (side * side < n)
        side++;
    switch (shape) {
    case UNIFORM: return (struct point){u, v};
    case GRID: return (struct point){(double)(i % side), (double)(i / side)};
    case CIRCLE:
        return (struct point){ROUND[i % 12][0] * (double)(1 + i / 24), ROUND[i % 12][1] * (double)(1 + i / 24)};
    case CLUSTERS: return (struct point){(double)(i % 7) * 1e6 + u * 1e-6, (double)(i % 5) * 1e6 + v * 1e-9};
    case LINE: return (struct point){0.5 + (double)(i % 50), 0.25 + (double)(i % 50) * 3};
    case NEARLY:
        return (struct point){0.5 + 0x1p-53 * (double)test_below(state, 64),
                              0.5 + 0x1p-53 * (double)test_below(state, 64)};
    case TWO_LINES: return (struct point){(double)(i / 2), i % 2 ? 1e-17 : 0};
    case STEEP: return (struct point){u * 1e-20, v * 1e20};
    default: return (struct point){3, -4};
    }
}

static void all_shapes(void **state) {
    (void)state;
    uint64_t random = 5;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 0; n < 3000; n = n < 40 ? n + 1 : n * 3) {
            struct point *at = malloc((n + 1) * sizeof *at);
            for (size_t i = 0; i < n; i++)
                at[i] = shape_at(shape, i, n, &random);
            (void)check(at, n);
            free(at);
        }
}

static void small_coordinates(void **state) {
    (void)state;
    uint64_t random = 9;
    for (int round = 0; round < 3000; round++) {
        struct point at[16];
        size_t n = test_below(&random, 16);
        for (size_t i = 0; i < n; i++)
            at[i] = (struct point){(double)test_below(&random, 5), (double)test_below(&random, 5)};
        (void)check(at, n);
    }
}

static void a_square_has_two(void **state) {
    (void)state;
    const struct point at[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {1, 1}, {-0.0, 0.0}};
    assert_int_equal(check(at, COUNT(at)), 2);
}

static void same_points_same_bytes(void **state) {
    (void)state;
    struct point at[500];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT(at); i++)
        at[i] = shape_at(GRID, i, COUNT(at), &random);
    struct triangulation one = solve(at, COUNT(at));
    int64_t *copy = malloc(one.n * 3 * sizeof *copy);
    memcpy(copy, one.at, one.n * 3 * sizeof *copy);
    ctx_release(&ctx);
    struct triangulation two = solve(at, COUNT(at));
    assert_int_equal(one.n, two.n);
    assert_memory_equal(copy, two.at, two.n * 3 * sizeof *copy);
    free(copy);
    ctx_release(&ctx);
}

/* Enough points for one part and for sixteen; each is proved, and three threads give the same bytes. */
static void parts_and_threads(void **state) {
    (void)state;
    static const size_t SIZES[] = {16385, 140000};
    struct parallel parallel = test_threads(3);
    uint64_t random = 17;
    for (size_t k = 0; k < COUNT(SIZES) * SHAPES; k++) {
        size_t n = SIZES[k / SHAPES];
        struct point *at = malloc(n * sizeof *at);
        for (size_t i = 0; i < n; i++)
            at[i] = shape_at((enum shape)(k % SHAPES), i, n, &random);
        (void)check(at, n);
        struct triangulation one = solve(at, n), three;
        const struct points points = {at, n};
        struct ctx other;
        ctx_init(&other, (size_t)1 << 30);
        other.parallel = &parallel;
        assert_int_equal(delaunay_of(&other, &points, &three), STATUS_OK);
        assert_int_equal(one.n, three.n);
        assert_memory_equal(one.at, three.at, 3 * one.n * sizeof *one.at);
        ctx_release(&other);
        ctx_release(&ctx);
        free(at);
    }
}

static void out_of_memory(void **state) {
    (void)state;
    struct point at[100];
    uint64_t random = 1;
    for (size_t i = 0; i < COUNT(at); i++)
        at[i] = shape_at(UNIFORM, i, COUNT(at), &random);
    const struct points points = {at, COUNT(at)};
    for (size_t fail_after = 0;; fail_after++) {
        struct triangulation t;
        ctx_init(&ctx, 1 << 24);
        ctx.fail_after = fail_after;
        enum status status = delaunay_of(&ctx, &points, &t);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_true(fail_after < 40);
    }
}

static void a_stop_is_seen(void **state) {
    (void)state;
    enum { N = 400000 };
    struct point *at = malloc(N * sizeof *at);
    uint64_t random = 1;
    for (size_t i = 0; i < N; i++)
        at[i] = shape_at(UNIFORM, i, N, &random);
    const struct points points = {at, N};
    atomic_int stop = STOP_CANCEL;
    struct triangulation t;
    ctx_init(&ctx, (size_t)1 << 30);
    ctx.stop = &stop;
    assert_int_equal(delaunay_of(&ctx, &points, &t), STATUS_CANCELLED);
    ctx_release(&ctx);
    free(at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_square_has_two),  cmocka_unit_test(small_coordinates),
        cmocka_unit_test(all_shapes),        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(parts_and_threads), cmocka_unit_test(same_points_same_bytes),
        cmocka_unit_test(a_stop_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
