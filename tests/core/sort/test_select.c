#include "core/sort/select.h"
#include "core/sort/sort.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

/* sorted_of is the oracle: test_sort.c checks it against qsort. Lives in ctx. */
static struct array sorted_of(struct ctx *ctx, const struct array *values, bool smallest, bool distinct) {
    struct sort_in in = {.values = *values, .descending = !smallest, .unique = distinct, .algorithm = SORT_MERGE};
    struct sort_out out;
    assert_int_equal(sort_solve(ctx, &in, &out), STATUS_OK);
    return out.values;
}

static void assert_same(const struct array *a, size_t i, const struct array *b, size_t j) {
    assert_int_equal(a->kind, b->kind);
    if (a->kind == KIND_STRING) {
        assert_int_equal(a->strings[i].n, b->strings[j].n);
        assert_memory_equal(a->strings[i].p, b->strings[j].p, b->strings[j].n);
    } else {
        assert_int_equal(a->ints[i], b->ints[j]); /* of reals: the bits */
    }
}

static bool is_same(const struct array *a, size_t i, const struct array *b, size_t j) {
    if (a->kind != KIND_STRING)
        return a->ints[i] == b->ints[j]; /* of reals: the bits */
    return a->strings[i].n == b->strings[j].n && memcmp(a->strings[i].p, b->strings[j].p, b->strings[j].n) == 0;
}

/* check_places looks for each from the front. */
static void check_places(const struct array *values, const struct array *found) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 28);
    struct array places;
    assert_int_equal(select_places(&ctx, values, found, &places), STATUS_OK);
    for (size_t i = 0; i < found->n; i++) {
        size_t at = 0;
        while (!is_same(values, at, found, i))
            at++;
        assert_int_equal(places.ints[i], at);
    }
    ctx_release(&ctx);
}

static void check_ks(const struct array *values, const struct array *sorted, const int64_t *ks, size_t n_ks,
                     bool smallest, bool distinct) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 28);
    struct select_in in = {*values, ks, n_ks, n_ks == 1, smallest, distinct, SELECT_AUTO};
    struct array out;
    assert_int_equal(select_solve(&ctx, &in, &out), STATUS_OK);
    assert_int_equal(out.n, n_ks);
    for (size_t i = 0; i < n_ks; i++)
        assert_same(&out, i, sorted, (size_t)ks[i] - 1);
    in.algorithm = distinct || select_choose(&in).algorithm == SELECT_SELECT ? SELECT_SORT : SELECT_SELECT;
    assert_int_equal(select_choose(&in).algorithm, in.algorithm);
    assert_int_equal(select_solve(&ctx, &in, &out), STATUS_OK);
    for (size_t i = 0; i < n_ks; i++)
        assert_same(&out, i, sorted, (size_t)ks[i] - 1);
    check_places(values, &out);
    ctx_release(&ctx);
}

/* check compares several ranks, one by one and together, all four ways. */
static void check(const struct array *values) {
    uint64_t random = 77;
    for (int mode = 0; mode < 4; mode++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 28);
        struct array sorted = sorted_of(&ctx, values, mode & 1, mode & 2);
        int64_t n = (int64_t)sorted.n, ks[9] = {1, n, (n + 1) / 2, n > 1 ? 2 : 1, n > 1 ? n - 1 : 1};
        for (size_t i = 5; i < COUNT(ks); i++)
            ks[i] = 1 + (int64_t)test_below(&random, (uint64_t)n);
        for (size_t i = 0; i < COUNT(ks); i++)
            check_ks(values, &sorted, &ks[i], 1, mode & 1, mode & 2);
        check_ks(values, &sorted, ks, 2, mode & 1, mode & 2);
        check_ks(values, &sorted, ks, SELECT_MANY, mode & 1, mode & 2);
        check_ks(values, &sorted, ks, COUNT(ks), mode & 1, mode & 2);
        ctx_release(&ctx);
    }
}

static const size_t LENGTHS[] = {1, 2, 7, 255, 256, 257, 1000, 5000, 20000, 100000};
enum { LENGTH = 100000, SHAPES = 12 };

