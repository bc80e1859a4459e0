#include "core/combine/combination_reach.h"
#include "tests/support/test.h"

enum { TARGET = 700 };

/* One rest at a time, one candidate at a time. */
static void reach_plainly(const struct combination_plan *plan, bool *want) {
    memset(want, 0, (TARGET + 1) * sizeof *want);
    want[0] = true;
    for (size_t p = 0; p < plan->n; p++)
        for (size_t i = 0; i <= plan->target; i++) {
            size_t r = plan->reuse ? i : plan->target - i;
            if (r >= plan->part[p] && want[r - plan->part[p]])
                want[r] = true;
        }
}

static void the_set_is_that_of_single_steps(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int round = 0; round < 3000; round++) {
        size_t part[6];
        bool want[TARGET + 1];
        struct combination_plan plan = {.n = test_below(&random, 7), .part = part, .reuse = round % 2};
        plan.target = test_below(&random, TARGET + 1);
        for (size_t p = 0; p < plan.n; p++) /* whole words often */
            part[p] = test_below(&random, 3) ? 1 + test_below(&random, 300) : 64 * (1 + test_below(&random, 4));
        struct ctx ctx;
        uint64_t *reach;
        ctx_init(&ctx, 1 << 16);
        assert_int_equal(combination_reach(&ctx, &plan, &reach), STATUS_OK);
        reach_plainly(&plan, want);
        for (size_t r = 0; r <= plan.target; r++)
            assert_int_equal(combination_reaches(reach, r), want[r]);
        ctx_release(&ctx);
    }
}

static void it_can_fail(void **state) {
    (void)state;
    size_t part[] = {1};
    const struct combination_plan plan = {.n = 1, .part = part, .reuse = true, .target = 1 << 24};
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    uint64_t *reach;
    ctx_init(&ctx, 1 << 10);
    assert_int_equal(combination_reach(&ctx, &plan, &reach), STATUS_NO_MEMORY);
    ctx_release(&ctx);
    ctx_init(&ctx, 1 << 24);
    ctx.stop = &stop;
    assert_int_equal(combination_reach(&ctx, &plan, &reach), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_is_that_of_single_steps),
        cmocka_unit_test(it_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
