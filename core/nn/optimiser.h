/* optimiser.h - AdamW on n numbers, with clipping by the global norm and an average of the weights.
 * Source: Loshchilov, Hutter 2019 (decoupled weight decay), Kingma, Ba 2015, in PyTorch's arrangement; clipping: Pascanu
 * et al. 2013. All state is float32 but the norm, whose squares are summed in double precision in one order.
 * Threads: the bits do not depend on them. */
#ifndef SOLVENT_OPTIMISER_H
#define SOLVENT_OPTIMISER_H

#include "core/base/ctx.h"

struct optimiser_options {
    double beta1, beta2, eps;
    double decay; /* weights shrink by rate * decay a step */
    double clip;  /* the most that the gradient's norm may be; 0: any */
    double scale; /* by which the gradient was multiplied: it is divided by it, before it is clipped; 0: it was not */
    double
        average; /* the most of the average that stays a step: min(average, (1 + step) / (10 + step)) does; 0: none */
};

struct optimiser_options optimiser_default(void); /* 0.9, 0.999, 1e-8, 0.01, 0, 0: PyTorch's */

/* All arrays are of n numbers. What is not finite in a gradient makes a step that changes nothing. */
struct optimiser {
    size_t n;
    uint64_t step; /* steps that were made */
    float *weights, *first, *second, *average;
    size_t fixed_first, fixed_end; /* numbers that are not trained, from one up to the other (both 0: none) */
};

/* optimiser_new makes the state in the arena: moments 0, weights and average to be filled by the caller.
 * Errors: NO_MEMORY. */
enum status optimiser_new(struct ctx *ctx, size_t n, struct optimiser *out) MUST_CHECK;

/* optimiser_step makes a step with a learning rate, and gives the gradient's norm, without its scale, before clipping: not finite means that
 * there was no step. It uses the kernels of ctx->isa. */
double optimiser_step(struct ctx *ctx, struct optimiser *o, const struct optimiser_options *options, double rate,
                      const float *gradient);

#endif
