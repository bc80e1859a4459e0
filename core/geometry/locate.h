/* locate.h - where points lie in a polygon: inside, on the boundary, outside. Exact for all finite coordinates.
 *
 * Rule:    even-odd over all rings (so holes are outside, and a place that a ring winds round twice is outside as
 *          well); a point of any edge, of a hole's too, is on the boundary.
 * Method:  for few points every edge is looked at. For many, edges lie in a segment tree over the vertices' heights
 *          (Bentley 1977): all edges of a node cross all of its heights, so where they do not cross each other they are
 *          in order from left to right, and orient2d finds a point's place by bisection. A node whose edges do cross
 *          (the polygon is not simple) is looked at edge by edge.
 *          Before that comes a grid of cells (locate_grid.h): most points lie where no edge is.
 * Cost:    O(n log^2 n) to build, O(log^2 n) a point for polygons that are simple; O(n) a point at worst for others.
 * Threads: reentrant; uses those of ctx. */
#ifndef SOLVENT_LOCATE_H
#define SOLVENT_LOCATE_H

#include "core/geometry/polygon.h"

enum location { LOCATION_INSIDE, LOCATION_BOUNDARY, LOCATION_OUTSIDE };
extern const char *const location_names[]; /* ends with NULL */

/* locate_points fills location[n] for n points (x, y). Errors: TOO_LARGE (2^31 edges), NO_MEMORY, CANCELLED,
 * TIMED_OUT. */
enum status locate_points(struct ctx *ctx, const struct rings *rings, const double *points, size_t n,
                          unsigned char *location) MUST_CHECK;

/* locate_plain looks at every edge. */
enum location locate_plain(const struct rings *rings, const double at[2]);

#endif
