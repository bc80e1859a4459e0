#include "core/sort/gap.h"
#include "core/sort/gap_buckets.h"
#include "tests/support/test.h"

#include <float.h>

/* The oracle sorts keys by qsort and looks at all neighbours; differences of reals in long double where that is exact
 * for what the tests use. */
static int compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool above(enum kind kind, const uint64_t *keys, size_t i, size_t j) {
    if (kind == KIND_INT)
        return keys[i + 1] - keys[i] > keys[j + 1] - keys[j];
    double a = key_to_real(keys[i + 1]) - key_to_real(keys[i]), b = key_to_real(keys[j + 1]) - key_to_real(keys[j]);
    return a > b;
}

static uint64_t key_of(const struct value *v) { return v->kind == KIND_INT ? key_of_int(v->i) : key_of_real(v->r); }

static void check_pair(enum kind kind, const struct gap *gap, uint64_t low, uint64_t high) {
    assert_int_equal(key_of(&gap->low), low);
    assert_int_equal(key_of(&gap->high), high);
    char text[24];
    if (kind == KIND_REAL) {
        assert_true(gap->gap.kind == KIND_REAL && gap->gap.r == key_to_real(high) - key_to_real(low));
    } else if (high - low <= INT64_MAX) {
        assert_true(gap->gap.kind == KIND_INT && gap->gap.i == (int64_t)(high - low));
    } else {
        int n = snprintf(text, sizeof text, "%llu", (unsigned long long)(high - low));
        assert_true(gap->gap.kind == KIND_STRING && gap->gap.s.n == (size_t)n);
        assert_memory_equal(gap->gap.s.p, text, (size_t)n);
    }
}

/* replay: with each value in its bucket, the pairs compared are neighbours; the "best" of them are those above all
 * before, and the last one is the answer. */
static void replay(const struct trace *t, const struct gap_out *out) {
    const struct trace_step *best = NULL;
    int64_t bucket[300], last = -1;
    size_t places = 0;
    assert_int_equal(t->n, t->total);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_step *s = &t->steps[i];
        if (strcmp(s->op, "place") == 0) {
            bucket[s->at[0]] = s->vars[0].value.i;
            places++;
            continue;
        }
        best = strcmp(s->op, "best") == 0 ? s : best;
        if (out->algorithm != GAP_BUCKETS || best == s)
            continue;
        assert_true(bucket[s->at[0]] < bucket[s->at[1]] && bucket[s->at[0]] >= last);
        last = bucket[s->at[1]];
        for (size_t k = 0; k < t->initial.n; k++) /* nothing is between them */
            assert_true(bucket[k] <= bucket[s->at[0]] || bucket[k] >= last);
    }
    assert_int_equal(places, out->algorithm == GAP_BUCKETS ? t->initial.n : 0);
    if (!best)
        return; /* all are equal */
    struct value low = array_at(&best->values, 0), high = array_at(&best->values, 1);
    assert_int_equal(key_of(&low), key_of(&out->greatest.low));
    assert_int_equal(key_of(&high), key_of(&out->greatest.high));
}

