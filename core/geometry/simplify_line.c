#include "core/geometry/simplify_line.h"

#include <math.h>

#include "core/geometry/farthest.h"

/* How the points are searched: one by one, until that has looked at every point PASSES times; then by a tree. */
struct peeling {
    struct ctx *ctx;
    const struct points *p;
    struct farthest_tree *tree;
    double limit;
    size_t scanned, work; /* points looked at: in all, one by one; since the last poll */
};

enum { PASSES = 48 };

static enum status farthest_of(struct peeling *s, size_t from, size_t to, struct farthest *far) {
    struct point a = s->p->at[from], b = s->p->at[to == s->p->n ? 0 : to];
    enum status status = STATUS_OK;
    if (!s->tree && s->scanned > PASSES * s->p->n)
        status = farthest_tree_of(s->ctx, s->p, &s->tree);
    if (status == STATUS_OK && s->work > 1 << 20) {
        s->work = 0;
        status = ctx_stopped(s->ctx);
    }
    if (status != STATUS_OK)
        return status;
    if (s->tree) {
        *far = farthest_find(s->tree, from, to, a, b, &s->work);
    } else {
        *far = farthest_scan(s->p->at, from, to, a, b);
        s->scanned += to - from;
        s->work += to - from;
    }
    return STATUS_OK;
}

/* cut finds the point at which a stretch is cut in two; its end where none is beyond the limit. */
static enum status cut(struct peeling *s, size_t from, size_t to, size_t *at) {
    struct farthest far;
    enum status status = farthest_of(s, from, to, &far);
    if (status == STATUS_OK)
        *at = farthest_beyond(&far, s->p->at, from, to, s->p->at[to == s->p->n ? 0 : to], s->limit, &s->work);
    return status;
}

/* drop_start lets point 0 of a closed line go. */
static void drop_start(const struct points *p, double limit, uint8_t *kept) {
    size_t left = 0, first = 1, last = p->n - 1;
    for (size_t i = 0; i < p->n; i++)
        left += kept[i];
    if (left <= 3)
        return;
    while (!kept[first])
        first++;
    while (!kept[last])
        last--;
    kept[0] = from_segment(p->at[0], p->at[last], p->at[first]) > limit;
}

static enum status douglas_peucker(struct ctx *ctx, const struct simplify_in *in, uint8_t *kept) {
    const struct points *p = &in->points;
    size_t end = in->closed ? p->n : p->n - 1, depth = 0;
    struct peeling s = {.ctx = ctx, .p = p, .limit = in->tolerance * in->tolerance};
    /* The far ends of the stretches that wait, each inside the one below: the next stretch begins where this ended. */
    size_t *ends = ctx_alloc(ctx, p->n + 1, sizeof *ends);
    if (!ends)
        return STATUS_NO_MEMORY;
    kept[0] = 1;
    ends[depth++] = end;
    for (size_t from = 0; depth > 0;) {
        size_t to = ends[depth - 1], middle;
        enum status status = cut(&s, from, to, &middle);
        if (status != STATUS_OK)
            return status;
        if (middle < to) {
            ends[depth++] = middle;
        } else {
            kept[to == p->n ? 0 : to] = 1;
            from = to;
            depth--;
        }
    }
    if (in->closed)
        drop_start(p, s.limit, kept);
    return STATUS_OK;
}

/* The points that are left, linked, and a heap of those that may go. */
struct eroding {
    const struct point *at;
    uint32_t *last, *next, *heap, *place; /* place: in the heap */
    double *area;
    size_t n;
};

double triangle_area(struct point a, struct point b, struct point c) {
    return fabs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)) / 2;
}

static bool less(const struct eroding *e, uint32_t a, uint32_t b) {
    return e->area[a] < e->area[b] || (e->area[a] == e->area[b] && a < b);
}

static void put(struct eroding *e, size_t place, uint32_t one) {
    e->heap[place] = one;
    e->place[one] = (uint32_t)place;
}

/* settle moves the element of a place to where it belongs. */
static void settle(struct eroding *e, size_t place) {
    uint32_t one = e->heap[place];
    for (; place > 0 && less(e, one, e->heap[(place - 1) / 2]); place = (place - 1) / 2)
        put(e, place, e->heap[(place - 1) / 2]);
    for (size_t child; (child = 2 * place + 1) < e->n; place = child) {
        if (child + 1 < e->n && less(e, e->heap[child + 1], e->heap[child]))
            child++;
        if (!less(e, e->heap[child], one))
            break;
        put(e, place, e->heap[child]);
    }
    put(e, place, one);
}

static uint32_t pop(struct eroding *e) {
    uint32_t least = e->heap[0];
    if (--e->n > 0) {
        put(e, 0, e->heap[e->n]);
        settle(e, 0);
    }
    return least;
}

/* measure gives a point its area, which is never below that of the point dropped before it. */
static void measure(struct eroding *e, uint32_t i, double least) {
    double area = triangle_area(e->at[e->last[i]], e->at[i], e->at[e->next[i]]);
    e->area[i] = area > least ? area : least;
}

static bool eroding_begin(struct ctx *ctx, const struct simplify_in *in, struct eroding *e) {
    size_t n = in->points.n, ends = in->closed ? 0 : 1;
    *e = (struct eroding){.at = in->points.at,
                          .last = ctx_alloc(ctx, n, sizeof *e->last),
                          .next = ctx_alloc(ctx, n, sizeof *e->next),
                          .heap = ctx_alloc(ctx, n, sizeof *e->heap),
                          .place = ctx_alloc(ctx, n, sizeof *e->place),
                          .area = ctx_alloc(ctx, n, sizeof *e->area)};
    if (!e->last || !e->next || !e->heap || !e->place || !e->area)
        return false;
    for (size_t i = 0; i < n; i++) {
        e->last[i] = (uint32_t)(i ? i - 1 : n - 1);
        e->next[i] = (uint32_t)(i + 1 < n ? i + 1 : 0);
        e->place[i] = UINT32_MAX;
    }
    for (size_t i = ends; i + ends < n; i++) {
        measure(e, (uint32_t)i, 0);
        put(e, e->n, (uint32_t)i);
        e->n++;
        settle(e, e->n - 1);
    }
    return true;
}

static enum status visvalingam(struct ctx *ctx, const struct simplify_in *in, uint8_t *kept) {
    size_t n = in->points.n, least_left = in->closed ? 3 : 2, left = n, steps = 0;
    double limit = in->tolerance * in->tolerance;
    struct eroding e;
    if (!eroding_begin(ctx, in, &e))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        kept[i] = 1;
    while (left > least_left && e.n > 0 && e.area[e.heap[0]] < limit) {
        if ((++steps & 0xffff) == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
        uint32_t i = pop(&e), sides[2] = {e.last[i], e.next[i]};
        kept[i] = 0, left--;
        e.next[sides[0]] = sides[1], e.last[sides[1]] = sides[0];
        for (int k = 0; k < 2; k++)
            if (e.place[sides[k]] != UINT32_MAX) {
                measure(&e, sides[k], e.area[i]);
                settle(&e, e.place[sides[k]]);
            }
    }
    return STATUS_OK;
}

enum status simplify_line(struct ctx *ctx, const struct simplify_in *in, uint8_t **kept) {
    *kept = ctx_zalloc(ctx, in->points.n + 1, 1);
    if (!*kept)
        return STATUS_NO_MEMORY;
    return in->algorithm == SIMPLIFY_VISVALINGAM ? visvalingam(ctx, in, *kept) : douglas_peucker(ctx, in, *kept);
}
