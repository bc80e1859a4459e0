#include "core/sort/sort_trace.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values, ks, quantiles;
    int64_t k;
    bool has_k, has_order, has_method, distinct, indices, has_indices, has_trace;
    int order, method, algorithm;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct value value;
    int64_t index;
    bool has_index;
    struct array values, indices, quantiles;
    int algorithm;
    struct str why;
    struct trace trace;
};

enum { LARGEST, SMALLEST, MAX_KS = 1000 * 1000 };
static const char *const ORDERS[] = {"largest", "smallest", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "Among what: all numbers or all strings; in any order. A matrix is read row by row, as one array.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING, .min_items = 1, .max_dims = 2),
    FIELD(struct params, k, INT, "Which: 1 is the largest (or smallest).", .present = offsetof(struct params, has_k),
          FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, ks, ARRAY, "Several of them, in any order.", .kinds = KIND_INT, FIELD_INTS(1, INT64_MAX),
          .min_items = 1, .max_items = MAX_KS),
    FIELD(struct params, quantiles, ARRAY,
          "Quantiles, counted from the smallest: 0 is the least value, 0.5 the median, 1 the greatest.",
          .kinds = KIND_REAL, .min_items = 1, .max_items = MAX_KS, FIELD_REALS(0, 1)),
    FIELD(struct params, method, ENUM,
          "What a quantile is that falls between two values, by NumPy's names. With n values in order and their places "
          "counted from 0: `linear`, `lower`, `higher`, `nearest` (of two equally near the one at the even place) and "
          "`midpoint` take q (n - 1) as its place; `inverted_cdf` (the first value at or below which lie q of all), "
          "`averaged_inverted_cdf`, `closest_observation` and `interpolated_inverted_cdf` n q - 1; `hazen` n q - 1/2; "
          "`weibull` q (n + 1) - 1; `median_unbiased` q (n + 1/3) - 2/3; `normal_unbiased` q (n + 1/4) - 5/8. These "
          "and `inverted_cdf` to `linear` are definitions 1 to 9 of Hyndman and Fan. Places are doubles; those that "
          "give a value in proportion between two work in doubles, to which integers beyond 2^53 are rounded first; a "
          "value half way is exact and rounded once.",
          .names = quantile_method_names, .def = "linear", .present = offsetof(struct params, has_method)),
    FIELD(struct params, order, ENUM, "Counted from the largest or from the smallest.", .names = ORDERS,
          .def = "largest", .present = offsetof(struct params, has_order)),
    FIELD(struct params, distinct, BOOL, "Equal values count once.", .def = "false"),
    FIELD(struct params, indices, BOOL,
          "Also give where in `values` each answer stands; of equal values the first (0.0 and -0.0 are two).",
          .def = "false", .present = offsetof(struct params, has_indices)),
    FIELD(struct params, algorithm, ENUM,
          "How. `select` reads the values for each rank; `sort` sorts them once, which is less for many ranks, and all "
          "there is with `distinct`.",
          .names = select_algorithm_names, .def = "auto"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

/* Quantiles are counted from the smallest, so an order would mean nothing beside them; and they may stand nowhere. */
static const struct rule RULES[] = {
    EXACTLY_ONE("k", "ks", "quantiles"),
    REQUIRES("method", "quantiles"),
    AT_MOST_ONE("quantiles", "order"),
    AT_MOST_ONE("quantiles", "indices"),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, VALUE, "With `k`: the value.", .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, values, ARRAY, "With `ks`: their values, in the order of `ks`.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, index, INT, "With `k` and `indices`: where it first stands, from 0; in a matrix row by row.",
          .present = offsetof(struct result, has_index)),
    FIELD(struct result, indices, ARRAY, "With `ks` and `indices`: so for each of them.", .kinds = KIND_INT),
    FIELD(struct result, quantiles, ARRAY,
          "With `quantiles`: their values, in that order. Of the kind of the values with `lower`, `higher`, `nearest`, "
          "`inverted_cdf` and `closest_observation`, else reals.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = select_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Quickselect: `compare` and `swap` of two places, `pivot` (the median of three, now at the place "
                 "`low`; it parts `low` .. `high`), `narrow` (the pivot stands where it belongs, and the value can "
                 "only be at `low` .. `high`), and `found` for each `k` in turn: the k-th value stands at that place. "
                 "For quantiles the ks are the ranks that they stand on, from the smallest. Where `algorithm` is "
                 "`sort`, the values are sorted whole first."),
    {0},
};

/* Nanoseconds, measured with bench/sort.c: one reading of the values for each k, or one sort; and another one for
 * places. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->values.n;
    size_t n_ks = params->ks.n + 2 * params->quantiles.n + params->has_k;
    struct select_in in = {.n_ks = n_ks, .distinct = params->distinct, .algorithm = params->algorithm};
    double one = select_choose(&in).algorithm == SELECT_SORT ? 14 : 1.5 * (double)n_ks;
    double places = !params->indices ? 0 : n_ks > SELECT_MANY ? 45 : (double)n_ks;
    return (uint64_t)(1000 + 20 * (double)n_ks + n * (one + places) * (params->values.kind == KIND_STRING ? 4 : 1)) +
           trace_cost(params->has_trace, &params->trace, 4 * n * (double)n_ks);
}

static struct array flat(const struct array *values) { return array_1d(values->kind, values->data, values->n); }

static void show_choice(struct result *result, struct select_choice choice) {
    result->algorithm = (int)choice.algorithm;
    result->why = why_text(choice.why);
}

static enum status quantiles(struct call *call, const struct params *params, struct result *result) {
    struct quantile_in in = {flat(&params->values), params->quantiles.reals,
                             params->quantiles.n,   (enum quantile_method)params->method,
                             params->distinct,      (enum select_algorithm)params->algorithm};
    struct select_choice choice;
    enum status status = quantile_solve(&call->ctx, &in, &result->quantiles, &choice);
    if (status != STATUS_OK)
        return status;
    show_choice(result, choice);
    return params->has_trace ? quantile_trace(&call->ctx, &in, &result->trace) : STATUS_OK;
}

/* places says where they stand. */
static enum status places(struct call *call, const struct select_in *in, const struct array *found,
                          struct result *result) {
    enum status status = select_places(&call->ctx, &in->values, found, &result->indices);
    if (status != STATUS_OK || !in->single)
        return status;
    result->has_index = true;
    result->index = result->indices.ints[0];
    result->indices = (struct array){0};
    return STATUS_OK;
}

/* begin_trace: the ranks count as values, since each is looked for. */
static enum status begin_trace(struct ctx *ctx, const struct params *params, struct trace *trace) {
    size_t ranks = params->ks.n + 2 * params->quantiles.n;
    enum status status = params->has_trace ? trace_check(ctx, params->values.n + ranks) : STATUS_OK;
    struct array values = flat(&params->values);
    return status == STATUS_OK ? trace_open(ctx, params->has_trace, &params->trace, &values, trace) : status;
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
    struct select_in in = {.values = flat(&params->values),
                           .ks = has_ks ? params->ks.ints : &params->k,
                           .n_ks = has_ks ? params->ks.n : 1,
                           .single = !has_ks,
                           .smallest = params->order == SMALLEST,
                           .distinct = params->distinct,
                           .algorithm = (enum select_algorithm)params->algorithm};
    struct array values = {0};
    status = select_solve(&call->ctx, &in, &values);
    if (status == STATUS_OK && params->indices)
        status = places(call, &in, &values, result);
    if (status == STATUS_OK && params->has_trace)
        status = select_trace(&call->ctx, &in, &result->trace);
    if (status != STATUS_OK)
        return status;
    show_choice(result, select_choose(&in));
    if (has_ks)
        result->values = values;
    else
        result->value = array_at(&values, 0);
    return STATUS_OK;
}

const struct endpoint ep_kth_largest = {
    .method = "POST",
    .route = "/v1/solve/kth-largest",
    .version = 4,
    .title = "The k-th largest or smallest value, and quantiles",
    .doc = "Finds the k-th largest (or smallest) of an array without sorting it: in time proportional to its length, "
           "whatever "
           "it holds.\n\n"
           "Repeats count: the second largest of 5, 5, 3 is 5; with `distinct` it is 3. Values are ordered as by "
           "`/v1/solve/sort`: reals with -0.0 before 0.0, strings by Unicode code point.\n\n"
           "`quantiles` are found in the same way; at a place between two values `method` decides, as its namesakes do "
           "in NumPy.",
    .source =
        "R. W. Floyd and R. L. Rivest, Expected Time Bounds for Selection, CACM 18(3), 1975; R. J. Hyndman and Y. Fan, "
        "Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[3,2,3,1,2,4,5,5,6],\"k\":4}",
    .answer =
        "{\"value\":4,\"algorithm\":\"select\",\"why\":\"For few ranks a reading of the values for each is less than "
        "a sort.\"}",
    .npy_input = "values",
    .npy_output = "indices values quantiles",
    .ndjson_output = "values",
    .cost = cost,
    .run = run,
};
