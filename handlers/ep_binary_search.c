#include "core/search/bisect.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct array values, targets;
    struct value target;
    int mode;
    int64_t lo, hi;
    bool has_hi, check;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct result {
    int64_t index, pivot;
    bool has_index, has_pivot, found, has_found;
    struct array range, indices, matches, ranges;
    int algorithm;
    struct str why;
    struct trace trace;
};

enum { MAX_TARGETS = 10 * 1000 * 1000 };

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "Where to search: all numbers or all strings, in ascending order. A matrix is read row by row, as one array.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING, .max_dims = 2),
    FIELD(struct params, target, VALUE,
          "What to search for. `peak` takes no target, and `rotated` without one finds the least value.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct params, targets, ARRAY, "Several of them, in any order.", .kinds = KIND_INT | KIND_REAL | KIND_STRING,
          .min_items = 1, .max_items = MAX_TARGETS),
    FIELD(struct params, mode, ENUM,
          "`lower_bound`: the first index whose value is not below the target. `upper_bound`: the first whose value is "
          "above it. `exact`: the first index of an equal value, or -1. `nearest`: the first index of the value at the "
          "least distance, of two the lower value. `range`: where equal values begin and end. `rotated`: the least "
          "index of an equal value in a sorted array that was rotated, or -1. `peak`: an index whose neighbours are "
          "not above it; the order does not matter.",
          .names = bisect_mode_names, .def = "lower_bound"),
    FIELD(struct params, lo, INT, "Search from this index on.", .def = "0", FIELD_INTS(0, INT64_MAX)),
    FIELD(struct params, hi, INT, "Search below this index; absent: to the end.",
          .present = offsetof(struct params, has_hi), FIELD_INTS(0, INT64_MAX)),
    FIELD(struct params, check, BOOL,
          "Look at all values from `lo` to `hi` first and refuse those out of order. Without it, values out of order "
          "give an index that means nothing. (`peak` wants no order, and nothing is looked at.)",
          .def = "true"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

/* A trace shows the search for one target. */
static const struct rule RULES[] = {AT_MOST_ONE("target", "targets"), AT_MOST_ONE("targets", "trace"), {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, index, INT,
          "With `target`, and for `peak`: the index, from 0. -1: none (`exact`, `rotated`; `nearest` and `peak` where "
          "there are no values). `lower_bound` and `upper_bound` give `hi` where no value qualifies.",
          .present = offsetof(struct result, has_index)),
    FIELD(struct result, found, BOOL, "With `target`: whether a value equals it. Without: whether there are values.",
          .present = offsetof(struct result, has_found)),
    FIELD(struct result, range, ARRAY,
          "`range` with `target`: `[first, end]`, where the equal values are those at `first` .. `end - 1`; both are "
          "the place to insert where none is equal.",
          .kinds = KIND_INT),
    FIELD(struct result, indices, ARRAY, "With `targets`: the index for each of them.", .kinds = KIND_INT),
    FIELD(struct result, matches, ARRAY, "With `targets`: 1 for those that a value equals, else 0.", .kinds = KIND_INT),
    FIELD(struct result, ranges, ARRAY, "`range` with `targets`: `[first, end]` for each of them.", .kinds = KIND_INT,
          .min_dims = 2, .max_dims = 2),
    FIELD(struct result, pivot, INT, "`rotated`: the index where the sorted order begins; -1: no values.",
          .present = offsetof(struct result, has_pivot)),
    FIELD(struct result, algorithm, ENUM,
          "What was used: `halving` for one search, `groups` of searches in step, or `sorted_groups` of targets that "
          "were sorted first.",
          .required = true, .names = bisect_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "`start` with `lo` and `hi` opens each search (`start_pivot` that of the descent); `exclude`: of "
                 "`lo` .. `hi`, the value at `mid` rules out `from` .. `to`, the left or the right `half` (`from` is "
                 "in, `to` is out); `found` names the index that is left. One target only."),
    {0},
};

static double bytes_of(const struct array *a) {
    double bytes = 0;
    for (size_t i = 0; a->kind == KIND_STRING && i < a->n; i++)
        bytes += (double)a->strings[i].n;
    return bytes;
}

/* Nanoseconds, measured at 10^7 integers: 1 a value for the check, 5 a level and target in a batch; 12 to write one
 * index. A rotated array of equal values is gone through in whole. Strings: a byte is read for the check, and those of
 * a target on each level. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->values.n, levels = 64 - __builtin_clzll(params->values.n | 1);
    double targets = (double)(params->targets.kind == KIND_NONE ? 1 : params->targets.n);
    bool strings = params->values.kind == KIND_STRING, passes = params->check || params->mode == BISECT_ROTATED;
    double ns = n * (passes ? 2 : 0) + targets * (60 + levels * 5) * (params->mode == BISECT_RANGE ? 2 : 1);
    uint64_t steps = trace_cost(params->has_trace, &params->trace, 4 * levels);
    if (!strings)
        return (uint64_t)(1000 + ns) + steps;
    double target_bytes = params->target.kind == KIND_STRING ? (double)params->target.s.n : bytes_of(&params->targets);
    return (uint64_t)(1000 + 10 * ns + bytes_of(&params->values) + target_bytes * (2 * levels + 4)) + steps;
}

static enum status check_targets(struct ctx *ctx, const struct params *p) {
    bool one = p->target.kind != KIND_NONE, many = p->targets.kind != KIND_NONE;
    if (p->mode == BISECT_PEAK && (one || many))
        return ctx_fail(ctx, STATUS_INVALID, one ? "/target" : "/targets", "A peak is found without a target.");
    if (!one && !many && p->mode < BISECT_ROTATED)
        return ctx_fail(ctx, STATUS_INVALID, "/target", "There is neither target nor targets, want one of them.");
    return STATUS_OK;
}

static enum status check_bounds(struct ctx *ctx, const struct params *p) {
    if (p->has_hi && p->hi > (int64_t)p->values.n)
        return ctx_fail(ctx, STATUS_INVALID, "/hi", "hi is %lld, want at most %zu, the number of values.",
                        (long long)p->hi, p->values.n);
    int64_t hi = p->has_hi ? p->hi : (int64_t)p->values.n;
    if (p->lo > hi)
        return ctx_fail(ctx, STATUS_INVALID, "/lo", "lo is %lld, want at most hi, which is %lld.", (long long)p->lo,
                        (long long)hi);
    return STATUS_OK;
}

/* pairs lays [first, end] of all targets side by side. */
static enum status pairs(struct ctx *ctx, const struct bisect_out *out, size_t n, bool many, struct result *result) {
    int64_t *both = ctx_alloc(ctx, n, 2 * sizeof *both);
    if (!both)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        both[2 * i] = out->index[i], both[2 * i + 1] = out->end[i];
    if (many)
        result->ranges = (struct array){.kind = KIND_INT, .dims = 2, .shape = {n, 2}, .n = 2 * n, .ints = both};
    else
        result->range = array_1d(KIND_INT, both, 2);
    return STATUS_OK;
}

static enum status answer(struct ctx *ctx, const struct params *p, const struct bisect_out *out, struct result *r) {
    bool many = p->targets.kind != KIND_NONE, range = p->mode == BISECT_RANGE;
    r->algorithm = (int)out->algorithm;
    r->why = why_text(out->why);
    r->has_found = !many;
    r->found = out->found[0] != 0;
    r->has_index = !many && !range;
    r->index = out->index[0];
    r->has_pivot = p->mode == BISECT_ROTATED;
    r->pivot = out->pivot;
    if (many)
        r->matches = array_1d(KIND_INT, out->found, p->targets.n);
    if (many && !range)
        r->indices = array_1d(KIND_INT, out->index, p->targets.n);
    return range ? pairs(ctx, out, many ? p->targets.n : 1, many, r) : STATUS_OK;
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct ctx *ctx = &call->ctx;
    enum status status = check_targets(ctx, params);
    if (status == STATUS_OK)
        status = check_bounds(ctx, params);
    if (status == STATUS_OK)
        status = trace_open(ctx, params->has_trace, &params->trace, &params->values, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct value one = params->target;
    struct array single = one.kind == KIND_STRING ? array_1d(one.kind, &one.s, 1) : array_1d(one.kind, &one.i, 1);
    struct bisect_in in = {.values = params->values,
                           .targets = params->targets.kind != KIND_NONE ? params->targets : single,
                           .mode = (enum bisect_mode)params->mode,
                           .lo = (size_t)params->lo,
                           .hi = params->has_hi ? (size_t)params->hi : params->values.n,
                           .check = params->check,
                           .trace = params->has_trace ? &result->trace : NULL};
    struct bisect_out out;
    status = bisect_solve(ctx, &in, &out);
    return status == STATUS_OK ? answer(ctx, params, &out, result) : status;
}

const struct endpoint ep_binary_search = {
    .method = "POST",
    .route = "/v1/solve/binary-search",
    .version = 2,
    .title = "Binary search",
    .doc =
        "Finds targets in sorted integers, reals or strings by excluding half of an interval at a time: bounds, equal "
        "values, the nearest value; and the same in a sorted array that was rotated, and a peak in any array.\n\n"
        "`lower_bound` and `upper_bound` on `lo` .. `hi` are `bisect_left` and `bisect_right` of Python. Integers "
        "and reals compare exactly, also with each other; -0.0 equals 0.0. Strings compare by Unicode code point, and "
        "have no `nearest`.\n\n"
        "Values out of order are refused, with the place of the first descent; that look at all values can be "
        "switched off with `check`. A rotated array may hold repeats; then the search takes time in proportion to "
        "its length at worst.",
    .source = "D. E. Knuth, The Art of Computer Programming 3, 6.2.1; P. Khuong and P. Morin, Array Layouts for "
              "Comparison-Based Searching, 2017",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[5,7,7,8,8,10],\"target\":8,\"mode\":\"range\",\"trace\":{\"max_steps\":2}}",
    .answer = "{\"found\":true,\"range\":[3,5],\"algorithm\":\"halving\",\"why\":\"There is one search to make, and "
              "nothing that could go on beside "
              "it.\",\"trace\":{\"steps\":[{\"i\":0,\"op\":\"start\",\"at\":[],\"vars\":{\"lo\":0,\"hi\":6}},{\"i\":1,"
              "\"op\":\"exclude\",\"at\":[3],\"values\":[8],\"vars\":{\"lo\":0,\"hi\":6,\"mid\":3,\"from\":3,\"to\":6,"
              "\"half\":\"right\"}}],\"total\":10}}",
    .npy_input = "values",
    .npy_output = "indices ranges range",
    .cost = cost,
    .run = run,
};
