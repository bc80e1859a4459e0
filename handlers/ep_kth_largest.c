#include "core/sort/sort_trace.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array values, ks, quantiles;
    int64_t k;
    bool has_k, has_order, has_method, distinct, has_trace;
    int order, method;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct value value;
    struct array values, quantiles;
    struct trace trace;
};

enum { LARGEST, SMALLEST, MAX_KS = 1000 * 1000 };
static const char *const ORDERS[] = {"largest", "smallest", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY, "Among what: all numbers or all strings; in any order.", .required = true,
          .kinds = KIND_INT | KIND_REAL | KIND_STRING, .min_items = 1),
    FIELD(struct params, k, INT, "Which: 1 is the largest (or smallest).", .present = offsetof(struct params, has_k),
          FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, ks, ARRAY, "Several of them, in any order.", .kinds = KIND_INT, FIELD_INTS(1, INT64_MAX),
          .min_items = 1, .max_items = MAX_KS),
    FIELD(struct params, quantiles, ARRAY,
          "Quantiles, counted from the smallest: 0 is the least value, 0.5 the median, 1 the greatest.",
          .kinds = KIND_REAL, .min_items = 1, .max_items = MAX_KS, FIELD_REALS(0, 1)),
    FIELD(
        struct params, method, ENUM,
        "What a quantile is that falls between two values, with q (n - 1) as its place: a value in proportion between "
        "them, the lower one, the higher one, the nearest (of two equally near the one at the even place), or their "
        "midpoint. `linear` works in doubles, to which integers beyond 2^53 are rounded first; a midpoint is exact and "
        "rounded once.",
        .names = quantile_method_names, .def = "linear", .present = offsetof(struct params, has_method)),
    FIELD(struct params, order, ENUM, "Counted from the largest or from the smallest.", .names = ORDERS,
          .def = "largest", .present = offsetof(struct params, has_order)),
    FIELD(struct params, distinct, BOOL, "Equal values count once.", .def = "false"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

/* Quantiles are counted from the smallest, so an order would mean nothing beside them. */
static const struct rule RULES[] = {
    EXACTLY_ONE("k", "ks", "quantiles"),
    REQUIRES("method", "quantiles"),
    AT_MOST_ONE("quantiles", "order"),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, VALUE, "With `k`: the value.", .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, values, ARRAY, "With `ks`: their values, in the order of `ks`.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, quantiles, ARRAY,
          "With `quantiles`: their values, in that order. Reals with `linear` and `midpoint`, else of the kind of the "
          "values.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    TRACE_OUTPUT(struct result,
                 "Quickselect: `compare` and `swap` of two places, `pivot` (the median of three, now at the place "
                 "`low`; it parts `low` .. `high`), `narrow` (the pivot stands where it belongs, and the value can "
                 "only be at `low` .. `high`), and `found` for each `k` in turn: the k-th value stands at that place. "
                 "For quantiles the ks are the ranks that they stand on, from the smallest; with `distinct` the "
                 "values are sorted whole first."),
    {0},
};

/* Nanoseconds, measured with bench/sort.c: one reading of the values for each k, or one sort. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->values.n, ks = (double)(params->ks.n + 2 * params->quantiles.n + params->has_k);
    bool sorts = params->distinct || ks > SELECT_MANY;
    double one = sorts ? 14 : 1.5 * ks;
    return (uint64_t)(1000 + 20 * ks + n * one * (params->values.kind == KIND_STRING ? 4 : 1)) +
           trace_cost(params->has_trace, &params->trace, 4 * n * ks);
}

static enum status quantiles(struct call *call, const struct params *params, struct result *result) {
    struct quantile_in in = {params->values, params->quantiles.reals, params->quantiles.n,
                             (enum quantile_method)params->method, params->distinct};
    enum status status = quantile_solve(&call->ctx, &in, &result->quantiles);
    return status == STATUS_OK && params->has_trace ? quantile_trace(&call->ctx, &in, &result->trace) : status;
}

/* begin_trace: the ranks count as values, since each is looked for. */
static enum status begin_trace(struct ctx *ctx, const struct params *params, struct trace *trace) {
    size_t ranks = params->ks.n + 2 * params->quantiles.n;
    enum status status = params->has_trace ? trace_check(ctx, params->values.n + ranks) : STATUS_OK;
    return status == STATUS_OK ? trace_open(ctx, params->has_trace, &params->trace, &params->values, trace) : status;
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    bool has_ks = params->ks.kind != KIND_NONE;
    enum status status = begin_trace(&call->ctx, params, &result->trace);
    if (status != STATUS_OK)
        return status;
    if (params->quantiles.kind != KIND_NONE)
        return quantiles(call, params, result);
    struct select_in in = {.values = params->values,
                           .ks = has_ks ? params->ks.ints : &params->k,
                           .n_ks = has_ks ? params->ks.n : 1,
                           .single = !has_ks,
                           .smallest = params->order == SMALLEST,
                           .distinct = params->distinct};
    struct array values = {0};
    status = select_solve(&call->ctx, &in, &values);
    if (status == STATUS_OK && params->has_trace)
        status = select_trace(&call->ctx, &in, &result->trace);
    if (status != STATUS_OK)
        return status;
    if (has_ks)
        result->values = values;
    else
        result->value = array_at(&values, 0);
    return STATUS_OK;
}

const struct endpoint ep_kth_largest = {
    .method = "POST",
    .route = "/v1/solve/kth-largest",
    .version = 3,
    .title = "The k-th largest or smallest value, and quantiles",
    .doc = "Finds the k-th largest (or smallest) of an array without sorting it: in time proportional to its length, "
           "whatever "
           "it holds.\n\n"
           "Repeats count: the second largest of 5, 5, 3 is 5; with `distinct` it is 3. Values are ordered as by "
           "`/v1/solve/sort`: reals with -0.0 before 0.0, strings by Unicode code point.\n\n"
           "`quantiles` are found in the same way; at a place between two values `method` decides, as its namesakes do "
           "elsewhere.",
    .source =
        "R. W. Floyd and R. L. Rivest, Expected Time Bounds for Selection, CACM 18(3), 1975; R. J. Hyndman and Y. Fan, "
        "Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[3,2,3,1,2,4,5,5,6],\"k\":4}",
    .answer = "{\"value\":4}",
    .npy_input = "values",
    .npy_output = "values quantiles",
    .ndjson_output = "values",
    .cost = cost,
    .run = run,
};
