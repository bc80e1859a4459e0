#include "core/base/trace.h"
#include "tests/support/test.h"

static void steps_keep_what_they_saw(void **state) {
    (void)state;
    struct ctx ctx;
    struct trace t;
    int64_t a[] = {5, 3, 4};
    struct array values = array_1d(KIND_INT, a, 3);
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(trace_begin(&ctx, &t, 2, &values), STATUS_OK);
    trace_add(&t, "compare", TRACE_AT(0, 1), &values, TRACE_VARS({"gap", trace_int(2)}, {"mean", trace_real(0.5)}));
    a[0] = 3, a[1] = 5;
    trace_add(&t, "swap", TRACE_AT(0, 1), &values, TRACE_NO_VARS);
    trace_add(&t, "done", TRACE_NOWHERE, NULL, TRACE_NO_VARS);
    assert_int_equal(trace_end(&t), STATUS_OK);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.total, 3);
    assert_int_equal(t.initial.ints[0], 5);
    assert_int_equal(t.steps[0].values.ints[1], 3);
    assert_string_equal(t.steps[0].vars[1].name, "mean");
    assert_int_equal(t.steps[1].values.ints[0], 3);
    trace_add(NULL, "nobody watches", TRACE_AT(1), &values, TRACE_NO_VARS);
    assert_int_equal(trace_end(NULL), STATUS_OK);
    ctx_release(&ctx);
}

static void indices_outside_show_nothing(void **state) {
    (void)state;
    struct ctx ctx;
    struct trace t;
    double a[] = {1};
    struct array values = array_1d(KIND_REAL, a, 1);
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(trace_begin(&ctx, &t, 10, NULL), STATUS_OK);
    trace_add(&t, "look", TRACE_AT(0, 1), &values, TRACE_NO_VARS);
    trace_add(&t, "look", TRACE_AT(-1), &values, TRACE_NO_VARS);
    assert_int_equal(t.steps[0].values.n, 1);
    assert_int_equal(t.steps[1].values.n, 0);
    ctx_release(&ctx);
}

static void too_many_values_are_refused(void **state) {
    (void)state;
    static int64_t a[TRACE_MAX_VALUES + 1];
    struct ctx ctx;
    struct trace t;
    ctx_init(&ctx, 1 << 20);
    struct array values = array_1d(KIND_INT, a, TRACE_MAX_VALUES);
    assert_int_equal(trace_begin(&ctx, &t, 1, &values), STATUS_OK);
    values.n++;
    assert_int_equal(trace_begin(&ctx, &t, 1, &values), STATUS_TOO_LARGE);
    assert_string_equal(ctx.err.detail, "There are 2001 values, and a trace is made of at most 2000.");
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t a[] = {1, 2};
    struct array values = array_1d(KIND_INT, a, 2);
    for (size_t fail_after = 0;; fail_after++) {
        struct ctx ctx;
        struct trace t;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = fail_after;
        enum status status = trace_begin(&ctx, &t, 200, &values);
        for (int i = 0; i < 100 && status == STATUS_OK; i++)
            trace_add(&t, "set", TRACE_AT(0), &values, TRACE_VARS({"i", trace_int(i)}));
        if (status == STATUS_OK)
            status = trace_end(&t);
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_in_range(fail_after, 0, 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_keep_what_they_saw),
        cmocka_unit_test(indices_outside_show_nothing),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
