/* calipers.h - what two or four parallel lines that turn around a convex hull find: the farthest pair, the least width,
 * the least rectangle.
 *
 * Source:  M. I. Shamos, Computational Geometry, 1978; G. T. Toussaint, Solving Geometric Problems with the Rotating
 *          Calipers, 1983; H. Freeman and R. Shapira, Determining the Minimum-Area Encasing Rectangle, 1975. Which
 *          point a caliper touches is decided exactly.
 * Cost:    O(n log n) for the hull, then O(corners).
 * Ranges:  any finite coordinates. Widths and heights are right to a few units of the last place, or to 2^-900 of the
 *          extent of the points.
 * Threads: reentrant. Errors of all: INVALID (a measure is beyond the greatest double), NO_MEMORY, CANCELLED,
 *          TIMED_OUT. */
#ifndef SOLVENT_CALIPERS_H
#define SOLVENT_CALIPERS_H

#include "core/geometry/hull.h"

struct far_pair {
    double distance; /* to within two units of the last place */
    uint32_t a, b;   /* a < b; of equally far pairs the lexicographically smallest (distances compared exactly) */
};

/* calipers_farthest wants at least two points. */
enum status calipers_farthest(struct ctx *ctx, const struct points *points, struct far_pair *out) MUST_CHECK;

struct width {
    double width;
    uint32_t edge[2]; /* one line goes through these corners of the hull (equal where all points are) */
    uint32_t point;   /* the other through this one */
};

/* calipers_width finds the narrowest strip that holds the points (at least one). Widths are compared rounded; of equal
 * ones the first edge of the hull counts. */
enum status calipers_width(struct ctx *ctx, const struct points *points, struct width *out) MUST_CHECK;

struct rectangle {
    struct point corners[4]; /* counter-clockwise, the first side along the edge */
    double area, perimeter;
    double width, height;   /* along the edge and across it */
    struct point direction; /* of the edge, of length 1; (1, 0) where all points are equal */
    uint32_t edge[2];       /* the edge of the hull that lies on the first side */
};

/* calipers_unit: in units of 2^unit no coordinate is above 1/2, so that differences and their products are finite. */
int calipers_unit(const struct point *at, size_t n);

/* rectangle_on is the one with its first side along a, b (a != b) that touches right, top and left; `edge` is left out.
 * unit is the calipers_unit of them all. */
struct rectangle rectangle_on(struct point a, struct point b, struct point right, struct point top, struct point left,
                              int unit);

/* rectangle_size is the area or half of the perimeter in such units: to compare, where the figures themselves over- or
 * underflow. */
double rectangle_size(const struct rectangle *one, bool perimeter, int unit);

/* calipers_rectangle finds the rectangle of least area or least perimeter around the points (at least one). One side
 * of it lies on an edge of the hull. Rectangles are compared rounded; of equal ones the first edge counts. */
enum status calipers_rectangle(struct ctx *ctx, const struct points *points, bool perimeter,
                               struct rectangle *out) MUST_CHECK;

#endif
