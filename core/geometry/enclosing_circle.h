/* enclosing_circle.h - the smallest circle around points.
 *
 * Source:  E. Welzl, Smallest Enclosing Disks, 1991, in the form of three loops over a fixed shuffle of the hull's
 *          corners. Whether a point lies within a circle is decided exactly.
 * Cost:    O(n log n) for the hull, then O(corners) expected. Threads: reentrant. */
#ifndef SOLVENT_ENCLOSING_CIRCLE_H
#define SOLVENT_ENCLOSING_CIRCLE_H

#include "core/geometry/point_set.h"

struct circle {
    struct point center; /* rounded from the exact one, or to 2^-700 of the extent of the points */
    double radius;       /* the greatest rounded distance of a point from the rounded center */
    uint32_t
        support[3];   /* points on the circle that hold it: the ends of a diameter, or an acute triangle; ascending */
    size_t n_support; /* 1 where all points are equal; 2 or 3 */
};

/* circle_around wants at least one point. Errors: INVALID (the radius is beyond the greatest double), NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status circle_around(struct ctx *ctx, const struct points *points, struct circle *out) MUST_CHECK;

#endif
