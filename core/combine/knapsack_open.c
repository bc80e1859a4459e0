#include "core/combine/knapsack_open.h"

typedef knapsack_wide wide;

void knapsack_open_init(struct knapsack_open *open, struct knapsack_item *item, size_t n,
                        const struct knapsack_split *split, struct knapsack_hope *hope) {
    *open = (struct knapsack_open){
        .item = item,
        .n = n,
        .w = split->w,
        .p = split->p,
        .break_w = item[split->at].w,
        .break_p = item[split->at].p,
        .hope = hope,
        .left = {.far = split->left, .right = false},
        .right = {.far = split->right, .right = true},
    };
}

static wide magnitude(wide x) { return x < 0 ? -x : x; }

static bool is_fixed(const struct knapsack_open *open, const struct knapsack_item *item, bool right) {
    const struct knapsack_hope *h = open->hope;
    wide lost = magnitude((wide)item->p * open->break_w - (wide)item->w * open->break_p);
    if ((wide)(open->p - h->z - 1) * open->break_w + (wide)(h->capacity - open->w) * open->break_p < lost)
        return true;
    if (h->price.d == 0)
        return false;
    wide reduced = knapsack_reduced(&h->price, item->w, item->p);
    return (reduced > 0) != right && h->price.total - magnitude(reduced) < (wide)h->price.d * (h->z + 1);
}

/* slack_of is what an item's place in the break solution falls short of its best place under the prices. */
static wide slack_of(const struct knapsack_open *open, const struct knapsack_item *item, bool right) {
    wide reduced = knapsack_reduced(&open->hope->price, item->w, item->p);
    return (reduced > 0) == right ? magnitude(reduced) : 0;
}

static void close_item(struct knapsack_open *open, const struct knapsack_item *item, bool right) {
    if (open->hope->price.d)
        open->hope->slack -= slack_of(open, item, right);
}

static void swap(struct knapsack_item *a, struct knapsack_item *b) {
    struct knapsack_item t = *a;
    *a = *b;
    *b = t;
}

/* open_run makes the nearest interval the run: its fixed items stand aside, the others are sorted. */
static void open_run(struct knapsack_open *open, struct knapsack_side *side) {
    struct knapsack_interval all = side->far.a[--side->far.n];
    size_t end = all.lo;
    for (size_t i = all.lo; i < all.hi; i++) {
        if (is_fixed(open, &open->item[i], side->right))
            close_item(open, &open->item[i], side->right);
        else
            swap(&open->item[i], &open->item[end++]);
    }
    side->lo = all.lo;
    side->hi = end;
    knapsack_sort(open->item + side->lo, side->hi - side->lo);
}

static struct knapsack_side *side_of(struct knapsack_open *open, bool right) {
    return right ? &open->right : &open->left;
}

static void step_past(struct knapsack_open *open, size_t at, bool right) {
    close_item(open, &open->item[at], right);
    if (right)
        open->right.lo++;
    else
        open->left.hi--;
}

size_t knapsack_open_peek(struct knapsack_open *open, bool right) {
    struct knapsack_side *side = side_of(open, right);
    for (;;) {
        while (side->lo < side->hi) {
            size_t at = right ? side->lo : side->hi - 1;
            if (!is_fixed(open, &open->item[at], right))
                return at;
            step_past(open, at, right);
        }
        if (side->far.n == 0)
            return open->n;
        open_run(open, side);
    }
}

void knapsack_open_take(struct knapsack_open *open, size_t at, bool right) { step_past(open, at, right); }

void knapsack_open_look(struct knapsack_open *open) {
    size_t r = knapsack_open_peek(open, true), l = knapsack_open_peek(open, false);
    struct knapsack_hope *h = open->hope;
    h->right_p = r < open->n ? open->item[r].p : 0;
    h->right_w = r < open->n ? open->item[r].w : 1;
    h->left_p = l < open->n ? open->item[l].p : 1;
    h->left_w = l < open->n ? open->item[l].w : 0;
}

static wide side_slack(const struct knapsack_open *open, const struct knapsack_side *side) {
    wide slack = 0;
    for (size_t i = side->lo; i < side->hi; i++)
        slack += slack_of(open, &open->item[i], side->right);
    for (size_t k = 0; k < side->far.n; k++)
        for (size_t i = side->far.a[k].lo; i < side->far.a[k].hi; i++)
            slack += slack_of(open, &open->item[i], side->right);
    return slack;
}

void knapsack_open_reprice(struct knapsack_open *open) {
    if (open->hope->price.d)
        open->hope->slack = side_slack(open, &open->left) + side_slack(open, &open->right);
}

/* Items outside the run that were set aside as fixed are looked at again, and are fixed again: the incumbent only gets
 * better. */
static void sort_side(struct knapsack_open *open, struct knapsack_side *side, size_t lo, size_t hi) {
    size_t end = lo;
    for (size_t i = lo; i < hi; i++)
        if (!is_fixed(open, &open->item[i], side->right))
            swap(&open->item[i], &open->item[end++]);
    side->far.n = 0;
    side->lo = lo;
    side->hi = end;
    knapsack_sort(open->item + lo, end - lo);
}

void knapsack_open_sort(struct knapsack_open *open) {
    sort_side(open, &open->left, 0, open->left.hi);
    sort_side(open, &open->right, open->right.lo, open->n);
    knapsack_open_reprice(open);
}
