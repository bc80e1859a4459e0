#include "core/geometry/segment_sweep.h"

#include <string.h>

#include "core/geometry/order_at.h"
#include "core/geometry/span.h"

enum { POLL = 1 << 12 };

/* A pair of neighbours on the line that will change places before event `bucket`; of its node, the lower one. Those of
 * a bucket are linked both ways. bucket 0 (before which nothing lies): none. */
struct promise {
    uint32_t bucket, prev, next;
};

struct sweep {
    struct ctx *ctx;
    struct span *span;
    struct point *event; /* where segments begin or end, in order; no two are equal */
    uint32_t *ends;      /* [2 n] points of the input in the order of the events */
    uint32_t *first;     /* [events + 1] where those of an event begin in `ends` */
    size_t n, events;
    uint32_t now;
    struct line_order line;  /* the segments that are met, from below, just before or after the event */
    struct promise *promise; /* by node */
    uint32_t *bucket;        /* by event, the first node */
    uint32_t *through, *on;  /* scratch: segments that contain the event's point; those that go on from it */
    size_t n_through, n_on, polls;
    segment_visit *visit;
    void *self;
};

static enum status visit(struct sweep *s, uint32_t a, uint32_t b) {
    if (++s->polls % POLL == 0 && ctx_stop(s->ctx) != STOP_NONE)
        return ctx_stopped(s->ctx);
    return s->visit(s->self, a < b ? a : b, a < b ? b : a);
}

static uint32_t item(const struct sweep *s, uint32_t node) { return s->line.node[node].item; }

/* crossed_before: a is the lower one of two segments that cross, later than what was swept; whether they do so before
 * p, by x, then y. Two that cross straight below p may wait for the next event: both lie below p, in either order. */
static bool crossed_before(const struct span *a, const struct span *b, const struct point *p) {
    bool up = a->at[0] == a->at[2];
    if (up || b->at[0] == b->at[2]) { /* one is vertical: they cross at its x */
        double x = up ? a->at[0] : b->at[0];
        return x < p->x || (x == p->x && span_side(up ? b : a, p) > 0);
    }
    return order_at(a->at, b->at, p->x) > 0;
}

/* guess is where they cross, rounded. */
static struct point guess(const struct span *a, const struct span *b) {
    double ax = a->at[2] - a->at[0], ay = a->at[3] - a->at[1], bx = b->at[2] - b->at[0], by = b->at[3] - b->at[1];
    double t = ((b->at[0] - a->at[0]) * by - (b->at[1] - a->at[1]) * bx) / (ax * by - ay * bx);
    return (struct point){a->at[0] + t * ax, a->at[1] + t * ay};
}

/* bucket_of is the first event before which a and b, which cross before event `high`, cross; not below `low`. From a
 * guess it goes on in doubled steps, then by halves, so that only exact tests decide. */
static uint32_t bucket_of(const struct sweep *s, const struct span *a, const struct span *b, uint32_t low,
                          uint32_t high) {
    struct point about = guess(a, b);
    uint32_t from = low, to = high; /* crossed before `to`; not before any below `from` */
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (point_before(s->event[middle], about))
            from = middle + 1;
        else
            to = middle;
    }
    uint32_t near = from < high ? from : high;
    from = low, to = high;
    for (uint32_t step = 1; near < to && near >= from; step *= 2) {
        if (crossed_before(a, b, &s->event[near])) {
            to = near;
            near = near - low > step ? near - step : low;
        } else {
            from = near + 1;
            near = to - near > step ? near + step : to;
        }
    }
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (crossed_before(a, b, &s->event[middle]))
            to = middle;
        else
            from = middle + 1;
    }
    return to;
}

static void forget(struct sweep *s, uint32_t node) {
    struct promise *p = &s->promise[node];
    if (p->bucket == 0)
        return;
    if (p->prev)
        s->promise[p->prev].next = p->next;
    else
        s->bucket[p->bucket] = p->next;
    if (p->next)
        s->promise[p->next].prev = p->prev;
    p->bucket = 0;
}

