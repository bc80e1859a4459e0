#include "core/geometry/polygon.h"

#include "core/geometry/predicates.h"
#include "core/geometry/quad.h"
#include "core/geometry/segment_sweep.h"

#include <math.h>

/* An edge among all: its ring, its place in the clean ring and in the one that was given. */
struct edge {
    size_t ring, at, from;
};

struct edges {
    size_t n;
    double *segments;
    struct edge *edge;
    const struct rings *rings;
};

static bool same(const double *a, const double *b) { return a[0] == b[0] && a[1] == b[1]; }

/* clean_ring keeps point i where the next kept one differs, so that edge i of the clean ring starts at from[i]. */
static size_t clean_ring(const struct ring *in, double *xy, size_t *from) {
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++) {
        if (n > 0 && same(in->xy + 2 * i, xy + 2 * n - 2)) {
            from[n - 1] = i;
            continue;
        }
        xy[2 * n] = in->xy[2 * i], xy[2 * n + 1] = in->xy[2 * i + 1];
        from[n++] = i;
    }
    while (n > 1 && same(xy, xy + 2 * n - 2))
        n--;
    return n;
}

enum status rings_clean(struct ctx *ctx, const struct rings *in, struct rings *out, size_t ***from) {
    struct ring *ring = ctx_alloc(ctx, in->n, sizeof *ring);
    size_t **places = ctx_alloc(ctx, in->n, sizeof *places);
    if (!ring || !places)
        return STATUS_NO_MEMORY;
    for (size_t r = 0; r < in->n; r++) {
        double *xy = ctx_alloc(ctx, in->ring[r].n, 2 * sizeof *xy);
        places[r] = ctx_alloc(ctx, in->ring[r].n, sizeof *places[r]);
        if (!xy || !places[r])
            return STATUS_NO_MEMORY;
        ring[r] = (struct ring){xy, clean_ring(&in->ring[r], xy, places[r])};
    }
    *out = (struct rings){in->n, ring};
    if (from)
        *from = places;
    return STATUS_OK;
}

/* Twice the area, and six times its first moments, of triangles around `origin`; and the same of the edges as wires. */
struct sums {
    quad area, x, y, length, length_x, length_y;
};

static quad length_of(quad dx, quad dy) { return quad_sqrt(dx * dx + dy * dy); }

static struct sums ring_sums(const struct ring *ring, const double *origin) {
    struct sums s = {0};
    for (size_t i = 0; i < ring->n; i++) {
        const double *p = ring->xy + 2 * i, *q = i + 1 < ring->n ? p + 2 : ring->xy;
        quad px = (quad)p[0] - origin[0], py = (quad)p[1] - origin[1];
        quad qx = (quad)q[0] - origin[0], qy = (quad)q[1] - origin[1];
        quad cross = px * qy - py * qx, length = length_of(qx - px, qy - py);
        s.area += cross, s.x += cross * (px + qx), s.y += cross * (py + qy);
        s.length += length, s.length_x += length * (px + qx), s.length_y += length * (py + qy);
    }
    return s;
}

double ring_signed_area(const struct ring *ring) {
    quad area = 0;
    for (size_t i = 0; i < ring->n; i++) {
        const double *p = ring->xy + 2 * i, *q = i + 1 < ring->n ? p + 2 : ring->xy;
        area += ((quad)p[0] - ring->xy[0]) * ((quad)q[1] - ring->xy[1]) -
                ((quad)p[1] - ring->xy[1]) * ((quad)q[0] - ring->xy[0]);
    }
    return (double)(area / 2);
}

/* add_sums adds a hole's, whose area and moments count as less whatever its direction. */
static void add_sums(struct sums *all, const struct sums *s, bool hole) {
    quad sign = (s->area < 0) != hole ? -1 : 1;
    all->area += sign * s->area, all->x += sign * s->x, all->y += sign * s->y;
    all->length += s->length, all->length_x += s->length_x, all->length_y += s->length_y;
}

