/* knapsack_sets.h - all choices of greatest value, once that value is known.
 *
 * Depth first over the items, more copies before fewer. Where a table over the capacities is small enough, it tells for
 * every rest what it can still be worth, and no branch is in vain: items stand in the order of the request then. Else
 * the LP bound prunes, and items go by value per weight; of several capacities, the surrogate's (knapsack_surrogate.h).
 * Cost: O(n) a choice with the table (at most KNAPSACK_SETS_CELLS cells), exponential without it.
 * Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_SETS_H
#define SOLVENT_KNAPSACK_SETS_H

#include "core/combine/knapsack_parts.h"

enum { KNAPSACK_SETS_CELLS = 16 * 1000 * 1000, KNAPSACK_MAX_SETS = 100 * 1000 };

struct knapsack_set {
    struct array chosen, counts; /* INT: indices ascending, and copies of each */
};

struct knapsack_sets {
    struct knapsack_set *set;
    size_t n;
    bool more;    /* there are further ones */
    bool stopped; /* the deadline came first: there may be further ones */
    bool table;   /* a table told of every rest what it can be worth */
};

/* knapsack_sets_list lists up to task->sets choices worth `value`, which is the optimum. Items that weigh nothing, are
 * worth nothing and can be copied without end are left out. cells: of the table, at most; KNAPSACK_SETS_CELLS but in
 * tests.
 * Errors: INVALID (sums of all copies), NO_MEMORY, CANCELLED. */
enum status knapsack_sets_list(struct ctx *ctx, const struct knapsack_task *task, int64_t value, size_t cells,
                               struct knapsack_sets *out) MUST_CHECK;

#endif
