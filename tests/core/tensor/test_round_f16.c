/* Rounding to binary16 by every table that this machine has, against all numbers of the format, made from its definition
 * (IEEE 754, sec. 3.4: 10 bits of a significand, exponents -14 .. 15). */
#include <float.h>
#include <math.h>

#include "core/tensor/tensor.h"
#include "tests/support/guarded.h"
#include "tests/support/tables.h"
#include "tests/support/test.h"

enum { NUMBERS = 31 * 1024, CASES = 8 * NUMBERS, MOST = 70 };

/* number is the i-th of those that are not negative, from 0; the one behind the last would be 65536. */
static float number(int i) {
    const int exponent = i / 1024, rest = i % 1024;
    return (float)(exponent ? ldexp(1024 + rest, exponent - 25) : ldexp(rest, -24));
}

/* between fills in what lies from a number to the next: itself, half way, and right beside that; of either sign. */
static void between(int i, float x[8], float want[8]) {
    const float low = number(i), high = number(i + 1), half = low + (high - low) / 2;
    const float up = i + 1 < NUMBERS ? high : INFINITY;
    const float is[] = {low, nextafterf(half, 0), half, nextafterf(half, INFINITY)},
                becomes[] = {low, low, i % 2 ? up : low, up};
    for (int j = 0; j < 8; j++) {
        x[j] = j < 4 ? is[j] : -is[j - 4];
        want[j] = j < 4 ? becomes[j] : -becomes[j - 4];
    }
}

static void every_number_and_what_is_between(void **state) {
    (void)state;
    float *x = malloc(CASES * sizeof *x), *want = malloc(CASES * sizeof *x), *got = malloc(CASES * sizeof *x);
    for (int i = 0; i < NUMBERS; i++)
        between(i, x + 8 * (size_t)i, want + 8 * (size_t)i);
    assert_true(number(NUMBERS - 1) == 65504 && number(NUMBERS) == 65536);
    EACH_TABLE(k) {
        k->round_f16(CASES, x, got);
        for (size_t i = 0; i < CASES; i++)
            if (memcmp(&got[i], &want[i], sizeof *got) != 0)
                fail_msg("%s: %a becomes %a, want %a", isa_text(k->isa), (double)x[i], (double)got[i], (double)want[i]);
    }
    free(x), free(want), free(got);
}

static void ends_of_the_range(void **state) {
    (void)state;
    static const float X[] = {FLT_MAX, -INFINITY, FLT_MIN, -0x1p-149f, 0x1p-25f, 65519.996f, -65520};
    static const float WANT[] = {INFINITY, -INFINITY, 0, -0.0f, 0, 65504, -INFINITY};
    EACH_TABLE(k) {
        float got[COUNT(X)];
        k->round_f16(COUNT(X), X, got);
        assert_memory_equal(got, WANT, sizeof got);
        k->round_f16(1, (const float[]){-NAN}, got);
        assert_true(isnan(got[0]));
    }
}

/* At all small sizes, nothing beyond them is touched; and where the numbers lie they may be written. */
static void sizes_and_places(void **state) {
    (void)state;
    uint64_t seed = 5;
    EACH_TABLE(k)
    for (size_t n = 0; n <= MOST; n++) {
        float *x = guarded(n, &seed), *out = guarded(n, &seed), want[MOST];
        tensor_ref.round_f16(n, x, want);
        k->round_f16(n, x, out);
        assert_memory_equal(out, want, n * sizeof *want);
        k->round_f16(n, x, x);
        assert_memory_equal(x, want, n * sizeof *want);
        drop(x, n), drop(out, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_and_what_is_between),
        cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(sizes_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
