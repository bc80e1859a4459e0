#include "core/nn/dit.h"

#include "core/base/elementary.h"
#include "core/nn/blocks.h"

enum { SINUSOIDS = 256 };
static const float OWN_EPS = 1e-6f; /* of the norms that have no key */

/* Where the six parts of a block's modulation begin, in widths. */
enum { SHIFT_ATTENTION, SCALE_ATTENTION, GATE_ATTENTION, SHIFT_MLP, SCALE_MLP, GATE_MLP, MODULATIONS };

struct dit_config dit_default(void) {
    return (struct dit_config){
        .num_attention_heads = 16,
        .attention_head_dim = 72,
        .in_channels = 4,
        .num_layers = 28,
        .sample_size = 32,
        .patch_size = 2,
        .activation_fn = DIT_GELU_APPROXIMATE,
        .num_embeds_ada_norm = 1000,
        .attention_bias = true,
        .norm_eps = 1e-5,
    };
}

/* What the builder carries along. */
struct dit {
    struct graph *g;
    const struct dit_config *c;
    size_t width;
    int time; /* its sinusoids */
};

static void wave(double turns, float *sine, float *cosine) {
    *sine = (float)elementary_sinpi(turns);
    *cosine = (float)elementary_cospi(turns);
}

/* positions is [side][side][width]: the first half of a token's channels is of its column, the second of its row; each
 * half is the sines and then the cosines of place / 10000^(i / (width / 4)). */
static float *positions(struct ctx *ctx, size_t side, size_t width) {
    float *table = ctx_alloc(ctx, side * side * width, sizeof *table), *token = table;
    size_t n = width / 4;
    for (size_t i = 0; table && i < side * side; i++, token += width) {
        size_t row = i / side, column = i % side;
        for (size_t j = 0; j < n; j++) {
            double turns = 1 / elementary_pow(10000, (double)j / (double)n) / 3.14159265358979323846;
            wave((double)column * turns, token + j, token + n + j);
            wave((double)row * turns, token + 2 * n + j, token + 3 * n + j);
        }
    }
    return table;
}

static int tokens(struct ctx *ctx, struct dit *d, int x) {
    size_t side = d->c->sample_size / d->c->patch_size;
    float *table = positions(ctx, side, d->width);
    if (!table)
        return GRAPH_NONE;
    return graph_conv(d->g, x,
                      &(struct conv){.name = "pos_embed.proj",
                                     .out = d->width,
                                     .kernel = d->c->patch_size,
                                     .stride = d->c->patch_size,
                                     .residual = graph_constant(d->g, side, side, d->width, table)});
}

/* condition is silu(time + class), by the embedders of a block. */
static int condition(struct dit *d, size_t block) {
    char name[PARAMETER_NAME];
    int t = block_embedder(d->g, d->time, block_name(name, "transformer_blocks.%zu.norm1.emb.timestep_embedder", block),
                           d->width);
    int class = graph_embedding(
        d->g, GRAPH_CLASS, block_name(name, "transformer_blocks.%zu.norm1.emb.class_embedder.embedding_table", block),
        d->c->num_embeds_ada_norm + 1, d->width);
    return graph_activation(d->g, graph_add(d->g, t, class), ACTIVATION_SILU);
}

static int attention(struct dit *d, int h, int y, int modulation, size_t block) {
    char name[PARAMETER_NAME];
    struct conv conv = {.out = d->width, .kernel = 1, .linear = true, .no_bias = !d->c->attention_bias};
    int part[3];
    for (size_t i = 0; i < 3; i++) {
        conv.name = block_name(name, "transformer_blocks.%zu.attn1.to_%c", block, "qkv"[i]);
        part[i] = graph_conv(d->g, y, &conv);
    }
    conv.name = block_name(name, "transformer_blocks.%zu.attn1.to_out.0", block);
    conv.no_bias = false;
    conv.gate = modulation;
    conv.gate_at = GATE_ATTENTION * d->width;
    conv.residual = h;
    return graph_conv(d->g, graph_attention(d->g, part[0], part[1], part[2], d->c->num_attention_heads), &conv);
}

/* hidden is the inner layer of the feed-forward part, 4 widths wide. */
static int hidden(struct dit *d, int y, const char *name) {
    struct graph *g = d->g;
    size_t wide = 4 * d->width;
    switch (d->c->activation_fn) {
    case DIT_GELU: return block_linear(g, y, name, wide, ACTIVATION_GELU);
    case DIT_LINEAR_SILU: return block_linear(g, y, name, wide, ACTIVATION_SILU);
    case DIT_GEGLU:
    case DIT_SWIGLU:
        y = block_linear(g, y, name, 2 * wide, ACTIVATION_NONE);
        return graph_multiply(g, graph_slice(g, y, wide, wide),
                              d->c->activation_fn == DIT_GEGLU ? ACTIVATION_GELU : ACTIVATION_SILU,
                              graph_slice(g, y, 0, wide));
    case DIT_GEGLU_APPROXIMATE: /* x sigmoid(a x) = silu(a x) / a */
        y = graph_affine(g, block_linear(g, y, name, wide, ACTIVATION_NONE), 1.702f, 0);
        return graph_affine(g, graph_activation(g, y, ACTIVATION_SILU), 1 / 1.702f, 0);
    case DIT_GELU_APPROXIMATE:
    case DIT_ACTIVATION_COUNT: break;
    }
    return block_linear(g, y, name, wide, ACTIVATION_GELU_TANH);
}