/* expect notes whether and when a node and the one above it will change places, from event `low` on. */
static void expect(struct sweep *s, uint32_t node, uint32_t low) {
    uint32_t above = node ? s->line.node[node].next : 0;
    if (!node)
        return;
    forget(s, node);
    if (!above)
        return;
    const struct span *a = &s->span[item(s, node)], *b = &s->span[item(s, above)];
    uint32_t high = a->end < b->end ? a->end : b->end;
    if (high < low ||
        (a->end <= b->end ? orient2d(b->at, b->at + 2, a->at + 2) <= 0 : orient2d(a->at, a->at + 2, b->at + 2) >= 0))
        return;
    uint32_t bucket = bucket_of(s, a, b, low, high), next = s->bucket[bucket];
    s->promise[node] = (struct promise){bucket, 0, next};
    if (next)
        s->promise[next].prev = node;
    s->bucket[bucket] = node;
}

/* exchange lets all neighbours change places that cross between the last event and this one. */
static enum status exchange(struct sweep *s) {
    for (uint32_t node; (node = s->bucket[s->now]) != 0;) {
        struct line_node *low = &s->line.node[node], *high = &s->line.node[low->next];
        uint32_t swap = low->item;
        low->item = high->item, high->item = swap;
        s->span[low->item].node = node, s->span[high->item].node = low->next;
        enum status status = visit(s, low->item, high->item);
        if (status != STATUS_OK)
            return status;
        forget(s, node);
        expect(s, low->prev, s->now);
        expect(s, low->next, s->now);
    }
    return STATUS_OK;
}

/* visit_through visits the pairs among the segments that came to p. Those on one line stand together; they have met
 * before. */
