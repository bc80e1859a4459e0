#include "core/geometry/delaunay.h"
#include "core/geometry/kd_order.h"

#include <math.h>

/* A directed edge; its reverse is its index with the last bit flipped. `next` and `last` are the edges of the same
 * origin that follow counter-clockwise and clockwise. */
struct edge {
    uint32_t next, last, origin;
};

enum { NOTHING = UINT32_MAX };

/* The triangulation of some of the points. Edges that are not used lie in a list through `next` and have no origin.
 * Meshes of other points may be worked on at the same time. */
struct mesh {
    struct ctx *ctx;
    struct kd_point *at; /* of all meshes */
    struct edge *edges;  /* of all meshes */
    uint32_t unused, last_unused;
    uint32_t hull; /* an edge with the outside on its right */
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
    if (l == i || l == j || l == k) /* small meshes come round to their own corners */
        return false;
    return point_in_circle(a, b, c, d) > 0;
}

static uint32_t make_edge(struct mesh *m, uint32_t from, uint32_t to) {
    uint32_t e = m->unused;
    m->unused = m->edges[e].next;
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

/* put_back makes e and its reverse unused. */
static void put_back(struct mesh *m, uint32_t e) {
    e &= ~(uint32_t)1;
    m->edges[e].origin = m->edges[e ^ 1].origin = NOTHING;
    m->edges[e].next = m->unused;
    if (m->unused == NOTHING)
        m->last_unused = e;
    m->unused = e;
}

static void delete_edge(struct mesh *m, uint32_t e) {
    for (int side = 0; side < 2; side++, e ^= 1) {
        m->edges[m->edges[e].next].last = m->edges[e].last;
        m->edges[m->edges[e].last].next = m->edges[e].next;
    }
    put_back(m, e);
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

/* solve triangulates n points from `from`; *hull gets an edge of the hull with the outside on its right. False where
 * ctx_stop asked for an end. */
static bool solve(struct mesh *m, uint32_t from, size_t n, int axis, uint32_t *hull) {
    if (n <= 3) {
        *hull = two_or_three(m, from, n);
        return true;
    }
    if (n > 1 << 14 && ctx_stop(m->ctx))
        return false;
    uint32_t left, right;
    if (!solve(m, from, n / 2, !axis, &left) || !solve(m, from + (uint32_t)(n / 2), n - n / 2, !axis, &right))
        return false;
    *hull = merge(m, left, right, axis);
    return true;
}

/* All of the points in 2^depth parts, which do not depend on the number of threads. Part k of a level is cut into parts
 * 2 k and 2 k + 1 of the next. */
enum { MOST_PARTS = 16, LEAST_PART = 1 << 14 };

struct job {
    struct mesh parts[MOST_PARTS];
    size_t n;
    int depth, level;
};

/* part_at gives where part k of a level begins, and its size. */
static uint32_t part_at(const struct job *job, int level, size_t k, size_t *n) {
    size_t from = 0;
    *n = job->n;
    for (int bit = level; bit-- > 0;) {
        size_t half = *n / 2;
        if (k >> bit & 1)
            from += half, *n -= half;
        else
            *n = half;
    }
    return (uint32_t)from;
}

static void cut_part(void *arg, size_t k) {
    struct job *job = arg;
    size_t n;
    uint32_t from = part_at(job, job->level, k, &n);
    kd_cut(job->parts[0].at + from, n, job->level & 1);
}

/* solve_part: n points have at most 3 n - 6 edges, and a merge deletes before it has made more; a part has room for 3 n
 * of its own, and parts that are joined for those of both. */
static void solve_part(void *arg, size_t k) {
    struct job *job = arg;
    struct mesh *m = &job->parts[k];
    size_t n;
    uint32_t from = part_at(job, job->depth, k, &n);
    for (size_t e = 3 * n; e-- > 0;)
        put_back(m, 6 * from + 2 * (uint32_t)e);
    int axis = job->depth & 1;
    if (kd_order(m->ctx, m->at + from, n, axis, job->depth == 0))
        (void)solve(m, from, n, axis, &m->hull);
}

static void join_parts(void *arg, size_t k) {
    struct job *job = arg;
    struct mesh m = job->parts[2 * k], *other = &job->parts[2 * k + 1];
    if (m.unused == NOTHING)
        m.unused = other->unused, m.last_unused = other->last_unused;
    else if (other->unused != NOTHING)
        m.edges[m.last_unused].next = other->unused, m.last_unused = other->last_unused;
    m.hull = merge(&m, m.hull, other->hull, job->level & 1);
    job->parts[2 * k] = m;
}

/* solve_all orders and triangulates; job->parts[0] is the result. */
static enum status solve_all(struct ctx *ctx, struct job *job) {
    for (job->level = 1; job->level < job->depth && !ctx_stop(ctx); job->level++)
        parallel_for(ctx, (size_t)1 << job->level, cut_part, job);
    if (!ctx_stop(ctx))
        parallel_for(ctx, (size_t)1 << job->depth, solve_part, job);
    for (job->level = job->depth - 1; job->level >= 0 && !ctx_stop(ctx); job->level--) {
        parallel_for(ctx, (size_t)1 << job->level, join_parts, job);
        for (size_t k = 1; k < (size_t)1 << job->level; k++)
            job->parts[k] = job->parts[2 * k];
    }
    return ctx_stop(ctx) ? ctx_stopped(ctx) : STATUS_OK;
}

/* take_triangle writes the face left of e where e is the first of its edges; true where it did. */
static bool take_triangle(const struct mesh *m, uint32_t e, int64_t *to) {
    uint32_t second = left_next(m, e), third = left_next(m, second);
    if (second < e || third < e)
        return false;
    const uint32_t corner[] = {m->at[origin(m, e)].index, m->at[origin(m, second)].index,
                               m->at[origin(m, third)].index};
    int least = corner[1] < corner[0] ? 1 : 0;
    least = corner[2] < corner[least] ? 2 : least;
    for (int k = 0; k < 3; k++)
        to[k] = corner[(least + k) % 3];
    return true;
}

static enum status collect(const struct mesh *m, size_t n, struct triangulation *out) {
    uint8_t *outside = ctx_zalloc(m->ctx, 6 * n, 1);
    out->at = ctx_alloc(m->ctx, 2 * n, 3 * sizeof *out->at);
    if (!outside || !out->at)
        return STATUS_NO_MEMORY;
    uint32_t first = reverse(m->hull), e = first;
    do {
        outside[e] = 1;
        e = left_next(m, e);
    } while (e != first);
    for (e = 0; e < 6 * n; e++)
        if (!outside[e] && origin(m, e) != NOTHING)
            out->n += take_triangle(m, e, out->at + 3 * out->n);
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

/* bring_near measures in a power of two that makes the greatest coordinate about 1, where the filters tell most; not
 * where that would round one, as then the exact stages see to it. */
static void bring_near(struct kd_point *at, size_t n, const struct points *points) {
    struct units u = points_units(points->at, points->n);
    u.x = u.y = u.x > u.y ? u.x : u.y;
    if (u.x > -100 && u.x < 200)
        return;
    bool exact = true;
    for (size_t i = 0; i < n && exact; i++) {
        struct point p = point_in_units(at[i].p, u);
        exact = ldexp(p.x, u.x) == at[i].p.x && ldexp(p.y, u.x) == at[i].p.y;
    }
    for (size_t i = 0; i < n && exact; i++)
        at[i].p = point_in_units(at[i].p, u);
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
    bring_near(at, n, points);
    struct mesh part = {ctx, at, ctx_alloc(ctx, 6 * n, sizeof *part.edges), NOTHING, NOTHING, 0};
    if (!part.edges)
        return STATUS_NO_MEMORY;
    struct job job = {.n = n};
    while (1 << job.depth < MOST_PARTS && n >> job.depth > LEAST_PART)
        job.depth++;
    for (size_t k = 0; k < MOST_PARTS; k++)
        job.parts[k] = part;
    status = solve_all(ctx, &job);
    return status == STATUS_OK ? collect(&job.parts[0], n, out) : status;
}
