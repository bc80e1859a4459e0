#include "core/geometry/locate.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#include <math.h>

enum { MANY = 3000 };

/* The oracle: twice, to the left and by a definition with other half-open sides than the module's. */
static enum location oracle(const struct rings *rings, const double *at) {
    bool inside = false;
    for (size_t r = 0; r < rings->n; r++)
        for (size_t i = 0, n = rings->ring[r].n; i < n; i++) {
            const double *p = rings->ring[r].xy + 2 * i, *q = rings->ring[r].xy + 2 * ((i + 1) % n);
            double s[] = {p[0], p[1], q[0], q[1]}, t[] = {at[0], at[1], at[0], at[1]};
            if (segments_meet_at_all(s, t))
                return LOCATION_BOUNDARY;
            if ((p[1] < at[1]) == (q[1] < at[1]))
                continue;
            double left = -1e6;
            double beam[] = {left, at[1], at[0], at[1]};
            inside ^= segments_meet_at_all(s, beam);
        }
    return inside ? LOCATION_INSIDE : LOCATION_OUTSIDE;
}

static void compare(const struct rings *rings, const double *points, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 28);
    unsigned char *got = malloc(n);
    assert_int_equal(locate_points(&ctx, rings, points, n, got), STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        enum location want = oracle(rings, points + 2 * i);
        if (got[i] != want || locate_plain(rings, points + 2 * i) != want)
            fail_msg("point %g %g: index %d, plain %d, want %d", points[2 * i], points[2 * i + 1], got[i],
                     locate_plain(rings, points + 2 * i), want);
    }
    free(got);
    ctx_release(&ctx);
}

/* Points of a grid of halves over 0 .. size, so that many meet vertices and edges. */
static size_t grid(double *points, int size) {
    size_t n = 0;
    for (int i = -1; i <= 2 * size + 1; i++)
        for (int j = -1; j <= 2 * size + 1; j++, n++)
            points[2 * n] = i / 2.0, points[2 * n + 1] = j / 2.0;
    return n;
}

/* Rings of random points cross themselves and repeat: every node must notice. */
static void random_rings(void **state) {
    (void)state;
    static double points[2 * 2000];
    uint64_t random = 1;
    for (int round = 0; round < 400; round++) {
        double xy[3][40];
        struct ring ring[3];
        int size = 2 + round % 9;
        size_t n = 1 + test_below(&random, 3);
        for (size_t r = 0; r < n; r++) {
            ring[r] = (struct ring){xy[r], 3 + test_below(&random, 18)};
            for (size_t i = 0; i < 2 * ring[r].n; i++)
                xy[r][i] = (double)test_below(&random, (uint64_t)size + 1);
        }
        compare(&(struct rings){n, ring}, points, grid(points, size));
    }
}

/* comb makes a simple polygon whose teeth are long: `n` teeth, one point wide. */
static size_t comb(double *xy, size_t teeth, bool slanted) {
    size_t n = 0;
    for (size_t i = 0; i < teeth; i++) {
        double x = 4 * (double)i;
        xy[2 * n] = x, xy[2 * n + 1] = 1, n++;
        xy[2 * n] = x + (slanted ? 50 : 1), xy[2 * n + 1] = 40 + (double)(i % 7), n++;
        xy[2 * n] = x + 2, xy[2 * n + 1] = 1, n++;
    }
    xy[2 * n] = 4 * (double)teeth, xy[2 * n + 1] = 0, n++;
    xy[2 * n] = 0, xy[2 * n + 1] = 0, n++;
    return n;
}

static void combs(void **state) {
    (void)state;
    static double xy[2 * 1000], points[2 * MANY];
    uint64_t random = 2;
    for (int slanted = 0; slanted < 2; slanted++) {
        struct ring ring = {xy, comb(xy, 300, slanted)};
        for (size_t i = 0; i < MANY; i++) {
            points[2 * i] = (double)test_below(&random, 2600) / 2;
            points[2 * i + 1] = (double)test_below(&random, 100) / 2;
            if (i % 4 == 0)
                memcpy(points + 2 * i, xy + 2 * test_below(&random, ring.n), 16);
        }
        compare(&(struct rings){1, &ring}, points, MANY);
    }
}

