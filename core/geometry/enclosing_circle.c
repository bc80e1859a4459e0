#include "core/geometry/enclosing_circle.h"
#include "core/geometry/exact_sum.h"
#include "core/geometry/hull.h"

#include <math.h>

/* A number of twice the precision: the sum of two doubles. */
struct pair {
    double high, low;
};

/* A corner of the hull as it is, for exact signs, and in the units of all of them, in which nothing overflows, for what
 * is rounded. */
struct corner {
    struct point p, scaled;
    uint32_t index;
};

/* A circle by one, two (a diameter) or three of the corners, the three counter-clockwise. */
struct disk {
    struct corner by[3];
    int n;
    struct pair ux, uy; /* of three: twice the way from the first to the center, in units; NAN where it is not known */
};

static struct exact square_sum(const struct exact *x, const struct exact *y) {
    struct exact e;
    e.n = 0;
    exact_add_scaled(&e, x, x, 1);
    exact_add_scaled(&e, y, y, 1);
    return e;
}

static struct exact cross(const struct exact *a, const struct exact *b, const struct exact *c, const struct exact *d) {
    struct exact e;
    e.n = 0;
    exact_add_scaled(&e, a, b, 1);
    exact_add_scaled(&e, c, d, -1);
    return e;
}

/* quotient of two exact sums, to some 100 bits. */
static struct pair quotient(const struct exact *over, const struct exact *under) {
    double high = exact_value(over) / exact_value(under);
    struct exact rest = *over, one = {.n = 1, .part = {high}};
    exact_add_scaled(&rest, under, &one, -1);
    return (struct pair){high, exact_value(&rest) / exact_value(under)};
}

/* set_center finds twice the way to the center of a circle through three; only the quotients are rounded. */
static void set_center(struct disk *d) {
    struct point o = d->by[0].scaled, p = d->by[1].scaled, q = d->by[2].scaled;
    struct exact bx = exact_difference(p.x, o.x), by = exact_difference(p.y, o.y);
    struct exact cx = exact_difference(q.x, o.x), cy = exact_difference(q.y, o.y);
    struct exact b = square_sum(&bx, &by), c = square_sum(&cx, &cy);
    struct exact x = cross(&cy, &b, &by, &c), y = cross(&bx, &c, &cx, &b), twice = cross(&bx, &cy, &by, &cx);
    d->ux = d->uy = (struct pair){NAN, NAN};
    if (!(fabs(exact_value(&twice)) > 0x1p-700)) /* what underflow took may count */
        return;
    d->ux = quotient(&x, &twice);
    d->uy = quotient(&y, &twice);
}

static inline struct pair difference(double a, double b) {
    double d = a - b, c = a - d;
    return (struct pair){d, (a - (d + c)) + (c - b)};
}

/* times_beyond is q * (q - u), without the last bits. */
static inline struct pair times_beyond(struct pair q, struct pair u) {
    struct pair v = difference(q.high, u.high);
    v.low += q.low - u.low;
    double high = q.high * v.high;
    return (struct pair){high, fma(q.high, v.high, -high) + (q.high * v.low + q.low * v.high)};
}

/* power_sign is that of the power of p with regard to the circle: 1 outside, -1 inside, 0 where 90 bits cannot tell.
 * With q from the first point to p and u twice the way to the center it is q * (q - u). In units that is known to
 * 2^-300 at least, whatever underflows. */
static int power_sign(const struct disk *d, struct point p) {
    struct pair qx = difference(p.x, d->by[0].scaled.x), qy = difference(p.y, d->by[0].scaled.y);
    double size =
        (fabs(qx.high) + fabs(qy.high)) * (fabs(qx.high) + fabs(qy.high) + fabs(d->ux.high) + fabs(d->uy.high));
    double rough = qx.high * (qx.high - d->ux.high) + qy.high * (qy.high - d->uy.high);
    if (fabs(rough) > 0x1p-46 * size + 0x1p-300)
        return rough > 0 ? 1 : -1;
    struct pair x = times_beyond(qx, d->ux), y = times_beyond(qy, d->uy), sum = difference(x.high, -y.high);
    double power = sum.high + (sum.low + (x.low + y.low));
    return fabs(power) > 0x1p-90 * size + 0x1p-300 ? (power > 0 ? 1 : -1) : 0;
}

static bool outside(const struct disk *d, const struct corner *c) {
    const struct corner *by = d->by;
    if (d->n == 1)
        return !point_equal(by[0].p, c->p);
    if (d->n == 2)
        return exact_dot_sign(c->p, by[0].p, c->p, by[1].p) > 0;
    int sign = power_sign(d, c->scaled);
    return sign ? sign > 0 : point_in_circle(&by[0].p, &by[1].p, &by[2].p, &c->p) < 0;
}

static struct disk disk_of(const struct corner *a, const struct corner *b, const struct corner *c) {
    if (!c)
        return (struct disk){.by = {*a, *b}, .n = 2};
    if (point_turn(&a->p, &b->p, &c->p) < 0) {
        const struct corner *swap = b;
        b = c, c = swap;
    }
    struct disk d = {.by = {*a, *b, *c}, .n = 3};
    set_center(&d);
    return d;
}

