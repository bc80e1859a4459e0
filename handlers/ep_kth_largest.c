#include "core/sort/select.h"
#include "handlers/call.h"

struct params {
    struct array values, ks;
    int64_t k;
    bool has_k, distinct;
    int order;
};

struct result {
    struct value value;
    struct array values;
};

enum { LARGEST, SMALLEST, MAX_KS = 1000 * 1000 };
static const char *const ORDERS[] = {"largest", "smallest", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY, "Among what: all numbers or all strings; in any order.", .required = true,
          .kinds = KIND_INT | KIND_REAL | KIND_STRING, .min_items = 1),
    FIELD(struct params, k, INT, "Which: 1 is the largest (or smallest). Give either `k` or `ks`.",
          .present = offsetof(struct params, has_k), FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, ks, ARRAY, "Several of them, in any order.", .kinds = KIND_INT, FIELD_INTS(1, INT64_MAX),
          .min_items = 1, .max_items = MAX_KS),
    FIELD(struct params, order, ENUM, "Counted from the largest or from the smallest.", .names = ORDERS,
          .def = "largest"),
    FIELD(struct params, distinct, BOOL, "Equal values count once.", .def = "false"),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, VALUE, "With `k`: the value.", .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, values, ARRAY, "With `ks`: their values, in the order of `ks`.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    {0},
};

/* Nanoseconds, measured with bench/sort.c: one reading of the values for each k, or one sort. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    bool sorts = params->distinct || params->ks.n > SELECT_MANY;
    double n = (double)params->values.n, ks = params->ks.n ? (double)params->ks.n : 1;
    double one = sorts ? 14 : 1.5 * ks;
    return (uint64_t)(1000 + n * one * (params->values.kind == KIND_STRING ? 4 : 1));
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    bool has_ks = params->ks.kind != KIND_NONE;
    if (params->has_k == has_ks)
        return call_fail(call, STATUS_INVALID, "/k", "%s; want exactly one of them.",
                         has_ks ? "Both k and ks are given" : "Neither k nor ks is given");
    struct select_in in = {.values = params->values,
                           .ks = has_ks ? params->ks.ints : &params->k,
                           .n_ks = has_ks ? params->ks.n : 1,
                           .single = !has_ks,
                           .smallest = params->order == SMALLEST,
                           .distinct = params->distinct};
    struct array values = {0};
    enum status status = select_solve(&call->ctx, &in, &values);
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
    .version = 1,
    .title = "The k-th largest or smallest value",
    .doc = "Finds the k-th largest (or smallest) of an array without sorting it: in time proportional to its length, "
           "whatever "
           "it holds.\n\n"
           "Repeats count: the second largest of 5, 5, 3 is 5; with `distinct` it is 3. Values are ordered as by "
           "`/v1/solve/sort`: reals with -0.0 before 0.0, strings by Unicode code point.",
    .source = "R. W. Floyd and R. L. Rivest, Expected Time Bounds for Selection, CACM 18(3), 1975",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[3,2,3,1,2,4,5,5,6],\"k\":4}",
    .answer = "{\"value\":4}",
    .npy_input = "values",
    .ndjson_output = "values",
    .cost = cost,
    .run = run,
};
