#include "core/diffusion/eigen.h"

#include <math.h>

enum { MAX_SWEEPS = 60 };

/* rotate makes a[p][r] zero by a rotation in the plane (p, r). */
static void rotate(size_t d, double *a, double *q, size_t p, size_t r) {
    double theta = (a[r * d + r] - a[p * d + p]) / (2 * a[p * d + r]);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(1 + theta * theta));
    double c = 1 / sqrt(1 + t * t), s = t * c;
    for (size_t i = 0; i < d; i++) { /* columns */
        double x = a[i * d + p], y = a[i * d + r];
        a[i * d + p] = c * x - s * y;
        a[i * d + r] = s * x + c * y;
        x = q[i * d + p], y = q[i * d + r];
        q[i * d + p] = c * x - s * y;
        q[i * d + r] = s * x + c * y;
    }
    for (size_t i = 0; i < d; i++) { /* rows */
        double x = a[p * d + i], y = a[r * d + i];
        a[p * d + i] = c * x - s * y;
        a[r * d + i] = s * x + c * y;
    }
    a[p * d + r] = a[r * d + p] = 0;
}

/* An entry is done when it no longer changes either of its diagonal entries. */
static bool negligible(double entry, double one, double other) {
    double small = fabs(one) < fabs(other) ? fabs(one) : fabs(other);
    double large = fabs(one) < fabs(other) ? fabs(other) : fabs(one);
    return fabs(entry) <= 0x1p-53 * small || fabs(entry) <= 0x1p-60 * large;
}

bool eigen_symmetric(size_t d, double *a, double *q) {
    for (size_t i = 0; i < d * d; i++)
        q[i] = i / d == i % d;
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        bool done = true;
        for (size_t p = 0; p + 1 < d; p++)
            for (size_t r = p + 1; r < d; r++)
                if (!negligible(a[p * d + r], a[p * d + p], a[r * d + r])) {
                    rotate(d, a, q, p, r);
                    done = false;
                }
        if (done)
            return true;
    }
    return false;
}
