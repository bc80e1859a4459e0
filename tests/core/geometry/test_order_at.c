#include "core/geometry/order_at.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

static void known(void **state) {
    (void)state;
    static const struct {
        double a[4], b[4], x;
        int order;
    } rows[] = {
        {{0, 0, 1, 1}, {0, 1, 1, 0}, 0, -1},
        {{0, 0, 1, 1}, {0, 1, 1, 0}, 1, 1},
        {{0, 0, 1, 1}, {0, 1, 1, 0}, 0.5, 0},
        {{0, 0, 0.3, 0.1}, {0, 0, 0.6, 0.2}, 0.3, 0},
        {{0, 0, 3, 1}, {0, 0, 3, 0x1.0000000000001p0}, 2, -1}, /* one bit */
        {{0, 0, 3, 1}, {0, 0, 3, 0x1.0000000000001p0}, 0, 0},
        {{0, 0, 549755813888, 1}, {0, 0, 549755813887, 1}, 549755813887, -1}, /* 2^39: no more integers */
        {{0, 0, 549755813887, 1}, {0, 0, 549755813886, 1}, 549755813886, -1},
        {{-DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX}, {-DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX}, 0, 0},
        {{-DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX}, {-DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX}, DBL_TRUE_MIN, 1},
        {{-DBL_MAX, -DBL_MAX, DBL_MAX, DBL_MAX}, {-DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX}, -DBL_TRUE_MIN, -1},
        {{0, 0, DBL_TRUE_MIN, DBL_TRUE_MIN}, {0, DBL_TRUE_MIN, DBL_TRUE_MIN, 0}, 0, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (order_at(rows[i].a, rows[i].b, rows[i].x) != rows[i].order)
            fail_msg("row %zu: %d", i, order_at(rows[i].a, rows[i].b, rows[i].x));
        assert_int_equal(order_at(rows[i].b, rows[i].a, rows[i].x), -rows[i].order);
    }
}

/* Small integers as they are, and times a power of two, where the ways to compute differ: the order is the same. */
static void ways_agree(void **state) {
    (void)state;
    static const int POWERS[] = {38, -1, -60, -1060, 1000};
    uint64_t random = 3;
    for (int round = 0; round < 20000; round++) {
        int64_t v[9];
        for (size_t i = 0; i < 9; i++)
            v[i] = (int64_t)test_below(&random, 9) - 4;
        v[2] = v[0] + 1 + (int64_t)test_below(&random, 4), v[6] = v[4] + 1 + (int64_t)test_below(&random, 4);
        int64_t a = v[1] * (v[2] - v[0]) + (v[3] - v[1]) * (v[8] - v[0]);
        int64_t b = v[5] * (v[6] - v[4]) + (v[7] - v[5]) * (v[8] - v[4]);
        int64_t sum = a * (v[6] - v[4]) - b * (v[2] - v[0]);
        for (size_t k = 0; k < COUNT(POWERS); k++) {
            double x[9];
            for (size_t i = 0; i < 9; i++)
                x[i] = ldexp((double)v[i], POWERS[k]);
            assert_int_equal(order_at(x, x + 4, x[8]), (sum > 0) - (sum < 0));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(ways_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
