/* network.h - a neural network as a denoiser: D = x_by x + out_by F(input x, time) (prediction.h). The only place where
 * diffusion and networks meet. */
#ifndef SOLVENT_NETWORK_H
#define SOLVENT_NETWORK_H

#include "core/diffusion/denoiser.h"
#include "core/diffusion/prediction.h"
#include "core/nn/graph.h"

struct scheduler;

struct network {
    const struct graph *graph;      /* loaded; from [height][width][channels] to [height][width][out_channels] */
    size_t height, width, channels; /* a sample is [channels][height][width] */
    size_t out_channels; /* at least `channels`: the first are the prediction; twice as many: the others its spread */
    bool given;          /* it is told what is known: the graph has 3 * channels in, as loss.h lays them out */
};

/* network_channels_in is what the graph has in. */
static inline size_t network_channels_in(const struct network *n) { return n->channels * (n->given ? 3 : 1); }

/* What the network was trained for: a scheduler's training, or a path and a prediction; and the class that it is told,
 * where it is told one. Borrowed. */
struct network_use {
    const struct scheduler *scheduler; /* NULL: */
    const struct path *path;
    enum prediction_id prediction;
    double sigma_data;
    int64_t class; /* of rows that are told none (denoiser.h) */
    bool slopes;   /* it gives EACH_TRACE and EACH_VJV, by the network's own derivative: for likelihoods */
};

/* network_denoiser makes the denoiser. A row's bits depend on its own numbers alone, with the same kernels, whatever
 * rows stand beside it. With slopes a trace takes d passes backward, v' J v takes one (core/nn/gradient.h). A call is
 * spread over ctx's threads and ends early where ctx is stopped; ctx and all that is borrowed outlive it.
 * Errors: INVALID (as of prediction_check), NO_MEMORY. */
enum status network_denoiser(struct ctx *ctx, const struct network *network, const struct network_use *use,
                             const struct denoiser **out) MUST_CHECK;

/* network_check refuses a point where the network's answer does not determine D: eps and score at alpha = 0.
 * Errors: INVALID ("/prediction", or below "/scheduler_config"). */
enum status network_check(struct ctx *ctx, const struct network_use *use, const struct path_point *at) MUST_CHECK;

#endif
