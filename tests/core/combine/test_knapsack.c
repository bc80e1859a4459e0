#include "core/combine/knapsack.h"
#include "tests/support/test.h"

enum { MAX_N = 20000 };

struct instance {
    size_t n;
    int64_t capacity, weight[MAX_N], value[MAX_N];
};

static struct knapsack_in in_of(const struct instance *t) {
    return (struct knapsack_in){t->n, t->weight, t->value, 1, t->capacity, KNAPSACK_COLUMNS};
}

/* check_answer believes nothing: the indices ascend, the sums are theirs, they fit, and the bound agrees with
 * `optimal`. */
static void check_answer(const struct instance *t, const struct knapsack_out *out) {
    int64_t value = 0, weight = 0;
    for (size_t k = 0; k < out->chosen.n; k++) {
        int64_t i = out->chosen.ints[k];
        assert_true(i >= 0 && i < (int64_t)t->n);
        assert_true(k == 0 || out->chosen.ints[k - 1] < i);
        value += t->value[i];
        weight += t->weight[i];
    }
    assert_true(weight == out->weight && weight <= t->capacity);
    assert_true(value == out->value && value <= out->bound);
    assert_true(out->optimal == (out->value == out->bound));
    assert_true(out->optimal || out->end != KNAPSACK_COMPLETE);
    assert_true(out->stats.max_states <= out->stats.states && out->stats.core <= out->stats.items);
}

/* -- Random instances of all shapes -- */

enum shape {
    UNCORRELATED,
    WEAKLY,
    STRONGLY,
    INVERSE,
    ALMOST,
    SUBSET_SUM,
    EVEN_ODD,
    SIMILAR,
    CEILING,
    MULTIPLE,
    SPANNER,
    ZEROS,
    ALIKE,
    GIGANTIC,
    SHAPES
};

static int64_t between(uint64_t *seed, int64_t lo, int64_t hi) {
    return lo + (int64_t)test_below(seed, (uint64_t)(hi - lo) + 1);
}

static int64_t value_of(enum shape shape, uint64_t *seed, int64_t w, int64_t r) {
    int64_t k = r / 10 + 1;
    switch (shape) {
    case WEAKLY: return between(seed, w > k ? w - k : 1, w + k);
    case STRONGLY:
    case EVEN_ODD: return w + k;
    case INVERSE: return w > k ? w - k : 1;
    case ALMOST: return between(seed, w + k - k / 2, w + k + k / 2);
    case SUBSET_SUM: return w;
    case CEILING: return (w + 2) / 3 * 3;
    case MULTIPLE: return w % 6 ? w + 2 * k : w + 3 * k;
    default: return between(seed, 1, r);
    }
}

static void make_item(enum shape shape, uint64_t *seed, int64_t r, int64_t *weight, int64_t *value) {
    int64_t w = between(seed, 1, r);
    if (shape == EVEN_ODD)
        w *= 2;
    if (shape == SIMILAR)
        w += 100 * r;
    *weight = w;
    *value = value_of(shape, seed, w, r);
    if (shape == SPANNER || shape == ALIKE) { /* multiples of two items; two items */
        int64_t kind = between(seed, 0, 1), times = shape == ALIKE ? 1 : between(seed, 1, 10);
        *weight = (r / 7 + 3 * kind + 1) * times;
        *value = (r / 6 + 4 * kind + 1) * times;
    }
    if (shape == ZEROS) {
        *weight *= between(seed, 0, 1);
        *value *= between(seed, 0, 2) > 0;
    }
}

static void make(struct instance *t, enum shape shape, size_t n, int64_t r, uint64_t *seed) {
    int64_t sum = 0;
    t->n = n;
    if (shape == GIGANTIC && n)
        r = INT64_MAX / (int64_t)n / 2;
    for (size_t i = 0; i < n; i++) {
        make_item(shape, seed, r, &t->weight[i], &t->value[i]);
        sum += t->weight[i];
    }
    switch (test_below(seed, 8)) {
    case 0: t->capacity = 0; break;
    case 1: t->capacity = INT64_MAX; break;
    case 2: t->capacity = sum; break;
    case 3: t->capacity = sum ? sum - 1 : 0; break;
    default: t->capacity = between(seed, 0, sum); break;
    }
}

