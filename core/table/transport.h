/* transport.h - the exact Wasserstein distance between two sets of points: the least cost at which equal weights on one
 * are carried over to equal weights on the other; and the plan itself, where both have as many points.
 * Source: the transportation problem by successive shortest paths with potentials (Edmonds and Karp 1972; Peyre and
 * Cuturi 2019, ch. 3). Weights are integers (each of the n points has m / gcd, each of the m n / gcd), so the flow is
 * exact, and the cost is summed from it; with n = m it is the assignment problem (assignment.h).
 * Cost: O(n m) a path, about n + m of them; far less with n = m. Memory: 12 n m bytes. Threads: reentrant. */
#ifndef SOLVENT_TRANSPORT_H
#define SOLVENT_TRANSPORT_H

#include "core/base/ctx.h"

enum { TRANSPORT_POINTS_MAX = 2000 };

/* The cost of carrying from a to b, of one unit. */
enum transport_cost {
    TRANSPORT_L1,      /* sum |a - b| */
    TRANSPORT_SQUARES, /* sum (a - b)^2: the root of the answer is the 2-Wasserstein distance */
};

/* transport_cost_of writes the least mean cost between a[n][d] and b[m][d]; n and m are 1 .. TRANSPORT_POINTS_MAX, the
 * numbers finite. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status transport_cost_of(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, size_t n,
                              const double *b, size_t m, double *out) MUST_CHECK;

/* transport_assign pairs a[n][d] with b[n][d] at least cost: a[i] goes with b[to[i]], each with one. n is 1 ..
 * TRANSPORT_POINTS_MAX. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status transport_assign(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, const double *b,
                             size_t n, uint32_t *to) MUST_CHECK;

#endif
