/* model_graphs.h - the networks of a model's folder as graphs, held against its weights. */
#ifndef SOLVENT_MODEL_GRAPHS_H
#define SOLVENT_MODEL_GRAPHS_H

#include "core/nn/autoencoder.h"
#include "handlers/model_files.h"

/* The classes that a network can be told: ids 0 .. n - 1, and the row that it is told where a request names none, which
 * those trained for guidance keep for that: n, or below 0 where it has no such row. n 0: it knows no classes. */
struct model_classes {
    size_t n;
    int64_t none;
};

struct model_graphs {
    struct graph *network;         /* not loaded */
    struct graph *decode, *encode; /* the same: of latent models, where the weights have them; of rows with a scale */
    size_t channels, height, width, out_channels; /* what the network works on: a sample, or latents */
    bool given;                                   /* it is told what is known (core/diffusion/network.h) */
    struct coder decoder, encoder;                /* of the graphs above */
    bool scaled;                                  /* the coders are a scale of rows: */
    double log_scale;                             /* the sum of the logarithms of its standard deviations */
    size_t dims, shape[3]; /* of a sample: [features], or [channels, height, width] of a picture */
    struct model_classes classes;
    size_t parameters; /* numbers in all of them */
};

/* model_graphs_make makes them for the kernels of ctx->isa. Errors: INVALID (one sentence: a key that does not fit,
 * networks that do not fit each other), NO_MEMORY. */
enum status model_graphs_make(struct ctx *ctx, const struct model_files *m, struct model_graphs *out) MUST_CHECK;

/* model_graphs_check finds all of their parameters in the weights, and has those that are bfloat16 there stay so in
 * memory; tensors that nothing asks for become warnings of m.
 * Errors: as of model_part_check; NO_MEMORY. */
enum status model_graphs_check(struct ctx *ctx, struct model_files *m, const struct model_graphs *graphs) MUST_CHECK;

#endif
