#include "core/nn/mlp.h"

#include "core/nn/blocks.h"

static const float EPS = 1e-5f;

struct mlp_config mlp_default(void) {
    return (struct mlp_config){
        .features = 2, .hidden_size = 128, .num_blocks = 3, .time_size = 128, .act_fn = ACTIVATION_SILU};
}

static int embedding(struct graph *g, const struct mlp_config *c, int x) {
    int emb = block_embedder(g, graph_sinusoids(g, GRAPH_TIME, c->time_size, 0, true), "time", c->hidden_size);
    if (c->num_classes)
        emb = graph_add(g, emb, graph_embedding(g, GRAPH_CLASS, "class", c->num_classes + 1, c->hidden_size));
    if (c->given)
        emb = graph_add(g, emb, block_linear(g, x, "given", c->hidden_size, ACTIVATION_NONE));
    return graph_activation(g, emb, c->act_fn);
}

static int block(struct graph *g, const struct mlp_config *c, int h, int emb, size_t i) {
    char name[PARAMETER_NAME];
    size_t inner = c->inner_size ? c->inner_size : c->hidden_size;
    int y = graph_layer_norm(g, h, &(struct layer){.name = block_name(name, "blocks.%zu.norm", i), .eps = EPS});
    struct conv first = {.out = inner, .kernel = 1, .linear = true, .activation = c->act_fn};
    first.name = block_name(name, "blocks.%zu.linear_1", i);
    graph_conv_first(g, c->hidden_size, &first);
    first.vector = block_linear(g, emb, block_name(name, "blocks.%zu.emb", i), inner, ACTIVATION_NONE);
    first.name = block_name(name, "blocks.%zu.linear_1", i);
    y = graph_conv(g, y, &first);
    return graph_conv(g, y,
                      &(struct conv){.name = block_name(name, "blocks.%zu.linear_2", i),
                                     .out = c->hidden_size,
                                     .kernel = 1,
                                     .linear = true,
                                     .residual = h});
}

static enum status check(struct ctx *ctx, const struct mlp_config *c) {
    if (c->features < 1 || c->features > MLP_WIDTH_MAX)
        return block_refuse(ctx, "features", c->features, "1 to 65536");
    if (c->hidden_size < 1 || c->hidden_size > MLP_WIDTH_MAX)
        return block_refuse(ctx, "hidden_size", c->hidden_size, "1 to 65536");
    if (c->inner_size > MLP_WIDTH_MAX)
        return block_refuse(ctx, "inner_size", c->inner_size, "1 to 65536");
    if (c->num_blocks > MLP_BLOCKS_MAX)
        return block_refuse(ctx, "num_blocks", c->num_blocks, "0 to 256");
    if (c->time_size < 2 || c->time_size > MLP_WIDTH_MAX || c->time_size % 2)
        return block_refuse(ctx, "time_size", c->time_size, "an even number of 2 to 65536, for sines and cosines");
    if (c->num_classes > MLP_CLASSES_MAX)
        return block_refuse(ctx, "num_classes", c->num_classes, "0 to 1000000");
    return STATUS_OK;
}

enum status mlp_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct mlp_config *config,
                     struct graph **out) {
    enum status status = check(ctx, config);
    if (status != STATUS_OK)
        return status;
    struct graph *g = graph_new(ctx, kernels);
    if (!g)
        return STATUS_NO_MEMORY;
    int x = graph_input(g, 1, 1, config->features * (config->given ? 3 : 1)), emb = embedding(g, config, x);
    int h = block_linear(g, x, "input", config->hidden_size, ACTIVATION_NONE);
    for (size_t i = 0; i < config->num_blocks; i++)
        h = block(g, config, h, emb, i);
    h = graph_layer_norm(g, h, &(struct layer){.name = "norm", .eps = EPS});
    graph_output(g,
                 block_linear(g, graph_activation(g, h, config->act_fn), "output", config->features, ACTIVATION_NONE));
    *out = g;
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}
