/* attention.h - softmax(q k' / sqrt(d)) v for each image and head, with an online softmax (Milakov, Gimelshein 2018):
 * keys are visited in blocks, so the memory is linear in the tokens.
 * q, k, v and out are packed rows of heads * d numbers, `tokens` an image; head h is at h * d of each row. */
#ifndef SOLVENT_ATTENTION_H
#define SOLVENT_ATTENTION_H

#include "core/base/ctx.h"
#include "core/tensor/tensor.h"

struct attention {
    size_t images, tokens, heads, d;
    const float *q, *k, *v;
    size_t step; /* floats from one token to the next of q, k and v */
    float *out;  /* [images][tokens][heads * d] */
};

/* attention_scratch is the floats that attention_run needs. */
size_t attention_scratch(const struct tensor_kernels *k, size_t images, size_t tokens, size_t heads, size_t d);
void attention_run(struct ctx *ctx, const struct tensor_kernels *k, const struct attention *a, float *scratch);

#endif
