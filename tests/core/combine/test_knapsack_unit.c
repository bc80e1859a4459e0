#include "core/combine/knapsack_unit.h"
#include "tests/support/test.h"

static void decimals_are_read_as_written(void **state) {
    (void)state;
    static const struct {
        double x[3];
        int64_t units[3];
    } rows[] = {
        {{0.1, 0.2, 0.3}, {1, 2, 3}},
        {{0.125126, 19.330424, 58.500931}, {125126, 19330424, 58500931}},
        {{375, 56.358531, 0}, {375000000, 56358531, 0}},
        {{1, 2, 1e15}, {1, 2, 1000000000000000}},
        {{1e-22, 0, 1e-22}, {1, 0, 1}},
        {{99999999.9999999, 1, 0.5}, {999999999999999, 10000000, 5000000}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct knapsack_unit unit = {0};
        for (size_t k = 0; k < 3; k++)
            knapsack_unit_see(&unit, rows[i].x[k]);
        assert_false(unit.binary);
        for (size_t k = 0; k < 3; k++) {
            int64_t units;
            assert_true(knapsack_unit_count(&unit, rows[i].x[k], &units));
            assert_true(units == rows[i].units[k]);
            assert_true(knapsack_unit_real(&unit, units) == rows[i].x[k]);
        }
    }
}

/* 0.1 + 0.2 as doubles is more than 0.3, and is no decimal of 15 digits: all are taken as they are in binary. */
static void others_are_binary_fractions(void **state) {
    (void)state;
    struct knapsack_unit unit = {0};
    const double x[] = {0.1 + 0.2, 0.3, 0.1, 100, 0};
    int64_t units[COUNT(x)];
    for (size_t k = 0; k < COUNT(x); k++)
        knapsack_unit_see(&unit, x[k]);
    assert_true(unit.binary);
    for (size_t k = 0; k < COUNT(x); k++) {
        assert_true(knapsack_unit_count(&unit, x[k], &units[k]));
        assert_true(knapsack_unit_real(&unit, units[k]) == x[k]);
    }
    assert_true(units[0] == units[1] + (INT64_C(1) << (unit.bits - 54))); /* an ulp of numbers in [1/4, 1/2) */
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const double rows[][2] = {{1e300, 1},    {1e300, 1e-300}, {5e-324, 1},
                                     {1e15, 1e-15}, {0x1p63, 1},     {0x1p62, 0.5}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct knapsack_unit unit = {0};
        int64_t units;
        knapsack_unit_see(&unit, rows[i][0]);
        knapsack_unit_see(&unit, rows[i][1]);
        assert_false(knapsack_unit_count(&unit, rows[i][0], &units) && knapsack_unit_count(&unit, rows[i][1], &units));
    }
}

/* Random decimals of any precision keep their order and their sums. */
static void random_decimals_are_exact(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 100000; round++) {
        int digits = (int)test_below(&seed, 10);
        int64_t r = (int64_t)test_below(&seed, UINT64_C(1000000000000000)), units;
        char text[64];
        snprintf(text, sizeof text, "%llde-%d", (long long)r, digits);
        double x = strtod(text, NULL);
        struct knapsack_unit unit = {0};
        knapsack_unit_see(&unit, x);
        assert_true(knapsack_unit_count(&unit, x, &units) && !unit.binary && unit.digits <= digits);
        for (int k = unit.digits; k < digits; k++)
            units *= 10;
        assert_true(units == r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_read_as_written),
        cmocka_unit_test(others_are_binary_fractions),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(random_decimals_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
