#include "core/sort/quantile.h"
#include "core/sort/sort.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

enum { METHODS = QUANTILE_NORMAL_UNBIASED + 1 };

/* Golden numbers: NumPy 2.4.6, np.quantile(values, qs, method=...). */
static void known_values(void **state) {
    (void)state;
    double values[] = {0.1, 0.2, 0.3, 0.7, 1.1, -2.5, 9.0}, qs[] = {0.1, 0.25, 0.37, 0.5, 0.9, 0.999};
    static const double WANT[METHODS][6] = {
        {-0.9399999999999998, 0.15000000000000002, 0.22199999999999998, 0.3, 4.260000000000003, 8.952599999999999},
        {-2.5, 0.1, 0.2, 0.3, 1.1, 1.1},
        {0.1, 0.2, 0.3, 0.3, 9.0, 9.0},
        {0.1, 0.2, 0.2, 0.3, 1.1, 9.0},
        {-1.2, 0.15000000000000002, 0.25, 0.3, 5.05, 5.05},
        {-2.5, 0.1, 0.2, 0.3, 9.0, 9.0},
        {-2.5, 0.1, 0.2, 0.3, 9.0, 9.0},
        {-2.5, 0.1, 0.2, 0.3, 1.1, 9.0},
        {-2.5, -0.55, 0.159, 0.25, 3.469999999999999, 8.944700000000003},
        {-1.9799999999999995, 0.125, 0.209, 0.3, 7.419999999999998, 9.0},
        {-2.5, 0.1, 0.196, 0.3, 9.0, 9.0},
        {-2.3266666666666667, 0.11666666666666665, 0.20466666666666666, 0.3, 8.473333333333334, 9.0},
        {-2.2399999999999998, 0.11875000000000001, 0.20575000000000002, 0.3, 8.209999999999996, 9.0}};
    for (int m = 0; m < METHODS; m++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct quantile_in in = {array_1d(KIND_REAL, values, 7), qs, 6, (enum quantile_method)m, false, SELECT_AUTO};
        struct array out;
        struct select_choice choice;
        assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
        assert_int_equal(out.kind, KIND_REAL);
        assert_memory_equal(out.reals, WANT[m], sizeof WANT[m]);
        ctx_release(&ctx);
    }
}

/* The steps of the definitions by distribution functions, where n q is an integer or half of one. Golden numbers: NumPy
 * 2.4.6, for the values 1 .. 10. */
