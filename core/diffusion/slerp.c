#include "core/diffusion/slerp.h"

#include <math.h>

#include "core/base/elementary.h"

static double dot(size_t d, const double *a, const double *b) {
    double sum = 0;
    for (size_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/* angle_over_pi is the angle between a and b in half turns, from the chord and its complement (Kahan): no cancellation
 * near 0 or pi. */
static double angle_over_pi(size_t d, const double *a, const double *b) {
    double la = sqrt(dot(d, a, a)), lb = sqrt(dot(d, b, b)), chord = 0, rest = 0;
    for (size_t j = 0; j < d; j++) {
        double u = a[j] / la, v = b[j] / lb;
        chord += (u - v) * (u - v);
        rest += (u + v) * (u + v);
    }
    return 2 * elementary_atanpi(sqrt(chord) / sqrt(rest)); /* 2 sin and 2 cos of half the angle */
}

void slerp_rows(size_t d, const double *a, const double *b, size_t n, double *out) {
    double angle = angle_over_pi(d, a, b), s = elementary_sinpi(angle);
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / (double)(n - 1), of_a = 1 - t, of_b = t;
        if (s > 1e-4) {
            of_a = elementary_sinpi((1 - t) * angle) / s;
            of_b = elementary_sinpi(t * angle) / s;
        }
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = i == 0 ? a[j] : i == n - 1 ? b[j] : of_a * a[j] + of_b * b[j];
    }
}
