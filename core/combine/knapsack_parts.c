#include "core/combine/knapsack_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static size_t dims_of(const struct knapsack_task *task) { return task->dims ? task->dims : 1; }

/* -- The input -- */

/* refuse names "items[3].weight", "weights[3]" or, with dims, "weights[3][1]". */
static enum status refuse(struct ctx *ctx, const struct knapsack_task *task, const char *what, size_t i, size_t d,
                          int64_t value, const char *wrong) {
    char pointer[96], name[96], deep[32] = "", deep_name[32] = "";
    if (task->dims && what[0] == 'w') {
        snprintf(deep, sizeof deep, "/%zu", d);
        snprintf(deep_name, sizeof deep_name, "[%zu]", d);
    }
    if (task->in.form == KNAPSACK_ITEMS) {
        snprintf(pointer, sizeof pointer, "/items/%zu/%s%s%s", i, what, deep[0] ? "s" : "", deep);
        snprintf(name, sizeof name, "items[%zu].%s%s%s", i, what, deep[0] ? "s" : "", deep_name);
    } else {
        snprintf(pointer, sizeof pointer, "/%ss/%zu%s", what, i, deep);
        snprintf(name, sizeof name, "%ss[%zu]%s", what, i, deep_name);
    }
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %" PRId64 "%s", name, value, wrong);
}

static const char NEGATIVE[] = ", want an integer of at least 0.";

static enum status check_item(struct ctx *ctx, const struct knapsack_task *task, size_t i) {
    for (size_t d = 0; d < dims_of(task); d++)
        if (knapsack_weight(task, i, d) < 0)
            return refuse(ctx, task, "weight", i, d, knapsack_weight(task, i, d), NEGATIVE);
    if (knapsack_value(task, i) < 0)
        return refuse(ctx, task, "value", i, 0, knapsack_value(task, i), NEGATIVE);
    if (task->variant == KNAPSACK_BOUNDED && task->count[i * task->count_stride] < 0)
        return refuse(ctx, task, "count", i, 0, task->count[i * task->count_stride], NEGATIVE);
    return STATUS_OK;
}

enum status knapsack_parts_check(struct ctx *ctx, const struct knapsack_task *task) {
    if (task->in.n > KNAPSACK_MAX_ITEMS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, task->in.form == KNAPSACK_ITEMS ? "/items" : "/weights",
                        "There are %zu items, want at most %d.", task->in.n, KNAPSACK_MAX_ITEMS);
    for (size_t d = 0; d < dims_of(task); d++)
        if (knapsack_capacity(task, d) < 0)
            return ctx_fail(ctx, STATUS_INVALID, task->dims ? "/capacities" : "/capacity",
                            "A capacity is %" PRId64 ", want an integer of at least 0.", knapsack_capacity(task, d));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < task->in.n && status == STATUS_OK; i++)
        status = check_item(ctx, task, i);
    return status;
}

/* -- How many copies of each -- */

static bool weighs(const struct knapsack_task *task, size_t i) {
    for (size_t d = 0; d < dims_of(task); d++)
        if (knapsack_weight(task, i, d) > 0)
            return true;
    return false;
}

/* copies_of is how many copies of an item fit alone and are allowed. */
static int64_t copies_of(const struct knapsack_task *task, size_t i) {
    int64_t most = task->variant == KNAPSACK_BOUNDED     ? task->count[i * task->count_stride]
                   : task->variant == KNAPSACK_UNBOUNDED ? INT64_MAX
                                                         : 1;
    if (task->at_most >= 0 && most > task->at_most)
        most = task->at_most;
    for (size_t d = 0; d < dims_of(task); d++) {
        int64_t w = knapsack_weight(task, i, d);
        if (w > 0 && most > knapsack_capacity(task, d) / w)
            most = knapsack_capacity(task, d) / w;
    }
    return most;
}

static bool has_use(const struct knapsack_task *task, size_t i) {
    return knapsack_value(task, i) > 0 || (task->exact_fill && weighs(task, i));
}

static enum status count_copies(struct ctx *ctx, const struct knapsack_task *task, bool all, int64_t *copies) {
    for (size_t i = 0; i < task->in.n; i++) {
        bool endless = task->variant == KNAPSACK_UNBOUNDED && task->at_most < 0 && !weighs(task, i);
        if (endless && knapsack_value(task, i) > 0)
            return refuse(ctx, task, "value", i, 0, knapsack_value(task, i),
                          " and the item weighs nothing, so that any number of copies has a value without end; want a "
                          "weight, or at_most.");
        copies[i] = endless || !(all || has_use(task, i)) ? 0 : copies_of(task, i);
    }
    return STATUS_OK;
}

/* -- Unbounded: dominance -- */

struct entry {
    int64_t w, p;
    size_t i;
};

/* Lighter first, of equal weight the more valuable first, then by index. */
static int by_weight(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    if (a->w != b->w)
        return a->w < b->w ? -1 : 1;
    if (a->p != b->p)
        return a->p > b->p ? -1 : 1;
    return a->i < b->i ? -1 : a->i > b->i;
}

