#include "core/table/assignment.h"

#include <math.h>

#include "tests/support/test.h"

enum { SMALL = 6, MANY = 120 };

static double cost_of(const double *cost, size_t n, const uint32_t *to) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += cost[i * n + to[i]];
    return sum;
}

/* solve wants each column once, and returns the cost. */
static double solve(const double *cost, size_t n) {
    struct ctx ctx;
    uint32_t to[MANY];
    bool taken[MANY] = {0};
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(assignment_solve(&ctx, cost, n, to), STATUS_OK);
    ctx_release(&ctx);
    for (size_t i = 0; i < n; i++) {
        assert_true(to[i] < n && !taken[to[i]]);
        taken[to[i]] = true;
    }
    return cost_of(cost, n, to);
}

static double least(const double *cost, size_t n, size_t i, unsigned taken) {
    double best = i == n ? 0 : (double)INFINITY;
    for (size_t j = 0; i < n && j < n; j++)
        if (!(taken >> j & 1)) {
            double sum = cost[i * n + j] + least(cost, n, i + 1, taken | 1u << j);
            best = sum < best ? sum : best;
        }
    return best;
}

/* Few different costs make ties, below 0 as well; whole numbers make sums exact. */
static void all_orders_are_tried(void **state) {
    (void)state;
    double cost[SMALL * SMALL];
    uint64_t seed = 1;
    for (size_t round = 0; round < 4000; round++) {
        const size_t n = 1 + round % SMALL, different = 1 + (size_t)test_below(&seed, 40);
        for (size_t i = 0; i < n * n; i++)
            cost[i] = (double)test_below(&seed, different) - 10;
        assert_true(solve(cost, n) == least(cost, n, 0, 0));
    }
}

/* c = u + v + s, s >= 0 and 0 along an assignment: nothing is cheaper than that, whatever the cheapest way to it. */
static void large_ones_are_solved(void **state) {
    (void)state;
    static double cost[MANY * MANY], u[MANY], v[MANY];
    uint64_t seed = 5;
    for (size_t round = 0; round < 30; round++) {
        const size_t different = 1 + (size_t)test_below(&seed, 300);
        double want = 0;
        for (size_t i = 0; i < MANY; i++) {
            u[i] = (double)test_below(&seed, 1000), v[i] = (double)test_below(&seed, 1000);
            want += u[i] + v[i];
        }
        for (size_t i = 0; i < MANY; i++)
            for (size_t j = 0; j < MANY; j++)
                cost[i * MANY + j] =
                    u[i] + v[j] + (j == (i * 7 + round) % MANY ? 0 : (double)test_below(&seed, different));
        assert_true(solve(cost, MANY) == want);
    }
}

/* Costs that are no whole numbers, and nearly the same: rounding must not keep rows from coming to an end. */
static void rounded_costs_come_to_an_end(void **state) {
    (void)state;
    static double cost[MANY * MANY];
    uint64_t seed = 9;
    for (size_t round = 0; round < 10; round++) {
        for (size_t i = 0; i < MANY * MANY; i++)
            cost[i] = 0.1 + (double)test_below(&seed, 3) * 1e-16 + (double)(i % MANY) / 3 + (double)(i / MANY) / 7;
        double want = 0;
        for (size_t i = 0; i < MANY; i++)
            want += 0.1 + (double)i / 3 + (double)i / 7;
        assert_true(fabs(solve(cost, MANY) - want) < 1e-9);
    }
}

static void it_may_be_stopped_and_starved(void **state) {
    (void)state;
    const double cost[4] = {1, 2, 1, 3};
    uint32_t to[2];
    struct ctx ctx;
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    assert_int_equal(assignment_solve(&ctx, cost, 2, to), STATUS_CANCELLED);
    ctx_release(&ctx);
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = k;
        status = assignment_solve(&ctx, cost, 2, to);
        assert_true(status == STATUS_NO_MEMORY || k > 5);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(to[0] == 1 && to[1] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_orders_are_tried),
        cmocka_unit_test(large_ones_are_solved),
        cmocka_unit_test(rounded_costs_come_to_an_end),
        cmocka_unit_test(it_may_be_stopped_and_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
