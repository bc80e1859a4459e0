#include "handlers/model_graphs.h"

#include <string.h>

#include "core/base/elementary.h"
#include "core/tensor/tensor.h"

static void set_shape(struct model_graphs *out, size_t channels, size_t height, size_t width, size_t out_channels) {
    out->channels = out->shape[0] = channels;
    out->height = out->shape[1] = height;
    out->width = out->shape[2] = width;
    out->out_channels = out_channels;
    out->dims = 3;
}

/* and_none is of networks that have a row more than classes, the last, for none of them. */
static struct model_classes and_none(size_t n) { return (struct model_classes){n, (int64_t)n}; }

static struct model_classes unet_classes(const struct unet_config *c) {
    switch (c->class_embed_type) {
    case UNET_CLASS_NONE: break;
    case UNET_CLASS_EMBEDDING:
        return c->null_class ? and_none(c->null_class) : (struct model_classes){c->num_class_embeds, -1};
    case UNET_CLASS_TIMESTEP:
    case UNET_CLASS_IDENTITY: return (struct model_classes){c->num_train_timesteps, -1};
    }
    return (struct model_classes){0};
}

static enum status make_unet(struct ctx *ctx, const struct unet_config *c, struct model_graphs *out) {
    set_shape(out, c->in_channels, c->height, c->width, c->out_channels);
    out->classes = unet_classes(c);
    return unet_make(ctx, tensor_kernels_for(ctx->isa), c, &out->network);
}

static enum status make_dit(struct ctx *ctx, const struct dit_config *c, struct model_graphs *out) {
    size_t channels = c->out_channels ? c->out_channels : c->in_channels;
    set_shape(out, c->in_channels, c->sample_size, c->sample_size, channels);
    out->classes = and_none(c->num_embeds_ada_norm); /* as diffusers has it */
    return dit_make(ctx, tensor_kernels_for(ctx->isa), c, &out->network);
}

/* scale_row makes a graph of rows: x * by + plus, or (x + plus) * by, number by number. */
static enum status scale_row(struct ctx *ctx, size_t n, float *by, float *plus, bool add_first, struct graph **out) {
    struct graph *g = graph_new(ctx, tensor_kernels_for(ctx->isa));
    if (!g)
        return STATUS_NO_MEMORY;
    int x = graph_input(g, 1, 1, n);
    int b = graph_constant(g, 1, 1, n, by), p = graph_constant(g, 1, 1, n, plus);
    if (add_first)
        x = graph_multiply(g, graph_add(g, x, p), ACTIVATION_NONE, b);
    else
        x = graph_add(g, graph_multiply(g, x, ACTIVATION_NONE, b), p);
    graph_output(g, x);
    *out = g;
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}

/* make_scale: rows are to the network's numbers as pictures are to latents. */
static enum status make_scale(struct ctx *ctx, const struct mlp_file *m, struct model_graphs *out) {
    const size_t n = m->mlp.features;
    float *to = ctx_alloc(ctx, n, 4 * sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    float *by = to, *plus = to + n, *back = to + 2 * n, *minus = to + 3 * n;
    for (size_t i = 0; i < n; i++) {
        by[i] = (float)m->std[i];
        plus[i] = (float)m->mean[i];
        back[i] = (float)(1 / m->std[i]);
        minus[i] = -plus[i];
        out->log_scale += elementary_log(m->std[i]);
    }
    out->scaled = true;
    enum status status = scale_row(ctx, n, by, plus, false, &out->decode);
    if (status == STATUS_OK)
        status = scale_row(ctx, n, back, minus, true, &out->encode);
    out->decoder = (struct coder){out->decode, n, 1, 1, n, 1, 1};
    out->encoder = (struct coder){out->encode, n, 1, 1, n, 1, 1};
    return status;
}

static enum status make_mlp(struct ctx *ctx, const struct mlp_file *m, struct model_graphs *out) {
    const struct mlp_config *c = &m->mlp;
    set_shape(out, c->features, 1, 1, c->features);
    out->dims = 1;
    out->given = c->given;
    out->classes = and_none(c->num_classes);
    enum status status = mlp_make(ctx, tensor_kernels_for(ctx->isa), c, &out->network);
    return status == STATUS_OK && m->mean ? make_scale(ctx, m, out) : status;
}

static enum status make_network(struct ctx *ctx, const struct model_files *m, struct model_graphs *out) {
    switch (m->kind) {
    case NETWORK_UNET: return make_unet(ctx, &m->unet, out);
    case NETWORK_DIT: return make_dit(ctx, &m->dit, out);
    case NETWORK_MLP: return make_mlp(ctx, &m->mlp, out);
    }
    return STATUS_INTERNAL;
}

/* has_encoder: weights may be of the decoder alone. */
static bool has_encoder(const struct safetensors *weights) {
    for (size_t i = 0; i < weights->n; i++)
        if (!strncmp(weights->list[i].name, "encoder.", 8))
            return true;
    return false;
}

static enum status check_latents(struct ctx *ctx, const struct model_files *m, const struct model_graphs *g) {
    const struct vae_config *c = &m->vae;
    if (m->kind == NETWORK_MLP)
        return ctx_fail(ctx, STATUS_INVALID, "", "An MLP works on rows of numbers, which no AutoencoderKL makes.");
    if (c->latent_channels != g->channels)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "The autoencoder has %zu latent_channels, and the network %zu in_channels; want as many.",
                        c->latent_channels, g->channels);
    if (c->in_channels != c->out_channels)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "The autoencoder has %zu in_channels and %zu out_channels; want as many, the picture's.",
                        c->in_channels, c->out_channels);
    return STATUS_OK;
}

