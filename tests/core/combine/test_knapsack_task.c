/* Every variant, limit and algorithm against enumeration; traces replayed; allocations failing in turn. */
#include "core/combine/knapsack_meet.h"
#include "core/combine/knapsack_table.h"
#include "core/combine/knapsack_task.h"
#include "tests/support/test.h"

enum { MAX_N = 3000, MAX_D = 3, ENDLESS = 40 };

struct instance {
    int64_t weight[MAX_N], value[MAX_N], count[MAX_N], weights[MAX_N * MAX_D], capacity[MAX_D];
    struct knapsack_task task;
};

static void bind(struct instance *t, size_t n, int64_t capacity) {
    t->task = (struct knapsack_task){.in = {n, t->weight, t->value, 1, capacity, KNAPSACK_COLUMNS},
                                     .count = t->count,
                                     .count_stride = 1,
                                     .weights = t->weights,
                                     .capacity = t->capacity,
                                     .at_most = -1};
}

static int64_t between(uint64_t *seed, int64_t lo, int64_t hi) {
    return lo + (int64_t)test_below(seed, (uint64_t)(hi - lo) + 1);
}

/* -- Enumeration -- */

struct oracle {
    int64_t best, choices; /* -1: there is none */
    const struct knapsack_task *task;
};

static int64_t most_copies(const struct knapsack_task *task, size_t i) {
    if (task->variant == KNAPSACK_BOUNDED)
        return task->count[i];
    return task->variant == KNAPSACK_UNBOUNDED ? ENDLESS : 1;
}

static void enumerate(struct oracle *o, size_t i, int64_t w[MAX_D], int64_t p, int64_t copies) {
    const struct knapsack_task *task = o->task;
    size_t dims = task->dims ? task->dims : 1;
    for (size_t d = 0; d < dims; d++)
        if (w[d] > knapsack_capacity(task, d))
            return;
    if (task->at_most >= 0 && copies > task->at_most)
        return;
    if (i == task->in.n) {
        for (size_t d = 0; task->exact_fill && d < dims; d++)
            if (w[d] != knapsack_capacity(task, d))
                return;
        o->choices = p > o->best ? 1 : o->choices + (p == o->best);
        o->best = p > o->best ? p : o->best;
        return;
    }
    for (int64_t c = 0; c <= most_copies(task, i); c++) {
        int64_t more[MAX_D];
        for (size_t d = 0; d < dims; d++)
            more[d] = w[d] + c * knapsack_weight(task, i, d);
        enumerate(o, i + 1, more, p + c * knapsack_value(task, i), copies + c);
    }
}

static struct oracle oracle_of(const struct knapsack_task *task) {
    struct oracle o = {-1, 0, task};
    enumerate(&o, 0, (int64_t[MAX_D]){0}, 0, 0);
    return o;
}

/* -- Checking -- */

static void check_choice(const struct knapsack_task *task, const struct array *chosen, const struct array *counts,
                         int64_t value) {
    int64_t w[MAX_D] = {0}, p = 0, copies = 0;
    size_t dims = task->dims ? task->dims : 1;
    for (size_t k = 0; k < chosen->n; k++) {
        size_t i = (size_t)chosen->ints[k];
        int64_t c = counts->kind ? counts->ints[k] : 1;
        assert_true(i < task->in.n && (k == 0 || chosen->ints[k - 1] < chosen->ints[k]));
        assert_true(c >= 1 && (task->variant == KNAPSACK_UNBOUNDED || c <= most_copies(task, i)));
        for (size_t d = 0; d < dims; d++)
            w[d] += c * knapsack_weight(task, i, d);
        p += c * knapsack_value(task, i);
        copies += c;
    }
    for (size_t d = 0; d < dims; d++)
        assert_true(w[d] <= knapsack_capacity(task, d));
    for (size_t d = 0; task->exact_fill && d < dims; d++)
        assert_true(w[d] == knapsack_capacity(task, d));
    assert_true(task->at_most < 0 || copies <= task->at_most);
    assert_true(p == value);
}

static bool same(const struct array *a, const struct array *b) {
    return a->n == b->n && (a->n == 0 || memcmp(a->ints, b->ints, a->n * sizeof *a->ints) == 0);
}

