#include "core/combine/knapsack_branch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of looking for multipliers, each of which sorts n parts: so many of them, and parts in all. */
static const double WORK = 2e7;
enum { ROUNDS = 80, MAX_LIMITS = KNAPSACK_MAX_DIMS + 1 };

struct entry {
    double ratio;
    size_t i;
};

struct search {
    struct ctx *ctx;
    const struct knapsack_task *task;
    const struct knapsack_parts *parts;
    size_t n, limits;
    int64_t capacity[MAX_LIMITS], used[MAX_LIMITS];
    double y[MAX_LIMITS];
    struct entry *order; /* [n] */
    double *light;       /* [n + 1] prefix sums of surrogate weights, in order */
    double *worth;       /* [n + 1] and of values */
    double room, slack;  /* the surrogate capacity; what rounding may take from a difference of sums at most */
    double error;        /* relative, of a bound */
    uint8_t *in, *best;  /* [n] by place in the order */
    size_t *stack;       /* places taken */
    int64_t value, z;
    int64_t root; /* the bound before any choice */
    int64_t nodes;
    struct knapsack_watch *watch; /* NULL: nobody */
};

static int64_t limit_weight(const struct search *s, size_t i, size_t d) {
    const struct knapsack_part *part = &s->parts->part[i];
    size_t dims = s->task->dims ? s->task->dims : 1;
    if (d == dims)
        return part->copies;
    return s->task->dims ? knapsack_weight(s->task, part->item, d) * part->copies : part->w;
}

static double surrogate(const struct search *s, size_t i) {
    double w = 0;
    for (size_t d = 0; d < s->limits; d++)
        w += s->y[d] * (double)limit_weight(s, i, d);
    return w;
}

static int by_ratio(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    if (a->ratio != b->ratio)
        return a->ratio > b->ratio ? -1 : 1;
    return a->i < b->i ? -1 : a->i > b->i;
}

/* -- Bounds -- */

static void sort_parts(struct search *s) {
    s->room = 0;
    for (size_t d = 0; d < s->limits; d++)
        s->room += s->y[d] * (double)s->capacity[d];
    for (size_t i = 0; i < s->n; i++) {
        double w = surrogate(s, i), p = (double)s->parts->part[i].p;
        s->order[i] = (struct entry){w > 0 ? p / w : 1e300, i};
    }
    qsort(s->order, s->n, sizeof *s->order, by_ratio);
    s->light[0] = s->worth[0] = 0;
    for (size_t k = 0; k < s->n; k++) {
        s->light[k + 1] = s->light[k] + surrogate(s, s->order[k].i);
        s->worth[k + 1] = s->worth[k] + (double)s->parts->part[s->order[k].i].p;
    }
    s->error = (double)(s->n + s->limits + 64) * 0x1p-51;
    s->slack = (s->light[s->n] + s->room) * s->error;
}

