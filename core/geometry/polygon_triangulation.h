/* polygon_triangulation.h - the triangles of a simple polygon.
 *
 * Source:  G. H. Meisters, Polygons Have Ears, 1975; a corner that is no ear waits for the reflex corner that stands in
 *          its triangle. Boxes over stretches of the outline find that corner, and edges that cross. All signs are
 *          exact.
 * Cost:    O(n log n) for outlines as they are met; O(n^2) at worst.
 * Threads: reentrant. */
#ifndef SOLVENT_POLYGON_TRIANGULATION_H
#define SOLVENT_POLYGON_TRIANGULATION_H

#include "core/geometry/point_set.h"

struct polygon_triangles {
    int64_t *at; /* [n][3] indices of the corners, counter-clockwise */
    size_t n;    /* the number of corners - 2 */
};

/* polygon_triangulate takes the corners in order, clockwise or not; a corner equal to the one before (the last one to
 * the first) is left out. Corners on a straight line are corners. Errors: INVALID at /polygon (fewer than three
 * different corners; all on one line) or /polygon/<i> (the edge from corner i touches or crosses another one, which is
 * named); NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status polygon_triangulate(struct ctx *ctx, const struct points *polygon,
                                struct polygon_triangles *out) MUST_CHECK;

#endif