/* Middles of long edges, one bit beside them: the exact sign decides. */
static void beside_an_edge(void **state) {
    (void)state;
    const double triangle[] = {0, 0, 24, 24, 0, 24};
    struct ring ring = {triangle, 3};
    double points[2 * 300];
    for (int i = 0; i < 300; i++)
        points[2 * i] = 0.5 + i % 17 * 0x1p-53, points[2 * i + 1] = 0.5 + i % 19 * 0x1p-53;
    unsigned char got[300];
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(locate_points(&ctx, &(struct rings){1, &ring}, points, 300, got), STATUS_OK);
    for (int i = 0; i < 300; i++) {
        double x = points[2 * i], y = points[2 * i + 1];
        assert_int_equal(got[i], y > x ? LOCATION_INSIDE : y == x ? LOCATION_BOUNDARY : LOCATION_OUTSIDE);
    }
    ctx_release(&ctx);
}

/* Enough points for a grid of cells: against all edges, one thread and three, for boxes of every kind: far from the
 * origin, where doubles are coarser than cells; flat; of sizes for which there is no grid; with edges that cross. */
static void cells(void **state) {
    (void)state;
    enum { N = 20000, CORNERS = 60 };
    static const struct {
        double x, y, width, height;
    } BOXES[] = {{0, 0, 1, 1},      {-5, 3, 1000, 1},   {0x1p52, -0x1p52, 64, 4096},    {1e9, 1e-9, 1e-6, 1e-3},
                 {0, 0, 1e-300, 1}, {0, 0, 1e300, 1e9}, {-8e307, -8e307, 1e308, 1e308}, {1, 1, 0x1p-50, 0x1p-44}};
    static double xy[2 * CORNERS], points[2 * N];
    static unsigned char one[N], three[N];
    struct parallel parallel = test_threads(3);
    uint64_t random = 7;
    for (size_t k = 0; k < 3 * COUNT(BOXES); k++) {
        size_t b = k / 3;
        struct ring ring = {xy, k % 3 == 0 ? 4 : CORNERS};
        for (size_t i = 0; i < ring.n; i++) {
            double angle = 6.283185307179586 * (double)i / (double)ring.n, radius = k % 3 == 2 ? 1 : 0.5;
            double u = 0.5 + radius / 2 * cos(angle) * (double)(1 + i % 2),
                   v = 0.5 + radius / 2 * sin(angle) * (double)(1 + i % 2);
            if (k % 3 == 1)
                u = (double)test_below(&random, 9) / 8, v = (double)test_below(&random, 9) / 8;
            xy[2 * i] = BOXES[b].x + u * BOXES[b].width, xy[2 * i + 1] = BOXES[b].y + v * BOXES[b].height;
        }
        for (size_t i = 0; i < N; i++) {
            uint64_t steps = i % 2 ? 1 << 20 : 64;
            double u = ((double)test_below(&random, steps + 1)) / (double)steps * 1.25 - 0.125;
            double v = ((double)test_below(&random, steps + 1)) / (double)steps * 1.25 - 0.125;
            points[2 * i] = BOXES[b].x + u * BOXES[b].width, points[2 * i + 1] = BOXES[b].y + v * BOXES[b].height;
            if (i % 16 == 0)
                memcpy(points + 2 * i, xy + 2 * test_below(&random, ring.n), 16);
        }
        const struct rings rings = {1, &ring};
        struct ctx ctx;
        ctx_init(&ctx, 1 << 28);
        assert_int_equal(locate_points(&ctx, &rings, points, N, one), STATUS_OK);
        ctx.parallel = &parallel;
        assert_int_equal(locate_points(&ctx, &rings, points, N, three), STATUS_OK);
        ctx_release(&ctx);
        assert_memory_equal(one, three, N);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(one[i], locate_plain(&rings, points + 2 * i));
    }
}

static void without_memory(void **state) {
    (void)state;
    static double xy[2 * 100], points[2 * 100];
    unsigned char got[100];
    struct ring ring = {xy, comb(xy, 30, true)};
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        struct ctx ctx;
        assert_in_range(k, 0, 50);
        ctx_init(&ctx, 1 << 22);
        ctx.fail_after = k;
        status = locate_points(&ctx, &(struct rings){1, &ring}, points, 100, got);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_rings), cmocka_unit_test(combs),          cmocka_unit_test(beside_an_edge),
        cmocka_unit_test(cells),        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
