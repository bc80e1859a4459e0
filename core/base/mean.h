/* mean.h - the mean of two numbers, rounded once. Threads: reentrant. */
#ifndef SOLVENT_MEAN_H
#define SOLVENT_MEAN_H

#include <math.h>
#include <stdint.h>

static inline double mean_of_ints(int64_t a, int64_t b) {
    __int128 sum = (__int128)a + b;
    return (double)sum * 0.5;
}

/* mean_of_reals takes finite numbers. Halving is exact but for sums so small that they are exact themselves, and where
 * the sum overflows, the halves are exact. */
static inline double mean_of_reals(double a, double b) {
    double sum = a + b;
    return isfinite(sum) ? sum * 0.5 : a * 0.5 + b * 0.5;
}

#endif
