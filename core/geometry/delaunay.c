#include "core/geometry/delaunay.h"
#include "core/geometry/kd_order.h"

#include <math.h>

/* A directed edge; its reverse is its index with the last bit flipped. `next` and `last` are the edges of the same
 * origin that follow counter-clockwise and clockwise. */
struct edge {
    uint32_t next, last, origin;
};

enum { NOTHING = UINT32_MAX };

struct mesh {
    struct ctx *ctx;
    const struct kd_point *at;
    struct edge *edges;
    uint32_t n_edges, unused; /* edges ever made; a list of deleted ones through `next` */
};

static inline uint32_t reverse(uint32_t e) { return e ^ 1; }
static inline uint32_t origin(const struct mesh *m, uint32_t e) { return m->edges[e].origin; }
static inline uint32_t target(const struct mesh *m, uint32_t e) { return m->edges[e ^ 1].origin; }

/* left_next is the next edge of the face on the left; right_last the one before in the face on the right. */
static inline uint32_t left_next(const struct mesh *m, uint32_t e) { return m->edges[e ^ 1].last; }
static inline uint32_t right_last(const struct mesh *m, uint32_t e) { return m->edges[e ^ 1].next; }

static inline int turn(const struct mesh *m, uint32_t i, uint32_t k, uint32_t l) {
    return point_turn(&m->at[i].p, &m->at[k].p, &m->at[l].p);
}

/* in_circle: whether l is strictly inside the circle through i, k, j, which turn counter-clockwise. With squares below
 * 2^500 underflow takes less than 2^-500, and nothing overflows. */
static inline bool in_circle(const struct mesh *m, uint32_t i, uint32_t j, uint32_t k, uint32_t l) {
    const struct point *a = &m->at[i].p, *b = &m->at[j].p, *c = &m->at[k].p, *d = &m->at[l].p;
    double ax = a->x - d->x, ay = a->y - d->y, bx = b->x - d->x, by = b->y - d->y, cx = c->x - d->x, cy = c->y - d->y;
    double bc = bx * cy, cb = cx * by, ca = cx * ay, ac = ax * cy, ab = ax * by, ba = bx * ay;
    double aa = ax * ax + ay * ay, bb = bx * bx + by * by, cc = cx * cx + cy * cy;
    double det = aa * (bc - cb) + bb * (ca - ac) + cc * (ab - ba);
    double size = aa * (fabs(bc) + fabs(cb)) + bb * (fabs(ca) + fabs(ac)) + cc * (fabs(ab) + fabs(ba));
    if (fabs(det) > 0x1p-48 * size + 0x1p-500 && aa + bb + cc < 0x1p500)
        return det > 0;
    return point_in_circle(a, b, c, d) > 0;
}

static uint32_t make_edge(struct mesh *m, uint32_t from, uint32_t to) {
    uint32_t e = m->unused;
    if (e == NOTHING) {
        e = m->n_edges;
        m->n_edges += 2;
    } else {
        m->unused = m->edges[e].next;
    }
    m->edges[e] = (struct edge){e, e, from};
    m->edges[e ^ 1] = (struct edge){e ^ 1, e ^ 1, to};
    return e;
}

/* put_after makes e, alone at its origin, follow `before` counter-clockwise. */
static void put_after(struct mesh *m, uint32_t before, uint32_t e) {
    uint32_t next = m->edges[before].next;
    m->edges[e].next = next;
    m->edges[e].last = before;
    m->edges[next].last = e;
    m->edges[before].next = e;
}

/* connect makes an edge from the target of a to the origin of b that has the left face of both on its left. */
static uint32_t connect(struct mesh *m, uint32_t a, uint32_t b) {
    uint32_t e = make_edge(m, target(m, a), origin(m, b));
    put_after(m, left_next(m, a), e);
    put_after(m, b, e ^ 1);
    return e;
}

static void delete_edge(struct mesh *m, uint32_t e) {
    for (int side = 0; side < 2; side++, e ^= 1) {
        m->edges[m->edges[e].next].last = m->edges[e].last;
        m->edges[m->edges[e].last].next = m->edges[e].next;
    }
    e &= ~(uint32_t)1;
    m->edges[e].origin = m->edges[e ^ 1].origin = NOTHING;
    m->edges[e].next = m->unused;
    m->unused = e;
}

/* two_or_three triangulates the last step of the division and gives an edge of the hull, outside on its right. */
static uint32_t two_or_three(struct mesh *m, uint32_t from, size_t n) {
    uint32_t a = make_edge(m, from, from + 1);
    if (n == 2)
        return a;
    uint32_t b = make_edge(m, from + 1, from + 2);
    put_after(m, a ^ 1, b);
    int sign = turn(m, from, from + 1, from + 2);
    if (sign == 0)
        return a;
    (void)connect(m, b, a);
    return sign > 0 ? a : reverse(a);
}

/* extreme walks around the hull from e to the edge that leaves the last (or first) corner along an axis. */
static uint32_t extreme(const struct mesh *m, uint32_t e, int axis, bool last) {
    uint32_t best = e;
    for (uint32_t k = right_last(m, e); k != e; k = right_last(m, k)) {
        struct point p = m->at[origin(m, k)].p, q = m->at[origin(m, best)].p;
        if (last ? kd_before(axis, q, p) : kd_before(axis, p, q))
            best = k;
    }
    return best;
}

/* lower_tangent connects two hulls by the edge, from right to left, that has both on its right. */
static uint32_t lower_tangent(struct mesh *m, uint32_t left, uint32_t right) {
    for (;;) {
        if (turn(m, origin(m, right), origin(m, left), target(m, left)) > 0)
            left = left_next(m, left);
        else if (turn(m, origin(m, left), target(m, right), origin(m, right)) > 0)
            right = right_last(m, right);
        else
            return connect(m, reverse(right), left);
    }
}

