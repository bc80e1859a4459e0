#include "handlers/train_plan.h"

#include <string.h>

#include "core/base/epoch_order.h"
#include "core/table/table_choice.h"
#include "core/tensor/tensor.h"
#include "handlers/table_file.h"

static enum status fail(struct ctx *ctx, const char *sentence) {
    return ctx_fail(ctx, STATUS_INVALID, "", "%s", sentence);
}

/* -- What is open -- */

static enum status settle_network(struct ctx *ctx, const struct dataset *data, struct train_config *c) {
    if (c->network == TRAIN_NETWORK_AUTO)
        c->network = data->images ? TRAIN_UNET : TRAIN_MLP;
    if (c->network != TRAIN_MLP && !data->images)
        return ctx_fail(ctx, STATUS_INVALID, "", "The network %s is for images, and the data are rows; want mlp.",
                        train_networks[c->network]);
    if (c->network == TRAIN_MLP && data->images)
        return fail(ctx, "The network mlp is for rows, and the data are images; want unet or dit.");
    if (c->network == TRAIN_DIT && (!data->classes || data->height != data->width))
        return fail(ctx,
                    "The network dit is told a class and is for squares; want square images with labels, or unet.");
    return STATUS_OK;
}

static void settle_loss(const struct dataset *data, struct train_config *c) {
    if (c->prediction == TRAIN_PREDICTION_AUTO)
        c->prediction = c->path == TRAIN_FLOW ? TRAIN_VELOCITY : c->path == TRAIN_EDM ? TRAIN_EDM_F : TRAIN_V;
    if (c->sigma_data == 0 && c->path == TRAIN_EDM)
        c->sigma_data = data->images ? 0.5 : 1;
    if (c->times == TRAIN_TIMES_AUTO && c->path == TRAIN_EDM && c->times_mean == 0 && c->times_std == 1) {
        c->times_mean = -1.2;
        c->times_std = 1.2;
    }
    if (c->times == TRAIN_TIMES_AUTO)
        c->times = c->path == TRAIN_EDM ? TRAIN_LOG_NORMAL : TRAIN_UNIFORM;
}

/* check_meaning refuses what is given and would be ignored: what means nothing here must be as it is by default. */
static enum status check_meaning(struct ctx *ctx, const struct dataset *data, const struct train_config *c) {
    struct train_config plain, used = *c;
    char is[TRAIN_VALUE], given[TRAIN_VALUE];
    train_config_default(&plain);
#define UNUSED(member) used.member = plain.member;
    if (c->network != TRAIN_MLP) {
        UNUSED(hidden_size) UNUSED(num_blocks) UNUSED(time_size)
    }
    if (c->network != TRAIN_UNET) {
        UNUSED(block_out_channels)
        UNUSED(layers_per_block) UNUSED(attention_levels) UNUSED(norm_num_groups)
    }
    if (c->network != TRAIN_DIT) {
        UNUSED(num_layers) UNUSED(num_attention_heads) UNUSED(patch_size)
    }
    if (c->network == TRAIN_MLP)
        UNUSED(attention_head_dim)
    if (c->path != TRAIN_FLOW)
        UNUSED(coupling)
    if (c->path != TRAIN_EDM)
        UNUSED(sigma_data)
    if (c->times == TRAIN_UNIFORM) {
        UNUSED(times_mean) UNUSED(times_std)
    }
    if (!data->classes)
        UNUSED(label_drop)
    if (!data->images)
        UNUSED(flip)
    if (!data->table)
        UNUSED(given)
#undef UNUSED
    const char *name = train_config_differs(&used, c, is, given);
    if (!name)
        return STATUS_OK;
    return ctx_fail(
        ctx, STATUS_INVALID, "",
        "%s is %s, which means nothing with the network %s, the path %s, %s times and %zu classes%s; leave it "
        "out, or want %s.",
        name, given, train_networks[c->network], train_paths[c->path], train_times[c->times], data->classes,
        strcmp(name, "given") ? "" : " of what is no table", is);
}

/* -- The loss -- */

/* A model's folder says how its network is sampled in the words of diffusers, which are fewer than ours. */
static enum status check_pair(struct ctx *ctx, const struct train_config *c) {
    bool fits = c->path == TRAIN_FLOW  ? c->prediction == TRAIN_VELOCITY
                : c->path == TRAIN_EDM ? c->prediction == TRAIN_EDM_F
                                       : c->prediction != TRAIN_VELOCITY && c->prediction != TRAIN_EDM_F;
    if (fits)
        return STATUS_OK;
    return ctx_fail(
        ctx, STATUS_INVALID, "",
        "A model that predicts %s on the path %s has no scheduler to go with; want velocity on flow, edm on "
        "edm, and x0, eps or v on ddpm-*.",
        train_predictions[c->prediction], train_paths[c->path]);
}