int64_t knapsack_gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static const struct entry *best_ratio(const struct entry *e, size_t n) {
    const struct entry *best = e;
    for (size_t k = 1; k < n; k++)
        if ((__int128)e[k].p * best->w > (__int128)best->p * e[k].w)
            best = &e[k];
    return best;
}

/* needed is how many copies of e a best choice has at most, beside any number of b. An exact fill may exchange only
 * what weighs the same. */
static int64_t needed(const struct entry *e, const struct entry *b, bool exact, int64_t lighter_p) {
    bool multiple = !exact || e->w % b->w == 0;
    if (e == b)
        return INT64_MAX;
    if (e->p <= lighter_p || (multiple && (__int128)(e->w / b->w) * b->p >= e->p))
        return 0;
    return b->w / knapsack_gcd(b->w, e->w) - 1;
}

static enum status drop_dominated(struct ctx *ctx, const struct knapsack_task *task, int64_t *copies) {
    size_t n = 0;
    struct entry *e = ctx_alloc(ctx, task->in.n, sizeof *e);
    if (!e)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < task->in.n; i++)
        if (copies[i] > 0)
            e[n++] = (struct entry){knapsack_weight(task, i, 0), knapsack_value(task, i), i};
    if (n == 0)
        return STATUS_OK;
    qsort(e, n, sizeof *e, by_weight);
    const struct entry *b = best_ratio(e, n);
    int64_t lighter_p = -1;
    for (size_t k = 0; k < n; k++) {
        if (task->exact_fill && k > 0 && e[k].w != e[k - 1].w)
            lighter_p = -1;
        int64_t most = needed(&e[k], b, task->exact_fill, lighter_p);
        lighter_p = e[k].p > lighter_p ? e[k].p : lighter_p;
        copies[e[k].i] = copies[e[k].i] < most ? copies[e[k].i] : most;
    }
    return STATUS_OK;
}

/* -- Parts -- */

static bool add_product(int64_t a, int64_t b, int64_t *sum) {
    int64_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*sum, product, sum);
}

static const char TOO_MUCH[] = ", and with the copies of it that could be chosen the sum of its kind passes "
                               "9223372036854775807; want sums of at most that.";

/* add_sums keeps all sums within int64: products of parts are then safe everywhere. */
static enum status add_sums(struct ctx *ctx, const struct knapsack_task *task, size_t i, int64_t copies, int64_t *sum_w,
                            struct knapsack_parts *out) {
    for (size_t d = 0; d < dims_of(task); d++)
        if (!add_product(knapsack_weight(task, i, d), copies, &sum_w[d]))
            return refuse(ctx, task, "weight", i, d, knapsack_weight(task, i, d), TOO_MUCH);
    if (!add_product(knapsack_value(task, i), copies, &out->sum_p))
        return refuse(ctx, task, "value", i, 0, knapsack_value(task, i), TOO_MUCH);
    return STATUS_OK;
}

static size_t parts_of(int64_t copies) { return copies ? (size_t)(64 - __builtin_clzll((uint64_t)copies)) : 0; }

static void split(const struct knapsack_task *task, size_t i, int64_t copies, struct knapsack_parts *out) {
    int64_t w = task->dims ? 0 : knapsack_weight(task, i, 0), p = knapsack_value(task, i);
    for (int64_t left = copies, size = 1; left > 0; left -= size, size = size <= left / 2 ? size * 2 : left) {
        if (size > left)
            size = left;
        out->part[out->n++] = (struct knapsack_part){w * size, p * size, size, (uint32_t)i, 0};
    }
}

static enum status split_all(struct ctx *ctx, const struct knapsack_task *task, const int64_t *copies,
                             struct knapsack_parts *out) {
    int64_t sum_w[KNAPSACK_MAX_DIMS] = {0};
    size_t n = 0;
    for (size_t i = 0; i < task->in.n; i++) {
        enum status status = add_sums(ctx, task, i, copies[i], sum_w, out);
        if (status != STATUS_OK)
            return status;
        n += parts_of(copies[i]);
    }
    if (n > KNAPSACK_MAX_ITEMS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "", "The copies make %zu parts (powers of two), want at most %d.", n,
                        KNAPSACK_MAX_ITEMS);
    out->part = ctx_alloc(ctx, n, sizeof *out->part);
    if (!out->part)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < task->in.n; i++)
        split(task, i, copies[i], out);
    out->sum_w = sum_w[0];
    return STATUS_OK;
}

enum status knapsack_parts_make(struct ctx *ctx, const struct knapsack_task *task, bool all,
                                struct knapsack_parts *out) {
    *out = (struct knapsack_parts){.capacity = knapsack_capacity(task, 0)};
    int64_t *copies = ctx_alloc(ctx, task->in.n, sizeof *copies);
    if (!copies)
        return STATUS_NO_MEMORY;
    enum status status = count_copies(ctx, task, all, copies);
    if (status == STATUS_OK && task->variant == KNAPSACK_UNBOUNDED && !all && !task->dims && task->at_most < 0)
        status = drop_dominated(ctx, task, copies);
    return status == STATUS_OK ? split_all(ctx, task, copies, out) : status;
}
