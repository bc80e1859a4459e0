/* point_set.h - points of the plane as they come in, checked, and in order.
 *
 * Ranges:  any finite doubles, from the least subnormal to DBL_MAX. The signs below are exact for all of them.
 * Threads: reentrant. */
#ifndef SOLVENT_POINT_SET_H
#define SOLVENT_POINT_SET_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/geometry/predicates.h"

#include <math.h>

struct point {
    double x, y;
};

struct points {
    const struct point *at; /* borrowed from the array */
    size_t n;               /* at most POINTS_MAX */
};

enum { POINTS_MAX = 50 * 1000 * 1000 };

/* points_of takes an array of shape [n][2] of finite reals. `name` is its member in the request ("points"). Errors:
 * INVALID at /<name> (rows that are no pairs; fewer than `least`), TOO_LARGE. O(1). */
enum status points_of(struct ctx *ctx, const struct array *array, const char *name, size_t least,
                      struct points *out) MUST_CHECK;

/* points_range wants coordinates of 0 or a magnitude of 1e-120 to 1e150, for what rounds squares of differences.
 * Errors: INVALID at the coordinate. O(n). */
enum status points_range(struct ctx *ctx, const struct points *points, const char *name) MUST_CHECK;

/* Powers of two to measure along each axis: the greatest magnitude is 1 to 2 units; 0 where all are 0. */
struct units {
    int x, y;
};
struct units points_units(const struct point *at, size_t n);

/* point_in_units is p / 2^units; what falls below 2^-1022 is rounded. */
static inline struct point point_in_units(struct point p, struct units u) {
    return (struct point){ldexp(p.x, -u.x), ldexp(p.y, -u.y)};
}

/* points_order gives the indices of the points ordered by x, then y, then index; O(n log n) at worst, by radix for
 * many. which (may be NULL: all of them, in order) names n of the points, ascending. -0.0 is 0.0. Errors: NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status points_order(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n,
                         uint32_t **order) MUST_CHECK;

static inline bool point_equal(struct point a, struct point b) { return a.x == b.x && a.y == b.y; }

/* point_before orders by x, then y. */
static inline bool point_before(struct point a, struct point b) { return a.x < b.x || (a.x == b.x && a.y < b.y); }

/* point_turn is the sign of the turn a, b, c; 1 to the left. What is clear in doubles is decided in line: 2^-50 of the
 * sizes is more than rounding does, 2^-1000 more than underflow, and where something overflows the bound is
 * infinite. */
static inline int point_turn(const struct point *a, const struct point *b, const struct point *c) {
    double left = (a->x - c->x) * (b->y - c->y), right = (a->y - c->y) * (b->x - c->x);
    double det = left - right, bound = 0x1p-50 * (fabs(left) + fabs(right)) + 0x1p-1000;
    if (det > bound)
        return 1;
    if (-det > bound)
        return -1;
    const double p[2] = {a->x, a->y}, q[2] = {b->x, b->y}, r[2] = {c->x, c->y};
    return orient2d(p, q, r);
}

/* point_in_circle is 1 where d is inside the circle through a, b, c, which turn to the left; 0 on it, -1 outside. */
static inline int point_in_circle(const struct point *a, const struct point *b, const struct point *c,
                                  const struct point *d) {
    const double p[2] = {a->x, a->y}, q[2] = {b->x, b->y}, r[2] = {c->x, c->y}, s[2] = {d->x, d->y};
    return incircle(p, q, r, s);
}

#endif
