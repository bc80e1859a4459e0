#include "handlers/model_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t weight_bytes(const struct graph *g) { return g ? graph_load_bytes(g) : 0; }

/* pack loads a graph, where there is one. */
static enum status pack(struct ctx *ctx, struct graph *g, struct model_part *part) {
    return g ? graph_load(ctx, g, model_part_find, part) : STATUS_OK;
}

static enum status make_graphs(struct ctx *ctx, struct model_files *m, struct model_graphs *g) {
    enum status status = model_graphs_make(ctx, m, g);
    return status == STATUS_OK ? model_graphs_check(ctx, m, g) : status;
}

static enum status pack_all(struct ctx *ctx, struct model_files *m, struct model_graphs *g) {
    enum status status = pack(ctx, g->network, &m->network);
    if (status == STATUS_OK)
        status = pack(ctx, g->decode, &m->autoencoder);
    return status == STATUS_OK ? pack(ctx, g->encode, &m->autoencoder) : status;
}

/* take_source brings points to the network's scale; an outline knows how many there are. */
static enum status take_source(struct loaded_model *model, const struct model_files *m, bool points) {
    const struct mlp_file *mlp = &m->mlp;
    float *to = NULL;
    if (!m->source)
        return STATUS_OK;
    const struct ctx_mark mark = ctx_mark(&model->ctx);
    enum status status = source_file_read(&model->ctx, m->source, model->dims, model->shape, &to);
    const size_t n = m->source->shape[0], d = m->source->n / n;
    for (size_t i = 0; status == STATUS_OK && m->kind == NETWORK_MLP && mlp->mean && i < n * d; i++)
        to[i] = (float)(((double)to[i] - mlp->mean[i % d]) / mlp->std[i % d]);
    model->source = (struct model_source){n, points ? to : NULL};
    if (!points)
        ctx_rewind(&model->ctx, mark);
    return status;
}

static enum status load(struct loaded_model *model, struct files *files, bool weights) {
    struct model_files m;
    struct model_graphs g;
    enum status status = model_files_open(&model->ctx, files, &m);
    if (status == STATUS_OK)
        status = make_graphs(&model->ctx, &m, &g);
    if (status == STATUS_OK && weights)
        status = pack_all(&model->ctx, &m, &g);
    if (status != STATUS_OK)
        return status;
    model->network = (struct network){g.network, g.height, g.width, g.channels, g.out_channels};
    model->decoder = g.decoder;
    model->encoder = g.encoder;
    model->scaled = g.scaled;
    model->log_scale = g.log_scale;
    model->architecture = m.architecture;
    model->dims = g.dims;
    memcpy(model->shape, g.shape, sizeof g.shape);
    status = take_source(model, &m, weights);
    if (status != STATUS_OK)
        return status;
    model->classes = g.classes;
    model->labels = m.labels;
    model->table = m.table;
    model->parameters = g.parameters;
    model->scheduler = m.scheduler;
    model->warnings = m.warnings;
    model->weights = weight_bytes(g.network) + weight_bytes(g.decode) + weight_bytes(g.encode);
    model->weights += m.source ? m.source->n * sizeof(float) : 0;
    return STATUS_OK;
}

static struct loaded_model *make(struct files *files, enum isa isa, size_t memory, bool weights, struct error *why) {
    struct loaded_model *model = calloc(1, sizeof *model);
    if (!model) {
        *why = (struct error){.detail = "There is no memory for the model."};
        return NULL;
    }
    ctx_init(&model->ctx, memory);
    model->ctx.isa = isa;
    enum status status = load(model, files, weights);
    if (status == STATUS_OK)
        return model;
    *why = model->ctx.err;
    if (status == STATUS_NO_MEMORY)
        snprintf(why->detail, sizeof why->detail, "It needs more than the %zu bytes of memory that it may have.",
                 memory);
    model_unload(model);
    return NULL;
}

struct loaded_model *model_outline(struct files *files, enum isa isa, size_t memory, struct error *why) {
    return make(files, isa, memory, false, why);
}

struct loaded_model *model_load(struct files *files, enum isa isa, size_t memory, struct error *why) {
    return make(files, isa, memory, true, why);
}

void model_unload(struct loaded_model *model) {
    if (!model)
        return;
    ctx_release(&model->ctx);
    free(model);
}
