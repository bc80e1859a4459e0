#include "core/sort/sort_trace.h"
#include "tests/support/test.h"

#include <float.h>

static const enum sort_algorithm ALL[] = {SORT_COUNTING, SORT_RADIX, SORT_BUCKET, SORT_HEAP, SORT_MERGE, SORT_QUICK};

static size_t size_of(const struct array *a) { return a->kind == KIND_STRING ? sizeof(struct str) : 8; }

/* replay makes the writes of a trace on its initial values, and checks that each step shows what then stands there. */
static void replay(struct ctx *ctx, const struct trace *t, struct array *a) {
    *a = t->initial;
    size_t size = size_of(a);
    a->data = ctx_alloc(ctx, a->n, size);
    assert_non_null(a->data);
    if (a->n)
        memcpy(a->data, t->initial.data, a->n * size);
    char *p = a->data;
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_step *s = &t->steps[i];
        assert_int_equal(s->values.n, s->n_at);
        if (!strcmp(s->op, "swap") || !strcmp(s->op, "set"))
            for (size_t k = 0; k < s->n_at; k++)
                memcpy(p + (size_t)s->at[k] * size, (char *)s->values.data + k * size, size);
        for (size_t k = 0; k < s->n_at; k++)
            assert_memory_equal(p + (size_t)s->at[k] * size, (char *)s->values.data + k * size, size);
    }
}

static enum status run_trace(struct ctx *ctx, const struct sort_in *in, enum sort_algorithm algorithm, size_t max_steps,
                             struct trace *t) {
    enum status status = trace_begin(ctx, t, max_steps, &in->values);
    return status == STATUS_OK ? sort_trace(ctx, in, algorithm, t) : status;
}

static void check(const struct array *values) {
    for (int descending = 0; descending < 2; descending++)
        for (size_t k = 0; k < COUNT(ALL); k++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 30);
            struct sort_in in = {*values, descending, false, false, SORT_AUTO};
            struct sort_out want;
            struct trace t, cut;
            struct array a;
            assert_int_equal(sort_solve(&ctx, &in, &want), STATUS_OK);
            assert_int_equal(run_trace(&ctx, &in, ALL[k], 5 * 1000 * 1000, &t), STATUS_OK);
            assert_int_equal(t.n, t.total);
            replay(&ctx, &t, &a);
            for (size_t i = 0; i < values->n; i++) {
                if (values->kind == KIND_STRING) {
                    assert_int_equal(a.strings[i].n, want.values.strings[i].n);
                    assert_memory_equal(a.strings[i].p, want.values.strings[i].p, a.strings[i].n);
                } else if (a.ints[i] != want.values.ints[i]) {
                    fail_msg("%s, n %zu, place %zu", sort_algorithm_names[ALL[k]], values->n, i);
                }
            }
            assert_int_equal(run_trace(&ctx, &in, ALL[k], 3, &cut), STATUS_OK);
            assert_int_equal(cut.total, t.total);
            assert_int_equal(cut.n, t.total < 3 ? t.total : 3);
            ctx_release(&ctx);
        }
}

static void replayed_traces_are_sorted(void **state) {
    (void)state;
    enum { MANY = 200 };
    static int64_t ints[MANY];
    static double reals[MANY];
    static struct str words[MANY];
    static char text[MANY][24];
    uint64_t seed = 4;
    for (int round = 0; round < 60; round++) {
        size_t n = round < 50 ? test_below(&seed, 24) : MANY;
        for (size_t i = 0; i < n; i++) {
            uint64_t range = round % 3 == 0 ? 3 : round % 3 == 1 ? 1000 : UINT64_MAX;
            ints[i] = round % 7 == 0 ? (int64_t)i : round % 7 == 1 ? -(int64_t)i : (int64_t)test_below(&seed, range);
            reals[i] = (double)ints[i] * (i % 2 ? -0.125 : 0.125);
            words[i] = (struct str){text[i], (size_t)snprintf(text[i], 24, "%.*s%llx", (int)test_below(&seed, 12),
                                                              "aaaaaaaaaaaaaaaa", (unsigned long long)ints[i] % 300)};
        }
        const struct array arrays[] = {array_1d(KIND_INT, ints, n), array_1d(KIND_REAL, reals, n),
                                       array_1d(KIND_STRING, words, n)};
        for (size_t k = 0; k < COUNT(arrays); k++)
            check(&arrays[k]);
    }
}

static void extremes(void **state) {
    (void)state;
    int64_t ints[] = {0, INT64_MAX, INT64_MIN, 7, INT64_MAX, INT64_MIN, 1, 2, -1, 3};
    double reals[] = {0.0, -0.0, DBL_MAX, -DBL_MAX, -0.0, 0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, 1, 1};
    struct str words[] = {{"", 0},          {"\xf0\x9f\x98\x80", 4}, {"", 0},  {"z", 1},
                          {"zz", 2},        {"\xc3\xa9", 2},         {"z", 1}, {"a", 1},
                          {"aaaaaaaaa", 9}, {"aaaaaaaab", 9}};
    const struct array arrays[] = {array_1d(KIND_INT, ints, COUNT(ints)), array_1d(KIND_REAL, reals, COUNT(reals)),
                                   array_1d(KIND_STRING, words, COUNT(words))};
    for (size_t k = 0; k < COUNT(arrays); k++)
        check(&arrays[k]);
}

/* The most values, in the shapes that are worst for someone: it ends, and counts what it does not keep. */
static void the_most_values_and_one_more(void **state) {
    (void)state;
    static int64_t ints[TRACE_MAX_VALUES + 1];
    for (int shape = 0; shape < 3; shape++) {
        for (size_t i = 0; i < COUNT(ints); i++)
            ints[i] = shape == 0 ? 7 : shape == 1 ? (int64_t)(COUNT(ints) - i) : i == 9 ? INT64_MAX : -(int64_t)i;
        for (size_t k = 0; k < COUNT(ALL); k++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 26);
            struct sort_in in = {array_1d(KIND_INT, ints, TRACE_MAX_VALUES), false, false, false, SORT_AUTO};
            struct trace t;
            assert_int_equal(run_trace(&ctx, &in, ALL[k], 100, &t), STATUS_OK);
            assert_in_range(t.total, 0, 5 * 1000 * 1000);
            assert_true(t.n == 100 || t.n == t.total);
            in.values.n = in.values.shape[0] = TRACE_MAX_VALUES + 1;
            assert_int_equal(run_trace(&ctx, &in, ALL[k], 100, &t), STATUS_TOO_LARGE);
            assert_string_equal(ctx.err.pointer, "/trace");
            ctx_release(&ctx);
        }
    }
}

static void strings_that_are_nested_deeply(void **state) {
    (void)state;
    enum { MANY = 400 };
    static char text[MANY];
    static struct str words[MANY];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < MANY; i++)
        words[i] = (struct str){text, (i * 7) % MANY};
    struct array a = array_1d(KIND_STRING, words, MANY);
    check(&a);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t ints[] = {5, 3, 9, 1, 4, 4, 4, 8, 2, 0, 6};
    for (size_t k = 0; k < COUNT(ALL); k++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = fail_after;
            struct sort_in in = {array_1d(KIND_INT, ints, COUNT(ints)), false, false, false, SORT_AUTO};
            struct trace t;
            status = run_trace(&ctx, &in, ALL[k], 1000, &t);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            assert_in_range(fail_after, 0, 2000);
            ctx_release(&ctx);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replayed_traces_are_sorted),   cmocka_unit_test(extremes),
        cmocka_unit_test(the_most_values_and_one_more), cmocka_unit_test(strings_that_are_nested_deeply),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