static enum status make_path(struct ctx *ctx, const struct train_config *c, struct path *out) {
    static const enum path_id IDS[] = {
        [TRAIN_FLOW] = PATH_FLOW,
        [TRAIN_DDPM_LINEAR] = PATH_DDPM_LINEAR,
        [TRAIN_DDPM_SCALED_LINEAR] = PATH_DDPM_SCALED_LINEAR,
        [TRAIN_DDPM_COSINE] = PATH_DDPM_COSINE,
        [TRAIN_EDM] = PATH_EDM,
    };
    const struct path_options options = {.given = c->zero_snr ? PATH_OPT(zero_snr) : 0, .zero_snr = c->zero_snr};
    if (c->zero_snr && !(path_takes(IDS[c->path]) & PATH_OPT(zero_snr)))
        return ctx_fail(ctx, STATUS_INVALID, "", "zero_snr is for the paths ddpm-*, and means nothing on %s.",
                        train_paths[c->path]);
    return path_make(ctx, IDS[c->path], &options, out);
}

/* make_given: of a table, columns are known as a whole. */
static enum status make_given(struct ctx *ctx, struct train_plan *plan) {
    const struct table_file *table = plan->data->table;
    if (!table || plan->config.given == 0)
        return STATUS_OK;
    uint32_t *groups = ctx_alloc(ctx, table->code.features, sizeof *groups),
             *also = ctx_alloc(ctx, table->code.features, sizeof *also);
    uint32_t *choices = ctx_alloc(ctx, table->code.features, sizeof *choices);
    if (!groups || !also || !choices)
        return STATUS_NO_MEMORY;
    table_groups(&table->code, groups, also);
    const uint32_t n = plan->config.path == TRAIN_FLOW ? table_choices(&table->code, choices) : 0;
    plan->loss.given = (struct loss_given){plan->config.given, groups, also, n ? choices : NULL, n};
    return STATUS_OK;
}

static enum status make_loss(struct ctx *ctx, struct train_plan *plan) {
    static const enum prediction_id PREDICTIONS[] = {
        [TRAIN_X0] = PREDICTION_X0,     [TRAIN_EPS] = PREDICTION_EPS,
        [TRAIN_V] = PREDICTION_V,       [TRAIN_VELOCITY] = PREDICTION_VELOCITY,
        [TRAIN_EDM_F] = PREDICTION_EDM,
    };
    static const enum loss_times TIMES[] = {
        [TRAIN_UNIFORM] = LOSS_UNIFORM,
        [TRAIN_LOGIT_NORMAL] = LOSS_LOGIT_NORMAL,
        [TRAIN_LOG_NORMAL] = LOSS_LOG_NORMAL,
    };
    const struct train_config *c = &plan->config;
    plan->loss = (struct loss){
        .path = &plan->path,
        .prediction = PREDICTIONS[c->prediction],
        .sigma_data = c->sigma_data,
        .times = TIMES[c->times],
        .mean = c->times_mean,
        .std = c->times_std,
        .min_snr = c->min_snr,
        .drop = c->label_drop,
        .none = (int64_t)plan->data->classes,
        .seed = (uint64_t)c->seed,
    };
    enum status status = make_given(ctx, plan);
    return status == STATUS_OK ? loss_check(ctx, &plan->loss) : status;
}

/* -- The network -- */

/* check_halves: each level has half of the pixels a side of the one before. */
static enum status check_halves(struct ctx *ctx, const struct dataset *d, size_t levels) {
    size_t whole = 1;
    for (size_t i = 1; i < levels; i++)
        whole *= 2;
    if (d->height % whole == 0 && d->width % whole == 0)
        return STATUS_OK;
    return ctx_fail(
        ctx, STATUS_INVALID, "",
        "Images of %zu x %zu pixels cannot be halved %zu times, as %zu block_out_channels have it; want fewer "
        "of these, or images of other sizes.",
        d->width, d->height, levels - 1, levels);
}

/* fit_unet gives a network the size and the classes of the data. */
static void fit_unet(const struct dataset *d, struct unet_config *u) {
    u->height = d->height;
    u->width = d->width;
    u->class_embed_type = d->classes ? UNET_CLASS_EMBEDDING : UNET_CLASS_NONE;
    u->num_class_embeds = d->classes ? d->classes + 1 : 0;
    u->null_class = d->classes;
}

