/* knapsack_fill.h - whether the parts that follow can still fill several capacities exactly.
 *
 * They must weigh enough in every dimension; and where the product of the capacities (each plus one) is small, a table
 * has the last place from which on each vector of weights is a sum: then no branch ends short of a fill. A part counts
 * as its single copies there, so that it may stand for all copies of an item.
 * Cost: O(n dims); with the table, cells for each copy (in powers of two), and 4 bytes a cell. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_FILL_H
#define SOLVENT_KNAPSACK_FILL_H

#include "core/combine/knapsack_surrogate.h"

/* Of a table, at most: cells, and cells times places. */
enum { KNAPSACK_FILL_CELLS = 1 << 22, KNAPSACK_FILL_STEPS = 1 << 28 };

struct knapsack_fill {
    const int64_t *capacity;          /* [dims]; borrowed */
    size_t dims;                      /* 0: no exact fill of several capacities, and anything goes */
    int64_t *rest;                    /* [n + 1][dims]: what places from .. n-1 weigh */
    int32_t *last;                    /* [cells]: the last place from which on it can be filled; NULL: no table */
    size_t cells;                     /* the product of capacity + 1 */
    size_t stride[KNAPSACK_MAX_DIMS]; /* of a dimension, in cells */
};

/* knapsack_fill_make looks at the task's parts in the surrogate's order. cells: of the table, at most;
 * KNAPSACK_FILL_CELLS but in tests. A stop leaves the table out. Errors: NO_MEMORY. */
enum status knapsack_fill_make(struct ctx *ctx, const struct knapsack_surrogate *by, size_t cells,
                               struct knapsack_fill *fill) MUST_CHECK;

/* knapsack_fill_may says whether places from .. n-1 can fill what used[dims], within the capacities, leaves. With the
 * table, no is no and yes is yes but for parts that are whole and at_most. */
bool knapsack_fill_may(const struct knapsack_fill *fill, size_t from, const int64_t *used);

#endif
