#include "core/combine/knapsack_bound.h"

struct search {
    const struct ctx *ctx;
    const struct knapsack_item *item;
    struct knapsack_item *scratch; /* [n] */
    size_t n;
    int64_t capacity, d, k;
};

static int bits(uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }

static knapsack_wide total_at(const struct search *s, int64_t a, int64_t e) {
    struct knapsack_price y = {.d = s->d, .a = a, .e = e};
    knapsack_wide sum = (knapsack_wide)a * s->capacity + (knapsack_wide)e * s->k;
    for (size_t i = 0; i < s->n; i++) {
        knapsack_wide r = knapsack_reduced(&y, s->item[i].w, s->item[i].p);
        if (r > 0)
            sum += r;
    }
    return sum;
}

/* weight_price finds the best lambda beside a given mu: the ratio of the break item of the repriced problem. It returns
 * how many items the repriced LP solution takes whole. */
static size_t weight_price(const struct search *s, int64_t e, int64_t *a) {
    size_t m = 0;
    for (size_t i = 0; i < s->n; i++) {
        knapsack_wide p = (knapsack_wide)s->d * s->item[i].p - e;
        if (p > 0)
            s->scratch[m++] = (struct knapsack_item){.w = s->item[i].w, .p = (int64_t)p, .at = s->item[i].at};
    }
    struct knapsack_split split;
    knapsack_split_at(s->scratch, m, s->capacity, &split);
    *a = split.at < m ? s->scratch[split.at].p / s->scratch[split.at].w : 0;
    return split.at;
}

static void try_price(const struct search *s, int64_t e, struct knapsack_price *best) {
    int64_t a;
    (void)weight_price(s, e, &a);
    knapsack_wide total = total_at(s, a, e);
    if (best->d == 0 || total < best->total)
        *best = (struct knapsack_price){.d = s->d, .a = a, .e = e, .k = s->k, .total = total};
}

/* minimise walks down the convex function mu -> bound: too many items ask for a higher price, too few for a lower
 * one. */
static void minimise(const struct search *s, int64_t lo, int64_t hi, struct knapsack_price *best) {
    while (lo < hi) {
        if (ctx_stop(s->ctx) != STOP_NONE)
            return;
        int64_t e = lo + (hi - lo) / 2, a;
        if (weight_price(s, e, &a) >= (size_t)s->k)
            lo = e + 1;
        else
            hi = e;
    }
    /* The exact optimum often is a whole number (p = w + k), which the search brackets but need not meet. */
    int64_t whole = (lo + s->d / 2) / s->d * s->d;
    const int64_t candidates[] = {whole, lo, lo - 1};
    for (size_t i = 0; i < 3; i++)
        if ((lo >= 0) == (candidates[i] >= 0) || candidates[i] == 0)
            try_price(s, candidates[i], best);
}

/* lightest_that_fit is the greatest number of items that fit together. */
static size_t lightest_that_fit(const struct search *s) {
    for (size_t i = 0; i < s->n; i++)
        s->scratch[i] = (struct knapsack_item){.w = s->item[i].w, .p = 1, .at = s->item[i].at};
    struct knapsack_split split;
    knapsack_split_at(s->scratch, s->n, s->capacity, &split);
    return split.at;
}

/* fewest_above is the least number of items worth more than z together. Sorted by 1/p, the most valuable stand last. */
static size_t fewest_above(const struct search *s, int64_t z) {
    for (size_t i = 0; i < s->n; i++)
        s->scratch[i] = (struct knapsack_item){.w = s->item[i].p, .p = 1, .at = s->item[i].at};
    knapsack_sort(s->scratch, s->n);
    int64_t sum = 0;
    size_t count = 0;
    while (count < s->n && sum <= z)
        sum += s->scratch[s->n - 1 - count++].w;
    return count;
}

/* unit chooses d: fine enough that rounding the prices moves the bound by a fraction of one, small enough that d * p
 * keeps to 62 bits. */
static int64_t unit(const struct knapsack_item *item, size_t n) {
    int64_t p = 0, w = 0;
    for (size_t i = 0; i < n; i++) {
        p = item[i].p > p ? item[i].p : p;
        w = item[i].w > w ? item[i].w : w;
    }
    int wanted = bits((uint64_t)w > n ? (uint64_t)w : n) + 3, room = 61 - bits((uint64_t)p);
    int shift = wanted < room ? wanted : room;
    return shift > 0 ? (int64_t)1 << shift : 1;
}

enum status knapsack_price_find(struct ctx *ctx, const struct knapsack_item *item, size_t n, int64_t capacity,
                                size_t at, int64_t z, struct knapsack_price *out) {
    *out = (struct knapsack_price){.d = 0};
    struct ctx_mark mark = ctx_mark(ctx);
    struct knapsack_item *scratch = ctx_alloc(ctx, n, sizeof *scratch);
    if (!scratch)
        return STATUS_NO_MEMORY;
    struct search s = {ctx, item, scratch, n, capacity, unit(item, n), 0};
    int64_t p = 0;
    for (size_t i = 0; i < n; i++)
        p = item[i].p > p ? item[i].p : p;
    if (p < INT64_MAX / 2 / s.d) {
        size_t most = lightest_that_fit(&s), fewest = fewest_above(&s, z);
        s.k = (int64_t)most;
        if (most <= at)
            minimise(&s, 0, p * s.d, out);
        s.k = (int64_t)fewest;
        if (fewest > at)
            minimise(&s, -p * s.d, 0, out);
    }
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}
