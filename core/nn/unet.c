#include "core/nn/unet.h"

#include "core/nn/blocks.h"

struct unet_config unet_default(void) {
    return (struct unet_config){
        .height = 32,
        .width = 32,
        .in_channels = 3,
        .out_channels = 3,
        .flip_sin_to_cos = true,
        .levels = 4,
        .down_attention = {false, true, true, true},
        .up_attention = {true, true, true, false},
        .block_out_channels = {224, 448, 672, 896},
        .layers_per_block = 2,
        .mid_block_scale_factor = 1,
        .downsample_padding = 1,
        .act_fn = ACTIVATION_SILU,
        .attention_head_dim = 8,
        .norm_num_groups = 32,
        .norm_eps = 1e-5,
        .add_attention = true,
        .num_train_timesteps = 1000,
    };
}

/* What the builder carries along. */
struct unet {
    struct graph *g;
    const struct unet_config *c;
    struct blocks blocks;
    int skips[UNET_LEVELS_MAX * (UNET_LAYERS_MAX + 1) + 1];
    size_t n_skips;
};

static void push(struct unet *u, int x) { u->skips[u->n_skips++] = x; }

static int down_block(struct unet *u, int x, size_t level) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    for (size_t j = 0; j < c->layers_per_block; j++) {
        x = block_res(&u->blocks, x, block_name(name, "down_blocks.%zu.resnets.%zu", level, j),
                      c->block_out_channels[level], 1, BLOCK_KEEP);
        if (c->down_attention[level])
            x = block_attention(&u->blocks, x, block_name(name, "down_blocks.%zu.attentions.%zu", level, j),
                                c->norm_num_groups, 1);
        push(u, x);
    }
    if (level + 1 == c->levels)
        return x;
    block_name(name, "down_blocks.%zu.downsamplers.0", level);
    if (c->down_attention[level] && c->resnet_downsample) {
        x = block_res(&u->blocks, x, name, c->block_out_channels[level], 1, BLOCK_DOWN);
    } else {
        block_name(name, "down_blocks.%zu.downsamplers.0.conv", level);
        x = graph_conv(u->g, x,
                       &(struct conv){.name = name,
                                      .out = c->block_out_channels[level],
                                      .kernel = 3,
                                      .stride = 2,
                                      .late_border = c->downsample_padding == 0});
    }
    push(u, x);
    return x;
}

static int middle(struct unet *u, int x) {
    const struct unet_config *c = u->c;
    size_t groups = c->attn_norm_num_groups;
    if (!groups && !c->scale_shift)
        groups = c->norm_num_groups;
    return block_middle(&u->blocks, x, "mid_block", c->add_attention, groups, c->mid_block_scale_factor);
}

static int up_block(struct unet *u, int x, size_t block) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    size_t out = c->block_out_channels[c->levels - 1 - block];
    for (size_t j = 0; j <= c->layers_per_block; j++) {
        x = graph_concat(u->g, x, u->skips[--u->n_skips]);
        x = block_res(&u->blocks, x, block_name(name, "up_blocks.%zu.resnets.%zu", block, j), out, 1, BLOCK_KEEP);
        if (c->up_attention[block])
            x = block_attention(&u->blocks, x, block_name(name, "up_blocks.%zu.attentions.%zu", block, j),
                                c->norm_num_groups, 1);
    }
    if (block + 1 == c->levels)
        return x;
    if (c->up_attention[block] && c->resnet_upsample)
        return block_res(&u->blocks, x, block_name(name, "up_blocks.%zu.upsamplers.0", block), out, 1, BLOCK_UP);
    return block_conv3(u->g, graph_upsample(u->g, x), block_name(name, "up_blocks.%zu.upsamplers.0.conv", block), out);
}

/* embedding is the vector that all blocks get: of the time, and of the class. */
static int embedding(struct unet *u) {
    const struct unet_config *c = u->c;
    size_t n = c->block_out_channels[0], wide = c->time_embedding_dim ? c->time_embedding_dim : 4 * n;
    int t;
    switch (c->time_embedding_type) {
    case UNET_TIME_FOURIER: t = graph_fourier(u->g, "time_proj", 2 * n); break;
    case UNET_TIME_LEARNED: t = graph_embedding(u->g, GRAPH_TIME, "time_proj", c->num_train_timesteps, n); break;
    default: t = graph_sinusoids(u->g, GRAPH_TIME, n, c->freq_shift, c->flip_sin_to_cos);
    }
    int emb = block_embedder(u->g, t, "time_embedding", wide);
    int class = 0;
    if (c->class_embed_type == UNET_CLASS_EMBEDDING) {
        class = graph_embedding(u->g, GRAPH_CLASS, "class_embedding", c->num_class_embeds, wide);
    } else if (c->class_embed_type == UNET_CLASS_TIMESTEP) {
        class = graph_sinusoids(u->g, GRAPH_CLASS, n, c->freq_shift, c->flip_sin_to_cos);
        class = block_embedder(u->g, class, "class_embedding", wide);
    }
    if (class)
        emb = graph_add(u->g, emb, class);
    return graph_activation(u->g, emb, c->act_fn);
}

