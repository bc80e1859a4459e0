/* delaunay.h - the Delaunay triangulation of points of the plane.
 *
 * Source:  L. Guibas and J. Stolfi, Primitives for the Manipulation of General Subdivisions and the Computation of
 *          Voronoi Diagrams, 1985 (divide and conquer); R. A. Dwyer, A Faster Divide-and-Conquer Algorithm for
 *          Constructing Delaunay Triangulations, 1987 (cuts by x and y in turn). All signs are exact, so every input
 *          has its answer: points on one line, on one circle, on a grid, equal ones.
 * Cost:    O(n log n) expected for any points (cuts are found by selection); about 150 bytes a point.
 * Threads: reentrant; uses those of ctx for the halves of many points. The same answer for any number of them. */
#ifndef SOLVENT_DELAUNAY_H
#define SOLVENT_DELAUNAY_H

#include "core/geometry/point_set.h"

struct triangulation {
    int64_t *at; /* [n][3] indices of the points, counter-clockwise, the smallest first */
    size_t n;
    size_t distinct; /* points that differ; of equal ones the first is in the triangles */
};

/* delaunay_of triangulates: the triangles cover the convex hull, and no point lies inside the circle of one. No
 * triangles where all points are on one line. Of several triangulations of points on one circle one is given, for the
 * same points always the same. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status delaunay_of(struct ctx *ctx, const struct points *points, struct triangulation *out) MUST_CHECK;

#endif
