#include "core/nn/vae.h"

#include <math.h>

#include "core/nn/blocks.h"

struct vae_config vae_default(void) {
    return (struct vae_config){
        .height = 32,
        .width = 32,
        .in_channels = 3,
        .out_channels = 3,
        .latent_channels = 4,
        .levels = 1,
        .block_out_channels = {64},
        .layers_per_block = 1,
        .act_fn = ACTIVATION_SILU,
        .norm_num_groups = 32,
        .scaling_factor = 0.18215,
        .use_quant_conv = true,
        .use_post_quant_conv = true,
        .mid_block_add_attention = true,
    };
}

/* What the builder carries along. */
struct vae {
    struct ctx *ctx;
    struct graph *g;
    const struct vae_config *c;
    struct blocks blocks;
    bool failed; /* there was no memory */
};

static int conv1(struct vae *v, int x, const char *name, size_t out) {
    return graph_conv(v->g, x, &(struct conv){.name = name, .out = out, .kernel = 1});
}

/* level is the res blocks of one, each followed by attention over its pixels where that is wanted. */
static int level(struct vae *v, int x, const char *block, size_t layers, size_t out, bool attention) {
    char name[PARAMETER_NAME];
    for (size_t j = 0; j < layers; j++) {
        x = block_res(&v->blocks, x, block_name(name, "%.60s.resnets.%zu", block, j), out, 1, BLOCK_KEEP);
        if (attention)
            x = block_attention(&v->blocks, x, block_name(name, "%.60s.attentions.%zu", block, j),
                                v->c->norm_num_groups, 1);
    }
    return x;
}

static int norm_out(struct vae *v, int x, const char *name) {
    return graph_group_norm(
        v->g, x,
        &(struct norm){
            .name = name, .groups = v->c->norm_num_groups, .eps = v->blocks.eps, .activation = ACTIVATION_SILU});
}

/* From the latents that samplers see to the autoencoder's own, or back: factor x + offset of a channel. */
enum way { FROM_SAMPLERS, TO_SAMPLERS };
struct line {
    double factor, offset;
};

static struct line line_of(const struct vae_config *c, enum way way, size_t channel) {
    double std = c->latents_std ? c->latents_std[channel] : 1;
    double mean = c->shift_factor + (c->latents_mean ? c->latents_mean[channel] : 0);
    if (way == FROM_SAMPLERS)
        return (struct line){std / c->scaling_factor, mean};
    return (struct line){c->scaling_factor / std, -mean * (c->scaling_factor / std)};
}

/* channelwise has a factor and an offset for each channel; without memory for them the graph fails. */
static int channelwise(struct vae *v, enum way way, int x) {
    const size_t height = graph_height(v->g, x), width = graph_width(v->g, x), n = graph_channels(v->g, x);
    float *factor = ctx_alloc(v->ctx, height * width * n, sizeof *factor);
    float *offset = ctx_alloc(v->ctx, height * width * n, sizeof *offset);
    v->failed |= !factor || !offset;
    if (v->failed)
        return x;
    for (size_t i = 0; i < height * width * n; i++) {
        const struct line line = line_of(v->c, way, i % n);
        factor[i] = (float)line.factor;
        offset[i] = (float)line.offset;
    }
    x = graph_multiply(v->g, x, ACTIVATION_NONE, graph_constant(v->g, height, width, n, factor));
    return graph_add(v->g, x, graph_constant(v->g, height, width, n, offset));
}

static int rescale(struct vae *v, enum way way, int x) {
    if (v->c->latents_mean || v->c->latents_std)
        return channelwise(v, way, x);
    const struct line line = line_of(v->c, way, 0);
    return graph_affine(v->g, x, (float)line.factor, (float)line.offset);
}

static int decoder(struct vae *v) {
    char name[PARAMETER_NAME];
    const struct vae_config *c = v->c;
    size_t last = c->levels - 1;
    int x = graph_input(v->g, c->height >> last, c->width >> last, c->latent_channels);
    x = rescale(v, FROM_SAMPLERS, x);
    if (c->use_post_quant_conv)
        x = conv1(v, x, "post_quant_conv", c->latent_channels);
    x = block_conv3(v->g, x, "decoder.conv_in", c->block_out_channels[last]);
    x = block_middle(&v->blocks, x, "decoder.mid_block", c->mid_block_add_attention, c->norm_num_groups, 1);
    for (size_t i = 0; i <= last; i++) {
        size_t out = c->block_out_channels[last - i];
        x = level(v, x, block_name(name, "decoder.up_blocks.%zu", i), c->layers_per_block + 1, out, c->up_attention[i]);
        if (i < last)
            x = block_conv3(v->g, graph_upsample(v->g, x),
                            block_name(name, "decoder.up_blocks.%zu.upsamplers.0.conv", i), out);
    }
    return block_conv3(v->g, norm_out(v, x, "decoder.conv_norm_out"), "decoder.conv_out", c->out_channels);
}

