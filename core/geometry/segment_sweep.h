/* segment_sweep.h - all pairs of segments that have a point in common, one after the other.
 *
 * Source:  J. L. Bentley and T. A. Ottmann, Algorithms for Reporting and Counting Geometric Intersections, 1979, with
 *          the events of E. W. Myers, An O(E log E + I) Expected Time Algorithm for the Planar Segment Intersection
 *          Problem, 1985, and J.-D. Boissonnat and J. Snoeyink, Efficient Algorithms for Line and Curve Segment
 *          Intersection Using Restricted Predicates, 1999: only ends of segments are events, in exact order by x, then
 *          y. Before each one, neighbours that have changed sides by then change places, in any order: as many times as
 *          segments cross there. So no crossing is ever computed or compared with another.
 * Exact:   whatever the input: equal, overlapping, vertical, empty segments, many through one point. The predicates are
 *          orient2d and order_at.
 * Cost:    O((n + k) log n) for k pairs, about 1 us an end and 0.3 us a pair. Memory: 250 bytes a segment.
 * Threads: reentrant. Same input, same pairs in the same order. */
#ifndef SOLVENT_SEGMENT_SWEEP_H
#define SOLVENT_SEGMENT_SWEEP_H

#include "core/base/ctx.h"

/* What is done with a pair, i < j; anything but OK ends the sweep, which gives it back. */
typedef enum status segment_visit(void *self, size_t i, size_t j);

/* segment_sweep visits every pair of n segments (x0, y0, x1, y1) that meet once.
 * Errors: TOO_LARGE (2^31 segments), NO_MEMORY, CANCELLED, TIMED_OUT, and those of visit(). */
enum status segment_sweep(struct ctx *ctx, const double *segments, size_t n, segment_visit *visit,
                          void *self) MUST_CHECK;

#endif
