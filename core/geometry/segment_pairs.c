/* segment_pairs.c - a tree of boxes over the segments in Morton order; every segment asks it for those behind itself.
 * Source: Guttman 1984 (R-trees), packed as in Kamel and Faloutsos 1993, with Morton's curve instead of Hilbert's. */
#include "core/geometry/intersect.h"

#include <string.h>

enum { FAN = 8, MAX_LEVELS = 12, POLL = 1 << 18 };

struct box {
    double low[2], high[2];
};

struct item {
    uint64_t code;
    uint32_t index;
};

struct tree {
    size_t n;
    struct item *items;
    struct box *level[MAX_LEVELS]; /* [0] those of the items, in their order; then of FAN of them each, ... */
    size_t count[MAX_LEVELS];
    size_t levels;
};

struct search {
    struct ctx *ctx;
    const double *segments;
    struct tree tree;
    bool (*skip)(const void *self, size_t i, size_t j);
    const void *self;
    size_t limit, tests;
    struct pairs *out;
};

static struct box box_of(const double s[4]) {
    return (struct box){{s[0] < s[2] ? s[0] : s[2], s[1] < s[3] ? s[1] : s[3]},
                        {s[0] > s[2] ? s[0] : s[2], s[1] > s[3] ? s[1] : s[3]}};
}

static bool boxes_meet(const struct box *a, const struct box *b) {
    return a->low[0] <= b->high[0] && b->low[0] <= a->high[0] && a->low[1] <= b->high[1] && b->low[1] <= a->high[1];
}

static void box_join(struct box *a, const struct box *b) {
    for (int k = 0; k < 2; k++) {
        a->low[k] = b->low[k] < a->low[k] ? b->low[k] : a->low[k];
        a->high[k] = b->high[k] > a->high[k] ? b->high[k] : a->high[k];
    }
}

