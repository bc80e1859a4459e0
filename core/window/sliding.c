#include "core/window/sliding.h"

#include <math.h>

#include "core/window/sliding_parts.h"

const char *const sliding_operation_names[] = {"max",        "min",         "range",  "sum",    "mean", "median",
                                               "median_low", "median_high", "argmax", "argmin", NULL};
const char *const sliding_algorithm_names[] = {"doubling", "blocks", "integers", "fixed_point",
                                               "digits",   "ranks",  "ordered",  NULL};
const char *const sliding_align_names[] = {"trailing", "centered", "leading", NULL};

static bool is_arg(enum sliding_operation op) { return op == SLIDING_ARGMAX || op == SLIDING_ARGMIN; }

static enum status check(struct ctx *ctx, const struct sliding_in *in) {
    size_t n = in->values.n;
    if (in->values.dims != 1 || n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/values",
                        "values has %u dimensions and %zu values, want one and a value.", in->values.dims, n);
    if (n > INT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/values", "There are %zu values, want at most %d.", n, INT32_MAX);
    if (in->k < 1 || (in->k > (int64_t)n && in->min_count > (int64_t)n))
        return ctx_fail(ctx, STATUS_INVALID, "/k", "k is %lld, want 1 to %zu, the number of values%s.",
                        (long long)in->k, n, in->k < 1 ? "" : "; more only with a min_count of at most that");
    if (in->step < 1)
        return ctx_fail(ctx, STATUS_INVALID, "/step", "step is %lld, want at least 1.", (long long)in->step);
    if (in->min_count < 1 || in->min_count > in->k)
        return ctx_fail(ctx, STATUS_INVALID, "/min_count", "min_count is %lld, want 1 to k, which is %lld.",
                        (long long)in->min_count, (long long)in->k);
    return STATUS_OK;
}

/* lay_out says where the windows begin, and how far before its position a window does (*anchor). Places that are
 * outside of the array for every position are left out of k. */
static struct windows lay_out(const struct sliding_in *in, int64_t *anchor) {
    int64_t n = (int64_t)in->values.n, k = in->k;
    *anchor = in->align == SLIDING_TRAILING ? k - 1 : in->align == SLIDING_CENTERED ? k / 2 : 0;
    if (k > n) {
        int64_t behind = k - 1 - *anchor;
        *anchor = *anchor < n - 1 ? *anchor : n - 1;
        k = *anchor + 1 + (behind < n - 1 ? behind : n - 1);
    }
    int64_t start = in->min_count - k > -*anchor ? in->min_count - k : -*anchor;
    int64_t last = n - in->min_count < n - 1 - *anchor ? n - in->min_count : n - 1 - *anchor;
    int64_t span = last - start, step = in->step <= span ? in->step : span + 1; /* beyond it all steps are one */
    return (struct windows){.n = n, .k = k, .start = start, .step = step, .count = (size_t)(span / step) + 1};
}

static enum kind kind_of(const struct sliding_in *in) {
    bool even = in->k % 2 == 0 || in->min_count < in->k;
    if (is_arg(in->operation))
        return KIND_INT;
    if (in->operation == SLIDING_MEAN || (in->operation == SLIDING_MEDIAN && even))
        return KIND_REAL;
    return in->values.kind;
}

/* subtract turns greatest and least into ranges. */
static enum status subtract(struct ctx *ctx, const struct windows *w, struct array *out, const struct array *least) {
    for (size_t j = 0; j < w->count; j++) {
        bool beyond = false;
        if (out->kind == KIND_INT)
            beyond = __builtin_sub_overflow(out->ints[j], least->ints[j], &out->ints[j]);
        else
            beyond = !isfinite(out->reals[j] -= least->reals[j]);
        if (beyond)
            return ctx_fail(ctx, STATUS_INVALID, "/values",
                            "The range of values[%lld] to values[%lld] is beyond %s; want smaller values.",
                            (long long)window_low(w, j), (long long)window_high(w, j),
                            out->kind == KIND_INT ? "64 bits" : "the greatest double");
    }
    return STATUS_OK;
}

static enum status range(struct ctx *ctx, const struct sliding_in *in, const struct windows *w, struct array *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct array least = array_1d(out->kind, ctx_alloc(ctx, w->count, 8), w->count);
    if (!least.data)
        return STATUS_NO_MEMORY;
    enum status status = sliding_extreme(ctx, &in->values, w, true, least.data);
    if (status == STATUS_OK)
        status = sliding_extreme(ctx, &in->values, w, false, out->data);
    if (status == STATUS_OK)
        status = subtract(ctx, w, out, &least);
    ctx_rewind(ctx, mark);
    return status;
}

static const char *why(enum sliding_algorithm used) {
    static const char *const WHY[] = {
        [SLIDING_DOUBLING] = "For so short a window few shifted copies have to be joined.",
        [SLIDING_BLOCKS] = "Beginnings and ends of blocks take the same few steps whatever the length of the window.",
        [SLIDING_INTEGERS] = "128 bits hold every sum of integers.",
        [SLIDING_FIXED_POINT] = "The values lie so near each other that 128 bits hold every sum exactly.",
        [SLIDING_DIGITS] = "The values lie too far apart for 128 bits, so that sums are kept digit by digit.",
        [SLIDING_RANKS] = "With the ranks of the values, which a sort gives, the middle moves by bits.",
        [SLIDING_ORDERED] = "So small a window is kept in order in a few steps for each value."};
    return WHY[used];
}

/* compute fills the values, and says how. */
static enum status compute(struct ctx *ctx, const struct sliding_in *in, const struct windows *w, struct array *out,
                           enum sliding_algorithm *used) {
    *used = sliding_extreme_algorithm(w);
    switch (in->operation) {
    case SLIDING_MAX:
    case SLIDING_MIN: return sliding_extreme(ctx, &in->values, w, sliding_is_least(in->operation), out->data);
    case SLIDING_ARGMAX:
    case SLIDING_ARGMIN:
        *used = SLIDING_BLOCKS;
        return sliding_arg(ctx, &in->values, w, sliding_is_least(in->operation), out->ints);
    case SLIDING_RANGE: return range(ctx, in, w, out);
    case SLIDING_SUM:
    case SLIDING_MEAN: return sliding_sum(ctx, &in->values, w, in->operation == SLIDING_MEAN, out->data, used);
    case SLIDING_MEDIAN:
    case SLIDING_MEDIAN_LOW:
    case SLIDING_MEDIAN_HIGH:
        *used = sliding_median_algorithm(w);
        return sliding_median(ctx, &in->values, w, in->operation, out->kind == KIND_REAL, out->data);
    }
    return STATUS_INTERNAL;
}

enum status sliding_solve(struct ctx *ctx, const struct sliding_in *in, struct trace *trace, struct sliding_out *out) {
    *out = (struct sliding_out){.first = 0};
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    int64_t anchor;
    struct windows w = lay_out(in, &anchor);
    out->first = w.start + anchor;
    out->values = array_1d(kind_of(in), ctx_alloc(ctx, w.count, 8), w.count);
    if (!out->values.data)
        return STATUS_NO_MEMORY;
    status = compute(ctx, in, &w, &out->values, &out->algorithm);
    out->why = why(out->algorithm);
    return status == STATUS_OK && trace ? sliding_trace(ctx, in, &w, out, trace) : status;
}