static int moments(struct vae *v) {
    char name[PARAMETER_NAME];
    const struct vae_config *c = v->c;
    int x = graph_input(v->g, c->height, c->width, c->in_channels);
    x = block_conv3(v->g, x, "encoder.conv_in", c->block_out_channels[0]);
    for (size_t i = 0; i < c->levels; i++) {
        size_t out = c->block_out_channels[i];
        x = level(v, x, block_name(name, "encoder.down_blocks.%zu", i), c->layers_per_block, out, c->down_attention[i]);
        if (i + 1 < c->levels)
            x = graph_conv(v->g, x,
                           &(struct conv){.name = block_name(name, "encoder.down_blocks.%zu.downsamplers.0.conv", i),
                                          .out = out,
                                          .kernel = 3,
                                          .stride = 2,
                                          .late_border = true});
    }
    x = block_middle(&v->blocks, x, "encoder.mid_block", c->mid_block_add_attention, c->norm_num_groups, 1);
    x = block_conv3(v->g, norm_out(v, x, "encoder.conv_norm_out"), "encoder.conv_out", 2 * c->latent_channels);
    return c->use_quant_conv ? conv1(v, x, "quant_conv", 2 * c->latent_channels) : x;
}

static int encoder(struct vae *v) {
    return rescale(v, TO_SAMPLERS, graph_slice(v->g, moments(v), 0, v->c->latent_channels));
}

static bool size_fits(const struct vae_config *c, size_t n) {
    return n >= 1 && n <= VAE_SIZE_MAX && n % ((size_t)1 << (c->levels - 1)) == 0;
}

static enum status check_channels(struct ctx *ctx, const struct vae_config *c) {
    if (c->in_channels < 1 || c->in_channels > VAE_CHANNELS_MAX)
        return block_refuse(ctx, "in_channels", c->in_channels, "1 to 4096");
    if (c->out_channels < 1 || c->out_channels > VAE_CHANNELS_MAX)
        return block_refuse(ctx, "out_channels", c->out_channels, "1 to 4096");
    if (c->latent_channels < 1 || c->latent_channels > VAE_CHANNELS_MAX)
        return block_refuse(ctx, "latent_channels", c->latent_channels, "1 to 4096");
    if (c->norm_num_groups < 1)
        return block_refuse(ctx, "norm_num_groups", c->norm_num_groups, "at least 1");
    for (size_t i = 0; i < c->levels; i++) {
        size_t channels = c->block_out_channels[i];
        if (channels < 1 || channels > VAE_CHANNELS_MAX || channels % c->norm_num_groups)
            return block_refuse(ctx, "block_out_channels", channels, "1 to 4096 and a multiple of norm_num_groups");
    }
    return STATUS_OK;
}

static enum status check(struct ctx *ctx, const struct vae_config *c) {
    if (c->levels < 1 || c->levels > VAE_LEVELS_MAX)
        return block_refuse(ctx, "The length of block_out_channels", c->levels, "1 to 8");
    if (!size_fits(c, c->height) || !size_fits(c, c->width))
        return block_refuse(ctx, "sample_size", size_fits(c, c->height) ? c->width : c->height,
                            "1 to 4096, and one that halves exactly at every level");
    if (c->layers_per_block < 1 || c->layers_per_block > VAE_LAYERS_MAX)
        return block_refuse(ctx, "layers_per_block", c->layers_per_block, "1 to 16");
    if (!(c->scaling_factor > 0 && isfinite(c->scaling_factor)))
        return ctx_fail(ctx, STATUS_INVALID, "", "scaling_factor is not positive and finite.");
    if (!isfinite(c->shift_factor))
        return ctx_fail(ctx, STATUS_INVALID, "", "shift_factor is not finite.");
    for (size_t i = 0; c->latents_std && i < c->latent_channels && i < VAE_CHANNELS_MAX; i++)
        if (!(c->latents_std[i] > 0 && isfinite(c->latents_std[i])))
            return ctx_fail(ctx, STATUS_INVALID, "", "latents_std is not positive and finite.");
    return check_channels(ctx, c);
}

enum status vae_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct vae_config *config,
                     enum vae_part part, struct graph **out) {
    enum status status = check(ctx, config);
    if (status != STATUS_OK)
        return status;
    struct vae v = {.ctx = ctx, .g = graph_new(ctx, kernels), .c = config};
    if (!v.g)
        return STATUS_NO_MEMORY;
    v.blocks = (struct blocks){.g = v.g, .groups = config->norm_num_groups, .eps = 1e-6f, .activation = config->act_fn};
    graph_output(v.g, part == VAE_DECODER ? decoder(&v) : part == VAE_ENCODER ? encoder(&v) : moments(&v));
    *out = v.g;
    return v.failed || graph_failed(v.g) ? STATUS_NO_MEMORY : STATUS_OK;
}