static void check(const struct array *values) {
    size_t n = values->n;
    uint64_t *keys = malloc((n + 1) * sizeof *keys);
    for (size_t i = 0; i < n; i++)
        keys[i] = gap_key(values, i);
    qsort(keys, n, sizeof *keys, compare_keys);
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; i++)
        best = above(values->kind, keys, i, best) ? i : best;
    static const struct {
        enum gap_algorithm algorithm;
        size_t top;
    } WAYS[] = {{GAP_AUTO, 0}, {GAP_BUCKETS, 1}, {GAP_SORT, 0}, {GAP_AUTO, 1}, {GAP_AUTO, 7}, {GAP_SORT, 1000}};
    for (size_t w = 0; w < 2 * COUNT(WAYS); w++) {
        struct ctx ctx;
        struct gap_out out;
        ctx_init(&ctx, (size_t)1 << 28);
        struct trace t;
        bool traced = w % 2 && n < 300;
        struct gap_in in = {*values, WAYS[w / 2].top, WAYS[w / 2].algorithm, traced ? &t : NULL};
        if (traced)
            assert_int_equal(trace_begin(&ctx, &t, 100000, values), STATUS_OK);
        assert_int_equal(gap_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.algorithm, in.algorithm == GAP_SORT || in.top > 1 ? GAP_SORT : GAP_BUCKETS);
        if (n < 2)
            assert_true(out.greatest.low.kind == KIND_NONE && out.greatest.gap.i == 0 && out.n_gaps == 0);
        else
            check_pair(values->kind, &out.greatest, keys[best], keys[best + 1]);
        assert_int_equal(out.n_gaps, n < 2 || in.top < n - 1 ? (n < 2 ? 0 : in.top) : n - 1);
        for (size_t i = 0, at = n; i < out.n_gaps; i++) { /* the i-th by selection */
            size_t next = n;
            for (size_t j = 0; j + 1 < n && n < 300; j++) {
                bool later =
                    at == n || above(values->kind, keys, at, j) || (!above(values->kind, keys, j, at) && j > at);
                if (later && (next == n || above(values->kind, keys, j, next)))
                    next = j;
            }
            at = next;
            if (n < 300)
                check_pair(values->kind, &out.gaps[i], keys[at], keys[at + 1]);
        }
        if (traced && n >= 2)
            replay(&t, &out);
        ctx_release(&ctx);
    }
    free(keys);
}

static void small_random_values(void **state) {
    (void)state;
    uint64_t seed = 1;
    static const uint64_t RANGES[] = {1, 2, 3, 10, 100, 100000, UINT64_MAX};
    for (size_t round = 0; round < 400; round++) {
        int64_t ints[60];
        double reals[60];
        size_t n = test_below(&seed, 60);
        uint64_t range = RANGES[test_below(&seed, COUNT(RANGES))];
        for (size_t i = 0; i < n; i++) {
            ints[i] = (int64_t)(test_below(&seed, range) - range / 2);
            reals[i] = round % 2 ? (double)(int32_t)ints[i] / 8 : (double)(int16_t)ints[i];
            reals[i] = reals[i] == 0 && test_below(&seed, 2) ? -0.0 : reals[i];
        }
        struct array a = array_1d(KIND_INT, ints, n), b = array_1d(KIND_REAL, reals, n);
        check(&a);
        check(&b);
    }
}

/* Shapes that are bad for buckets, in sizes of one table and of many stretches. */
static void large_shapes(void **state) {
    (void)state;
    static const size_t SIZES[] = {8000, 8192, 16384, 100003};
    for (size_t s = 0; s < COUNT(SIZES); s++)
        for (size_t shape = 0; shape < 6; shape++) {
            size_t n = SIZES[s];
            int64_t *ints = malloc(n * sizeof *ints);
            double *reals = malloc(n * sizeof *reals);
            uint64_t seed = 10 * s + shape;
            for (size_t i = 0; i < n; i++) {
                uint64_t x = test_random(&seed), j = i * 7919 % n;
                int64_t by_shape[] = {(int64_t)x,
                                      (int64_t)j,
                                      (int64_t)(j << 20),
                                      (int64_t)(x % 100),
                                      i == n / 2 ? INT64_MAX : (int64_t)(x % 1000),
                                      (int64_t)(1ULL << x % 63)};
                ints[i] = by_shape[shape];
                reals[i] = shape == 5 ? 1 / (double)(x % 1000 + 1) * 0x1p-1060 : (double)ints[i] / 1024;
            }
            struct array a = array_1d(KIND_INT, ints, n), b = array_1d(KIND_REAL, reals, n);
            check(&a);
            check(&b);
            free(ints);
            free(reals);
        }
}

