#include "core/sort/quantile.h"

#include <math.h>
#include <stdio.h>

#include "core/base/mean.h"
#include "core/sort/select.h"
#include "core/sort/sort.h"

const char *const quantile_method_names[] = {"linear", "lower", "higher", "nearest", "midpoint", NULL};

/* Two neighbours by their ranks from 0, and how far it is from the first to the second. */
struct place {
    size_t low, high;
    double g;
};

static struct place place_of(double q, size_t n, enum quantile_method method) {
    double h = q * (double)(n - 1), floor_h = floor(h), g = h - floor_h;
    size_t low = (size_t)floor_h, high = low + (g > 0);
    switch (method) {
    case QUANTILE_LOWER: return (struct place){low, low, 0};
    case QUANTILE_HIGHER: return (struct place){high, high, 0};
    case QUANTILE_NEAREST:
        if (g > 0.5 || (g == 0.5 && low % 2))
            low = high;
        return (struct place){low, low, 0};
    case QUANTILE_MIDPOINT: return (struct place){low, high, 0};
    default: return (struct place){low, high, g};
    }
}

/* between is exact at both ends and for equal neighbours; their difference may pass the greatest double. */
static double between(double a, double b, double g) {
    double width = b - a;
    if (g == 0 || a == b)
        return a;
    if (isinf(width))
        return a * (1 - g) + b * g;
    return g < 0.5 ? a + width * g : b - width * (1 - g);
}

static double real_at(const struct array *a, size_t i) {
    return a->kind == KIND_INT ? (double)a->ints[i] : a->reals[i];
}

static bool is_real(enum quantile_method method) { return method == QUANTILE_LINEAR || method == QUANTILE_MIDPOINT; }

/* put writes quantile i, whose neighbours are elements low and high of `from`. */
static void put(struct array *out, size_t i, const struct array *from, size_t low, size_t high, double g,
                enum quantile_method method) {
    if (method == QUANTILE_MIDPOINT && low != high)
        out->reals[i] = from->kind == KIND_INT ? mean_of_ints(from->ints[low], from->ints[high])
                                               : mean_of_reals(from->reals[low], from->reals[high]);
    else if (is_real(method))
        out->reals[i] = between(real_at(from, low), real_at(from, high), g);
    else if (from->kind == KIND_STRING)
        out->strings[i] = from->strings[low];
    else if (from->kind == KIND_INT)
        out->ints[i] = from->ints[low];
    else
        out->reals[i] = from->reals[low];
}

static enum status check(struct ctx *ctx, const struct quantile_in *in) {
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    if (in->values.n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values is empty and has no quantiles.");
    if (in->values.kind == KIND_STRING && is_real(in->method))
        return ctx_fail(ctx, STATUS_INVALID, "/method",
                        "There is nothing between two strings, so %s is for numbers; want \"lower\", \"higher\" or "
                        "\"nearest\".",
                        quantile_method_names[in->method]);
    for (size_t i = 0; i < in->n_qs; i++) {
        char pointer[40];
        if (in->qs[i] >= 0 && in->qs[i] <= 1)
            continue;
        snprintf(pointer, sizeof pointer, "/quantiles/%zu", i);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "quantiles[%zu] is %.15g, want 0 to 1.", i, in->qs[i]);
    }
    return STATUS_OK;
}

/* by_sorting takes the places from the sorted distinct values. */
static enum status by_sorting(struct ctx *ctx, const struct quantile_in *in, struct array *out) {
    struct sort_in sort = {.values = in->values, .unique = true};
    struct sort_out sorted;
    enum status status = sort_solve(ctx, &sort, &sorted);
    for (size_t i = 0; status == STATUS_OK && i < in->n_qs; i++) {
        struct place place = place_of(in->qs[i], sorted.values.n, in->method);
        put(out, i, &sorted.values, place.low, place.high, place.g, in->method);
    }
    return status;
}

size_t quantile_ranks(const struct quantile_in *in, size_t n, int64_t *ks) {
    size_t n_ks = 0;
    for (size_t i = 0; i < in->n_qs; i++) {
        struct place place = place_of(in->qs[i], n, in->method);
        ks[n_ks++] = (int64_t)place.low + 1;
        if (is_real(in->method) && place.high != place.low)
            ks[n_ks++] = (int64_t)place.high + 1;
    }
    return n_ks;
}

/* by_selecting asks for the ranks of all neighbours: one for each quantile, or two. */
static enum status by_selecting(struct ctx *ctx, const struct quantile_in *in, struct array *out) {
    bool two = is_real(in->method);
    int64_t *ks = ctx_alloc(ctx, in->n_qs * (two ? 2 : 1), sizeof *ks);
    if (!ks)
        return STATUS_NO_MEMORY;
    size_t n_ks = quantile_ranks(in, in->values.n, ks);
    struct select_in select = {.values = in->values, .ks = ks, .n_ks = n_ks, .smallest = true};
    struct array found;
    enum status status = select_solve(ctx, &select, &found);
    for (size_t i = 0, at = 0; status == STATUS_OK && i < in->n_qs; i++) {
        struct place place = place_of(in->qs[i], in->values.n, in->method);
        size_t low = at++, high = two && place.high != place.low ? at++ : low;
        put(out, i, &found, low, high, place.g, in->method);
    }
    return status;
}

enum status quantile_solve(struct ctx *ctx, const struct quantile_in *in, struct array *out) {
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    enum kind kind = is_real(in->method) ? KIND_REAL : in->values.kind;
    void *data = ctx_alloc(ctx, in->n_qs, kind == KIND_STRING ? sizeof(struct str) : 8);
    if (!data)
        return STATUS_NO_MEMORY;
    *out = array_1d(kind, data, in->n_qs);
    return in->distinct ? by_sorting(ctx, in, out) : by_selecting(ctx, in, out);
}
