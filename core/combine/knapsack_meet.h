/* knapsack_meet.h - meet in the middle: all sums of one half of the parts, in order of weight and without dominated
 * ones, against those of the other half.
 * Source: Horowitz and Sahni, "Computing partitions with applications to the knapsack problem", JACM 21 (1974); lists
 * are grown by merging, so nothing is sorted. Cost: O(2^(n/2)) time, 48 bytes a sum. Any capacity. Threads:
 * reentrant. */
#ifndef SOLVENT_KNAPSACK_MEET_H
#define SOLVENT_KNAPSACK_MEET_H

#include "core/combine/knapsack_parts.h"

enum { KNAPSACK_MEET_PARTS = 40 };

/* knapsack_meet_solve marks what is taken; at_most and dims are not for it. A deadline leaves nothing taken.
 * Errors: TOO_LARGE at "/algorithm" (parts), NO_MEMORY, CANCELLED. */
enum status knapsack_meet_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                struct knapsack_found *out) MUST_CHECK;

#endif
