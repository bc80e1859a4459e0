#include "core/window/exact_sum.h"

#include <math.h>

static int leading_zeros(wide_uint x) {
    uint64_t high = (uint64_t)(x >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)x);
}

/* round_once is q * 2^exponent, and a little more where `more`, to the nearest double. */
static double round_once(wide_uint q, bool more, int exponent) {
    int bits = 128 - leading_zeros(q), drop = bits - 53;
    if (drop < -1074 - exponent)
        drop = -1074 - exponent; /* subnormal: fewer bits are kept */
    if (drop <= 0)
        return ldexp((double)(uint64_t)q, exponent);
    if (drop > 127)
        return 0;
    wide_uint one = 1, rest = q & ((one << drop) - 1), half = one << (drop - 1);
    uint64_t keep = (uint64_t)(q >> drop);
    keep += rest > half || (rest == half && (more || keep & 1));
    return ldexp((double)keep, exponent + drop);
}

double exact_ratio(bool negative, wide_uint magnitude, bool more, int exponent, uint64_t count) {
    if (magnitude == 0)
        return 0;
    if (count > 1) {
        if (!more) { /* so that the quotient has more bits than a double */
            int shift = leading_zeros(magnitude);
            magnitude <<= shift;
            exponent -= shift;
        }
        wide_uint quotient = magnitude / count;
        more |= quotient * count != magnitude;
        magnitude = quotient;
    }
    double result = round_once(magnitude, more, exponent);
    return negative ? -result : result;
}

/* spread adds sign * x to the three digits that it touches. */
static inline void spread(struct exact_sum *s, double x, int64_t sign) {
    int exponent;
    int64_t m = exact_parts(x, &exponent);
    sign = m < 0 ? -sign : sign;
    unsigned at = (unsigned)(exponent - EXACT_LOW);
    wide_uint bits = (wide_uint)(uint64_t)(m < 0 ? -m : m) << (at & 31);
    int64_t *digit = s->digit + (at >> 5);
    digit[0] += sign * (int64_t)(uint32_t)bits;
    digit[1] += sign * (int64_t)(uint32_t)(bits >> 32);
    digit[2] += sign * (int64_t)(uint32_t)(bits >> 64);
}

void exact_join(struct exact_sum *s, double x) { spread(s, x, 1); }
void exact_leave(struct exact_sum *s, double x) { spread(s, x, -1); }

/* settle makes the carries: the magnitude's digits, below them three of zero; true where the sum is negative. */
static bool settle(const struct exact_sum *s, uint32_t digit[EXACT_DIGITS + 3]) {
    int64_t carry = 0;
    digit[0] = digit[1] = digit[2] = 0;
    for (int i = 0; i < EXACT_DIGITS; i++) {
        int64_t v = s->digit[i] + carry;
        digit[i + 3] = (uint32_t)v;
        carry = v >> 32;
    }
    if (carry >= 0)
        return false;
    uint64_t up = 1; /* two's complement: the magnitude is the complement and one */
    for (int i = 0; i < EXACT_DIGITS; i++) {
        up += (uint32_t)~digit[i + 3];
        digit[i + 3] = (uint32_t)up;
        up >>= 32;
    }
    return true;
}

double exact_read(const struct exact_sum *s, uint64_t count) {
    uint32_t digit[EXACT_DIGITS + 3];
    bool negative = settle(s, digit), more = false;
    int top = EXACT_DIGITS + 2;
    while (top > 3 && digit[top] == 0)
        top--;
    wide_uint magnitude = 0;
    for (int i = top; i > top - 4; i--)
        magnitude = magnitude << 32 | digit[i];
    for (int i = top - 4; i >= 3 && !more; i--)
        more = digit[i] != 0;
    return exact_ratio(negative, magnitude, more, EXACT_LOW + 32 * (top - 6), count);
}