static int64_t brute_force(const struct instance *t) {
    int64_t best = 0;
    for (uint32_t set = 0; set < UINT32_C(1) << t->n; set++) {
        int64_t weight = 0, value = 0;
        for (size_t i = 0; i < t->n; i++)
            if (set >> i & 1) {
                weight += t->weight[i];
                value += t->value[i];
            }
        if (weight <= t->capacity && value > best)
            best = value;
    }
    return best;
}

/* textbook is the table over all capacities, values only. */
static int64_t textbook(const struct instance *t) {
    int64_t sum = 0;
    for (size_t i = 0; i < t->n; i++)
        sum += t->weight[i];
    size_t c = (size_t)(t->capacity < sum ? t->capacity : sum);
    int64_t *best = calloc(c + 1, sizeof *best);
    for (size_t i = 0; i < t->n; i++)
        for (size_t w = c + 1; w-- > (size_t)t->weight[i];) {
            int64_t with = best[w - (size_t)t->weight[i]] + t->value[i];
            best[w] = with > best[w] ? with : best[w];
        }
    int64_t answer = best[c];
    free(best);
    return answer;
}

/* Who watches must see values rise and bounds sink, with the optimum between them. */
struct checker {
    struct knapsack_watch watch;
    int64_t optimum, value, bound;
    int told;
};

static void check_told(struct knapsack_watch *self, int64_t value, int64_t bound) {
    struct checker *c = (struct checker *)self;
    if (value < c->value || bound > c->bound || value > c->optimum || bound < c->optimum ||
        (value == c->value && bound == c->bound))
        fail_msg("told %lld, %lld after %lld, %lld; the optimum is %lld", (long long)value, (long long)bound,
                 (long long)c->value, (long long)c->bound, (long long)c->optimum);
    c->value = value;
    c->bound = bound;
    c->told++;
}

static int times_told;

/* watching changes nothing. */
static void solve_watched(const struct instance *t, const struct knapsack_out *want) {
    struct checker checker = {{check_told}, want->value, -1, INT64_MAX, 0};
    struct knapsack_in in = in_of(t);
    struct knapsack_out out;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    in.watch = &checker.watch;
    assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
    assert_memory_equal(&out.stats, &want->stats, sizeof out.stats);
    assert_true(out.value == want->value && out.chosen.n == want->chosen.n);
    assert_memory_equal(out.chosen.ints, want->chosen.ints, out.chosen.n * 8);
    times_told += checker.told;
    ctx_release(&ctx);
}

static void solve_and_compare(const struct instance *t, int64_t optimum) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct knapsack_out out;
    const struct knapsack_in in = in_of(t);
    assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
    check_answer(t, &out);
    assert_true(out.optimal);
    if (out.value != optimum)
        fail_msg("%zu items into %lld: got %lld, want %lld", t->n, (long long)t->capacity, (long long)out.value,
                 (long long)optimum);
    solve_watched(t, &out);
    ctx_release(&ctx);
}

static struct instance instance;

static void small_ones_equal_brute_force(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 60; round++)
        for (int shape = 0; shape < SHAPES; shape++)
            for (size_t n = 0; n <= 13; n += 1 + (n > 4)) {
                make(&instance, shape, n, 3 + (int64_t)test_below(&seed, round % 2 ? 1000 : 10), &seed);
                solve_and_compare(&instance, brute_force(&instance));
            }
    for (int shape = 0; shape < SHAPES; shape++) {
        make(&instance, shape, 16, 1000, &seed);
        solve_and_compare(&instance, brute_force(&instance));
    }
}

static void middling_ones_equal_the_table(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 30; round++)
        for (int shape = 0; shape < GIGANTIC; shape++) {
            size_t n = (size_t)between(&seed, 20, 60);
            make(&instance, shape, n, round % 2 ? 100 : 12, &seed);
            solve_and_compare(&instance, textbook(&instance));
        }
}

/* More than 64 core items, and more than the states that the cardinality bound waits for: the history and the prices
 * are used. */