static void check_answer(const struct knapsack_task *task, const struct knapsack_answer *a) {
    if (a->found)
        check_choice(task, &a->chosen, &a->counts, a->value);
    assert_true(a->bound >= a->value && a->found >= (a->value > 0));
    assert_true(!a->optimal || a->bound == a->value);
    for (size_t k = 0; k < a->sets.n; k++) {
        check_choice(task, &a->sets.set[k].chosen, &a->sets.set[k].counts, a->value);
        for (size_t j = 0; j < k; j++)
            assert_false(same(&a->sets.set[k].chosen, &a->sets.set[j].chosen) &&
                         same(&a->sets.set[k].counts, &a->sets.set[j].counts));
    }
}

/* solve_and_compare solves and compares with enumeration; by each algorithm that takes the task. */
static void solve_and_compare(struct instance *t, int64_t sets) {
    struct oracle o = oracle_of(&t->task);
    for (int algorithm = KNAPSACK_AUTO; algorithm <= KNAPSACK_BRANCH; algorithm++) {
        struct knapsack_task task = t->task;
        bool plain = algorithm == KNAPSACK_CORE || algorithm == KNAPSACK_MEET;
        if ((task.dims && algorithm != KNAPSACK_AUTO && algorithm != KNAPSACK_BRANCH) || (task.at_most >= 0 && plain))
            continue;
        task.algorithm = (enum knapsack_algorithm)algorithm;
        task.sets = sets;
        struct ctx ctx;
        ctx_init(&ctx, (size_t)512 << 20);
        struct knapsack_answer a;
        assert_int_equal(knapsack_task_solve(&ctx, &task, &a), STATUS_OK);
        check_answer(&task, &a);
        assert_true(a.optimal && a.end == KNAPSACK_COMPLETE);
        assert_int_equal(a.found, o.best >= 0);
        assert_true(a.value == (o.best < 0 ? 0 : o.best));
        assert_true(algorithm == KNAPSACK_AUTO || (int)a.algorithm == algorithm);
        if (task.sets && a.found) {
            assert_int_equal(a.sets.n, o.choices < sets ? o.choices : sets);
            assert_int_equal(a.sets.more, o.choices > sets);
        }
        ctx_release(&ctx);
    }
}

static void make_small(struct instance *t, uint64_t *seed) {
    size_t n = (size_t)between(seed, 0, 6);
    enum knapsack_variant variant = (enum knapsack_variant)between(seed, 0, 3);
    int64_t range = between(seed, 1, 12), scale = between(seed, 0, 4) ? 1 : INT64_C(10000000);
    n = variant == KNAPSACK_UNBOUNDED && n > 4 ? 4 : n;
    for (size_t i = 0; i < n; i++) {
        t->weight[i] = between(seed, variant == KNAPSACK_UNBOUNDED, range) * scale;
        t->value[i] = between(seed, 0, range);
        t->count[i] = between(seed, 0, 5);
    }
    bind(t, n, between(seed, 0, variant == KNAPSACK_UNBOUNDED ? 30 : 4 * range) * scale);
    t->task.variant = variant;
    if (variant == KNAPSACK_SUBSET_SUM)
        t->task.in.value = t->weight;
    t->task.exact_fill = between(seed, 0, 2) == 0;
    t->task.at_most = between(seed, 0, 2) ? -1 : between(seed, 0, 5);
}

static struct instance instance;

/* The tables of scaled instances would be too large: they leave the tables out by their size, so only small ones go
 * through all algorithms. */
static void small_ones_equal_enumeration(void **state) {
    (void)state;
    uint64_t seed = 20;
    for (int round = 0; round < 4000; round++) {
        make_small(&instance, &seed);
        if (instance.task.in.capacity <= 200)
            solve_and_compare(&instance, between(&seed, 0, 3) ? 3 : 100000);
    }
}

