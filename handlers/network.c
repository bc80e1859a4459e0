#include "handlers/network.h"

#include <stdlib.h>

#include "core/tensor/tensor.h"

static enum status load(struct network *network, struct files *files) {
    struct ctx *ctx = &network->ctx;
    struct model_files m;
    const struct parameter *list = NULL;
    enum status status = model_files_open(ctx, files, &m);
    if (status == STATUS_OK)
        status = unet_make(ctx, tensor_kernels_for(ctx->isa), &m.unet, &network->graph);
    if (status != STATUS_OK)
        return status;
    size_t n = graph_parameters(network->graph, &list);
    status = model_files_check(ctx, &m, list, n);
    if (status == STATUS_OK)
        status = graph_load(ctx, network->graph, model_files_find, &m);
    for (size_t i = 0; i < n; i++)
        network->parameters += list[i].n;
    network->architecture = m.architecture;
    network->config = m.unet;
    network->scheduler = m.scheduler;
    network->warnings = m.warnings;
    return status;
}

struct network *network_load(struct files *files, enum isa isa, size_t memory, struct error *why) {
    struct network *network = calloc(1, sizeof *network);
    if (!network) {
        *why = (struct error){.detail = "There is no memory for the model."};
        return NULL;
    }
    ctx_init(&network->ctx, memory);
    network->ctx.isa = isa;
    if (load(network, files) == STATUS_OK)
        return network;
    *why = network->ctx.err;
    network_free(network);
    return NULL;
}

void network_free(struct network *network) {
    if (!network)
        return;
    ctx_release(&network->ctx);
    free(network);
}
