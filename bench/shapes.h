/* shapes.h - what the benchmarks feed to sorts, selections and windows: random values and the usual adversaries. */
#ifndef SOLVENT_SHAPES_H
#define SOLVENT_SHAPES_H

#include <math.h>
#include <string.h>

#include "bench/measure.h"

/* Ordered shapes rise in steps of STEP, so that 10^7 of them are still integers of 32 bits. */
enum { STEP = 200 };

static uint64_t shape_state = 1;
static inline int64_t shape_bits(void) { return (int64_t)measure_random(&shape_state); }

typedef int64_t shape_value(size_t i, size_t n);

static int64_t narrow(size_t i, size_t n) { return (void)i, (void)n, shape_bits() >> 33; }
static int64_t wide(size_t i, size_t n) { return (void)i, (void)n, shape_bits(); }
static int64_t dense(size_t i, size_t n) { return (void)i, (int64_t)((uint64_t)shape_bits() % n); }
static int64_t bytes(size_t i, size_t n) { return (void)i, (void)n, shape_bits() & 255; }
static int64_t few(size_t i, size_t n) { return (void)i, (void)n, shape_bits() & 15; }
static int64_t few_wide(size_t i, size_t n) { return few(i, n) * 0x0123456789abcdef / 16; }
static int64_t equal(size_t i, size_t n) { return (void)i, (void)n, 7; }
static int64_t sorted(size_t i, size_t n) { return (void)n, (int64_t)i * STEP; }
static int64_t reversed(size_t i, size_t n) { return (int64_t)(n - i) * STEP; }
static int64_t runs(size_t i, size_t n) { return (int64_t)(i % (n / 16 + 1)) * STEP; }
static int64_t sawtooth(size_t i, size_t n) { return (void)n, (int64_t)(i % 1000) * STEP; }
static int64_t nearly(size_t i, size_t n) {
    return (int64_t)((uint64_t)shape_bits() % 100 ? i : (size_t)dense(i, n)) * STEP;
}
static int64_t organ(size_t i, size_t n) { return (int64_t)(i < n / 2 ? i : n - i) * STEP; }
static int64_t killer(size_t i, size_t n) { /* Musser's sequence against the median of 3 */
    size_t half = n / 2;
    return (int64_t)(i < half ? (i % 2 == 0 ? i + 1 : half + i + (half % 2 == 0)) : 2 * (i - half + 1));
}

/* Where bits crowd: uniform logarithms; few values that are far from most; a range of 40 bits. */
static int64_t logs(size_t i, size_t n) {
    return (void)i, (void)n, (int64_t)exp2(62 * ((double)(shape_bits() >> 11 & ((1ll << 52) - 1)) * 0x1p-52));
}
static int64_t astray(size_t i, size_t n) {
    return (uint64_t)shape_bits() % 1000 ? shape_bits() & 0xfffff : wide(i, n);
}
static int64_t forty(size_t i, size_t n) { return (void)i, (void)n, shape_bits() & ((1ll << 40) - 1); }

static const struct shape {
    const char *name;
    shape_value *at;
} SHAPES[] = {{"narrow", narrow},     {"wide", wide},         {"dense", dense},   {"bytes", bytes},
              {"few", few},           {"few_wide", few_wide}, {"equal", equal},   {"sorted", sorted},
              {"reversed", reversed}, {"runs", runs},         {"nearly", nearly}, {"sawtooth", sawtooth},
              {"organ", organ},       {"killer", killer},     {"logs", logs},     {"astray", astray},
              {"forty", forty}};
enum { SHAPES_N = sizeof SHAPES / sizeof *SHAPES };

/* shape_named is the shape of that name, NULL where there is none. */
static inline const struct shape *shape_named(const char *name) {
    for (size_t i = 0; i < SHAPES_N; i++)
        if (strcmp(SHAPES[i].name, name) == 0)
            return &SHAPES[i];
    return NULL;
}

#endif
