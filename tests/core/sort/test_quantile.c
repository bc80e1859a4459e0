#include "core/sort/quantile.h"
#include "core/sort/sort.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

enum { METHODS = 5 };

/* Golden numbers: NumPy 2.4.6, np.quantile(values, qs, method=...). */
static void known_values(void **state) {
    (void)state;
    double values[] = {0.1, 0.2, 0.3, 0.7, 1.1, -2.5, 9.0}, qs[] = {0.1, 0.25, 0.37, 0.5, 0.9, 0.999};
    static const double WANT[METHODS][6] = {
        {-0.9399999999999998, 0.15000000000000002, 0.22199999999999998, 0.3, 4.260000000000003, 8.952599999999999},
        {-2.5, 0.1, 0.2, 0.3, 1.1, 1.1},
        {0.1, 0.2, 0.3, 0.3, 9.0, 9.0},
        {0.1, 0.2, 0.2, 0.3, 1.1, 9.0},
        {-1.2, 0.15000000000000002, 0.25, 0.3, 5.05, 5.05}};
    for (int m = 0; m < METHODS; m++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct quantile_in in = {array_1d(KIND_REAL, values, 7), qs, 6, (enum quantile_method)m, false};
        struct array out;
        assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.kind, KIND_REAL);
        assert_memory_equal(out.reals, WANT[m], sizeof WANT[m]);
        ctx_release(&ctx);
    }
}

/* The oracle sorts, and reads the definition off the sorted values. */
static double oracle(const struct array *sorted, double q, enum quantile_method method) {
    double h = q * (double)(sorted->n - 1);
    size_t j = (size_t)h, up = h > (double)j ? j + 1 : j, near = (size_t)nearbyint(h); /* ties to even */
    double a = sorted->kind == KIND_INT ? (double)sorted->ints[j] : sorted->reals[j];
    double b = sorted->kind == KIND_INT ? (double)sorted->ints[up] : sorted->reals[up];
    double g = h - (double)j;
    switch (method) {
    case QUANTILE_LOWER: return a;
    case QUANTILE_HIGHER: return b;
    case QUANTILE_NEAREST: return near == j ? a : b;
    case QUANTILE_MIDPOINT: return up == j ? a : (a + b) / 2;
    default: return a * (1 - g) + b * g;
    }
}

static void check(const struct array *values, const double *qs, size_t n_qs, bool distinct) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 26);
    struct sort_in sort = {.values = *values, .unique = distinct};
    struct sort_out sorted;
    assert_int_equal(sort_solve(&ctx, &sort, &sorted), STATUS_OK);
    for (int m = 0; m < METHODS; m++) {
        struct quantile_in in = {*values, qs, n_qs, (enum quantile_method)m, distinct};
        struct array out, again;
        assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(quantile_solve(&ctx, &in, &again), STATUS_OK);
        assert_memory_equal(out.data, again.data, 8 * n_qs);
        for (size_t i = 0; i < n_qs; i++) {
            double want = oracle(&sorted.values, qs[i], (enum quantile_method)m);
            double got = out.kind == KIND_INT ? (double)out.ints[i] : out.reals[i];
            if (!(fabs(got - want) <= 1e-12 * (1 + fabs(want))))
                fail_msg("n %zu, q %.17g, %s: %.17g, want %.17g", values->n, qs[i], quantile_method_names[m], got,
                         want);
        }
    }
    ctx_release(&ctx);
}

static void small_and_large_against_the_definition(void **state) {
    (void)state;
    static int64_t ints[40000];
    static double reals[40000];
    uint64_t seed = 3;
    for (int round = 0; round < 300; round++) {
        size_t n = round < 290 ? 1 + test_below(&seed, 40) : 40000;
        double qs[9] = {0, 1, 0.5};
        for (size_t i = 0; i < n; i++) {
            ints[i] = (int64_t)test_below(&seed, round % 3 ? 1000000 : 5) - 2;
            reals[i] = (double)ints[i] / 8;
        }
        for (int i = 3; i < 9; i++)
            qs[i] = round % 2 ? (double)test_below(&seed, 1 << 30) / (1 << 30)
                              : (double)test_below(&seed, n) / (n > 1 ? (double)(n - 1) : 1);
        struct array a = array_1d(KIND_INT, ints, n), b = array_1d(KIND_REAL, reals, n);
        check(&a, qs, round % 4 ? 9 : 2, round % 5 == 0);
        check(&b, qs, round % 4 ? 9 : 2, round % 5 == 0);
    }
}

