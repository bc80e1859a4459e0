/* tolerance.h - the decisions of plane geometry with a tolerance that somebody asks for.
 *
 * eps is a distance in the unit of the coordinates, finite and not negative. Every "at most eps" is decided exactly for
 * the doubles as they are (dyadic.h), so what is farther by the least bit is not within; with eps 0 each function gives
 * what its exact twin gives.
 * Cost:    a few us a decision, a few ns where a filter in doubles can tell. Threads: reentrant. */
#ifndef SOLVENT_TOLERANCE_H
#define SOLVENT_TOLERANCE_H

#include "core/geometry/intersect.h"

/* points_within: whether a and b are at most eps apart. */
bool points_within(const double a[2], const double b[2], double eps);

/* segment_within: whether c is at most eps from the segment (x0, y0, x1, y1; it may be a point). */
bool segment_within(const double s[4], const double c[2], double eps);

/* strip_within: whether n points (2 to 4; x, y each) lie between two parallel lines eps apart. */
bool strip_within(const double *xy, size_t n, double eps);

/* orient2d_within is 0 where a, b, c lie in a strip of width eps: where the least height of their triangle is at most
 * eps; else orient2d. */
int orient2d_within(const double a[2], const double b[2], const double c[2], double eps);

/* incircle_within is 0 where d is at most eps from the circle through a, b, c, and where a, b, c lie on one line at
 * most eps from that line; else incircle. Of a, b, c that are all on one point the sign is 0, as it is exactly. */
int incircle_within(const double a[2], const double b[2], const double c[2], const double d[2], double eps);

/* segments_meet_within: an end lies on a segment that is at most eps away, and two ends at most eps apart are one.
 * OVERLAP: two of the ends that lie on the other segment are more than eps apart; the two farthest apart are its ends.
 * Else ENDPOINT: an end of p and one of q are one. Else TOUCH: an end lies on the other segment. Else PROPER, where
 * they cross. Else GAP, where the four ends lie in a strip of width eps, or APART. So they meet where the distance of
 * the two segments is at most eps. A point that an end stands for is that end: p's before q's, the first before the
 * second. */
struct meeting segments_meet_within(const double p[4], const double q[4], double eps);

#endif
