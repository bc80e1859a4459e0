#include "core/geometry/calipers.h"
#include "core/geometry/exact_sum.h"

#include <math.h>

/* The corners in order, without the indices between. */
struct ring {
    struct point *at;
    const uint32_t *index;
    size_t n;
    int unit; /* calipers_unit */
};

int calipers_unit(const struct point *at, size_t n) {
    struct units units = points_units(at, n);
    return (units.x > units.y ? units.x : units.y) + 2;
}

static enum status ring_of(struct ctx *ctx, const struct points *points, struct ring *ring) {
    struct hull hull;
    enum status status = hull_of(ctx, points, false, NULL, &hull);
    if (status != STATUS_OK)
        return status;
    *ring = (struct ring){ctx_alloc(ctx, hull.n, sizeof *ring->at), hull.at, hull.n, 0};
    for (size_t i = 0; ring->at && i < hull.n; i++)
        ring->at[i] = points->at[hull.at[i]];
    if (!ring->at)
        return STATUS_NO_MEMORY;
    ring->unit = calipers_unit(ring->at, ring->n);
    return STATUS_OK;
}

static inline size_t after(const struct ring *r, size_t i) { return i + 1 == r->n ? 0 : i + 1; }

/* turn_of is the sign of the cross product of the edges that begin at i and k. */
static int turn_of(const struct ring *r, size_t i, size_t k) {
    return exact_cross_sign(r->at[i], r->at[after(r, i)], r->at[k], r->at[after(r, k)]);
}

struct best_pair {
    size_t i, k;
    uint32_t a, b;
    bool any;
};

/* try_pair takes a pair that is farther, or as far with smaller indices. */
static void try_pair(const struct ring *r, struct best_pair *best, size_t i, size_t k) {
    uint32_t a = r->index[i] < r->index[k] ? r->index[i] : r->index[k], b = r->index[i] ^ r->index[k] ^ a;
    int sign = best->any ? exact_compare_distances(r->at[i], r->at[k], r->at[best->i], r->at[best->k]) : 1;
    if (sign > 0 || (sign == 0 && (a < best->a || (a == best->a && b < best->b))))
        *best = (struct best_pair){i, k, a, b, true};
}

/* all_antipodal visits the pairs of corners with parallel lines of support: i goes from the least corner to the
 * greatest, k from the greatest on to the least. Of the four pairs of two parallel edges it visits the diagonals,
 * which are longer than the others. */
static void all_antipodal(const struct ring *r, struct best_pair *best) {
    size_t last = 0;
    for (size_t i = 1; i < r->n; i++)
        if (point_before(r->at[last], r->at[i]))
            last = i;
    size_t i = 0, k = last;
    try_pair(r, best, i, k);
    while (i != last || k != 0) {
        /* The edge at k points back: the cross product of the two is negative where i's edge comes first. */
        int sign = i == last ? 1 : k == 0 ? -1 : turn_of(r, i, k);
        i = sign <= 0 ? after(r, i) : i;
        k = sign >= 0 ? after(r, k) : k;
        try_pair(r, best, i, k);
    }
}

enum status calipers_farthest(struct ctx *ctx, const struct points *points, struct far_pair *out) {
    struct ring ring;
    enum status status = ring_of(ctx, points, &ring);
    if (status != STATUS_OK)
        return status;
    if (ring.n < 2) {
        *out = (struct far_pair){0, 0, 1};
        return STATUS_OK;
    }
    struct best_pair best = {0};
    all_antipodal(&ring, &best);
    *out = (struct far_pair){exact_distance(ring.at[best.i], ring.at[best.k]), best.a, best.b};
    return distance_fits(ctx, out->distance);
}

enum status calipers_width(struct ctx *ctx, const struct points *points, struct width *out) {
    struct ring ring;
    enum status status = ring_of(ctx, points, &ring);
    if (status != STATUS_OK)
        return status;
    *out = (struct width){0, {ring.index[0], ring.index[ring.n - 1]}, ring.index[0]};
    if (ring.n < 3)
        return STATUS_OK;
    out->width = INFINITY;
    for (size_t i = 0, k = 1; i < ring.n; i++) {
        if (k == i)
            k = after(&ring, k);
        while (turn_of(&ring, i, k) > 0 || k == i)
            k = after(&ring, k);
        double width = exact_height(ring.at[i], ring.at[after(&ring, i)], ring.at[k]);
        if (width < out->width)
            *out = (struct width){width, {ring.index[i], ring.index[after(&ring, i)]}, ring.index[k]};
    }
    return distance_fits(ctx, out->width);
}

