#include "core/sort/sort_top.h"
#include "core/sort/sort_trace.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values;
    int order, algorithm;
    bool argsort, unique, has_top;
    int64_t top;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct result {
    struct array values, indices;
    int algorithm;
    struct str why;
    struct sort_stats stats;
    struct trace trace;
};

static const char *const ORDERS[] = {"asc", "desc", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "What to sort: all numbers or all strings. Numbers are integers where every one of them is written as an "
          "integer, "
          "else reals.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct params, order, ENUM, "`asc`: least first; `desc`: greatest first.", .names = ORDERS, .def = "asc"),
    FIELD(struct params, algorithm, ENUM,
          "How. `auto` looks at the kind, the number, the range and the order of the values. `counting` takes only "
          "integers, "
          "of a range that is not above the greater of 4194304 and 8 for each value.",
          .names = sort_algorithm_names, .def = "auto"),
    FIELD(struct params, argsort, BOOL, "Also give where each sorted value stood in `values`.", .def = "false"),
    FIELD(struct params, unique, BOOL, "Keep only the first of equal values.", .def = "false"),
    FIELD(
        struct params, top, INT,
        "Only so many, the first of the order. Few are selected before they are sorted, so the rest costs no sorting.",
        .present = offsetof(struct params, has_top), FIELD_INTS(1, INT64_MAX)),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field STATS[] = {
    FIELD(struct sort_stats, n, INT, "Values that came in.", .required = true),
    FIELD(struct sort_stats, comparisons, INT, "Comparisons of two values.", .required = true),
    FIELD(struct sort_stats, moves, INT, "Values written while sorting.", .required = true),
    FIELD(struct sort_stats, passes, INT,
          "Distributions by a digit, a counter or a bucket; with `radix`, those of groups count too.",
          .required = true),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, values, ARRAY, "The values in order.", .required = true,
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(
        struct result, indices, ARRAY,
        "With `argsort`: `values[i]` of the answer is element `indices[i]`, from 0, of the request. Equal values keep "
        "their order.",
        .kinds = KIND_INT),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = sort_algorithm_names),
    WHY_OUTPUT(struct result),
    FIELD(struct result, stats, OBJECT, "What it took.", .required = true, .fields = STATS),
    TRACE_OUTPUT(struct result,
                 "The algorithm in its plain form, over all values: `compare` and `swap` of two places and `set` of "
                 "one; `pivot` (quick: what now stands at `low` parts `low` .. `high`); and what the distributing "
                 "ones see in a value: `count` (how many come `before` it), `digit` (its `digit`, of strings at a "
                 "`depth`), `bucket` (its `bucket`)."),
    {0},
};

/* Nanoseconds a value, measured with bench/sort.c at 10^6 values; those that compare times log2 n. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    static const double LINEAR[] = {14, 4, 14, 18, 0, 0, 0}, PER_COMPARISON[] = {0, 0, 0, 0, 4.5, 3.5, 1.2};
    double all = (double)params->values.n, n = all, log2_n = 64 - __builtin_clzll(params->values.n | 1);
    double one = LINEAR[params->algorithm] + PER_COMPARISON[params->algorithm] * log2_n;
    double top = params->has_top && (double)params->top < n ? (double)params->top : n;
    double selecting = 0;
    if (top <= n / SORT_TOP_SHARE && !params->unique) {
        selecting = 4 * n;
        n = top;
    }
    if (params->values.kind == KIND_STRING)
        one *= 4, selecting *= 4;
    return (uint64_t)(1000 + selecting + n * one * (params->argsort ? 2 : 1)) +
           trace_cost(params->has_trace, &params->trace, 3 * all * all); /* quick and bucket may need n^2 */
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct sort_in in = {params->values, params->order == 1, params->argsort, params->unique,
                         (enum sort_algorithm)params->algorithm};
    struct sort_out out;
    enum status status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->values, &result->trace);
    if (status == STATUS_OK)
        status =
            params->has_top ? sort_top(&call->ctx, &in, (size_t)params->top, &out) : sort_solve(&call->ctx, &in, &out);
    if (status != STATUS_OK)
        return status;
    *result = (struct result){out.values, out.indices, (int)out.algorithm, why_text(out.why), out.stats, result->trace};
    return params->has_trace ? sort_trace(&call->ctx, &in, out.algorithm, &result->trace) : STATUS_OK;
}

const struct endpoint ep_sort = {
    .method = "POST",
    .route = "/v1/solve/sort",
    .version = 5,
    .title = "Sort numbers or strings",
    .doc = "Sorts an array of integers, reals or strings, and says with which algorithm and how much work.\n\n"
           "Integers sort by value, exactly, over all of 64 bits. Reals sort by value, with -0.0 before 0.0. Strings "
           "sort by "
           "Unicode code point: no locale, no case folding, no normalisation. Every algorithm is stable: equal values "
           "keep "
           "their order in `indices`, in both directions.\n\n"
           "`unique` keeps the first of equal values; -0.0 and 0.0 are equal then, and the one that sorts first is "
           "kept. With `top`, `algorithm` and `stats` are of sorting what was selected, but for `n`.\n\n"
           "No input is slow: `quick` and `bucket` fall back to heap sort when their luck runs out, so all algorithms "
           "take at most n log n comparisons; `counting` takes none, and `radix` a few an element, within small "
           "groups.",
    .source = "D. E. Knuth, The Art of Computer Programming 3, chapter 5; J. I. Munro and S. Wild, Nearly-Optimal "
              "Mergesorts, ESA 2018; D. R. Musser, Introspective Sorting and Selection Algorithms, 1997; I. Wegener, "
              "Bottom-Up-Heapsort, 1993; P. M. McIlroy, K. Bostic, M. D. McIlroy, Engineering Radix Sort, 1993",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[170,45,75,-90,802,24,2,66],\"order\":\"desc\",\"argsort\":true}",
    .answer = "{\"values\":[802,170,75,66,45,24,2,-90],\"indices\":[4,0,2,7,1,5,6,3],\"algorithm\":\"quick\",\"why\":"
              "\"There are few values for passes over their digits.\","
              "\"stats\":{\"n\":8,\"comparisons\":17,\"moves\":16,\"passes\":0}}",
    .npy_input = "values",
    .npy_output = "indices values",
    .ndjson_output = "values",
    .cost = cost,
    .run = run,
};
