/* norm.h - normalisations: of groups of channels (Wu, He 2018) and of rows (Ba et al. 2016), with what follows them. */
#ifndef SOLVENT_NORM_H
#define SOLVENT_NORM_H

#include "core/base/ctx.h"
#include "core/tensor/product.h"

/* GroupNorm over [images][height][width][channels]: out = act(((x - mean) / sqrt(var + eps) * weight + bias) *
 * (1 + scale) + shift), mean and (biased) variance of each image's groups of neighbouring channels. */
struct group_norm {
    size_t images, height, width, channels, groups; /* groups divides channels */
    float eps;
    struct places in, out;
    const float *weight, *bias; /* [channels] */
    const float *scale, *shift; /* [images], `vector_step` apart; [channels] each; or NULL */
    size_t vector_step;
    enum activation activation;
    float *statistics; /* [images][groups][2] gets mean and 1 / sqrt(var + eps); NULL: they are not wanted */
    const struct half_kernels *half; /* where out is bfloat16 */
};

/* group_norm_scratch is the bytes that group_norm_run needs, aligned to 64. */
size_t group_norm_scratch(const struct group_norm *g);
void group_norm_run(struct ctx *ctx, const struct tensor_kernels *k, const struct group_norm *g, void *scratch);

/* LayerNorm over rows of n numbers, `tokens` an image: out = y * (1 + scale) + shift (or y * weight + bias), y = (x -
 * mean) / sqrt(var + eps). All packed. */
enum { LAYER_HALF_MAX = 8192 }; /* numbers of a row that can be rounded */
struct layer_norm {
    size_t images, tokens, n;
    float eps;
    const float *in;
    float *out;           /* or NULL: */
    uint16_t *out_halves; /* by `half`; n is LAYER_HALF_MAX or less */
    const struct half_kernels *half;
    const float *weight, *bias; /* [n] or NULL */
    const float *scale, *shift; /* [images], `vector_step` apart; [n] each; or NULL */
    size_t vector_step;
};
void layer_norm_run(struct ctx *ctx, const struct tensor_kernels *k, const struct layer_norm *l);

#endif