static int64_t shaped(int shape, size_t i, size_t n, uint64_t *random) {
    switch (shape) {
    case 0: return (int64_t)test_random(random);
    case 1: return (int64_t)test_below(random, 3);
    case 2: return 7;
    case 3: return (int64_t)i;
    case 4: return -(int64_t)i;
    case 5: return (int64_t)(i < n / 2 ? i : n - i);
    case 6: return (int64_t)(i % 17) << 40;
    case 7: return (int64_t)1 << (test_below(random, 62)); /* most of them far apart */
    case 8: return i % 1000 ? INT64_MAX - (int64_t)(i % 3) : INT64_MIN + (int64_t)i;
    case 9: return (int64_t)(test_random(random) >> (test_below(random, 8) * 8));
    case 10: return test_below(random, 2) ? 5 : (int64_t)test_random(random); /* one heavy value */
    default: return i < n / 2 ? 1 : (int64_t)test_below(random, 1000);
    }
}

static void ints_of_every_shape(void **state) {
    (void)state;
    static int64_t a[LENGTH];
    uint64_t random = 1;
    for (int shape = 0; shape < SHAPES; shape++)
        for (size_t k = 0; k < COUNT(LENGTHS); k++) {
            for (size_t i = 0; i < LENGTHS[k]; i++)
                a[i] = shaped(shape, i, LENGTHS[k], &random);
            struct array values = array_1d(KIND_INT, a, LENGTHS[k]);
            check(&values);
        }
}

/* misses: what a sample cannot see. Its places are a fixed function of n, so an adversary can put small values at them
 * alone; here every place of a sample holds a value far from the rest of its neighbourhood. */
static void a_bracket_that_misses_is_made_good(void **state) {
    (void)state;
    static int64_t a[LENGTH];
    uint64_t random = 2;
    for (size_t m = 128; m <= 32768; m *= 2)
        for (int sign = -1; sign <= 1; sign += 2) {
            size_t stride = LENGTH / m;
            for (size_t i = 0; i < LENGTH; i++)
                a[i] = (int64_t)(test_random(&random) >> 20);
            for (size_t i = 0; i < m; i++) { /* as select.c places them */
                uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15u;
                a[i * stride + (size_t)(((mixed ^ mixed >> 29) & 0xffffffffu) * stride >> 32)] =
                    sign * (INT64_MAX - (int64_t)i);
            }
            struct array values = array_1d(KIND_INT, a, LENGTH);
            check(&values);
        }
}

static void reals(void **state) {
    (void)state;
    static double a[5000];
    uint64_t random = 3;
    static const double some[] = {0.0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MAX, -DBL_MAX, 1.5, -1.5};
    for (size_t kinds = 1; kinds <= COUNT(some); kinds++)
        for (size_t n = 1; n <= COUNT(a); n = n * 7 + 1) {
            for (size_t i = 0; i < n; i++)
                a[i] = some[test_below(&random, kinds)];
            struct array values = array_1d(KIND_REAL, a, n);
            check(&values);
        }
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = ((double)(int64_t)test_random(&random)) * 1e-300;
    struct array values = array_1d(KIND_REAL, a, COUNT(a));
    check(&values);
}

static void strings(void **state) {
    (void)state;
    static struct str a[3000];
    static char text[3000][40];
    uint64_t random = 4;
    for (int shape = 0; shape < 5; shape++)
        for (size_t n = 1; n <= COUNT(a); n = n * 5 + 1) {
            for (size_t i = 0; i < n; i++) {
                size_t length = shape == 4 ? 5 : test_below(&random, shape < 2 ? 10 : 40);
                for (size_t j = 0; j < length; j++)
                    text[i][j] = (char)((shape == 3 && j < 20 ? 0 : test_below(&random, shape == 0 ? 200 : 2)) + 50);
                a[i] = (struct str){text[i], length};
            }
            struct array values = array_1d(KIND_STRING, a, n);
            check(&values);
        }
}