static void great_capacities_equal_enumeration(void **state) {
    (void)state;
    uint64_t seed = 21;
    for (int round = 0; round < 3000; round++) {
        make_small(&instance, &seed);
        struct oracle o = oracle_of(&instance.task);
        struct ctx ctx;
        struct knapsack_answer a;
        ctx_init(&ctx, (size_t)512 << 20);
        instance.task.sets = 5;
        assert_int_equal(knapsack_task_solve(&ctx, &instance.task, &a), STATUS_OK);
        check_answer(&instance.task, &a);
        assert_true(a.optimal && a.found == (o.best >= 0) && a.value == (o.best < 0 ? 0 : o.best));
        assert_true(!a.found || a.sets.n == (size_t)(o.choices < 5 ? o.choices : 5));
        ctx_release(&ctx);
    }
}

static void several_capacities_equal_enumeration(void **state) {
    (void)state;
    uint64_t seed = 22;
    for (int round = 0; round < 3000; round++) {
        struct instance *t = &instance;
        make_small(t, &seed);
        t->task.dims = (size_t)between(&seed, 1, MAX_D);
        int64_t range = between(&seed, 1, 20), scale = between(&seed, 0, 3) ? 1 : INT64_C(100000000000000);
        for (size_t k = 0; k < t->task.in.n * t->task.dims; k++)
            t->weights[k] =
                between(&seed, k % t->task.dims == 0 && t->task.variant == KNAPSACK_UNBOUNDED, range) * scale;
        for (size_t d = 0; d < t->task.dims; d++)
            t->capacity[d] = between(&seed, 0, t->task.variant == KNAPSACK_UNBOUNDED ? 30 : 3 * range) * scale;
        for (size_t i = 0; t->task.variant == KNAPSACK_SUBSET_SUM && i < t->task.in.n; i++) {
            t->weight[i] = 0; /* which is the value */
            for (size_t d = 0; d < t->task.dims; d++)
                t->weight[i] += t->weights[i * t->task.dims + d];
        }
        if (t->task.exact_fill && round % 2) /* what some choice fills */
            for (size_t d = 0; d < t->task.dims; d++) {
                t->capacity[d] = 0;
                for (size_t i = 0; i < t->task.in.n && i < 3; i++)
                    t->capacity[d] += t->weights[i * t->task.dims + d];
            }
        solve_and_compare(t, between(&seed, 0, 3) ? 4 : 100000);
    }
}

/* KNAPSACK_SETS_CELLS: with a small limit in its place, at it and one past it the same sets; the table is there or not. */
static void a_table_of_sets_is_limited(void **state) {
    (void)state;
    struct instance *t = &instance;
    for (size_t i = 0; i < 5; i++)
        t->weight[i] = t->value[i] = 1 + (int64_t)i;
    bind(t, 5, 9);
    t->task.sets = 100;
    const size_t cells = (9 + 1) * (5 + 1); /* (capacity + 1) * (items + 1) */
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (size_t past = 0; past < 2; past++) {
        struct knapsack_sets sets;
        assert_int_equal(knapsack_sets_list(&ctx, &t->task, 9, cells - past, &sets), STATUS_OK);
        assert_int_equal(sets.n, 3); /* 4 + 5, 1 + 3 + 5, 2 + 3 + 4 */
        assert_int_equal(sets.table, past == 0);
        assert_false(sets.more || sets.stopped);
    }
    ctx_release(&ctx);
}

/* KNAPSACK_CELLS_TRACED: 100 * 100 cells at it, 73 * 137 one past it. */
static void traced_cells_are_limited(void **state) {
    (void)state;
    struct instance *t = &instance;
    for (size_t i = 0; i < 99; i++)
        t->weight[i] = t->value[i] = 1;
    for (int past = 0; past < 2; past++) {
        struct trace trace;
        struct knapsack_answer a;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        bind(t, past ? 72 : 99, past ? 136 : 99);
        t->task.algorithm = KNAPSACK_TABLE_2D;
        t->task.trace = &trace;
        t->task.max_steps = TRACE_MAX_STEPS;
        assert_int_equal(knapsack_task_solve(&ctx, &t->task, &a), past ? STATUS_TOO_LARGE : STATUS_OK);
        if (past)
            assert_string_equal(ctx.err.detail, "The table would have 10001 cells, want at most 10000 for a trace.");
        else
            assert_int_equal(trace.initial.n, KNAPSACK_CELLS_TRACED);
        ctx_release(&ctx);
    }
}

/* -- Large ones against each other -- */

