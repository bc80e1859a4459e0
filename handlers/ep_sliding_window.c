#include "core/window/sliding.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values;
    int64_t k, step, min_count;
    bool has_min_count, has_trace;
    int operation, align;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array values;
    int64_t first;
    int algorithm;
    struct str why;
    struct trace trace;
};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "The numbers. They are integers where every one of them is written as an integer, else reals.",
          .required = true, .kinds = KIND_INT | KIND_REAL, .min_items = 1),
    FIELD(struct params, k, INT, "Values in a window; at most as many as there are, unless `min_count` is.",
          .required = true, FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, operation, ENUM,
          "What to tell of each window. `range` is max - min; `argmax` and `argmin` are the index in `values` of the "
          "first extreme value.",
          .names = sliding_operation_names, .def = "max"),
    FIELD(struct params, step, INT, "Give every `step`-th window only, the first included.", .def = "1",
          FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, align, ENUM,
          "Where a window lies around its position p: `trailing`: p is the last of it; `leading`: the first; "
          "`centered`: k/2 values (rounded down) lie before p. It says which positions there are and what `first` is.",
          .names = sliding_align_names, .def = "trailing"),
    FIELD(
        struct params, min_count, INT,
        "Also give windows that the ends of the array cut, where at least this many values are left; 1 to `k`. Absent: "
        "only full windows.",
        .present = offsetof(struct params, has_min_count), FIELD_INTS(1, INT64_MAX)),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, values, ARRAY, "The figures, in order of the windows.", .required = true,
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct result, first, INT,
          "The position, from 0, that `values[0]` belongs to; `values[j]` belongs to `first + j * step`.",
          .required = true),
    FIELD(struct result, algorithm, ENUM,
          "What was used. Extremes: `doubling` of short windows, or `blocks`. Sums and means: `integers`, or of reals "
          "`fixed_point` or `digits`, all exact. Medians: `ordered`, of "
          "short windows, or `ranks`.",
          .required = true, .names = sliding_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "max, min, argmax, argmin: a queue of candidates, with `push` and `pop` at its back, `expire` at its "
                 "front; `range` has two, and `queue` says which. Sums and means: `enter` and `leave`, with the `sum` "
                 "of those inside (null beyond the numbers). Medians: the window in order, equal values as they come, "
                 "`enter` at a `place` of "
                 "it, from 0, and `leave` from one. All: `answer` for each window, at the elements that it stands on "
                 "(of a range the greatest and the least, of a median the two middle ones), with `position`, the "
                 "indices `from` .. `to`, and `value`."),
    {0},
};

/* Nanoseconds a value, measured with bench/window.c; sums of reals that no 128 bits hold are the slowest. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    bool real = params->values.kind == KIND_REAL;
    double n = (double)params->values.n, one = 2;
    switch ((enum sliding_operation)params->operation) {
    case SLIDING_MAX:
    case SLIDING_MIN: one = 2; break;
    case SLIDING_RANGE: one = 5; break;
    case SLIDING_ARGMAX:
    case SLIDING_ARGMIN: one = 6; break;
    case SLIDING_SUM: one = real ? 150 : 5; break;
    case SLIDING_MEAN: one = real ? 200 : 40; break;
    case SLIDING_MEDIAN:
    case SLIDING_MEDIAN_LOW:
    case SLIDING_MEDIAN_HIGH: one = 150; break;
    }
    return (uint64_t)(2000 + n * one) + trace_cost(params->has_trace, &params->trace, 5 * n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct trace *trace = params->has_trace ? &result->trace : NULL;
    enum status status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->values, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct sliding_in in = {.values = params->values,
                            .k = params->k,
                            .step = params->step,
                            .min_count = params->has_min_count ? params->min_count : params->k,
                            .operation = (enum sliding_operation)params->operation,
                            .align = (enum sliding_align)params->align};
    struct sliding_out out;
    status = sliding_solve(&call->ctx, &in, trace, &out);
    result->values = out.values;
    result->first = out.first;
    result->algorithm = (int)out.algorithm;
    result->why = why_text(out.why);
    return status;
}

const struct endpoint ep_sliding_window = {
    .method = "POST",
    .route = "/v1/solve/sliding-window",
    .version = 5,
    .title = "Sliding window: extremes, sums, means, medians",
    .doc =
        "One figure for each window of `k` neighbours. The time does not depend on `k`.\n\n"
        "Full windows are answered, one for each place where `k` values fit. With `min_count`, there is a window for "
        "each position of the array that is cut at its ends, and those with at least that many values are answered. "
        "`first` tells the position of the first answer.\n\n"
        "Integers are exact over all of 64 bits; a sum or a range beyond them is an error, never a wrong number. The "
        "sum of reals is the exact sum of the window rounded once to a double: nothing is lost where great values "
        "cancel, and nothing drifts along the array. A mean is the exact sum over the count, rounded once.\n\n"
        "`median` of an even count is the mean of the two middle values, rounded once. For integers the answer is "
        "integers where every window has an odd count (`k` is odd and `min_count` absent or `k`), else reals; "
        "`median_low` and `median_high` are the middle values themselves, of the kind of the values and exact. `max` "
        "and `min` give the first of equal values, so of 0.0 and -0.0 the one that stands first.",
    .source = "M. van Herk, A fast algorithm for local minimum and maximum filters, 1992; J. Gil, M. Werman, Computing "
              "2-D min, median and max filters, 1993; R. M. Neal, Fast exact summation using small and large "
              "superaccumulators, 2015",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[1,3,-1,-3,5,3,6,7],\"k\":3}",
    .answer = "{\"values\":[3,3,5,5,6,7],\"first\":2,\"algorithm\":\"doubling\",\"why\":\"For so short a window few "
              "shifted copies have to be joined.\"}",
    .npy_input = "values",
    .npy_output = "values",
    .ndjson_output = "values",
    .cost = cost,
    .run = run,
};
