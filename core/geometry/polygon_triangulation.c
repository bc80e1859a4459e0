#include "core/geometry/polygon_triangulation.h"

#include "core/geometry/span.h"

enum { POLL = 1 << 12 };

/* A corner in a chain, with its neighbours there; 0: none. */
struct link {
    uint32_t event, down, up;
};

/* What stands above an edge that has the inside above it, up to the next edge: from a corner on the one to a corner on
 * the other, always turning left or going straight. `latest` was added last, and so is the one farthest to
 * the right. */
struct chain {
    uint32_t low, high, latest;
};

struct edge {
    uint32_t ring;
    bool above; /* the inside is above it */
    struct chain chain;
};

struct sweep {
    struct ctx *ctx;
    const struct rings *rings;
    size_t n, events;
    struct point *event; /* the different corners, in order by x, then y, from 1 */
    int64_t *index;      /* [events + 1] their indices for the answer */
    struct span *span;   /* edge k begins at corner k */
    struct edge *edge;
    uint32_t *begin, *ending, /* by event, an edge that ends there and 1, or 0 */
        *edges; /* edges with their lesser end at an event are edges[begin[e]] to edges[begin[e + 1] - 1] */
    struct line_order line;
    struct link *link;
    uint32_t links;
    uint32_t *through, *on; /* edges that come to an event, and that go on from it, from below */
    size_t n_through, n_on;
    struct polygon_triangles *out;
};

static void emit(struct sweep *s, uint32_t a, uint32_t b, uint32_t c) {
    int64_t *to = s->out->at + 3 * s->out->n++;
    to[0] = s->index[s->link[a].event], to[1] = s->index[s->link[b].event], to[2] = s->index[s->link[c].event];
}

static uint32_t new_link(struct sweep *s, uint32_t event, uint32_t down, uint32_t up) {
    uint32_t at = ++s->links;
    s->link[at] = (struct link){event, down, up};
    if (down)
        s->link[down].up = at;
    if (up)
        s->link[up].down = at;
    return at;
}

/* sees: whether a, b, c, from below, make a triangle to the right of the chain. */
static bool sees(const struct sweep *s, uint32_t a, uint32_t b, uint32_t c) {
    const struct point *p = &s->event[s->link[a].event], *q = &s->event[s->link[b].event];
    const struct point *r = &s->event[s->link[c].event];
    const double at[3][2] = {{p->x, p->y}, {q->x, q->y}, {r->x, r->y}};
    return orient2d(at[0], at[1], at[2]) < 0;
}

/* cut_down cuts off what `at` sees below itself, cut_up what above. */
static void cut_down(struct sweep *s, uint32_t at) {
    for (uint32_t b, a; (b = s->link[at].down) && (a = s->link[b].down) && sees(s, a, b, at);) {
        emit(s, a, at, b);
        s->link[at].down = a, s->link[a].up = at;
    }
}

static void cut_up(struct sweep *s, uint32_t at) {
    for (uint32_t b, c; (b = s->link[at].up) && (c = s->link[b].up) && sees(s, at, b, c);) {
        emit(s, at, c, b);
        s->link[at].up = c, s->link[c].down = at;
    }
}

/* split lets an event that lies between two edges see the latest corner of their chain; `low` becomes what is below it,
 * *high what is above. */
static void split(struct sweep *s, uint32_t event, struct chain *low, struct chain *high) {
    struct chain whole = *low;
    struct link seen = s->link[whole.latest];
    uint32_t twin = new_link(s, seen.event, 0, seen.up), at = new_link(s, event, 0, twin);
    *high = (struct chain){at, whole.high == whole.latest ? twin : whole.high, at};
    cut_up(s, at);
    s->link[whole.latest].up = 0;
    at = new_link(s, event, whole.latest, 0);
    *low = (struct chain){whole.low, at, at};
    cut_down(s, at);
}

/* close_wedges cuts up what lies between edges that end here. */
static void close_wedges(struct sweep *s, uint32_t event) {
    for (size_t k = 0; k + 1 < s->n_through; k++) {
        const struct edge *edge = &s->edge[s->through[k]];
        if (edge->above)
            cut_down(s, new_link(s, event, edge->chain.high, 0));
    }
}

/* extend adds the event to the chain below the edges that come, `low`, and to the one above them, *high; where nothing
 * goes on, they become one. NULL: there is none. */
static void extend(struct sweep *s, uint32_t event, struct chain *low, struct chain *high) {
    uint32_t at = 0, other = 0;
    if (low) {
        at = new_link(s, event, low->high, 0);
        cut_down(s, at);
        low->high = low->latest = at;
    }
    if (!high)
        return;
    if (low && s->n_on == 0) {
        s->link[at].up = high->low, s->link[high->low].down = at;
        cut_up(s, at);
        low->high = high->high;
        return;
    }
    other = new_link(s, event, 0, high->low);
    cut_up(s, other);
    high->low = high->latest = other;
}

