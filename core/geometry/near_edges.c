#include "core/geometry/near_edges.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/geometry/tolerance.h"

enum { LEAF = 8, CHUNK = 1 << 10 };

struct box {
    double low[2], high[2];
};

/* What lies between two lines across the way `to`, which is half a unit long: so nothing overflows. */
struct strip {
    double to[2], low, high;
};

/* A heap-shaped tree: node k has the children 2 k and 2 k + 1, leaf i is node `leaves` + i and has edges LEAF i on. A
 * box says little of slanting edges side by side, as those of a spiky star are; a strip along the longest does. */
struct tree {
    size_t n, leaves;
    double (*edges)[4];
    struct box *boxes;
    struct strip *strips;
    double reach; /* the greatest magnitude of a coordinate */
};

/* Points that ask a tree. */
struct search {
    struct ctx *ctx;
    struct tree tree;
    const double *points;
    size_t n;
    double eps;
    unsigned char *near;
};

static const struct box NOWHERE = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};

static void widen(struct box *b, const struct box *with) {
    for (int axis = 0; axis < 2; axis++) {
        b->low[axis] = fmin(b->low[axis], with->low[axis]);
        b->high[axis] = fmax(b->high[axis], with->high[axis]);
    }
}

static void add_edge(struct tree *t, const double *p, const double *q) {
    const struct box box = {{fmin(p[0], q[0]), fmin(p[1], q[1])}, {fmax(p[0], q[0]), fmax(p[1], q[1])}};
    memcpy(t->edges[t->n], p, 2 * sizeof *p);
    memcpy(t->edges[t->n] + 2, q, 2 * sizeof *q);
    widen(&t->boxes[t->leaves + t->n++ / LEAF], &box);
}

static double across(const struct strip *s, const double at[2]) { return s->to[0] * at[0] + s->to[1] * at[1]; }

/* set_strip makes that of node k, which has up to `most` edges from `from` on. */
static void set_strip(struct tree *t, size_t k, size_t from, size_t most) {
    size_t to = t->n - from < most ? t->n : from + most;
    double way[2] = {1, 0}, longest = DBL_MIN; /* by the longer side of what bounds it */
    for (size_t i = from; i < to; i++) {
        const double *e = t->edges[i], x = e[2] / 8 - e[0] / 8, y = e[3] / 8 - e[1] / 8, side = fmax(fabs(x), fabs(y));
        if (side > longest)
            longest = side, way[0] = x, way[1] = y;
    }
    double length = 2 * hypot(way[0], way[1]);
    struct strip s = {{-way[1] / length, way[0] / length}, INFINITY, -INFINITY};
    for (size_t i = from; i < to; i++) {
        double a = across(&s, t->edges[i]), b = across(&s, t->edges[i] + 2);
        s.low = fmin(s.low, fmin(a, b)), s.high = fmax(s.high, fmax(a, b));
    }
    t->strips[k] = s;
}

static enum status build(struct ctx *ctx, const struct rings *rings, struct tree *t) {
    size_t n = 0;
    for (size_t r = 0; r < rings->n; r++)
        n += rings->ring[r].n;
    for (t->leaves = 1; t->leaves * LEAF < n; t->leaves *= 2)
        ;
    t->edges = ctx_alloc(ctx, n, sizeof *t->edges);
    t->boxes = ctx_alloc(ctx, 2 * t->leaves, sizeof *t->boxes);
    t->strips = ctx_alloc(ctx, 2 * t->leaves, sizeof *t->strips);
    if (!t->edges || !t->boxes || !t->strips)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < 2 * t->leaves; k++)
        t->boxes[k] = NOWHERE;
    for (size_t r = 0; r < rings->n; r++) {
        const struct ring *ring = &rings->ring[r];
        for (size_t i = 0; i < ring->n; i++)
            add_edge(t, ring->xy + 2 * i, ring->xy + (i + 1 < ring->n ? 2 * i + 2 : 0));
    }
    for (size_t k = t->leaves - 1; k > 0; k--) {
        widen(&t->boxes[k], &t->boxes[2 * k]);
        widen(&t->boxes[k], &t->boxes[2 * k + 1]);
    }
    for (int axis = 0; axis < 2; axis++)
        t->reach = fmax(t->reach, fmax(-t->boxes[1].low[axis], t->boxes[1].high[axis]));
    for (size_t edges = LEAF, first = t->leaves; first > 0; edges *= 2, first /= 2) {
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        for (size_t k = first; k < 2 * first && (k - first) * edges < t->n; k++)
            set_strip(t, k, (k - first) * edges, edges);
    }
    return STATUS_OK;
}

/* is_beyond: rounding keeps the order, so a rounded difference above eps is one. */
static bool is_beyond(const struct box *b, const double at[2], double eps) {
    return b->low[0] - at[0] > eps || at[0] - b->high[0] > eps || b->low[1] - at[1] > eps || at[1] - b->high[1] > eps;
}

/* is_beside: the slack is more than what rounding does to both ends of a difference. */
static bool is_beside(const struct tree *t, size_t k, const double at[2], double eps) {
    const struct strip *s = &t->strips[k];
    double place = across(s, at), slack = 0x1p-48 * fmax(t->reach, fmax(fabs(at[0]), fabs(at[1]))) + DBL_MIN;
    double limit = eps / 2 * (1 + 0x1p-40) + slack;
    return s->low - place > limit || place - s->high > limit;
}

static bool near_leaf(const struct tree *t, size_t leaf, const double at[2], double eps) {
    for (size_t i = leaf * LEAF; i < t->n && i < (leaf + 1) * LEAF; i++)
        if (segment_within(t->edges[i], at, eps))
            return true;
    return false;
}

/* is_near walks the tree in order: down to the left child, or on to the next node that is no descendant. */
static bool is_near(const struct tree *t, const double at[2], double eps) {
    for (size_t k = 1; k != 0;) {
        bool inside = !is_beyond(&t->boxes[k], at, eps) && !is_beside(t, k, at, eps);
        if (inside && k < t->leaves) {
            k *= 2;
            continue;
        }
        if (inside && near_leaf(t, k - t->leaves, at, eps))
            return true;
        while (k & 1)
            k /= 2;
        k += k > 0;
    }
    return false;
}

/* near_chunk: points do not know of each other, so threads may share them out. */
static void near_chunk(void *arg, size_t chunk) {
    const struct search *s = arg;
    size_t end = (chunk + 1) * CHUNK < s->n ? (chunk + 1) * CHUNK : s->n;
    for (size_t i = chunk * CHUNK; i < end && ctx_stop(s->ctx) == STOP_NONE; i++)
        s->near[i] = is_near(&s->tree, s->points + 2 * i, s->eps);
}

enum status near_edges(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                       unsigned char *near) {
    struct search s = {.ctx = ctx, .points = points, .n = n, .eps = eps, .near = near};
    enum status status = build(ctx, rings, &s.tree);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, (n + CHUNK - 1) / CHUNK, near_chunk, &s);
    return ctx_stop(ctx) != STOP_NONE ? ctx_stopped(ctx) : STATUS_OK;
}