static void large_ones_equal_the_table(void **state) {
    (void)state;
    static const struct {
        enum shape shape;
        size_t n;
        int64_t r;
    } rows[] = {{STRONGLY, 700, 300}, {INVERSE, 700, 300},      {ALMOST, 600, 300},   {MULTIPLE, 700, 200},
                {SPANNER, 900, 60},   {SIMILAR, 200, 20},       {CEILING, 600, 300},  {EVEN_ODD, 500, 200},
                {WEAKLY, 700, 300},   {UNCORRELATED, 700, 300}, {STRONGLY, 900, 800}, {INVERSE, 900, 800},
                {ALMOST, 900, 600},   {SPANNER, 4000, 40}};
    uint64_t seed = 3;
    int64_t core = 0, states = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        make(&instance, rows[i].shape, rows[i].n, rows[i].r, &seed);
        int64_t sum = 0;
        for (size_t j = 0; j < rows[i].n; j++)
            sum += instance.weight[j];
        instance.capacity = sum / 100 * (int64_t)(20 + 5 * i) + 1;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct knapsack_out out;
        const struct knapsack_in in = in_of(&instance);
        assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
        check_answer(&instance, &out);
        assert_true(out.optimal && out.value == textbook(&instance));
        solve_watched(&instance, &out);
        core = out.stats.core > core ? out.stats.core : core;
        states = out.stats.states > states ? out.stats.states : states;
        ctx_release(&ctx);
    }
    assert_true(core > 128 && states > 30000);
    assert_true(times_told > 100);
}

/* -- Single cases -- */

struct row {
    const char *name;
    size_t n;
    int64_t weight[6], value[6], capacity;
    int64_t chosen[6], n_chosen;
};

static const struct row rows[] = {
    {"nothing", 0, {0}, {0}, 10, {0}, 0},
    {"no room", 2, {1, 2}, {5, 6}, 0, {0}, 0},
    {"no weight", 3, {0, 0, 4}, {7, 0, 9}, 0, {0}, 1},
    {"all fit", 3, {1, 2, 3}, {4, 0, 5}, 6, {0, 2}, 2},
    {"none fits", 2, {8, 9}, {1, 2}, 7, {0}, 0},
    {"one exactly", 1, {7}, {1}, 7, {0}, 1},
    {"greedy is wrong", 2, {1, 10}, {2, 10}, 10, {1}, 1},
    {"the greatest integers", 2, {INT64_MAX - 1, 1}, {INT64_MAX - 1, 1}, INT64_MAX - 1, {0}, 1},
    {"a capacity beyond all", 2, {INT64_MAX - 1, 1}, {1, INT64_MAX - 1}, INT64_MAX, {0, 1}, 2},
    {"halves of the greatest",
     2,
     {INT64_MAX / 2, INT64_MAX / 2 + 1},
     {INT64_MAX / 2, INT64_MAX / 2 + 1},
     INT64_MAX - 1,
     {1},
     1},
};

/* Groups of nearly equal items (Jooken et al. 2022) are hard enough for the sums that open items reach, and for
 * dives. */
static void make_groups(struct instance *t, size_t n, int64_t c, int64_t groups, uint64_t *seed) {
    t->n = n;
    t->capacity = c;
    for (size_t i = 0; i < n; i++) {
        int64_t size = i < n / 3 ? 0 : c >> (1 + i % (size_t)groups);
        t->weight[i] = size + between(seed, 1, 300);
        t->value[i] = size + between(seed, 1, 300);
    }
}

static void groups_equal_the_table(void **state) {
    (void)state;
    static const size_t megabytes[] = {64, 64, 6, 2, 1};
    uint64_t seed = 9;
    int64_t optimum = 0;
    for (size_t i = 0; i < COUNT(megabytes); i++) {
        if (i < 2) {
            make_groups(&instance, 400, 1000000, 6, &seed);
            optimum = textbook(&instance);
        }
        struct ctx ctx;
        ctx_init(&ctx, megabytes[i] << 20);
        struct knapsack_out out;
        const struct knapsack_in in = in_of(&instance);
        assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
        check_answer(&instance, &out);
        assert_true(out.value <= optimum && optimum <= out.bound);
        assert_true(out.optimal || out.stats.given_up > 0);
        if (i == 0) /* as many as these bounds begin with */
            assert_true(out.optimal && out.stats.states > 2200000);
        ctx_release(&ctx);
    }
}