/* check_fit: two neighbours agree whether the inside lies between them. 0: no edge. */
static enum status check_fit(struct sweep *s, uint32_t low, uint32_t high) {
    const struct edge *a = low ? &s->edge[s->line.node[low].item] : NULL;
    const struct edge *b = high ? &s->edge[s->line.node[high].item] : NULL;
    bool inside = a && a->above;
    if (inside == (b && !b->above))
        return STATUS_OK;
    size_t ring = a && b ? (a->ring > b->ring ? a->ring : b->ring) : a ? a->ring : b->ring;
    s->out->ring = ring, s->out->has_edge = false;
    return ctx_fail(s->ctx, STATUS_INVALID, "",
                    "Ring %zu does not lie inside of the exterior and outside of the other holes, want holes that do.",
                    ring);
}

/* replace puts the edges that go on in the place of those that came, behind node `before`. */
static enum status replace(struct sweep *s, uint32_t before, uint32_t node) {
    for (size_t k = 0; k < s->n_through; k++) {
        uint32_t next = s->line.node[node].next;
        line_order_remove(&s->line, node);
        node = next;
    }
    enum status status = STATUS_OK;
    for (size_t k = 0; k < s->n_on && status == STATUS_OK; k++) {
        uint32_t at = line_order_insert(&s->line, before, s->on[k]);
        s->span[s->on[k]].node = at;
        status = check_fit(s, before, at);
        before = at;
    }
    return status == STATUS_OK ? check_fit(s, before, node) : status;
}

/* gather finds the edges that come to an event and that go on; gives the node of the first that comes. */
static uint32_t gather(struct sweep *s, uint32_t now) {
    const struct point *p = &s->event[now];
    uint32_t ends = s->ending[now];
    uint32_t node = ends ? span_lowest(&s->line, s->span, ends - 1, p) : span_find(&s->line, s->span, p);
    s->n_through = s->n_on = 0;
    for (uint32_t k = node; k && span_side(&s->span[s->line.node[k].item], p) == 0; k = s->line.node[k].next) {
        uint32_t edge = s->line.node[k].item;
        s->through[s->n_through++] = edge;
        if (s->span[edge].end != now)
            span_put(s->span, p, s->on, s->n_on++, edge);
    }
    for (uint32_t k = s->begin[now]; k < s->begin[now + 1]; k++)
        span_put(s->span, p, s->on, s->n_on++, s->edges[k]);
    return node;
}

static enum status pass_event(struct sweep *s, uint32_t now) {
    uint32_t node = gather(s, now), before = node ? s->line.node[node].prev : s->line.last;
    struct edge *low = before ? &s->edge[s->line.node[before].item] : NULL;
    const struct edge *top = s->n_through ? &s->edge[s->through[s->n_through - 1]] : NULL;
    const bool closed = s->n_through == 0 || !top->above; /* nothing is above the edges that come */
    struct chain high = closed ? (struct chain){0} : top->chain;
    close_wedges(s, now);
    if (low && !low->above)
        low = NULL;
    if (s->n_through)
        extend(s, now, low ? &low->chain : NULL, closed ? NULL : &high);
    else if (low)
        split(s, now, &low->chain, &high);
    enum status status = replace(s, before, node);
    for (size_t k = 0; k < s->n_on; k++) {
        struct edge *edge = &s->edge[s->on[k]];
        if (edge->above && k + 1 == s->n_on && high.low) {
            edge->chain = high;
        } else if (edge->above) {
            uint32_t at = new_link(s, now, 0, 0);
            edge->chain = (struct chain){at, at, at};
        }
    }
    return status;
}

static enum status allocate(struct sweep *s) {
    struct ctx *ctx = s->ctx;
    size_t n = s->n;
    s->event = ctx_alloc(ctx, n + 1, sizeof *s->event);
    s->index = ctx_alloc(ctx, n + 1, sizeof *s->index);
    s->span = ctx_alloc(ctx, n, sizeof *s->span);
    s->edge = ctx_alloc(ctx, n, sizeof *s->edge);
    s->begin = ctx_zalloc(ctx, n + 3, sizeof *s->begin);
    s->ending = ctx_zalloc(ctx, n + 1, sizeof *s->ending);
    s->edges = ctx_alloc(ctx, n, sizeof *s->edges);
    s->link = ctx_alloc(ctx, 8 * n + 1, sizeof *s->link);
    s->through = ctx_alloc(ctx, n, sizeof *s->through);
    s->on = ctx_alloc(ctx, n, sizeof *s->on);
    s->out->at = ctx_alloc(ctx, 2 * n, 3 * sizeof *s->out->at);
    if (!s->event || !s->index || !s->span || !s->edge || !s->begin || !s->ending || !s->edges || !s->link ||
        !s->through || !s->on || !s->out->at)
        return STATUS_NO_MEMORY;
    return line_order_begin(ctx, &s->line, n, 0);
}

