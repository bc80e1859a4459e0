/* What can be filled, against all choices of copies; the table's limit; fills that there are not are seen at once. */
#include "core/combine/knapsack_fill.h"
#include "core/combine/knapsack_task.h"
#include "tests/support/test.h"

enum { N = 6, DIMS = 3 };

struct instance {
    struct knapsack_part part[N];
    int64_t weights[N * DIMS], capacity[DIMS];
    struct knapsack_task task;
    struct knapsack_parts parts;
};

static void make(struct instance *t, uint64_t *seed) {
    t->task = (struct knapsack_task){.dims = 1 + (size_t)test_below(seed, DIMS), .exact_fill = true, .at_most = -1};
    t->parts = (struct knapsack_parts){.part = t->part, .n = (size_t)test_below(seed, N + 1)};
    t->task.weights = t->weights;
    t->task.capacity = t->capacity;
    for (uint32_t i = 0; i < t->parts.n; i++)
        t->part[i] = (struct knapsack_part){
            .p = 1 + (int64_t)test_below(seed, 9), .copies = 1 + (int64_t)test_below(seed, 4), .item = i};
    for (size_t k = 0; k < N * DIMS; k++)
        t->weights[k] = (int64_t)test_below(seed, 5);
    for (size_t d = 0; d < t->task.dims; d++)
        t->capacity[d] = (int64_t)test_below(seed, 9);
}

/* can_fill tries all copies of the places from `from` on. */
static bool can_fill(const struct knapsack_surrogate *by, size_t from, const int64_t *want) {
    bool full = true;
    for (size_t d = 0; d < by->task->dims; d++) {
        if (want[d] < 0)
            return false;
        full = full && want[d] == 0;
    }
    if (from == by->n)
        return full;
    const struct knapsack_part *part = &by->part[by->order[from].i];
    for (int64_t c = 0; c <= part->copies; c++) {
        int64_t less[DIMS];
        for (size_t d = 0; d < by->task->dims; d++)
            less[d] = want[d] - c * knapsack_weight(by->task, part->item, d);
        if (can_fill(by, from + 1, less))
            return true;
    }
    return false;
}

/* next_used counts through all that may be used of the capacities. */
static bool next_used(const struct instance *t, int64_t *used) {
    for (size_t d = 0; d < t->task.dims; d++) {
        if (used[d]++ < t->capacity[d])
            return true;
        used[d] = 0;
    }
    return false;
}

static void fills_are_those_of_all_choices(void **state) {
    (void)state;
    uint64_t seed = 41;
    for (int round = 0; round < 400; round++) {
        struct instance t;
        struct ctx ctx;
        struct knapsack_surrogate by;
        struct knapsack_fill fill, without;
        make(&t, &seed);
        ctx_init(&ctx, 1 << 24);
        assert_int_equal(knapsack_surrogate_make(&ctx, &t.task, &t.parts, &by), STATUS_OK);
        assert_int_equal(knapsack_fill_make(&ctx, &by, KNAPSACK_FILL_CELLS, &fill), STATUS_OK);
        assert_non_null(fill.last);
        assert_int_equal(knapsack_fill_make(&ctx, &by, fill.cells - 1, &without), STATUS_OK);
        assert_null(without.last);
        assert_int_equal(knapsack_fill_make(&ctx, &by, fill.cells, &fill), STATUS_OK);
        assert_non_null(fill.last);
        for (size_t from = 0; from <= t.parts.n; from++) {
            int64_t used[DIMS] = {0}, want[DIMS];
            do {
                for (size_t d = 0; d < t.task.dims; d++)
                    want[d] = t.capacity[d] - used[d];
                bool can = can_fill(&by, from, want);
                assert_int_equal(knapsack_fill_may(&fill, from, used), can);
                assert_true(!can || knapsack_fill_may(&without, from, used));
            } while (next_used(&t, used));
        }
        ctx_release(&ctx);
    }
}

/* Both dimensions weigh the same and have other capacities: no sum or divisor tells, and without the table a search
 * takes some 2^40 steps. */
static void a_fill_that_is_none_is_seen_at_once(void **state) {
    (void)state;
    enum { MANY = 60 };
    int64_t weights[2 * MANY], values[MANY], capacity[] = {200, 201};
    uint64_t seed = 42;
    for (size_t i = 0; i < MANY; i++) {
        weights[2 * i] = weights[2 * i + 1] = 3 + (int64_t)test_below(&seed, 20);
        values[i] = 1 + (int64_t)test_below(&seed, 50);
    }
    struct knapsack_task task = {.in = {.n = MANY, .value = values, .stride = 1, .form = KNAPSACK_COLUMNS},
                                 .dims = 2,
                                 .weights = weights,
                                 .capacity = capacity,
                                 .exact_fill = true,
                                 .at_most = -1};
    struct ctx ctx;
    struct knapsack_answer a;
    ctx_init(&ctx, 1 << 24);
    assert_int_equal(knapsack_task_solve(&ctx, &task, &a), STATUS_OK);
    assert_true(!a.found && a.optimal);
    assert_int_equal(a.stats.states, 1);
    ctx_release(&ctx);
}

/* Copies past what 63 bits can double, of parts without weight. */
static void copies_may_be_many(void **state) {
    (void)state;
    struct knapsack_part part[] = {{.p = 1, .copies = INT64_MAX, .item = 0}, {.p = 1, .copies = 1 << 20, .item = 1}};
    const int64_t weights[] = {0, 0, 2, 3}, capacity[] = {200, 300};
    const struct knapsack_task task = {
        .dims = 2, .weights = weights, .capacity = capacity, .exact_fill = true, .at_most = -1};
    const struct knapsack_parts parts = {.part = part, .n = 2};
    struct ctx ctx;
    struct knapsack_surrogate by;
    struct knapsack_fill fill;
    ctx_init(&ctx, 1 << 24);
    assert_int_equal(knapsack_surrogate_make(&ctx, &task, &parts, &by), STATUS_OK);
    assert_int_equal(knapsack_fill_make(&ctx, &by, KNAPSACK_FILL_CELLS, &fill), STATUS_OK);
    assert_true(knapsack_fill_may(&fill, 0, (const int64_t[]){0, 0}));
    assert_true(knapsack_fill_may(&fill, 0, (const int64_t[]){198, 297}));
    assert_false(knapsack_fill_may(&fill, 0, (const int64_t[]){198, 296}));
    ctx_release(&ctx);
}

static void a_stop_leaves_the_table_out(void **state) {
    (void)state;
    uint64_t seed = 43;
    struct instance t;
    make(&t, &seed);
    t.parts.n = 1;
    atomic_int stop = STOP_DEADLINE;
    struct ctx ctx;
    struct knapsack_surrogate by;
    struct knapsack_fill fill;
    ctx_init(&ctx, 1 << 24);
    ctx.stop = &stop;
    t.part[0] = (struct knapsack_part){.p = 1, .copies = 1};
    assert_int_equal(knapsack_surrogate_make(&ctx, &t.task, &t.parts, &by), STATUS_OK);
    assert_int_equal(knapsack_fill_make(&ctx, &by, KNAPSACK_FILL_CELLS, &fill), STATUS_OK);
    assert_null(fill.last);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_are_those_of_all_choices),
        cmocka_unit_test(a_fill_that_is_none_is_seen_at_once),
        cmocka_unit_test(copies_may_be_many),
        cmocka_unit_test(a_stop_leaves_the_table_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