static void set_centroid(const struct sums *s, const double *origin, double centroid[2]) {
    quad x = 0, y = 0;
    if (s->area != 0)
        x = s->x / (3 * s->area), y = s->y / (3 * s->area);
    else if (s->length != 0)
        x = s->length_x / (2 * s->length), y = s->length_y / (2 * s->length);
    centroid[0] = (double)(origin[0] + x) + 0.0;
    centroid[1] = (double)(origin[1] + y) + 0.0;
}

static enum status measure(struct ctx *ctx, const struct rings *rings, struct polygon_out *out) {
    const double *origin = rings->ring[0].xy;
    struct sums all = {0};
    for (size_t r = 0; r < rings->n; r++) {
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        struct sums s = ring_sums(&rings->ring[r], origin);
        if (r == 0)
            out->signed_area = (double)(s.area / 2) + 0.0, out->orientation = (s.area > 0) - (s.area < 0);
        add_sums(&all, &s, r > 0);
        out->vertices += rings->ring[r].n;
    }
    out->area = (double)(all.area / 2) + 0.0;
    out->perimeter = (double)all.length;
    set_centroid(&all, origin, out->centroid);
    if (!isfinite(out->area) || !isfinite(out->perimeter) || !isfinite(out->signed_area))
        return ctx_fail(ctx, STATUS_INVALID, "/polygon",
                        "The area or the perimeter is beyond the greatest double, want coordinates that are nearer.");
    return STATUS_OK;
}

/* The turn at the lowest of the leftmost points is no straight angle, unless the ring has no area. */
int ring_orientation(const struct ring *ring) {
    size_t k = 0, n = ring->n;
    for (size_t i = 1; i < n; i++) {
        const double *p = ring->xy + 2 * i, *q = ring->xy + 2 * k;
        if (p[0] < q[0] || (p[0] == q[0] && p[1] < q[1]))
            k = i;
    }
    return orient2d(ring->xy + 2 * ((k + n - 1) % n), ring->xy + 2 * k, ring->xy + 2 * ((k + 1) % n));
}

static bool turns_one_way(const struct ring *ring, int way) {
    for (size_t i = 0, n = ring->n; i < n; i++)
        if (orient2d(ring->xy + 2 * i, ring->xy + 2 * ((i + 1) % n), ring->xy + 2 * ((i + 2) % n)) == -way)
            return false;
    return way != 0;
}

/* skip_neighbours: two edges of a ring may share the point between them, and nothing else. */
static bool skip_neighbours(const void *self, size_t i, size_t j) {
    const struct edges *e = self;
    const struct edge *a = &e->edge[i], *b = &e->edge[j];
    size_t n = e->rings->ring[a->ring].n;
    if (a->ring != b->ring || (b->at != a->at + 1 && !(a->at == 0 && b->at == n - 1)))
        return false;
    return segments_meet(e->segments + 4 * i, e->segments + 4 * j).kind == MEETING_POINT;
}

static enum status edges_of(struct ctx *ctx, const struct rings *rings, size_t *const *from, struct edges *e) {
    *e = (struct edges){.rings = rings};
    for (size_t r = 0; r < rings->n; r++)
        e->n += rings->ring[r].n;
    e->segments = ctx_alloc(ctx, e->n, 4 * sizeof *e->segments);
    e->edge = ctx_alloc(ctx, e->n, sizeof *e->edge);
    if (!e->segments || !e->edge)
        return STATUS_NO_MEMORY;
    for (size_t r = 0, k = 0; r < rings->n; r++)
        for (size_t i = 0; i < rings->ring[r].n; i++, k++) {
            const struct ring *ring = &rings->ring[r];
            const double *p = ring->xy + 2 * i, *q = i + 1 < ring->n ? p + 2 : ring->xy;
            double *s = e->segments + 4 * k;
            s[0] = p[0], s[1] = p[1], s[2] = q[0], s[3] = q[1];
            e->edge[k] = (struct edge){r, i, from[r][i]};
        }
    return STATUS_OK;
}

