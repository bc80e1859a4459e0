#include "handlers/vae_file.h"

#include <stddef.h>

#include "handlers/config_file.h"

static const struct config_word DOWNS[] = {{"DownEncoderBlock2D", 0}, {"AttnDownEncoderBlock2D", 1}, {0}};
static const struct config_word UPS[] = {{"UpDecoderBlock2D", 0}, {"AttnUpDecoderBlock2D", 1}, {0}};

/* What is read: the config, and how long each list is; 0: it is missing. */
struct reading {
    struct vae_config c;
    size_t downs, ups, channels, means, stds;
    bool upcast;
};

#define AT(member) offsetof(struct reading, c.member)
#define LEVELS(counts) .list = VAE_LEVELS_MAX, .count = offsetof(struct reading, counts)
#define LATENTS(counts) .list = VAE_CHANNELS_MAX, .count = offsetof(struct reading, counts)
static const struct config_key KEYS[] = {
    {"in_channels", CONFIG_SIZE, false, AT(in_channels), 1, VAE_CHANNELS_MAX},
    {"out_channels", CONFIG_SIZE, false, AT(out_channels), 1, VAE_CHANNELS_MAX},
    {"down_block_types", CONFIG_SWITCHES, false, AT(down_attention), .words = DOWNS, LEVELS(downs)},
    {"up_block_types", CONFIG_SWITCHES, false, AT(up_attention), .words = UPS, LEVELS(ups)},
    {"block_out_channels", CONFIG_SIZES, false, AT(block_out_channels), 1, VAE_CHANNELS_MAX, LEVELS(channels)},
    {"layers_per_block", CONFIG_SIZE, false, AT(layers_per_block), 1, VAE_LAYERS_MAX},
    {"act_fn", CONFIG_WORD, false, AT(act_fn), .words = config_activations},
    {"latent_channels", CONFIG_SIZE, false, AT(latent_channels), 1, VAE_CHANNELS_MAX},
    {"norm_num_groups", CONFIG_SIZE, false, AT(norm_num_groups), 1, VAE_CHANNELS_MAX},
    {"sample_size", CONFIG_PIXELS, true, AT(height), 1, VAE_SIZE_MAX},
    {"scaling_factor", CONFIG_REAL, false, AT(scaling_factor), 1e-9, 1e9},
    {"shift_factor", CONFIG_REAL, true, AT(shift_factor), -1e9, 1e9},
    {"latents_mean", CONFIG_REALS, true, AT(latents_mean), -1e9, 1e9, LATENTS(means)},
    {"latents_std", CONFIG_REALS, true, AT(latents_std), 1e-9, 1e9, LATENTS(stds)},
    {"force_upcast", CONFIG_FLAG, false, offsetof(struct reading, upcast)}, /* all is single precision here */
    {"use_quant_conv", CONFIG_FLAG, false, AT(use_quant_conv)},
    {"use_post_quant_conv", CONFIG_FLAG, false, AT(use_post_quant_conv)},
    {"mid_block_add_attention", CONFIG_FLAG, false, AT(mid_block_add_attention)},
};

/* settle looks at what keys say together. */
static enum status settle(struct ctx *ctx, const char *file, struct reading *r) {
    struct vae_config *c = &r->c;
    size_t downs = r->downs ? r->downs : 1, ups = r->ups ? r->ups : 1, channels = r->channels ? r->channels : 1;
    if (downs != channels || ups != channels)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.100s has %zu down_block_types, %zu up_block_types and %zu block_out_channels; want as many of "
            "each.",
            file, downs, ups, channels);
    c->levels = channels;
    if ((r->means && r->means != c->latent_channels) || (r->stds && r->stds != c->latent_channels))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s has %zu numbers in latents_%s, want %zu, one for each of latent_channels.", file,
                        r->means && r->means != c->latent_channels ? r->means : r->stds,
                        r->means && r->means != c->latent_channels ? "mean" : "std", c->latent_channels);
    return STATUS_OK;
}

enum status vae_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct vae_config *out) {
    struct reading r = {.c = vae_default()};
    enum status status = config_file_read(ctx, file, object, KEYS, COUNT_OF(KEYS), warnings, &r);
    if (status == STATUS_OK)
        status = settle(ctx, file, &r);
    *out = r.c;
    return status;
}
