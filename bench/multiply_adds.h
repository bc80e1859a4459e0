/* multiply_adds.h - the most multiply-adds of single precision that one thread does: a loop over registers alone, with
 * more chains than any pipeline is deep. */
#ifndef SOLVENT_MULTIPLY_ADDS_H
#define SOLVENT_MULTIPLY_ADDS_H

#include "bench/measure.h"
#include "core/base/cpu.h"

enum { MULTIPLY_ADDS_CHAINS = 16, MULTIPLY_ADDS_LOOPS = 1 << 16 };

/* Each chain starts elsewhere, or the compiler would make one of them all; only the end reads them. */
#define MULTIPLY_ADDS_LOOP(name, attribute, vector, all, fma)                                                 \
    attribute static inline void name(float *at) {                                                            \
        vector x[MULTIPLY_ADDS_CHAINS], by = all(0.5f);                                                       \
        _Pragma("GCC unroll 16") for (int i = 0; i < MULTIPLY_ADDS_CHAINS; i++) x[i] = all(at[i]);            \
        for (int loop = 0; loop < MULTIPLY_ADDS_LOOPS; loop++)                                                \
            _Pragma("GCC unroll 16") for (int i = 0; i < MULTIPLY_ADDS_CHAINS; i++) x[i] = fma(x[i], by, by); \
        _Pragma("GCC unroll 16") for (int i = 0; i < MULTIPLY_ADDS_CHAINS; i++) at[i] = ((float *)&x[i])[0];  \
    }

#if defined(__x86_64__)
#include <immintrin.h>
MULTIPLY_ADDS_LOOP(multiply_adds_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps)
MULTIPLY_ADDS_LOOP(multiply_adds_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#elif defined(__aarch64__)
#include <arm_neon.h>
MULTIPLY_ADDS_LOOP(multiply_adds_neon, , float32x4_t, vdupq_n_f32, vfmaq_f32)
#endif
#define MULTIPLY_ADDS_ALL(x) (x)
#define MULTIPLY_ADDS_PLAIN(x, by, c) ((x) * (by) + (c))
MULTIPLY_ADDS_LOOP(multiply_adds_ref, , float, MULTIPLY_ADDS_ALL, MULTIPLY_ADDS_PLAIN)

/* multiply_adds is how many a second the set does: the best of a few runs of less than a millisecond. */
static inline double multiply_adds(enum isa isa) {
    void (*loop)(float *) = multiply_adds_ref;
    size_t lanes = 1;
#if defined(__x86_64__)
    if (isa == ISA_AVX2)
        loop = multiply_adds_avx2, lanes = 8;
    if (isa_plain(isa) == ISA_AVX512)
        loop = multiply_adds_avx512, lanes = 16;
#elif defined(__aarch64__)
    if (isa == ISA_NEON)
        loop = multiply_adds_neon, lanes = 4;
#endif
    double best = 0;
    for (int run = 0; run < 5; run++) {
        float at[MULTIPLY_ADDS_CHAINS];
        for (int i = 0; i < MULTIPLY_ADDS_CHAINS; i++)
            at[i] = (float)i;
        double start = measure_seconds();
        loop(at);
        double rate = (double)lanes * MULTIPLY_ADDS_CHAINS * MULTIPLY_ADDS_LOOPS / (measure_seconds() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

#endif
