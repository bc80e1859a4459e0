/* knapsack_reach.h - which weights the open items can still add to a state: a bound for instances whose weights lie on
 * a lattice.
 *
 * Where the open items come in groups of nearly equal weights (Jooken, Leyman, De Causmaecker, "A new class of hard
 * problem instances for the 0-1 knapsack problem", EJOR 301, 2022), in multiples of a few (spanner instances) or of a
 * common divisor, most states cannot be completed to a weight close to the capacity, though by the LP bound they could.
 * The sums of the open items' weights (negative for those that would go out) are kept as at most KNAPSACK_SPANS
 * intervals, a superset; a state can then use no more room than the greatest sum that fits. Generalises the
 * divisibility bound of Martello, Pisinger and Toth 1999.
 *
 * Sums are built from the last open item to the first, and laid down at checkpoints: a checkpoint serves until the next
 * one is reached, since fewer open items reach less. */
#ifndef SOLVENT_KNAPSACK_REACH_H
#define SOLVENT_KNAPSACK_REACH_H

#include "core/base/ctx.h"
#include "core/combine/knapsack_states.h"

enum { KNAPSACK_SPANS = 8192, KNAPSACK_CHECKPOINTS = 128 };

/* A step of the remaining program: the item's signed weight, and how many open items either side has from here on (this
 * one included). */
struct knapsack_step {
    int64_t w;
    size_t left, right;
};

struct knapsack_checkpoint {
    size_t left, right; /* holds while the sides have at most so many open items */
    struct knapsack_span *span;
    size_t n;
};

struct knapsack_reach {
    struct knapsack_checkpoint mark[KNAPSACK_CHECKPOINTS + 1];
    size_t n, at;
};

/* knapsack_reach_build builds the checkpoints of the steps 0 .. n-1 that are still to be done, in that order. False: no
 * memory; reach->n is then 0. Cost: O(n * spans); spans is chosen so that this keeps to about 10^7. Raises no error
 * that matters. */
bool knapsack_reach_build(struct ctx *ctx, const struct knapsack_step *step, size_t n,
                          struct knapsack_reach *reach) MUST_CHECK;

/* knapsack_reach_use sets the hope's spans to the last checkpoint that holds for so many open items. */
void knapsack_reach_use(struct knapsack_reach *reach, size_t left, size_t right, struct knapsack_hope *hope);

#endif
