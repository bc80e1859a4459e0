/* assignment.h - the linear assignment problem: n rows and n columns, one of each for the other, at least cost.
 * Source: Jonker and Volgenant 1987 (LAPJV): columns are reduced, then rows, and what is still free is assigned along
 * shortest paths in the reduced costs. Differs: the reduction of rows takes at most ROUNDS n steps, since with rounded
 * costs it need not end; what it leaves is left to the paths.
 * Cost: O(n^3), mostly O(n^2) and a little. Memory: 32 bytes a row beside the costs. Threads: reentrant. */
#ifndef SOLVENT_ASSIGNMENT_H
#define SOLVENT_ASSIGNMENT_H

#include "core/base/ctx.h"

/* assignment_solve writes to[n], the column of each row; cost is [n][n], finite, n 1 .. 2^31.
 * Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status assignment_solve(struct ctx *ctx, const double *cost, size_t n, uint32_t *to) MUST_CHECK;

#endif
