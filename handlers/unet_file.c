#include "handlers/unet_file.h"

#include <stddef.h>

#include "handlers/config_file.h"

static const struct config_word TIMES[] = {
    {"positional", UNET_TIME_POSITIONAL}, {"fourier", UNET_TIME_FOURIER}, {"learned", UNET_TIME_LEARNED}, {0}};
static const struct config_word CLASSES[] = {{"timestep", UNET_CLASS_TIMESTEP}, {"identity", UNET_CLASS_IDENTITY}, {0}};
static const struct config_word RESIZES[] = {{"conv", 0}, {"resnet", 1}, {0}};
static const struct config_word SHIFTS[] = {{"default", 0}, {"scale_shift", 1}, {0}};
static const struct config_word MIDDLES[] = {{"UNetMidBlock2D", 0}, {0}};
static const struct config_word DOWNS[] = {{"DownBlock2D", 0}, {"AttnDownBlock2D", 1}, {0}};
static const struct config_word UPS[] = {{"UpBlock2D", 0}, {"AttnUpBlock2D", 1}, {0}};

/* What is read: the config, and how many levels each list has; 0: it is missing. */
struct reading {
    struct unet_config c;
    size_t downs, ups, channels;
};

#define AT(member) offsetof(struct reading, c.member)
#define LIST(counts) .list = UNET_LEVELS_MAX, .count = offsetof(struct reading, counts)
static const struct config_key KEYS[] = {
    {"sample_size", CONFIG_PIXELS, true, AT(height), 1, UNET_SIZE_MAX},
    {"in_channels", CONFIG_SIZE, false, AT(in_channels), 1, UNET_CHANNELS_MAX},
    {"out_channels", CONFIG_SIZE, false, AT(out_channels), 1, UNET_CHANNELS_MAX},
    {"center_input_sample", CONFIG_FLAG, false, AT(center_input_sample)},
    {"time_embedding_type", CONFIG_WORD, false, AT(time_embedding_type), .words = TIMES},
    {"time_embedding_dim", CONFIG_SIZE, true, AT(time_embedding_dim), 1, 4 * UNET_CHANNELS_MAX},
    {"freq_shift", CONFIG_REAL, false, AT(freq_shift), -1000, 1000},
    {"flip_sin_to_cos", CONFIG_FLAG, false, AT(flip_sin_to_cos)},
    {"down_block_types", CONFIG_SWITCHES, false, AT(down_attention), .words = DOWNS, LIST(downs)},
    {"mid_block_type", CONFIG_ONLY, false, .words = MIDDLES},
    {"up_block_types", CONFIG_SWITCHES, false, AT(up_attention), .words = UPS, LIST(ups)},
    {"block_out_channels", CONFIG_SIZES, false, AT(block_out_channels), 1, UNET_CHANNELS_MAX, LIST(channels)},
    {"layers_per_block", CONFIG_SIZE, false, AT(layers_per_block), 1, UNET_LAYERS_MAX},
    {"mid_block_scale_factor", CONFIG_REAL, false, AT(mid_block_scale_factor), 1e-6, 1e6},
    {"downsample_padding", CONFIG_SIZE, false, AT(downsample_padding), 0, 1},
    {"downsample_type", CONFIG_SWITCH, false, AT(resnet_downsample), .words = RESIZES},
    {"upsample_type", CONFIG_SWITCH, false, AT(resnet_upsample), .words = RESIZES},
    {"dropout", CONFIG_ONLY, false, 0, 0, 1},
    {"act_fn", CONFIG_WORD, false, AT(act_fn), .words = config_activations},
    {"attention_head_dim", CONFIG_SIZE, true, AT(attention_head_dim), 1, UNET_CHANNELS_MAX},
    {"norm_num_groups", CONFIG_SIZE, false, AT(norm_num_groups), 1, UNET_CHANNELS_MAX},
    {"attn_norm_num_groups", CONFIG_SIZE, true, AT(attn_norm_num_groups), 1, UNET_CHANNELS_MAX},
    {"norm_eps", CONFIG_REAL, false, AT(norm_eps), 1e-12, 1},
    {"resnet_time_scale_shift", CONFIG_SWITCH, false, AT(scale_shift), .words = SHIFTS},
    {"add_attention", CONFIG_FLAG, false, AT(add_attention)},
    {"class_embed_type", CONFIG_WORD, true, AT(class_embed_type), .words = CLASSES},
    {"num_class_embeds", CONFIG_SIZE, true, AT(num_class_embeds), 1, 1000 * 1000},
    {"_null_class", CONFIG_SIZE, true, AT(null_class), 1, 1000 * 1000}, /* ours; diffusers keeps it, and is silent */
    {"num_train_timesteps", CONFIG_SIZE, true, AT(num_train_timesteps), 1, 1000 * 1000},
};

/* settle looks at what keys say together. */
static enum status settle(struct ctx *ctx, const char *file, struct reading *r) {
    struct unet_config *c = &r->c;
    size_t downs = r->downs ? r->downs : c->levels, ups = r->ups ? r->ups : c->levels;
    size_t channels = r->channels ? r->channels : c->levels;
    if (downs != channels || ups != channels)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.100s has %zu down_block_types, %zu up_block_types and %zu block_out_channels; want as many of "
            "each.",
            file, downs, ups, channels);
    c->levels = channels;
    if (!c->height)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s does not say its sample_size; want an integer from 1 to %d.",
                        file, UNET_SIZE_MAX);
    if (c->class_embed_type == UNET_CLASS_NONE && c->num_class_embeds)
        c->class_embed_type = UNET_CLASS_EMBEDDING;
    if (c->null_class && (c->class_embed_type != UNET_CLASS_EMBEDDING || c->null_class + 1 != c->num_class_embeds))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s has the _null_class %zu and %zu num_class_embeds; want the last of these, counted from "
                        "0, or no _null_class.",
                        file, c->null_class, c->num_class_embeds);
    return STATUS_OK;
}

enum status unet_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                           struct unet_config *out) {
    struct reading r = {.c = unet_default()};
    r.c.height = r.c.width = 0;
    enum status status = config_file_read(ctx, file, object, KEYS, COUNT_OF(KEYS), warnings, &r);
    if (status == STATUS_OK)
        status = settle(ctx, file, &r);
    *out = r.c;
    return status;
}

void unet_file_write_rest(const struct unet_config *c, struct buf *out) {
    struct reading of = {.c = *c}, plain = {.c = unet_default()};
    plain.c.in_channels = c->in_channels;
    plain.c.out_channels = c->out_channels;
    plain.c.layers_per_block = c->layers_per_block;
    plain.c.attention_head_dim = c->attention_head_dim;
    plain.c.norm_num_groups = c->norm_num_groups;
    plain.c.num_class_embeds = c->num_class_embeds;
    plain.c.null_class = c->null_class;
    config_file_write(KEYS, COUNT_OF(KEYS), &of, &plain, out);
}
