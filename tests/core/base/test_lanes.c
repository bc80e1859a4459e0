/* The vector forms against the scalar ones; those of other instruction sets through the kernels that use them. */
#include "core/base/lanes.h"

#include <float.h>
#include <math.h>

#include "core/base/elementary.h"
#include "tests/support/test.h"

enum { N = 20000 };

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

static vec draw(uint64_t *seed, double low, double high) {
    vec x = {0};
    for (int l = 0; l < LANES; l++)
        x[l] = between(seed, low, high);
    return x;
}

static void formulas_are_the_scalar_ones(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < N; i++) {
        vec x = draw(&seed, -1000, 1000), y = draw(&seed, DBL_MIN, i % 2 ? 10 : DBL_MAX), sine, cosine;
        if (i == 0)
            x[0] = INFINITY, x[1] = -INFINITY;
        const vec e = vec_exp(x), ln = vec_log_normal(y);
        vec_sincos_pi(x, &sine, &cosine);
        for (int l = 0; l < LANES; l++) {
            assert_true(e[l] == elementary_exp(x[l]) && ln[l] == elementary_log(y[l]));
            assert_true(i == 0 || (sine[l] == elementary_sinpi(x[l]) && cosine[l] == elementary_cospi(x[l])));
        }
    }
}

static void powers_of_two(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < N; i++) {
        const vec x = draw(&seed, i % 2 ? -1 : -1000, i % 2 ? 1 : 1000), got = vec_exp2_near(x);
        for (int l = 0; l < LANES; l++) {
            long double want = exp2l((long double)x[l]);
            assert_true(fabsl(((long double)got[l] - want) / want) < 0x1p-52L);
        }
    }
    for (int n = -1000; n <= 1000; n++)
        assert_true(vec_exp2_near(vec_of(n))[0] == ldexp(1, n));
}

static void choices(void **state) {
    (void)state;
    vec a = {0}, b = {0};
    for (int l = 0; l < LANES; l++)
        a[l] = l, b[l] = LANES + l;
    const vec even = vec_even(a, b), odd = vec_odd(a, b), low = vec_low(even, odd), high = vec_high(even, odd);
    for (int l = 0; l < LANES; l++) {
        assert_true(even[l] == 2 * l && odd[l] == 2 * l + 1 && low[l] == a[l] && high[l] == b[l]);
        assert_true(vec_greater(a, vec_of(0.5))[l] == (l ? l : 0.5) && vec_zero_unless(a < 1, b)[l] == (l ? 0 : LANES));
        assert_true(vec_where(a > 0, a, b)[l] == (l ? l : LANES));
        assert_true(vec_any(a == l) && !vec_any(a == LANES));
    }
    assert_true(vec_greater(vec_of((double)NAN), a)[0] == 0 && vec_greater(vec_of(-0.0), vec_of(0.0))[0] == 0);
    const vec_bits product = vec_multiply32(vec_word(0x5ffffffffu), vec_word(0x7fffffffeu));
    assert_true(product[0] == 0xfffffffful * 0xfffffffeul);
}

static void rounded_once_and_not_at_all(void **state) {
    (void)state;
    const vec a = vec_of(1 + 0x1p-30), b = vec_of(1 - 0x1p-30), fused = vec_fma(a, b, vec_of(-1));
    for (int l = 0; l < LANES; l++)
        assert_true(fused[l] == -0x1p-60 && signbit(vec_of(-0.0)[l]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_are_the_scalar_ones),
        cmocka_unit_test(powers_of_two),
        cmocka_unit_test(choices),
        cmocka_unit_test(rounded_once_and_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