static void solve(struct ctx *ctx, const struct knapsack_task *task, enum knapsack_algorithm algorithm,
                  struct knapsack_answer *a) {
    struct knapsack_task by = *task;
    by.algorithm = algorithm;
    ctx_init(ctx, (size_t)512 << 20);
    assert_int_equal(knapsack_task_solve(ctx, &by, a), STATUS_OK);
    check_answer(&by, a);
    assert_true(a->optimal);
}

/* auto, the table and branch and bound work in ways that have nothing in common but the parts. */
static void middling_ones_agree(void **state) {
    (void)state;
    uint64_t seed = 23;
    for (int round = 0; round < 200; round++) {
        struct instance *t = &instance;
        size_t n = (size_t)between(&seed, 1, 60);
        int64_t range = between(&seed, 5, 200);
        for (size_t i = 0; i < n; i++) {
            t->weight[i] = between(&seed, 1, range);
            t->value[i] = between(&seed, 1, range);
            t->count[i] = between(&seed, 0, 20);
        }
        bind(t, n, between(&seed, 0, 3000));
        t->task.variant = (enum knapsack_variant)between(&seed, 0, 2);
        t->task.exact_fill = round % 3 == 1;
        t->task.at_most = round % 2 ? between(&seed, 1, 30) : -1;
        struct ctx one, two;
        struct knapsack_answer a, b;
        solve(&one, &t->task, KNAPSACK_AUTO, &a);
        solve(&two, &t->task, KNAPSACK_TABLE_1D, &b);
        assert_true(a.found == b.found && a.value == b.value);
        ctx_release(&two);
        if (t->task.at_most >= 0 && !t->task.exact_fill)
            solve(&two, &t->task, KNAPSACK_BRANCH, &b);
        else
            solve(&two, &t->task, t->task.at_most >= 0 ? KNAPSACK_AUTO : KNAPSACK_CORE, &b);
        assert_true(a.found == b.found && a.value == b.value);
        ctx_release(&two);
        ctx_release(&one);
    }
}

static void many_copies_are_few_parts(void **state) {
    (void)state;
    struct instance *t = &instance;
    struct ctx ctx;
    struct knapsack_answer a;
    t->weight[0] = 3, t->value[0] = 4, t->count[0] = INT64_MAX / 8;
    t->weight[1] = 5, t->value[1] = 6, t->count[1] = 2;
    bind(t, 2, INT64_MAX / 4 - 1);
    t->task.variant = KNAPSACK_BOUNDED;
    ctx_init(&ctx, 1 << 24);
    assert_int_equal(knapsack_task_solve(&ctx, &t->task, &a), STATUS_OK);
    assert_true(a.optimal);
    check_answer(&t->task, &a);
    ctx_release(&ctx);
    t->task.variant = KNAPSACK_UNBOUNDED;
    ctx_init(&ctx, 1 << 24);
    assert_int_equal(knapsack_task_solve(&ctx, &t->task, &a), STATUS_OK);
    check_answer(&t->task, &a);
    assert_true(a.optimal && a.value == (INT64_MAX / 4 - 1) / 3 * 4);
    ctx_release(&ctx);
}

/* -- Errors -- */

static void expect_error(const struct knapsack_task *task, enum status status, const char *pointer,
                         const char *detail) {
    struct ctx ctx;
    struct knapsack_answer a;
    ctx_init(&ctx, (size_t)512 << 20);
    assert_int_equal(knapsack_task_solve(&ctx, task, &a), status);
    assert_string_equal(ctx.err.pointer, pointer);
    if (!strstr(ctx.err.detail, detail))
        fail_msg("%s", ctx.err.detail);
    ctx_release(&ctx);
}

