#include "handlers/model_write.h"

#include <stdio.h>
#include <string.h>

#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/safetensors.h"
#include "handlers/source_file.h"
#include "handlers/table_file.h"
#include "handlers/unet_file.h"

#define WEIGHTS "diffusion_pytorch_model.safetensors"
#define VERSION "\"_diffusers_version\": \"0.42.0\""

enum { INDEX, CONFIG, SCHEDULER, TABLE, SOURCE, WEIGHTS_FILE };

/* What the folder of a network says of it. */
static const struct words {
    const char *pipeline, *component, *library, *class, *config, *weights;
} WORDS[] = {
    [TRAIN_UNET] = {"DDPMPipeline", "unet", "diffusers", "UNet2DModel", "unet/config.json", "unet/" WEIGHTS},
    [TRAIN_MLP] = {"MLPPipeline", "mlp", "solvent", "MLP", "mlp/config.json", "mlp/" WEIGHTS},
    [TRAIN_DIT] = {"DiTPipeline", "transformer", "diffusers", "DiTTransformer2DModel", "transformer/config.json",
                   "transformer/" WEIGHTS},
};

static const struct words *words_of(const struct train_plan *plan) { return &WORDS[plan->config.network]; }

const char *model_write_path(const struct train_plan *plan, size_t i) {
    switch (i) {
    case INDEX: return "model_index.json";
    case CONFIG: return words_of(plan)->config;
    case SCHEDULER: return "scheduler/scheduler_config.json";
    case TABLE: return plan->data->table ? TABLE_FILE : NULL;
    case SOURCE: return plan->source ? SOURCE_FILE : NULL;
    default: return words_of(plan)->weights;
    }
}

/* -- model_index.json and the scheduler -- */

static const char *scheduler_class(const struct train_plan *plan) {
    switch ((enum train_path)plan->config.path) {
    case TRAIN_FLOW: return "FlowMatchEulerDiscreteScheduler";
    case TRAIN_EDM: return "EDMEulerScheduler";
    default: return "DDIMScheduler";
    }
}

static void write_labels(const struct dataset *d, struct buf *out) {
    enum { ROOM = 256 };
    char name[ROOM];
    for (size_t i = 0; d->class_names && i < d->classes; i++) {
        buf_printf(out, "%s\"%zu\": ", i ? ", " : ",\n  \"id2label\": {", i);
        snprintf(name, sizeof name, "%.*s", (int)(d->class_names[i].n < ROOM ? d->class_names[i].n : ROOM - 1),
                 d->class_names[i].p);
        encode_quoting(out, name); /* names of folders may be no UTF-8 */
    }
    if (d->class_names)
        buf_byte(out, '}');
}

static void write_index(const struct train_plan *plan, struct buf *out) {
    const struct words *w = words_of(plan);
    buf_printf(out, "{\n  \"_class_name\": \"%s\",\n  " VERSION ",\n  \"%s\": [\"%s\", \"%s\"],\n", w->pipeline,
               w->component, w->library, w->class);
    buf_printf(out, "  \"scheduler\": [\"diffusers\", \"%s\"]", scheduler_class(plan));
    write_labels(plan->data, out);
    buf_text(out, "\n}\n");
}

static void write_ddim(const struct train_plan *plan, struct buf *out) {
    static const char *const PREDICTIONS[] = {
        [TRAIN_X0] = "sample", [TRAIN_EPS] = "epsilon", [TRAIN_V] = "v_prediction"};
    bool scaled = plan->config.path == TRAIN_DDPM_SCALED_LINEAR, cosine = plan->config.path == TRAIN_DDPM_COSINE;
    buf_printf(
        out,
        "  \"beta_start\": %s,\n  \"beta_end\": %s,\n  \"beta_schedule\": \"%s\",\n  \"prediction_type\": \"%s\",\n"
        "  \"rescale_betas_zero_snr\": %s,\n  \"timestep_spacing\": \"trailing\",\n  \"clip_sample\": false,\n"
        "  \"set_alpha_to_one\": true,\n  \"steps_offset\": 0\n",
        scaled ? "0.00085" : "0.0001", scaled ? "0.012" : "0.02",
        cosine   ? "squaredcos_cap_v2"
        : scaled ? "scaled_linear"
                 : "linear",
        PREDICTIONS[plan->config.prediction], plan->config.zero_snr ? "true" : "false");
}

