#include "core/combine/knapsack_bundle.h"

#include "core/sort/sort.h"

enum { SAMPLE = 64, FEWEST = 8, PARTS = 64 };

/* What a bundled item stands for: `times` of a bundle, or the item of the problem at `from`. */
struct part {
    int64_t times; /* 0: it is an item */
    size_t from;   /* the item, or where its bundle begins in `order` */
    uint32_t taken;
};

struct bundler {
    struct ctx *ctx;
    const struct knapsack_problem *problem;
    int64_t *key;               /* [n] of each item's ratio; equal ratios have equal keys */
    int64_t *times;             /* [n] t: the item is t times its ratio's least terms */
    int64_t *order;             /* [n] items, those of one ratio together */
    struct part *part;          /* [m] */
    struct knapsack_item *item; /* [m] what is solved instead; item.at is its part */
    size_t m;
};

static int64_t gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t t = a % b;
        a = b, b = t;
    }
    return a;
}

/* key_of mixes the least terms of p/w; *t is their multiple. */
static int64_t key_of(const struct knapsack_item *item, int64_t *t) {
    *t = gcd(item->w, item->p);
    uint64_t z = (uint64_t)(item->w / *t) * 0x9e3779b97f4a7c15u ^ (uint64_t)(item->p / *t);
    z = (z ^ z >> 32) * 0xd6e8feb86659fd93u;
    return (int64_t)(z ^ z >> 32);
}

/* many_alike looks at a few items: half of them or more share their ratio with another one. */
static bool many_alike(const struct knapsack_problem *problem) {
    int64_t key[SAMPLE], t;
    size_t n = problem->n < SAMPLE ? problem->n : SAMPLE, alike = 0;
    for (size_t i = 0; i < n; i++)
        key[i] = key_of(&problem->item[i * problem->n / n], &t);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j && key[i] == key[j]) {
                alike++;
                break;
            }
    return n >= FEWEST && 2 * alike >= n;
}

static enum status argsort(struct ctx *ctx, int64_t *values, size_t n, int64_t **order) {
    struct sort_out out;
    enum status status =
        sort_solve(ctx, &(struct sort_in){.values = array_1d(KIND_INT, values, n), .argsort = true}, &out);
    *order = status == STATUS_OK ? out.indices.ints : NULL;
    return status;
}

static bool same_ratio(const struct bundler *b, size_t i, size_t j) {
    const struct knapsack_item *x = &b->problem->item[i], *y = &b->problem->item[j];
    return b->key[i] == b->key[j] && x->w / b->times[i] == y->w / b->times[j] &&
           x->p / b->times[i] == y->p / b->times[j];
}

static void add(struct bundler *b, int64_t w, int64_t p, struct part part) {
    b->part[b->m] = part;
    b->item[b->m] = (struct knapsack_item){w, p, (uint32_t)b->m, 0};
    b->m++;
}

static void add_items(struct bundler *b, size_t lo, size_t hi) {
    for (size_t k = lo; k < hi; k++) {
        const struct knapsack_item *item = &b->problem->item[b->order[k]];
        add(b, item->w, item->p, (struct part){0, (size_t)b->order[k], 0});
    }
}

/* order_times puts the items order[lo .. hi-1] in order of t and returns the common divisor of the t's; *sum of them.
 * 0: they do not make every multiple of it up to the sum. */
static enum status order_times(struct bundler *b, size_t lo, size_t hi, int64_t *unit, int64_t *sum) {
    size_t n = hi - lo;
    struct ctx_mark mark = ctx_mark(b->ctx);
    int64_t *t = ctx_alloc(b->ctx, 2 * n, sizeof *t), *by;
    if (!t)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < n; k++)
        t[k] = b->times[t[n + k] = b->order[lo + k]];
    enum status status = argsort(b->ctx, t, n, &by);
    *unit = *sum = 0;
    for (size_t k = 0; status == STATUS_OK && k < n; k++) {
        b->order[lo + k] = t[n + by[k]];
        *unit = gcd(t[by[k]], *unit);
    }
    for (size_t k = 0; status == STATUS_OK && k < n && *unit; k++) {
        int64_t next = b->times[b->order[lo + k]];
        *unit = next - *unit <= *sum ? *unit : 0;
        *sum += next;
    }
    ctx_rewind(b->ctx, mark);
    return status;
}

