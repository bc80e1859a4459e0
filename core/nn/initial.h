/* initial.h - the weights that training starts with.
 * As PyTorch's layers have them: linear layers and convolutions draw weight and bias uniformly within 1 / sqrt(numbers
 * in) (He et al. 2015 with a = sqrt 5), embeddings and Fourier frequencies are standard normal, norms are 1 and 0.
 * The draws are Philox's, keyed by the seed and counted by (number, parameter): the same for any order. */
#ifndef SOLVENT_INITIAL_H
#define SOLVENT_INITIAL_H

#include "core/nn/graph.h"

/* initial_weights fills weights[gradient_numbers(graph)], laid out as gradient.h says. */
void initial_weights(const struct graph *graph, uint64_t seed, float *weights);

/* initial_normal makes the parameters whose name holds `part` normal with mean 0 and a standard deviation (0: all
 * zeros), and gives how many parameters that were: "conv2." is the second convolution of every residual block. */
size_t initial_normal(const struct graph *graph, const char *part, double std, uint64_t seed, float *weights);

#endif