static void bad_input_is_named(void **state) {
    (void)state;
    struct instance *t = &instance;
    for (size_t i = 0; i < 41; i++)
        t->weight[i] = t->value[i] = t->count[i] = 1;
    bind(t, 2, 10);
    t->task.variant = KNAPSACK_UNBOUNDED;
    t->weight[1] = 0;
    expect_error(&t->task, STATUS_INVALID, "/values/1", "a value without end");
    t->task.at_most = 3; /* which is an end */
    struct ctx ctx;
    struct knapsack_answer a;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(knapsack_task_solve(&ctx, &t->task, &a), STATUS_OK);
    assert_true(a.value == 3);
    ctx_release(&ctx);
    t->weight[1] = -1;
    expect_error(&t->task, STATUS_INVALID, "/weights/1", "weights[1] is -1, want an integer of at least 0.");
    t->weight[1] = 1;
    t->task.variant = KNAPSACK_BOUNDED;
    t->count[0] = INT64_MIN;
    t->task.in.form = KNAPSACK_ITEMS;
    expect_error(&t->task, STATUS_INVALID, "/items/0/count", "items[0].count is -9223372036854775808, want");
    t->count[0] = 4;
    t->value[0] = INT64_MAX / 3;
    t->task.at_most = -1;
    expect_error(&t->task, STATUS_INVALID, "/items/0/value", "passes 9223372036854775807");
    t->value[0] = 1;
    bind(t, 41, 40);
    t->task.algorithm = KNAPSACK_MEET;
    expect_error(&t->task, STATUS_TOO_LARGE, "/algorithm", "There are 41 items");
    t->task.in.n = KNAPSACK_MEET_PARTS;
    ctx_init(&ctx, (size_t)512 << 20);
    assert_int_equal(knapsack_task_solve(&ctx, &t->task, &a), STATUS_OK);
    assert_true(a.value == 40);
    ctx_release(&ctx);
}

/* 63 parts an item: 200000 items are 12.6 million of them. */
static void too_many_parts_are_refused(void **state) {
    (void)state;
    enum { N = 200 * 1000 };
    struct instance *t = &instance;
    int64_t *zero = calloc(N, sizeof *zero), *count = malloc(N * sizeof *count);
    for (size_t i = 0; i < N; i++)
        count[i] = INT64_MAX;
    bind(t, N, 1);
    t->task.variant = KNAPSACK_BOUNDED;
    t->task.in.weight = t->task.in.value = zero;
    t->task.count = count;
    t->task.sets = 1;
    expect_error(&t->task, STATUS_TOO_LARGE, "",
                 "The copies make 12600000 parts (powers of two), want at most 10000000.");
    free(zero);
    free(count);
}

/* Tables are refused past their number of cells, and made at it. */
static void tables_have_a_limit(void **state) {
    (void)state;
    struct instance *t = &instance;
    for (size_t i = 0; i < 4; i++)
        t->weight[i] = KNAPSACK_CELLS_1D, t->value[i] = 1;
    bind(t, 1, KNAPSACK_CELLS_1D);
    t->task.algorithm = KNAPSACK_TABLE_1D;
    t->task.exact_fill = true;
    expect_error(&t->task, STATUS_TOO_LARGE, "/algorithm", "would have 100000001 cells, want at most 100000000.");
    t->weight[0] = t->task.in.capacity = KNAPSACK_CELLS_2D;
    expect_error(&t->task, STATUS_TOO_LARGE, "/algorithm",
                 "A row of the table would have 40000001 cells, want at most");
    t->weight[0] = t->task.in.capacity = KNAPSACK_CELLS_2D - 1;
    t->task.in.n = 1;
    struct ctx ctx;
    struct knapsack_answer a;
    solve(&ctx, &t->task, KNAPSACK_TABLE_1D, &a);
    assert_true(a.value == 1);
    ctx_release(&ctx);
    t->weight[0] = t->task.in.capacity = INT64_MAX;
    expect_error(&t->task, STATUS_TOO_LARGE, "/algorithm", "more than 4611686018427387904 cells");
    t->task.algorithm = KNAPSACK_TABLE_2D;
    t->weight[0] = t->task.in.capacity = KNAPSACK_CELLS_2D / 2;
    expect_error(&t->task, STATUS_TOO_LARGE, "/algorithm", "would have 40000002 cells, want at most 40000000.");
}

/* An exact fill of a subset sum needs no product of sums, and one of common divisors is decided by them; what passes 63
 * bits beyond that is refused. */
