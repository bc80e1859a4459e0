#include "core/geometry/farthest.h"
#include "core/geometry/plane_trace.h"

struct line {
    struct ctx *ctx;
    const struct simplify_in *in;
    struct trace *t;
    int64_t *places; /* room for as many as there are points */
};

/* drop records that the points strictly between two of them go. */
static void drop(const struct line *l, size_t from, size_t to) {
    for (size_t i = from + 1; i < to; i++)
        l->places[i - from - 1] = (int64_t)i;
    if (to - from > 1)
        trace_add(l->t, "drop", l->places, to - from - 1, NULL, TRACE_NO_VARS);
}

/* divide is Douglas and Peucker's recursion; place n of a closed line is point 0 again. */
static void divide(const struct line *l, size_t from, size_t to) {
    const struct points *p = &l->in->points;
    size_t end = to == p->n ? 0 : to, asked = 0;
    struct point a = p->at[from], b = p->at[end];
    if (ctx_stop(l->ctx) != STOP_NONE)
        return;
    trace_add(l->t, "segment", TRACE_AT((int64_t)from, (int64_t)end), NULL, TRACE_NO_VARS);
    for (size_t i = from + 1; i < to; i++)
        trace_add(l->t, "measure", TRACE_AT((int64_t)i), NULL,
                  TRACE_VARS({"distance", trace_real(sqrt(from_segment(p->at[i], a, b)))}));
    struct farthest far = farthest_scan(p->at, from, to, a, b);
    size_t found = farthest_beyond(&far, p->at, from, to, b, l->in->tolerance * l->in->tolerance, &asked);
    if (found == to) {
        drop(l, from, to);
        return;
    }
    trace_add(l->t, "keep", TRACE_AT((int64_t)found), NULL,
              TRACE_VARS({"distance", trace_real(sqrt(from_segment(p->at[found], a, b)))}));
    divide(l, from, found);
    divide(l, found, to);
}

/* What is left while points are dropped, linked. area < 0: the point may not go. */
struct chain {
    const struct line *line;
    size_t *last, *next;
    double *area;
};

static void measure(struct chain *c, size_t i, double least) {
    const struct point *at = c->line->in->points.at;
    double area = triangle_area(at[c->last[i]], at[i], at[c->next[i]]);
    c->area[i] = area > least ? area : least;
    trace_add(c->line->t, "measure", TRACE_AT((int64_t)c->last[i], (int64_t)i, (int64_t)c->next[i]), NULL,
              TRACE_VARS({"area", trace_real(c->area[i])}));
}

static enum status chain_begin(struct chain *c, size_t n) {
    struct ctx *ctx = c->line->ctx;
    size_t ends = c->line->in->closed ? 0 : 1;
    c->last = ctx_alloc(ctx, n, sizeof *c->last);
    c->next = ctx_alloc(ctx, n, sizeof *c->next);
    c->area = ctx_alloc(ctx, n, sizeof *c->area);
    if (!c->last || !c->next || !c->area)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        c->last[i] = i ? i - 1 : n - 1;
        c->next[i] = i + 1 < n ? i + 1 : 0;
        c->area[i] = -1;
    }
    for (size_t i = ends; i + ends < n; i++)
        measure(c, i, 0);
    return STATUS_OK;
}

/* least finds the first point of least area that may go; n: none. */
static size_t least(const struct chain *c, size_t n) {
    size_t found = n;
    for (size_t i = 0; i < n; i++)
        if (c->area[i] >= 0 && (found == n || c->area[i] < c->area[found]))
            found = i;
    return found;
}

static enum status erode(const struct line *l) {
    size_t n = l->in->points.n, left = n, i;
    struct chain c = {.line = l};
    enum status status = chain_begin(&c, n);
    if (status != STATUS_OK)
        return status;
    double limit = l->in->tolerance * l->in->tolerance;
    while (left > (l->in->closed ? 3 : 2) && (i = least(&c, n)) < n && c.area[i] < limit) {
        if (ctx_stop(l->ctx) != STOP_NONE)
            return STATUS_OK;
        double area = c.area[i];
        size_t sides[2] = {c.last[i], c.next[i]};
        trace_add(l->t, "drop", TRACE_AT((int64_t)i), NULL, TRACE_VARS({"area", trace_real(area)}));
        c.next[sides[0]] = sides[1], c.last[sides[1]] = sides[0];
        c.area[i] = -1, left--;
        for (size_t k = 0; k < 2; k++)
            if (c.area[sides[k]] >= 0)
                measure(&c, sides[k], area);
    }
    return STATUS_OK;
}

enum status simplify_trace(struct ctx *ctx, const struct simplify_in *in, const uint8_t *kept, struct trace *t) {
    struct line l = {ctx, in, t, ctx_alloc(ctx, in->points.n, sizeof *l.places)};
    enum status status = l.places ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK && in->algorithm == SIMPLIFY_VISVALINGAM)
        status = erode(&l);
    else if (status == STATUS_OK)
        divide(&l, 0, in->closed ? in->points.n : in->points.n - 1);
    if (status == STATUS_OK && ctx_stop(ctx) != STOP_NONE)
        return ctx_stopped(ctx);
    if (in->algorithm == SIMPLIFY_DOUGLAS_PEUCKER && !kept[0])
        trace_add(t, "drop", TRACE_AT(0), NULL, TRACE_NO_VARS);
    return status == STATUS_OK ? trace_end(t) : status;
}
