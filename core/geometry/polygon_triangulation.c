#include "core/geometry/polygon_triangulation.h"
#include "core/geometry/box_tree.h"

#include <stdio.h>

/* The outline, counter-clockwise, without repeats: corner i of it is corner index[i] of the request. */
struct outline {
    struct point *at;
    uint32_t *index;
    size_t n;
};

static inline size_t after(size_t i, size_t n) { return i + 1 == n ? 0 : i + 1; }

static void reverse_outline(struct outline *o) {
    for (size_t i = 0, k = o->n - 1; i < k; i++, k--) {
        struct point p = o->at[i];
        uint32_t index = o->index[i];
        o->at[i] = o->at[k], o->index[i] = o->index[k];
        o->at[k] = p, o->index[k] = index;
    }
}

static enum status outline_of(struct ctx *ctx, const struct points *p, struct outline *o) {
    *o = (struct outline){ctx_alloc(ctx, p->n, sizeof *o->at), ctx_alloc(ctx, p->n, sizeof *o->index), 0};
    if (!o->at || !o->index)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < p->n; i++)
        if (o->n == 0 || !point_equal(o->at[o->n - 1], p->at[i])) {
            o->at[o->n] = p->at[i];
            o->index[o->n++] = (uint32_t)i;
        }
    while (o->n > 1 && point_equal(o->at[0], o->at[o->n - 1]))
        o->n--;
    if (o->n < 3)
        return ctx_fail(ctx, STATUS_INVALID, "/polygon",
                        "The polygon has %zu different corner%s in a row, want at least 3.", o->n, &"s"[o->n == 1]);
    return STATUS_OK;
}

/* meets: whether edges i and k of the outline have a point in common that they must not have. Neighbours share a
 * corner, and may not fold back. */
static bool meets(const struct outline *o, size_t i, size_t k) {
    const struct point *a = &o->at[i], *b = &o->at[after(i, o->n)], *c = &o->at[k], *d = &o->at[after(k, o->n)];
    if (b == c || d == a) {
        const struct point *from = b == c ? a : c, *corner = b == c ? b : a, *to = b == c ? d : b;
        if (point_turn(from, corner, to) != 0)
            return false;
        struct box first = box_of(*from, *corner); /* on one line: it folds where `to` is not beyond the corner */
        struct box second = box_of(*corner, *to);
        return !(first.x1 <= second.x0 || second.x1 <= first.x0) || !(first.y1 <= second.y0 || second.y1 <= first.y0);
    }
    int abc = point_turn(a, b, c), abd = point_turn(a, b, d);
    if (abc * abd > 0)
        return false;
    if (abc == 0 && abd == 0)
        return true; /* their boxes meet */
    return point_turn(c, d, a) * point_turn(c, d, b) <= 0;
}

struct crossing {
    const struct outline *o;
    size_t i, k;
};

static bool visit_edge(void *arg, size_t k) {
    struct crossing *c = arg;
    c->k = k;
    return k != c->i && meets(c->o, c->i, k);
}

static enum status refuse_crossing(struct ctx *ctx, const struct crossing *c) {
    const struct outline *o = c->o;
    size_t i = o->index[c->i], k = o->index[c->k];
    char pointer[64];
    if (i > k) {
        size_t swap = i;
        i = k, k = swap;
    }
    (void)snprintf(pointer, sizeof pointer, "/polygon/%zu", i);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "The edge from corner %zu meets the edge from corner %zu, want a simple polygon: edges that have "
                    "nothing in common but the corner between neighbours.",
                    i, k);
}

static enum status refuse_crossings(struct ctx *ctx, const struct outline *o) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct box_tree tree;
    if (box_tree_begin(ctx, &tree, o->n) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < o->n; i++) {
        tree.boxes[tree.leaves + i] = box_of(o->at[i], o->at[after(i, o->n)]);
        tree.live[tree.leaves + i] = 1;
    }
    box_tree_finish(&tree);
    struct crossing c = {.o = o};
    for (c.i = 0; c.i < o->n; c.i++) {
        if ((c.i & 0xff) == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
        if (box_tree_find(&tree, &tree.boxes[tree.leaves + c.i], c.i + 1, visit_edge, &c))
            return refuse_crossing(ctx, &c);
    }
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}