static enum status check_level(struct ctx *ctx, const struct unet_config *c, size_t level) {
    size_t channels = c->block_out_channels[level], head = c->attention_head_dim;
    if (channels < 1 || channels > UNET_CHANNELS_MAX)
        return block_refuse(ctx, "block_out_channels", channels, "1 to 4096");
    if (channels % c->norm_num_groups)
        return block_refuse(ctx, "block_out_channels", channels, "a multiple of norm_num_groups");
    bool attends = c->down_attention[level] || c->up_attention[c->levels - 1 - level];
    if (head > channels && (attends || (c->add_attention && level + 1 == c->levels)))
        return block_refuse(ctx, "attention_head_dim", head, "at most the channels of a block");
    if (level + 1 < c->levels && ((c->height >> level) % 2 || (c->width >> level) % 2))
        return block_refuse(ctx, "sample_size", c->height, "one that halves exactly at every level");
    return STATUS_OK;
}

static enum status check(struct ctx *ctx, const struct unet_config *c) {
    if (c->height < 1 || c->height > UNET_SIZE_MAX || c->width < 1 || c->width > UNET_SIZE_MAX)
        return block_refuse(ctx, "sample_size", c->height, "1 to 1024");
    if (c->in_channels < 1 || c->in_channels > UNET_CHANNELS_MAX)
        return block_refuse(ctx, "in_channels", c->in_channels, "1 to 4096");
    if (c->out_channels < 1 || c->out_channels > UNET_CHANNELS_MAX)
        return block_refuse(ctx, "out_channels", c->out_channels, "1 to 4096");
    if (c->levels < 1 || c->levels > UNET_LEVELS_MAX)
        return block_refuse(ctx, "The length of block_out_channels", c->levels, "1 to 8");
    if (c->layers_per_block < 1 || c->layers_per_block > UNET_LAYERS_MAX)
        return block_refuse(ctx, "layers_per_block", c->layers_per_block, "1 to 16");
    if (c->norm_num_groups < 1)
        return block_refuse(ctx, "norm_num_groups", c->norm_num_groups, "at least 1");
    if (c->block_out_channels[0] % 2)
        return block_refuse(ctx, "block_out_channels[0]", c->block_out_channels[0],
                            "an even number, for sines and cosines");
    if (!(c->mid_block_scale_factor > 0))
        return ctx_fail(ctx, STATUS_INVALID, "", "mid_block_scale_factor is not positive.");
    if (c->class_embed_type == UNET_CLASS_IDENTITY)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "class_embed_type is \"identity\": a class would be a vector of numbers, which requests cannot give.");
    size_t last = c->block_out_channels[c->levels - 1];
    if (c->attn_norm_num_groups && last % c->attn_norm_num_groups)
        return block_refuse(ctx, "attn_norm_num_groups", c->attn_norm_num_groups,
                            "a divisor of the last block_out_channels");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < c->levels && status == STATUS_OK; i++)
        status = check_level(ctx, c, i);
    return status;
}

enum status unet_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct unet_config *config,
                      struct graph **out) {
    enum status status = check(ctx, config);
    if (status != STATUS_OK)
        return status;
    struct unet u = {.g = graph_new(ctx, kernels), .c = config};
    u.blocks = (struct blocks){.g = u.g,
                               .groups = config->norm_num_groups,
                               .eps = (float)config->norm_eps,
                               .activation = config->act_fn,
                               .head_dim = config->attention_head_dim,
                               .scale_shift = config->scale_shift};
    if (!u.g)
        return STATUS_NO_MEMORY;
    int x = graph_input(u.g, config->height, config->width, config->in_channels);
    graph_conv_first(u.g, config->in_channels,
                     &(struct conv){.name = "conv_in", .out = config->block_out_channels[0], .kernel = 3});
    u.blocks.emb = embedding(&u);
    if (config->center_input_sample)
        x = graph_affine(u.g, x, 2, -1);
    x = block_conv3(u.g, x, "conv_in", config->block_out_channels[0]);
    push(&u, x);
    for (size_t i = 0; i < config->levels; i++)
        x = down_block(&u, x, i);
    x = middle(&u, x);
    for (size_t i = 0; i < config->levels; i++)
        x = up_block(&u, x, i);
    x = graph_group_norm(u.g, x,
                         &(struct norm){.name = "conv_norm_out",
                                        .groups = config->norm_num_groups,
                                        .eps = (float)config->norm_eps,
                                        .activation = ACTIVATION_SILU});
    x = block_conv3(u.g, x, "conv_out", config->out_channels);
    if (config->time_embedding_type == UNET_TIME_FOURIER)
        x = graph_over_time(u.g, x);
    graph_output(u.g, x);
    *out = u.g;
    return graph_failed(u.g) ? STATUS_NO_MEMORY : STATUS_OK;
}
