/* exact_place.h - places that follow from points by a quotient, computed exactly (dyadic.h) and rounded once: each
 * coordinate is the nearest double, of two the even one, for all finite coordinates.
 *
 * Cost: about 1 us, up to 20 us where coordinates span hundreds of binary orders. Threads: reentrant. */
#ifndef SOLVENT_EXACT_PLACE_H
#define SOLVENT_EXACT_PLACE_H

#include "core/geometry/point_set.h"

/* exact_crossing is where the lines of two segments (x0, y0, x1, y1) meet that are not parallel. */
void exact_crossing(const double p[4], const double q[4], double at[2]);

/* exact_foot is the point of the line through a and b, which differ, that is nearest to c. */
struct point exact_foot(struct point a, struct point b, struct point c);

#endif
