/* mlp.h - a residual network for points and rows of tables, as a graph: `features` numbers in and out.
 *
 *     emb = act(time.linear_2(silu(time.linear_1(sinusoids of the time))) + class.weight[class])
 *     h = input(x)
 *     h += blocks.i.linear_2(act(blocks.i.linear_1(blocks.i.norm(h)) + blocks.i.emb(emb)))      for each block i
 *     out = output(act(norm(h)))
 *
 * Parameters, in this order: time.linear_1, time.linear_2, class.weight (num_classes + 1 rows of hidden_size, the last
 * for none; only where there are classes), given (likewise), input, blocks.i.norm, .linear_1, .emb and .linear_2 of each block, norm,
 * output; all of the others have a .weight (of a linear layer: [out][in]) and a .bias. Norms are of rows (eps 1e-5).
 * Sinusoids are [cos, sin] of time * 10000^(-j / (time_size / 2)), so times should reach hundreds: a network for times
 * of 0 to 1 is to be given them times 1000.
 * With `given` x has 3 * features numbers: those that the network removes noise from, those that are known, and which
 * these are (core/diffusion/loss.h); and emb = act(... + given(x)), where no norm of the noise is between. (So it is as
 * near to conditional distributions after half of the steps.)
 * Source: the residual MLP of Gorishniy et al. 2021, sec. 3.2, with the embedding of time of Ho et al. 2020, app. B. */
#ifndef SOLVENT_MLP_H
#define SOLVENT_MLP_H

#include "core/nn/graph.h"

enum { MLP_WIDTH_MAX = 65536, MLP_BLOCKS_MAX = 256, MLP_CLASSES_MAX = 1000000 };

/* The members are the keys of config.json; mlp_default gives what they are where a key is missing. */
struct mlp_config {
    size_t features;
    size_t hidden_size, inner_size; /* of h, and between a block's two layers (0: hidden_size) */
    size_t num_blocks;
    size_t time_size;   /* of the sinusoids: even */
    size_t num_classes; /* 0: none */
    bool given;         /* it is told what is known: 3 * features numbers in */
    enum activation act_fn;
};

struct mlp_config mlp_default(void); /* features 2, hidden_size 128, 3 blocks, time_size 128, silu */

/* mlp_make builds the graph, whose images are [1][1][features], or [1][1][3 * features] with `given`. Errors: INVALID (ctx->err.detail names the key of
 * config.json that does not fit, and says what would), NO_MEMORY. */
enum status mlp_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct mlp_config *config,
                     struct graph **out) MUST_CHECK;

#endif
