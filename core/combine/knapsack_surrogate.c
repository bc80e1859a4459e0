#include "core/combine/knapsack_surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of looking for multipliers, each of which sorts n parts: so many of them, and parts in all. */
static const double WORK = 2e7;
enum { ROUNDS = 80, MAX_LIMITS = KNAPSACK_MAX_LIMITS };

static double surrogate(const struct knapsack_surrogate *s, size_t i) {
    double w = 0;
    for (size_t d = 0; d < s->limits; d++)
        w += s->y[d] * (double)knapsack_surrogate_weight(s, i, d);
    return w;
}

static int by_ratio(const void *x, const void *y) {
    const struct knapsack_surrogate_entry *a = x, *b = y;
    if (a->ratio != b->ratio)
        return a->ratio > b->ratio ? -1 : 1;
    return a->i < b->i ? -1 : a->i > b->i;
}

/* -- Bounds -- */

static void sort_parts(struct knapsack_surrogate *s) {
    s->room = 0;
    for (size_t d = 0; d < s->limits; d++)
        s->room += s->y[d] * (double)s->capacity[d];
    for (size_t i = 0; i < s->n; i++) {
        double w = surrogate(s, i), p = (double)s->part[i].p;
        s->order[i] = (struct knapsack_surrogate_entry){w > 0 ? p / w : 1e300, i};
    }
    qsort(s->order, s->n, sizeof *s->order, by_ratio);
    s->light[0] = s->worth[0] = 0;
    for (size_t k = 0; k < s->n; k++) {
        s->light[k + 1] = s->light[k] + surrogate(s, s->order[k].i);
        s->worth[k + 1] = s->worth[k] + (double)s->part[s->order[k].i].p;
    }
    s->error = (double)(s->n + s->limits + 64) * 0x1p-51;
    s->slack = (s->light[s->n] + s->room) * s->error;
}

/* break_at finds the last prefix k >= from of weight at most `room` beyond that of `from`. */
static size_t break_at(const struct knapsack_surrogate *s, size_t from, double room) {
    size_t lo = from, hi = s->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo + 1) / 2;
        if (s->light[middle] - s->light[from] <= room)
            lo = middle;
        else
            hi = middle - 1;
    }
    return lo;
}

double knapsack_surrogate_bound(const struct knapsack_surrogate *s, size_t from, const int64_t *used, int64_t value) {
    double room = s->room + s->slack;
    for (size_t d = 0; d < s->limits; d++)
        room -= s->y[d] * (double)used[d];
    size_t k = break_at(s, from, room);
    double more = s->worth[k] - s->worth[from];
    if (k < s->n)
        more += (room - (s->light[k] - s->light[from])) * s->order[k].ratio;
    return ((double)value + more) + ((double)value + s->worth[s->n]) * s->error;
}

/* find_excess tells by what share the surrogate's LP solution exceeds each capacity (below 0: falls short of it). */
static void find_excess(const struct knapsack_surrogate *s, double *excess) {
    size_t k = break_at(s, 0, s->room);
    double use[MAX_LIMITS] = {0};
    for (size_t j = 0; j < k; j++)
        for (size_t d = 0; d < s->limits; d++)
            use[d] += (double)knapsack_surrogate_weight(s, s->order[j].i, d);
    for (size_t d = 0; d < s->limits; d++)
        excess[d] = s->capacity[d] > 0 ? use[d] / (double)s->capacity[d] - 1 : 0;
}

/* steer changes the multipliers: more for a capacity that is exceeded, less for others. */
static void steer(struct knapsack_surrogate *s, double step) {
    double excess[MAX_LIMITS];
    find_excess(s, excess);
    for (size_t d = 0; d < s->limits; d++)
        s->y[d] *= 1 + step * (excess[d] > 1 ? 1 : excess[d]);
}

struct multipliers {
    double y[MAX_LIMITS], bound;
    bool any;
};

/* try_out sorts by the multipliers at hand and keeps them if their bound is the least so far. */
static void try_out(struct knapsack_surrogate *s, struct multipliers *best) {
    sort_parts(s);
    static const int64_t NOTHING[MAX_LIMITS];
    double bound = knapsack_surrogate_bound(s, 0, NOTHING, 0);
    if (best->any && bound >= best->bound)
        return;
    memcpy(best->y, s->y, sizeof best->y);
    best->bound = bound;
    best->any = true;
}

