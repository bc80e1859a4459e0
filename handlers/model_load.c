#include "handlers/model_load.h"

#include <stdlib.h>

#include "core/tensor/tensor.h"

static enum status make_graph(struct ctx *ctx, struct model_files *m, size_t *parameters, struct graph **out) {
    const struct parameter *list = NULL;
    enum status status = unet_make(ctx, tensor_kernels_for(ctx->isa), &m->unet, out);
    if (status != STATUS_OK)
        return status;
    size_t n = graph_parameters(*out, &list);
    status = model_files_check(ctx, m, list, n);
    for (size_t i = 0; i < n; i++)
        *parameters += list[i].n;
    return status == STATUS_OK ? graph_load(ctx, *out, model_files_find, m) : status;
}

static enum status load(struct loaded_model *model, struct files *files) {
    struct model_files m;
    struct graph *graph = NULL;
    enum status status = model_files_open(&model->ctx, files, &m);
    if (status == STATUS_OK)
        status = make_graph(&model->ctx, &m, &model->parameters, &graph);
    model->network = (struct network){graph, m.unet.height, m.unet.width, m.unet.in_channels, m.unet.out_channels};
    model->architecture = m.architecture;
    model->config = m.unet;
    model->scheduler = m.scheduler;
    model->warnings = m.warnings;
    return status;
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
