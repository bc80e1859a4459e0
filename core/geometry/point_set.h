/* point_set.h - points of the plane as they come in, checked, and in order.
 *
 * Exact predicates are exact while no product of coordinate differences overflows or underflows. So coordinates are
 * 0 or have a magnitude in a range that depends on the degree of what is computed: 1e-120 .. 1e150 for degree 2
 * (orientation, squared distances), 1e-60 .. 1e75 for degree 4 (circles).
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

/* points_of takes an array of shape [n][2] of finite reals. `name` is its member in the request ("points"), degree 2
 * or 4. Errors: INVALID at /<name> (rows that are no pairs; fewer than `least`) or at the coordinate that is out of
 * range; TOO_LARGE. O(n). */
enum status points_of(struct ctx *ctx, const struct array *array, const char *name, size_t least, int degree,
                      struct points *out) MUST_CHECK;

/* points_order gives the indices of the points ordered by x, then y, then index; O(n log n) at worst, by radix for
 * many. which (may be NULL: all of them, in order) names n of the points, ascending. -0.0 is 0.0. Errors: NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status points_order(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n,
                         uint32_t **order) MUST_CHECK;

static inline bool point_equal(struct point a, struct point b) { return a.x == b.x && a.y == b.y; }

/* point_before orders by x, then y. */
static inline bool point_before(struct point a, struct point b) { return a.x < b.x || (a.x == b.x && a.y < b.y); }

/* point_turn is the sign of the turn a, b, c; 1 to the left. What is clear in doubles is decided in line. */
static inline int point_turn(const struct point *a, const struct point *b, const struct point *c) {
    double left = (a->x - c->x) * (b->y - c->y), right = (a->y - c->y) * (b->x - c->x);
    double det = left - right, bound = 0x1p-50 * (fabs(left) + fabs(right));
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