/* Each limit alone: no other multipliers are better where only one of them binds. */
static void try_single(struct knapsack_surrogate *s, struct multipliers *best) {
    for (size_t one = 0; one < s->limits && ctx_stop(s->ctx) == STOP_NONE; one++) {
        for (size_t d = 0; d < s->limits; d++)
            s->y[d] = d == one && s->capacity[d] > 0 ? 1.0 / (double)s->capacity[d] : 0;
        if (s->capacity[one] > 0 && (double)s->n * (double)s->limits < WORK)
            try_out(s, best);
    }
}

/* Two limits: the ratio of their multipliers is found by bisection, as the one that is exceeded wants more. */
static void try_pair(struct knapsack_surrogate *s, struct multipliers *best) {
    double lo = 0x1p-60, hi = 0x1p60;
    for (int round = 0; round < ROUNDS && ctx_stop(s->ctx) == STOP_NONE && (double)s->n * round < WORK; round++) {
        double ratio = sqrt(lo * hi), excess[MAX_LIMITS];
        s->y[0] = 1.0 / (double)s->capacity[0];
        s->y[1] = ratio / (double)s->capacity[1];
        try_out(s, best);
        find_excess(s, excess);
        if (excess[1] > excess[0])
            lo = ratio;
        else
            hi = ratio;
    }
}

static void try_steered(struct knapsack_surrogate *s, struct multipliers *best) {
    double step = 0.5;
    for (size_t d = 0; d < s->limits; d++)
        s->y[d] = s->capacity[d] > 0 ? 1.0 / (double)s->capacity[d] : 0;
    for (int round = 0; round < ROUNDS && ctx_stop(s->ctx) == STOP_NONE && (double)s->n * round < WORK; round++) {
        try_out(s, best);
        steer(s, step);
        step *= 0.95;
    }
}

static void find_multipliers(struct knapsack_surrogate *s) {
    struct multipliers best = {.any = false};
    try_single(s, &best);
    if (s->limits == 2 && s->capacity[0] > 0 && s->capacity[1] > 0)
        try_pair(s, &best);
    else
        try_steered(s, &best);
    if (best.any)
        memcpy(s->y, best.y, sizeof best.y);
    sort_parts(s);
}

/* -- Exact fills -- */

static enum status sum_rests(struct ctx *ctx, struct knapsack_surrogate *s) {
    const size_t dims = s->task->dims;
    s->rest = ctx_zalloc(ctx, (s->n + 1) * dims, sizeof *s->rest);
    for (size_t k = s->n; s->rest && k-- > 0;)
        for (size_t d = 0; d < dims; d++)
            s->rest[k * dims + d] = s->rest[(k + 1) * dims + d] + knapsack_surrogate_weight(s, s->order[k].i, d);
    return s->rest ? STATUS_OK : STATUS_NO_MEMORY;
}

bool knapsack_surrogate_fills(const struct knapsack_surrogate *s, size_t from, const int64_t *used) {
    for (size_t d = 0; s->rest && d < s->task->dims; d++)
        if (s->capacity[d] - used[d] > s->rest[from * s->task->dims + d])
            return false;
    return true;
}

enum status knapsack_surrogate_make(struct ctx *ctx, const struct knapsack_task *task,
                                    const struct knapsack_parts *parts, struct knapsack_surrogate *s) {
    *s = (struct knapsack_surrogate){.ctx = ctx, .task = task, .part = parts->part, .n = parts->n};
    size_t dims = task->dims ? task->dims : 1;
    s->limits = dims + (task->at_most >= 0);
    for (size_t d = 0; d < dims; d++)
        s->capacity[d] = task->dims ? knapsack_capacity(task, d) : parts->capacity;
    if (task->at_most >= 0)
        s->capacity[dims] = task->at_most;
    s->order = ctx_alloc(ctx, s->n, sizeof *s->order);
    s->light = ctx_alloc(ctx, s->n + 1, sizeof *s->light);
    s->worth = ctx_alloc(ctx, s->n + 1, sizeof *s->worth);
    if (!s->order || !s->light || !s->worth)
        return STATUS_NO_MEMORY;
    find_multipliers(s);
    return task->exact_fill && task->dims ? sum_rests(ctx, s) : STATUS_OK;
}
