/* network.h - a model's folder loaded: its network with the weights packed, immutable from then on, so that any number
 * of requests may run it at once, each with a workspace of its own (core/nn/graph.h).
 *
 *     struct error why;
 *     struct network *n = network_load(files, isa, 1 << 30, &why);      NULL: `why` says why
 *     ... `files` may be closed; graph_run(ctx, n->graph, ...)
 *     network_free(n); */
#ifndef SOLVENT_NETWORK_H
#define SOLVENT_NETWORK_H

#include "handlers/model_files.h"

struct network {
    struct ctx ctx; /* the memory of all that follows */
    const char *architecture;
    struct unet_config config;
    struct graph *graph;
    size_t parameters;    /* numbers in the network */
    struct str scheduler; /* scheduler_config.json; n 0: there is none */
    struct file_warnings warnings;
};

/* network_load reads a folder, with at most `memory` bytes beside the files. NULL: it cannot be served, or there is not
 * enough memory; why->detail is one full sentence. */
struct network *network_load(struct files *files, enum isa isa, size_t memory, struct error *why);
void network_free(struct network *network);

/* network_bytes is what it holds. */
static inline size_t network_bytes(const struct network *network) { return network->ctx.used; }

#endif
