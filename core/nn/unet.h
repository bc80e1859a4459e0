/* unet.h - UNet2DModel of diffusers: the network of DDPM (Ho et al. 2020, app. B) and its kin, as a graph.
 * Parameters have the names of its weight files. Deviations: dropout is not applied (it is a matter of training). */
#ifndef SOLVENT_UNET_H
#define SOLVENT_UNET_H

#include "core/nn/graph.h"

enum { UNET_LEVELS_MAX = 8, UNET_LAYERS_MAX = 16, UNET_CHANNELS_MAX = 4096, UNET_SIZE_MAX = 1024 };

enum unet_time { UNET_TIME_POSITIONAL, UNET_TIME_FOURIER, UNET_TIME_LEARNED };
enum unet_class { UNET_CLASS_NONE, UNET_CLASS_EMBEDDING, UNET_CLASS_TIMESTEP, UNET_CLASS_IDENTITY };

/* The members are the keys of config.json; unet_default gives what they are where a key is missing. */
struct unet_config {
    size_t height, width; /* sample_size */
    size_t in_channels, out_channels;
    bool center_input_sample;
    enum unet_time time_embedding_type;
    size_t time_embedding_dim; /* 0: 4 * block_out_channels[0] */
    double freq_shift;
    bool flip_sin_to_cos;
    size_t levels;
    bool down_attention[UNET_LEVELS_MAX], up_attention[UNET_LEVELS_MAX]; /* Attn...Block2D or ...Block2D */
    size_t block_out_channels[UNET_LEVELS_MAX];
    size_t layers_per_block;
    double mid_block_scale_factor;
    size_t downsample_padding;               /* 0 or 1 */
    bool resnet_downsample, resnet_upsample; /* downsample_type, upsample_type: "resnet" in blocks with attention */
    enum activation act_fn;
    size_t attention_head_dim;                    /* 0: one head */
    size_t norm_num_groups, attn_norm_num_groups; /* the second 0: none named */
    double norm_eps;
    bool scale_shift; /* resnet_time_scale_shift */
    bool add_attention;
    enum unet_class class_embed_type;
    size_t num_class_embeds; /* 0: none */
    size_t null_class;       /* the row of these that was trained for none, the last; 0: no row was */
    size_t num_train_timesteps;
};

struct unet_config unet_default(void);

/* unet_make builds the graph. Errors: INVALID (ctx->err.detail names the key of config.json that does not fit, and says
 * what would), NO_MEMORY. */
enum status unet_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct unet_config *config,
                      struct graph **out) MUST_CHECK;

#endif
