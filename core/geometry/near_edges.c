#include "core/geometry/near_edges.h"

#include <math.h>
#include <string.h>

#include "core/geometry/tolerance.h"

enum { LEAF = 8, POLL = 1 << 10 };

struct box {
    double low[2], high[2];
};

/* A heap-shaped tree: node k has the children 2 k and 2 k + 1, leaf i is node `leaves` + i and has edges LEAF i on. */
struct tree {
    size_t n, leaves;
    double (*edges)[4];
    struct box *boxes;
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

static enum status build(struct ctx *ctx, const struct rings *rings, struct tree *t) {
    size_t n = 0;
    for (size_t r = 0; r < rings->n; r++)
        n += rings->ring[r].n;
    for (t->leaves = 1; t->leaves * LEAF < n; t->leaves *= 2)
        ;
    t->edges = ctx_alloc(ctx, n, sizeof *t->edges);
    t->boxes = ctx_alloc(ctx, 2 * t->leaves, sizeof *t->boxes);
    if (!t->edges || !t->boxes)
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
    return STATUS_OK;
}

/* is_beyond: rounding keeps the order, so a rounded difference above eps is one. */
static bool is_beyond(const struct box *b, const double at[2], double eps) {
    return b->low[0] - at[0] > eps || at[0] - b->high[0] > eps || b->low[1] - at[1] > eps || at[1] - b->high[1] > eps;
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
        bool inside = !is_beyond(&t->boxes[k], at, eps);
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

enum status near_edges(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                       unsigned char *near) {
    struct tree tree = {0};
    enum status status = build(ctx, rings, &tree);
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        if (i % POLL == 0 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        near[i] = is_near(&tree, points + 2 * i, eps);
    }
    return status;
}
