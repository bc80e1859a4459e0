#include "core/base/elementary.h"

#include <math.h> /* INFINITY, NAN, sqrt and fabs only: those are exact */
#include <stdint.h>
#include <string.h>

/* Loops over LANES have a constant count and no branch, which is what gcc -O2 wants before it uses vector
 * instructions. */
enum { LANES = 8 };

#define REAL double
#define BITS uint64_t
#define NAMED(f) f
#include "core/base/elementary_body.h"

/* exp_sum is exp(high + low) where |low| is a few ulp of high. */
static inline double exp_sum(double high, double low) {
    high = high < -746 ? -746 : high;
    high = high > 710 ? 710 : high;
    return exp_inside(high, low);
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
    double exponent, mantissa;
    split(x, &exponent, &mantissa);
    double f = mantissa - 1, g = 2 + f, s = f / g;
    double g_lost = f - (g - 2);
    double p = s * g;
    double s_low = ((f - p) - product_error(s, g, p) - s * g_lost) / g;
    double a = exponent * LN2_HIGH, b = 2 * s;
    double sum = a + b, back = sum - a;
    double lost = (a - (sum - back)) + (b - back);
    double rest = lost + (2 * s_low + s * log_series(s) + exponent * LN2_LOW);
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
