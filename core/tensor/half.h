/* half.h - products of bfloat16: both factors are rounded to it, the upper half of a float32, and everything else is as
 * in tensor.h: a product of two is exact in float32, and sums are float32 with an accumulator for each result.
 *
 * One table of functions per instruction set (core/base/cpu.h), of which `ref` says what is meant. A result's bits do not
 * depend on the rows beside it, on tiles or threads; tables differ by the order of sums, by the rounding of a pair's
 * sum, and where a factor or a sum is subnormal: Intel's and AMD's instructions take those for 0 (VDPBF16PS, TDPBF16PS:
 * Intel SDM vol. 2). With n terms, two tables agree within 2 n (2^-24 sum of |a b| + 2^-126 (1 + max |a| + max |b|)).
 *
 * Weights lie in pairs of neighbours in depth, [blocks of columns][segments][depth / 2][columns of a tile][2], where the
 * depth of each segment is filled with zeros to a multiple of the table's step. */
#ifndef SOLVENT_HALF_H
#define SOLVENT_HALF_H

#include "core/tensor/backward.h"

struct half_kernels {
    enum isa isa;
    size_t step;                  /* even */
    struct tile_shape tile, slim; /* as tensor.h's: out = a_halves * pairs. Nothing is read behind a segment of a row */
    /* narrow rounds n numbers to the nearest, ties to the even one; beyond the greatest lies infinity, and NaN stays.
     * The same bits for all tables. */
    void (*narrow)(size_t n, const float *x, uint16_t *out);
    void (*outer)(const struct outer *o); /* backward.h's, of a_halves and b_halves */
};

/* half_kernels_for is the table of a set, or of the nearest below it that there is. */
const struct half_kernels *half_kernels_for(enum isa isa);

/* half_tile_for is the tile for the last n columns of a matrix, or for the next of more. */
static inline struct tile_shape half_tile_for(const struct half_kernels *h, size_t n) {
    return n <= h->slim.columns ? h->slim : h->tile;
}

/* half_size is how many numbers a packed matrix has; half_pack writes them from w[columns][depth][segments], and
 * half_pack_across from w[depth][columns][taps], as matrix_pack and matrix_pack_across do (product.h). */
size_t half_size(const struct half_kernels *h, size_t segments, size_t depth, size_t columns);
void half_pack(const struct half_kernels *h, size_t segments, size_t depth, size_t columns, const float *w,
               uint16_t *pairs);
void half_pack_across(const struct half_kernels *h, size_t segments, size_t depth, size_t columns, const float *w,
                      size_t taps, const size_t *tap, uint16_t *pairs);

/* half_affine is tensor_kernels.affine with a result that is rounded. */
void half_affine(const struct tensor_kernels *k, const struct half_kernels *h, size_t pixels, size_t n, const float *x,
                 size_t x_step, const float *factor, const float *offset, enum activation activation, uint16_t *out,
                 size_t out_step);

extern const struct half_kernels half_ref;
#if defined(__x86_64__)
extern const struct half_kernels half_avx2, half_avx512, half_avx512bf16, half_amx;
#elif defined(__aarch64__)
extern const struct half_kernels half_neon;
#endif

#endif
