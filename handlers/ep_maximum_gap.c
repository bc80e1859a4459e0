#include "core/sort/gap.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values;
    int64_t top;
    bool has_top, has_trace;
    int algorithm;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct gap greatest;
    struct list gaps;
    int algorithm;
    struct str why;
    struct trace trace;
};

enum { MAX_TOP = 1000 * 1000 };

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "The numbers, in any order. They are integers where every one of them is written as an integer, else reals.",
          .required = true, .kinds = KIND_INT | KIND_REAL),
    FIELD(struct params, top, INT, "Also list the greatest gaps, so many of them.",
          .present = offsetof(struct params, has_top), FIELD_INTS(1, MAX_TOP)),
    FIELD(struct params, algorithm, ENUM,
          "How. `buckets` takes time in proportion to the number of values, and finds one gap; `sort` finds any number "
          "of them.",
          .names = gap_algorithm_names, .def = "auto"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

#define GAP_TEXT "`high - low`. For integers exact; above 9223372036854775807 a string of its digits."
#define LOW_TEXT "The lower one of the two neighbours."
#define HIGH_TEXT "The higher one."

static const struct field GAP[] = {
    FIELD(struct gap, gap, VALUE, GAP_TEXT, .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct gap, low, VALUE, LOW_TEXT, .required = true, .kinds = KIND_INT | KIND_REAL),
    FIELD(struct gap, high, VALUE, HIGH_TEXT, .required = true, .kinds = KIND_INT | KIND_REAL),
    {0},
};

static const struct field OUTPUT[] = {
    {.name = "gap",
     .doc = GAP_TEXT " 0 where there are fewer than two values, or all are equal.",
     .type = FIELD_VALUE,
     .offset = offsetof(struct result, greatest.gap),
     .required = true,
     .kinds = KIND_INT | KIND_REAL | KIND_STRING},
    {.name = "low",
     .doc = LOW_TEXT " Left out where there are fewer than two values.",
     .type = FIELD_VALUE,
     .offset = offsetof(struct result, greatest.low),
     .kinds = KIND_INT | KIND_REAL},
    {.name = "high",
     .doc = HIGH_TEXT " Left out where there are fewer than two values.",
     .type = FIELD_VALUE,
     .offset = offsetof(struct result, greatest.high),
     .kinds = KIND_INT | KIND_REAL},
    FIELD(struct result, gaps, LIST,
          "With `top`: the greatest gaps, the greatest first, of equal ones the lowest; all where there are fewer.",
          .fields = GAP, .size = sizeof(struct gap)),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = gap_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "With `buckets` a `place` of each value in its `bucket`, then a `compare` of the greatest value of "
                 "each bucket with the least of the next one in use; with `sort` a `compare` of all neighbours; "
                 "`best` with `low`, `high` and `gap` after each that is greater than those before."),
    {0},
};

/* Nanoseconds, with those of writing the list. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    uint64_t n = params->values.n, top = params->has_top ? (uint64_t)params->top : 0;
    bool sorts = top > 1 || params->algorithm == GAP_SORT;
    uint64_t log2_top = 64 - (uint64_t)__builtin_clzll(top | 1), given = top < n ? top : n;
    uint64_t sum = 2000 + n * (sorts ? 75 + 4 * log2_top : 35) + 300 * given;
    return sum + trace_cost(params->has_trace, &params->trace, 3 * (double)n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct gap_in in = {
        .values = params->values,
        .top = params->has_top ? (size_t)params->top : 0,
        .algorithm = (enum gap_algorithm)params->algorithm,
        .trace = params->has_trace ? &result->trace : NULL,
    };
    struct gap_out out = {0};
    enum status status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->values, &result->trace);
    if (status == STATUS_OK)
        status = gap_solve(&call->ctx, &in, &out);
    *result =
        (struct result){out.greatest, {out.n_gaps, out.gaps}, (int)out.algorithm, why_text(out.why), result->trace};
    return status;
}

const struct endpoint ep_maximum_gap = {
    .method = "POST",
    .route = "/v1/solve/maximum-gap",
    .version = 2,
    .title = "Greatest gap between neighbours in sorted order",
    .doc =
        "Finds the two neighbours in sorted order that lie farthest apart, without sorting: in time proportional to "
        "the number of values. Of equal gaps the lowest is answered.\n\n"
        "Integers are exact over all of 64 bits. Gaps of reals are compared exactly, and `gap` is the double nearest "
        "to the difference; a gap that is greater than any double is an error.",
    .source = "T. Gonzalez, Algorithms on Sets and Related Problems, 1975; F. P. Preparata and M. I. Shamos, "
              "Computational Geometry, 1985, 6.4",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[3,6,9,1,20,16],\"top\":2}",
    .answer = "{\"gap\":7,\"low\":9,\"high\":16,\"gaps\":[{\"gap\":7,\"low\":9,\"high\":16},{\"gap\":4,\"low\":16,"
              "\"high\":20}],\"algorithm\":\"sort\",\"why\":\"Buckets find no gap but the greatest, and more are asked "
              "for.\"}",
    .npy_input = "values",
    .npy_output = "gaps",
    .cost = cost,
    .run = run,
};
