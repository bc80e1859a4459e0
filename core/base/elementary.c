#include "core/base/elementary.h"

#include <math.h> /* INFINITY, NAN, sqrt and fabs only: those are exact */
#include <stdint.h>
#include <string.h>

/* Loops over LANES have a constant count and no branch, which is what gcc -O2 wants before it uses vector
 * instructions. */
enum { LANES = 8 };

/* Adding it to |n| < 2^51 rounds n to an integer and leaves that integer in the low bits. */
#define ROUNDER 0x1.8p52
#define LN2_HIGH 0x1.62e42feep-1 /* 29 bits: times an exponent it is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33

static inline uint64_t bits_of(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double from_bits(uint64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* two_to is 2^n for an integer n in -1022 .. 1023 that is held as a double. */
static inline double two_to(double n) { return from_bits(bits_of(n + (ROUNDER + 1023)) << 52); }

/* exp_tail is (exp(r) - 1 - r) / r^2 for |r| <= ln2 / 2; the first term left out is below 4e-18 of exp(r). Summed by
 * Estrin's scheme: Horner's chain of twelve dependent steps takes a third longer in the array forms. */
static inline double exp_tail(double r) {
    const double z = r * r, z2 = z * z;
    const double p0 = 1.0 / 2 + r * (1.0 / 6), p1 = 1.0 / 24 + r * (1.0 / 120);
    const double p2 = 1.0 / 720 + r * (1.0 / 5040), p3 = 1.0 / 40320 + r * (1.0 / 362880);
    const double p4 = 1.0 / 3628800 + r * (1.0 / 39916800), p5 = 1.0 / 479001600 + r * (1.0 / 6227020800);
    return (p0 + z * p1) + z2 * ((p2 + z * p3) + z2 * (p4 + z * p5));
}

/* exp_sum is exp(high + low) where |low| is a few ulp of high. Two factors of 2^n: the first cannot leave the normal
 * range, so only the second rounds. */
static inline double exp_sum(double high, double low) {
    high = high < -746 ? -746 : high;
    high = high > 710 ? 710 : high;
    double n = (high * 0x1.71547652b82fep0 + ROUNDER) - ROUNDER;
    double r_high = high - n * LN2_HIGH, r_low = low - n * LN2_LOW;
    double r = r_high + r_low;
    double p = 1 + (r_high + (r_low + r * r * exp_tail(r)));
    double half = (n * 0.5 + ROUNDER) - ROUNDER;
    return p * two_to(half) * two_to(n - half);
}

double elementary_exp(double x) { return exp_sum(x, 0); }

double elementary_expm1(double x) {
    if (x > 40 || x != x)
        return elementary_exp(x);
    if (x < -40)
        return -1;
    double n = (x * 0x1.71547652b82fep0 + ROUNDER) - ROUNDER;
    double r_high = x - n * LN2_HIGH, r_low = -n * LN2_LOW;
    double r = r_high + r_low, scale = two_to(n);
    double p = r_high + (r_low + r * r * exp_tail(r));
    return n == 0 ? (x == 0 ? x : p) : (scale - 1) + scale * p;
}

struct split {
    double exponent, mantissa; /* mantissa in [sqrt(1/2), sqrt(2)) */
};

/* split_of wants a normal, positive, finite x. */
static inline struct split split_of(double x) {
    uint64_t b = bits_of(x);
    double exponent = from_bits((b >> 52) | 0x4330000000000000u) - (0x1p52 + 1022);
    double m = from_bits((b & 0x000fffffffffffffu) | 0x3fe0000000000000u);
    double small = m < 0x1.6a09e667f3bcdp-1 ? 1.0 : 0.0;
    return (struct split){exponent - small, m + m * small};
}

/* log_series is (log((1+s)/(1-s)) - 2s) / s for |s| <= 0.1716. */
static inline double log_series(double s) {
    const double z = s * s, z2 = z * z, z4 = z2 * z2;
    const double p0 = 2.0 / 3 + z * (2.0 / 5), p1 = 2.0 / 7 + z * (2.0 / 9), p2 = 2.0 / 11 + z * (2.0 / 13);
    const double p3 = 2.0 / 15 + z * (2.0 / 17), p4 = 2.0 / 19 + z * (2.0 / 21);
    return z * ((p0 + z2 * p1) + z4 * ((p2 + z2 * p3) + z4 * (p4 + z2 * (2.0 / 23))));
}

/* With f = m - 1 and s = f / (2 + f): log m = f - (f^2/2 - s (f^2/2 + series)), where the largest term is exact. */
static inline double log_normal(double x) {
    struct split part = split_of(x);
    double f = part.mantissa - 1, s = f / (2 + f), half = 0.5 * f * f;
    double rest = s * (half + log_series(s)) + part.exponent * LN2_LOW;
    return part.exponent * LN2_HIGH - ((half - rest) - f);
}

double elementary_log(double x) {
    if (!(x > 0))
        return x == 0 ? -(double)INFINITY : (double)NAN;
    if (x == (double)INFINITY)
        return x;
    if (x < 0x1p-1022)
        return elementary_log(x * 0x1p54) - 54 * (LN2_HIGH + LN2_LOW);
    return log_normal(x);
}

double elementary_log1p(double x) {
    if (!(x > -1) || x > 0x1p60)
        return elementary_log(1 + x);
    double u = 1 + x;
    double lost = x < 1 ? x - (u - 1) : 1 - (u - x); /* what the rounding of u lost, exactly */
    return u == 1 ? x : elementary_log(u) + lost / u;
}

/* Quarter turns and the rest: x = turns / 2 + r, |r| <= 1/4. */
static inline __attribute__((always_inline)) void sincos_pi(double x, double *sin, double *cos) {
    double big = 2 * x + ROUNDER;
    uint64_t turns = bits_of(big);
    double r = x - 0.5 * (big - ROUNDER);
    /* pi r to twice the precision: the upper halves multiply exactly. */
    double r_high = from_bits(bits_of(r) & 0xfffffffff8000000u);
    double high = r_high * 0x1.921fb5p1, low = (r - r_high) * 0x1.921fb5p1 + r * 0x1.110b4611a6263p-25;
    double y = high + low, z = y * y;
    double p = 1.0 / 355687428096000;
    p = p * z - 1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z - 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z - 1.0 / 6;
    double s = high + (low + y * (z * p));
    double q = 1.0 / 20922789888000;
    q = q * z - 1.0 / 87178291200;
    q = q * z + 1.0 / 479001600;
    q = q * z - 1.0 / 3628800;
    q = q * z + 1.0 / 40320;
    q = q * z - 1.0 / 720;
    q = q * z + 1.0 / 24;
    /* z/2 to twice the precision, since cos takes its error in full: y_high^2 is exact. */
    double y_high = from_bits(bits_of(y) & 0xfffffffff8000000u);
    double w = 0.5 * y_high * y_high, w_low = 0.5 * (y - y_high) * (y + y_high) + y * (low - (y - high));
    double c = 1 - w;
    c = c + (((1 - c) - w) - w_low + z * z * q);
    /* Select by masks: a branch here would keep the loop scalar. */
    uint64_t odd = -(turns & 1), bs = bits_of(s), bc = bits_of(c);
    uint64_t to_sin = (bc & odd) | (bs & ~odd), to_cos = (bs & odd) | (bc & ~odd);
    *sin = from_bits(to_sin ^ (turns & 2) << 62);
    *cos = from_bits(to_cos ^ ((turns + 1) & 2) << 62);
}

double elementary_sinpi(double x) {
    double s, c;
    sincos_pi(x, &s, &c);
    return s;
}

double elementary_cospi(double x) {
    double s, c;
    sincos_pi(x, &s, &c);
    return c;
}

/* A start good to 0.005, then Newton on sin(pi a) - x cos(pi a), whose derivative over sqrt(1 + x^2) is pi at the root; the
 * error goes 5e-3, 4e-7 (cubically, since sine is flat there), 2e-19. */
double elementary_atanpi(double x) {
    if (x > 1)
        return 0.5 - elementary_atanpi(1 / x);
    double length = sqrt(1 + x * x), a = x * (0.25 + 0.273 / 3.14159265358979323846 * (1 - x));
    for (int i = 0; i < 3; i++) {
        double s, c;
        sincos_pi(a, &s, &c);
        a -= (s - x * c) / (length * 3.14159265358979323846);
    }
    return a;
}

/* high_half keeps 26 bits, so that products of two halves are exact. */
static inline double high_half(double x) { return from_bits(bits_of(x) & 0xfffffffff8000000u); }

/* product_error is a*b - p, exactly, for p = fl(a*b) well inside the normal range. */
static inline double product_error(double a, double b, double p) {
    double ah = high_half(a), al = a - ah, bh = high_half(b), bl = b - bh;
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}

/* log_twice gives log x as high + low, good to about 2^-60 of itself. */
static void log_twice(double x, double *high, double *low) {
    struct split part = split_of(x);
    double f = part.mantissa - 1, g = 2 + f, s = f / g;
    double g_lost = f - (g - 2);
    double p = s * g;
    double s_low = ((f - p) - product_error(s, g, p) - s * g_lost) / g;
    double a = part.exponent * LN2_HIGH, b = 2 * s;
    double sum = a + b, back = sum - a;
    double lost = (a - (sum - back)) + (b - back);
    double rest = lost + (2 * s_low + s * log_series(s) + part.exponent * LN2_LOW);
    *high = sum + rest;
    *low = rest - (*high - sum);
}

double elementary_pow(double x, double y) {
    if (y == 0 || x == 1)
        return 1;
    if (x == 0)
        return y > 0 ? 0 : (double)INFINITY;
    if (x < 0x1p-1022)
        return elementary_pow(x * 0x1p54, y) * elementary_pow(0x1p-54, y);
    double high, low;
    log_twice(x, &high, &low);
    double p = y * high;
    if (fabs(p) > 750)
        return elementary_exp(p);
    return exp_sum(p, product_error(y, high, p) + y * low);
}

/* in_lanes runs body over whole groups in place and over the rest in a padded copy. */
#define IN_LANES(x, n, pad, body)                 \
    size_t i = 0;                                 \
    for (; i + LANES <= n; i += LANES)            \
        body(x + i);                              \
    if (i < n) {                                  \
        double rest[LANES];                       \
        for (size_t j = 0; j < LANES; j++)        \
            rest[j] = i + j < n ? x[i + j] : pad; \
        body(rest);                               \
        memcpy(x + i, rest, (n - i) * sizeof *x); \
    }

static inline void exp_lanes(double *x) {
    for (int l = 0; l < LANES; l++)
        x[l] = exp_sum(x[l], 0);
}

static inline void log_lanes(double *x) {
    for (int l = 0; l < LANES; l++)
        x[l] = log_normal(x[l]);
}

void elementary_exp_n(double *x, size_t n) { IN_LANES(x, n, 0.0, exp_lanes) }
void elementary_log_n(double *x, size_t n) { IN_LANES(x, n, 1.0, log_lanes) }

void elementary_sincospi_n(double *x, double *sin, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        double s[LANES], c[LANES];
        for (int l = 0; l < LANES; l++)
            sincos_pi(x[i + (size_t)l], &s[l], &c[l]);
        memcpy(x + i, c, sizeof c);
        memcpy(sin + i, s, sizeof s);
    }
    for (; i < n; i++) {
        double c;
        sincos_pi(x[i], &sin[i], &c);
        x[i] = c;
    }
}
