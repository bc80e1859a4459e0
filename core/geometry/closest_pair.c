#include "core/geometry/closest_pair.h"
#include "core/geometry/exact_sum.h"

#include <math.h>
#include <string.h>

struct item {
    struct point p;
    uint32_t index;
};

struct search {
    struct ctx *ctx;
    struct item *items, *room; /* by x at first, by y as the halves are merged */
    struct item a, b;          /* the best pair, a.index < b.index */
    double unit;               /* a power of two that makes its distance about 1, so that squares neither over- nor
                                  underflow where it matters: what is much farther comes out infinite, and is */
    double reach;              /* the square of its distance with all that rounding may hide */
};

enum { LEAF = 6 };

static inline double square_of(const struct search *s, const struct item *a, const struct item *b) {
    double x = (a->p.x - b->p.x) * s->unit, y = (a->p.y - b->p.y) * s->unit;
    return x * x + y * y;
}

static void take(struct search *s, const struct item *a, const struct item *b) {
    s->a = a->index < b->index ? *a : *b;
    s->b = a->index < b->index ? *b : *a;
    double square = square_of(s, a, b);
    if (!(square > 0x1p-800 && square < 0x1p800)) { /* far from 1: another unit */
        int e = ilogb(fmax(fabs(a->p.x - b->p.x), fabs(a->p.y - b->p.y)));
        s->unit = ldexp(1, e > 1000 ? -1000 : e < -1000 ? 1000 : -e);
        square = square_of(s, a, b);
    }
    s->reach = square * (1 + 0x1p-48);
}

static void try_pair(struct search *s, const struct item *a, const struct item *b) {
    if (square_of(s, a, b) > s->reach)
        return;
    int sign = exact_compare_distances(a->p, b->p, s->a.p, s->b.p);
    uint32_t low = a->index < b->index ? a->index : b->index, high = a->index ^ b->index ^ low;
    if (sign < 0 || (sign == 0 && (low < s->a.index || (low == s->a.index && high < s->b.index))))
        take(s, a, b);
}

/* leaf tries all pairs of a few points and orders them by y. */
static void leaf(struct search *s, size_t from, size_t to) {
    struct item *at = s->items;
    for (size_t i = from; i < to; i++)
        for (size_t k = i + 1; k < to; k++)
            try_pair(s, &at[i], &at[k]);
    for (size_t i = from + 1; i < to; i++) {
        struct item one = at[i];
        size_t k = i;
        for (; k > from && one.p.y < at[k - 1].p.y; k--)
            at[k] = at[k - 1];
        at[k] = one;
    }
}

/* merge_by_y orders from .. to - 1, whose halves are ordered. */
static void merge_by_y(struct search *s, size_t from, size_t middle, size_t to) {
    struct item *at = s->items, *room = s->room;
    memcpy(room + from, at + from, (middle - from) * sizeof *at);
    size_t i = from, k = middle, w = from;
    while (i < middle && k < to)
        at[w++] = at[k].p.y < room[i].p.y ? at[k++] : room[i++];
    memcpy(at + w, room + i, (middle - i) * sizeof *at);
}

/* strip tries the pairs across the line at x; those whose heights are too far apart are skipped. */
static void strip(struct search *s, size_t from, size_t to, double x) {
    struct item *near = s->room + from;
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        double dx = (s->items[i].p.x - x) * s->unit;
        if (dx * dx > s->reach)
            continue;
        near[n] = s->items[i];
        for (size_t k = n; k-- > 0;) {
            double dy = (near[n].p.y - near[k].p.y) * s->unit;
            if (dy * dy > s->reach)
                break;
            try_pair(s, &near[k], &near[n]);
        }
        n++;
    }
}

static enum status solve(struct search *s, size_t from, size_t to) {
    if (to - from <= LEAF) {
        leaf(s, from, to);
        return STATUS_OK;
    }
    if (to - from > 1 << 18 && ctx_stop(s->ctx))
        return ctx_stopped(s->ctx);
    size_t middle = from + (to - from) / 2;
    double x = s->items[middle].p.x;
    enum status status = solve(s, from, middle);
    if (status == STATUS_OK)
        status = solve(s, middle, to);
    if (status != STATUS_OK)
        return status;
    merge_by_y(s, from, middle, to);
    strip(s, from, to, x);
    return STATUS_OK;
}

/* equal_pair finds the least pair of equal points, which lie side by side in the order. */
static bool equal_pair(const struct item *items, size_t n, struct close_pair *out) {
    bool found = false;
    for (size_t i = 1; i < n; i++) {
        if (!point_equal(items[i - 1].p, items[i].p))
            continue;
        uint32_t a = items[i - 1].index, b = items[i].index; /* ascending within a group */
        if (!found || a < out->a || (a == out->a && b < out->b))
            *out = (struct close_pair){0, a, b};
        found = true;
    }
    return found;
}

enum status closest_pair(struct ctx *ctx, const struct points *points, struct close_pair *out) {
    size_t n = points->n;
    uint32_t *order;
    enum status status = points_order(ctx, points->at, NULL, n, &order);
    if (status != STATUS_OK)
        return status;
    struct search s = {.ctx = ctx, .unit = 1};
    s.items = ctx_alloc(ctx, n, sizeof *s.items);
    s.room = ctx_alloc(ctx, n, sizeof *s.room);
    if (!s.items || !s.room)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        s.items[i] = (struct item){points->at[order[i]], order[i]};
    if (equal_pair(s.items, n, out))
        return STATUS_OK;
    take(&s, &s.items[0], &s.items[1]);
    status = solve(&s, 0, n);
    if (status != STATUS_OK)
        return status;
    *out = (struct close_pair){exact_distance(s.a.p, s.b.p), s.a.index, s.b.index};
    return distance_fits(ctx, out->distance);
}
