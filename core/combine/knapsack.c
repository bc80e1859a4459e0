#include "core/combine/knapsack.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/combine/knapsack_bundle.h"

/* -- The input -- */

static enum status fail_at(struct ctx *ctx, const struct knapsack_in *in, const char *what, size_t i, int64_t value,
                           const char *wrong) {
    char pointer[64], name[64];
    if (in->form == KNAPSACK_ITEMS) {
        snprintf(pointer, sizeof pointer, "/items/%zu/%s", i, what);
        snprintf(name, sizeof name, "items[%zu].%s", i, what);
    } else {
        snprintf(pointer, sizeof pointer, "/%ss/%zu", what, i);
        snprintf(name, sizeof name, "%ss[%zu]", what, i);
    }
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %" PRId64 "%s", name, value, wrong);
}

static enum status check_column(struct ctx *ctx, const struct knapsack_in *in, const int64_t *column,
                                const char *what) {
    int64_t sum = 0;
    for (size_t i = 0; i < in->n; i++) {
        int64_t v = column[i * in->stride];
        if (v < 0)
            return fail_at(ctx, in, what, i, v, ", want an integer of at least 0.");
        if (__builtin_add_overflow(sum, v, &sum))
            return fail_at(ctx, in, what, i, v,
                           ", which takes the sum of its kind past 9223372036854775807; want a sum of at most that.");
    }
    return STATUS_OK;
}

static enum status check(struct ctx *ctx, const struct knapsack_in *in) {
    if (in->n > KNAPSACK_MAX_ITEMS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, in->form == KNAPSACK_ITEMS ? "/items" : "/weights",
                        "There are %zu items, want at most %d.", in->n, KNAPSACK_MAX_ITEMS);
    if (in->capacity < 0)
        return ctx_fail(ctx, STATUS_INVALID, "/capacity", "capacity is %" PRId64 ", want an integer of at least 0.",
                        in->capacity);
    enum status status = check_column(ctx, in, in->weight, "weight");
    return status == STATUS_OK ? check_column(ctx, in, in->value, "value") : status;
}

/* -- What needs no search -- */

static int64_t weight_at(const struct knapsack_in *in, size_t i) { return in->weight[i * in->stride]; }
static int64_t value_at(const struct knapsack_in *in, size_t i) { return in->value[i * in->stride]; }

/* An item is a matter of choice where it has a value, a weight, and fits alone. */
static bool is_open(const struct knapsack_in *in, size_t i) {
    return value_at(in, i) > 0 && weight_at(in, i) > 0 && weight_at(in, i) <= in->capacity;
}
static bool is_free(const struct knapsack_in *in, size_t i) { return value_at(in, i) > 0 && weight_at(in, i) == 0; }

static int64_t gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* A problem in its least terms: all weights divided by their common divisor, and all values by theirs, which sharpens
 * every bound that is rounded down. */
struct reduced {
    struct knapsack_problem problem;
    int64_t value_unit;
    bool all_fit;
};

/* free_value is what the items without weight are worth together. */
static int64_t free_value(const struct knapsack_in *in) {
    int64_t value = 0;
    for (size_t i = 0; i < in->n; i++)
        value += is_free(in, i) ? value_at(in, i) : 0;
    return value;
}

static enum status reduce(struct ctx *ctx, const struct knapsack_in *in, struct reduced *out) {
    size_t n = 0;
    int64_t w = 0, p = 0, sum = 0;
    for (size_t i = 0; i < in->n; i++)
        if (is_open(in, i)) {
            n++;
            sum += weight_at(in, i);
            w = w == 1 ? 1 : gcd(weight_at(in, i), w);
            p = p == 1 ? 1 : gcd(value_at(in, i), p);
        }
    *out = (struct reduced){.value_unit = p, .all_fit = n == 0 || sum <= in->capacity};
    if (out->all_fit)
        return STATUS_OK;
    struct knapsack_item *item = ctx_alloc(ctx, n, sizeof *item);
    if (!item)
        return STATUS_NO_MEMORY;
    out->problem = (struct knapsack_problem){
        item, 0, in->capacity / w, .watch = in->watch, .base = in->watch ? free_value(in) : 0, .unit = p};
    for (size_t i = 0; i < in->n; i++)
        if (is_open(in, i))
            item[out->problem.n++] = (struct knapsack_item){weight_at(in, i) / w, value_at(in, i) / p, (uint32_t)i, 0};
    return STATUS_OK;
}

/* -- The answer -- */

/* mark_taken brings the search's items back into the order of the request, as bits, and returns what they are worth. */
static int64_t mark_taken(const struct reduced *r, uint64_t *taken) {
    int64_t value = 0;
    for (size_t i = 0; i < r->problem.n; i++)
        if (r->problem.item[i].taken) {
            taken[r->problem.item[i].at / 64] |= (uint64_t)1 << r->problem.item[i].at % 64;
            value += r->problem.item[i].p;
        }
    return value;
}

/* list_chosen lists what the search took and what needed no search: free items, and all open ones where they fit
 * together. */
static enum status list_chosen(struct ctx *ctx, const struct knapsack_in *in, bool all_fit, uint64_t *taken,
                               struct knapsack_out *out) {
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++) {
        if (is_free(in, i) || (all_fit && is_open(in, i)))
            taken[i / 64] |= (uint64_t)1 << i % 64;
        n += taken[i / 64] >> i % 64 & 1;
    }
    int64_t *chosen = ctx_alloc(ctx, n, sizeof *chosen);
    if (!chosen)
        return STATUS_NO_MEMORY;
    out->chosen = array_1d(KIND_INT, chosen, n);
    for (size_t i = 0, k = 0; i < in->n; i++)
        if (taken[i / 64] >> i % 64 & 1) {
            chosen[k++] = (int64_t)i;
            out->value += value_at(in, i);
            out->weight += weight_at(in, i);
        }
    return STATUS_OK;
}

/* answer writes the choice and its bound: the search counts its items in units, what else is taken counts as it is. A
 * choice that is not worth what the search says, or does not fit, is a bug of ours, and no answer. */
static enum status answer(struct ctx *ctx, const struct knapsack_in *in, const struct reduced *r,
                          const struct knapsack_result *result, struct knapsack_out *out) {
    uint64_t *taken = ctx_zalloc(ctx, in->n / 64 + 1, sizeof *taken);
    if (!taken)
        return STATUS_NO_MEMORY;
    int64_t value = mark_taken(r, taken);
    enum status status = list_chosen(ctx, in, r->all_fit, taken, out);
    if (status != STATUS_OK)
        return status;
    if (value != result->value || out->weight > in->capacity)
        return ctx_fail(ctx, STATUS_INTERNAL, "", "The knapsack's answer did not pass its own check.");
    out->bound = out->value + (result->bound - result->value) * r->value_unit;
    out->optimal = out->bound == out->value;
    out->end = result->end;
    out->stats = result->stats;
    return STATUS_OK;
}

enum status knapsack_solve(struct ctx *ctx, const struct knapsack_in *in, struct knapsack_out *out) {
    *out = (struct knapsack_out){.end = KNAPSACK_COMPLETE};
    enum status status = check(ctx, in);
    struct reduced reduced;
    if (status == STATUS_OK)
        status = reduce(ctx, in, &reduced);
    struct knapsack_result result = {.end = KNAPSACK_COMPLETE};
    if (status == STATUS_OK && !reduced.all_fit)
        status = knapsack_bundle_solve(ctx, &reduced.problem, &result);
    if (status == STATUS_OK)
        status = answer(ctx, in, &reduced, &result, out);
    return status;
}