void train_plan_adopt(struct train_plan *plan, const struct unet_config *unet) {
    plan->unet = *unet;
    fit_unet(plan->data, &plan->unet);
}

static enum status describe_unet(struct ctx *ctx, struct train_plan *plan) {
    const struct train_config *c = &plan->config;
    const struct dataset *d = plan->data;
    const struct sizes *channels = &c->block_out_channels;
    struct unet_config *u = &plan->unet;
    *u = unet_default();
    fit_unet(d, u);
    u->in_channels = u->out_channels = d->channels;
    u->levels = channels->n;
    if ((size_t)c->attention_levels > channels->n)
        return ctx_fail(ctx, STATUS_INVALID, "", "attention_levels is %lld, and block_out_channels has %zu levels.",
                        (long long)c->attention_levels, channels->n);
    for (size_t i = 0; i < channels->n; i++) {
        bool deep = i + (size_t)c->attention_levels >= channels->n;
        u->block_out_channels[i] = channels->v[i];
        u->down_attention[i] = u->up_attention[channels->n - 1 - i] = deep;
    }
    u->layers_per_block = (size_t)c->layers_per_block;
    u->attention_head_dim = (size_t)c->attention_head_dim;
    u->norm_num_groups = (size_t)c->norm_num_groups;
    return check_halves(ctx, d, u->levels);
}

static void describe_dit(struct train_plan *plan) {
    const struct train_config *c = &plan->config;
    plan->dit = dit_default();
    plan->dit.num_attention_heads = (size_t)c->num_attention_heads;
    plan->dit.attention_head_dim = (size_t)c->attention_head_dim;
    plan->dit.in_channels = plan->data->channels;
    plan->dit.num_layers = (size_t)c->num_layers;
    plan->dit.sample_size = plan->data->height;
    plan->dit.patch_size = (size_t)c->patch_size;
    plan->dit.num_embeds_ada_norm = plan->data->classes;
}

static void describe_mlp(struct train_plan *plan) {
    const struct train_config *c = &plan->config;
    plan->mlp = mlp_default();
    plan->mlp.features = plan->data->channels;
    plan->mlp.hidden_size = (size_t)c->hidden_size;
    plan->mlp.num_blocks = (size_t)c->num_blocks;
    plan->mlp.time_size = (size_t)c->time_size;
    plan->mlp.num_classes = plan->data->classes;
    plan->mlp.given = plan->loss.given.rate > 0;
}

enum status train_plan_graph(struct ctx *ctx, const struct train_plan *plan, struct graph **out) {
    const struct tensor_kernels *kernels = tensor_kernels_for(ctx->isa);
    switch ((enum train_network)plan->config.network) {
    case TRAIN_UNET: return unet_make(ctx, kernels, &plan->unet, out);
    case TRAIN_DIT: return dit_make(ctx, kernels, &plan->dit, out);
    case TRAIN_MLP:
    case TRAIN_NETWORK_AUTO: break; /* which is settled */
    }
    return mlp_make(ctx, kernels, &plan->mlp, out);
}

static enum status describe(struct ctx *ctx, struct train_plan *plan) {
    if (plan->config.network == TRAIN_UNET)
        return describe_unet(ctx, plan);
    if (plan->config.network == TRAIN_DIT)
        describe_dit(plan);
    else
        describe_mlp(plan);
    return STATUS_OK;
}

/* -- The source -- */

static enum status check_source(struct ctx *ctx, const struct train_plan *plan) {
    const struct dataset *a = plan->data, *b = plan->source;
    if (b && plan->config.path != TRAIN_FLOW)
        return ctx_fail(ctx, STATUS_INVALID, "", "A source is what a flow starts from, and means nothing on %s.",
                        train_paths[plan->config.path]);
    if (b && (a->table || b->table))
        return ctx_fail(ctx, STATUS_INVALID, "", "A table starts from noise; want points or images with a source.");
    if (!b || (a->images == b->images && a->height == b->height && a->width == b->width && a->channels == b->channels))
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    "The source has %s of %zu x %zu x %zu numbers, and the data have %s of %zu x %zu x %zu; want the "
                    "same.",
                    b->images ? "images" : "rows", b->height, b->width, b->channels, a->images ? "images" : "rows",
                    a->height, a->width, a->channels);
}

