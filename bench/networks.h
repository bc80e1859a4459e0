/* networks.h - the networks that several benchmarks time: the UNet of google/ddpm-cifar10-32, the digits' and a DiT of their size. */
#ifndef SOLVENT_NETWORKS_H
#define SOLVENT_NETWORKS_H

#include "bench/measure.h"
#include "core/nn/dit.h"
#include "core/nn/unet.h"

static inline enum status networks_digits(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = unet_default();
    c.height = c.width = 28;
    c.in_channels = c.out_channels = 1;
    c.levels = 3;
    for (size_t i = 0; i < 3; i++) {
        c.block_out_channels[i] = (size_t)16 << i;
        c.down_attention[i] = c.up_attention[i] = false;
    }
    c.layers_per_block = 1;
    c.norm_num_groups = 8;
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = 11;
    return unet_make(ctx, k, &c, out);
}

static inline enum status networks_cifar(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = unet_default();
    const size_t channels[] = {128, 256, 256, 256};
    for (size_t i = 0; i < 4; i++) {
        c.block_out_channels[i] = channels[i];
        c.down_attention[i] = i == 1;
        c.up_attention[i] = i == 2;
    }
    c.height = c.width = 32;
    c.attention_head_dim = 0;
    c.downsample_padding = 0;
    c.flip_sin_to_cos = false;
    c.freq_shift = 1;
    c.norm_eps = 1e-6;
    return unet_make(ctx, k, &c, out);
}

static inline enum status networks_dit(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct dit_config c = dit_default();
    c.num_attention_heads = 4;
    c.attention_head_dim = 32;
    c.in_channels = 1;
    c.num_layers = 6;
    c.sample_size = 28;
    c.patch_size = 4;
    c.num_embeds_ada_norm = 10;
    return dit_make(ctx, k, &c, out);
}

/* networks_random draws weights as a graph_find; self is the uint64_t of measure_random. */
static inline enum status networks_random(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    (void)ctx;
    for (size_t i = 0; i < p->n; i++)
        to[i] = p->role == PARAMETER_ONE ? 1 : ((float)(measure_random(self) >> 40) * 0x1p-24f - 0.5f) * 0.05f;
    return STATUS_OK;
}

#endif