/* add_ratio adds the items order[lo .. hi-1], which are of one ratio: as parts where those are half as many. */
static enum status add_ratio(struct bundler *b, size_t lo, size_t hi) {
    int64_t unit = 0, sum, times[PARTS];
    size_t n = 0;
    if (hi - lo >= FEWEST) {
        enum status status = order_times(b, lo, hi, &unit, &sum);
        if (status != STATUS_OK)
            return status;
    }
    if (unit) {
        const struct knapsack_item *first = &b->problem->item[b->order[lo]];
        int64_t w = first->w / b->times[b->order[lo]], p = first->p / b->times[b->order[lo]];
        int64_t most = b->problem->capacity / w / unit, left = sum / unit < most ? sum / unit : most;
        for (int64_t part = 1; left > 0; part *= 2, left -= times[n - 1])
            times[n++] = (part < left ? part : left);
        for (size_t k = 0; 2 * n <= hi - lo && k < n; k++)
            add(b, w * unit * times[k], p * unit * times[k], (struct part){unit * times[k], lo, 0});
    }
    if (!unit || 2 * n > hi - lo)
        add_items(b, lo, hi);
    return STATUS_OK;
}

static enum status bundle(struct bundler *b) {
    size_t n = b->problem->n;
    b->key = ctx_alloc(b->ctx, n, sizeof *b->key);
    b->times = ctx_alloc(b->ctx, n, sizeof *b->times);
    b->part = ctx_alloc(b->ctx, n, sizeof *b->part);
    b->item = ctx_alloc(b->ctx, n, sizeof *b->item);
    if (!b->key || !b->times || !b->part || !b->item)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        b->key[i] = key_of(&b->problem->item[i], &b->times[i]);
    enum status status = argsort(b->ctx, b->key, n, &b->order);
    for (size_t lo = 0, hi; status == STATUS_OK && lo < n; lo = hi) {
        for (hi = lo + 1; hi < n && same_ratio(b, (size_t)b->order[lo], (size_t)b->order[hi]);)
            hi++;
        status = add_ratio(b, lo, hi);
    }
    return status;
}

/* take_times takes items of the ratio that begins at order[lo] whose t's add up to `times`: the greatest that fits, and
 * again. */
static void take_times(const struct bundler *b, size_t lo, int64_t times) {
    size_t hi = lo + 1;
    while (hi < b->problem->n && same_ratio(b, (size_t)b->order[lo], (size_t)b->order[hi]))
        hi++;
    while (hi-- > lo && times > 0)
        if (b->times[b->order[hi]] <= times) {
            times -= b->times[b->order[hi]];
            b->problem->item[b->order[hi]].taken = 1;
        }
}

/* unbundle marks the problem's items. A bundle's parts stand one behind the other. */
static void unbundle(const struct bundler *b) {
    for (size_t i = 0; i < b->m; i++)
        b->part[b->item[i].at].taken = b->item[i].taken;
    for (size_t k = 0; k < b->m; k++) {
        const struct part *part = &b->part[k];
        int64_t times = part->taken ? part->times : 0;
        if (part->times == 0)
            b->problem->item[part->from].taken = part->taken;
        for (; part->times && k + 1 < b->m && part[1].times && part[1].from == part->from; k++, part++)
            times += part[1].taken ? part[1].times : 0;
        if (part->times)
            take_times(b, part->from, times);
    }
}

/* solve does what was bundled. Where parts were cut to the capacity, all of them may fit together. */
static enum status solve(struct bundler *b, struct knapsack_result *out) {
    struct knapsack_problem problem = *b->problem; /* values are the same, so who watches sees no difference */
    problem.item = b->item, problem.n = b->m;
    int64_t w = 0, p = 0;
    for (size_t k = 0; k < b->m; k++)
        w += b->item[k].w, p += b->item[k].p;
    if (w > problem.capacity)
        return knapsack_core_solve(b->ctx, &problem, out);
    for (size_t k = 0; k < b->m; k++)
        b->item[k].taken = 1;
    *out = (struct knapsack_result){.value = p, .bound = p, .end = KNAPSACK_COMPLETE};
    return STATUS_OK;
}

enum status knapsack_bundle_solve(struct ctx *ctx, const struct knapsack_problem *problem,
                                  struct knapsack_result *out) {
    if (!many_alike(problem))
        return knapsack_core_solve(ctx, problem, out);
    struct ctx_mark mark = ctx_mark(ctx);
    const struct error err = ctx->err;
    struct bundler b = {.ctx = ctx, .problem = problem};
    enum status status = bundle(&b);
    if (status != STATUS_OK) { /* memory or time is short, and no failure of the request: the items as they are */
        ctx_rewind(ctx, mark);
        ctx->err = err;
        return knapsack_core_solve(ctx, problem, out);
    }
    status = solve(&b, out);
    if (status == STATUS_OK)
        unbundle(&b);
    out->stats.items = (int64_t)problem->n;
    ctx_rewind(ctx, mark);
    return status;
}
