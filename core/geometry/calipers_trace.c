#include "core/geometry/exact_sum.h"
#include "core/geometry/plane_trace.h"

/* The corners of the hull in order. */
struct corners {
    const struct point *at;
    struct hull hull;
    struct trace *t;
};

static size_t after(const struct corners *c, size_t i) { return i + 1 == c->hull.n ? 0 : i + 1; }
static uint32_t index_of(const struct corners *c, size_t i) { return c->hull.at[i]; }
static struct point point_of(const struct corners *c, size_t i) { return c->at[c->hull.at[i]]; }

static enum status begin(struct ctx *ctx, const struct points *points, struct trace *t, struct corners *c) {
    *c = (struct corners){.at = points->at, .t = t};
    enum status status = hull_of(ctx, points, false, NULL, &c->hull);
    for (size_t i = 0; status == STATUS_OK && i < c->hull.n; i++)
        trace_add(t, "corner", TRACE_AT(index_of(c, i)), NULL, TRACE_NO_VARS);
    return status;
}

/* turn and dot: the sign of the cross and of the dot product of the edges that begin at i and k. */
static int turn(const struct corners *c, size_t i, size_t k) {
    return exact_cross_sign(point_of(c, i), point_of(c, after(c, i)), point_of(c, k), point_of(c, after(c, k)));
}
static int dot(const struct corners *c, size_t i, size_t k) {
    return exact_dot_sign(point_of(c, i), point_of(c, after(c, i)), point_of(c, k), point_of(c, after(c, k)));
}

static void pair(const struct corners *c, size_t i, size_t k, struct far_pair *best) {
    uint32_t a = index_of(c, i), b = index_of(c, k), low = a < b ? a : b, high = a < b ? b : a;
    const struct trace_var distance = {"distance", trace_real(exact_distance(c->at[a], c->at[b]))};
    trace_add(c->t, "pair", TRACE_AT(low, high), NULL, &distance, 1);
    bool first = best->a == best->b;
    int sign = first ? 1 : exact_compare_distances(c->at[a], c->at[b], c->at[best->a], c->at[best->b]);
    if (sign < 0 || (sign == 0 && (low > best->a || (low == best->a && high >= best->b))))
        return;
    *best = (struct far_pair){0, low, high};
    trace_add(c->t, "best", TRACE_AT(low, high), NULL, &distance, 1);
}

/* farthest_trace: one line of support goes from the least corner to the greatest, the other on to the least. */
enum status farthest_trace(struct ctx *ctx, const struct points *points, struct trace *t) {
    struct corners c;
    struct far_pair best = {0};
    enum status status = begin(ctx, points, t, &c);
    if (status != STATUS_OK || c.hull.n < 2)
        return status;
    size_t last = 0, i = 0;
    for (size_t m = 1; m < c.hull.n; m++)
        if (point_before(point_of(&c, last), point_of(&c, m)))
            last = m;
    size_t k = last;
    pair(&c, i, k, &best);
    while (i != last || k != 0) {
        int sign = i == last ? 1 : k == 0 ? -1 : turn(&c, i, k);
        i = sign <= 0 ? after(&c, i) : i;
        k = sign >= 0 ? after(&c, k) : k;
        pair(&c, i, k, &best);
    }
    return trace_end(t);
}

/* highest goes on from corner k to the one farthest from the edge at i. */
static size_t highest(const struct corners *c, size_t i, size_t k) {
    while (k == i || turn(c, i, k) > 0)
        k = after(c, k);
    return k;
}

static void note_width(const struct corners *c, const char *op, size_t i, size_t k, double width) {
    trace_add(c->t, op, TRACE_AT(index_of(c, i), index_of(c, after(c, i)), index_of(c, k)), NULL,
              TRACE_VARS({"width", trace_real(width)}));
}

enum status width_trace(struct ctx *ctx, const struct points *points, struct trace *t) {
    struct corners c;
    double best = INFINITY;
    enum status status = begin(ctx, points, t, &c);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0, k = 1; c.hull.n > 2 && i < c.hull.n; i++) {
        k = highest(&c, i, k);
        double width = exact_height(point_of(&c, i), point_of(&c, after(&c, i)), point_of(&c, k));
        note_width(&c, "edge", i, k, width);
        if (width < best)
            note_width(&c, "best", i, k, width);
        best = width < best ? width : best;
    }
    return trace_end(t);
}

static void note_rectangle(const struct corners *c, const char *op, const size_t corner[5], const struct rectangle *r) {
    int64_t at[5];
    for (size_t k = 0; k < 5; k++)
        at[k] = index_of(c, corner[k]);
    trace_add(c->t, op, at, 5, NULL,
              TRACE_VARS({"width", trace_real(r->width)}, {"height", trace_real(r->height)},
                         {"area", trace_real(r->area)}, {"perimeter", trace_real(r->perimeter)}));
}

/* advance goes on from corner k while that leads on along the edge at i (sign 1) or back (-1). */
static size_t advance(const struct corners *c, size_t i, size_t k, int sign) {
    for (size_t steps = 0; steps < c->hull.n && dot(c, i, k) * sign > 0; steps++)
        k = after(c, k);
    return k;
}

enum status rectangle_trace(struct ctx *ctx, const struct points *points, bool perimeter, struct trace *t) {
    struct corners c;
    double best = INFINITY;
    enum status status = begin(ctx, points, t, &c);
    if (status != STATUS_OK || c.hull.n < 2)
        return status;
    /* Two corners are an edge that has all the extent, and nothing across. */
    int unit = calipers_unit(points->at, points->n); /* as of the corners: they have the extremes */
    size_t edges = c.hull.n == 2 ? 1 : c.hull.n, right = 1, top = 0, left = 0;
    for (size_t i = 0; i < edges; i++) {
        if (c.hull.n > 2) {
            right = advance(&c, i, right == i ? after(&c, i) : right, 1);
            top = highest(&c, i, i ? top : right);
            left = advance(&c, i, i ? left : top, -1);
        }
        const size_t corner[5] = {i, after(&c, i), right, top, left};
        struct rectangle one = rectangle_on(point_of(&c, i), point_of(&c, corner[1]), point_of(&c, right),
                                            point_of(&c, top), point_of(&c, left), unit);
        double size = rectangle_size(&one, perimeter, unit);
        note_rectangle(&c, "edge", corner, &one);
        if (size < best)
            note_rectangle(&c, "best", corner, &one);
        best = size < best ? size : best;
    }
    return trace_end(t);
}
