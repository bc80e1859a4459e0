/* winograd.h - convolutions of 3x3 whose pixels are all taken, in 16 multiply-adds a channel for four results in place
 * of 36.
 * Source: Winograd 1980; Lavin, Gray 2016, sec. 4.1: F(2x2, 3x3). For a kernel g and a tile d of 4x4 pixels the 2x2
 * results are A' [(G g G') * (B' d B)] A, where * multiplies place by place; so the sum over channels is a product of
 * matrices at each of the 16 places.
 *     B' = 1  0 -1  0     G = 1    0   0      A' = 1 1  1  0
 *          0  1  1  0         1/2  1/2 1/2         0 1 -1 -1
 *          0 -1  1  0         1/2 -1/2 1/2
 *          0  1  0 -1         0    0   1
 * Errors of rounding are about twice those of the direct sums; where the products are of bfloat16, 1.8 times.
 * Threads: as for product.h; a result's bits depend on the pixels of its tile alone. */
#ifndef SOLVENT_WINOGRAD_H
#define SOLVENT_WINOGRAD_H

#include <stdbool.h>

#include "core/tensor/product.h"

/* winograd_pays says whether a convolution from so many channels to so many, with results of height * width, is faster
 * this way, with products of float32 or (half) of bfloat16: a rule on shapes alone, so that bits do not depend on the batch, on threads or on the table. */
bool winograd_pays(size_t height, size_t width, size_t in, size_t out, bool half);

/* winograd_weights turns n kernels w[n][9] into to[n][16], which matrix_pack takes as 16 segments; winograd_kernels
 * turns them back, up to the rounding of a sum of three. */
void winograd_weights(size_t n, const float *w, float *to);
void winograd_kernels(size_t n, const float *w, float *to);

/* winograd_run is product_run for a matrix of such weights, but that p->in is of float32 in any case: where the weights
 * are bfloat16 (b->pairs), its tiles are rounded when they are transformed. p->in is where the zeros around the first image begin, one
 * pixel wide and a part of p->in's rows; p->segment is not read. */
void winograd_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *p);

#endif
