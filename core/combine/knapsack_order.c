#include "core/combine/knapsack_order.h"

enum { SMALL = 24, MAX_ROUNDS = KNAPSACK_INTERVALS - 4 };

typedef __int128 wide;

/* Items of one ratio (all of a subset-sum instance) are best met in no order at all: neighbours of all sizes fill a gap
 * soonest. An odd factor scatters the indices and keeps them distinct. */
static uint32_t scatter(uint32_t at) { return (at + 1) * 0x9e3779b1u; }

bool knapsack_before(const struct knapsack_item *a, const struct knapsack_item *b) {
    wide x = (wide)a->p * b->w, y = (wide)b->p * a->w;
    return x != y ? x > y : scatter(a->at) < scatter(b->at);
}

static void swap(struct knapsack_item *a, struct knapsack_item *b) {
    struct knapsack_item t = *a;
    *a = *b;
    *b = t;
}

static void insertion_sort(struct knapsack_item *item, size_t n) {
    for (size_t i = 1; i < n; i++) {
        struct knapsack_item x = item[i];
        size_t j = i;
        for (; j > 0 && knapsack_before(&x, &item[j - 1]); j--)
            item[j] = item[j - 1];
        item[j] = x;
    }
}

static void sift(struct knapsack_item *item, size_t i, size_t n) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && knapsack_before(&item[child], &item[child + 1]))
            child++;
        if (!knapsack_before(&item[i], &item[child]))
            return;
        swap(&item[i], &item[child]);
    }
}

static void heap_sort(struct knapsack_item *item, size_t n) {
    for (size_t i = n / 2; i-- > 0;)
        sift(item, i, n);
    for (size_t end = n; end > 1;) {
        swap(&item[0], &item[--end]);
        sift(item, 0, end);
    }
}

static struct knapsack_item *median(struct knapsack_item *a, struct knapsack_item *b, struct knapsack_item *c) {
    if (knapsack_before(a, b))
        return knapsack_before(b, c) ? b : knapsack_before(a, c) ? c : a;
    return knapsack_before(a, c) ? a : knapsack_before(b, c) ? c : b;
}

/* partition puts a pivot (a median of nine) in its place and returns that place: all before it stand before it, all
 * behind it behind it. n > SMALL. */
static size_t partition(struct knapsack_item *item, size_t n) {
    size_t step = n / 9;
    struct knapsack_item *p = item;
    swap(item, median(median(p, p + step, p + 2 * step), median(p + 3 * step, p + 4 * step, p + 5 * step),
                      median(p + 6 * step, p + 7 * step, p + 8 * step)));
    size_t i = 0, j = n;
    for (;;) {
        do
            i++;
        while (i < n && knapsack_before(&item[i], &item[0]));
        do
            j--;
        while (knapsack_before(&item[0], &item[j]));
        if (i >= j)
            break;
        swap(&item[i], &item[j]);
    }
    swap(&item[0], &item[j]);
    return j;
}

static void quick_sort(struct knapsack_item *item, size_t n, int rounds) {
    while (n > SMALL) {
        if (rounds-- == 0) {
            heap_sort(item, n);
            return;
        }
        size_t m = partition(item, n);
        if (m < n - m) {
            quick_sort(item, m, rounds);
            item += m + 1;
            n -= m + 1;
        } else {
            quick_sort(item + m + 1, n - m - 1, rounds);
            n = m;
        }
    }
    insertion_sort(item, n);
}

void knapsack_sort(struct knapsack_item *item, size_t n) { quick_sort(item, n, 80); }

static void push(struct knapsack_intervals *to, size_t lo, size_t hi) {
    if (lo < hi)
        to->a[to->n++] = (struct knapsack_interval){lo, hi};
}

/* take adds the items of [lo, hi) to the break solution. */
static void take(struct knapsack_split *out, const struct knapsack_item *item, size_t lo, size_t hi) {
    for (size_t i = lo; i < hi; i++) {
        out->w += item[i].w;
        out->p = (int64_t)((uint64_t)out->p + (uint64_t)item[i].p);
    }
}

static int64_t weight_of(const struct knapsack_item *item, size_t lo, size_t hi) {
    int64_t w = 0;
    for (size_t i = lo; i < hi; i++)
        w += item[i].w;
    return w;
}

static void finish(struct knapsack_item *item, size_t lo, size_t hi, int64_t capacity, struct knapsack_split *out) {
    knapsack_sort(item + lo, hi - lo);
    size_t at = lo;
    for (; at < hi && item[at].w <= capacity - out->w; at++)
        take(out, item, at, at + 1);
    out->at = at;
    push(&out->left, lo, at);
    push(&out->right, at, hi);
}

void knapsack_split_at(struct knapsack_item *item, size_t n, int64_t capacity, struct knapsack_split *out) {
    *out = (struct knapsack_split){.at = 0};
    size_t lo = 0, hi = n;
    for (int round = 0; hi - lo > SMALL && round < MAX_ROUNDS; round++) {
        size_t m = lo + partition(item + lo, hi - lo);
        if (weight_of(item, lo, m) > capacity - out->w) {
            push(&out->right, m, hi);
            hi = m;
        } else {
            take(out, item, lo, m);
            if (item[m].w > capacity - out->w) {
                push(&out->left, lo, m);
                push(&out->right, m, hi);
                out->at = m;
                return;
            }
            take(out, item, m, m + 1);
            push(&out->left, lo, m + 1);
            lo = m + 1;
        }
    }
    finish(item, lo, hi, capacity, out);
}
