#include "core/diffusion/grid_levels.h"

#include <math.h>

#include "core/base/elementary.h"

static double share(size_t i, size_t n) { return n > 1 ? (double)i / (double)(n - 1) : 0; }

static void fix_ends(size_t n, double high, double low, double *k) {
    if (n > 1)
        k[n - 1] = low;
    k[0] = high;
}

void grid_karras(size_t n, double high, double low, double rho, double *k) {
    double from = elementary_pow(high, 1 / rho), to = elementary_pow(low, 1 / rho);
    for (size_t i = 0; i < n; i++)
        k[i] = elementary_pow(from + share(i, n) * (to - from), rho);
    fix_ends(n, high, low, k);
}

void grid_polyexponential(size_t n, double high, double low, double rho, double *k) {
    double range = elementary_log(high / low);
    for (size_t i = 0; i < n; i++)
        k[i] = low * elementary_exp(range * elementary_pow(1 - share(i, n), rho));
    fix_ends(n, high, low, k);
}

/* The incomplete beta function B(x; a, a) for x <= 1/2: x^a sum of (1 - a)_n / (n! (a + n)) x^n. */
static double incomplete_beta(double x, double a) {
    double factor = 1, sum = 0;
    for (int n = 0; n < 60; n++) {
        sum += factor / (a + n);
        factor *= (1 - a + n) / (n + 1) * x;
    }
    return elementary_pow(x, a) * sum;
}

double grid_beta_quantile(double p) {
    const double a = 0.6;
    if (p > 0.5)
        return 1 - grid_beta_quantile(1 - p);
    const double want = 2 * p * incomplete_beta(0.5, a);
    double low = 0, high = 0.5;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (incomplete_beta(middle, a) < want)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

void grid_beta(size_t n, double high, double low, double rho, double *k) {
    (void)rho;
    for (size_t i = 0; i < n; i++)
        k[i] = low + (high - low) * grid_beta_quantile(1 - share(i, n));
    fix_ends(n, high, low, k);
}

void grid_kl_optimal(size_t n, double high, double low, double rho, double *k) {
    (void)rho;
    double from = elementary_atanpi(high), to = elementary_atanpi(low);
    for (size_t i = 0; i < n; i++) {
        double angle = from + share(i, n) * (to - from);
        k[i] = elementary_sinpi(angle) / elementary_cospi(angle);
    }
    fix_ends(n, high, low, k);
}

/* Of Song et al. 2021 (beta 0.1 to 20): k^2 = exp(t^2 rise / 2 + 0.1 t) - 1. */
static const double VP_RISE = 19.9, VP_LEAST = 0.1;

static double vp_time(double k) {
    const double root = sqrt(VP_LEAST * VP_LEAST + 2 * VP_RISE * elementary_log1p(k * k));
    return (root - VP_LEAST) / VP_RISE;
}

void grid_vp(size_t n, double high, double low, double rho, double *k) {
    (void)rho;
    const double from = vp_time(high), to = vp_time(low);
    for (size_t i = 0; i < n; i++) {
        const double t = from + share(i, n) * (to - from);
        k[i] = sqrt(elementary_expm1(t * (t * VP_RISE / 2 + VP_LEAST)));
    }
    fix_ends(n, high, low, k);
}

static double signed_atanpi(double x) { return x < 0 ? -elementary_atanpi(-x) : elementary_atanpi(x); }

/* arc is atan's fall over n places around `middle`, put between `high` and `low`, of which it writes the first `wanted`. */
static void arc(size_t n, double slope, double middle, double high, double low, size_t wanted, double *k) {
    const double top = signed_atanpi(slope * middle), end = signed_atanpi(slope * (middle - (double)(n - 1)));
    for (size_t i = 0; i < wanted; i++) {
        const double at = signed_atanpi(slope * (middle - (double)i));
        k[i] = n > 1 ? low + (at - end) / (top - end) * (high - low) : high;
    }
}

void grid_bong_tangent(size_t n, double high, double low, double rho, double *k) {
    (void)rho;
    const size_t places = n + 2, first = (size_t)((double)places * 0.6), second = places - first;
    const double slope = 8 / (double)places, middle = low + (high - low) / 2;
    arc(first, slope, (double)first, high, middle, first - 1, k);
    arc(second, slope, 0, middle, low, second - 1, k + first - 1);
    k[0] = high; /* a single level would be the middle */
}

enum { AYS_LEVELS = 11 };

/* Sabour, Fidler, Kreis 2024: the levels for ten steps, and the end that they are interpolated towards for others. */
static const double AYS[3][AYS_LEVELS] = {
    {14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029},
    {14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029},
    {700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002},
};

void grid_ays(int model, size_t n, double *k) {
    const double *table = AYS[model];
    for (size_t i = 0; i < n; i++) {
        double at = (double)i * (AYS_LEVELS - 1) / (double)n, part = at - floor(at);
        size_t j = (size_t)at;
        k[i] = part > 0 ? table[j] * elementary_exp(part * elementary_log(table[j + 1] / table[j])) : table[j];
    }
}
