#include "handlers/model_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* add_bytes adds what a graph's weights take, where there is one. */
static void add_bytes(const struct graph *g, enum isa isa, size_t bytes[GRAPH_DTYPES]) {
    if (!g)
        return;
    bytes[GRAPH_F32] += graph_load_bytes(g);
    bytes[GRAPH_BF16] += graph_halved_bytes(g, half_kernels_for(isa));
}

static void add_source(const struct model_files *m, size_t bytes[GRAPH_DTYPES]) {
    for (int i = 0; i < GRAPH_DTYPES && m->source; i++)
        bytes[i] += m->source->n * sizeof(float);
}

/* pack loads a graph, where there is one. */
static enum status pack(struct ctx *ctx, struct graph *g, enum graph_dtype dtype, struct model_part *part) {
    enum status status = STATUS_OK;
    if (g && dtype == GRAPH_BF16)
        status = graph_halve_products(g, half_kernels_for(ctx->isa));
    return g && status == STATUS_OK ? graph_load(ctx, g, model_part_find, part) : status;
}

static enum status make_graphs(struct ctx *ctx, struct model_files *m, struct model_graphs *g) {
    enum status status = model_graphs_make(ctx, m, g);
    return status == STATUS_OK ? model_graphs_check(ctx, m, g) : status;
}

static enum status pack_all(struct ctx *ctx, enum graph_dtype dtype, struct model_files *m, struct model_graphs *g) {
    enum status status = pack(ctx, g->network, dtype, &m->network);
    if (status == STATUS_OK)
        status = pack(ctx, g->decode, dtype, &m->autoencoder);
    return status == STATUS_OK ? pack(ctx, g->encode, dtype, &m->autoencoder) : status;
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

/* load reads a folder; dtype GRAPH_DTYPES: without the weights. */
static enum status load(struct loaded_model *model, struct files *files, enum graph_dtype dtype) {
    struct model_files m;
    struct model_graphs g;
    enum status status = model_files_open(&model->ctx, files, &m);
    if (status == STATUS_OK)
        status = make_graphs(&model->ctx, &m, &g);
    if (status != STATUS_OK)
        return status;
    add_bytes(g.network, model->ctx.isa, model->weights);
    add_bytes(g.decode, model->ctx.isa, model->weights);
    add_bytes(g.encode, model->ctx.isa, model->weights);
    add_source(&m, model->weights);
    if (dtype < GRAPH_DTYPES)
        status = pack_all(&model->ctx, dtype, &m, &g);
    if (status != STATUS_OK)
        return status;
    model->network = (struct network){g.network, g.height, g.width, g.channels, g.out_channels, g.given};
    model->decoder = g.decoder;
    model->encoder = g.encoder;
    model->scaled = g.scaled;
    model->log_scale = g.log_scale;
    model->architecture = m.architecture;
    model->dims = g.dims;
    memcpy(model->shape, g.shape, sizeof g.shape);
    status = take_source(model, &m, dtype < GRAPH_DTYPES);
    if (status != STATUS_OK)
        return status;
    model->classes = g.classes;
    model->labels = m.labels;
    model->table = m.table;
    model->parameters = g.parameters;
    model->scheduler = m.scheduler;
    model->warnings = m.warnings;
    return STATUS_OK;
}

static struct loaded_model *make(struct files *files, enum isa isa, enum graph_dtype dtype, size_t memory,
                                 struct error *why) {
    struct loaded_model *model = calloc(1, sizeof *model);
    if (!model) {
        *why = (struct error){.detail = "There is no memory for the model."};
        return NULL;
    }
    ctx_init(&model->ctx, memory);
    model->ctx.isa = isa;
    enum status status = load(model, files, dtype);
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
    return make(files, isa, GRAPH_DTYPES, memory, why);
}

struct loaded_model *model_load(struct files *files, enum isa isa, enum graph_dtype dtype, size_t memory,
                                struct error *why) {
    return make(files, isa, dtype, memory, why);
}

void model_unload(struct loaded_model *model) {
    if (!model)
        return;
    ctx_release(&model->ctx);
    free(model);
}
