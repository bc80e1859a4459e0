/* network.h - what the tests of networks share. */
#ifndef SOLVENT_TEST_NETWORK_H
#define SOLVENT_TEST_NETWORK_H

#include "core/nn/unet.h"

/* network_randn fills x[height][width][channels] with torch.randn(1, channels, height, width) of seed 0. */
void network_randn(size_t height, size_t width, size_t channels, float *x);

/* network_run gives [images][floats] outputs, malloc'ed; the workspace is full of NaN before. */
float *network_run(const struct graph *g, size_t images, const struct graph_in *in, size_t floats, size_t threads);

/* Two sums over an image in PyTorch's order (channels first): of |y[i]|, and of y[i] * (7919 i mod 1009) / 1009, which
 * tells places apart. */
struct network_sums {
    double absolute, mixed;
};
struct network_sums network_sums(size_t height, size_t width, size_t channels, const float *y);

/* network_counts gives the parameters, and in *tensors how many lists they are in. */
size_t network_counts(const struct graph *g, size_t *tensors);

/* network_ignores_neighbours fails the test where an image's bits depend on how many are run together, or on threads;
 * inputs are of `in_floats`, outputs of `out_floats` an image. */
void network_ignores_neighbours(const struct graph *g, size_t images, const struct graph_in *in, size_t in_floats,
                                size_t out_floats);

/* network_fails_cleanly makes and loads a network (untrained.h) with each allocation failing in turn. */
void network_fails_cleanly(enum status (*make)(struct ctx *ctx, struct graph **out));

/* network_tiny_unet is the UNet2DModel of diffusers' own pipeline tests: 8x8 pixels, (4, 8) channels. */
struct unet_config network_tiny_unet(void);

/* network_everything is a graph with one of every operation: from 6 x 10 pixels of 3 channels, times and 5 classes to
 * 3 x 5 pixels of 5 channels. */
struct graph *network_everything(struct ctx *ctx, enum isa isa);

#endif
