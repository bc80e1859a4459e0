/* nearest.h - distances from points to their nearest ones in a set, in L1, by looking at all of them.
 * Cost: O(n m (d + log k)). Threads: points are shared out. */
#ifndef SOLVENT_NEAREST_H
#define SOLVENT_NEAREST_H

#include "core/base/ctx.h"

/* nearest_distances writes, for each of points[n][d], the k-th least distance to among[m][d]; 1 <= k <= m. A point that
 * is in the set is the first of its own. Memory: n k numbers. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status nearest_distances(struct ctx *ctx, size_t d, const double *points, size_t n, const double *among, size_t m,
                              size_t k, double *out) MUST_CHECK;

#endif
