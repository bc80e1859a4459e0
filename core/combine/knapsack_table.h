/* knapsack_table.h - the textbook's tables over all capacities, of parts.
 *
 *     best(i, c) = max(best(i - 1, c), best(i - 1, c - w_i) + p_i)
 *
 * In two dimensions all rows are kept and the choice is read off where rows differ; in one dimension a single row is
 * gone through downwards and a bit a cell remembers the choice. Both choose the same. With at_most = m a row has a
 * level for each number of copies 0 .. m: cell (k, c) stands at k * (capacity + 1) + c.
 * Source: Bellman 1957; Kellerer, Pferschy, Pisinger (2004), section 2.3.
 * Cost: O(cells); 8 bytes a cell in two dimensions, 1 bit in one. Threads: reentrant.
 *
 * The trace: "set" writes a cell (in two dimensions cell c of row i stands at i * row + c; row 0 has no items), "take"
 * and "leave" tell of the choice, from the last part to the first. Variables: item, copies. An exact fill's cells that
 * no choice reaches hold -1. */
#ifndef SOLVENT_KNAPSACK_TABLE_H
#define SOLVENT_KNAPSACK_TABLE_H

#include "core/combine/knapsack_parts.h"

/* A row has at most KNAPSACK_CELLS_2D cells in either. */
enum { KNAPSACK_CELLS_1D = 100 * 1000 * 1000, KNAPSACK_CELLS_2D = 40 * 1000 * 1000, KNAPSACK_CELLS_TRACED = 10000 };

/* knapsack_table_cells is how many cells the table has (0 past 2^62 of them, which is no number of cells). */
int64_t knapsack_table_cells(const struct knapsack_task *task, const struct knapsack_parts *parts, bool two);

/* knapsack_table_solve fills the table and marks what is taken. A deadline leaves nothing taken.
 * Errors: TOO_LARGE at "/algorithm" or "/trace", NO_MEMORY, CANCELLED. */
enum status knapsack_table_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                 bool two, struct knapsack_found *out) MUST_CHECK;

#endif
