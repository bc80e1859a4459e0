#include "core/table/transport.h"

#include <math.h>
#include <stdatomic.h>

#include "tests/support/test.h"

static void near(double is, double want, double within) { assert_true(fabs(is - want) <= within); }

static double random_unit(uint64_t *state) { return (double)(test_random(state) >> 11) * 0x1p-53; }

static void fill(uint64_t *state, double *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        v[i] = random_unit(state);
}

static double carried(enum transport_cost cost, size_t d, const double *a, size_t n, const double *b, size_t m) {
    struct ctx ctx;
    double out = -1;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(transport_cost_of(&ctx, cost, d, a, n, b, m, &out), STATUS_OK);
    ctx_release(&ctx);
    return out;
}

static double one(enum transport_cost cost, size_t d, const double *a, const double *b) {
    double sum = 0;
    for (size_t k = 0; k < d; k++)
        sum += cost == TRANSPORT_L1 ? fabs(a[k] - b[k]) : (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

/* least tries all orders of what is left of b for a[i ..]. */
static double least(enum transport_cost cost, size_t d, const double *a, const double *b, size_t n, size_t i,
                    unsigned taken) {
    double best = i == n ? 0 : (double)INFINITY;
    for (size_t j = 0; i < n && j < n; j++)
        if (!(taken >> j & 1)) {
            double sum = one(cost, d, a + i * d, b + j * d) + least(cost, d, a, b, n, i + 1, taken | 1u << j);
            best = sum < best ? sum : best;
        }
    return best;
}

enum { SMALL = 6, WIDE = 3 };

/* Sets of n and m points are sets of n m / gcd points, each as often as needed: then it is an assignment. */
static void small_sets_are_all_tried(void **state) {
    (void)state;
    static const size_t SIZES[][2] = {{1, 1}, {2, 2}, {5, 5}, {6, 6}, {2, 1}, {1, 6}, {2, 3}, {3, 2}, {6, 2}, {6, 4}};
    uint64_t seed = 1;
    for (size_t k = 0; k < 20 * COUNT(SIZES); k++) {
        const size_t n = SIZES[k / 20][0], m = SIZES[k / 20][1];
        size_t whole = n;
        while (whole % m)
            whole += n;
        double a[SMALL * WIDE], b[SMALL * WIDE], many_a[12 * WIDE], many_b[12 * WIDE];
        fill(&seed, a, n * WIDE), fill(&seed, b, m * WIDE);
        if (whole > SMALL)
            continue;
        for (size_t i = 0; i < whole; i++) {
            memcpy(many_a + i * WIDE, a + i % n * WIDE, WIDE * sizeof *a);
            memcpy(many_b + i * WIDE, b + i % m * WIDE, WIDE * sizeof *b);
        }
        for (int cost = TRANSPORT_L1; cost <= TRANSPORT_SQUARES; cost++) {
            double want = least(cost, WIDE, many_a, many_b, whole, 0, 0) / (double)whole;
            near(carried(cost, WIDE, a, n, b, m), want, 1e-12);
        }
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* On a line the best plan keeps the order: the distance is the area between the two distribution functions. */
static void on_a_line_the_order_is_kept(void **state) {
    (void)state;
    static const size_t SIZES[][2] = {{200, 200}, {120, 30}, {30, 120}, {97, 64}, {1, 50}, {300, 299}};
    static double a[300], b[300];
    uint64_t seed = 7;
    for (size_t k = 0; k < COUNT(SIZES); k++) {
        const size_t n = SIZES[k][0], m = SIZES[k][1];
        fill(&seed, a, n), fill(&seed, b, m);
        const double is = carried(TRANSPORT_L1, 1, a, n, b, m);
        qsort(a, n, sizeof *a, ascending), qsort(b, m, sizeof *b, ascending);
        double area = 0, x = fmin(a[0], b[0]);
        for (size_t i = 0, j = 0; i < n || j < m;) {
            double next = j == m || (i < n && a[i] < b[j]) ? a[i] : b[j];
            area += fabs((double)i / (double)n - (double)j / (double)m) * (next - x);
            x = next;
            j == m || (i < n && a[i] < b[j]) ? i++ : j++;
        }
        near(is, area, 1e-12);
    }
}

static void equal_sets_cost_nothing(void **state) {
    (void)state;
    static double a[100 * 5];
    uint64_t seed = 3;
    fill(&seed, a, 500);
    assert_true(carried(TRANSPORT_L1, 5, a, 100, a, 100) == 0);
    for (size_t i = 0; i < 500; i++)
        a[i] = floor(3 * a[i]); /* many ties */
    assert_true(carried(TRANSPORT_SQUARES, 5, a, 100, a, 100) == 0);
}

/* b is a moved by (3, 4): no plan is better than moving all, by Jensen's inequality. */
static void a_moved_set_costs_the_move(void **state) {
    (void)state;
    static double a[150 * 2], b[150 * 2];
    uint64_t seed = 5;
    fill(&seed, a, 300);
    for (size_t i = 0; i < 300; i++)
        b[i] = a[i] + (i % 2 ? 4 : 3);
    near(carried(TRANSPORT_L1, 2, a, 150, b, 150), 7, 1e-12);
    near(carried(TRANSPORT_SQUARES, 2, a, 150, b, 150), 25, 1e-12);
}

/* A pairing gives each its own, and costs what the distance says. */
static void pairings_cost_the_distance(void **state) {
    (void)state;
    enum { POINTS = 90 };
    static double a[POINTS * WIDE], b[POINTS * WIDE];
    uint32_t to[POINTS];
    uint64_t seed = 8;
    for (int round = 0; round < 6; round++) {
        const size_t n = round ? POINTS : 1;
        const enum transport_cost cost = round % 2 ? TRANSPORT_L1 : TRANSPORT_SQUARES;
        bool taken[POINTS] = {0};
        double sum = 0;
        struct ctx ctx;
        fill(&seed, a, n * WIDE), fill(&seed, b, n * WIDE);
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(transport_assign(&ctx, cost, WIDE, a, b, n, to), STATUS_OK);
        ctx_release(&ctx);
        for (size_t i = 0; i < n; i++) {
            assert_true(to[i] < n && !taken[to[i]]);
            taken[to[i]] = true;
            sum += one(cost, WIDE, a + i * WIDE, b + to[i] * WIDE);
        }
        near(sum / (double)n, carried(cost, WIDE, a, n, b, n), 1e-12);
    }
}

static void it_may_be_stopped_and_starved(void **state) {
    (void)state;
    double a[20], out;
    uint64_t seed = 5;
    fill(&seed, a, 20);
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    assert_int_equal(transport_cost_of(&ctx, TRANSPORT_L1, 2, a, 10, a, 10, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = k;
        status = transport_cost_of(&ctx, TRANSPORT_L1, 2, a, 10, a, 10, &out);
        assert_true(status == STATUS_NO_MEMORY || k > 5);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_sets_are_all_tried),   cmocka_unit_test(on_a_line_the_order_is_kept),
        cmocka_unit_test(equal_sets_cost_nothing),    cmocka_unit_test(a_moved_set_costs_the_move),
        cmocka_unit_test(pairings_cost_the_distance), cmocka_unit_test(it_may_be_stopped_and_starved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
