#include "core/combine/knapsack_fill.h"

#include <string.h>

static enum status sum_rests(struct ctx *ctx, const struct knapsack_surrogate *by, struct knapsack_fill *f) {
    f->rest = ctx_zalloc(ctx, (by->n + 1) * f->dims, sizeof *f->rest);
    for (size_t k = by->n; f->rest && k-- > 0;)
        for (size_t d = 0; d < f->dims; d++)
            f->rest[k * f->dims + d] =
                f->rest[(k + 1) * f->dims + d] + knapsack_surrogate_weight(by, by->order[k].i, d);
    return f->rest ? STATUS_OK : STATUS_NO_MEMORY;
}

/* A place's copies are added as 1, 2, 4, ... of them and the rest: so many weights. */
static size_t weights_of(int64_t copies) { return (size_t)(64 - __builtin_clzll((uint64_t)copies)); }

/* lay_out gives the cells their places; false where there would be more than `most`, or too many steps. */
static bool lay_out(const struct knapsack_surrogate *by, size_t most, struct knapsack_fill *f) {
    f->cells = 1;
    for (size_t d = f->dims; d-- > 0;) {
        f->stride[d] = f->cells;
        if ((uint64_t)f->capacity[d] >= most / f->cells)
            return false;
        f->cells *= (size_t)f->capacity[d] + 1;
    }
    size_t weights = 0;
    for (size_t k = 0; k < by->n; k++)
        weights += weights_of(by->part[k].copies);
    return weights <= KNAPSACK_FILL_STEPS / f->cells;
}

/* add_run reaches, with a weight of `distance` cells more, what places behind k reach; over cells low .. high, downwards:
 * what it reads is not yet of this weight. */
static void add_run(int32_t *last, size_t low, size_t high, size_t distance, int32_t k) {
    for (size_t cell = high + 1; cell-- > low;)
        if (last[cell] < 0 && last[cell - distance] >= 0)
            last[cell] = k;
}

/* add_box adds w[dims] once, over the cells from `cell` on that are at least w in the dimensions d .. */
static void add_box(struct knapsack_fill *f, const int64_t *w, size_t distance, size_t d, size_t cell, int32_t k) {
    if (d + 1 == f->dims) {
        add_run(f->last, cell + (size_t)w[d], cell + (size_t)f->capacity[d], distance, k);
        return;
    }
    for (int64_t c = f->capacity[d]; c >= w[d]; c--)
        add_box(f, w, distance, d + 1, cell + (size_t)c * f->stride[d], k);
}

/* add_weight adds so many copies of part i, if there is room for them: false if not. */
static bool add_weight(struct knapsack_fill *f, const struct knapsack_surrogate *by, size_t i, int64_t copies,
                       int32_t k) {
    int64_t w[KNAPSACK_MAX_DIMS] = {0};
    size_t distance = 0;
    for (size_t d = 0; d < f->dims; d++) {
        w[d] = knapsack_weight(by->task, by->part[i].item, d) * copies;
        if (w[d] > f->capacity[d])
            return false;
        distance += (size_t)w[d] * f->stride[d];
    }
    add_box(f, w, distance, 0, 0, k);
    return true;
}

static void add_place(struct knapsack_fill *f, const struct knapsack_surrogate *by, size_t k) {
    size_t i = by->order[k].i;
    int64_t left = by->part[i].copies;
    for (int64_t some = 1; left > 0; left -= some, some = some <= left / 2 ? some * 2 : left)
        if (!add_weight(f, by, i, some, (int32_t)k))
            return; /* what came before fills all there is room for */
}

static enum status make_table(struct ctx *ctx, const struct knapsack_surrogate *by, struct knapsack_fill *f) {
    f->last = ctx_alloc(ctx, f->cells, sizeof *f->last);
    if (!f->last)
        return STATUS_NO_MEMORY;
    memset(f->last, -1, f->cells * sizeof *f->last);
    f->last[0] = INT32_MAX;
    for (size_t k = by->n; k-- > 0;) {
        if (ctx_stop(ctx) != STOP_NONE) {
            f->last = NULL;
            return STATUS_OK;
        }
        add_place(f, by, k);
    }
    return STATUS_OK;
}

enum status knapsack_fill_make(struct ctx *ctx, const struct knapsack_surrogate *by, size_t cells,
                               struct knapsack_fill *f) {
    *f = (struct knapsack_fill){.capacity = by->capacity, .dims = by->task->exact_fill ? by->task->dims : 0};
    if (f->dims == 0)
        return STATUS_OK;
    enum status status = sum_rests(ctx, by, f);
    return status == STATUS_OK && lay_out(by, cells, f) ? make_table(ctx, by, f) : status;
}

bool knapsack_fill_may(const struct knapsack_fill *f, size_t from, const int64_t *used) {
    size_t cell = 0;
    for (size_t d = 0; d < f->dims; d++) {
        int64_t want = f->capacity[d] - used[d];
        if (want > f->rest[from * f->dims + d])
            return false;
        cell += f->last ? (size_t)want * f->stride[d] : 0;
    }
    return f->dims == 0 || !f->last || f->last[cell] >= (int32_t)from;
}
