/* autoencoder.h - samples through a graph, row by row: latents to pictures (vae.h: the decoder) and back.
 * A sample is [channels][height][width] in doubles, a graph's value [height][width][channels] in floats.
 * A row's bits depend on its own numbers alone, whatever rows stand beside it and however many threads ctx has. */
#ifndef SOLVENT_AUTOENCODER_H
#define SOLVENT_AUTOENCODER_H

#include "core/nn/graph.h"

/* One way of an autoencoder. */
struct coder {
    const struct graph *graph; /* loaded; NULL: there is none */
    size_t in_channels, in_height, in_width, out_channels, out_height, out_width;
};

static inline size_t coder_in(const struct coder *c) { return c->in_channels * c->in_height * c->in_width; }
static inline size_t coder_out(const struct coder *c) { return c->out_channels * c->out_height * c->out_width; }

/* coder_run writes out[rows][coder_out] of in[rows][coder_in]. `late`: a deadline that has come does not end it, since
 * its answer is wanted all the same. Memory: coder_floats(c, rows) floats while it works.
 * Errors: INVALID (a row came out as no finite numbers), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status coder_run(struct ctx *ctx, const struct coder *c, size_t rows, const double *in, double *out,
                      bool late) MUST_CHECK;

/* coder_floats is the workspace of so many rows: small ones are run some at a time, large ones one by one. */
size_t coder_floats(const struct coder *c, size_t rows);

#endif
