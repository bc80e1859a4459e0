#include "core/sort/quantile.h"

#include <math.h>
#include <stdio.h>

#include "core/base/mean.h"
#include "core/sort/sort.h"

/* What a quantile is whose place lies at or between two values. */
enum take { BETWEEN, LOWER, HIGHER, NEAREST_EVEN, NEAREST_ODD, HALF_WAY, HALF_STEP };

/* The place is h = n q + (a + q (1 - a - b)) - 1. */
static const struct {
    double a, b;
    enum take take;
} METHODS[] = {
    [QUANTILE_LINEAR] = {1, 1, BETWEEN},
    [QUANTILE_LOWER] = {1, 1, LOWER},
    [QUANTILE_HIGHER] = {1, 1, HIGHER},
    [QUANTILE_NEAREST] = {1, 1, NEAREST_EVEN},
    [QUANTILE_MIDPOINT] = {1, 1, HALF_WAY},
    [QUANTILE_INVERTED_CDF] = {0, 1, HIGHER},
    [QUANTILE_AVERAGED_INVERTED_CDF] = {0, 1, HALF_STEP},
    [QUANTILE_CLOSEST_OBSERVATION] = {0, 1, NEAREST_ODD},
    [QUANTILE_INTERPOLATED_INVERTED_CDF] = {0, 1, BETWEEN},
    [QUANTILE_HAZEN] = {0.5, 0.5, BETWEEN},
    [QUANTILE_WEIBULL] = {0, 0, BETWEEN},
    [QUANTILE_MEDIAN_UNBIASED] = {1.0 / 3, 1.0 / 3, BETWEEN},
    [QUANTILE_NORMAL_UNBIASED] = {3.0 / 8, 3.0 / 8, BETWEEN},
};

const char *const quantile_method_names[] = {"linear",
                                             "lower",
                                             "higher",
                                             "nearest",
                                             "midpoint",
                                             "inverted_cdf",
                                             "averaged_inverted_cdf",
                                             "closest_observation",
                                             "interpolated_inverted_cdf",
                                             "hazen",
                                             "weibull",
                                             "median_unbiased",
                                             "normal_unbiased",
                                             NULL};

/* Two neighbours by their ranks from 0, and how far it is from the first to the second. */
struct place {
    size_t low, high;
    double g;
};

/* height is h; (n - 1) q is written so that it rounds once. */
static double height(double q, size_t n, enum quantile_method method) {
    double a = METHODS[method].a, b = METHODS[method].b, last = (double)(n - 1);
    double h = a == 1 && b == 1 ? q * last : (double)n * q + (a + q * (1 - a - b)) - 1;
    return h < 0 ? 0 : h > last ? last : h;
}

/* step_place is that of HALF_STEP: an integer h stands between two steps, but for those of the ends, which are cut. */
static struct place step_place(double q, size_t n) {
    double h = (double)n * q - 1, up = ceil(h), last = (double)(n - 1);
    size_t low = up < 0 ? 0 : up > last ? n - 1 : (size_t)up;
    bool between = h == up && h >= 0 && h < last;
    return (struct place){low, low + between, between ? 0.5 : 0};
}

static struct place place_of(double q, size_t n, enum quantile_method method) {
    if (METHODS[method].take == HALF_STEP)
        return step_place(q, n);
    double h = height(q, n, method), floor_h = floor(h), g = h - floor_h;
    size_t low = (size_t)floor_h, high = low + (g > 0), near = low;
    switch (METHODS[method].take) {
    case LOWER: return (struct place){low, low, 0};
    case HIGHER: return (struct place){high, high, 0};
    case NEAREST_EVEN:
    case NEAREST_ODD:
        if (g > 0.5 || (g == 0.5 && low % 2 == (METHODS[method].take == NEAREST_EVEN)))
            near = high;
        return (struct place){near, near, 0};
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

static bool is_half(enum quantile_method method) {
    return METHODS[method].take == HALF_WAY || METHODS[method].take == HALF_STEP;
}

static bool is_real(enum quantile_method method) { return METHODS[method].take == BETWEEN || is_half(method); }

/* put writes quantile i, whose neighbours are elements low and high of `from`. */
static void put(struct array *out, size_t i, const struct array *from, size_t low, size_t high, double g,
                enum quantile_method method) {
    if (is_half(method) && low != high)
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
                        "There is nothing between two strings, so %s is for numbers; want \"lower\", \"higher\", "
                        "\"nearest\", \"inverted_cdf\" or \"closest_observation\".",
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
        if (place.high != place.low)
            ks[n_ks++] = (int64_t)place.high + 1;
    }
    return n_ks;
}

/* by_ranks asks for those of all neighbours: one for each quantile, or two. */
static enum status by_ranks(struct ctx *ctx, const struct quantile_in *in, struct array *out,
                            struct select_choice *choice) {
    int64_t *ks = ctx_alloc(ctx, in->n_qs * (is_real(in->method) ? 2 : 1), sizeof *ks);
    if (!ks)
        return STATUS_NO_MEMORY;
    size_t n_ks = quantile_ranks(in, in->values.n, ks);
    struct select_in select = {
        .values = in->values, .ks = ks, .n_ks = n_ks, .smallest = true, .algorithm = in->algorithm};
    *choice = select_choose(&select);
    struct array found;
    enum status status = select_solve(ctx, &select, &found);
    for (size_t i = 0, at = 0; status == STATUS_OK && i < in->n_qs; i++) {
        struct place place = place_of(in->qs[i], in->values.n, in->method);
        size_t low = at++, high = place.high != place.low ? at++ : low;
        put(out, i, &found, low, high, place.g, in->method);
    }
    return status;
}

enum status quantile_solve(struct ctx *ctx, const struct quantile_in *in, struct array *out,
                           struct select_choice *choice) {
    enum status status = check(ctx, in);
    if (status == STATUS_OK)
        status = select_check(ctx, in->algorithm, in->distinct);
    if (status != STATUS_OK)
        return status;
    enum kind kind = is_real(in->method) ? KIND_REAL : in->values.kind;
    void *data = ctx_alloc(ctx, in->n_qs, kind == KIND_STRING ? sizeof(struct str) : 8);
    if (!data)
        return STATUS_NO_MEMORY;
    *out = array_1d(kind, data, in->n_qs);
    *choice = select_choose(&(struct select_in){.distinct = in->distinct, .algorithm = in->algorithm});
    return in->distinct ? by_sorting(ctx, in, out) : by_ranks(ctx, in, out, choice);
}
