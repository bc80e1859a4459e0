/* half_narrow.h - half_kernels.narrow by vectors of LANES, for half_vector.h and half_amx.c. In integers: the instructions
 * that there are take subnormal numbers for 0. */
#ifndef SOLVENT_HALF_NARROW_H
#define SOLVENT_HALF_NARROW_H

#include <stddef.h>

#include "core/tensor/vector.h"

typedef uint16_t shorts __attribute__((vector_size(LANES * 2)));

INLINE shorts narrowed(vec x) {
    vuint bits = (vuint)x, even = bits >> 16 & 1;
    vuint nan = (vuint)((bits & 0x7fffffffu) > 0x7f800000u), round = (bits + 0x7fffu + even) >> 16;
    return __builtin_convertvector((nan & (bits >> 16 | 0x40)) | (~nan & round), shorts);
}

static void narrow(size_t n, const float *x, uint16_t *out) {
    for (; n >= LANES; n -= LANES, x += LANES, out += LANES)
        *(halves_anywhere *)out = narrowed(load(x));
    for (; n > 0; n--)
        *out++ = narrowed(splat(*x++))[0];
}

#endif