static int feed_forward(struct dit *d, int h, int y, int modulation, size_t block) {
    char name[PARAMETER_NAME];
    y = hidden(d, y, block_name(name, "transformer_blocks.%zu.ff.net.0.proj", block));
    return graph_conv(d->g, y,
                      &(struct conv){.name = block_name(name, "transformer_blocks.%zu.ff.net.2", block),
                                     .out = d->width,
                                     .kernel = 1,
                                     .linear = true,
                                     .gate = modulation,
                                     .gate_at = GATE_MLP * d->width,
                                     .residual = h});
}

/* transform is a block; *cond becomes its condition. */
static int transform(struct dit *d, int h, size_t block, int *cond) {
    char name[PARAMETER_NAME];
    *cond = condition(d, block);
    int m = block_linear(d->g, *cond, block_name(name, "transformer_blocks.%zu.norm1.linear", block),
                         MODULATIONS * d->width, ACTIVATION_NONE);
    struct layer norm = {.eps = OWN_EPS,
                         .modulation = m,
                         .scale_at = SCALE_ATTENTION * d->width,
                         .shift_at = SHIFT_ATTENTION * d->width};
    h = attention(d, h, graph_layer_norm(d->g, h, &norm), m, block);
    if (d->c->norm_elementwise_affine)
        norm.name = block_name(name, "transformer_blocks.%zu.norm3", block);
    norm.eps = (float)d->c->norm_eps;
    norm.scale_at = SCALE_MLP * d->width;
    norm.shift_at = SHIFT_MLP * d->width;
    return feed_forward(d, h, graph_layer_norm(d->g, h, &norm), m, block);
}

/* head turns tokens into pixels; its condition is the first block's. */
static int head(struct dit *d, int h, int cond) {
    const struct dit_config *c = d->c;
    size_t out = c->out_channels ? c->out_channels : c->in_channels;
    int m = block_linear(d->g, cond, "proj_out_1", 2 * d->width, ACTIVATION_NONE);
    h = graph_layer_norm(d->g, h, &(struct layer){.eps = OWN_EPS, .modulation = m, .scale_at = d->width});
    h = block_linear(d->g, h, "proj_out_2", c->patch_size * c->patch_size * out, ACTIVATION_NONE);
    return graph_unpatch(d->g, h, c->patch_size);
}

static enum status check(struct ctx *ctx, const struct dit_config *c) {
    if (c->num_attention_heads < 1 || c->num_attention_heads > DIT_WIDTH_MAX)
        return block_refuse(ctx, "num_attention_heads", c->num_attention_heads, "1 to 8192");
    if (c->attention_head_dim < 1 || c->attention_head_dim > DIT_WIDTH_MAX / c->num_attention_heads)
        return block_refuse(ctx, "attention_head_dim", c->attention_head_dim,
                            "at least 1 and at most 8192 / num_attention_heads");
    if (c->num_attention_heads * c->attention_head_dim % 4)
        return block_refuse(ctx, "num_attention_heads * attention_head_dim",
                            c->num_attention_heads * c->attention_head_dim,
                            "a multiple of 4, for the sines and cosines of two coordinates");
    if (c->in_channels < 1 || c->in_channels > DIT_CHANNELS_MAX)
        return block_refuse(ctx, "in_channels", c->in_channels, "1 to 4096");
    if (c->out_channels > DIT_CHANNELS_MAX)
        return block_refuse(ctx, "out_channels", c->out_channels, "1 to 4096");
    if (c->num_layers < 1 || c->num_layers > DIT_LAYERS_MAX)
        return block_refuse(ctx, "num_layers", c->num_layers, "1 to 256");
    if (c->patch_size < 1 || c->patch_size > PATCH_MAX)
        return block_refuse(ctx, "patch_size", c->patch_size, "1 to 9");
    if (c->sample_size < 1 || c->sample_size > DIT_SIZE_MAX || c->sample_size % c->patch_size)
        return block_refuse(ctx, "sample_size", c->sample_size, "1 to 1024 and a multiple of patch_size");
    if (c->activation_fn >= DIT_ACTIVATION_COUNT)
        return ctx_fail(ctx, STATUS_INVALID, "", "activation_fn is none of those that are known.");
    if (c->num_embeds_ada_norm < 1 || c->num_embeds_ada_norm > DIT_CLASSES_MAX)
        return block_refuse(ctx, "num_embeds_ada_norm", c->num_embeds_ada_norm, "1 to 1000000");
    if (!(c->norm_eps >= 0 && c->norm_eps <= 1))
        return ctx_fail(ctx, STATUS_INVALID, "", "norm_eps is not within 0 to 1.");
    return STATUS_OK;
}

enum status dit_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct dit_config *config,
                     struct graph **out) {
    enum status status = check(ctx, config);
    if (status != STATUS_OK)
        return status;
    struct dit d = {.g = graph_new(ctx, kernels), .c = config};
    if (!d.g)
        return STATUS_NO_MEMORY;
    d.width = config->num_attention_heads * config->attention_head_dim;
    int x = graph_input(d.g, config->sample_size, config->sample_size, config->in_channels), first = 0;
    x = tokens(ctx, &d, x);
    if (x < 0)
        return STATUS_NO_MEMORY;
    d.time = graph_sinusoids(d.g, GRAPH_TIME, SINUSOIDS, 1, true);
    for (size_t i = 0; i < config->num_layers; i++) {
        int cond;
        x = transform(&d, x, i, &cond);
        first = i ? first : cond;
    }
    graph_output(d.g, head(&d, x, first));
    *out = d.g;
    return graph_failed(d.g) ? STATUS_NO_MEMORY : STATUS_OK;
}