/* is_clockwise of a simple polygon: by the turn at its least corner, which is strict unless it is all one line. */
static bool is_clockwise(const struct outline *o) {
    size_t least = 0;
    for (size_t i = 1; i < o->n; i++)
        if (point_before(o->at[i], o->at[least]))
            least = i;
    return point_turn(&o->at[least ? least - 1 : o->n - 1], &o->at[least], &o->at[after(least, o->n)]) < 0;
}

/* The corners that wait for the same reflex one are a list, linked both ways. */
struct wait {
    uint32_t first;        /* of the corners that wait for this one */
    uint32_t before, next; /* in the list this one is in */
    uint32_t wanted;       /* whose list that is; NONE: none */
};

/* What is left of the outline while ears are cut off. */
struct ears {
    const struct outline *o;
    uint32_t *last, *next;
    struct box_tree reflex; /* the corners that are not convex */
    uint8_t *is_reflex;     /* 1: reflex or straight */
    uint32_t *queue;        /* corners to look at, in a circle of `n` places */
    uint8_t *queued;
    size_t head, waiting;
    struct wait *waits;
};

enum { NONE = UINT32_MAX };

static int turn_at(const struct ears *e, uint32_t i) {
    return point_turn(&e->o->at[e->last[i]], &e->o->at[i], &e->o->at[e->next[i]]);
}

static void enqueue(struct ears *e, uint32_t i) {
    if (e->queued[i])
        return;
    e->queued[i] = 1;
    e->queue[(e->head + e->waiting++) % e->o->n] = i;
}

/* wait_for lets i wait for a reflex corner. */
static void wait_for(struct ears *e, uint32_t i, uint32_t reflex) {
    uint32_t next = e->waits[reflex].first;
    e->waits[i].before = NONE, e->waits[i].next = next, e->waits[i].wanted = reflex;
    if (next != NONE)
        e->waits[next].before = i;
    e->waits[reflex].first = i;
}

static void wait_no_more(struct ears *e, uint32_t i) {
    struct wait *w = &e->waits[i];
    if (w->wanted == NONE)
        return;
    if (w->before == NONE)
        e->waits[w->wanted].first = w->next;
    else
        e->waits[w->before].next = w->next;
    if (w->next != NONE)
        e->waits[w->next].before = w->before;
    w->wanted = NONE;
}

/* release queues the corners that waited for i. */
static void release(struct ears *e, uint32_t i) {
    for (uint32_t k; (k = e->waits[i].first) != NONE;) {
        wait_no_more(e, k);
        enqueue(e, k);
    }
}

struct probe {
    const struct ears *e;
    uint32_t a, b, c, found;
};

/* visit_corner stops at a corner within the triangle, its sides included. */
static bool visit_corner(void *arg, size_t item) {
    struct probe *p = arg;
    const struct point *at = p->e->o->at;
    p->found = (uint32_t)item;
    if (p->found == p->a || p->found == p->b || p->found == p->c)
        return false;
    return point_turn(&at[p->a], &at[p->b], &at[item]) >= 0 && point_turn(&at[p->b], &at[p->c], &at[item]) >= 0 &&
           point_turn(&at[p->c], &at[p->a], &at[item]) >= 0;
}

/* is_ear: else the corner waits for the one in its way. */
static bool is_ear(struct ears *e, uint32_t i) {
    struct probe p = {e, e->last[i], i, e->next[i], 0};
    wait_no_more(e, i);
    const struct point *at = e->o->at;
    struct box box = box_of(at[p.a], at[p.c]), other = box_of(at[p.a], at[p.b]);
    box = (struct box){box.x0 < other.x0 ? box.x0 : other.x0, box.y0 < other.y0 ? box.y0 : other.y0,
                       box.x1 < other.x1 ? other.x1 : box.x1, box.y1 < other.y1 ? other.y1 : box.y1};
    if (!box_tree_find(&e->reflex, &box, 0, visit_corner, &p))
        return true;
    wait_for(e, i, p.found);
    return false;
}