static void single_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        const struct knapsack_in in = {row->n, row->weight, row->value, 1, row->capacity, KNAPSACK_COLUMNS};
        struct knapsack_out out;
        assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
        if (!out.optimal || (int64_t)out.chosen.n != row->n_chosen ||
            memcmp(out.chosen.ints, row->chosen, out.chosen.n * sizeof(int64_t)) != 0)
            fail_msg("%s: wrong choice", row->name);
        ctx_release(&ctx);
    }
}

static void bad_input_is_named(void **state) {
    (void)state;
    static const struct {
        int64_t weight[3], value[3], capacity;
        enum knapsack_form form;
        const char *pointer, *detail;
    } bad[] = {
        {{1, -2, 3}, {1, 2, 3}, 5, KNAPSACK_COLUMNS, "/weights/1", "weights[1] is -2, want an integer of at least 0."},
        {{1, 2, 3},
         {1, 2, INT64_MIN},
         5,
         KNAPSACK_ITEMS,
         "/items/2/value",
         "items[2].value is -9223372036854775808, want an integer of at least 0."},
        {{1, 2, 3}, {1, 2, 3}, -1, KNAPSACK_ITEMS, "/capacity", "capacity is -1, want an integer of at least 0."},
        {{INT64_MAX, 0, 1},
         {1, 2, 3},
         5,
         KNAPSACK_ITEMS,
         "/items/2/weight",
         "items[2].weight is 1, which takes the sum of its kind past 9223372036854775807; want a sum of at most that."},
        {{1, 2, 3},
         {2, INT64_MAX, 0},
         5,
         KNAPSACK_COLUMNS,
         "/values/1",
         "values[1] is 9223372036854775807, which takes the sum of its kind past 9223372036854775807; want a sum of at "
         "most that."},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        const struct knapsack_in in = {3, bad[i].weight, bad[i].value, 1, bad[i].capacity, bad[i].form};
        struct knapsack_out out;
        assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, bad[i].pointer);
        assert_string_equal(ctx.err.detail, bad[i].detail);
        ctx_release(&ctx);
    }
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    int64_t one = 1;
    const struct knapsack_in in = {KNAPSACK_MAX_ITEMS + 1, &one, &one, 0, 1, KNAPSACK_COLUMNS};
    struct knapsack_out out;
    assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_TOO_LARGE);
    assert_string_equal(ctx.err.detail, "There are 10000001 items, want at most 10000000.");
    ctx_release(&ctx);
}

static void pairs_and_columns_agree(void **state) {
    (void)state;
    static const int64_t pairs[] = {12, 4, 2, 2, 1, 1, 1, 2, 4, 10};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    const struct knapsack_in in = {5, pairs, pairs + 1, 2, 15, KNAPSACK_ITEMS};
    struct knapsack_out out;
    assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
    assert_true(out.value == 15 && out.weight == 8 && out.chosen.n == 4);
    ctx_release(&ctx);
}

/* -- Limits -- */

static void a_deadline_leaves_a_valid_answer(void **state) {
    (void)state;
    uint64_t seed = 4;
    atomic_int stop = STOP_DEADLINE;
    for (int round = 0; round < 200; round++) {
        make(&instance, round % GIGANTIC, (size_t)between(&seed, 1, 60), 50, &seed);
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.stop = &stop;
        const struct knapsack_in in = in_of(&instance);
        struct knapsack_out out;
        assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_OK);
        check_answer(&instance, &out);
        int64_t optimum = textbook(&instance);
        assert_true(out.value <= optimum && optimum <= out.bound);
        ctx_release(&ctx);
    }
}

