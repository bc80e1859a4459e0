/* segment_pairs.c - the first pairs of a sweep, by number. */
#include "core/geometry/intersect.h"

#include <string.h>

#include "core/geometry/segment_sweep.h"

struct search {
    struct ctx *ctx;
    size_t limit;
    struct pairs *out;
};

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
static enum status keep(void *self, size_t i, size_t j) {
    struct search *s = self;
    struct pairs *out = s->out;
    struct pair pair = {i, j};
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

static void sort_pairs(struct pairs *out) {
    for (size_t k = out->n / 2; k-- > 0;)
        sift_down(out->pair, out->n, k);
    for (size_t n = out->n; n > 1;) {
        struct pair last = out->pair[--n];
        out->pair[n] = out->pair[0], out->pair[0] = last;
        sift_down(out->pair, n, 0);
    }
}

enum status segment_pairs(struct ctx *ctx, const double *segments, size_t n, size_t limit, struct pairs *out) {
    struct search s = {ctx, limit, out};
    *out = (struct pairs){0};
    enum status status = segment_sweep(ctx, segments, n, keep, &s);
    if (status == STATUS_OK)
        sort_pairs(out);
    return status;
}
