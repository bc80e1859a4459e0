#include "core/sort/runs.h"
#include "tests/support/test.h"

/* The oracle works in 128 bits on the definition: a value starts a run where start - step is not there. */
static bool there(const int64_t *v, size_t n, __int128 x) {
    for (size_t i = 0; i < n; i++)
        if (v[i] == x)
            return true;
    return false;
}

static size_t oracle(const int64_t *v, size_t n, int64_t step, struct run *runs) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (there(v, i, v[i]) || there(v, n, (__int128)v[i] - step))
            continue;
        __int128 end = v[i];
        while (there(v, n, end + step))
            end += step;
        struct run run = {(int64_t)((end - v[i]) / step) + 1, v[i], (int64_t)end};
        size_t at = count++;
        for (; at > 0 && runs[at - 1].start > run.start; at--)
            runs[at] = runs[at - 1];
        runs[at] = run;
    }
    return count;
}

static void same_run(const struct run *a, const struct run *b) {
    assert_int_equal(a->length, b->length);
    assert_int_equal(a->start, b->start);
    assert_int_equal(a->end, b->end);
}

/* replay: every "extend" has its predecessor's length and one more; the last "best" is the answer. */
static void replay(const struct trace *t, const struct run *longest, int64_t step) {
    struct run best = {0};
    assert_int_equal(t->n, t->total);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_step *s = &t->steps[i];
        int64_t x = s->values.ints[0], length = s->vars[0].value.i, start = s->vars[1].value.i;
        assert_int_equal((__int128)start + (__int128)(length - 1) * step == x, 1);
        assert_int_equal(t->initial.ints[s->at[0]], x);
        if (strcmp(s->op, "best") == 0)
            best = (struct run){length, start, s->vars[2].value.i};
        else
            assert_string_equal(s->op, length == 1 ? "start" : "extend");
    }
    same_run(&best, longest);
}

static void check(int64_t *v, size_t n, int64_t step) {
    struct run *want = malloc((n + 1) * sizeof *want), best = {0};
    size_t count = oracle(v, n, step, want);
    for (size_t i = 0; i < count; i++)
        best = want[i].length > best.length ? want[i] : best;
    for (size_t way = 0; way < 4; way++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 24);
        struct trace t;
        struct runs_in in = {array_1d(KIND_INT, v, n), step, way & 1, way & 2 ? &t : NULL};
        if (in.trace)
            assert_int_equal(trace_begin(&ctx, &t, 100000, &in.values), STATUS_OK);
        struct runs_out out;
        assert_int_equal(runs_solve(&ctx, &in, &out), STATUS_OK);
        same_run(&out.longest, &best);
        assert_int_equal(out.n_runs, in.all ? count : 0);
        for (size_t i = 0; i < out.n_runs; i++)
            same_run(&out.runs[i], &want[i]);
        if (in.trace)
            replay(&t, &best, step);
        ctx_release(&ctx);
    }
    free(want);
}

static void small_random_values(void **state) {
    (void)state;
    uint64_t seed = 1;
    static const int64_t STEPS[] = {1, 1, 2, 3, 7, 1 << 20, INT64_MAX / 2, INT64_MAX};
    static const int64_t BASES[] = {0, -20, INT64_MIN, INT64_MAX - 59};
    for (size_t round = 0; round < 1500; round++) {
        int64_t v[40], step = STEPS[round % COUNT(STEPS)], base = BASES[test_below(&seed, COUNT(BASES))];
        size_t n = test_below(&seed, 40);
        for (size_t i = 0; i < n; i++) {
            uint64_t x = test_below(&seed, 60);
            v[i] = base + (int64_t)x;
            if (step > 60) /* a few multiples of the step, on both sides of zero */
                v[i] = (int64_t)((uint64_t)base + (x % 5) * (uint64_t)step + x % 2);
        }
        check(v, n, step);
    }
}

static void ends_do_not_wrap(void **state) {
    (void)state;
    int64_t a[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, INT64_MIN + 2};
    check(a, 5, 1);
    check(a, 5, 2);
    check(a, 2, INT64_MAX);
    int64_t b[] = {INT64_MIN, -1, INT64_MAX - 1, INT64_MAX, 0};
    check(b, 5, INT64_MAX);
    check(b, 5, 1);
}

/* Large shapes with a known answer: values in an order that a stride scrambles; a gap behind the first `length`. */
static void large_shapes(void **state) {
    (void)state;
    static const int64_t STEPS[] = {1, 2, 1 << 10, (int64_t)1 << 40, 1000003};
    enum { N = 200003 }; /* a prime */
    int64_t *v = malloc(N * sizeof *v);
    for (size_t s = 0; s < COUNT(STEPS); s++)
        for (int64_t length = 1; length < N; length = length * 7 + 3) {
            for (size_t i = 0; i < N; i++) {
                int64_t at = (int64_t)(i * 7919 % N); /* runs: of `length`, then of length - 1 again and again */
                int64_t holes = at < length ? 0 : length == 1 ? at : 1 + (at - length) / (length - 1);
                v[i] = (at + holes) * STEPS[s] - 5;
            }
            struct ctx ctx;
            ctx_init(&ctx, 1 << 26);
            struct runs_in in = {array_1d(KIND_INT, v, N), STEPS[s], true, NULL};
            struct runs_out out;
            assert_int_equal(runs_solve(&ctx, &in, &out), STATUS_OK);
            same_run(&out.longest, &(struct run){length, -5, (length - 1) * STEPS[s] - 5});
            int64_t sum = 0;
            for (size_t i = 0; i < out.n_runs; i++)
                sum += out.runs[i].length;
            assert_int_equal(sum, N);
            ctx_release(&ctx);
        }
    free(v);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t v[] = {5, 1, 3, 2, 9, 7, 7};
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = fail_after;
        struct trace t;
        struct runs_in in = {array_1d(KIND_INT, v, COUNT(v)), 2, true, &t};
        struct runs_out out;
        status = trace_begin(&ctx, &t, 100, &in.values);
        if (status == STATUS_OK)
            status = runs_solve(&ctx, &in, &out);
        assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && ctx.err.detail[0]));
        ctx_release(&ctx);
        assert_in_range(fail_after, 0, 1000);
    }
}

static void refusals_and_stops(void **state) {
    (void)state;
    int64_t v[] = {1, 2};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct runs_out out;
    struct runs_in in = {array_1d(KIND_INT, v, 2), 0, false, NULL};
    assert_int_equal(runs_solve(&ctx, &in, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/step");
    atomic_int stop = STOP_CANCEL;
    ctx.stop = &stop;
    in.step = 1;
    assert_int_equal(runs_solve(&ctx, &in, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_random_values), cmocka_unit_test(ends_do_not_wrap),
        cmocka_unit_test(large_shapes),        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(refusals_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
