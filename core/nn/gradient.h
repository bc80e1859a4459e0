/* gradient.h - the derivatives of a network by its weights and by its input: reverse accumulation over a graph.
 *
 *     status = gradient_new(ctx, graph, 32, &g);                  once; the graph needs no graph_load
 *     gradient_forward(ctx, g, weights, 32, &in, out);            ... the loss and d_out, its derivative by out
 *     gradient_backward(ctx, g, d_out, by_weights);
 * or both at once, images staying where they are between the ways:
 *     gradient_step(ctx, g, weights, 32, &in, out, compare, self, d_out, by_weights);
 *
 * Weights are gradient_numbers(graph) numbers: all parameters one after another in the order of graph_parameters, each
 * in the layout of weight files. A forward run gives the bits of graph_run, but for
 * convolutions that graph_load has prepared for winograd.h: here all are direct sums, which round otherwise.
 * Threads: images are shared out for the values and their derivatives, weights for their gradients; each sum has one
 * order. So the same bits come for any number of threads. A step of a network of points (all values of one pixel) goes
 * through its images in rounds of 64 a thread, whose values stay near; the sums of weights have parts of 64 then.
 * Memory: twice the values of a run that keeps all of them, `images` times, and three times the weights.
 * The frequencies of graph_fourier are not trained (as in diffusers): their derivative is 0. */
#ifndef SOLVENT_GRADIENT_H
#define SOLVENT_GRADIENT_H

#include "core/nn/graph.h"

struct gradient;

/* gradient_new makes the workspace for at most `images` images (>= 1), in the arena; it borrows the graph.
 * Errors: NO_MEMORY; INVALID where two operations share a parameter, or an attention's input is at once the output of a
 * convolution of more than 1x1. */
enum status gradient_new(struct ctx *ctx, const struct graph *graph, size_t images, struct gradient **out) MUST_CHECK;

/* What the factors of products with weights are rounded to: values and weights on the way forwards, derivatives and weights
 * on the way back, and values and derivatives of which the gradient of weights is made. Sums, weights and all else stay
 * float32. Source: what torch.autocast does to linear layers and convolutions; differs: what a product gives is not
 * rounded. */
enum gradient_dtype {
    GRADIENT_F32,
    GRADIENT_BF16, /* products of half.h */
    /* IEEE binary16, by products of float32. Derivatives are infinite beyond 65504 then, and lost below 2^-25: what to do
     * says core/train/scaler.h. */
    GRADIENT_F16,
};

/* gradient_new_rounded makes one with such products, by the kernels of ctx->isa. A forward run of bfloat16 is that of a
 * graph with such products but for what those lose between layers. Errors: as of gradient_new. */
enum status gradient_new_rounded(struct ctx *ctx, const struct graph *graph, size_t images, enum gradient_dtype dtype,
                                 struct gradient **out) MUST_CHECK;

size_t gradient_numbers(const struct graph *graph);

/* gradient_forward writes out[images][height][width][channels], and keeps what the way back needs: `weights` and the
 * numbers of `in` are borrowed until then. weights NULL: those of the last call, unchanged, which saves their packing.
 * It stops between operations where ctx asks for it; out is not to be used then. */
void gradient_forward(struct ctx *ctx, struct gradient *g, const float *weights, size_t images,
                      const struct graph_in *in, float *out);

/* gradient_backward writes the derivative of sum d_out . out of the last gradient_forward by the weights:
 * by_weights[gradient_numbers]. d_out has the shape of out. */
void gradient_backward(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_weights);

/* gradient_step is both, to the bit. In between, compare(self, first, images) is called for some images at a time, on
 * several threads at once: of these it reads out and writes d_out. Nothing is kept for gradient_backward. */
typedef void gradient_compare(void *self, size_t first, size_t images);
void gradient_step(struct ctx *ctx, struct gradient *g, const float *weights, size_t images, const struct graph_in *in,
                   float *out, gradient_compare *compare, void *self, const float *d_out, float *by_weights);

/* Who wants to know how far the gradient by weights is while the rest of it is still made. made(self, n) comes again and
 * again, also where n is what it was, from any of the threads but from one at a time: by_weights[0 .. n) are final. n never
 * falls, and is gradient_numbers at last. */
struct gradient_watch {
    void (*made)(struct gradient_watch *self, size_t n);
};

/* gradient_watched: from now on every gradient by weights is told to `by`, which is borrowed; NULL: to none. */
void gradient_watched(struct gradient *g, struct gradient_watch *by);

/* gradient_by_input writes that by the input image: by_input[images][height][width][channels]. */
void gradient_by_input(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_input);

#endif
