#include "core/combine/knapsack_reach.h"

#include <string.h>

static const size_t WORK = (size_t)1 << 23; /* spans visited: about 30 ms */

struct builder {
    struct knapsack_span *now, *next; /* [2 * cap]; disjoint, ascending */
    size_t n, cap;
    int64_t gap; /* spans closer than this are one */
};

static void append(struct builder *b, size_t *n, struct knapsack_span span) {
    struct knapsack_span *last = *n ? &b->next[*n - 1] : NULL;
    if (last && span.lo - last->hi <= b->gap)
        last->hi = span.hi > last->hi ? span.hi : last->hi;
    else
        b->next[(*n)++] = span;
}

/* coarsen joins the nearest spans until there are at most cap. */
static void coarsen(struct builder *b) {
    while (b->n > b->cap) {
        b->gap *= 2;
        size_t n = 0;
        for (size_t i = 0; i < b->n; i++)
            append(b, &n, b->now[i]);
        struct knapsack_span *t = b->now;
        b->now = b->next;
        b->next = t;
        b->n = n;
    }
}

/* add_item joins the sums with the sums plus w. */
static void add_item(struct builder *b, int64_t w) {
    size_t i = 0, j = 0, n = 0;
    int64_t iw = w < 0 ? w : 0, jw = w < 0 ? 0 : w; /* the lower copy leads */
    while (j < b->n)
        if (i < b->n && b->now[i].lo + iw <= b->now[j].lo + jw) {
            append(b, &n, (struct knapsack_span){b->now[i].lo + iw, b->now[i].hi + iw});
            i++;
        } else {
            append(b, &n, (struct knapsack_span){b->now[j].lo + jw, b->now[j].hi + jw});
            j++;
        }
    struct knapsack_span *t = b->now;
    b->now = b->next;
    b->next = t;
    b->n = n;
    coarsen(b);
}

/* lay_down keeps a copy as the checkpoint of a step. Checkpoints are laid from the last to the first. */
static bool lay_down(struct ctx *ctx, const struct builder *b, const struct knapsack_step *step,
                     struct knapsack_checkpoint *mark) {
    mark->span = ctx_alloc(ctx, b->n, sizeof *mark->span);
    if (!mark->span)
        return false;
    memcpy(mark->span, b->now, b->n * sizeof *mark->span);
    mark->n = b->n;
    mark->left = step->left;
    mark->right = step->right;
    return true;
}

bool knapsack_reach_build(struct ctx *ctx, const struct knapsack_step *step, size_t n, struct knapsack_reach *reach) {
    reach->n = reach->at = 0;
    if (n == 0)
        return true;
    size_t cap = WORK / n < 32 ? 32 : WORK / n > KNAPSACK_SPANS ? KNAPSACK_SPANS : WORK / n;
    struct builder b = {.now = ctx_alloc(ctx, 2 * cap, sizeof *b.now), .n = 1, .cap = cap, .gap = 1};
    b.next = b.now ? ctx_alloc(ctx, 2 * cap, sizeof *b.next) : NULL;
    if (!b.next)
        return false;
    b.now[0] = (struct knapsack_span){0, 0};
    size_t every = (n + KNAPSACK_CHECKPOINTS - 1) / KNAPSACK_CHECKPOINTS, marks = (n + every - 1) / every;
    for (size_t i = n; i-- > 0;) {
        if (i % 1024 == 0 && ctx_stop(ctx) != STOP_NONE)
            return false;
        add_item(&b, step[i].w);
        if (i % every == 0 && !lay_down(ctx, &b, &step[i], &reach->mark[i / every]))
            return false;
    }
    reach->n = marks;
    return true;
}

void knapsack_reach_use(struct knapsack_reach *reach, size_t left, size_t right, struct knapsack_hope *hope) {
    if (reach->n == 0)
        return;
    while (reach->at + 1 < reach->n && left <= reach->mark[reach->at + 1].left &&
           right <= reach->mark[reach->at + 1].right)
        reach->at++;
    const struct knapsack_checkpoint *mark = &reach->mark[reach->at];
    hope->span = mark->span;
    hope->spans = mark->n > 1 ? mark->n : 0; /* one span: every weight can be reached, so it says nothing */
}