static void write_scheduler(const struct train_plan *plan, struct buf *out) {
    buf_printf(out, "{\n  \"_class_name\": \"%s\",\n  " VERSION ",\n  \"num_train_timesteps\": 1000,\n",
               scheduler_class(plan));
    if (plan->config.path == TRAIN_FLOW) {
        buf_text(out, "  \"shift\": 1.0\n");
    } else if (plan->config.path == TRAIN_EDM) {
        buf_text(
            out,
            "  \"sigma_min\": 0.002,\n  \"sigma_max\": 80.0,\n  \"prediction_type\": \"epsilon\",\n  \"sigma_data\": ");
        number_write_real(out, plan->config.sigma_data);
        buf_byte(out, '\n');
    } else {
        write_ddim(plan, out);
    }
    buf_text(out, "}\n");
}

/* -- The network -- */

static void write_blocks(const char *key, const bool *attention, size_t n, const char *with, const char *without,
                         struct buf *out) {
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s\"%s\"", i ? ", " : key, attention[i] ? with : without);
    buf_text(out, "],\n");
}

static void write_unet(const struct train_plan *plan, struct buf *out) {
    const struct unet_config *u = &plan->unet;
    buf_printf(out, "{\n  \"_class_name\": \"UNet2DModel\",\n  " VERSION ",\n  \"sample_size\": ");
    if (u->height == u->width)
        buf_printf(out, "%zu", u->height);
    else
        buf_printf(out, "[%zu, %zu]", u->height, u->width);
    buf_printf(out, ",\n  \"in_channels\": %zu,\n  \"out_channels\": %zu,\n", u->in_channels, u->out_channels);
    write_blocks("  \"down_block_types\": [", u->down_attention, u->levels, "AttnDownBlock2D", "DownBlock2D", out);
    write_blocks("  \"up_block_types\": [", u->up_attention, u->levels, "AttnUpBlock2D", "UpBlock2D", out);
    for (size_t i = 0; i < u->levels; i++)
        buf_printf(out, "%s%zu", i ? ", " : "  \"block_out_channels\": [", u->block_out_channels[i]);
    buf_printf(out, "],\n  \"layers_per_block\": %zu,\n  \"attention_head_dim\": ", u->layers_per_block);
    if (u->attention_head_dim)
        buf_printf(out, "%zu", u->attention_head_dim);
    else
        buf_text(out, "null"); /* one head */
    buf_printf(out, ",\n  \"norm_num_groups\": %zu", u->norm_num_groups);
    if (u->num_class_embeds)
        buf_printf(out, ",\n  \"num_class_embeds\": %zu,\n  \"_null_class\": %zu", u->num_class_embeds, u->null_class);
    unet_file_write_rest(u, out);
    buf_text(out, "\n}\n");
}

static void write_numbers(const char *key, const double *v, size_t n, struct buf *out) {
    for (size_t i = 0; i < n; i++) {
        buf_text(out, i ? ", " : key);
        number_write_real(out, v[i]);
    }
    buf_byte(out, ']');
}

