#include "core/sort/runs.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values;
    int64_t step;
    bool runs, has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct run longest;
    bool has_any;
    struct list runs;
    int algorithm;
    struct str why;
    struct trace trace;
};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY, "The integers, in any order; repeats count once.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct params, step, INT, "How far apart neighbours in a run are.", .def = "1", FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, runs, BOOL, "Also list all runs, also those of one value.", .def = "false"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field RUN[] = {
    FIELD(struct run, length, INT, "How many values it has.", .required = true),
    FIELD(struct run, start, INT, "The first one; `start - step` is not there.", .required = true),
    FIELD(struct run, end, INT, "The last one, `start + (length - 1) * step`; `end + step` is not there.",
          .required = true),
    {0},
};

static const struct field OUTPUT[] = {
    {.name = "length",
     .doc = "How many values the longest run has; 0 where there are no values.",
     .type = FIELD_INT,
     .offset = offsetof(struct result, longest.length),
     .required = true},
    {.name = "start",
     .doc = "Its first value. Of runs of that length, the one of least start is given.",
     .type = FIELD_INT,
     .offset = offsetof(struct result, longest.start),
     .present = offsetof(struct result, has_any)},
    {.name = "end",
     .doc = "Its last value.",
     .type = FIELD_INT,
     .offset = offsetof(struct result, longest.end),
     .present = offsetof(struct result, has_any)},
    FIELD(struct result, runs, LIST, "With `runs`: all of them, by `start`; none is part of another.", .fields = RUN,
          .size = sizeof(struct run)),
    FIELD(struct result, algorithm, ENUM,
          "What was used on the values in order: their `stretches`, or `two_pointers` that are `step` apart.",
          .required = true, .names = runs_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Over the values in order: `start` or `extend` with the run's `length` and `start` so far, and "
                 "`best` with `length`, `start` and `end` after each that is longer than those before."),
    {0},
};

/* Nanoseconds: sorting, the second pointer, and writing what may be as many runs as values. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    uint64_t n = params->values.n, sum = 2000 + n * (params->step > 1 ? 90 : 70) + (params->runs ? 250 * n : 0);
    return sum + trace_cost(params->has_trace, &params->trace, 2 * (double)n + (double)n * (double)n / 20);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct runs_in in = {params->values, params->step, params->runs, params->has_trace ? &result->trace : NULL};
    struct runs_out out = {0};
    enum status status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->values, &result->trace);
    if (status == STATUS_OK)
        status = runs_solve(&call->ctx, &in, &out);
    *result = (struct result){out.longest,        out.longest.length > 0, {out.n_runs, out.runs},
                              (int)out.algorithm, why_text(out.why),      result->trace};
    return status;
}

const struct endpoint ep_longest_consecutive = {
    .method = "POST",
    .route = "/v1/solve/longest-consecutive",
    .version = 2,
    .title = "Longest consecutive sequence",
    .doc = "Finds the longest run of consecutive integers that are all among `values`, wherever they stand; with "
           "`step` 5, of integers that are 5 apart.\n\n"
           "Exact over all of 64 bits: a run ends at 9223372036854775807. No input is slow: the values are sorted by "
           "digits, not hashed.",
    .source = "D. E. Knuth, The Art of Computer Programming 3, 5.2.5",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[100,4,200,1,3,2],\"runs\":true}",
    .answer = "{\"length\":4,\"start\":1,\"end\":4,\"runs\":[{\"length\":4,\"start\":1,\"end\":4},{\"length\":1,"
              "\"start\":100,\"end\":100},{\"length\":1,\"start\":200,\"end\":200}],\"algorithm\":\"stretches\","
              "\"why\":\"With a step of 1 a run is a stretch of the values in order.\"}",
    .npy_input = "values",
    .npy_output = "runs",
    .cost = cost,
    .run = run,
};
