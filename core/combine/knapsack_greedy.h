/* knapsack_greedy.h - a first incumbent. O(n).
 * Source: Pisinger, "An expanding-core algorithm for the exact 0-1 knapsack problem" (1995), section 4: forward and
 * backward greedy. */
#ifndef SOLVENT_KNAPSACK_GREEDY_H
#define SOLVENT_KNAPSACK_GREEDY_H

#include "core/combine/knapsack_order.h"

/* knapsack_greedy marks the items of the best of three subsets and returns its value: the break solution and all that
 * still fits in the items' order; the break solution and the most valuable item that still fits; the break solution and
 * the break item without the least valuable item that makes room for it. */
int64_t knapsack_greedy(struct knapsack_item *item, size_t n, const struct knapsack_split *split, int64_t capacity);

#endif