/* set_events numbers the different corners; of[] gives each corner its event. */
static enum status set_events(struct sweep *s, const struct point *corner, const int64_t *index, uint32_t *of) {
    uint32_t *order;
    enum status status = points_order(s->ctx, corner, NULL, s->n, &order);
    for (size_t k = 0; k < s->n && status == STATUS_OK; k++) {
        uint32_t c = order[k];
        if (s->events == 0 || !point_equal(s->event[s->events], corner[c])) {
            s->event[++s->events] = corner[c];
            s->index[s->events] = index[c];
        }
        of[c] = (uint32_t)s->events;
    }
    return status;
}

/* set_edges makes the edges of rings whose corners have the events of[]. */
static void set_edges(struct sweep *s, const uint32_t *of) {
    for (size_t r = 0, base = 0; r < s->rings->n; base += s->rings->ring[r++].n) {
        const struct ring *ring = &s->rings->ring[r];
        bool left = (ring_orientation(ring) > 0) == (r == 0); /* the inside is to the left of its edges */
        for (size_t i = 0; i < ring->n; i++) {
            uint32_t a = of[base + i], b = of[base + (i + 1) % ring->n], low = a < b ? a : b, high = a < b ? b : a;
            const struct point *p = &s->event[low], *q = &s->event[high];
            s->span[base + i] = (struct span){{p->x, p->y, q->x, q->y}, high, 0};
            s->ending[high] = (uint32_t)(base + i + 1);
            s->edge[base + i] = (struct edge){.ring = (uint32_t)r, .above = left == (a < b)};
            s->through[base + i] = low;
            s->begin[low + 2]++;
        }
    }
    for (size_t e = 1; e <= s->events + 2; e++)
        s->begin[e] += s->begin[e - 1];
    for (size_t k = 0; k < s->n; k++)
        s->edges[s->begin[s->through[k] + 1]++] = (uint32_t)k;
}

/* set_corners gives the corners of all rings, one after the other, and their indices among the points as given. */
static enum status set_corners(struct sweep *s, const struct rings *given, size_t *const *from) {
    struct point *corner = ctx_alloc(s->ctx, s->n, sizeof *corner);
    int64_t *index = ctx_alloc(s->ctx, s->n, sizeof *index);
    uint32_t *of = ctx_alloc(s->ctx, s->n, sizeof *of);
    if (!corner || !index || !of)
        return STATUS_NO_MEMORY;
    for (size_t r = 0, k = 0, base = 0; r < given->n; base += given->ring[r++].n)
        for (size_t i = 0; i < s->rings->ring[r].n; i++, k++) {
            const double *p = s->rings->ring[r].xy + 2 * i;
            corner[k] = (struct point){p[0] + 0.0, p[1] + 0.0};
            index[k] = (int64_t)(base + from[r][i]);
        }
    enum status status = set_events(s, corner, index, of);
    if (status == STATUS_OK)
        set_edges(s, of);
    return status;
}

/* refuse names what polygon_meeting found. */
static enum status refuse(struct ctx *ctx, const struct polygon_out *found, struct polygon_triangles *out) {
    const char *how = found->meeting.detail == MEETING_PROPER      ? "crosses"
                      : found->meeting.detail == MEETING_COLLINEAR ? "overlaps"
                                                                   : "touches";
    out->ring = found->ring[1], out->edge = found->edge[1], out->has_edge = true;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    "Edge %zu of ring %zu %s edge %zu of ring %zu at (%.17g, %.17g), want edges that have nothing in "
                    "common but the corner between neighbours, or points in which rings touch.",
                    found->edge[1], found->ring[1], how, found->edge[0], found->ring[0], found->meeting.points[0][0],
                    found->meeting.points[0][1]);
}

static enum status check_rings(struct ctx *ctx, const struct rings *rings, size_t *const *from,
                               struct polygon_triangles *out) {
    for (size_t r = 0; r < rings->n; r++)
        if (rings->ring[r].n < 3) {
            out->ring = r;
            return ctx_fail(ctx, STATUS_INVALID, "", "Ring %zu has %zu different corner%s in a row, want at least 3.",
                            r, rings->ring[r].n, &"s"[rings->ring[r].n == 1]);
        }
    struct polygon_out found = {0};
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = polygon_meeting(ctx, rings, from, true, &found);
    ctx_rewind(ctx, mark);
    return status == STATUS_OK && found.has_meeting ? refuse(ctx, &found, out) : status;
}

enum status polygon_triangulate(struct ctx *ctx, const struct rings *given, struct polygon_triangles *out) {
    struct rings rings;
    size_t **from;
    *out = (struct polygon_triangles){0};
    struct sweep s = {.ctx = ctx, .rings = &rings, .out = out};
    enum status status = rings_clean(ctx, given, &rings, &from);
    if (status == STATUS_OK)
        status = check_rings(ctx, &rings, from, out);
    if (status != STATUS_OK)
        return status;
    for (size_t r = 0; r < rings.n; r++)
        s.n += rings.ring[r].n;
    status = allocate(&s);
    if (status == STATUS_OK)
        status = set_corners(&s, given, from);
    for (uint32_t now = 1; now <= s.events && status == STATUS_OK; now++) {
        if (now % POLL == 0 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        status = pass_event(&s, now);
    }
    return status;
}
