#include "core/base/elementary.h"

#include <math.h>

#include "tests/support/test.h"

/* The oracle is the C library in long double (64-bit mantissa on x86-64, 113 on aarch64), rounded at the end. */
static double ulps(double got, long double want) {
    double near = (double)want;
    double next = nextafter(fabs(near), (double)INFINITY);
    long double unit = (long double)next - fabsl((long double)near);
    return (double)(fabsl((long double)got - want) / unit);
}

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

static long double sinpi_oracle(long double x) { return sinl(acosl(-1.0L) * (x - 2 * floorl(x / 2))); }
static long double cospi_oracle(long double x) { return cosl(acosl(-1.0L) * (x - 2 * floorl(x / 2))); }

static const struct {
    const char *name;
    double (*ours)(double);
    long double (*theirs)(long double);
    double low, high, bound; /* ulp */
    bool log_scale;          /* x = 2^u, u in low .. high */
} CASES[] = {
    {"exp", elementary_exp, expl, -708, 709.7, 1.0},
    {"exp near 0", elementary_exp, expl, -1, 1, 1.0},
    {"expm1", elementary_expm1, expm1l, -5, 5, 2.0},
    {"expm1 wide", elementary_expm1, expm1l, -50, 700, 2.0},
    {"expm1 tiny", elementary_expm1, expm1l, -60, -2, 1.5, true},
    {"log", elementary_log, logl, -1022, 1023, 1.0, true},
    {"log near 1", elementary_log, logl, 0.5, 2, 1.0},
    {"log subnormal", elementary_log, logl, -1074, -1022, 1.0, true},
    {"log1p", elementary_log1p, log1pl, -0.99, 3, 2.0},
    {"log1p tiny", elementary_log1p, log1pl, -80, 3, 2.0, true},
    {"sinpi", elementary_sinpi, sinpi_oracle, 0.001, 0.499, 1.0},
    {"cospi", elementary_cospi, cospi_oracle, 0, 0.49, 1.0},
};

static void accuracy_against_long_double(void **state) {
    (void)state;
    for (size_t c = 0; c < COUNT(CASES); c++) {
        uint64_t seed = c;
        double worst = 0, at = 0;
        for (int i = 0; i < 200000; i++) {
            double x = between(&seed, CASES[c].low, CASES[c].high);
            if (CASES[c].log_scale)
                x = exp2(x);
            double u = ulps(CASES[c].ours(x), CASES[c].theirs(x));
            if (!(u <= worst)) {
                worst = u;
                at = x;
            }
        }
        print_message("%s: %.3f ulp at %a\n", CASES[c].name, worst, at);
        assert_true(worst < CASES[c].bound);
    }
}

static void angles_are_reduced_exactly(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        double x = between(&seed, -1000, 1000);
        assert_true(fabs(elementary_sinpi(x) - (double)sinpi_oracle(x)) < 3e-16);
        assert_true(fabs(elementary_cospi(x) - (double)cospi_oracle(x)) < 3e-16);
    }
    for (int n = -9; n <= 9; n++) {
        assert_true(elementary_sinpi(n) == 0);
        assert_true(elementary_cospi(n + 0.5) == 0);
        assert_true(elementary_cospi(n) == (n % 2 ? -1 : 1));
        assert_true(elementary_sinpi(n + 0.5) == (n % 2 ? -1 : 1));
    }
}

static void pow_accuracy(void **state) {
    (void)state;
    uint64_t seed = 2;
    double worst = 0;
    for (int i = 0; i < 200000; i++) {
        double x = exp2(between(&seed, -30, 30)), y = between(&seed, -8, 8);
        double u = ulps(elementary_pow(x, y), powl(x, y));
        worst = u > worst ? u : worst;
    }
    print_message("pow: %.3f ulp\n", worst);
    assert_true(worst < 1.5);
    for (int i = 1; i < 50; i++) {
        assert_true(elementary_pow(i, 1) == i);
        assert_true(elementary_pow(i, 2) == (double)i * i);
    }
}

static void edges(void **state) {
    (void)state;
    assert_true(elementary_exp(0) == 1);
    assert_true(elementary_exp(-(double)INFINITY) == 0 && elementary_exp(-746) == 0 && elementary_exp(-1e300) == 0);
    assert_true(isinf(elementary_exp(710)) && isinf(elementary_exp((double)INFINITY)));
    assert_true(elementary_exp(-745) == 0x1p-1074);
    assert_true(isnan(elementary_exp((double)NAN)) && isnan(elementary_log((double)NAN)) && isnan(elementary_log(-1)));
    assert_true(elementary_log(1) == 0 && elementary_log(0) == -(double)INFINITY &&
                isinf(elementary_log((double)INFINITY)));
    assert_true(elementary_log1p(-1) == -(double)INFINITY && isnan(elementary_log1p(-2)) &&
                elementary_log1p(1e-300) == 1e-300);
    assert_true(elementary_expm1(0) == 0 && elementary_expm1(-1e9) == -1 && isinf(elementary_expm1(1e9)));
    assert_true(elementary_expm1(1e-300) == 1e-300);
    assert_true(elementary_pow(0, 0) == 1 && elementary_pow(0, 2) == 0 && isinf(elementary_pow(0, -1)));
    assert_true(elementary_pow(7, 0) == 1 && elementary_pow(1, 1e300) == 1);
    assert_true(isinf(elementary_pow(1e300, 10)) && elementary_pow(1e300, -10) == 0);
    assert_true(fabs(elementary_pow(0x1p-1070, 0.5) / 0x1p-535 - 1) < 1e-15);
}

static void arrays_give_the_bits_of_the_scalars(void **state) {
    (void)state;
    enum { MOST = 37 };
    uint64_t seed = 3;
    for (size_t n = 0; n <= MOST; n++) {
        double e[MOST + 1], l[MOST + 1], x[MOST + 1];
        for (size_t i = 0; i <= MOST; i++) {
            x[i] = between(&seed, -3, 3);
            e[i] = x[i] * 400;
            l[i] = elementary_exp(x[i] * 100);
        }
        x[n] = e[n] = l[n] = 77; /* a guard */
        elementary_exp_n(e, n);
        elementary_log_n(l, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(e[i] == elementary_exp(x[i] * 400));
            assert_true(l[i] == elementary_log(elementary_exp(x[i] * 100)));
        }
        assert_true(e[n] == 77 && l[n] == 77);
    }
}

/* The bits themselves: the same on every machine. Derived by this code on x86-64, checked to 1 ulp above. */
static void bits_are_pinned(void **state) {
    (void)state;
    uint64_t seed = 4, sum = 0;
    for (int i = 0; i < 10000; i++) {
        double x = between(&seed, -20, 20), y = fabs(x);
        double v[] = {elementary_exp(x),   elementary_expm1(x), elementary_log(y),   elementary_log1p(y),
                      elementary_sinpi(x), elementary_cospi(x), elementary_pow(y, x)};
        for (size_t j = 0; j < COUNT(v); j++) {
            uint64_t bits;
            memcpy(&bits, &v[j], sizeof bits);
            sum = (sum ^ bits) * 0x100000001b3u;
        }
    }
    assert_true(sum == 0xf3a07f4623f4558eu);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_against_long_double),
        cmocka_unit_test(angles_are_reduced_exactly),
        cmocka_unit_test(pow_accuracy),
        cmocka_unit_test(edges),
        cmocka_unit_test(arrays_give_the_bits_of_the_scalars),
        cmocka_unit_test(bits_are_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