static void extremes_stay_finite_and_exact(void **state) {
    (void)state;
    double reals[] = {-DBL_MAX, DBL_MAX}, equal[] = {0.1, 0.1, 0.1}, qs[] = {0, 0.25, 0.5, 1};
    int64_t ints[] = {INT64_MIN, INT64_MAX};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct array out;
    struct quantile_in in = {array_1d(KIND_REAL, reals, 2), qs, 4, QUANTILE_LINEAR, false};
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
    assert_true(out.reals[0] == -DBL_MAX && fabs(out.reals[1] + DBL_MAX / 2) <= DBL_MAX * 1e-15 && out.reals[2] == 0 &&
                out.reals[3] == DBL_MAX);
    in.values = array_1d(KIND_REAL, equal, 3);
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
    assert_true(out.reals[1] == 0.1);
    in.values = array_1d(KIND_INT, ints, 2);
    in.method = QUANTILE_HIGHER;
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
    assert_int_equal(out.kind, KIND_INT);
    assert_true(out.ints[0] == INT64_MIN && out.ints[1] == INT64_MAX); /* not by way of a double */
    ctx_release(&ctx);
}

/* Exact sums, by hand: -1 / 2; (2^63 - 1 + 2^63 - 2) / 2 to the nearest double; and no overflow between doubles. */
static void midpoints_are_rounded_once(void **state) {
    (void)state;
    int64_t ints[][2] = {{-9007199254740993, 9007199254740992}, {INT64_MAX - 1, INT64_MAX}};
    double reals[] = {DBL_MAX, DBL_MAX / 2}, half = 0.5;
    const double want[] = {-0.5, 0x1p63, DBL_MAX * 0.75};
    for (int i = 0; i < 3; i++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct array values = i < 2 ? array_1d(KIND_INT, ints[i], 2) : array_1d(KIND_REAL, reals, 2), out;
        struct quantile_in in = {values, &half, 1, QUANTILE_MIDPOINT, false};
        assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
        assert_true(out.reals[0] == want[i]);
        ctx_release(&ctx);
    }
}

static void strings_have_neighbours_only(void **state) {
    (void)state;
    struct str words[] = {{"pear", 4}, {"fig", 3}, {"apple", 5}};
    double half = 0.5;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct array out;
    struct quantile_in in = {array_1d(KIND_STRING, words, 3), &half, 1, QUANTILE_NEAREST, false};
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_OK);
    assert_memory_equal(out.strings[0].p, "fig", 3);
    in.method = QUANTILE_LINEAR;
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/method");
    ctx_release(&ctx);
}

static void refusals(void **state) {
    (void)state;
    double one = 1, bad[] = {0, NAN, -0.1, 1.1};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct array out;
    struct quantile_in in = {array_1d(KIND_REAL, &one, 0), &one, 1, QUANTILE_LINEAR, false};
    assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/values");
    in.values = array_1d(KIND_REAL, &one, 1);
    for (size_t i = 1; i < COUNT(bad); i++) {
        in.qs = &bad[i];
        assert_int_equal(quantile_solve(&ctx, &in, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, "/quantiles/0");
    }
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t values[] = {5, 3, 9, 1};
    double qs[] = {0.3, 0.6};
    for (int distinct = 0; distinct < 2; distinct++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = fail_after;
            struct quantile_in in = {array_1d(KIND_INT, values, 4), qs, 2, QUANTILE_LINEAR, distinct};
            struct array out;
            status = quantile_solve(&ctx, &in, &out);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            assert_in_range(fail_after, 0, 100);
            ctx_release(&ctx);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(small_and_large_against_the_definition),
        cmocka_unit_test(extremes_stay_finite_and_exact),
        cmocka_unit_test(midpoints_are_rounded_once),
        cmocka_unit_test(strings_have_neighbours_only),
        cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
