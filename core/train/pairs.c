#include "core/train/pairs.h"

#include <string.h>

#include "core/base/epoch_order.h"
#include "core/table/transport.h"

_Static_assert((int)PAIRS_COUPLED_MAX <= (int)TRANSPORT_POINTS_MAX, "a batch is one problem");

size_t pairs_point(uint64_t seed, size_t n, size_t batch, uint64_t step, size_t row) {
    const uint64_t OTHER = 0x736f75726365; /* not the order of the data */
    return epoch_order_at(seed ^ OTHER, n, step * batch + row);
}

/* A batch that is being paired. */
struct couple {
    size_t n, d;
    const float *x0;
    const int64_t *labels;
    double *x1;
    double *from, *to, *kept; /* [n][d]: of a class; kept: x1 in its new order */
    uint32_t *members, *pair; /* [n] the rows of a class; which of them goes with which */
    bool *done;               /* [n] rows whose class has had its turn */
};

static enum status begin(struct ctx *ctx, struct couple *c) {
    c->from = ctx_alloc(ctx, c->n, c->d * sizeof *c->from);
    c->to = ctx_alloc(ctx, c->n, c->d * sizeof *c->to);
    c->kept = ctx_alloc(ctx, c->n, c->d * sizeof *c->kept);
    c->members = ctx_alloc(ctx, c->n, sizeof *c->members);
    c->pair = ctx_alloc(ctx, c->n, sizeof *c->pair);
    c->done = ctx_zalloc(ctx, c->n, sizeof *c->done);
    return c->from && c->to && c->kept && c->members && c->pair && c->done ? STATUS_OK : STATUS_NO_MEMORY;
}

/* gather takes the rows of the class that row `first` has, and returns how many. */
static size_t gather(struct couple *c, size_t first) {
    size_t k = 0;
    for (size_t i = first; i < c->n; i++) {
        if (c->labels && c->labels[i] != c->labels[first])
            continue;
        for (size_t j = 0; j < c->d; j++)
            c->from[k * c->d + j] = (double)c->x0[i * c->d + j];
        memcpy(c->to + k * c->d, c->x1 + i * c->d, c->d * sizeof *c->to);
        c->done[i] = true;
        c->members[k++] = (uint32_t)i;
    }
    return k;
}

static enum status pair_class(struct ctx *ctx, struct couple *c, size_t first) {
    const size_t k = gather(c, first);
    enum status status = transport_assign(ctx, TRANSPORT_SQUARES, c->d, c->from, c->to, k, c->pair);
    for (size_t i = 0; i < k && status == STATUS_OK; i++)
        memcpy(c->kept + c->members[i] * c->d, c->to + c->pair[i] * c->d, c->d * sizeof *c->kept);
    return status;
}

enum status pairs_couple(struct ctx *ctx, size_t n, size_t d, const float *x0, const int64_t *labels, double *x1) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct couple c = {.n = n, .d = d, .x0 = x0, .labels = labels, .x1 = x1};
    enum status status = begin(ctx, &c);
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        if (!c.done[i])
            status = pair_class(ctx, &c, i);
    if (status == STATUS_OK)
        memcpy(x1, c.kept, n * d * sizeof *x1);
    ctx_rewind(ctx, mark);
    return status;
}