static void steps_of_ten(void **state) {
    (void)state;
    int64_t values[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    double qs[] = {0, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.55, 0.95, 1};
    static const double WANT[3][10] = {
        {1, 1, 1, 2, 3, 4, 5, 6, 10, 10}, {1, 1, 1.5, 2, 3, 4, 5.5, 6, 10, 10}, {1, 1, 1, 2, 2, 4, 5, 6, 10, 10}};
    for (int m = 0; m < 3; m++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct quantile_in in = {.values = array_1d(KIND_INT, values, 10), .qs = qs, .n_qs = 10};
        in.method = (enum quantile_method)(QUANTILE_INVERTED_CDF + m);
        struct array out;
        struct select_choice choice;
        assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
        for (int i = 0; i < 10; i++)
            assert_true((out.kind == KIND_INT ? (double)out.ints[i] : out.reals[i]) == WANT[m][i]);
        ctx_release(&ctx);
    }
}

static double number_at(const struct array *sorted, int64_t place) {
    int64_t n = (int64_t)sorted->n, i = place < 1 ? 0 : place > n ? n - 1 : place - 1;
    return sorted->kind == KIND_INT ? (double)sorted->ints[i] : sorted->reals[i];
}

/* The nine definitions as Hyndman and Fan write them: j = floor(n q + m), g = n q + m - j, and the quantile is
 * (1 - gamma) x(j) + gamma x(j + 1), places from 1 and those outside moved to the ends. */
static double hyndman_fan(const struct array *sorted, double q, int definition) {
    const double m[] = {0, 0, -0.5, 0, 0.5, q, 1 - q, (q + 1) / 3, q / 4 + 3.0 / 8};
    double nq = (double)sorted->n * q + m[definition - 1], j = floor(nq), g = nq - j, gamma = g;
    switch (definition) {
    case 1: gamma = g > 0; break;
    case 2: gamma = g > 0 ? 1 : 0.5; break;
    case 3: gamma = g > 0 || fmod(j, 2) != 0; break;
    }
    return (1 - gamma) * number_at(sorted, (int64_t)j) + gamma * number_at(sorted, (int64_t)j + 1);
}

/* The oracle sorts, and reads the definition off the sorted values. */
static double oracle(const struct array *sorted, double q, enum quantile_method method) {
    double h = q * (double)(sorted->n - 1);
    size_t j = (size_t)h, up = h > (double)j ? j + 1 : j, near = (size_t)nearbyint(h); /* ties to even */
    double a = sorted->kind == KIND_INT ? (double)sorted->ints[j] : sorted->reals[j];
    double b = sorted->kind == KIND_INT ? (double)sorted->ints[up] : sorted->reals[up];
    switch (method) {
    case QUANTILE_LOWER: return a;
    case QUANTILE_HIGHER: return b;
    case QUANTILE_NEAREST: return near == j ? a : b;
    case QUANTILE_MIDPOINT: return up == j ? a : (a + b) / 2;
    case QUANTILE_INVERTED_CDF: return hyndman_fan(sorted, q, 1);
    case QUANTILE_AVERAGED_INVERTED_CDF: return hyndman_fan(sorted, q, 2);
    case QUANTILE_CLOSEST_OBSERVATION: return hyndman_fan(sorted, q, 3);
    case QUANTILE_INTERPOLATED_INVERTED_CDF: return hyndman_fan(sorted, q, 4);
    case QUANTILE_HAZEN: return hyndman_fan(sorted, q, 5);
    case QUANTILE_WEIBULL: return hyndman_fan(sorted, q, 6);
    case QUANTILE_LINEAR: return hyndman_fan(sorted, q, 7);
    case QUANTILE_MEDIAN_UNBIASED: return hyndman_fan(sorted, q, 8);
    case QUANTILE_NORMAL_UNBIASED: return hyndman_fan(sorted, q, 9);
    }
    return NAN;
}

static void check(const struct array *values, const double *qs, size_t n_qs, bool distinct) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 26);
    struct sort_in sort = {.values = *values, .unique = distinct};
    struct sort_out sorted;
    assert_int_equal(sort_solve(&ctx, &sort, &sorted), STATUS_OK);
    for (int m = 0; m < METHODS; m++) {
        struct quantile_in in = {*values, qs, n_qs, (enum quantile_method)m, distinct, SELECT_AUTO};
        struct array out, again;
        struct select_choice choice;
        assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
        assert_true(choice.why && choice.algorithm != SELECT_AUTO);
        in.algorithm = distinct || choice.algorithm == SELECT_SELECT ? SELECT_SORT : SELECT_SELECT;
        assert_int_equal(quantile_solve(&ctx, &in, &again, &choice), STATUS_OK);
        assert_int_equal(choice.algorithm, in.algorithm);
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
    struct select_choice choice;
    struct quantile_in in = {array_1d(KIND_REAL, reals, 2), qs, 4, QUANTILE_LINEAR, false, SELECT_AUTO};
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
    assert_true(out.reals[0] == -DBL_MAX && fabs(out.reals[1] + DBL_MAX / 2) <= DBL_MAX * 1e-15 && out.reals[2] == 0 &&
                out.reals[3] == DBL_MAX);
    in.values = array_1d(KIND_REAL, equal, 3);
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
    assert_true(out.reals[1] == 0.1);
    in.values = array_1d(KIND_INT, ints, 2);
    in.method = QUANTILE_HIGHER;
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
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
        struct select_choice choice;
        struct quantile_in in = {values, &half, 1, QUANTILE_MIDPOINT, false, SELECT_AUTO};
        assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
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
    struct select_choice choice;
    struct quantile_in in = {array_1d(KIND_STRING, words, 3), &half, 1, QUANTILE_NEAREST, false, SELECT_AUTO};
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
    assert_memory_equal(out.strings[0].p, "fig", 3);
    in.method = QUANTILE_INVERTED_CDF;
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_OK);
    assert_memory_equal(out.strings[0].p, "fig", 3);
    for (int m = 0; m < METHODS; m++) {
        in.method = (enum quantile_method)m;
        enum status status = quantile_solve(&ctx, &in, &out, &choice);
        assert_true(status == STATUS_OK ? out.kind == KIND_STRING : strcmp(ctx.err.pointer, "/method") == 0);
    }
    in.distinct = true;
    in.method = QUANTILE_LOWER;
    in.algorithm = SELECT_SELECT;
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/algorithm");
    ctx_release(&ctx);
}

static void refusals(void **state) {
    (void)state;
    double one = 1, bad[] = {0, NAN, -0.1, 1.1};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct array out;
    struct select_choice choice;
    struct quantile_in in = {array_1d(KIND_REAL, &one, 0), &one, 1, QUANTILE_LINEAR, false, SELECT_AUTO};
    assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/values");
    in.values = array_1d(KIND_REAL, &one, 1);
    for (size_t i = 1; i < COUNT(bad); i++) {
        in.qs = &bad[i];
        assert_int_equal(quantile_solve(&ctx, &in, &out, &choice), STATUS_INVALID);
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
            struct quantile_in in = {array_1d(KIND_INT, values, 4), qs, 2, QUANTILE_LINEAR, distinct, SELECT_AUTO};
            struct array out;
            struct select_choice choice;
            status = quantile_solve(&ctx, &in, &out, &choice);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            assert_in_range(fail_after, 0, 100);
            ctx_release(&ctx);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(steps_of_ten),
        cmocka_unit_test(small_and_large_against_the_definition),
        cmocka_unit_test(extremes_stay_finite_and_exact),
        cmocka_unit_test(midpoints_are_rounded_once),
        cmocka_unit_test(strings_have_neighbours_only),
        cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
