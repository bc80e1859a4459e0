/* exact_sum.h - sums of products of doubles without any rounding, for signs and for values that are rounded once.
 *
 * A sum is a list of doubles that do not overlap, the smallest first; adding keeps it exact.
 * Source:  J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates, 1997,
 *          section 2 (Two-Sum, Two-Product, Grow-Expansion).
 * Ranges:  a sum is exact as long as no product overflows or falls below 2^-1022; callers scale or check. The signs and
 *          distances of points at the end are so for all finite coordinates.
 * Cost:    adding is O(parts). Threads: reentrant. */
#ifndef SOLVENT_EXACT_SUM_H
#define SOLVENT_EXACT_SUM_H

#include "core/geometry/point_set.h"

/* A product of two sums of 4 parts, and sums of a few of those, have room. */
enum { EXACT_PARTS = 192 };

struct exact {
    int n;
    double part[EXACT_PARTS];
};

void exact_add(struct exact *e, double x);

/* exact_add_product adds a * b. */
void exact_add_product(struct exact *e, double a, double b);

/* exact_add_scaled adds f * g * scale for whole sums f and g; scale is a power of two or its negative. */
void exact_add_scaled(struct exact *e, const struct exact *f, const struct exact *g, double scale);

/* exact_difference is a - b. */
struct exact exact_difference(double a, double b);

int exact_sign(const struct exact *e);

/* exact_value is the sum, to within two units of the last place. */
double exact_value(const struct exact *e);

/* Signs of expressions in the differences of four points: the cross and the dot product of (b - a) and (d - c). */
int exact_cross_sign(struct point a, struct point b, struct point c, struct point d);
int exact_dot_sign(struct point a, struct point b, struct point c, struct point d);

/* exact_compare_distances is the sign of |ab| - |cd|. */
int exact_compare_distances(struct point a, struct point b, struct point c, struct point d);

/* exact_distance is |ab|, to within two units of the last place; infinite beyond the greatest double. */
double exact_distance(struct point a, struct point b);

/* exact_direction is (b - a) / |ab| for a and b that differ, rounded. */
struct point exact_direction(struct point a, struct point b);

/* exact_height is the distance of c from the line through a and b, which differ; negative to its right. To within a few
 * units of the last place, or 2^-1000 of |ac|; infinite beyond the greatest double. */
double exact_height(struct point a, struct point b, struct point c);

/* distance_fits fails with INVALID where a measure of points came out infinite. */
enum status distance_fits(struct ctx *ctx, double distance) MUST_CHECK;

#endif
