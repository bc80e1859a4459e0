/* measure.h - what the benchmarks share: a clock, random inputs that are the same in every run, medians. */
#ifndef SOLVENT_MEASURE_H
#define SOLVENT_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double measure_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* measure_random is SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t measure_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int measure_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* measure_median sorts the n values. */
static inline double measure_median(double *values, size_t n) {
    qsort(values, n, sizeof *values, measure_compare);
    return values[n / 2];
}

/* measure_must ends the benchmark where an allocation gave NULL. */
static inline void *measure_must(void *p) {
    if (!p) {
        fputs("The benchmark ran out of memory.\n", stderr);
        exit(1);
    }
    return p;
}

#endif
