/* graph_weights.h - the weights of a loaded graph, in the layout of weight files, for those who differentiate it.
 * How a matrix is packed is its kernels' business: it is asked for its columns by rows that are 1 in one place and 0
 * in all others, so that each sum is one weight, exactly (a -0 comes as 0). Of what is packed for winograd.h the weights
 * come back but for rounding, to some 1e-7 of the greatest of their kernel.
 * Cost: a product of each matrix with the unit matrix. Memory: numbers, and twice the largest matrix while it works. */
#ifndef SOLVENT_GRAPH_WEIGHTS_H
#define SOLVENT_GRAPH_WEIGHTS_H

#include "core/nn/graph.h"

/* graph_weights writes all parameters one after another, in the order of graph_parameters. Errors: NO_MEMORY. */
enum status graph_weights(struct ctx *ctx, const struct graph *graph, float *to) MUST_CHECK;

#endif
