#include "core/geometry/hull.h"
#include "tests/support/point_shapes.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

static struct ctx ctx;

static struct hull solve(const struct point *at, size_t n, bool keep) {
    const struct points points = {at, n};
    struct hull hull;
    ctx_init(&ctx, (size_t)1 << 30);
    assert_int_equal(hull_of(&ctx, &points, keep, NULL, &hull), STATUS_OK);
    return hull;
}

/* within: whether p lies on the segment ab. */
static bool within(const struct point *a, const struct point *b, const struct point *p) {
    if (point_turn(a, b, p) != 0)
        return false;
    double x0 = fmin(a->x, b->x), x1 = fmax(a->x, b->x), y0 = fmin(a->y, b->y), y1 = fmax(a->y, b->y);
    return p->x >= x0 && p->x <= x1 && p->y >= y0 && p->y <= y1;
}

/* check_convex wants a turn to the left at every corner (with keep: no turn to the right), and no point outside. With
 * keep, every point on an edge must be equal to one of the hull. */
static void check_convex(const struct point *at, size_t n, const struct hull *h, bool keep) {
    for (size_t i = 0; i < h->n; i++) {
        const struct point *a = &at[h->at[i]], *b = &at[h->at[(i + 1) % h->n]], *c = &at[h->at[(i + 2) % h->n]];
        assert_true(i == 0 || point_before(at[h->at[0]], *a));
        assert_in_range(point_turn(a, b, c), keep ? 0 : 1, 1);
        for (size_t k = 0; k < n; k++) {
            assert_true(point_turn(a, b, &at[k]) >= 0);
            if (keep && within(a, b, &at[k]))
                assert_true(point_equal(*a, at[k]) || point_equal(*b, at[k]));
        }
    }
}

/* check_flat: all points on one line, which begins and ends with the least and the greatest. */
static void check_flat(const struct point *at, size_t n, const struct hull *h, bool keep) {
    for (size_t k = 0; k < n; k++) {
        bool found = false;
        for (size_t i = 0; i < h->n; i++)
            found |= point_equal(at[h->at[i]], at[k]);
        assert_true(keep ? found : within(&at[h->at[0]], &at[h->at[h->n - 1]], &at[k]));
    }
    for (size_t i = 1; i < h->n; i++)
        assert_true(point_before(at[h->at[i - 1]], at[h->at[i]]));
    assert_true(keep || h->n <= 2);
}

static void check(const struct point *at, size_t n) {
    for (int keep = 0; keep < 2; keep++) {
        struct hull h = solve(at, n, keep);
        bool flat = true;
        for (size_t i = 2; i < h.n; i++)
            flat = flat && point_turn(&at[h.at[0]], &at[h.at[1]], &at[h.at[i]]) == 0;
        assert_true((h.n == 0) == (n == 0));
        if (flat)
            check_flat(at, n, &h, keep);
        else
            check_convex(at, n, &h, keep);
        for (size_t i = 0; i < h.n; i++) /* the first of equal points */
            for (size_t k = 0; k < h.at[i]; k++)
                assert_false(point_equal(at[k], at[h.at[i]]));
        ctx_release(&ctx);
    }
}

static void all_shapes(void **state) {
    (void)state;
    uint64_t random = 3;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 0; n < 1500; n = n < 30 ? n + 1 : n * 2) {
            struct point *at = shape_points(shape, n, &random);
            check(at, n);
            free(at);
        }
}

static void known(void **state) {
    (void)state;
    static const struct {
        struct point at[8];
        size_t n;
        uint32_t drop[8];
        size_t n_drop;
        uint32_t keep[8];
        size_t n_keep;
        double area;
    } rows[] = {
        {{{0}}, 0, {0}, 0, {0}, 0, 0},
        {{{1, 1}, {1, 1}}, 2, {0}, 1, {0}, 1, 0},
        {{{2, 2}, {1, 1}, {3, 3}, {1, 1}}, 4, {1, 2}, 2, {1, 0, 2}, 3, 0},
        {{{0, 0}, {1, 0}, {2, 0}, {2, 2}, {1, 1}, {0, 2}, {0, 1}}, 7, {0, 2, 3, 5}, 4, {0, 1, 2, 3, 5, 6}, 6, 4},
        {{{0, 0}, {-0.0, 0}, {1e-17, 1e-34}, {1, 0}}, 4, {0, 3, 2}, 3, {0, 3, 2}, 3, 5e-35},
        {{{-1e150, -1e150}, {1e150, -1e150}, {0, 1e150}}, 3, {0, 1, 2}, 3, {0, 1, 2}, 3, 2e300},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int keep = 0; keep < 2; keep++) {
            struct hull h = solve(rows[i].at, rows[i].n, keep);
            const struct points points = {rows[i].at, rows[i].n};
            size_t n = keep ? rows[i].n_keep : rows[i].n_drop;
            assert_int_equal(h.n, n);
            if (n)
                assert_memory_equal(h.at, keep ? rows[i].keep : rows[i].drop, n * sizeof *h.at);
            assert_near(hull_area(&points, &h), rows[i].area, rows[i].area * 1e-15);
            ctx_release(&ctx);
        }
}

