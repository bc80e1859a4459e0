/* near_edges.h - which of many points lie within a distance of a polygon's boundary.
 *
 * Method:  a tree of boxes over the edges in the order of the rings, whose neighbours are neighbours in the plane; boxes
 *          that are farther away are left out, and what is left is decided exactly (tolerance.h).
 * Cost:    O(n) to build; O(log n) a point and the edges near by, as long as the rings wander slowly; O(n) a point at
 *          worst. Threads: reentrant. */
#ifndef SOLVENT_NEAR_EDGES_H
#define SOLVENT_NEAR_EDGES_H

#include "core/geometry/polygon.h"

/* near_edges sets near[i] to whether point i (x, y) of n is at most eps from an edge. Errors: NO_MEMORY, CANCELLED,
 * TIMED_OUT. */
enum status near_edges(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                       unsigned char *near) MUST_CHECK;

#endif