/* make_autoencoder makes it for pictures that are as large as the network's latents make them. */
static enum status make_autoencoder(struct ctx *ctx, const struct model_files *m, struct model_graphs *g) {
    const struct tensor_kernels *kernels = tensor_kernels_for(ctx->isa);
    struct vae_config c = m->vae;
    enum status status = check_latents(ctx, m, g);
    if (status != STATUS_OK)
        return status;
    c.height = g->height << (c.levels - 1);
    c.width = g->width << (c.levels - 1);
    status = vae_make(ctx, kernels, &c, VAE_DECODER, &g->decode);
    if (status == STATUS_OK && has_encoder(&m->autoencoder.weights))
        status = vae_make(ctx, kernels, &c, VAE_ENCODER, &g->encode);
    g->decoder = (struct coder){g->decode, g->channels, g->height, g->width, c.out_channels, c.height, c.width};
    g->encoder = (struct coder){g->encode, c.in_channels, c.height, c.width, g->channels, g->height, g->width};
    g->shape[0] = c.out_channels;
    g->shape[1] = c.height;
    g->shape[2] = c.width;
    return status;
}

static size_t numbers(const struct graph *g) {
    const struct parameter *list = NULL;
    size_t n = g ? graph_parameters(g, &list) : 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += list[i].n;
    return sum;
}

enum status model_graphs_make(struct ctx *ctx, const struct model_files *m, struct model_graphs *out) {
    *out = (struct model_graphs){0};
    enum status status = make_network(ctx, m, out);
    if (status != STATUS_OK)
        return status;
    if (out->out_channels < out->channels)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "The network has %zu in_channels and %zu out_channels; want as many out as in, or more.",
                        out->channels, out->out_channels);
    if (m->latent)
        status = make_autoencoder(ctx, m, out);
    if (status == STATUS_OK)
        out->parameters = numbers(out->network) + numbers(out->decode) + numbers(out->encode);
    return status;
}

static enum status check_graph(struct ctx *ctx, const struct model_part *part, struct graph *g, bool *asked) {
    const struct parameter *list = NULL;
    size_t n = g ? graph_parameters(g, &list) : 0;
    enum status status = model_part_check(ctx, part, list, n, asked);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        if (model_part_dtype(part, &list[i]) == DTYPE_BF16)
            graph_halve(g, i);
    return status;
}

static void warn_of_rest(struct ctx *ctx, struct model_files *m, const struct model_part *part, const bool *asked) {
    for (size_t i = 0; i < part->weights.n; i++)
        if (!asked[i])
            file_warn(ctx, &m->warnings, "The tensor %.100s of %.100s is no parameter of the network; it is left out.",
                      part->weights.list[i].name, part->weights.list[i].file);
}

enum status model_graphs_check(struct ctx *ctx, struct model_files *m, const struct model_graphs *g) {
    bool *asked = ctx_zalloc(ctx, m->network.weights.n + m->autoencoder.weights.n, sizeof *asked);
    if (!asked)
        return STATUS_NO_MEMORY;
    bool *of_autoencoder = asked + m->network.weights.n;
    enum status status = check_graph(ctx, &m->network, g->network, asked);
    if (status == STATUS_OK)
        status = check_graph(ctx, &m->autoencoder, g->decode, of_autoencoder);
    if (status == STATUS_OK)
        status = check_graph(ctx, &m->autoencoder, g->encode, of_autoencoder);
    if (status != STATUS_OK)
        return status;
    warn_of_rest(ctx, m, &m->network, asked);
    warn_of_rest(ctx, m, &m->autoencoder, of_autoencoder);
    return STATUS_OK;
}