/* The traced run gives the same hull, and replaying its steps does too. */
static void trace_replays(void **state) {
    (void)state;
    uint64_t random = 8;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (int keep = 0; keep < 2; keep++) {
            struct point *at = shape_points(shape, 300, &random);
            const struct points points = {at, 300};
            struct hull fast = solve(at, 300, keep), slow;
            struct trace trace;
            assert_int_equal(trace_begin(&ctx, &trace, 100000, NULL), STATUS_OK);
            assert_int_equal(hull_of(&ctx, &points, keep, &trace, &slow), STATUS_OK);
            assert_int_equal(trace_end(&trace), STATUS_OK);
            int64_t stack[700];
            size_t n = 0;
            for (size_t i = 0; i < trace.n; i++)
                if (strcmp(trace.steps[i].op, "push") == 0)
                    stack[n++] = trace.steps[i].at[0];
                else
                    assert_int_equal(stack[--n], trace.steps[i].at[0]);
            assert_int_equal(n, fast.n);
            assert_int_equal(n, slow.n);
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(stack[i], fast.at[i]);
                assert_int_equal(slow.at[i], fast.at[i]);
            }
            ctx_release(&ctx);
            free(at);
        }
}

static void out_of_memory(void **state) {
    (void)state;
    uint64_t random = 1;
    struct point *at = shape_points(SHAPE_LINE, 200, &random);
    const struct points points = {at, 200};
    for (size_t fail_after = 0;; fail_after++) {
        struct hull hull;
        ctx_init(&ctx, 1 << 24);
        ctx.fail_after = fail_after;
        enum status status = hull_of(&ctx, &points, true, NULL, &hull);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_true(fail_after < 60);
    }
    free(at);
}

/* The filter on several runs of points: the same hull as from all points (which a trace has), for any number of threads. */
static void runs_and_threads(void **state) {
    (void)state;
    enum { N = 70000 };
    struct parallel parallel = test_threads(3);
    uint64_t random = 1;
    struct point *at = shape_points(SHAPE_UNIFORM, N, &random);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; round == 1 && i < N; i++) /* many equal extremes and points on the edges */
            at[i] = (struct point){(double)test_below(&random, 90), (double)test_below(&random, 90)};
        for (size_t i = 0; round == 2 && i < N; i++) /* almost on a line */
            at[i] = (struct point){0.5 + (double)test_below(&random, 256) * 0x1p-53, 0.5 + (double)(i % 256) * 0x1p-53};
        const struct points points = {at, N};
        struct array values = {.kind = KIND_REAL, .dims = 1, .n = 0};
        struct hull filtered, threaded, plain;
        struct trace trace;
        ctx_init(&ctx, 1 << 30);
        assert_int_equal(hull_of(&ctx, &points, true, NULL, &filtered), STATUS_OK);
        assert_int_equal(trace_begin(&ctx, &trace, 100, &values), STATUS_OK);
        assert_int_equal(hull_of(&ctx, &points, true, &trace, &plain), STATUS_OK);
        ctx.parallel = &parallel;
        assert_int_equal(hull_of(&ctx, &points, true, NULL, &threaded), STATUS_OK);
        assert_int_equal(filtered.n, plain.n);
        assert_memory_equal(filtered.at, plain.at, plain.n * sizeof *plain.at);
        assert_int_equal(threaded.n, plain.n);
        assert_memory_equal(threaded.at, plain.at, plain.n * sizeof *plain.at);
        ctx_release(&ctx);
    }
    free(at);
}

static void a_stop_is_seen(void **state) {
    (void)state;
    uint64_t random = 1;
    struct point *at = shape_points(SHAPE_UNIFORM, 100000, &random);
    const struct points points = {at, 100000};
    atomic_int stop = STOP_DEADLINE;
    struct hull hull;
    ctx_init(&ctx, 1 << 28);
    ctx.stop = &stop;
    assert_int_equal(hull_of(&ctx, &points, true, NULL, &hull), STATUS_TIMED_OUT);
    ctx_release(&ctx);
    free(at);
}

static void limits_of_points(void **state) {
    (void)state;
    double reals[] = {0, -0.0, 1e75, 1e-60, 1e150, 1e-120, 3, 4};
    static const struct {
        double x;
        bool fits;
    } rows[] = {{1e150, true}, {-1e150, true}, {1.01e150, false}, {1e-120, true}, {-9e-121, false}, {5e-324, false}};
    struct points points;
    ctx_init(&ctx, 1 << 20);
    for (size_t i = 0; i < COUNT(rows); i++) {
        reals[0] = 0, reals[1] = rows[i].x;
        struct array a = {.kind = KIND_REAL, .dims = 2, .shape = {1, 2}, .n = 2, .reals = reals};
        assert_int_equal(points_of(&ctx, &a, "points", 1, &points), STATUS_OK);
        assert_int_equal(points_range(&ctx, &points, "points"), rows[i].fits ? STATUS_OK : STATUS_INVALID);
        if (!rows[i].fits)
            assert_string_equal(ctx.err.pointer, "/points/0/1");
    }
    struct array triples = {.kind = KIND_REAL, .dims = 2, .shape = {2, 3}, .n = 6, .reals = reals}, none = {.dims = 1};
    assert_int_equal(points_of(&ctx, &triples, "points", 0, &points), STATUS_INVALID);
    assert_int_equal(points_of(&ctx, &none, "points", 1, &points), STATUS_INVALID);
    assert_int_equal(points_of(&ctx, &none, "points", 0, &points), STATUS_OK);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(all_shapes),
        cmocka_unit_test(trace_replays),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(runs_and_threads),
        cmocka_unit_test(a_stop_is_seen),
        cmocka_unit_test(limits_of_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