/* look_again at a neighbour of an ear that went. */
static void look_again(struct ears *e, uint32_t i) {
    if (e->is_reflex[i] && turn_at(e, i) > 0) {
        e->is_reflex[i] = 0;
        box_tree_drop(&e->reflex, i);
        release(e, i);
    }
    if (!e->is_reflex[i])
        enqueue(e, i);
}

static enum status ears_begin(struct ctx *ctx, const struct outline *o, struct ears *e) {
    size_t n = o->n;
    *e = (struct ears){.o = o,
                       .last = ctx_alloc(ctx, n, sizeof *e->last),
                       .next = ctx_alloc(ctx, n, sizeof *e->next),
                       .is_reflex = ctx_zalloc(ctx, n, 1),
                       .queue = ctx_alloc(ctx, n, sizeof *e->queue),
                       .queued = ctx_zalloc(ctx, n, 1),
                       .waits = ctx_alloc(ctx, n, sizeof *e->waits)};
    if (!e->last || !e->next || !e->is_reflex || !e->queue || !e->queued || !e->waits ||
        box_tree_begin(ctx, &e->reflex, n) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        e->last[i] = (uint32_t)(i ? i - 1 : n - 1);
        e->next[i] = (uint32_t)after(i, n);
        e->waits[i] = (struct wait){NONE, NONE, NONE, NONE};
    }
    for (size_t i = 0; i < n; i++) {
        e->is_reflex[i] = turn_at(e, (uint32_t)i) <= 0;
        e->reflex.live[e->reflex.leaves + i] = e->is_reflex[i];
        e->reflex.boxes[e->reflex.leaves + i] = box_of(o->at[i], o->at[i]);
        if (!e->is_reflex[i])
            enqueue(e, (uint32_t)i);
    }
    box_tree_finish(&e->reflex);
    return STATUS_OK;
}

static void take(const struct ears *e, uint32_t i, struct polygon_triangles *out) {
    int64_t *to = out->at + 3 * out->n++;
    to[0] = e->o->index[e->last[i]], to[1] = e->o->index[i], to[2] = e->o->index[e->next[i]];
}

static enum status cut_ears(struct ctx *ctx, struct ears *e, struct polygon_triangles *out) {
    size_t left = e->o->n, steps = 0;
    while (left >= 3) {
        if ((++steps & 0xfff) == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
        if (e->waiting == 0)
            return ctx_fail(ctx, STATUS_INTERNAL, "", "A simple polygon was found to have no ear; this is our error.");
        uint32_t i = e->queue[e->head];
        e->head = after(e->head, e->o->n);
        e->waiting--;
        e->queued[i] = 0;
        if (e->next[i] == NONE || !is_ear(e, i))
            continue;
        take(e, i, out);
        left--;
        uint32_t a = e->last[i], b = e->next[i];
        e->next[a] = b, e->last[b] = a, e->next[i] = NONE;
        if (left < 3)
            break;
        look_again(e, b);
        look_again(e, a);
    }
    return STATUS_OK;
}

enum status polygon_triangulate(struct ctx *ctx, const struct points *polygon, struct polygon_triangles *out) {
    struct outline o;
    struct ears e;
    enum status status = outline_of(ctx, polygon, &o);
    if (status == STATUS_OK)
        status = refuse_crossings(ctx, &o);
    if (status != STATUS_OK)
        return status;
    if (is_clockwise(&o))
        reverse_outline(&o);
    *out = (struct polygon_triangles){ctx_alloc(ctx, o.n, 3 * sizeof *out->at), 0};
    if (!out->at || ears_begin(ctx, &o, &e) != STATUS_OK)
        return STATUS_NO_MEMORY;
    return cut_ears(ctx, &e, out);
}
