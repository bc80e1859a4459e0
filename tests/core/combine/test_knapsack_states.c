/* The history of states, against a plain record of every flip. */
#include "core/combine/knapsack_states.h"
#include "tests/support/test.h"

enum { STATES = 1000, EPOCHS = 250 };

static uint64_t record[EPOCHS][STATES]; /* the flips of each living state, by epoch */

/* breed lets some states die and others take their place, as merges do. */
static void breed(struct knapsack_list *list, size_t epochs, uint64_t *seed) {
    for (size_t k = 0; k < STATES / 2; k++) {
        size_t dies = test_below(seed, STATES), lives = test_below(seed, STATES);
        list->state[dies] = list->state[lives];
        for (size_t e = 0; e < epochs; e++)
            record[e][dies] = record[e][lives];
    }
}

static void flips_survive_clearing(void **state) {
    (void)state;
    uint64_t seed = 1;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct knapsack_state states[STATES] = {0};
    struct knapsack_list list = {states, STATES, STATES};
    struct knapsack_history history = {0};
    struct knapsack_best none = {0};
    size_t greatest = 0;
    bool cleared = false;
    for (size_t e = 0; e < EPOCHS; e++) {
        breed(&list, e, &seed);
        for (size_t i = 0; i < STATES; i++)
            record[e][i] = states[i].flips = test_random(&seed);
        if (e + 1 < EPOCHS)
            assert_true(knapsack_history_push(&ctx, &history, &list, &none));
        cleared |= history.n < greatest;
        greatest = history.n > greatest ? history.n : greatest;
    }
    assert_true(cleared);
    for (size_t i = 0; i < STATES; i++) {
        const struct knapsack_best best = {true, states[i], 64 * EPOCHS};
        for (size_t e = 0; e < EPOCHS; e++)
            assert_true(knapsack_history_flips(&history, &best, e) == record[e][i]);
    }
    ctx_release(&ctx);
}

/* The incumbent's nodes stay, though its state is dead. */
static void the_incumbent_is_kept(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 4 << 20);
    struct knapsack_state states[STATES] = {0};
    struct knapsack_list list = {states, STATES, STATES};
    struct knapsack_history history = {0};
    struct knapsack_best best = {0};
    for (size_t e = 0; e < EPOCHS; e++) {
        for (size_t i = 0; i < STATES; i++)
            states[i].flips = i;
        if (e == 1)
            best = (struct knapsack_best){true, states[7], 128};
        if (e > 0)
            for (size_t i = 1; i < STATES; i++)
                states[i].path = states[0].path; /* all but one line dies out */
        assert_true(knapsack_history_push(&ctx, &history, &list, &best));
    }
    assert_int_equal(knapsack_history_flips(&history, &best, 0), 7);
    assert_int_equal(knapsack_history_flips(&history, &best, 1), 7);
    ctx_release(&ctx);
}

static void trimming_keeps_the_greatest_bounds(void **state) {
    (void)state;
    const struct knapsack_hope hope = {.capacity = 100, .right_p = 0, .right_w = 1, .left_p = 1, .left_w = 0};
    struct knapsack_state states[] = {
        {.w = 1, .p = 5}, {.w = 2, .p = 9}, {.w = 3, .p = 9}, {.w = 4, .p = 7}, {.w = 5, .p = 9}};
    struct knapsack_list list = {states, COUNT(states), COUNT(states)};
    int64_t values[COUNT(states)];
    assert_int_equal(knapsack_trim(&list, 2, &hope, values), 9);
    assert_int_equal(list.n, 2);
    assert_true(states[0].w == 2 && states[1].w == 3);
    assert_int_equal(knapsack_trim(&list, 1, &hope, values), 9);
    assert_int_equal(list.n, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flips_survive_clearing),
        cmocka_unit_test(the_incumbent_is_kept),
        cmocka_unit_test(trimming_keeps_the_greatest_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