static void a_cancelled_search_says_so(void **state) {
    (void)state;
    uint64_t seed = 5;
    make(&instance, UNCORRELATED, 100, 1000, &seed);
    instance.capacity = 20000;
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    const struct knapsack_in in = in_of(&instance);
    struct knapsack_out out;
    assert_int_equal(knapsack_solve(&ctx, &in, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
}

/* solve_within solves with so much memory; true where it gave states up. */
static bool solve_within(size_t cap, struct knapsack_out *out) {
    struct ctx ctx;
    ctx_init(&ctx, cap);
    const struct knapsack_in in = in_of(&instance);
    assert_int_equal(knapsack_solve(&ctx, &in, out), STATUS_OK);
    assert_int_equal(ctx.err.detail[0], '\0');
    check_answer(&instance, out);
    out->chosen = (struct array){0};
    ctx_release(&ctx);
    return out->stats.given_up > 0;
}

/* With little memory states are given up: the answer may be worse, the bound holds, and `optimal` is never wrong. */
static void little_memory_leaves_a_valid_answer(void **state) {
    (void)state;
    static const enum shape shapes[] = {STRONGLY, ALMOST, MULTIPLE, INVERSE};
    uint64_t seed = 6;
    int given_up = 0, worse = 0;
    for (int round = 0; round < 16; round++) {
        make(&instance, shapes[round % 4], 100, 50000, &seed);
        instance.capacity = between(&seed, 400000, 1500000);
        struct knapsack_out full, out;
        assert_false(solve_within((size_t)64 << 20, &full));
        assert_true(full.optimal);
        for (size_t cap = 20000; cap < 1000000; cap = cap * 3 / 2)
            if (solve_within(cap, &out)) {
                assert_true(out.value <= full.value && full.value <= out.bound);
                given_up++;
                worse += out.value < full.value;
            }
    }
    assert_true(given_up > 10 && worse > 3);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 7;
    make(&instance, SPANNER, 900, 60, &seed);
    instance.capacity = 40000;
    int64_t optimum = textbook(&instance);
    bool complete = false;
    int no_memory = 0, partial = 0;
    for (size_t fail_after = 0; !complete; fail_after++) {
        assert_in_range(fail_after, 0, 200);
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        ctx.fail_after = fail_after;
        const struct knapsack_in in = in_of(&instance);
        struct knapsack_out out;
        enum status status = knapsack_solve(&ctx, &in, &out);
        if (status == STATUS_OK) {
            check_answer(&instance, &out);
            assert_true(out.value <= optimum && optimum <= out.bound);
            complete = out.optimal && ctx.fail_after > 0;
            partial += !out.optimal;
        } else {
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_int_not_equal(ctx.err.detail[0], '\0');
            no_memory++;
        }
        ctx_release(&ctx);
    }
    assert_true(no_memory > 0);
    (void)partial;
}

static void the_same_input_gives_the_same_answer(void **state) {
    (void)state;
    uint64_t seed = 8;
    make(&instance, ALMOST, 2000, 1000, &seed);
    instance.capacity = 300000;
    struct ctx ctx[2];
    struct knapsack_out out[2];
    const struct knapsack_in in = in_of(&instance);
    for (int i = 0; i < 2; i++) {
        ctx_init(&ctx[i], 64 << 20);
        assert_int_equal(knapsack_solve(&ctx[i], &in, &out[i]), STATUS_OK);
        check_answer(&instance, &out[i]);
    }
    assert_int_equal(out[0].chosen.n, out[1].chosen.n);
    assert_memory_equal(out[0].chosen.ints, out[1].chosen.ints, out[0].chosen.n * sizeof(int64_t));
    assert_memory_equal(&out[0].stats, &out[1].stats, sizeof out[0].stats);
    ctx_release(&ctx[0]);
    ctx_release(&ctx[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_cases),
        cmocka_unit_test(bad_input_is_named),
        cmocka_unit_test(pairs_and_columns_agree),
        cmocka_unit_test(small_ones_equal_brute_force),
        cmocka_unit_test(middling_ones_equal_the_table),
        cmocka_unit_test(large_ones_equal_the_table),
        cmocka_unit_test(groups_equal_the_table),
        cmocka_unit_test(a_deadline_leaves_a_valid_answer),
        cmocka_unit_test(a_cancelled_search_says_so),
        cmocka_unit_test(little_memory_leaves_a_valid_answer),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_same_input_gives_the_same_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