static void ranks_out_of_range_are_named(void **state) {
    (void)state;
    int64_t a[] = {4, 4, 9};
    static const struct {
        size_t n;
        int64_t ks[3];
        size_t n_ks;
        bool distinct;
        const char *pointer, *detail;
    } rows[] = {
        {3, {0}, 1, false, "/k", "k is 0, want 1 to 3: there are 3 values."},
        {3, {4}, 1, false, "/k", "k is 4, want 1 to 3: there are 3 values."},
        {3, {3}, 1, true, "/k", "k is 3, want 1 to 2: there are 2 distinct values."},
        {2, {2}, 1, true, "/k", "k is 2, want 1 to 1: there is 1 distinct value."},
        {1, {INT64_MIN}, 1, false, "/k", "k is -9223372036854775808, want 1 to 1: there is 1 value."},
        {3, {1, 3, INT64_MAX}, 3, false, "/ks/2", "ks[2] is 9223372036854775807, want 1 to 3: there are 3 values."},
        {3, {1, 3, 2}, 3, true, "/ks/1", "ks[1] is 3, want 1 to 2: there are 2 distinct values."},
        {0, {1}, 1, false, "/k", "k is 1, but values is empty and has no k-th."},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct select_in in = {
            array_1d(KIND_INT, a, rows[k].n), rows[k].ks, rows[k].n_ks, rows[k].n_ks == 1, false, rows[k].distinct};
        struct array out;
        assert_int_equal(select_solve(&ctx, &in, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, rows[k].pointer);
        assert_string_equal(ctx.err.detail, rows[k].detail);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static int64_t a[5000];
    static struct str words[5000];
    static char letters[] = "abcdefghijklmnopqrstuvwxyz";
    uint64_t random = 5;
    for (size_t i = 0; i < COUNT(a); i++) {
        a[i] = i % 2 ? 5 : (int64_t)test_random(&random); /* a heavy value: the digits decide for some k */
        words[i] = (struct str){letters + i % 10, 1 + i % 16};
    }
    for (int mode = 0; mode < 8; mode++) {
        struct array values = mode & 1 ? array_1d(KIND_STRING, words, 5000) : array_1d(KIND_INT, a, 5000);
        int64_t ks[] = {1, 4000, 2500, 2400, 2, 3, 4};
        struct select_in in = {values, ks, mode & 4 ? 7 : 3, false, true, mode == 2 || mode == 3};
        if (in.distinct)
            in.n_ks = 1;
        for (size_t fail_after = 0;; fail_after++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            ctx.fail_after = fail_after;
            struct array out, places;
            enum status status = select_solve(&ctx, &in, &out);
            if (status == STATUS_OK)
                status = select_places(&ctx, &values, &out, &places);
            ctx_release(&ctx);
            if (status == STATUS_OK)
                break;
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_true(fail_after < 40);
        }
    }
}

static void a_stop_is_seen(void **state) {
    (void)state;
    size_t n = 3 << 20;
    int64_t *a = malloc(n * sizeof *a), k = 9;
    uint64_t random = 6;
    for (size_t i = 0; i < n; i++)
        a[i] = (int64_t)test_random(&random);
    for (int distinct = 0; distinct < 2; distinct++) {
        atomic_int stop = STOP_CANCEL;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 30);
        ctx.stop = &stop;
        struct select_in in = {array_1d(KIND_INT, a, n), &k, 1, true, false, distinct};
        struct array out;
        assert_int_equal(select_solve(&ctx, &in, &out), STATUS_CANCELLED);
        struct array last = array_1d(KIND_INT, &a[n - 1], 1), places;
        assert_int_equal(select_places(&ctx, &in.values, &last, &places), STATUS_CANCELLED);
        ctx_release(&ctx);
    }
    free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints_of_every_shape),
        cmocka_unit_test(a_bracket_that_misses_is_made_good),
        cmocka_unit_test(reals),
        cmocka_unit_test(strings),
        cmocka_unit_test(ranks_out_of_range_are_named),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
