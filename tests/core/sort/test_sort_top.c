#include "core/sort/sort_top.h"
#include "tests/support/test.h"

#include <float.h>

/* check compares with the beginning of the whole order, which test_sort.c checks against qsort. */
static void check(const struct array *values, size_t top) {
    for (int flags = 0; flags < 8; flags++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 28);
        struct sort_in in = {*values, flags & 1, flags & 2, flags & 4, SORT_AUTO};
        struct sort_out all, out;
        assert_int_equal(sort_solve(&ctx, &in, &all), STATUS_OK);
        assert_int_equal(sort_top(&ctx, &in, top, &out), STATUS_OK);
        size_t n = top < all.values.n ? top : all.values.n;
        assert_int_equal(out.values.n, n);
        assert_int_equal(out.values.shape[0], n);
        assert_int_equal(out.stats.n, values->n);
        for (size_t i = 0; i < n; i++) {
            if (values->kind == KIND_STRING) {
                assert_int_equal(out.values.strings[i].n, all.values.strings[i].n);
                assert_memory_equal(out.values.strings[i].p, all.values.strings[i].p, all.values.strings[i].n);
            } else {
                assert_int_equal(out.values.ints[i], all.values.ints[i]); /* of reals the bits */
            }
            if (in.argsort)
                assert_int_equal(out.indices.ints[i], all.indices.ints[i]);
        }
        assert_int_equal(out.indices.kind, in.argsort ? KIND_INT : KIND_NONE);
        ctx_release(&ctx);
    }
}

static void the_beginning_of_the_whole_order(void **state) {
    (void)state;
    static int64_t ints[3000];
    static double reals[3000];
    static struct str words[3000];
    static char text[3000][8];
    uint64_t seed = 11;
    for (int round = 0; round < 60; round++) {
        size_t n = round < 40 ? test_below(&seed, 40) : 3000;
        uint64_t range = round % 3 == 0 ? 3 : round % 3 == 1 ? 50 : UINT64_MAX; /* many ties, some, none */
        for (size_t i = 0; i < n; i++) {
            ints[i] = (int64_t)test_below(&seed, range);
            reals[i] = (double)(int64_t)test_below(&seed, range) * (i % 2 ? -1 : 1); /* -0.0 and 0.0 */
            words[i] =
                (struct str){text[i], (size_t)snprintf(text[i], 8, "%x", (unsigned)test_below(&seed, range) % 99)};
        }
        const struct array arrays[] = {array_1d(KIND_INT, ints, n), array_1d(KIND_REAL, reals, n),
                                       array_1d(KIND_STRING, words, n)};
        const size_t tops[] = {1, 2, n / 4 ? n / 4 : 1, n / 4 + 1, n ? n : 1, n + 1};
        for (size_t k = 0; k < COUNT(arrays); k++)
            for (size_t t = 0; t < COUNT(tops); t++)
                check(&arrays[k], tops[t]);
    }
}

static void extremes(void **state) {
    (void)state;
    int64_t ints[] = {0, INT64_MAX, INT64_MIN, 7, INT64_MAX, INT64_MIN, 1, 2};
    double reals[] = {0.0, -0.0, DBL_MAX, -DBL_MAX, -0.0, 0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN};
    struct array a = array_1d(KIND_INT, ints, COUNT(ints)), b = array_1d(KIND_REAL, reals, COUNT(reals));
    for (size_t top = 1; top < 10; top++)
        check(&a, top), check(&b, top);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t ints[] = {5, 3, 9, 1, 4, 4, 4, 8, 2};
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = fail_after;
        struct sort_in in = {array_1d(KIND_INT, ints, COUNT(ints)), false, true, false, SORT_AUTO};
        struct sort_out out;
        status = sort_top(&ctx, &in, 2, &out);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_in_range(fail_after, 0, 100);
        ctx_release(&ctx);
    }
}

static void a_stop_is_seen(void **state) {
    (void)state;
    enum { MANY = 3 << 20 };
    int64_t *ints = calloc(MANY, sizeof *ints);
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 28);
    ctx.stop = &stop;
    struct sort_in in = {array_1d(KIND_INT, ints, MANY), false, false, false, SORT_AUTO};
    struct sort_out out;
    assert_int_equal(sort_top(&ctx, &in, 5, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
    free(ints);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beginning_of_the_whole_order),
        cmocka_unit_test(extremes),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
