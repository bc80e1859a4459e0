#include "handlers/train_init.h"

#include <string.h>

#include "core/nn/gradient.h"
#include "handlers/scheduler_request.h"

static enum status refuse(struct ctx *ctx, const struct train_init *init, const char *sentence) {
    return ctx_fail(ctx, STATUS_INVALID, "", "%.300s %s", init->name, sentence);
}

/* -- What can be gone on with -- */

/* check_unet: out_channels may be twice as many where a network says the variance, too. */
static enum status check_unet(struct ctx *ctx, const struct train_init *init) {
    const struct unet_config *u = &init->model.unet;
    if (u->in_channels != u->out_channels)
        return refuse(ctx, init, "has a network with other channels out than in; want as many.");
    if (u->class_embed_type == UNET_CLASS_TIMESTEP || u->class_embed_type == UNET_CLASS_IDENTITY)
        return refuse(ctx, init,
                      "has classes without an embedding (class_embed_type); want num_class_embeds, or none.");
    return STATUS_OK;
}

/* check_dit: what config.json of a trained DiT says is all that may be other than by default. */
static enum status check_dit(struct ctx *ctx, const struct train_init *init) {
    const struct dit_config *d = &init->model.dit, plain = dit_default();
    if (d->out_channels && d->out_channels != d->in_channels)
        return refuse(ctx, init, "has a network with other channels out than in; want as many.");
    if (d->activation_fn != plain.activation_fn || d->attention_bias != plain.attention_bias ||
        d->norm_elementwise_affine != plain.norm_elementwise_affine || d->norm_eps != plain.norm_eps)
        return refuse(
            ctx, init,
            "has a transformer with another activation_fn, attention_bias, norm_elementwise_affine or norm_eps "
            "than by default, which solvent train has not.");
    return STATUS_OK;
}

static enum status check_mlp(struct ctx *ctx, const struct train_init *init) {
    const struct mlp_config *m = &init->model.mlp.mlp;
    if (init->model.table || m->given)
        return refuse(ctx, init,
                      "is of a table, whose columns belong to its network; want a model of points or images.");
    if (m->inner_size && m->inner_size != m->hidden_size)
        return refuse(ctx, init, "has an MLP with an inner_size of its own, which solvent train has not.");
    return m->act_fn == mlp_default().act_fn ? STATUS_OK
                                             : refuse(ctx, init, "has an MLP with another act_fn than silu.");
}

enum status train_init_open(struct ctx *ctx, const char *name, struct files *files, struct train_init *out) {
    *out = (struct train_init){.name = name};
    enum status status = model_files_open(ctx, files, &out->model);
    if (status == STATUS_INVALID) {
        const struct error error = ctx->err;
        return ctx_fail(ctx, status, "", "%.300s is no model to start from: %.600s", name, error.detail);
    }
    if (status != STATUS_OK)
        return status;
    if (out->model.latent)
        return refuse(ctx, out, "is a model of latents; want one of pixels or points.");
    switch (out->model.kind) {
    case NETWORK_UNET: return check_unet(ctx, out);
    case NETWORK_DIT: return check_dit(ctx, out);
    case NETWORK_MLP: return check_mlp(ctx, out);
    }
    return STATUS_INTERNAL;
}

/* -- Its network as options -- */

static void unet_options(const struct unet_config *u, struct train_config *c) {
    c->network = TRAIN_UNET;
    c->block_out_channels.n = u->levels;
    memcpy(c->block_out_channels.v, u->block_out_channels, u->levels * sizeof *u->block_out_channels);
    c->layers_per_block = (int64_t)u->layers_per_block;
    c->attention_levels = 0;
    while ((size_t)c->attention_levels < u->levels && u->down_attention[u->levels - 1 - (size_t)c->attention_levels])
        c->attention_levels++;
    if (u->attention_head_dim)
        c->attention_head_dim = (int64_t)u->attention_head_dim;
    c->norm_num_groups = (int64_t)u->norm_num_groups;
}

static void dit_options(const struct dit_config *d, struct train_config *c) {
    c->network = TRAIN_DIT;
    c->num_layers = (int64_t)d->num_layers;
    c->num_attention_heads = (int64_t)d->num_attention_heads;
    c->attention_head_dim = (int64_t)d->attention_head_dim;
    c->patch_size = (int64_t)d->patch_size;
}

static void mlp_options(const struct mlp_config *m, struct train_config *c) {
    c->network = TRAIN_MLP;
    c->hidden_size = (int64_t)m->hidden_size;
    c->num_blocks = (int64_t)m->num_blocks;
    c->time_size = (int64_t)m->time_size;
}

static void network_options(const struct train_init *init, struct train_config *c) {
    switch (init->model.kind) {
    case NETWORK_UNET: unet_options(&init->model.unet, c); break;
    case NETWORK_DIT: dit_options(&init->model.dit, c); break;
    case NETWORK_MLP: mlp_options(&init->model.mlp.mlp, c); break;
    }
}

/* -- Its objective -- */

