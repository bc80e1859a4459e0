#include "core/combine/wide.h"
#include "tests/support/test.h"

__extension__ typedef unsigned __int128 test_wide_double;

static void decimals_come_back(void **state) {
    (void)state;
    static const struct {
        const char *digits;
        size_t width; /* that it needs */
    } ROWS[] = {
        {"9007199254740993", 1},
        {"18446744073709551615", 1},
        {"18446744073709551616", 2},
        {"100000000000000000000000000000000000000", 2},
        {"340282366920938463463374607431768211455", 2},
        {"340282366920938463463374607431768211456", 3},
        {"10000000000000000000000000000000000000000000000000000000000000000000000000001", 4},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint64_t a[8];
        size_t n = strlen(ROWS[i].digits);
        for (size_t w = 1; w <= 8; w++) {
            assert_int_equal(wide_read(a, w, ROWS[i].digits, n), w >= ROWS[i].width);
            if (w < ROWS[i].width)
                continue;
            struct ctx ctx;
            struct value value;
            ctx_init(&ctx, 1 << 16);
            assert_int_equal(wide_value(&ctx, a, w, &value), STATUS_OK);
            assert_int_equal(value.kind, KIND_STRING);
            assert_int_equal(value.s.n, n);
            assert_memory_equal(value.s.p, ROWS[i].digits, n);
            ctx_release(&ctx);
        }
    }
}

static void integers_up_to_2_to_the_53(void **state) {
    (void)state;
    static const uint64_t VALUES[] = {0, 1, UINT64_C(1) << 53, (UINT64_C(1) << 53) + 1};
    for (size_t i = 0; i < COUNT(VALUES); i++) {
        uint64_t a[3] = {VALUES[i]};
        struct ctx ctx;
        struct value value;
        ctx_init(&ctx, 1 << 16);
        assert_int_equal(wide_value(&ctx, a, 3, &value), STATUS_OK);
        assert_int_equal(value.kind, i < 3 ? KIND_INT : KIND_STRING);
        if (i < 3)
            assert_int_equal(value.i, VALUES[i]);
        ctx_release(&ctx);
    }
}

static void sums_carry_and_differences_borrow(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 100000; round++) {
        uint64_t a[3], b[3], sum[3], back[3];
        for (int i = 0; i < 3; i++) { /* limbs at their ends make carries */
            a[i] = test_below(&random, 3) ? test_below(&random, 3) - 1 : test_random(&random);
            b[i] = test_below(&random, 3) ? test_below(&random, 3) - 1 : test_random(&random);
        }
        memcpy(sum, a, sizeof a);
        wide_add(sum, b, 3);
        test_wide_double low = (test_wide_double)a[0] + b[0], mid = (test_wide_double)a[1] + b[1] + (low >> 64);
        assert_true(sum[0] == (uint64_t)low && sum[1] == (uint64_t)mid);
        assert_true(sum[2] == a[2] + b[2] + (uint64_t)(mid >> 64));
        memcpy(back, sum, sizeof sum);
        wide_subtract(back, b, 3);
        assert_memory_equal(back, a, sizeof a);
        bool less = a[2] != b[2] ? a[2] < b[2] : a[1] != b[1] ? a[1] < b[1] : a[0] < b[0];
        assert_int_equal(wide_less(a, b, 3), less);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_come_back),
        cmocka_unit_test(integers_up_to_2_to_the_53),
        cmocka_unit_test(sums_carry_and_differences_borrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
