#include "core/base/philox.h"
#include "core/geometry/exact_sum.h"
#include "core/geometry/plane_trace.h"
#include "core/geometry/quad.h"

/* A circle by one point, two (a diameter) or three (counter-clockwise). */
struct disk {
    uint32_t by[3];
    size_t n;
};

struct search {
    const struct point *at;
    const uint32_t *order;
    struct trace *t;
    struct disk disk;
};

static void note(struct trace *t, const char *op, const uint32_t *by, size_t n, const quad figures[3]) {
    int64_t at[3];
    for (size_t i = 0; i < n; i++)
        at[i] = by[i];
    trace_add(t, op, at, n, NULL,
              TRACE_VARS({"x", trace_real((double)figures[0])}, {"y", trace_real((double)figures[1])},
                         {"radius", trace_real((double)figures[2])}));
}

/* measure gives center and radius. */
static void measure(const struct search *s, quad figures[3]) {
    const struct point *a = &s->at[s->disk.by[0]];
    const struct point *b = s->disk.n > 1 ? &s->at[s->disk.by[1]] : a, *c = s->disk.n > 2 ? &s->at[s->disk.by[2]] : a;
    quad bx = (quad)b->x - a->x, by = (quad)b->y - a->y, cx = (quad)c->x - a->x, cy = (quad)c->y - a->y;
    quad bb = bx * bx + by * by, cc = cx * cx + cy * cy, twice = 2 * (bx * cy - by * cx);
    quad x = s->disk.n > 2 ? (cy * bb - by * cc) / twice : bx / 2,
         y = s->disk.n > 2 ? (bx * cc - cx * bb) / twice : by / 2;
    figures[0] = a->x + x, figures[1] = a->y + y, figures[2] = quad_sqrt(x * x + y * y);
}

/* take makes the circle of the first n of three points. */
static void take(struct search *s, uint32_t a, uint32_t b, uint32_t c, size_t n) {
    bool turn_over = n == 3 && point_turn(&s->at[a], &s->at[b], &s->at[c]) < 0;
    s->disk = (struct disk){{a, turn_over ? c : b, turn_over ? b : c}, n};
    quad figures[3];
    measure(s, figures);
    note(s->t, "circle", s->disk.by, n, figures);
}

static bool outside(const struct search *s, uint32_t i) {
    const struct point *p = &s->at[i], *a = &s->at[s->disk.by[0]], *b = &s->at[s->disk.by[1]];
    bool out = s->disk.n == 1   ? !point_equal(*a, *p)
               : s->disk.n == 2 ? exact_dot_sign(*p, *a, *p, *b) > 0
                                : point_in_circle(a, b, &s->at[s->disk.by[2]], p) < 0;
    if (out)
        trace_add(s->t, "outside", TRACE_AT(i), NULL, TRACE_NO_VARS);
    return out;
}

/* through is the smallest circle around the first n points through one that is given, or through two. */
static void through(struct search *s, size_t n, const uint32_t *by, size_t n_by) {
    take(s, by[0], by[n_by - 1], 0, n_by);
    for (size_t k = 0; k < n; k++) {
        uint32_t i = s->order[k];
        if (!outside(s, i))
            continue;
        if (n_by == 2)
            take(s, by[0], by[1], i, 3);
        else
            through(s, k, (const uint32_t[]){by[0], i}, 2);
    }
}

static uint32_t *shuffled(struct ctx *ctx, size_t n) {
    uint32_t *order = ctx_alloc(ctx, n, sizeof *order);
    for (size_t i = 0; order && i < n; i++) {
        uint32_t random[4], key[2] = {0, 0}, counter[4] = {(uint32_t)i, 0, 0, 0};
        philox4x32(key, counter, random);
        size_t k = random[0] % (i + 1);
        order[i] = order[k];
        order[k] = (uint32_t)i;
    }
    return order;
}

static enum status note_order(struct ctx *ctx, struct trace *t, const uint32_t *order, size_t n) {
    int64_t *at = ctx_alloc(ctx, n, sizeof *at);
    for (size_t i = 0; at && i < n; i++)
        at[i] = order[i];
    if (at)
        trace_add(t, "order", at, n, NULL, TRACE_NO_VARS);
    return at ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status circle_trace(struct ctx *ctx, const struct points *points, const struct circle *out, struct trace *t) {
    uint32_t *order = shuffled(ctx, points->n);
    if (!order || note_order(ctx, t, order, points->n) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct search s = {.at = points->at, .order = order, .t = t};
    take(&s, order[0], 0, 0, 1);
    for (size_t k = 1; k < points->n; k++) {
        if (outside(&s, order[k]))
            through(&s, k, &order[k], 1);
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
    }
    note(t, "circle", out->support, out->n_support, (const quad[]){out->center.x, out->center.y, out->radius});
    return trace_end(t);
}