static uint64_t spread(uint64_t x) {
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

/* cell is where the middle of low .. high lies, in 2^20 cells over all; halves, as sums could overflow. */
static uint64_t cell(const struct box *b, const struct box *all, int k) {
    double size = all->high[k] / 2 - all->low[k] / 2, at = b->low[k] / 4 + b->high[k] / 4 - all->low[k] / 2;
    double part = size > 0 ? at / size : 0;
    return part > 0 ? part < 1 ? (uint64_t)(part * 0x1p20) : (1 << 20) - 1 : 0;
}

/* sort_items: least significant digit first, 11 bits a time; stable, so equal codes keep the input's order. */
static void sort_items(struct item *items, struct item *other, size_t n) {
    for (unsigned shift = 0; shift < 44; shift += 11) {
        size_t count[2048] = {0}, at = 0;
        for (size_t i = 0; i < n; i++)
            count[items[i].code >> shift & 2047]++;
        for (size_t d = 0; d < 2048; d++) {
            size_t here = count[d];
            count[d] = at;
            at += here;
        }
        for (size_t i = 0; i < n; i++)
            other[count[items[i].code >> shift & 2047]++] = items[i];
        struct item *swap = items;
        items = other, other = swap;
    }
}

static enum status build_items(struct search *s) {
    struct tree *t = &s->tree;
    t->items = ctx_alloc(s->ctx, t->n, sizeof *t->items);
    struct item *other = ctx_alloc(s->ctx, t->n, sizeof *other);
    if (!t->items || !other)
        return STATUS_NO_MEMORY;
    struct box all = box_of(s->segments);
    for (size_t i = 1; i < t->n; i++) {
        struct box b = box_of(s->segments + 4 * i);
        box_join(&all, &b);
    }
    for (size_t i = 0; i < t->n; i++) {
        struct box b = box_of(s->segments + 4 * i);
        t->items[i] = (struct item){spread(cell(&b, &all, 0)) | spread(cell(&b, &all, 1)) << 1, (uint32_t)i};
    }
    sort_items(t->items, other, t->n); /* four rounds: they end where they began */
    return STATUS_OK;
}

static enum status build_levels(struct search *s) {
    struct tree *t = &s->tree;
    for (size_t n = t->n, k = 0;; n = (n + FAN - 1) / FAN, k++) {
        struct box *to = ctx_alloc(s->ctx, n, sizeof *to);
        if (!to)
            return STATUS_NO_MEMORY;
        t->level[k] = to, t->count[k] = n, t->levels = k + 1;
        for (size_t i = 0; i < n; i++) {
            to[i] = k == 0 ? box_of(s->segments + 4 * (size_t)t->items[i].index) : t->level[k - 1][i * FAN];
            for (size_t j = i * FAN + 1; k > 0 && j < i * FAN + FAN && j < t->count[k - 1]; j++)
                box_join(&to[i], &t->level[k - 1][j]);
        }
        if (n == 1)
            return STATUS_OK;
    }
}

static bool pair_before(struct pair a, struct pair b) { return a.i < b.i || (a.i == b.i && a.j < b.j); }

static void sift_down(struct pair *heap, size_t n, size_t at) {
    struct pair moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && pair_before(heap[child], heap[child + 1]);
        if (!pair_before(moved, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static enum status pairs_grow(struct search *s) {
    struct pairs *out = s->out;
    size_t size = out->size ? 2 * out->size : 64;
    struct pair *wider = ctx_alloc(s->ctx, size, sizeof *wider);
    if (!wider)
        return STATUS_NO_MEMORY;
    if (out->n)
        memcpy(wider, out->pair, out->n * sizeof *wider);
    out->pair = wider, out->size = size;
    return STATUS_OK;
}

/* keep adds a pair; once there are `limit`, they are a heap with the last of them on top, which gives way. */
static enum status keep(struct search *s, size_t i, size_t j) {
    struct pairs *out = s->out;
    struct pair pair = i < j ? (struct pair){i, j} : (struct pair){j, i};
    out->total++;
    if (out->n < s->limit) {
        enum status status = out->n == out->size ? pairs_grow(s) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        out->pair[out->n++] = pair;
        for (size_t k = out->n / 2; out->n == s->limit && k-- > 0;)
            sift_down(out->pair, out->n, k);
    } else if (s->limit > 0 && pair_before(pair, out->pair[0])) {
        out->pair[0] = pair;
        sift_down(out->pair, out->n, 0);
    }
    return STATUS_OK;
}

static enum status test(struct search *s, size_t at, size_t other) {
    size_t i = s->tree.items[at].index, j = s->tree.items[other].index;
    if (++s->tests % POLL == 0 && ctx_stop(s->ctx) != STOP_NONE)
        return ctx_stopped(s->ctx);
    if (!segments_meet_at_all(s->segments + 4 * i, s->segments + 4 * j))
        return STATUS_OK;
    if (s->skip && s->skip(s->self, i < j ? i : j, i < j ? j : i))
        return STATUS_OK;
    return keep(s, i, j);
}

/* visit goes down from node `node` of a level, to items behind `at` whose boxes meet. */
static enum status visit(struct search *s, size_t at, size_t level, size_t node) {
    const struct tree *t = &s->tree;
    if (level == 0)
        return node > at ? test(s, at, node) : STATUS_OK;
    size_t span = FAN; /* items below one child */
    for (size_t k = 1; k < level; k++)
        span *= FAN;
    span /= FAN;
    for (size_t child = node * FAN; child < node * FAN + FAN && child < t->count[level - 1]; child++) {
        if ((child + 1) * span <= at + 1 || !boxes_meet(&t->level[0][at], &t->level[level - 1][child]))
            continue;
        enum status status = visit(s, at, level - 1, child);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void sort_pairs(struct pairs *out) {
    for (size_t k = out->n / 2; k-- > 0;)
        sift_down(out->pair, out->n, k);
    for (size_t n = out->n; n > 1;) {
        struct pair last = out->pair[--n];
        out->pair[n] = out->pair[0], out->pair[0] = last;
        sift_down(out->pair, n, 0);
    }
}

enum status segment_pairs(struct ctx *ctx, const double *segments, size_t n, size_t limit,
                          bool (*skip)(const void *self, size_t i, size_t j), const void *self, struct pairs *out) {
    struct search s = {ctx, segments, {.n = n}, skip, self, limit, 0, out};
    *out = (struct pairs){0};
    if (n > UINT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/segments", "There are %zu segments, want fewer than 2^32.", n);
    if (n < 2)
        return STATUS_OK;
    enum status status = build_items(&s);
    if (status == STATUS_OK)
        status = build_levels(&s);
    for (size_t at = 0; at < n && status == STATUS_OK; at++) {
        if (at % (1 << 16) == 0 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        status = visit(&s, at, s.tree.levels - 1, 0);
    }
    sort_pairs(out);
    return status;
}
