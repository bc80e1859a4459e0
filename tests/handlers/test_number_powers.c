#include "handlers/number_powers.h"
#include "tests/support/test.h"

/* Integers of up to 1280 bits, little-endian limbs: enough for 5^342 (795 bits) times 2^128. */
enum { LIMBS = 20 };
struct integer {
    uint64_t limb[LIMBS];
};

static void multiply(struct integer *a, uint64_t factor) {
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        unsigned __int128 t = (unsigned __int128)a->limb[i] * factor + carry;
        a->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    assert_true(carry == 0);
}

static struct integer power5(int q) {
    struct integer a = {{1}};
    for (int i = 0; i < q; i++)
        multiply(&a, 5);
    return a;
}

static int bit_length(const struct integer *a) {
    for (int i = LIMBS * 64; i-- > 0;)
        if (a->limb[i / 64] >> i % 64 & 1)
            return i + 1;
    return 0;
}

static int bit(const struct integer *a, int i) { return i < 0 ? 0 : (int)(a->limb[i / 64] >> i % 64 & 1); }

/* add_product adds b * x shifted by `limbs`. */
static void add_product(struct integer *sum, const struct integer *b, uint64_t x, size_t limbs) {
    uint64_t carry = 0;
    for (size_t i = limbs; i < LIMBS; i++) {
        unsigned __int128 t = (unsigned __int128)b->limb[i - limbs] * x + sum->limb[i] + carry;
        sum->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
}

/* 10^q for q >= 0: T is the leading 128 bits of 5^q. */
static void powers_from_one_on_are_the_leading_bits(void **state) {
    (void)state;
    for (int q = 0; q <= POWER_LAST; q++) {
        struct integer five = power5(q);
        int length = bit_length(&five);
        struct power t = number_power(q);
        for (int i = 0; i < 128; i++) {
            int want = bit(&five, length - 1 - i), got = (int)((i < 64 ? t.hi : t.lo) >> (63 - i % 64) & 1);
            if (want != got)
                fail_msg("bit %d of 1e%d is %d, want %d", i, q, got, want);
        }
        assert_int_equal(length <= 128, q <= POWER_LAST_EXACT);
        assert_int_equal(number_log2_power(q), length - 1 + q);
    }
}

/* 10^-q: T = floor(2^s / 5^q), so that T * 5^q <= 2^s < (T + 1) * 5^q, with s = 127 + the bits of 5^q. */
static void powers_below_one_are_rounded_down(void **state) {
    (void)state;
    for (int q = 1; q <= -POWER_FIRST; q++) {
        struct integer five = power5(q), product = {{0}};
        struct power t = number_power(-q);
        int s = 127 + bit_length(&five);
        add_product(&product, &five, t.lo, 0);
        add_product(&product, &five, t.hi, 1);
        if (bit_length(&product) > s) /* T * 5^q < 2^s: no equality, 5^q is odd */
            fail_msg("1e-%d is too great", q);
        add_product(&product, &five, 1, 0);
        if (bit_length(&product) != s + 1)
            fail_msg("1e-%d is too small", q);
        assert_true(t.hi >> 63);
        assert_int_equal(number_log2_power(-q), -s + 127 - q); /* 10^-q = T * 2^(-s - q), T has 128 bits */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_from_one_on_are_the_leading_bits),
        cmocka_unit_test(powers_below_one_are_rounded_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
