/* hull.h - the convex hull of points of the plane.
 *
 * Sources: A. M. Andrew, Another Efficient Algorithm for Convex Hulls in Two Dimensions, 1979 (the chains); S. G. Akl
 *          and G. T. Toussaint, A Fast Convex Hull Algorithm, 1978 (points inside the hull of eight extreme ones are
 *          dropped first). All orientations are exact.
 * Cost:    O(n log n); O(n) where the filter drops most.
 * Threads: reentrant; uses those of ctx for the filter. The same answer for any number. */
#ifndef SOLVENT_HULL_H
#define SOLVENT_HULL_H

#include "core/base/trace.h"
#include "core/geometry/point_set.h"

struct hull {
    uint32_t *at; /* [n] indices of the points, counter-clockwise from the lexicographically smallest */
    size_t n;     /* 0: no points; 1: all are equal; 2: (without `keep`) all are on one line */
};

/* hull_of finds the corners; with `keep` also the points on the edges between corners. Of equal points the first one
 * stands. Points on one line give its two ends, with `keep` all of them from one end to the other. trace (NULL: none)
 * gets the steps of the chains without the filter: "push" and "pop" of indices; what was pushed and not popped is the
 * hull. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status hull_of(struct ctx *ctx, const struct points *points, bool keep, struct trace *trace,
                    struct hull *out) MUST_CHECK;

/* hull_area is the area within, to within a few units of the last place, or 2^-1000 of the greatest x times the
 * greatest y; infinite beyond the greatest double, rounded below the least normal one. */
double hull_area(const struct points *points, const struct hull *hull);

#endif
