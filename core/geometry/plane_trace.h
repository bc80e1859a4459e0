/* plane_trace.h - the steps of plane geometry for a page to play: plain twins of what the other modules do fast.
 *
 * Each takes what its fast twin takes and a trace that was begun (at most TRACE_MAX_VALUES coordinates), and makes the
 * steps of the textbook's algorithm; `at` are indices of points, if nothing else is said. The steps give the answer of
 * the fast twin: where several answers are right, the same one. Names in quotes are ops, others variables.
 * Cost:    O(n^2) steps at worst, if nothing else is said. Threads: reentrant.
 * Errors of all: NO_MEMORY, CANCELLED, TIMED_OUT. */
#ifndef SOLVENT_PLANE_TRACE_H
#define SOLVENT_PLANE_TRACE_H

#include "core/base/trace.h"
#include "core/geometry/calipers.h"
#include "core/geometry/closest_pair.h"
#include "core/geometry/delaunay.h"
#include "core/geometry/enclosing_circle.h"
#include "core/geometry/intersect.h"
#include "core/geometry/locate.h"
#include "core/geometry/polygon.h"
#include "core/geometry/polygon_triangulation.h"
#include "core/geometry/simplify_line.h"

/* orientation_trace, incircle_trace: n triples (6 doubles) or quadruples (8). "sign" at the triple: the terms of the
 * determinant and the determinant, rounded (null beyond the doubles), and its exact sign. Orientation: left =
 * (ax - cx)(by - cy), right = (ay - cy)(bx - cx). In circle: a_term, b_term, c_term, of the rows of a, b and c with d
 * as the origin. The sign is that with the tolerance eps, 0 for none. */
enum status orientation_trace(struct ctx *ctx, const double *triples, size_t n, double eps, struct trace *t) MUST_CHECK;
enum status incircle_trace(struct ctx *ctx, const double *quadruples, size_t n, double eps, struct trace *t) MUST_CHECK;

/* meeting_trace: points 0, 1 are the ends of p, 2, 3 those of q. "turn" at three points: their sign, four times;
 * "boxes" with meet, 0 or 1; with a tolerance eps > 0 "end" at an end and the ends of the other segment, with within, 0
 * or 1, four times; "meet" at the end points where they meet (at none: inside of both, or nowhere), with
 * kind, detail and, for a point, x and y. */
enum status meeting_trace(struct ctx *ctx, const double p[4], const double q[4], double eps,
                          struct trace *t) MUST_CHECK;

/* meetings_trace sweeps n segments (4 doubles each) from left to right; `at` are segments. "enter" and "leave" as the
 * line passes a segment's ends at x; "test" of two that are both on the line, with meet, 0 or 1. Those that meet are
 * the answer. */
enum status meetings_trace(struct ctx *ctx, const double *segments, size_t n, struct trace *t) MUST_CHECK;

/* polygon_trace: points are counted through all rings, as they were given. "ring" at its first point, with ring; "edge"
 * at its ends, with the cross product around the polygon's first point (twice the area of a triangle) and the length,
 * and the sums of the ring so far, sum and length_sum; "turn" at three corners in a row, with sign; "meet" at the ends
 * of two edges where it is not simple; "area" at last, with the answer's area, signed_area, perimeter, x and y. */
enum status polygon_trace(struct ctx *ctx, const struct rings *rings, const struct polygon_out *out,
                          struct trace *t) MUST_CHECK;

/* locate_trace sends a ray to the right from each of n points. "point" with point; "edge" at the ends of each edge that
 * the ray's height meets, with side (1: the point is left of it, so that the ray crosses; 0: on it; -1: right of it)
 * and crossings so far; "boundary" at the ends of an edge the point lies on, or is at most eps > 0 from; "answer" with point and location. */
enum status locate_trace(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                         struct trace *t) MUST_CHECK;

/* closest_trace divides and conquers. "split" at the first point right of the line x, with the range low .. high of the
 * points in order of x; "strip" with the same line and the distance from it that counts; "compare" of two points, with
 * their distance; "best" where they are closer, or as close with smaller indices. */
enum status closest_trace(struct ctx *ctx, const struct points *points, struct trace *t) MUST_CHECK;

/* farthest_trace, width_trace, rectangle_trace: "corner" at each corner of the hull in order, then the calipers.
 * Farthest: "pair" of opposite corners, with distance. Width: "edge" at its ends and the corner opposite, with width.
 * Rectangle: "edge" at its ends and the corners farthest along it, across it and back, with width, height, area and
 * perimeter. "best" repeats what is better than all before. (All points equal: no "pair" or "edge".) */
enum status farthest_trace(struct ctx *ctx, const struct points *points, struct trace *t) MUST_CHECK;
enum status width_trace(struct ctx *ctx, const struct points *points, struct trace *t) MUST_CHECK;
enum status rectangle_trace(struct ctx *ctx, const struct points *points, bool perimeter, struct trace *t) MUST_CHECK;

/* circle_trace is Welzl's in three loops. "order" at all points, shuffled; "outside" at a point that lies outside of
 * the circle there is; "circle" at the one, two (a diameter) or three points that make the next, with x, y, radius
 * (rounded; null where it is all but a line). At last "circle" with the points and figures of the answer, which is the
 * same circle. Expected O(n) tests. */
enum status circle_trace(struct ctx *ctx, const struct points *points, const struct circle *out,
                         struct trace *t) MUST_CHECK;

/* delaunay_trace inserts the points in order of x, then y. "insert" at a point; "triangle" at the three corners of a
 * new triangle, counter-clockwise; "flip" at a, b, c, d: the triangles a, b, c and a, c, d become a, b, d and b, c, d;
 * sign 1: d lies in the circle of a, b, c; 0: on it, and the answer has the other diagonal. Of equal points the first
 * is inserted. Source: C. L. Lawson, Software for C1 Surface Interpolation, 1977. Memory: 2 n^2 bytes. */
enum status delaunay_trace(struct ctx *ctx, const struct points *points, const struct triangulation *out,
                           struct trace *t) MUST_CHECK;

/* ears_trace cuts the answer's triangles off the outline, which is one ring: there is always one that is an ear.
 * "look" at a corner and its neighbours, the corner in the middle, with turn (1: convex); "blocked" at the three and a
 * corner that stands in their triangle; "pass" at the three, an ear that the answer does not cut here; "ear" at the
 * three: the middle one goes. The last "ear" is what is left. O(n) for each step that is kept. */
enum status ears_trace(struct ctx *ctx, const struct rings *rings, const struct polygon_triangles *out,
                       struct trace *t) MUST_CHECK;

/* simplify_trace. Douglas-Peucker: "segment" at two points of the line (for a closed one its last is point 0 again);
 * "measure" at a point between, with its distance; "keep" at the farthest where that is beyond the tolerance, else
 * "drop" at all between; a closed line may "drop" point 0 at last. Visvalingam: "measure" at three neighbours with the
 * area of the middle one (never below that of the one dropped before); "drop" at the least. What was not dropped
 * stays. kept is the answer. */
enum status simplify_trace(struct ctx *ctx, const struct simplify_in *in, const uint8_t *kept,
                           struct trace *t) MUST_CHECK;

#endif