static void exact_fills_of_great_numbers(void **state) {
    (void)state;
    enum { N = 300 };
    static int64_t w[N], p[N];
    struct instance *t = &instance;
    struct ctx ctx;
    struct knapsack_answer a;
    for (int round = 0; round < 4; round++) {
        size_t n = round == 0 ? 41 : N;
        for (size_t i = 0; i < n; i++) {
            w[i] = round == 0 ? 4000000000 + 2 * (int64_t)i : 1000000000000000 * (2 + 2 * (int64_t)(i % 10));
            p[i] = round == 3 ? 7 + (int64_t)i : w[i];
        }
        bind(t, n, round == 0 ? 20000000020 : round == 1 ? 20000000000000001 : 20000000000000000);
        t->task.in.weight = w;
        t->task.in.value = p;
        t->task.variant = round == 3 ? KNAPSACK_01 : KNAPSACK_SUBSET_SUM;
        t->task.exact_fill = true;
        solve(&ctx, &t->task, KNAPSACK_AUTO, &a);
        assert_true(a.optimal && a.found == (round != 1));
        assert_true(!a.found || a.weight == t->task.in.capacity);
        ctx_release(&ctx);
    }
    w[0] = 1000000000000000 + 1; /* no common divisor any more */
    expect_error(&t->task, STATUS_TOO_LARGE, "/exact_fill", "over their common divisor");
    t->task.in.n = KNAPSACK_MEET_PARTS;
    solve(&ctx, &t->task, KNAPSACK_AUTO, &a);
    assert_true(a.optimal && a.algorithm == KNAPSACK_MEET);
    ctx_release(&ctx);
}

/* -- Traces -- */

static void the_trace_replays_to_the_answer(void **state) {
    (void)state;
    uint64_t seed = 24;
    for (int round = 0; round < 600; round++) {
        make_small(&instance, &seed);
        struct knapsack_task task = instance.task;
        struct ctx ctx;
        struct trace trace;
        struct knapsack_answer a, b;
        if (task.in.capacity > 60)
            continue;
        solve(&ctx, &task, KNAPSACK_TABLE_1D, &b);
        int64_t value = b.value;
        bool found = b.found;
        ctx_release(&ctx);
        task.trace = &trace;
        task.max_steps = TRACE_MAX_STEPS;
        task.algorithm = round % 2 ? KNAPSACK_TABLE_2D : KNAPSACK_TABLE_1D;
        ctx_init(&ctx, 1 << 26);
        if (knapsack_task_solve(&ctx, &task, &a) != STATUS_OK) {
            assert_string_equal(ctx.err.pointer, "/trace");
            ctx_release(&ctx);
            continue;
        }
        check_answer(&task, &a);
        assert_true(a.found == found && a.value == value && trace.total == trace.n);
        int64_t *cells = trace.initial.ints, took = 0;
        for (size_t k = 0; k < trace.n; k++) {
            const struct trace_step *s = &trace.steps[k];
            if (strcmp(s->op, "set") == 0)
                cells[s->at[0]] = s->values.ints[0];
            if (strcmp(s->op, "take") == 0)
                took += task.in.value[s->vars[0].value.i] * s->vars[1].value.i;
        }
        assert_true(took == value && cells[trace.initial.n - 1] == (found ? value : -1));
        ctx_release(&ctx);
    }
}

static void a_long_trace_is_refused(void **state) {
    (void)state;
    struct trace trace;
    struct instance *t = &instance;
    for (size_t i = 0; i < 11; i++)
        t->weight[i] = t->value[i] = 1;
    bind(t, 11, 999);
    t->task.trace = &trace;
    t->task.max_steps = 5;
    expect_error(&t->task, STATUS_TOO_LARGE, "/trace", "would have 11000 cells, want at most 10000 for a trace.");
    t->task.in.n = 10;
    struct ctx ctx;
    struct knapsack_answer a;
    solve(&ctx, &t->task, KNAPSACK_AUTO, &a);
    assert_int_equal(a.algorithm, KNAPSACK_TABLE_1D);
    assert_true(a.value == 10 && trace.n == 5 && trace.total > 5);
    ctx_release(&ctx);
}

/* -- Ends -- */

static void make_middling(struct instance *t, size_t n, uint64_t *seed) {
    for (size_t i = 0; i < n; i++) {
        t->weight[i] = between(seed, 1000, 2000);
        t->value[i] = t->weight[i] + 100;
        t->count[i] = between(seed, 1, 5);
        for (size_t d = 0; d < 2; d++)
            t->weights[2 * i + d] = between(seed, 1000, 2000);
    }
    t->capacity[0] = t->capacity[1] = (int64_t)n * 600;
    bind(t, n, (int64_t)n * 600 + 7);
}

