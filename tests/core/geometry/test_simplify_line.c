#include "core/geometry/simplify_line.h"
#include "tests/support/point_shapes.h"
#include "tests/support/test.h"

static struct ctx ctx;

/* The definition, recursively: the farthest point (the first of equal ones) stays where it is beyond the tolerance. */
static double square_from(struct point p, struct point a, struct point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length == 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / length;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    double x = p.x - a.x - t * dx, y = p.y - a.y - t * dy;
    return x * x + y * y;
}

static void oracle_peucker(const struct point *at, size_t from, size_t to, double limit, uint8_t *kept) {
    size_t far = from;
    double most = -1;
    for (size_t i = from + 1; i < to; i++) {
        double square = square_from(at[i], at[from], at[to]);
        if (square > most)
            most = square, far = i;
    }
    if (most <= limit)
        return;
    kept[far] = 1;
    oracle_peucker(at, from, far, limit, kept);
    oracle_peucker(at, far, to, limit, kept);
}

/* The definition of Visvalingam's: look at all, drop the least, begin again. */
static void oracle_visvalingam(const struct point *at, size_t n, double limit, bool closed, uint8_t *kept) {
    size_t *left = malloc(n * sizeof *left), m = n, ends = closed ? 0 : 1;
    for (size_t i = 0; i < n; i++)
        left[i] = i, kept[i] = 1;
    while (m > (closed ? 3 : 2)) {
        size_t best = 0;
        double least = limit;
        for (size_t i = ends; i + ends < m; i++) {
            struct point a = at[left[(i + m - 1) % m]], b = at[left[i]], c = at[left[(i + 1) % m]];
            double area = fabs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)) / 2;
            if (area < least)
                least = area, best = i + 1;
        }
        if (best == 0)
            break;
        kept[left[best - 1]] = 0;
        memmove(left + best - 1, left + best, (m - best) * sizeof *left);
        m--;
    }
    free(left);
}

static uint8_t *solve(const struct point *at, size_t n, double tolerance, bool closed, enum simplify_algorithm how) {
    const struct simplify_in in = {{at, n}, tolerance, closed, how};
    uint8_t *kept;
    ctx_init(&ctx, 1 << 26);
    assert_int_equal(simplify_line(&ctx, &in, &kept), STATUS_OK);
    return kept;
}

/* Random reals have no ties, so rounding in another way does not matter. */
static void peucker_is_its_definition(void **state) {
    (void)state;
    uint64_t random = 2;
    for (int round = 0; round < 3000; round++) {
        struct point at[40];
        uint8_t want[40] = {0};
        size_t n = 1 + test_below(&random, 40);
        double tolerance = 0.3 + (double)test_below(&random, 5);
        struct point *noise = shape_points(SHAPE_UNIFORM, n, &random);
        for (size_t i = 0; i < n; i++)
            at[i] = (struct point){(double)i + 3 * noise[i].x, 8 * noise[i].y};
        free(noise);
        want[0] = want[n - 1] = 1;
        oracle_peucker(at, 0, n - 1, tolerance * tolerance, want);
        assert_memory_equal(solve(at, n, tolerance, false, SIMPLIFY_DOUGLAS_PEUCKER), want, n);
        ctx_release(&ctx);
    }
}

static void visvalingam_on_reals(void **state) {
    (void)state;
    uint64_t random = 2;
    for (int round = 0; round < 2000; round++)
        for (int closed = 0; closed < 2; closed++) {
            struct point at[40];
            uint8_t want[40];
            size_t n = 1 + test_below(&random, 40);
            double tolerance = (double)test_below(&random, 4);
            for (size_t i = 0; i < n; i++) /* growing bends: no area falls below that of a point dropped before */
                at[i] = (struct point){(double)i, (i & 1 ? 1.0 : -1.0) * (double)(i * i) / 64};
            oracle_visvalingam(at, n, tolerance * tolerance, closed, want);
            uint8_t *kept = solve(at, n, tolerance, closed, SIMPLIFY_VISVALINGAM);
            size_t left = 0;
            for (size_t i = 0; i < n; i++)
                left += kept[i];
            assert_true(n < 3 || left >= (closed ? 3 : 2));
            assert_true(closed || (kept[0] && kept[n - 1]));
            assert_memory_equal(kept, want, n);
            ctx_release(&ctx);
        }
}