/* with_two is the smallest circle around the first n corners through a and b. */
static struct disk with_two(const struct corner *at, size_t n, const struct corner *a, const struct corner *b) {
    struct disk d = disk_of(a, b, NULL);
    for (size_t k = 0; k < n; k++)
        if (outside(&d, &at[k]))
            d = disk_of(a, b, &at[k]);
    return d;
}

/* with_one is the smallest circle around the first n corners through a; unfinished where the host wants an end. */
static struct disk with_one(struct ctx *ctx, const struct corner *at, size_t n, const struct corner *a) {
    struct disk d = {.by = {*a}, .n = 1};
    for (size_t k = 0; k < n && !ctx_stop(ctx); k++)
        if (outside(&d, &at[k]))
            d = with_two(at, k, a, &at[k]);
    return d;
}

static enum status smallest(struct ctx *ctx, const struct corner *at, size_t n, struct disk *d) {
    *d = (struct disk){.by = {at[0]}, .n = 1};
    for (size_t k = 1; k < n; k++)
        if (outside(d, &at[k])) {
            *d = with_one(ctx, at, k, &at[k]);
            if (ctx_stop(ctx))
                return ctx_stopped(ctx);
        }
    return STATUS_OK;
}

/* shuffle by SplitMix64 from a fixed seed: the order does not depend on the request. */
static void shuffle(struct corner *at, size_t n) {
    uint64_t state = 0;
    for (size_t i = n; i > 1; i--) {
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        size_t k = (size_t)((z ^ z >> 31) % i);
        struct corner swap = at[i - 1];
        at[i - 1] = at[k], at[k] = swap;
    }
}

/* drop_right_angle leaves the ends of the diameter where the triangle has a right angle. */
static void drop_right_angle(struct disk *d) {
    for (int k = 0; d->n == 3 && k < 3; k++) {
        struct corner a = d->by[k], b = d->by[(k + 1) % 3], c = d->by[(k + 2) % 3];
        if (exact_dot_sign(a.p, b.p, a.p, c.p) == 0)
            *d = (struct disk){.by = {b, c}, .n = 2};
    }
}

static void order_support(struct circle *c) {
    for (size_t i = 1; i < c->n_support; i++)
        for (size_t k = i; k > 0 && c->support[k] < c->support[k - 1]; k--) {
            uint32_t swap = c->support[k];
            c->support[k] = c->support[k - 1], c->support[k - 1] = swap;
        }
}

static struct point middle(struct point a, struct point b) {
    return (struct point){a.x + (b.x - a.x) / 2, a.y + (b.y - a.y) / 2};
}

/* center_of is in units. Three whose center is not known have two that are next to equal: the ends of a diameter are
 * the first that are not. */
static struct point center_of(const struct disk *d) {
    struct point a = d->by[0].scaled, b = d->by[1].scaled, c = d->by[2].scaled;
    if (d->n == 1)
        return a;
    if (d->n == 2)
        return middle(a, b);
    if (isnan(d->ux.high + d->uy.high))
        return middle(a, exact_compare_distances(a, b, a, c) > 0 ? b : c);
    return (struct point){a.x + d->ux.high / 2, a.y + d->uy.high / 2};
}

static struct circle finish(const struct disk *d, const struct corner *at, size_t n, int unit) {
    struct point center = center_of(d);
    struct circle c = {{ldexp(center.x, unit), ldexp(center.y, unit)}, 0, {0}, (size_t)d->n};
    center = point_in_units(c.center, (struct units){unit, unit}); /* as it is given, where rounding took of it */
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double x = at[i].scaled.x - center.x, y = at[i].scaled.y - center.y, square = x * x + y * y;
        most = square > most ? square : most;
    }
    c.radius = ldexp(sqrt(most), unit);
    for (int i = 0; i < d->n; i++)
        c.support[i] = d->by[i].index;
    order_support(&c);
    return c;
}

/* units_of are the same along both axes, of which no coordinate has more than half a one. */
static struct units units_of(const struct corner *at, size_t n) {
    struct point most = {0, 0};
    for (size_t i = 0; i < n; i++)
        most = (struct point){fmax(most.x, fabs(at[i].p.x)), fmax(most.y, fabs(at[i].p.y))};
    struct units units = points_units(&most, 1);
    units.x = units.y = (most.x > most.y ? units.x : units.y) + 2;
    return units;
}

enum status circle_around(struct ctx *ctx, const struct points *points, struct circle *out) {
    struct hull hull;
    enum status status = hull_of(ctx, points, false, NULL, &hull);
    if (status != STATUS_OK)
        return status;
    struct corner *at = ctx_alloc(ctx, hull.n, sizeof *at);
    if (!at)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < hull.n; i++)
        at[i] = (struct corner){points->at[hull.at[i]], {0, 0}, hull.at[i]};
    struct units units = units_of(at, hull.n);
    for (size_t i = 0; i < hull.n; i++)
        at[i].scaled = point_in_units(at[i].p, units);
    shuffle(at, hull.n);
    struct disk disk;
    status = smallest(ctx, at, hull.n, &disk);
    if (status != STATUS_OK)
        return status;
    drop_right_angle(&disk);
    *out = finish(&disk, at, hull.n, units.x);
    return distance_fits(ctx, out->radius);
}