/* A walk along the edges below `high`, which looks for two that meet. */
struct walk {
    const struct edges *edges;
    bool touching; /* edges of different rings may touch in a point */
    bool found;
    size_t pair[2];
};

static enum status stop_at_meeting(void *self, size_t i, size_t j) {
    struct walk *w = self;
    const struct edges *e = w->edges;
    if (skip_neighbours(e, i, j))
        return STATUS_OK;
    if (w->touching && e->edge[i].ring != e->edge[j].ring) {
        enum meeting_detail detail = segments_meet(e->segments + 4 * i, e->segments + 4 * j).detail;
        if (detail == MEETING_TOUCH || detail == MEETING_ENDPOINT)
            return STATUS_OK;
    }
    w->found = true;
    w->pair[0] = i, w->pair[1] = j;
    return STATUS_CANCELLED; /* the sweep ends; no error */
}

/* walk_to looks for any two of the first n edges that meet. */
static enum status walk_to(struct ctx *ctx, struct walk *w, size_t n) {
    struct ctx_mark mark = ctx_mark(ctx);
    w->found = false;
    enum status status = segment_sweep(ctx, w->edges->segments, n, stop_at_meeting, w);
    ctx_rewind(ctx, mark);
    return w->found ? STATUS_OK : status;
}

/* walk finds the first edge that meets an earlier one, and the first of these. Each sweep that finds a pair tells that
 * the edge is at most the later of both; mostly it is that one, which the sweep of those before it confirms; else the
 * rest is halved. */
static enum status walk(struct ctx *ctx, struct walk *w) {
    const struct edges *e = w->edges;
    enum status status = walk_to(ctx, w, e->n);
    if (status != STATUS_OK || !w->found)
        return status;
    size_t low = 0, high = w->pair[1]; /* the edges below `low` do not meet, those up to `high` do */
    for (size_t n = high; low < high && status == STATUS_OK; n = low + (high - low + 1) / 2) {
        status = walk_to(ctx, w, n);
        if (w->found)
            high = w->pair[1];
        else
            low = n;
    }
    w->pair[1] = high;
    for (size_t i = 0; i < high && status == STATUS_OK; i++)
        if (segments_meet_at_all(e->segments + 4 * i, e->segments + 4 * high) &&
            stop_at_meeting(w, i, high) != STATUS_OK)
            break;
    return status;
}

enum status polygon_meeting(struct ctx *ctx, const struct rings *rings, size_t *const *from, bool touching,
                            struct polygon_out *out) {
    struct edges e;
    struct walk w = {.edges = &e, .touching = touching};
    enum status status = edges_of(ctx, rings, from, &e);
    if (status == STATUS_OK)
        status = walk(ctx, &w);
    if (status != STATUS_OK)
        return status;
    out->has_meeting = w.found;
    out->simple = !w.found;
    for (size_t r = 0; r < rings->n; r++)
        out->simple = out->simple && rings->ring[r].n >= 3;
    for (size_t k = 0; k < 2 && w.found; k++)
        out->ring[k] = e.edge[w.pair[k]].ring, out->edge[k] = e.edge[w.pair[k]].from;
    if (w.found)
        out->meeting = segments_meet(e.segments + 4 * w.pair[0], e.segments + 4 * w.pair[1]);
    return STATUS_OK;
}

enum status polygon_measure(struct ctx *ctx, const struct rings *in, struct polygon_out *out) {
    struct rings rings;
    size_t **from;
    *out = (struct polygon_out){0};
    enum status status = rings_clean(ctx, in, &rings, &from);
    if (status == STATUS_OK)
        status = measure(ctx, &rings, out);
    if (status == STATUS_OK)
        status = polygon_meeting(ctx, &rings, from, false, out);
    if (status != STATUS_OK)
        return status;
    if (out->simple)
        out->orientation = ring_orientation(&rings.ring[0]);
    out->convex = out->simple && rings.n == 1 && turns_one_way(&rings.ring[0], out->orientation);
    return STATUS_OK;
}
