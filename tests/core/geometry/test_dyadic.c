/* The oracle is IEEE arithmetic itself: one operation of the machine is the exact result, rounded to nearest even. */
#include "core/geometry/dyadic.h"
#include "core/geometry/exact_place.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

/* any_double has exponents of -range .. range and now and then few bits, for ties. */
static double any_double(uint64_t *random, int range) {
    int exponent = (int)test_below(random, 2 * (uint64_t)range + 1) - range;
    uint64_t bits = test_random(random) >> (11 + test_below(random, 53));
    double x = ldexp((double)bits, exponent - 53);
    return test_below(random, 2) ? -x : x;
}

static double value_of(const struct dyadic *a) {
    struct dyadic one;
    dyadic_set(&one, 1);
    return dyadic_ratio(a, &one);
}

static void operations_round_as_the_machine_does(void **state) {
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < 60000; i++) {
        int range = i % 3 == 0 ? 3 : i % 3 == 1 ? 60 : 1020;
        double x = any_double(&random, range), y = any_double(&random, range), z = any_double(&random, range);
        struct dyadic a, b, c, product, sum;
        dyadic_set(&a, x), dyadic_set(&b, y), dyadic_set(&c, z);
        assert_true(value_of(&a) == x);
        dyadic_add(&sum, &a, &b);
        assert_true(value_of(&sum) == x + y);
        dyadic_subtract(&sum, &a, &b);
        assert_true(value_of(&sum) == x - y);
        assert_int_equal(dyadic_sign(&sum), (x > y) - (x < y));
        assert_int_equal(dyadic_compare(&a, &b), (x > y) - (x < y));
        dyadic_multiply(&product, &a, &b);
        assert_true(value_of(&product) == x * y);
        dyadic_add(&product, &product, &c);
        assert_true(value_of(&product) == fma(x, y, z));
        if (y != 0)
            assert_true(dyadic_ratio(&a, &b) == x / y);
    }
}

/* Halfway between neighbours, a bit above and a bit below, normal and subnormal. */
static void ties_go_to_even(void **state) {
    (void)state;
    static const struct {
        double x, tail, want;
    } rows[] = {
        {1, 0x1p-53, 1},  {1 + 0x1p-52, 0x1p-53, 1 + 0x1p-51}, {1, 0x1.8p-53, 1 + 0x1p-52},
        {1, -0x1p-54, 1}, {1, -0x1.8p-54, 1 - 0x1p-53},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int sign = -1; sign <= 1; sign++) {
            struct dyadic a, b, tiny;
            dyadic_set(&a, rows[i].x), dyadic_set(&b, rows[i].tail), dyadic_set(&tiny, sign * 0x1p-1000);
            dyadic_add(&a, &a, &b);
            dyadic_add(&a, &a, &tiny);
            double got = value_of(&a), way = sign * (i == 1 ? 0x1p-52 : i == 3 ? 0x1p-53 : 0x1p-52);
            bool tie = i == 0 || i == 1 || i == 3;
            bool moves = tie && (i == 1 ? sign < 0 : i == 0 ? sign > 0 : sign < 0);
            assert_true(got == (moves ? rows[i].want + way : rows[i].want));
        }
    struct dyadic a, b;
    dyadic_set(&a, 3 * DBL_TRUE_MIN), dyadic_set(&b, 2);
    assert_true(dyadic_ratio(&a, &b) == 2 * DBL_TRUE_MIN);
    dyadic_set(&a, DBL_TRUE_MIN);
    assert_true(dyadic_ratio(&a, &b) == 0);
    dyadic_set(&b, DBL_MAX);
    assert_true(dyadic_ratio(&a, &b) == 0);
    assert_true(isinf(dyadic_ratio(&b, &a)));
}

