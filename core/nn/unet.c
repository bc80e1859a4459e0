#include "core/nn/unet.h"

#include <stdarg.h>
#include <stdio.h>

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
    int emb; /* act(embedding of time and class): [1][1][4 C] */
    int skips[UNET_LEVELS_MAX * (UNET_LAYERS_MAX + 1) + 1];
    size_t n_skips;
};

static const char *join(char name[PARAMETER_NAME], const char *format, ...) PRINTF_LIKE(2, 3);
static const char *join(char name[PARAMETER_NAME], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(name, PARAMETER_NAME, format, args);
    va_end(args);
    return name;
}

static int conv3(struct unet *u, int x, const char *name, size_t out) {
    return graph_conv(u->g, x, &(struct conv){.name = name, .out = out, .kernel = 3});
}

static int linear(struct unet *u, int x, const char *name, size_t out, enum activation activation) {
    return graph_conv(u->g, x,
                      &(struct conv){.name = name, .out = out, .kernel = 1, .linear = true, .activation = activation});
}

enum resize { KEEP, DOWN, UP };

static int resized(struct unet *u, int x, enum resize resize) {
    return resize == DOWN ? graph_pool(u->g, x) : resize == UP ? graph_upsample(u->g, x) : x;
}

/* res is a ResnetBlock2D. Parameters are listed in the order of its constructor. */
static int res(struct unet *u, int x, const char *block, size_t out, double scale_factor, enum resize resize) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    float eps = (float)c->norm_eps, scale = (float)(1 / scale_factor);
    size_t in = graph_channels(u->g, x);
    struct norm norm = {.groups = c->norm_num_groups, .eps = eps, .activation = c->act_fn};
    norm.name = join(name, "%.90s.norm1", block);
    int h = resized(u, graph_group_norm(u->g, x, &norm), resize);
    x = resized(u, x, resize);
    struct conv conv1 = {.out = out, .kernel = 3}, conv2 = {.out = out, .kernel = 3, .scale = scale};
    conv1.name = join(name, "%.90s.conv1", block);
    graph_conv_first(u->g, in, &conv1);
    int shift =
        linear(u, u->emb, join(name, "%.90s.time_emb_proj", block), c->scale_shift ? 2 * out : out, ACTIVATION_NONE);
    conv1.name = join(name, "%.90s.conv1", block);
    conv1.vector = c->scale_shift ? 0 : shift;
    h = graph_conv(u->g, h, &conv1);
    norm.name = join(name, "%.90s.norm2", block);
    norm.modulation = c->scale_shift ? shift : 0;
    h = graph_group_norm(u->g, h, &norm);
    conv2.name = join(name, "%.90s.conv2", block);
    graph_conv_first(u->g, out, &conv2);
    if (in != out)
        x = graph_conv(u->g, x,
                       &(struct conv){.name = join(name, "%.90s.conv_shortcut", block), .out = out, .kernel = 1});
    conv2.name = join(name, "%.90s.conv2", block);
    conv2.residual = x;
    return graph_conv(u->g, h, &conv2);
}

/* attention is an Attention block over pixels; groups 0: without a norm. */
static int attention(struct unet *u, int x, const char *block, size_t groups, double scale_factor) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    size_t channels = graph_channels(u->g, x);
    size_t heads = c->attention_head_dim ? channels / c->attention_head_dim : 1;
    size_t inner = c->attention_head_dim ? heads * c->attention_head_dim : channels;
    int h = x;
    if (groups)
        h = graph_group_norm(
            u->g, x,
            &(struct norm){.name = join(name, "%.90s.group_norm", block), .groups = groups, .eps = (float)c->norm_eps});
    int q = linear(u, h, join(name, "%.90s.to_q", block), inner, ACTIVATION_NONE);
    int k = linear(u, h, join(name, "%.90s.to_k", block), inner, ACTIVATION_NONE);
    int v = linear(u, h, join(name, "%.90s.to_v", block), inner, ACTIVATION_NONE);
    h = graph_attention(u->g, q, k, v, heads);
    return graph_conv(u->g, h,
                      &(struct conv){.name = join(name, "%.90s.to_out.0", block),
                                     .out = channels,
                                     .kernel = 1,
                                     .linear = true,
                                     .residual = x,
                                     .scale = (float)(1 / scale_factor)});
}

static void push(struct unet *u, int x) { u->skips[u->n_skips++] = x; }

static int down_block(struct unet *u, int x, size_t level) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    for (size_t j = 0; j < c->layers_per_block; j++) {
        x = res(u, x, join(name, "down_blocks.%zu.resnets.%zu", level, j), c->block_out_channels[level], 1, KEEP);
        if (c->down_attention[level])
            x = attention(u, x, join(name, "down_blocks.%zu.attentions.%zu", level, j), c->norm_num_groups, 1);
        push(u, x);
    }
    if (level + 1 == c->levels)
        return x;
    join(name, "down_blocks.%zu.downsamplers.0", level);
    if (c->down_attention[level] && c->resnet_downsample) {
        x = res(u, x, name, c->block_out_channels[level], 1, DOWN);
    } else {
        join(name, "down_blocks.%zu.downsamplers.0.conv", level);
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
    size_t channels = c->block_out_channels[c->levels - 1], groups = c->attn_norm_num_groups;
    if (!groups && !c->scale_shift)
        groups = c->norm_num_groups;
    x = res(u, x, "mid_block.resnets.0", channels, c->mid_block_scale_factor, KEEP);
    if (c->add_attention)
        x = attention(u, x, "mid_block.attentions.0", groups, c->mid_block_scale_factor);
    return res(u, x, "mid_block.resnets.1", channels, c->mid_block_scale_factor, KEEP);
}

