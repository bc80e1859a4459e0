/* derivatives.h - the derivatives of a network against central differences in double precision, whose formulas
 * (exact_graph.h) share nothing with the kernels. */
#ifndef SOLVENT_TEST_DERIVATIVES_H
#define SOLVENT_TEST_DERIVATIVES_H

#include "core/nn/dit.h"
#include "core/nn/gradient.h"
#include "core/tensor/tensor.h"

enum { DERIVATIVES_CLASSES = 3 }; /* that networks are told */

typedef enum status derivatives_maker(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out);

/* derivatives_check fails the test where a derivative of the network is wrong, with any table of kernels that is here:
 * along a random direction of each parameter and of the input, of `in` numbers, and at so many of their places. */
void derivatives_check(derivatives_maker *make, size_t in, size_t places);

/* derivatives_numbers gives n numbers of -1 .. 1, malloc'ed; and in *exact, where it is not NULL, the same. */
float *derivatives_numbers(size_t n, uint64_t *seed, double **exact);

/* derivatives_finish makes x the output of a graph. */
enum status derivatives_finish(struct graph *g, int x, struct graph **out);

/* Networks of three numbers a row, and of 8 x 8 and 4 x 4 pixels with 3 channels, the latter by a configuration of its own. */
derivatives_maker derivatives_tiny_mlp, derivatives_tiny_unet, derivatives_tiny_dit;
struct dit_config derivatives_dit_config(void);

#endif
