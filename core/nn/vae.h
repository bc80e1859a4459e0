/* vae.h - AutoencoderKL of diffusers (Rombach et al. 2022, sec. 3.1): pictures from latents and latents from pictures,
 * each as a graph. Parameters have the names of its weight files ("decoder.conv_in.weight", ...).
 * The latents are those that samplers see: (own - shift_factor - latents_mean) / latents_std * scaling_factor. */
#ifndef SOLVENT_VAE_H
#define SOLVENT_VAE_H

#include "core/nn/graph.h"

enum { VAE_LEVELS_MAX = 8, VAE_LAYERS_MAX = 16, VAE_CHANNELS_MAX = 4096, VAE_SIZE_MAX = 4096 };

/* The members are the keys of config.json; vae_default gives what they are where a key is missing. */
struct vae_config {
    size_t height, width; /* sample_size, of the picture; any multiples of 2^(levels - 1) will do */
    size_t in_channels, out_channels, latent_channels;
    size_t levels;
    bool down_attention[VAE_LEVELS_MAX], up_attention[VAE_LEVELS_MAX]; /* Attn...coderBlock2D or ...coderBlock2D */
    size_t block_out_channels[VAE_LEVELS_MAX];
    size_t layers_per_block;
    enum activation act_fn;
    size_t norm_num_groups;
    double scaling_factor, shift_factor;
    const double *latents_mean, *latents_std; /* [latent_channels], borrowed by vae_make; NULL: 0 and 1 */
    bool use_quant_conv, use_post_quant_conv, mid_block_add_attention;
};

struct vae_config vae_default(void);

enum vae_part {
    VAE_DECODER, /* latents [height / 2^(levels - 1)][..][latent_channels] to a picture around -1 .. 1 */
    VAE_ENCODER, /* a picture to the mean of its latents */
    VAE_MOMENTS, /* a picture to the means and then the logarithms of the variances of the autoencoder's own latents */
};

/* vae_make builds the graph of a part. Errors: INVALID (ctx->err.detail names the key of config.json that does not fit,
 * and says what would), NO_MEMORY. */
enum status vae_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct vae_config *config,
                     enum vae_part part, struct graph **out) MUST_CHECK;

#endif