double rectangle_size(const struct rectangle *one, bool perimeter, int unit) {
    double width = ldexp(one->width, -unit), height = ldexp(one->height, -unit);
    return perimeter ? width + height : width * height;
}

/* along is how far p is from `from` in a direction, in units of 2^unit. */
static double along(struct point from, struct point p, struct point direction, int unit) {
    const struct units units = {unit, unit};
    struct point a = point_in_units(from, units), b = point_in_units(p, units);
    return (b.x - a.x) * direction.x + (b.y - a.y) * direction.y;
}

struct rectangle rectangle_on(struct point a, struct point b, struct point right, struct point top, struct point left,
                              int unit) {
    struct point u = exact_direction(a, b);
    double least = along(a, left, u, unit), most = along(a, right, u, unit), width = ldexp(most - least, unit);
    least = ldexp(least, unit), most = ldexp(most, unit);
    double height = exact_height(a, b, top);
    struct point from = {a.x + u.x * least, a.y + u.y * least}, to = {a.x + u.x * most, a.y + u.y * most};
    struct point up = {-u.y * height, u.x * height};
    return (struct rectangle){.corners = {from, to, {to.x + up.x, to.y + up.y}, {from.x + up.x, from.y + up.y}},
                              .area = width * height,
                              .perimeter = 2 * (width + height),
                              .width = width,
                              .height = height,
                              .direction = u};
}

static struct rectangle rectangle_at(const struct ring *r, size_t i, size_t right, size_t top, size_t left) {
    size_t next = after(r, i);
    struct rectangle one = rectangle_on(r->at[i], r->at[next], r->at[right], r->at[top], r->at[left], r->unit);
    one.edge[0] = r->index[i], one.edge[1] = r->index[next];
    return one;
}

static enum status rectangle_fits(struct ctx *ctx, const struct rectangle *one) {
    enum status status = distance_fits(ctx, one->perimeter);
    if (status == STATUS_OK)
        status = distance_fits(ctx, one->area);
    for (int k = 0; k < 4 && status == STATUS_OK; k++)
        status = distance_fits(ctx, fabs(one->corners[k].x) + fabs(one->corners[k].y));
    return status;
}

/* advance moves a caliper to the corner where the edge's direction stops growing by `sign` of its dot product. */
static size_t advance(const struct ring *r, size_t i, size_t k, int sign) {
    for (size_t steps = 0; steps < r->n; steps++) {
        if (exact_dot_sign(r->at[i], r->at[after(r, i)], r->at[k], r->at[after(r, k)]) * sign <= 0)
            return k;
        k = after(r, k);
    }
    return k;
}

enum status calipers_rectangle(struct ctx *ctx, const struct points *points, bool perimeter, struct rectangle *out) {
    struct ring ring;
    enum status status = ring_of(ctx, points, &ring);
    if (status != STATUS_OK)
        return status;
    struct point a = ring.at[0];
    *out = (struct rectangle){.corners = {a, a, a, a}, .direction = {1, 0}, .edge = {ring.index[0], ring.index[0]}};
    if (ring.n == 2)
        *out = rectangle_at(&ring, 0, 1, 0, 0);
    if (ring.n < 3)
        return rectangle_fits(ctx, out);
    double least = INFINITY;
    size_t right = 0, top = 0, left = 0;
    for (size_t i = 0; i < ring.n; i++) {
        right = advance(&ring, i, i == 0 ? 1 : right == i ? after(&ring, i) : right, 1);
        if (i == 0)
            top = right;
        while (turn_of(&ring, i, top) > 0)
            top = after(&ring, top);
        if (i == 0)
            left = top;
        left = advance(&ring, i, left, -1);
        struct rectangle one = rectangle_at(&ring, i, right, top, left);
        double size = rectangle_size(&one, perimeter, ring.unit);
        if (i == 0 || size < least)
            *out = one, least = size;
    }
    return rectangle_fits(ctx, out);
}
