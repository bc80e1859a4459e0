/* polygon_triangulation.h - the triangles of a polygon, holes and all.
 *
 * Source:  S. Hertel and K. Mehlhorn, Fast Triangulation of Simple Polygons, 1983: a line sweeps over the corners;
 *          between two neighbouring edges stands a chain of corners, which no triangle can be cut off, until a new
 *          corner sees them. All signs are exact.
 * Cost:    O(n log n) whatever the polygon, about 1.5 us a corner with the test that it is simple. Memory: 500 bytes a
 *          corner.
 * Threads: reentrant. */
#ifndef SOLVENT_POLYGON_TRIANGULATION_H
#define SOLVENT_POLYGON_TRIANGULATION_H

#include "core/geometry/polygon.h"

struct polygon_triangles {
    int64_t *at; /* [n][3] indices of the points, counted through all rings as they were given; counter-clockwise */
    size_t n;    /* corners + 2 holes - 2, where no ring touches another */
    /* Of an INVALID polygon: the ring that is wrong, from 0, and its edge, where has_edge. */
    size_t ring, edge;
    bool has_edge;
};

/* polygon_triangulate takes an exterior and holes, whichever way round. Of equal points in a row the last one is a
 * corner, but the first point rather than a closing one; corners on straight lines are corners. Rings may touch each
 * other in points: there one of the equal points stands for all.
 * Errors: INVALID (a ring of fewer than three different points; edges that meet; a hole that does not lie inside),
 * NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status polygon_triangulate(struct ctx *ctx, const struct rings *given, struct polygon_triangles *out) MUST_CHECK;

#endif