static void known(void **state) {
    (void)state;
    const struct point square[] = {{1, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 0}};
    static const struct {
        double tolerance;
        bool closed;
        enum simplify_algorithm how;
        uint8_t kept[5];
    } rows[] = {
        {0, false, SIMPLIFY_DOUGLAS_PEUCKER, {1, 1, 1, 1, 1}},
        {0, true, SIMPLIFY_DOUGLAS_PEUCKER, {0, 1, 1, 1, 1}},
        {1e150, false, SIMPLIFY_DOUGLAS_PEUCKER, {1, 0, 0, 0, 1}},
        {1e150, true, SIMPLIFY_DOUGLAS_PEUCKER, {1, 0, 0, 0, 0}},
        {0, true, SIMPLIFY_VISVALINGAM, {1, 1, 1, 1, 1}},
        {0.5, true, SIMPLIFY_VISVALINGAM, {0, 1, 1, 1, 1}},
        {1e150, false, SIMPLIFY_VISVALINGAM, {1, 0, 0, 0, 1}},
        {1e150, true, SIMPLIFY_VISVALINGAM, {0, 0, 1, 1, 1}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_memory_equal(solve(square, 5, rows[i].tolerance, rows[i].closed, rows[i].how), rows[i].kept, 5);
        ctx_release(&ctx);
    }
}

static void every_shape_ends(void **state) {
    (void)state;
    uint64_t random = 2;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 1; n < 3000; n = n < 6 ? n + 1 : n * 4)
            for (int k = 0; k < 8; k++) {
                struct point *at = shape_points(shape, n, &random);
                uint8_t *kept = solve(at, n, k & 4 ? 0.1 : 0, k & 1, (enum simplify_algorithm)(k >> 1 & 1));
                assert_true(k & 1 || (kept[0] && kept[n - 1]));
                ctx_release(&ctx);
                free(at);
            }
}

/* Lines that are cut near an end each time: 60 s and more for a search point by point. */
static struct point peeled(int shape, size_t i, size_t n) {
    double t = (double)i, turns = shape == 4 ? 1 : shape == 5 ? 1000 : 60000;
    switch (shape) {
    case 0: return (struct point){t, i & 1 ? t : 0};
    case 1: return (struct point){t, i & 1 ? 1 : 0};                                 /* a comb: every tip as far */
    case 2: return (struct point){3 * t - (i & 1 ? 4 : 0), 4 * t + (i & 1 ? 3 : 0)}; /* the comb, turned */
    case 3: return (struct point){0.6 * t - (i & 1 ? 0.8 : 0), 0.8 * t + (i & 1 ? 0.6 : 0)};
    default: break; /* spirals outwards */
    }
    double angle = 6.283185307179586 * turns * t / (double)n, radius = i ? 1000 * (1 + t / (double)n) : 0;
    return (struct point){radius * cos(angle), radius * sin(angle)};
}

static void lines_that_are_cut_at_their_ends(void **state) {
    (void)state;
    size_t n = 200000;
    struct point *at = malloc(n * sizeof *at);
    for (int shape = 0; shape < 7; shape++) {
        for (size_t i = 0; i < n; i++)
            at[i] = peeled(shape, i, n);
        uint8_t *kept = solve(at, n, shape < 4 ? 0.1 : 0, false, SIMPLIFY_DOUGLAS_PEUCKER);
        size_t left = 0;
        for (size_t i = 0; i < n; i++)
            left += kept[i];
        assert_true(left > n - 3); /* all but a point on the line, and what rounding puts there */
        ctx_release(&ctx);
    }
    free(at);
}

static void out_of_memory_and_stop(void **state) {
    (void)state;
    uint64_t random = 2;
    struct point *at = shape_points(SHAPE_UNIFORM, 1 << 19, &random);
    atomic_int stop = STOP_CANCEL;
    for (int how = 0; how < 2; how++) {
        struct simplify_in in = {{at, 50}, 10, true, (enum simplify_algorithm)how};
        enum status status = STATUS_NO_MEMORY;
        uint8_t *kept;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            ctx_init(&ctx, 1 << 24);
            ctx.fail_after = fail_after;
            status = simplify_line(&ctx, &in, &kept);
            ctx_release(&ctx);
            assert_true(fail_after < 20 && (status == STATUS_OK || status == STATUS_NO_MEMORY));
        }
        in = (struct simplify_in){{at, 1 << 19}, how ? 10 : 1e-3, true, (enum simplify_algorithm)how};
        ctx_init(&ctx, 1 << 28);
        ctx.stop = &stop;
        assert_int_equal(simplify_line(&ctx, &in, &kept), STATUS_CANCELLED);
        ctx_release(&ctx);
    }
    free(at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(peucker_is_its_definition),
        cmocka_unit_test(visvalingam_on_reals),
        cmocka_unit_test(every_shape_ends),
        cmocka_unit_test(lines_that_are_cut_at_their_ends),
        cmocka_unit_test(out_of_memory_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
