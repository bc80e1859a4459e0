/* elementary_body.h - the formulas of elementary.c for REAL, a double or a vector of them, and BITS, unsigned integers of
 * the same shape; NAMED(f) is what they are called. Included by elementary.c, and by lanes.h for vectors: what they
 * compute has the same bits. No guard: it may be included for several types. */
#include <stdint.h>
#include <string.h>

#ifndef ROUNDER
/* Adding it to |n| < 2^51 rounds n to an integer and leaves that integer in the low bits. */
#define ROUNDER 0x1.8p52
#define LN2_HIGH 0x1.62e42feep-1 /* 29 bits: times an exponent it is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33
#endif

static inline BITS NAMED(bits_of)(REAL x) {
    BITS b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline REAL NAMED(from_bits)(BITS b) {
    REAL x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* two_to is 2^n for integers n in -1022 .. 1023 that are held as doubles. */
static inline REAL NAMED(two_to)(REAL n) { return NAMED(from_bits)(NAMED(bits_of)(n + (ROUNDER + 1023)) << 52); }

/* exp_tail is (exp(r) - 1 - r) / r^2 for |r| <= ln2 / 2; the first term left out is below 4e-18 of exp(r). Summed by
 * Estrin's scheme: Horner's chain of twelve dependent steps takes a third longer in the array forms. */
static inline REAL NAMED(exp_tail)(REAL r) {
    const REAL z = r * r, z2 = z * z;
    const REAL p0 = 1.0 / 2 + r * (1.0 / 6), p1 = 1.0 / 24 + r * (1.0 / 120);
    const REAL p2 = 1.0 / 720 + r * (1.0 / 5040), p3 = 1.0 / 40320 + r * (1.0 / 362880);
    const REAL p4 = 1.0 / 3628800 + r * (1.0 / 39916800), p5 = 1.0 / 479001600 + r * (1.0 / 6227020800);
    return (p0 + z * p1) + z2 * ((p2 + z * p3) + z2 * (p4 + z * p5));
}

/* exp_rest is exp(high + low) / 2^n where |low| is a few ulp of high and n, an integer, the nearest to high / ln 2. */
static inline REAL NAMED(exp_rest)(REAL high, REAL low, REAL *n) {
    *n = (high * 0x1.71547652b82fep0 + ROUNDER) - ROUNDER;
    REAL r_high = high - *n * LN2_HIGH, r_low = low - *n * LN2_LOW;
    REAL r = r_high + r_low;
    return 1 + (r_high + (r_low + r * r * NAMED(exp_tail)(r)));
}

/* exp_inside is exp(high + low) for high in -746 .. 710. Two factors of 2^n: the first cannot leave the normal range, so
 * only the second rounds. */
static inline REAL NAMED(exp_inside)(REAL high, REAL low) {
    REAL n, p = NAMED(exp_rest)(high, low, &n);
    REAL half = (n * 0.5 + ROUNDER) - ROUNDER;
    return p * NAMED(two_to)(half) * NAMED(two_to)(n - half);
}

/* log_series is (log((1+s)/(1-s)) - 2s) / s for |s| <= 0.1716. */
static inline REAL NAMED(log_series)(REAL s) {
    const REAL z = s * s, z2 = z * z, z4 = z2 * z2;
    const REAL p0 = 2.0 / 3 + z * (2.0 / 5), p1 = 2.0 / 7 + z * (2.0 / 9), p2 = 2.0 / 11 + z * (2.0 / 13);
    const REAL p3 = 2.0 / 15 + z * (2.0 / 17), p4 = 2.0 / 19 + z * (2.0 / 21);
    return z * ((p0 + z2 * p1) + z4 * ((p2 + z2 * p3) + z4 * (p4 + z2 * (2.0 / 23))));
}

/* split takes a normal, positive, finite x apart: 2^exponent * mantissa, the latter in [sqrt(1/2), sqrt(2)). */
static inline void NAMED(split)(REAL x, REAL *exponent, REAL *mantissa) {
    const uint64_t root = 0x3fe6a09e667f3bcdu; /* the bits of sqrt(1/2) */
    BITS b = NAMED(bits_of)(x) + (0x3ff0000000000000u - root);
    *exponent = NAMED(from_bits)((b >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
    *mantissa = NAMED(from_bits)((b & 0x000fffffffffffffu) + root);
}

/* log_normal wants what split wants. With f = m - 1 and s = f / (2 + f): log m = f - (f^2/2 - s (f^2/2 + series)), where
 * the largest term is exact. */
static inline REAL NAMED(log_normal)(REAL x) {
    REAL exponent, m;
    NAMED(split)(x, &exponent, &m);
    REAL f = m - 1, s = f / (2 + f), half = 0.5 * f * f;
    REAL rest = s * (half + NAMED(log_series)(s)) + exponent * LN2_LOW;
    return exponent * LN2_HIGH - ((half - rest) - f);
}

/* Quarter turns and the rest: x = turns / 2 + r, |r| <= 1/4. */
static inline __attribute__((always_inline)) void NAMED(sincos_pi)(REAL x, REAL *sin, REAL *cos) {
    REAL big = 2 * x + ROUNDER;
    BITS turns = NAMED(bits_of)(big);
    REAL r = x - 0.5 * (big - ROUNDER);
    /* pi r to twice the precision: the upper halves multiply exactly. */
    REAL r_high = NAMED(from_bits)(NAMED(bits_of)(r) & 0xfffffffff8000000u);
    REAL high = r_high * 0x1.921fb5p1, low = (r - r_high) * 0x1.921fb5p1 + r * 0x1.110b4611a6263p-25;
    REAL y = high + low, z = y * y;
    REAL p = z * (1.0 / 355687428096000) - 1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z - 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z - 1.0 / 6;
    REAL s = high + (low + y * (z * p));
    REAL q = z * (1.0 / 20922789888000) - 1.0 / 87178291200;
    q = q * z + 1.0 / 479001600;
    q = q * z - 1.0 / 3628800;
    q = q * z + 1.0 / 40320;
    q = q * z - 1.0 / 720;
    q = q * z + 1.0 / 24;
    /* z/2 to twice the precision, since cos takes its error in full: y_high^2 is exact. */
    REAL y_high = NAMED(from_bits)(NAMED(bits_of)(y) & 0xfffffffff8000000u);
    REAL w = 0.5 * y_high * y_high, w_low = 0.5 * (y - y_high) * (y + y_high) + y * (low - (y - high));
    REAL c = 1 - w;
    c = c + (((1 - c) - w) - w_low + z * z * q);
    /* Select by masks: a branch here would keep the loop scalar. */
    BITS odd = -(turns & 1), bs = NAMED(bits_of)(s), bc = NAMED(bits_of)(c);
    BITS to_sin = (bc & odd) | (bs & ~odd), to_cos = (bs & odd) | (bc & ~odd);
    *sin = NAMED(from_bits)(to_sin ^ (turns & 2) << 62);
    *cos = NAMED(from_bits)(to_cos ^ ((turns + 1) & 2) << 62);
}

#undef REAL
#undef BITS
#undef NAMED
