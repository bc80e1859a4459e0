/* knapsack_branch.h - depth-first branch and bound for several capacities at once (at_most is one more of them), with
 * the LP bound of a surrogate problem.
 *
 * Multipliers add the capacities up to one; any multipliers give a bound, and a multiplicative subgradient method
 * looks for those of the least; with two capacities it is a bisection, and each capacity alone is tried as well. Parts
 * are tried in order of value per surrogate weight, taken first, left out second.
 * Bounds are computed in doubles and rounded up by more than all their rounding errors; sums of weights and values are
 * exact, so the answer is.
 * Source: Glover, "Surrogate constraints", Operations Research 16 (1968); Gavish and Pirkul, "Efficient algorithms for
 * solving multiconstraint zero-one knapsack problems to optimality", Math. Prog. 31 (1985); Horowitz and Sahni 1974.
 * Cost: exponential at worst; O(dims + log n) a node, O(n) memory. At a deadline the best choice so far and the bound
 * at the root. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_BRANCH_H
#define SOLVENT_KNAPSACK_BRANCH_H

#include "core/combine/knapsack_parts.h"

/* knapsack_branch_solve marks what is taken. With exact_fill the caller has put the weight into the values (see
 * knapsack_task.c). Errors: NO_MEMORY, CANCELLED. */
enum status knapsack_branch_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                  struct knapsack_found *out) MUST_CHECK;

#endif
