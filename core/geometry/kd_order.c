#include "core/geometry/kd_order.h"

static inline void swap(struct kd_point *a, struct kd_point *b) {
    struct kd_point t = *a;
    *a = *b, *b = t;
}

static inline void order_two(struct kd_point *a, struct kd_point *b, int axis) {
    if (kd_before(axis, b->p, a->p))
        swap(a, b);
}

static void insert_all(struct kd_point *at, size_t n, int axis) {
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && kd_before(axis, at[k].p, at[k - 1].p); k--)
            swap(&at[k], &at[k - 1]);
}

static void sift(struct kd_point *at, size_t i, size_t n, int axis) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && kd_before(axis, at[child].p, at[child + 1].p))
            child++;
        if (!kd_before(axis, at[i].p, at[child].p))
            return;
        swap(&at[i], &at[child]);
    }
}

static void heap_sort(struct kd_point *at, size_t n, int axis) {
    for (size_t i = n / 2; i-- > 0;)
        sift(at, i, n, axis);
    for (size_t end = n; end-- > 1;) {
        swap(&at[0], &at[end]);
        sift(at, 0, end, axis);
    }
}

/* split partitions around the median of three; what it returns stands in its place. */
static size_t split(struct kd_point *at, size_t n, int axis) {
    size_t middle = n / 2, i = 0, k = n - 2;
    order_two(&at[0], &at[middle], axis);
    order_two(&at[middle], &at[n - 1], axis);
    order_two(&at[0], &at[middle], axis);
    swap(&at[middle], &at[n - 2]);
    struct point pivot = at[n - 2].p;
    for (;;) {
        while (kd_before(axis, at[++i].p, pivot))
            ;
        while (kd_before(axis, pivot, at[--k].p))
            ;
        if (i >= k)
            break;
        swap(&at[i], &at[k]);
    }
    swap(&at[i], &at[n - 2]);
    return i;
}

void kd_cut(struct kd_point *at, size_t n, int axis) {
    size_t want = n / 2, rounds = 0, whole = n;
    while (n > 8) {
        if (++rounds > 64 || (rounds > 16 && n > whole / 4)) {
            heap_sort(at, n, axis);
            return;
        }
        size_t i = split(at, n, axis);
        if (i == want)
            return;
        if (i > want) {
            n = i;
        } else {
            at += i + 1, n -= i + 1, want -= i + 1;
        }
    }
    insert_all(at, n, axis);
}

bool kd_order(struct ctx *ctx, struct kd_point *at, size_t n, int axis, bool ordered) {
    if (n <= 3) {
        insert_all(at, n, 0);
        return true;
    }
    if (n > 1 << 14 && ctx_stop(ctx))
        return false;
    if (!ordered)
        kd_cut(at, n, axis);
    return kd_order(ctx, at, n / 2, !axis, false) && kd_order(ctx, at + n / 2, n - n / 2, !axis, false);
}