static void each_way(struct instance *t, int way) {
    t->task.variant = (enum knapsack_variant)(way % 3);
    t->task.exact_fill = way & 1 && way != 5;
    t->task.at_most = way & 2 ? (int64_t)t->task.in.n / 4 : -1;
    t->task.dims = way == 5 ? 2 : 0;
    t->task.algorithm = way == 6 ? KNAPSACK_BRANCH : KNAPSACK_AUTO;
}
enum { WAYS = 7 };

static void ends_leave_a_valid_answer(void **state) {
    (void)state;
    uint64_t seed = 25;
    for (int way = 0; way < WAYS; way++) {
        make_middling(&instance, 300, &seed);
        each_way(&instance, way);
        atomic_int stop = STOP_DEADLINE;
        struct ctx ctx;
        struct knapsack_answer a;
        ctx_init(&ctx, (size_t)256 << 20);
        ctx.stop = &stop;
        assert_int_equal(knapsack_task_solve(&ctx, &instance.task, &a), STATUS_OK);
        check_answer(&instance.task, &a);
        assert_true(a.optimal || a.end == KNAPSACK_DEADLINE);
        ctx_release(&ctx);
        stop = STOP_CANCEL;
        ctx_init(&ctx, (size_t)256 << 20);
        ctx.stop = &stop;
        enum status status = knapsack_task_solve(&ctx, &instance.task, &a);
        assert_true(status == STATUS_CANCELLED || (status == STATUS_OK && a.optimal));
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 26;
    for (int way = 0; way < WAYS; way++) {
        size_t k = 0;
        make_middling(&instance, 10, &seed);
        each_way(&instance, way);
        instance.task.sets = instance.task.dims ? 0 : 3;
        for (enum status status = STATUS_NO_MEMORY; status != STATUS_OK; k++) {
            struct ctx ctx;
            struct knapsack_answer a;
            ctx_init(&ctx, (size_t)256 << 20);
            ctx.fail_after = k;
            status = knapsack_task_solve(&ctx, &instance.task, &a);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            if (status == STATUS_OK)
                check_answer(&instance.task, &a);
            ctx_release(&ctx);
        }
        assert_true(k > 3);
    }
}

static void the_same_input_gives_the_same_answer(void **state) {
    (void)state;
    uint64_t seed = 27;
    for (int round = 0; round < 300; round++) {
        make_small(&instance, &seed);
        instance.task.sets = 10;
        struct ctx one, two;
        struct knapsack_answer a, b;
        ctx_init(&one, (size_t)256 << 20);
        ctx_init(&two, (size_t)256 << 20);
        assert_int_equal(knapsack_task_solve(&one, &instance.task, &a), STATUS_OK);
        assert_int_equal(knapsack_task_solve(&two, &instance.task, &b), STATUS_OK);
        assert_true(same(&a.chosen, &b.chosen) && a.sets.n == b.sets.n);
        for (size_t k = 0; k < a.sets.n; k++)
            assert_true(same(&a.sets.set[k].chosen, &b.sets.set[k].chosen));
        ctx_release(&one);
        ctx_release(&two);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_equal_enumeration),
        cmocka_unit_test(great_capacities_equal_enumeration),
        cmocka_unit_test(several_capacities_equal_enumeration),
        cmocka_unit_test(a_table_of_sets_is_limited),
        cmocka_unit_test(traced_cells_are_limited),
        cmocka_unit_test(middling_ones_agree),
        cmocka_unit_test(many_copies_are_few_parts),
        cmocka_unit_test(bad_input_is_named),
        cmocka_unit_test(too_many_parts_are_refused),
        cmocka_unit_test(tables_have_a_limit),
        cmocka_unit_test(exact_fills_of_great_numbers),
        cmocka_unit_test(the_trace_replays_to_the_answer),
        cmocka_unit_test(a_long_trace_is_refused),
        cmocka_unit_test(ends_leave_a_valid_answer),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_same_input_gives_the_same_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
