/* simplify_line.h - a line with fewer points.
 *
 * Sources: D. Douglas and T. Peucker, Algorithms for the Reduction of the Number of Points, 1973 (farthest point from
 *          the segment); M. Visvalingam and J. Whyatt, Line Generalisation by Repeated Elimination of Points, 1993
 *          (least triangle first). Distances and areas are rounded doubles.
 * Cost:    Visvalingam O(n log n). Douglas-Peucker O(n log n) where the stretches are cut near their middles; where they
 *          are not, farthest.h finds the cuts, in about O(log n) each on every shape tried (zigzags, combs, spirals,
 *          noise); no bound below O(n^2) is proved.
 * Threads: reentrant. */
#ifndef SOLVENT_SIMPLIFY_LINE_H
#define SOLVENT_SIMPLIFY_LINE_H

#include "core/geometry/point_set.h"

enum simplify_algorithm { SIMPLIFY_DOUGLAS_PEUCKER, SIMPLIFY_VISVALINGAM };

struct simplify_in {
    struct points points; /* at least one; closed: the last point is joined to the first, which is not repeated */
    double tolerance;     /* >= 0 */
    bool closed;
    enum simplify_algorithm algorithm;
};

/* triangle_area is that of a, b, c, rounded. */
double triangle_area(struct point a, struct point b, struct point c);

/* simplify_line marks the points that stay: kept[i] is 1 or 0.
 * Douglas-Peucker keeps what is farther than `tolerance` from the simplified line (a segment, ends included). A stretch
 * is cut at its farthest point, the first of those whose squared distances agree to 24 bits; where that is about the
 * tolerance itself, at the first point beyond it. Open: the
 * ends stay. Closed: the line runs from point 0 around to point 0, which itself goes at last where it is within the
 * tolerance of its neighbours' segment and more than three points are left.
 * Visvalingam drops, as long as there are any, the point whose triangle with its neighbours is least and below
 * tolerance^2 in area; the first of equal ones. Open: the ends stay. Closed: three points stay.
 * Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status simplify_line(struct ctx *ctx, const struct simplify_in *in, uint8_t **kept) MUST_CHECK;

#endif