/* ddpm_options: of the schedules of betas there are those that model_write.h writes. False: this is none of them. */
static bool ddpm_options(const struct scheduler *s, struct train_config *c) {
    const struct scheduler_config *k = &s->config;
    const bool scaled = k->beta_schedule == SCHEDULE_SCALED_LINEAR, cosine = k->beta_schedule == SCHEDULE_COSINE;
    const bool betas = scaled ? k->beta_start == 0.00085 && k->beta_end == 0.012
                              : cosine || (k->beta_start == 0.0001 && k->beta_end == 0.02);
    if (k->num_train_timesteps != 1000 || k->trained_betas.n || !betas ||
        (!scaled && !cosine && k->beta_schedule != SCHEDULE_LINEAR))
        return false;
    c->path = scaled ? TRAIN_DDPM_SCALED_LINEAR : cosine ? TRAIN_DDPM_COSINE : TRAIN_DDPM_LINEAR;
    c->prediction = s->prediction == PREDICTION_EPS ? TRAIN_EPS : s->prediction == PREDICTION_V ? TRAIN_V : TRAIN_X0;
    c->zero_snr = k->rescale_betas_zero_snr;
    return true;
}

static bool objective_options(const struct scheduler *s, struct train_config *c) {
    if (s->prediction == PREDICTION_VELOCITY) {
        c->path = TRAIN_FLOW;
        c->prediction = TRAIN_VELOCITY;
        return true;
    }
    if (s->prediction == PREDICTION_EDM) {
        c->path = TRAIN_EDM;
        c->prediction = TRAIN_EDM_F;
        c->sigma_data = s->config.sigma_data;
        return s->config.prediction_type == PREDICTS_EPSILON;
    }
    const uint64_t wants = KEY(num_train_timesteps) | KEY(beta_schedule) | KEY(beta_start) | KEY(beta_end);
    return (scheduler_takes(s->class) & wants) == wants && ddpm_options(s, c);
}

enum status train_init_options(struct ctx *ctx, const struct train_init *init, struct train_config *c) {
    struct call call = {0};
    struct scheduler_answer answer = {0};
    network_options(init, c);
    if (!init->model.scheduler.n)
        return STATUS_OK;
    ctx_init(&call.ctx, ctx->cap);
    enum status status = scheduler_request(&call, init->model.scheduler, NULL, &answer);
    const bool known = status == STATUS_OK && objective_options(answer.made, c);
    if (status != STATUS_OK)
        ctx->err = call.ctx.err;
    else if (!known)
        status = refuse(ctx, init, "has a scheduler of another training than the paths of solvent train.");
    ctx_release(&call.ctx);
    return status;
}

/* -- Its weights -- */

static bool of_classes(const struct parameter *p) {
    return strstr(p->name, "class_embed") || !strncmp(p->name, "class.", 6);
}

/* has_classes: there are as many, and of a UNet2DModel the last row is that of none. */
static bool has_classes(const struct model_files *m, const struct train_plan *plan, const struct parameter *p) {
    const struct tensor_entry *t = safetensors_find(&m->network.weights, p->name);
    const bool none = m->kind != NETWORK_UNET || m->unet.null_class == plan->unet.null_class;
    return none && t && t->dims == p->dims && !memcmp(t->shape, p->shape, p->dims * sizeof *p->shape);
}

static enum status read_weights(struct ctx *ctx, const struct train_init *init, const struct train_plan *plan,
                                const struct graph *graph, float *weights) {
    struct model_part part = init->model.network;
    const struct parameter *list;
    const size_t n = graph_parameters(graph, &list);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; weights += list[i].n, i++)
        if (!of_classes(&list[i]) || has_classes(&init->model, plan, &list[i]))
            status = model_part_find(&part, ctx, &list[i], weights);
    return status;
}

/* check_options: those that describe the network are the model's, or it would be another one. */
static enum status check_options(struct ctx *ctx, const struct train_init *init, const struct train_plan *plan) {
    struct train_config of_model = plan->config;
    char is[TRAIN_VALUE], wanted[TRAIN_VALUE];
    network_options(init, &of_model);
    const char *name = train_config_differs(&of_model, &plan->config, is, wanted);
    if (!name)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "", "The network of %.300s has %s %s, and %s is wanted; leave it out.",
                    init->name, name, is, wanted);
}

/* adopt takes the network with all that it has beyond options. */
static enum status adopt(struct ctx *ctx, const struct train_init *init, struct train_plan *plan) {
    const struct model_files *m = &init->model;
    if (plan->data->table)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "A table starts from drawn weights, since its columns belong to its network; want points or "
                        "images with init_from.");
    const size_t channels = m->kind == NETWORK_UNET  ? m->unet.in_channels
                            : m->kind == NETWORK_DIT ? m->dit.in_channels
                                                     : m->mlp.mlp.features;
    if (channels != plan->data->channels)
        return ctx_fail(ctx, STATUS_INVALID, "", "The network of %.300s is for %zu %s, and the data have %zu.",
                        init->name, channels, m->kind == NETWORK_MLP ? "numbers" : "channels", plan->data->channels);
    if (m->kind == NETWORK_UNET)
        train_plan_adopt(plan, &m->unet);
    return STATUS_OK;
}

enum status train_init_apply(struct ctx *ctx, const struct train_init *init, struct train_plan *plan) {
    struct graph *graph;
    enum status status = check_options(ctx, init, plan);
    if (status == STATUS_OK)
        status = adopt(ctx, init, plan);
    if (status == STATUS_OK)
        status = train_plan_graph(ctx, plan, &graph);
    if (status != STATUS_OK)
        return status;
    plan->initial_numbers = gradient_numbers(graph);
    float *weights = ctx_alloc(ctx, plan->initial_numbers, sizeof *weights);
    if (!weights)
        return STATUS_NO_MEMORY;
    trainer_first_weights(graph, plan->options.seed, weights);
    plan->options.initial = weights;
    return read_weights(ctx, init, plan, graph, weights);
}
