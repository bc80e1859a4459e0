/* pairs.h - what each item of a batch is paired with: the noise that it comes from.
 *
 * A flow may start from another set of points than standard normal numbers (its source), and which of a batch's starts
 * goes with which of its items need not be left to chance:
 *
 * coupling     an item gets
 * independent  the one that stands beside it
 * ot           the one that it has in the pairing of least squared distance, over the batch (exact: transport.h);
 *              where there are classes, over the batch's items of its class
 *
 * Source: Tong et al. 2023 (any source, OT-CFM); Pooladian et al. 2023; Cheng and Schwing 2025 (a pairing over all classes
 * would tell the network things of a start that nobody knows when it is sampled).
 * Each point of a source is used once an epoch, in an order of its own (epoch_order.h): what step s of a batch is paired
 * with depends on the seed and s alone. */
#ifndef SOLVENT_PAIRS_H
#define SOLVENT_PAIRS_H

#include "core/base/ctx.h"

enum coupling { COUPLING_INDEPENDENT, COUPLING_OT };

enum { PAIRS_COUPLED_MAX = 2000 }; /* items of a batch that can be paired by ot */

/* pairs_couple puts the rows of x1[n][d] into another order, so that row i goes with x0[i]. labels NULL: one class.
 * n <= PAIRS_COUPLED_MAX. Errors: NO_MEMORY, CANCELLED, TIMED_OUT; x1 is as it was then. */
enum status pairs_couple(struct ctx *ctx, size_t n, size_t d, const float *x0, const int64_t *labels,
                         double *x1) MUST_CHECK;

/* pairs_point is the point of a source of n that row `row` of a step's batch of `batch` starts from. */
size_t pairs_point(uint64_t seed, size_t n, size_t batch, uint64_t step, size_t row);

#endif