static enum status visit_through(struct sweep *s, const struct point *p) {
    const double at[] = {p->x, p->y};
    for (size_t i = 1, same = 0; i < s->n_through; i++) {
        if (orient2d(s->span[s->through[i - 1]].at, at, s->span[s->through[i]].at) != 0)
            same = i;
        for (size_t k = 0; k < same; k++) {
            enum status status = visit(s, s->through[k], s->through[i]);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* begin_segments takes those that begin at the event, each of which meets all that are there. Called with the ones that
 * came in `through`; it adds to them. */
static enum status begin_segments(struct sweep *s, const struct point *p) {
    for (uint32_t k = s->first[s->now]; k < s->first[s->now + 1]; k++) {
        uint32_t segment = s->ends[k] / 2;
        if (s->ends[k] % 2) /* it ends */
            continue;
        for (size_t i = 0; i < s->n_through; i++) {
            enum status status = visit(s, s->through[i], segment);
            if (status != STATUS_OK)
                return status;
        }
        s->through[s->n_through++] = segment;
        if (s->span[segment].end != s->now)
            span_put(s->span, p, s->on, s->n_on++, segment);
    }
    return STATUS_OK;
}

/* replace puts those that go on in the place of the nodes from `node` on that came, and looks at the new neighbours. */
static void replace(struct sweep *s, uint32_t before, uint32_t node, size_t came) {
    uint32_t last = before;
    for (size_t k = 0; k < s->n_on; k++) {
        if (k < came) {
            forget(s, node);
            s->line.node[node].item = s->on[k];
            last = node;
            node = s->line.node[node].next;
        } else {
            last = line_order_insert(&s->line, last, s->on[k]);
            s->promise[last].bucket = 0;
        }
        s->span[s->on[k]].node = last;
    }
    for (size_t k = s->n_on; k < came; k++) {
        uint32_t next = s->line.node[node].next;
        forget(s, node);
        line_order_remove(&s->line, node);
        node = next;
    }
    expect(s, before, s->now + 1);
    if (last != before)
        expect(s, last, s->now + 1);
}

/* find is the lowest node that comes to the event or lies above it. Where a segment ends, the way is short: most of the
 * time of a sweep is spent in searches. An empty segment begins and ends at its event, and is never there. */
static uint32_t find(const struct sweep *s, const struct point *p) {
    for (uint32_t k = s->first[s->now]; k < s->first[s->now + 1]; k++) {
        const struct span *span = &s->span[s->ends[k] / 2];
        if (s->ends[k] % 2 && (span->at[0] != span->at[2] || span->at[1] != span->at[3]))
            return span_lowest(&s->line, s->span, s->ends[k] / 2, p);
    }
    return span_find(&s->line, s->span, p);
}

static enum status pass_event(struct sweep *s) {
    const struct point *p = &s->event[s->now];
    uint32_t node = find(s, p), before = node ? s->line.node[node].prev : s->line.last;
    s->n_through = s->n_on = 0;
    for (uint32_t k = node; k && span_side(&s->span[item(s, k)], p) == 0; k = s->line.node[k].next)
        s->through[s->n_through++] = item(s, k);
    size_t came = s->n_through;
    enum status status = visit_through(s, p);
    for (size_t k = came; k-- > 0;) /* mostly their order is turned round */
        if (s->span[s->through[k]].end != s->now)
            span_put(s->span, p, s->on, s->n_on++, s->through[k]);
    if (status == STATUS_OK)
        status = begin_segments(s, p);
    if (status == STATUS_OK)
        replace(s, before, node, came);
    return status;
}

static uint64_t set_spans(struct sweep *s, const double *segments) {
    uint64_t seed = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double *p = segments + 4 * i;
        bool back = p[2] < p[0] || (p[2] == p[0] && p[3] < p[1]);
        double *at = s->span[i].at;
        for (size_t k = 0; k < 4; k++) {
            uint64_t bits;
            at[k] = p[back ? k ^ 2 : k] + 0.0;
            memcpy(&bits, &at[k], sizeof bits);
            seed = (seed ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
            seed ^= seed >> 32;
        }
    }
    return seed;
}

/* set_events numbers the different ends from 1, in their order. */
static void set_events(struct sweep *s) {
    for (size_t k = 0; k < 2 * s->n; k++) {
        struct span *span = &s->span[s->ends[k] / 2];
        bool greater = s->ends[k] % 2;
        struct point p = {span->at[2 * greater], span->at[2 * greater + 1]};
        if (s->events == 0 || !point_equal(s->event[s->events], p)) {
            s->event[++s->events] = p;
            s->first[s->events] = (uint32_t)k;
        }
        if (greater)
            span->end = (uint32_t)s->events;
    }
    s->first[s->events + 1] = (uint32_t)(2 * s->n);
}

static enum status sweep_begin(struct sweep *s, const double *segments) {
    size_t n = s->n;
    s->span = ctx_alloc(s->ctx, n, sizeof *s->span);
    s->event = ctx_alloc(s->ctx, 2 * n + 1, sizeof *s->event);
    s->first = ctx_alloc(s->ctx, 2 * n + 2, sizeof *s->first);
    s->promise = ctx_zalloc(s->ctx, n + 1, sizeof *s->promise);
    s->bucket = ctx_zalloc(s->ctx, 2 * n + 1, sizeof *s->bucket);
    s->through = ctx_alloc(s->ctx, n, sizeof *s->through);
    s->on = ctx_alloc(s->ctx, n, sizeof *s->on);
    if (!s->span || !s->event || !s->first || !s->promise || !s->bucket || !s->through || !s->on)
        return STATUS_NO_MEMORY;
    enum status status = line_order_begin(s->ctx, &s->line, n, set_spans(s, segments));
    /* The ends of all spans as points; a point's number halved is its segment. */
    struct point *points = status == STATUS_OK ? ctx_alloc(s->ctx, 2 * n, sizeof *points) : NULL;
    if (!points)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const double *at = s->span[i].at;
        points[2 * i] = (struct point){at[0], at[1]}, points[2 * i + 1] = (struct point){at[2], at[3]};
    }
    status = points_order(s->ctx, points, NULL, 2 * n, &s->ends);
    if (status == STATUS_OK)
        set_events(s);
    return status;
}

enum status segment_sweep(struct ctx *ctx, const double *segments, size_t n, segment_visit *visit_pair, void *self) {
    struct sweep s = {.ctx = ctx, .n = n, .visit = visit_pair, .self = self};
    if (n >= UINT32_MAX / 2)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/segments", "There are %zu segments, want fewer than 2^31.", n);
    if (n < 2)
        return STATUS_OK;
    enum status status = sweep_begin(&s, segments);
    for (s.now = 1; s.now <= s.events && status == STATUS_OK; s.now++) {
        if (s.now % POLL == 1 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        status = exchange(&s);
        if (status == STATUS_OK)
            status = pass_event(&s);
    }
    return status;
}
