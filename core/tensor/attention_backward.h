/* attention_backward.h - the derivatives of attention.h by q, k and v: its probabilities are computed again, a few
 * queries at a time (Dao et al. 2022, sec. 3.1), so that the memory is linear in the tokens. */
#ifndef SOLVENT_ATTENTION_BACKWARD_H
#define SOLVENT_ATTENTION_BACKWARD_H

#include "core/tensor/attention.h"

struct attention_backward {
    struct attention forward; /* its out is not read */
    const float *d;           /* by out: [images][tokens][heads * d] */
    float *q, *k, *v;         /* what is added to: the derivatives, laid out as q, k and v are */
};

/* attention_backward_scratch is the floats that attention_backward_run needs; it runs on the calling thread. */
size_t attention_backward_scratch(const struct tensor_kernels *k, size_t tokens, size_t d);
void attention_backward_run(const struct tensor_kernels *k, const struct attention_backward *a, float *scratch);

#endif
