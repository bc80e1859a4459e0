#include "core/combine/knapsack_branch.h"

#include <string.h>

#include "core/combine/knapsack_surrogate.h"

struct search {
    struct ctx *ctx;
    const struct knapsack_parts *parts;
    struct knapsack_surrogate by;
    int64_t used[KNAPSACK_MAX_LIMITS];
    bool exact;         /* every capacity is to be used up, and weight was not put first */
    uint8_t *in, *best; /* [n] by place in the order */
    size_t *stack;      /* places taken */
    int64_t value, z;
    int64_t root; /* the bound before any choice */
    int64_t nodes;
    struct knapsack_watch *watch; /* NULL: nobody */
};

static bool fits(const struct search *s, size_t i) {
    for (size_t d = 0; d < s->by.limits; d++)
        if (knapsack_surrogate_weight(&s->by, i, d) > s->by.capacity[d] - s->used[d])
            return false;
    return true;
}

static void flip(struct search *s, size_t at, bool in) {
    size_t i = s->by.order[at].i;
    s->in[at] = in;
    s->value += in ? s->parts->part[i].p : -s->parts->part[i].p;
    for (size_t d = 0; d < s->by.limits; d++)
        s->used[d] += (in ? 1 : -1) * knapsack_surrogate_weight(&s->by, i, d);
}

static bool is_full(const struct search *s) {
    for (size_t d = 0; s->exact && d < s->by.task->dims; d++)
        if (s->used[d] != s->by.capacity[d])
            return false;
    return true;
}

static void keep_best(struct search *s) {
    if (s->value <= s->z || !is_full(s))
        return;
    s->z = s->value;
    memcpy(s->best, s->in, s->by.n);
    if (s->watch)
        s->watch->tell(s->watch, s->z, s->root > s->z ? s->root : s->z);
}

/* may_win tells whether the places from `at` on can make what is chosen better than the best so far. */
static bool may_win(const struct search *s, size_t at) {
    return knapsack_surrogate_bound(&s->by, at, s->used, s->value) >= (double)s->z + 1 &&
           knapsack_surrogate_fills(&s->by, at, s->used);
}

/* explore goes through all choices that the bound allows. False: asked to stop. */
static bool explore(struct search *s) {
    size_t at = 0, taken = 0;
    bool look = true; /* a part was left out since the last look at the bound */
    for (;;) {
        if (++s->nodes % 4096 == 0 && ctx_stop(s->ctx) != STOP_NONE)
            return false;
        if (at < s->by.n && (!look || may_win(s, at))) {
            look = !fits(s, s->by.order[at].i);
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

static enum status make_search(struct search *s, const struct knapsack_task *task) {
    const size_t n = s->parts->n;
    s->in = ctx_zalloc(s->ctx, n + 1, 1);
    s->best = ctx_zalloc(s->ctx, n + 1, 1);
    s->stack = ctx_alloc(s->ctx, n, sizeof *s->stack);
    return s->in && s->best && s->stack ? knapsack_surrogate_make(s->ctx, task, s->parts, &s->by) : STATUS_NO_MEMORY;
}

static int64_t whole_bound(double bound, int64_t most) {
    return bound < (double)most && bound < 0x1p63 ? (int64_t)bound : most;
}

enum status knapsack_branch_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                  struct knapsack_found *out) {
    struct search s = {.ctx = ctx, .parts = parts, .z = -1, .exact = task->exact_fill && task->dims};
    s.watch =
        task->exact_fill && !task->dims ? NULL : task->in.watch; /* with the weight put first, values are others */
    *out = (struct knapsack_found){.end = KNAPSACK_COMPLETE};
    enum status status = make_search(&s, task);
    if (status != STATUS_OK)
        return status;
    s.root = whole_bound(knapsack_surrogate_bound(&s.by, 0, s.used, 0), parts->sum_p);
    out->optimal = explore(&s);
    if (ctx_stop(ctx) == STOP_CANCEL)
        return ctx_stopped(ctx);
    keep_best(&s);
    for (size_t k = 0; k < parts->n; k++)
        parts->part[s.by.order[k].i].taken = s.best[k];
    out->found = s.z >= 0;
    out->bound = out->optimal || s.root < s.z ? s.z : s.root;
    out->end = out->optimal ? KNAPSACK_COMPLETE : KNAPSACK_DEADLINE;
    out->stats = (struct knapsack_stats){(int64_t)parts->n, (int64_t)parts->n, s.nodes, parts->n ? 1 : 0, 0};
    return STATUS_OK;
}
