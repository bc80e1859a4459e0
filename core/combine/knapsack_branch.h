/* knapsack_branch.h - depth-first branch and bound for several capacities at once, with the bound of a surrogate problem
 * (knapsack_surrogate.h).
 *
 * Parts are tried in order of value per surrogate weight, taken first, left out second; sums of weights and values are
 * exact, so the answer is. An exact fill of several capacities also leaves a branch where the parts that follow weigh
 * too little.
 * Source: Horowitz and Sahni 1974.
 * Cost: exponential at worst; O(dims + log n) a node, O(n) memory. At a deadline the best choice so far and the bound
 * at the root. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_BRANCH_H
#define SOLVENT_KNAPSACK_BRANCH_H

#include "core/combine/knapsack_parts.h"

/* knapsack_branch_solve marks what is taken. With exact_fill of a single capacity the caller has put the weight
 * into the values (see knapsack_task.c). Errors: NO_MEMORY, CANCELLED. */
enum status knapsack_branch_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                  struct knapsack_found *out) MUST_CHECK;

#endif