/* rescale gives the source's rows the scale of the data's. */
static enum status rescale(struct ctx *ctx, struct train_plan *plan) {
    const struct dataset *from = plan->source, *to = plan->data;
    const size_t n = from->data.n, d = from->data.d;
    float *rows = ctx_alloc(ctx, n, d * sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n * d; i++) {
        const size_t j = i % d;
        rows[i] = (float)((from->mean[j] + from->std[j] * (double)from->data.rows[i] - to->mean[j]) / to->std[j]);
    }
    plan->from.rows = rows;
    return STATUS_OK;
}

static enum status take_source(struct ctx *ctx, struct train_plan *plan) {
    enum status status = check_source(ctx, plan);
    if (status != STATUS_OK || !plan->source)
        return status;
    plan->from = plan->source->data;
    plan->from.labels = NULL;
    plan->options.source = &plan->from;
    return plan->from.rows ? rescale(ctx, plan) : STATUS_OK;
}

/* channels_first turns [pixels][channels] into [channels][pixels]. */
static void channels_first(const float *from, size_t pixels, size_t channels, float *to) {
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < pixels; i++)
            to[c * pixels + i] = from[i * channels + c];
}

/* starts_of is how many points of a source come with a model. */
static size_t starts_of(const struct train_data *from) {
    size_t most = TRAIN_START_NUMBERS / from->d;
    most = most < TRAIN_STARTS_LEAST ? TRAIN_STARTS_LEAST : most > TRAIN_STARTS_MAX ? TRAIN_STARTS_MAX : most;
    return from->n < most ? from->n : most;
}

enum status train_plan_starts(struct ctx *ctx, const struct train_plan *plan, float **points, size_t *n) {
    const struct train_data *from = &plan->from;
    const size_t d = from->d, channels = plan->data->channels;
    *n = starts_of(from);
    *points = ctx_alloc(ctx, *n + 1, d * sizeof **points);
    if (!*points)
        return STATUS_NO_MEMORY;
    float *item = *points + *n * d;
    for (size_t i = 0; i < *n; i++) {
        train_data_item(from, epoch_order_at((uint64_t)plan->config.seed, from->n, i), item);
        channels_first(item, d / channels, channels, *points + i * d);
    }
    return STATUS_OK;
}

/* -- All of it -- */

static struct trainer_options options_of(const struct train_config *c, const struct dataset *data) {
    return (struct trainer_options){
        .steps = (size_t)c->steps,
        .batch = (size_t)c->batch,
        .lr = c->lr,
        .lr_end = c->lr_end,
        .warmup = (size_t)c->warmup,
        .beta1 = c->beta1,
        .beta2 = c->beta2,
        .weight_decay = c->weight_decay,
        .clip_norm = c->clip_norm,
        .ema = c->ema,
        .seed = (uint64_t)c->seed,
        .dtype = (enum gradient_dtype)c->dtype,
        .coupling = c->coupling == TRAIN_OT ? COUPLING_OT : COUPLING_INDEPENDENT,
        .held = (size_t)(c->held_out * (double)data->data.n), /* at most half of them */
        .mirror = {c->flip ? data->width : 0, data->channels, (uint64_t)c->seed},
    };
}

/* check_held: a part of few items may be none, and the best is that by what is held out. */
static enum status check_held(struct ctx *ctx, const struct train_config *c, const struct trainer_options *o,
                              size_t items) {
    if (c->keep == TRAIN_BEST && c->held_out == 0)
        return fail(ctx, "To keep the best model, some of the data are to be held out; want held_out above 0.");
    if (o->held || c->held_out == 0)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "", "held_out is %.6g, which of %zu items is none; want one at least, or 0.",
                    c->held_out, items);
}

enum status train_plan_make(struct ctx *ctx, const struct train_config *config, const struct dataset *data,
                            const struct dataset *source, struct train_plan *out) {
    *out = (struct train_plan){.config = *config, .data = data, .source = source};
    enum status status = settle_network(ctx, data, &out->config);
    if (status != STATUS_OK)
        return status;
    settle_loss(data, &out->config);
    status = check_meaning(ctx, data, &out->config);
    if (status == STATUS_OK)
        status = check_pair(ctx, &out->config);
    if (status == STATUS_OK)
        status = make_path(ctx, &out->config, &out->path);
    if (status == STATUS_OK)
        status = make_loss(ctx, out);
    if (status == STATUS_OK)
        status = describe(ctx, out);
    out->options = options_of(&out->config, data);
    if (status == STATUS_OK)
        status = check_held(ctx, &out->config, &out->options, data->data.n);
    if (status == STATUS_OK)
        status = trainer_check(ctx, &out->options);
    return status == STATUS_OK ? take_source(ctx, out) : status;
}