/* The widest there is: twelve factors, each a difference over the whole range. */
static void the_widest_fits(void **state) {
    (void)state;
    struct dyadic factor, product, copy, quotient;
    dyadic_difference(&factor, DBL_MAX, -DBL_TRUE_MIN);
    dyadic_set(&product, 1);
    for (int i = 0; i < 12; i++) {
        copy = product;
        dyadic_multiply(&product, &copy, &factor);
        assert_in_range(product.n, 1, DYADIC_MAX_WORDS);
    }
    dyadic_multiply(&quotient, &copy, &factor);
    assert_int_equal(dyadic_compare(&product, &quotient), 0);
    assert_true(dyadic_ratio(&product, &copy) == DBL_MAX);
}

static void reversed(const double s[4], double to[4]) { to[0] = s[2], to[1] = s[3], to[2] = s[0], to[3] = s[1]; }

static void crossings(void **state) {
    (void)state;
    static const struct {
        double p[4], q[4], at[2];
    } rows[] = {
        {{-DBL_MAX, 3, DBL_MAX, 3}, {1, 0, 1, 10}, {1, 3}},
        {{-1e300, 0.5, 1e300, 0.5}, {-0x1p-1000, -8, 0x3p-1000, 8}, {0x1.2p-1000, 0.5}},
        {{0, 0, 3, 1}, {0, 1, 3, 0}, {1.5, 0.5}},
        {{0, 0, 3, 3}, {0, 1, 1, 0}, {0.5, 0.5}},
        {{0, 0, DBL_TRUE_MIN, 1}, {0, 1, DBL_TRUE_MIN, 0}, {0, 0.5}}, /* halfway: to even */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        double at[2];
        exact_crossing(rows[i].p, rows[i].q, at);
        if (at[0] != rows[i].at[0] || at[1] != rows[i].at[1])
            fail_msg("row %zu: %.17g %.17g", i, at[0], at[1]);
    }
}

/* What is exact does not depend on names, directions or the unit. */
static void crossings_are_one_point(void **state) {
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 3000; round++) {
        double p[4], q[4], back[4], at[2], other[2];
        for (int k = 0; k < 4; k++)
            p[k] = any_double(&random, 200), q[k] = any_double(&random, 200);
        if ((p[2] - p[0]) * (q[3] - q[1]) == (p[3] - p[1]) * (q[2] - q[0]))
            continue;
        exact_crossing(p, q, at);
        exact_crossing(q, p, other);
        assert_true(at[0] == other[0] && at[1] == other[1]);
        reversed(p, back);
        exact_crossing(back, q, other);
        assert_true(at[0] == other[0] && at[1] == other[1]);
        for (int k = 0; k < 4; k++)
            p[k] *= 0x1p100, q[k] *= 0x1p100;
        exact_crossing(p, q, other);
        assert_true(at[0] * 0x1p100 == other[0] && at[1] * 0x1p100 == other[1]);
    }
}

/* On small integers a foot is a fraction, which one division rounds. */
static void feet(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int round = 0; round < 5000; round++) {
        int64_t v[6];
        for (int k = 0; k < 6; k++)
            v[k] = (int64_t)test_below(&random, 2001) - 1000;
        int64_t ux = v[2] - v[0], uy = v[3] - v[1], below = ux * ux + uy * uy;
        int64_t above = ux * (v[4] - v[0]) + uy * (v[5] - v[1]);
        if (below == 0)
            continue;
        struct point a = {(double)v[0], (double)v[1]}, b = {(double)v[2], (double)v[3]},
                     c = {(double)v[4], (double)v[5]};
        struct point foot = exact_foot(a, b, c), same = exact_foot(b, a, c);
        assert_true(foot.x == (double)(v[0] * below + ux * above) / (double)below);
        assert_true(foot.y == (double)(v[1] * below + uy * above) / (double)below);
        assert_true(point_equal(foot, same));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_round_as_the_machine_does),
        cmocka_unit_test(ties_go_to_even),
        cmocka_unit_test(the_widest_fits),
        cmocka_unit_test(crossings),
        cmocka_unit_test(crossings_are_one_point),
        cmocka_unit_test(feet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