/* A candidate is worth a look where its target is above the base. */
static inline bool above(const struct mesh *m, uint32_t base, uint32_t e) {
    return turn(m, target(m, e), target(m, base), origin(m, base)) > 0;
}

static uint32_t left_candidate(struct mesh *m, uint32_t base) {
    uint32_t e = m->edges[base ^ 1].next;
    if (!above(m, base, e))
        return NOTHING;
    for (uint32_t next;
         next = m->edges[e].next, in_circle(m, target(m, base), origin(m, base), target(m, e), target(m, next));
         e = next)
        delete_edge(m, e);
    return e;
}

static uint32_t right_candidate(struct mesh *m, uint32_t base) {
    uint32_t e = m->edges[base].last;
    if (!above(m, base, e))
        return NOTHING;
    for (uint32_t last;
         last = m->edges[e].last, in_circle(m, target(m, base), origin(m, base), target(m, e), target(m, last));
         e = last)
        delete_edge(m, e);
    return e;
}

/* merge sews two triangulations that a line across `axis` separates; l and r are edges of their hulls. */
static uint32_t merge(struct mesh *m, uint32_t l, uint32_t r, int axis) {
    l = m->edges[extreme(m, l, axis, true)].last;
    r = extreme(m, r, axis, false);
    uint32_t base = lower_tangent(m, l, r), outer = reverse(base);
    for (;;) {
        uint32_t left = left_candidate(m, base), right = right_candidate(m, base);
        if (left == NOTHING && right == NOTHING)
            return outer;
        if (left == NOTHING ||
            (right != NOTHING && in_circle(m, target(m, left), origin(m, left), origin(m, right), target(m, right))))
            base = connect(m, right, reverse(base));
        else
            base = connect(m, reverse(base), reverse(left));
    }
}

/* solve triangulates n points from `from`; *hull gets an edge of the hull with the outside on its right. */
static enum status solve(struct mesh *m, uint32_t from, size_t n, int axis, uint32_t *hull) {
    if (n <= 3) {
        *hull = two_or_three(m, from, n);
        return STATUS_OK;
    }
    if (n > 1 << 16 && ctx_stop(m->ctx))
        return ctx_stopped(m->ctx);
    uint32_t left, right;
    enum status status = solve(m, from, n / 2, !axis, &left);
    if (status == STATUS_OK)
        status = solve(m, from + (uint32_t)(n / 2), n - n / 2, !axis, &right);
    if (status == STATUS_OK)
        *hull = merge(m, left, right, axis);
    return status;
}

/* take_triangle writes the face left of e and marks its edges as done, by an origin of NOTHING in `done`. */
static void take_triangle(const struct mesh *m, uint32_t e, uint8_t *done, int64_t *to) {
    uint32_t corner[3];
    int least = 0;
    for (int k = 0; k < 3; k++, e = left_next(m, e)) {
        done[e] = 1;
        corner[k] = m->at[origin(m, e)].index;
        least = corner[k] < corner[least] ? k : least;
    }
    for (int k = 0; k < 3; k++)
        to[k] = corner[(least + k) % 3];
}

static enum status collect(const struct mesh *m, uint32_t hull, size_t n, struct triangulation *out) {
    uint8_t *done = ctx_zalloc(m->ctx, m->n_edges, 1);
    out->at = ctx_alloc(m->ctx, 2 * n, 3 * sizeof *out->at);
    if (!done || !out->at)
        return STATUS_NO_MEMORY;
    uint32_t e = reverse(hull);
    do {
        done[e] = 1;
        e = left_next(m, e);
    } while (e != reverse(hull));
    for (e = 0; e < m->n_edges; e++)
        if (!done[e] && origin(m, e) != NOTHING)
            take_triangle(m, e, done, out->at + 3 * out->n++);
    return STATUS_OK;
}

/* distinct_points takes the points by x, the first of equal ones. */
static enum status distinct_points(struct ctx *ctx, const struct points *points, struct kd_point **out, size_t *n) {
    uint32_t *order;
    struct kd_point *at = *out = ctx_alloc(ctx, points->n, sizeof *at);
    if (!at)
        return STATUS_NO_MEMORY;
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = points_order(ctx, points->at, NULL, points->n, &order);
    *n = 0;
    for (size_t i = 0; status == STATUS_OK && i < points->n; i++)
        if (*n == 0 || !point_equal(points->at[order[i]], at[*n - 1].p))
            at[(*n)++] = (struct kd_point){points->at[order[i]], order[i]};
    ctx_rewind(ctx, mark);
    return status;
}

enum status delaunay_of(struct ctx *ctx, const struct points *points, struct triangulation *out) {
    struct kd_point *at;
    size_t n;
    *out = (struct triangulation){0};
    enum status status = distinct_points(ctx, points, &at, &n);
    if (status != STATUS_OK)
        return status;
    out->distinct = n;
    if (n < 3)
        return STATUS_OK;
    status = kd_order(ctx, at, n);
    if (status != STATUS_OK)
        return status;
    /* A planar graph has at most 3 n - 6 edges; a merge deletes before it has made more. */
    struct mesh m = {ctx, at, ctx_alloc(ctx, 6 * n, sizeof *m.edges), 0, NOTHING};
    if (!m.edges)
        return STATUS_NO_MEMORY;
    uint32_t hull;
    status = solve(&m, 0, n, 0, &hull);
    return status == STATUS_OK ? collect(&m, hull, n, out) : status;
}
