#include "core/combine/knapsack_meet.h"

struct sum {
    int64_t w, p;
    uint32_t set; /* bit k: part lo + k */
};

struct sums {
    struct sum *a;
    size_t n;
};

static struct sum plus(struct sum s, const struct knapsack_part *part, uint32_t bit) {
    return (struct sum){s.w + part->w, s.p + part->p, s.set | bit};
}

/* put appends in order of weight, of equal weight with the greater value first, unless an earlier one is as good. */
static void put(struct sums *to, struct sum s, bool exact) {
    const struct sum *last = to->n ? &to->a[to->n - 1] : NULL;
    if (last && last->p >= s.p && (!exact || last->w == s.w))
        return;
    to->a[to->n++] = s;
}

/* grow merges the sums without and with a part. */
static void grow(const struct sums *from, const struct knapsack_part *part, uint32_t bit, int64_t capacity, bool exact,
                 struct sums *to) {
    size_t i = 0, j = 0;
    to->n = 0;
    while (i < from->n || (j < from->n && from->a[j].w <= capacity - part->w)) {
        bool shifted = j < from->n && from->a[j].w <= capacity - part->w;
        struct sum with = shifted ? plus(from->a[j], part, bit) : (struct sum){0};
        bool first =
            i < from->n && (!shifted || from->a[i].w < with.w || (from->a[i].w == with.w && from->a[i].p >= with.p));
        put(to, first ? from->a[i++] : with, exact);
        j += !first;
    }
}

/* list makes the sums of parts lo .. hi-1. False: no memory (*status) or asked to stop. */
static bool list(struct ctx *ctx, const struct knapsack_task *task, const struct knapsack_parts *parts, size_t lo,
                 size_t hi, struct sums *out, enum status *status) {
    struct sums spare = {ctx_alloc(ctx, (size_t)1 << (hi - lo), sizeof *spare.a), 0};
    *out = (struct sums){ctx_alloc(ctx, (size_t)1 << (hi - lo), sizeof *out->a), 0};
    *status = out->a && spare.a ? STATUS_OK : STATUS_NO_MEMORY;
    if (*status != STATUS_OK)
        return false;
    out->a[out->n++] = (struct sum){0, 0, 0};
    for (size_t k = lo; k < hi; k++) {
        if (ctx_stop(ctx) != STOP_NONE)
            return false;
        grow(out, &parts->part[k], (uint32_t)1 << (k - lo), parts->capacity, task->exact_fill, &spare);
        struct sums t = *out;
        *out = spare;
        spare = t;
    }
    return true;
}

/* best_pair leaves the sums that go together best; false: none does. */
static bool best_pair(const struct sums *a, const struct sums *b, int64_t capacity, bool exact, struct sum *x,
                      struct sum *y) {
    int64_t best = -1;
    for (size_t i = 0, j = b->n; i < a->n; i++) {
        while (j > 0 && b->a[j - 1].w > capacity - a->a[i].w)
            j--;
        if (j == 0)
            break;
        const struct sum *s = &a->a[i], *t = &b->a[j - 1];
        if ((!exact || s->w + t->w == capacity) && s->p + t->p > best) {
            best = s->p + t->p;
            *x = *s;
            *y = *t;
        }
    }
    return best >= 0;
}

static void mark(struct knapsack_parts *parts, size_t middle, uint32_t left, uint32_t right) {
    for (size_t i = 0; i < parts->n; i++)
        parts->part[i].taken = i < middle ? left >> i & 1 : right >> (i - middle) & 1;
}

enum status knapsack_meet_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                struct knapsack_found *out) {
    *out = (struct knapsack_found){!task->exact_fill, false, parts->sum_p, KNAPSACK_DEADLINE, {0}};
    if (parts->n > KNAPSACK_MEET_PARTS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/algorithm",
                        "There are %zu items that can be chosen (copies count by powers of two), want at most %d for "
                        "meet-in-the-middle.",
                        parts->n, KNAPSACK_MEET_PARTS);
    struct sums a, b;
    struct sum x = {0}, y = {0};
    enum status status;
    size_t middle = parts->n / 2;
    if (!list(ctx, task, parts, 0, middle, &a, &status) || !list(ctx, task, parts, middle, parts->n, &b, &status))
        return status == STATUS_OK && ctx_stop(ctx) == STOP_CANCEL ? ctx_stopped(ctx) : status;
    out->found = best_pair(&a, &b, parts->capacity, task->exact_fill, &x, &y);
    out->optimal = true;
    out->end = KNAPSACK_COMPLETE;
    out->bound = x.p + y.p;
    mark(parts, middle, x.set, y.set);
    int64_t sums = (int64_t)(a.n + b.n);
    out->stats = (struct knapsack_stats){(int64_t)parts->n, (int64_t)parts->n, sums, sums, 0};
    return STATUS_OK;
}