static void write_mlp(const struct train_plan *plan, struct buf *out) {
    const struct mlp_config *m = &plan->mlp;
    buf_printf(out,
               "{\n  \"_class_name\": \"MLP\",\n  \"features\": %zu,\n  \"hidden_size\": %zu,\n  \"num_blocks\": %zu,\n"
               "  \"time_size\": %zu,\n  \"num_classes\": %zu,\n  \"act_fn\": \"silu\"",
               m->features, m->hidden_size, m->num_blocks, m->time_size, m->num_classes);
    if (m->given)
        buf_text(out, ",\n  \"given\": true");
    write_numbers(",\n  \"data_mean\": [", plan->data->mean, m->features, out);
    write_numbers(",\n  \"data_std\": [", plan->data->std, m->features, out);
    buf_text(out, "\n}\n");
}

static void write_dit(const struct train_plan *plan, struct buf *out) {
    const struct dit_config *d = &plan->dit;
    buf_printf(out,
               "{\n  \"_class_name\": \"DiTTransformer2DModel\",\n  " VERSION ",\n  \"sample_size\": %zu,\n"
               "  \"patch_size\": %zu,\n  \"in_channels\": %zu,\n  \"out_channels\": %zu,\n  \"num_layers\": %zu,\n"
               "  \"num_attention_heads\": %zu,\n  \"attention_head_dim\": %zu,\n  \"num_embeds_ada_norm\": %zu\n}\n",
               d->sample_size, d->patch_size, d->in_channels, d->in_channels, d->num_layers, d->num_attention_heads,
               d->attention_head_dim, d->num_embeds_ada_norm);
}

static void write_config(const struct train_plan *plan, struct buf *out) {
    if (plan->config.network == TRAIN_UNET)
        write_unet(plan, out);
    else if (plan->config.network == TRAIN_DIT)
        write_dit(plan, out);
    else
        write_mlp(plan, out);
}

/* unscale turns points as the network sees them into rows of the data's own numbers. */
static void unscale(const struct dataset *data, size_t n, float *points) {
    const size_t d = data->channels;
    for (size_t i = 0; data->mean && i < n * d; i++)
        points[i] = (float)(data->mean[i % d] + data->std[i % d] * (double)points[i]);
}

static enum status write_source(struct ctx *ctx, const struct train_plan *plan, struct buf *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    const struct dataset *data = plan->data;
    float *points;
    size_t n;
    enum status status = train_plan_starts(ctx, plan, &points, &n);
    if (status != STATUS_OK)
        return status;
    unscale(data, n, points);
    source_file_write(points, n, data->images ? 3 : 1, (const size_t[]){data->channels, data->height, data->width},
                      out);
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}

static enum status write_weights(struct ctx *ctx, const struct graph *graph, const float *weights, struct buf *out) {
    const struct parameter *list;
    size_t n = graph_parameters(graph, &list);
    struct ctx_mark mark = ctx_mark(ctx);
    struct tensor_values *values = ctx_zalloc(ctx, n, sizeof *values);
    if (!values)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; weights += list[i].n, i++) {
        values[i] =
            (struct tensor_values){.name = list[i].name, .dtype = DTYPE_F32, .dims = list[i].dims, .values = weights};
        memcpy(values[i].shape, list[i].shape, list[i].dims * sizeof *list[i].shape);
    }
    safetensors_write(out, values, n);
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}

static void write_table(const struct train_plan *plan, struct buf *out) {
    struct table_file table = *plan->data->table;
    table.choices = plan->loss.given.choices;
    table_file_write(&table, out);
}

enum status model_write_file(struct ctx *ctx, const struct train_plan *plan, const struct graph *graph,
                             const float *weights, size_t i, struct buf *out) {
    enum status status = STATUS_OK;
    switch (i) {
    case INDEX: write_index(plan, out); break;
    case CONFIG: write_config(plan, out); break;
    case SCHEDULER: write_scheduler(plan, out); break;
    case TABLE: write_table(plan, out); break;
    case SOURCE: status = write_source(ctx, plan, out); break;
    case WEIGHTS_FILE: status = write_weights(ctx, graph, weights, out); break;
    }
    if (status == STATUS_OK && out->failed)
        status =
            ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory to write %s.", model_write_path(plan, i));
    return status;
}