/* break_at finds the last prefix k >= from of weight at most `room` beyond that of `from`. */
static size_t break_at(const struct search *s, size_t from, double room) {
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

/* bound_from is no less than the value of any choice among the places from .. n-1 beside what is taken. */
static double bound_from(const struct search *s, size_t from) {
    double room = s->room + s->slack;
    for (size_t d = 0; d < s->limits; d++)
        room -= s->y[d] * (double)s->used[d];
    size_t k = break_at(s, from, room);
    double more = s->worth[k] - s->worth[from];
    if (k < s->n)
        more += (room - (s->light[k] - s->light[from])) * s->order[k].ratio;
    return ((double)s->value + more) + ((double)s->value + s->worth[s->n]) * s->error;
}

/* find_excess tells by what share the surrogate's LP solution exceeds each capacity (below 0: falls short of it). */
static void find_excess(const struct search *s, double *excess) {
    size_t k = break_at(s, 0, s->room);
    double use[MAX_LIMITS] = {0};
    for (size_t j = 0; j < k; j++)
        for (size_t d = 0; d < s->limits; d++)
            use[d] += (double)limit_weight(s, s->order[j].i, d);
    for (size_t d = 0; d < s->limits; d++)
        excess[d] = s->capacity[d] > 0 ? use[d] / (double)s->capacity[d] - 1 : 0;
}

/* steer changes the multipliers: more for a capacity that is exceeded, less for others. */
static void steer(struct search *s, double step) {
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
static void try_out(struct search *s, struct multipliers *best) {
    sort_parts(s);
    double bound = bound_from(s, 0);
    if (best->any && bound >= best->bound)
        return;
    memcpy(best->y, s->y, sizeof best->y);
    best->bound = bound;
    best->any = true;
}

/* Each limit alone: no other multipliers are better where only one of them binds. */
static void try_single(struct search *s, struct multipliers *best) {
    for (size_t one = 0; one < s->limits && ctx_stop(s->ctx) == STOP_NONE; one++) {
        for (size_t d = 0; d < s->limits; d++)
            s->y[d] = d == one && s->capacity[d] > 0 ? 1.0 / (double)s->capacity[d] : 0;
        if (s->capacity[one] > 0 && (double)s->n * (double)s->limits < WORK)
            try_out(s, best);
    }
}

/* Two limits: the ratio of their multipliers is found by bisection, as the one that is exceeded wants more. */
static void try_pair(struct search *s, struct multipliers *best) {
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

static void try_steered(struct search *s, struct multipliers *best) {
    double step = 0.5;
    for (size_t d = 0; d < s->limits; d++)
        s->y[d] = s->capacity[d] > 0 ? 1.0 / (double)s->capacity[d] : 0;
    for (int round = 0; round < ROUNDS && ctx_stop(s->ctx) == STOP_NONE && (double)s->n * round < WORK; round++) {
        try_out(s, best);
        steer(s, step);
        step *= 0.95;
    }
}

static void find_multipliers(struct search *s) {
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

/* -- The search -- */

static bool fits(const struct search *s, size_t i) {
    for (size_t d = 0; d < s->limits; d++)
        if (limit_weight(s, i, d) > s->capacity[d] - s->used[d])
            return false;
    return true;
}

static void flip(struct search *s, size_t at, bool in) {
    size_t i = s->order[at].i;
    s->in[at] = in;
    s->value += in ? s->parts->part[i].p : -s->parts->part[i].p;
    for (size_t d = 0; d < s->limits; d++)
        s->used[d] += in ? limit_weight(s, i, d) : -limit_weight(s, i, d);
}

static void keep_best(struct search *s) {
    if (s->value <= s->z)
        return;
    s->z = s->value;
    memcpy(s->best, s->in, s->n);
    if (s->watch)
        s->watch->tell(s->watch, s->z, s->root > s->z ? s->root : s->z);
}

/* explore goes through all choices that the bound allows. False: asked to stop. */
static bool explore(struct search *s) {
    size_t at = 0, taken = 0;
    bool look = true; /* a part was left out since the last look at the bound */
    for (;;) {
        if (++s->nodes % 4096 == 0 && ctx_stop(s->ctx) != STOP_NONE)
            return false;
        if (at < s->n && (!look || bound_from(s, at) >= (double)s->z + 1)) {
            look = !fits(s, s->order[at].i);
            if (!look) {
                flip(s, at, true);
                s->stack[taken++] = at;
            }
            at++;
            continue;
        }
        keep_best(s);
        if (taken == 0)
            return true;
        at = s->stack[--taken];
        flip(s, at++, false);
        look = true;
    }
}

static bool make_search(struct search *s) {
    s->order = ctx_alloc(s->ctx, s->n, sizeof *s->order);
    s->light = ctx_alloc(s->ctx, s->n + 1, sizeof *s->light);
    s->worth = ctx_alloc(s->ctx, s->n + 1, sizeof *s->worth);
    s->in = ctx_zalloc(s->ctx, s->n + 1, 1);
    s->best = ctx_zalloc(s->ctx, s->n + 1, 1);
    s->stack = ctx_alloc(s->ctx, s->n, sizeof *s->stack);
    return s->order && s->light && s->worth && s->in && s->best && s->stack;
}

static int64_t whole_bound(double bound, int64_t most) {
    return bound < (double)most && bound < 0x1p63 ? (int64_t)bound : most;
}

enum status knapsack_branch_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                  struct knapsack_found *out) {
    struct search s = {.ctx = ctx, .task = task, .parts = parts, .n = parts->n, .z = -1};
    s.watch = task->exact_fill ? NULL : task->in.watch; /* with the weight put first, values are others */
    *out = (struct knapsack_found){.found = true, .end = KNAPSACK_COMPLETE};
    size_t dims = task->dims ? task->dims : 1;
    s.limits = dims + (task->at_most >= 0);
    for (size_t d = 0; d < dims; d++)
        s.capacity[d] = task->dims ? knapsack_capacity(task, d) : parts->capacity;
    if (task->at_most >= 0)
        s.capacity[dims] = task->at_most;
    if (!make_search(&s))
        return STATUS_NO_MEMORY;
    find_multipliers(&s);
    s.root = whole_bound(bound_from(&s, 0), parts->sum_p);
    out->optimal = explore(&s);
    if (ctx_stop(ctx) == STOP_CANCEL)
        return ctx_stopped(ctx);
    keep_best(&s);
    for (size_t k = 0; k < s.n; k++)
        parts->part[s.order[k].i].taken = s.best[k];
    out->bound = out->optimal || s.root < s.z ? s.z : s.root;
    out->end = out->optimal ? KNAPSACK_COMPLETE : KNAPSACK_DEADLINE;
    out->stats = (struct knapsack_stats){(int64_t)s.n, (int64_t)s.n, s.nodes, s.n ? 1 : 0, 0};
    return STATUS_OK;
}
