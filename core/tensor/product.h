/* product.h - matrix products and convolutions over packed weights, on the threads of a ctx.
 *
 * A convolution is a product whose rows are pixels and whose depth is the channels under the kernel: the input lies
 * with its channels last and a border of zeros around it, so that the pixels under the kernel are at fixed distances
 * from an output's first one, and nothing is copied (an implicit im2col).
 * Threads: the pieces depend on the shapes alone, and a result on its own row alone. */
#ifndef SOLVENT_PRODUCT_H
#define SOLVENT_PRODUCT_H

#include "core/base/ctx.h"
#include "core/tensor/half.h"

/* A packed matrix: [blocks of columns][segments][depth][columns of a tile], the last block filled with zeros; it is one
 * of the slim or the thin tile where its columns fit. */
struct matrix {
    size_t segments, depth, columns;
    const float *panels;    /* or NULL: */
    const uint16_t *halves; /* as bfloat16; or NULL: */
    const uint16_t *pairs;  /* as half_pack writes it */
};

/* matrix_floats is the size of the panels. */
size_t matrix_floats(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns);

/* matrix_pack writes them from w[columns][depth][segments], the layout of weight files: [out][in][kernel height * width]
 * of a convolution, [out][in] of a linear layer. */
void matrix_pack(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                 float *panels);

/* matrix_halve rounds n numbers to bfloat16 (core/base/half_float.h). Exact for what was widened from it. */
void matrix_halve(const float *x, size_t n, uint16_t *halves);

/* matrix_pack_across packs the way back: w[depth][columns][taps] by the same layout, of which the matrix has, as its
 * segments, the taps that tap[segments] names. */
void matrix_pack_across(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                        size_t taps, const size_t *tap, float *panels);

/* Where the rows of a product lie: row (image, y, x) is at data + image * image_step + y * row_step + x * step. */
struct places {
    float *data; /* or NULL: */
    size_t image_step, row_step, step;
    uint16_t *halves; /* as bfloat16 */
};

/* out(row)[0 .. columns-1] = finish(sum over s, k of in(row)[segment[s] + k] * b[s][k][.]). Either in and b are bfloat16
 * (in.halves, b->pairs: a product of half.h) or neither; out may be in any case. */
struct product {
    size_t images, height, width; /* of the rows */
    struct places in, out;
    const struct half_kernels *half; /* of b->pairs, and for out.halves; may be NULL where there is neither */
    size_t segment[TILE_SEGMENTS_MAX];
    const struct matrix *b;
    const float *bias;          /* [columns] or NULL */
    const float *vector, *gate; /* [images], `vector_step` and `gate_step` apart; [columns] each; or NULL */
    size_t vector_step, gate_step;
    struct places residual; /* data NULL: none */
    struct places keep;     /* gets what is before activation and gate: the sum + bias + vector; data NULL: nothing */
    bool keep_slope;        /* keep gets the activation's derivative there instead */
    float scale;            /* of the whole */
    enum activation activation;
};

void product_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *p);

#endif
