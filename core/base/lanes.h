/* lanes.h - vectors for kernels that are written once and compiled for each instruction set (cpu.h): a vec holds LANES
 * doubles, as many as a register of the set that the file is compiled for. What a lane computes depends on the numbers
 * in it alone, in the order in which it is written, so that all sets give the same bytes; where work is split must not
 * depend on LANES. The compiler's vector extensions, hence any family: GCC manual, "Using Vector Instructions". */
#ifndef SOLVENT_LANES_H
#define SOLVENT_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 8 };
#elif defined(__AVX2__)
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

/* Read and written anywhere a double may lie. */
typedef double vec __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef uint64_t vec_bits __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef int64_t vec_mask __attribute__((vector_size(8 * LANES), aligned(8), may_alias)); /* of a comparison: -1 or 0 */

/* vec_exp_inside, vec_log_normal, vec_sincos_pi: elementary.h's formulas, bit for bit. */
#define REAL vec
#define BITS vec_bits
#define NAMED(f) vec_##f
#include "core/base/elementary_body.h"

static inline vec vec_of(double x) { return x - (vec){0}; } /* which leaves -0 alone, and so takes no operation */

/* vec_even and vec_odd are every second number of a and b, one after the other; vec_low and vec_high take a and b in
 * turns, a first: the way back. */
#define VEC_SHUFFLE(name, ...) \
    static inline vec name(vec a, vec b) { return __builtin_shufflevector(a, b, __VA_ARGS__); }
#if defined(__AVX512F__)
VEC_SHUFFLE(vec_even, 0, 2, 4, 6, 8, 10, 12, 14)
VEC_SHUFFLE(vec_odd, 1, 3, 5, 7, 9, 11, 13, 15)
VEC_SHUFFLE(vec_low, 0, 8, 1, 9, 2, 10, 3, 11)
VEC_SHUFFLE(vec_high, 4, 12, 5, 13, 6, 14, 7, 15)
#elif defined(__AVX2__)
VEC_SHUFFLE(vec_even, 0, 2, 4, 6)
VEC_SHUFFLE(vec_odd, 1, 3, 5, 7)
VEC_SHUFFLE(vec_low, 0, 4, 1, 5)
VEC_SHUFFLE(vec_high, 2, 6, 3, 7)
#else
VEC_SHUFFLE(vec_even, 0, 2)
VEC_SHUFFLE(vec_odd, 1, 3)
VEC_SHUFFLE(vec_low, 0, 2)
VEC_SHUFFLE(vec_high, 1, 3)
#endif

/* vec_where is a where the mask says so, else b; vec_zero_unless x, else 0; vec_greater a > b ? a : b. vec_any: some lane of
 * the mask. The compiler finds the instructions for these only where it is told. */
#if defined(__AVX512F__)
static inline vec vec_where(vec_mask mask, vec a, vec b) {
    return (vec)_mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)mask), (__m512d)b, (__m512d)a);
}
static inline vec vec_greater(vec a, vec b) { return (vec)_mm512_max_pd((__m512d)a, (__m512d)b); }
static inline bool vec_any(vec_mask mask) { return _mm512_movepi64_mask((__m512i)mask) != 0; }
#elif defined(__AVX2__)
static inline vec vec_where(vec_mask mask, vec a, vec b) {
    return (vec)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
}
static inline vec vec_greater(vec a, vec b) { return (vec)_mm256_max_pd((__m256d)a, (__m256d)b); }
static inline bool vec_any(vec_mask mask) { return _mm256_movemask_pd((__m256d)mask) != 0; }
#else
static inline vec vec_where(vec_mask mask, vec a, vec b) { return (vec)(((vec_mask)a & mask) | ((vec_mask)b & ~mask)); }
static inline vec vec_greater(vec a, vec b) { return vec_where(a > b, a, b); }
static inline bool vec_any(vec_mask mask) { return (mask[0] | mask[1]) != 0; }
#endif
/* vec_fma is a b + c, rounded once. Where no instruction does it, the C library does, which takes ten times as long. */
#if defined(__AVX512F__)
static inline vec vec_fma(vec a, vec b, vec c) { return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
#elif defined(__FMA__)
static inline vec vec_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
#else
static inline vec vec_fma(vec a, vec b, vec c) {
    for (size_t l = 0; l < LANES; l++)
        c[l] = __builtin_fma(a[l], b[l], c[l]);
    return c;
}
#endif
/* vec_multiply32 is the product of the lower 32 bits of each. */
#if defined(__AVX512F__)
static inline vec_bits vec_multiply32(vec_bits a, vec_bits b) {
    return (vec_bits)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}
#elif defined(__AVX2__)
static inline vec_bits vec_multiply32(vec_bits a, vec_bits b) {
    return (vec_bits)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
#elif defined(__SSE2__)
static inline vec_bits vec_multiply32(vec_bits a, vec_bits b) {
    return (vec_bits)_mm_mul_epu32((__m128i)a, (__m128i)b);
}
#else
static inline vec_bits vec_multiply32(vec_bits a, vec_bits b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
#endif
static inline vec_bits vec_word(uint64_t x) { return (vec_bits){0} + x; }
static inline vec vec_zero_unless(vec_mask mask, vec x) { return (vec)((vec_mask)x & mask); }

/* vec_exp is elementary_exp. */
static inline vec vec_exp(vec x) {
    x = vec_where(x < -746, vec_of(-746), x);
    x = vec_where(x > 710, vec_of(710), x);
    return vec_exp_inside(x, (vec){0});
}

/* vec_exp2_near is 2^x for -1000 <= x <= 1000, and anything elsewhere: below 1 ulp, in three quarters of the operations
 * of vec_exp. (2^r - 1) / r by the polynomial that meets it at the 11 Chebyshev nodes of -1/2 .. 1/2: 2e-17 of 2^r. */
static inline vec vec_exp2_near(vec x) {
    const vec big = x + ROUNDER, r = x - (big - ROUNDER), z = r * r, z2 = z * z;
    const vec p0 = 0x1.62e42fefa39efp-1 + r * 0x1.ebfbdff82c598p-3,
              p1 = 0x1.c6b08d704a0c2p-5 + r * 0x1.3b2ab6fba1ddap-7;
    const vec p2 = 0x1.5d87fe78a5276p-10 + r * 0x1.430913096fd9fp-13;
    const vec p3 = 0x1.ffcbfc670dcd4p-17 + r * 0x1.62bfd47773353p-20;
    const vec p4 = (0x1.b524fae627834p-24 + r * 0x1.e6063f7217bc6p-28) + z * 0x1.e9d3fe3952179p-32;
    const vec p = 1 + r * ((p0 + z * p1) + z2 * ((p2 + z * p3) + z2 * p4));
    return (vec)((vec_bits)p + ((vec_bits)big << 52)); /* the low bits of `big` are the nearest integer */
}

#endif
