#include "core/geometry/enclosing_circle.h"
#include "core/geometry/exact_sum.h"
#include "core/geometry/hull.h"

#include <math.h>

/* A number of twice the precision: the sum of two doubles. */
struct pair {
    double high, low;
};

/* A circle by one, two (a diameter) or three of the corners, the three counter-clockwise. */
struct disk {
    struct point by[3];
    uint32_t index[3];
    int n;
    struct pair ux, uy; /* of three: twice the way from the first to the center */
};

struct corner {
    struct point p;
    uint32_t index;
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
    struct point o = d->by[0];
    struct exact bx = exact_difference(d->by[1].x, o.x), by = exact_difference(d->by[1].y, o.y);
    struct exact cx = exact_difference(d->by[2].x, o.x), cy = exact_difference(d->by[2].y, o.y);
    struct exact b = square_sum(&bx, &by), c = square_sum(&cx, &cy);
    struct exact x = cross(&cy, &b, &by, &c), y = cross(&bx, &c, &cx, &b), twice = cross(&bx, &cy, &by, &cx);
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
 * With q from the first point to p and u twice the way to the center it is q * (q - u). */
static int power_sign(const struct disk *d, struct point p) {
    struct pair qx = difference(p.x, d->by[0].x), qy = difference(p.y, d->by[0].y);
    double size =
        (fabs(qx.high) + fabs(qy.high)) * (fabs(qx.high) + fabs(qy.high) + fabs(d->ux.high) + fabs(d->uy.high));
    double rough = qx.high * (qx.high - d->ux.high) + qy.high * (qy.high - d->uy.high);
    if (fabs(rough) > 0x1p-46 * size)
        return rough > 0 ? 1 : -1;
    struct pair x = times_beyond(qx, d->ux), y = times_beyond(qy, d->uy), sum = difference(x.high, -y.high);
    double power = sum.high + (sum.low + (x.low + y.low));
    return fabs(power) > 0x1p-90 * size ? (power > 0 ? 1 : -1) : 0;
}

static bool outside(const struct disk *d, struct point p) {
    if (d->n == 1)
        return !point_equal(d->by[0], p);
    if (d->n == 2)
        return exact_dot_sign(p, d->by[0], p, d->by[1]) > 0;
    int sign = power_sign(d, p);
    return sign ? sign > 0 : point_in_circle(&d->by[0], &d->by[1], &d->by[2], &p) < 0;
}

static struct disk disk_of(const struct corner *a, const struct corner *b, const struct corner *c) {
    if (!c)
        return (struct disk){.by = {a->p, b->p}, .index = {a->index, b->index}, .n = 2};
    if (point_turn(&a->p, &b->p, &c->p) < 0) {
        const struct corner *swap = b;
        b = c, c = swap;
    }
    struct disk d = {.by = {a->p, b->p, c->p}, .index = {a->index, b->index, c->index}, .n = 3};
    set_center(&d);
    return d;
}

/* with_two is the smallest circle around the first n corners through a and b. */
static struct disk with_two(const struct corner *at, size_t n, const struct corner *a, const struct corner *b) {
    struct disk d = disk_of(a, b, NULL);
    for (size_t k = 0; k < n; k++)
        if (outside(&d, at[k].p))
            d = disk_of(a, b, &at[k]);
    return d;
}

/* with_one is the smallest circle around the first n corners through a; unfinished where the host wants an end. */
static struct disk with_one(struct ctx *ctx, const struct corner *at, size_t n, const struct corner *a) {
    struct disk d = {.by = {a->p}, .index = {a->index}, .n = 1};
    for (size_t k = 0; k < n && !ctx_stop(ctx); k++)
        if (outside(&d, at[k].p))
            d = with_two(at, k, a, &at[k]);
    return d;
}

static enum status smallest(struct ctx *ctx, const struct corner *at, size_t n, struct disk *d) {
    *d = (struct disk){.by = {at[0].p}, .index = {at[0].index}, .n = 1};
    for (size_t k = 1; k < n; k++)
        if (outside(d, at[k].p)) {
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
    for (int k = 0; d->n == 3 && k < 3; k++)
        if (exact_dot_sign(d->by[k], d->by[(k + 1) % 3], d->by[k], d->by[(k + 2) % 3]) == 0)
            *d = (struct disk){.by = {d->by[(k + 1) % 3], d->by[(k + 2) % 3]},
                               .index = {d->index[(k + 1) % 3], d->index[(k + 2) % 3]},
                               .n = 2};
}

static void order_support(struct circle *c) {
    for (size_t i = 1; i < c->n_support; i++)
        for (size_t k = i; k > 0 && c->support[k] < c->support[k - 1]; k--) {
            uint32_t swap = c->support[k];
            c->support[k] = c->support[k - 1], c->support[k - 1] = swap;
        }
}

static struct circle finish(const struct disk *d, const struct corner *at, size_t n) {
    struct circle c = {.center = d->by[0], .n_support = (size_t)d->n};
    if (d->n == 2)
        c.center =
            (struct point){d->by[0].x + (d->by[1].x - d->by[0].x) / 2, d->by[0].y + (d->by[1].y - d->by[0].y) / 2};
    else if (d->n == 3)
        c.center = (struct point){d->by[0].x + d->ux.high / 2, d->by[0].y + d->uy.high / 2};
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double x = at[i].p.x - c.center.x, y = at[i].p.y - c.center.y, square = x * x + y * y;
        most = square > most ? square : most;
    }
    c.radius = sqrt(most);
    for (int i = 0; i < d->n; i++)
        c.support[i] = d->index[i];
    order_support(&c);
    return c;
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
        at[i] = (struct corner){points->at[hull.at[i]], hull.at[i]};
    shuffle(at, hull.n);
    struct disk disk;
    status = smallest(ctx, at, hull.n, &disk);
    if (status != STATUS_OK)
        return status;
    drop_right_angle(&disk);
    *out = finish(&disk, at, hull.n);
    return STATUS_OK;
}