static int up_block(struct unet *u, int x, size_t block) {
    char name[PARAMETER_NAME];
    const struct unet_config *c = u->c;
    size_t out = c->block_out_channels[c->levels - 1 - block];
    for (size_t j = 0; j <= c->layers_per_block; j++) {
        x = graph_concat(u->g, x, u->skips[--u->n_skips]);
        x = res(u, x, join(name, "up_blocks.%zu.resnets.%zu", block, j), out, 1, KEEP);
        if (c->up_attention[block])
            x = attention(u, x, join(name, "up_blocks.%zu.attentions.%zu", block, j), c->norm_num_groups, 1);
    }
    if (block + 1 == c->levels)
        return x;
    if (c->up_attention[block] && c->resnet_upsample)
        return res(u, x, join(name, "up_blocks.%zu.upsamplers.0", block), out, 1, UP);
    return conv3(u, graph_upsample(u->g, x), join(name, "up_blocks.%zu.upsamplers.0.conv", block), out);
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
    int emb = linear(u, t, "time_embedding.linear_1", wide, ACTIVATION_SILU);
    emb = linear(u, emb, "time_embedding.linear_2", wide, ACTIVATION_NONE);
    int class = 0;
    if (c->class_embed_type == UNET_CLASS_EMBEDDING) {
        class = graph_embedding(u->g, GRAPH_CLASS, "class_embedding", c->num_class_embeds, wide);
    } else if (c->class_embed_type == UNET_CLASS_TIMESTEP) {
        class = graph_sinusoids(u->g, GRAPH_CLASS, n, c->freq_shift, c->flip_sin_to_cos);
        class = linear(u, class, "class_embedding.linear_1", wide, ACTIVATION_SILU);
        class = linear(u, class, "class_embedding.linear_2", wide, ACTIVATION_NONE);
    }
    if (class)
        emb = graph_add(u->g, emb, class);
    return graph_activation(u->g, emb, c->act_fn);
}

static enum status refuse(struct ctx *ctx, const char *what, size_t value, const char *wanted) {
    return ctx_fail(ctx, STATUS_INVALID, "", "%s is %zu, want %s.", what, value, wanted);
}

static enum status check_level(struct ctx *ctx, const struct unet_config *c, size_t level) {
    size_t channels = c->block_out_channels[level], head = c->attention_head_dim;
    if (channels < 1 || channels > UNET_CHANNELS_MAX)
        return refuse(ctx, "block_out_channels", channels, "1 to 4096");
    if (channels % c->norm_num_groups)
        return refuse(ctx, "block_out_channels", channels, "a multiple of norm_num_groups");
    bool attends = c->down_attention[level] || c->up_attention[c->levels - 1 - level];
    if (head > channels && (attends || (c->add_attention && level + 1 == c->levels)))
        return refuse(ctx, "attention_head_dim", head, "at most the channels of a block");
    if (level + 1 < c->levels && ((c->height >> level) % 2 || (c->width >> level) % 2))
        return refuse(ctx, "sample_size", c->height, "one that halves exactly at every level");
    return STATUS_OK;
}

static enum status check(struct ctx *ctx, const struct unet_config *c) {
    if (c->height < 1 || c->height > UNET_SIZE_MAX || c->width < 1 || c->width > UNET_SIZE_MAX)
        return refuse(ctx, "sample_size", c->height, "1 to 1024");
    if (c->in_channels < 1 || c->in_channels > UNET_CHANNELS_MAX)
        return refuse(ctx, "in_channels", c->in_channels, "1 to 4096");
    if (c->out_channels < 1 || c->out_channels > UNET_CHANNELS_MAX)
        return refuse(ctx, "out_channels", c->out_channels, "1 to 4096");
    if (c->levels < 1 || c->levels > UNET_LEVELS_MAX)
        return refuse(ctx, "The length of block_out_channels", c->levels, "1 to 8");
    if (c->layers_per_block < 1 || c->layers_per_block > UNET_LAYERS_MAX)
        return refuse(ctx, "layers_per_block", c->layers_per_block, "1 to 16");
    if (c->norm_num_groups < 1)
        return refuse(ctx, "norm_num_groups", c->norm_num_groups, "at least 1");
    if (c->block_out_channels[0] % 2)
        return refuse(ctx, "block_out_channels[0]", c->block_out_channels[0], "an even number, for sines and cosines");
    if (!(c->mid_block_scale_factor > 0))
        return ctx_fail(ctx, STATUS_INVALID, "", "mid_block_scale_factor is not positive.");
    if (c->class_embed_type == UNET_CLASS_IDENTITY)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "class_embed_type is \"identity\": a class would be a vector of numbers, which requests cannot give.");
    size_t last = c->block_out_channels[c->levels - 1];
    if (c->attn_norm_num_groups && last % c->attn_norm_num_groups)
        return refuse(ctx, "attn_norm_num_groups", c->attn_norm_num_groups, "a divisor of the last block_out_channels");
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
    if (!u.g)
        return STATUS_NO_MEMORY;
    int x = graph_input(u.g, config->height, config->width, config->in_channels);
    graph_conv_first(u.g, config->in_channels,
                     &(struct conv){.name = "conv_in", .out = config->block_out_channels[0], .kernel = 3});
    u.emb = embedding(&u);
    if (config->center_input_sample)
        x = graph_affine(u.g, x, 2, -1);
    x = conv3(&u, x, "conv_in", config->block_out_channels[0]);
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
    x = conv3(&u, x, "conv_out", config->out_channels);
    if (config->time_embedding_type == UNET_TIME_FOURIER)
        x = graph_over_time(u.g, x);
    graph_output(u.g, x);
    *out = u.g;
    return graph_failed(u.g) ? STATUS_NO_MEMORY : STATUS_OK;
}
