/* untrained.h - the weights that PyTorch's layers have after torch.manual_seed(seed) and the network's constructor. */
#ifndef SOLVENT_TEST_UNTRAINED_H
#define SOLVENT_TEST_UNTRAINED_H

#include "core/base/torch_random.h"
#include "core/nn/graph.h"

struct untrained {
    struct torch_random random;
    double sum; /* of absolute weights so far */
};

/* untrained_find is a graph_find; self is a struct untrained, seeded. */
enum status untrained_find(void *self, struct ctx *ctx, const struct parameter *p, float *to);

/* untrained_load loads a graph with the weights of seed 0. *sum, where not NULL, gets that of their absolute values. */
enum status untrained_load(struct ctx *ctx, struct graph *g, double *sum) MUST_CHECK;

#endif