static void extremes(void **state) {
    (void)state;
    int64_t ints[][4] = {
        {INT64_MIN, INT64_MAX}, {INT64_MIN, INT64_MAX, 0, 0}, {INT64_MAX, INT64_MAX - 1, -1, INT64_MIN}};
    double reals[][4] = {{-1e308, 0, 1e308, 7}, {DBL_MAX, 0, -DBL_MAX, 1}, {5e-324, -0.0, 0.0, -5e-324}};
    for (size_t i = 0; i < 3; i++) {
        struct array a = array_1d(KIND_INT, ints[i], i ? 4 : 2), b = array_1d(KIND_REAL, reals[i], 4);
        check(&a);
        check(&b);
    }
    double wide[] = {1.7e308, -1.7e308, DBL_MAX};
    struct gap_in in = {.values = array_1d(KIND_REAL, wide, 3)};
    struct gap_out out;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (in.algorithm = GAP_BUCKETS; in.algorithm <= GAP_SORT; in.algorithm++) {
        assert_int_equal(gap_solve(&ctx, &in, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, "/values");
    }
    ctx_release(&ctx);
}

/* Both differences round to 1, but the second is greater. */
static void gaps_that_round_alike_are_told_apart(void **state) {
    (void)state;
    double a[] = {0x1p-60, 1, 100, 101 - 0x1p-46, 200};
    assert_true(real_gap_compare(0x1p-60, 1, 0, 1) < 0);
    assert_true(real_gap_compare(0, 1, 0x1p-60, 1) > 0);
    assert_true(real_gap_compare(-1, 0x1p-70, 0, 1) > 0);
    assert_int_equal(real_gap_compare(1, 2, 2, 3), 0);
    assert_true(real_gap_compare(-DBL_MAX, DBL_MAX, 0, DBL_MAX) > 0);
    struct array values = array_1d(KIND_REAL, a, 5);
    check(&values);
    double b[] = {-1 + 0x1p-53, 0x1p-60, 1}; /* 1 - 2^-53 + 2^-60 and 1 - 2^-60: both near 1, the latter greater */
    for (enum gap_algorithm way = GAP_BUCKETS; way <= GAP_SORT; way++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct gap_in in = {.values = array_1d(KIND_REAL, b, 3), .algorithm = way};
        struct gap_out out;
        assert_int_equal(gap_solve(&ctx, &in, &out), STATUS_OK);
        assert_true(out.greatest.high.r == 1 && out.greatest.gap.r == 1);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 9;
    int64_t *a = malloc(20000 * sizeof *a);
    for (size_t i = 0; i < 20000; i++)
        a[i] = (int64_t)test_random(&seed);
    static const struct gap_in WAYS[] = {{.top = 1}, {.top = 3}, {.top = 1}};
    for (size_t w = 0; w < COUNT(WAYS); w++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct gap_in in = WAYS[w];
            struct trace t;
            in.values = array_1d(KIND_INT, a, w == 2 ? 100 : 20000);
            struct gap_out out;
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            ctx.fail_after = fail_after;
            status = w == 2 ? trace_begin(&ctx, &t, 40, &in.values) : STATUS_OK;
            in.trace = w == 2 ? &t : NULL;
            if (status == STATUS_OK)
                status = gap_solve(&ctx, &in, &out);
            assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && ctx.err.detail[0]));
            ctx_release(&ctx);
            assert_in_range(fail_after, 0, 1000);
        }
    }
    free(a);
}

static void a_stopped_host_is_obeyed(void **state) {
    (void)state;
    atomic_int stop = STOP_CANCEL;
    int64_t a[] = {1, 2, 3};
    struct gap_out out;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    struct gap_in in = {.values = array_1d(KIND_INT, a, 3)};
    assert_int_equal(gap_solve(&ctx, &in, &out), STATUS_CANCELLED);
    in.top = 2;
    assert_int_equal(gap_solve(&ctx, &in, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_random_values),
        cmocka_unit_test(large_shapes),
        cmocka_unit_test(extremes),
        cmocka_unit_test(gaps_that_round_alike_are_told_apart),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stopped_host_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
