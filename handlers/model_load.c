#include "handlers/model_load.h"

#include <stdlib.h>
#include <string.h>

/* pack loads a graph, where there is one. */
static enum status pack(struct ctx *ctx, struct graph *g, struct model_part *part) {
    return g ? graph_load(ctx, g, model_part_find, part) : STATUS_OK;
}

static enum status make_graphs(struct ctx *ctx, struct model_files *m, struct model_graphs *g) {
    enum status status = model_graphs_make(ctx, m, g);
    if (status == STATUS_OK)
        status = model_graphs_check(ctx, m, g);
    if (status == STATUS_OK)
        status = pack(ctx, g->network, &m->network);
    if (status == STATUS_OK)
        status = pack(ctx, g->decode, &m->autoencoder);
    return status == STATUS_OK ? pack(ctx, g->encode, &m->autoencoder) : status;
}

static enum status load(struct loaded_model *model, struct files *files) {
    struct model_files m;
    struct model_graphs g;
    enum status status = model_files_open(&model->ctx, files, &m);
    if (status == STATUS_OK)
        status = make_graphs(&model->ctx, &m, &g);
    if (status != STATUS_OK)
        return status;
    model->network = (struct network){g.network, g.height, g.width, g.channels, g.out_channels};
    model->decoder = g.decoder;
    model->encoder = g.encoder;
    model->architecture = m.architecture;
    model->dims = g.dims;
    memcpy(model->shape, g.shape, sizeof g.shape);
    model->classes = g.classes;
    model->labels = m.labels;
    model->parameters = g.parameters;
    model->scheduler = m.scheduler;
    model->warnings = m.warnings;
    return STATUS_OK;
}

struct loaded_model *model_load(struct files *files, enum isa isa, size_t memory, struct error *why) {
    struct loaded_model *model = calloc(1, sizeof *model);
    if (!model) {
        *why = (struct error){.detail = "There is no memory for the model."};
        return NULL;
    }
    ctx_init(&model->ctx, memory);
    model->ctx.isa = isa;
    if (load(model, files) == STATUS_OK)
        return model;
    *why = model->ctx.err;
    model_unload(model);
    return NULL;
}

void model_unload(struct loaded_model *model) {
    if (!model)
        return;
    ctx_release(&model->ctx);
    free(model);
}
