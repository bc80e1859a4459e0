#include "core/geometry/vector.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    int operation;
    struct array a, b;
    double angle, eps;
    bool has_angle, has_eps, has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    double value;
    bool has_value;
    struct array vector;
    int64_t order;
    bool equal, has_order;
    struct trace trace;
};

static const struct field INPUT[] = {
    FIELD(
        struct params, operation, ENUM,
        "`dot`, `cross` (a.x b.y - a.y b.x), `length` of a, `distance` of a and b, `angle` from a to b in radians, "
        "counter-clockwise, in (-pi, pi]; `rotate` a by `angle`, `project` a on b, `reflect` a in the line through the "
        "origin along b, `normalize` a; `compare` a with b.",
        .required = true, .names = vector_operation_names),
    FIELD(struct params, a, ARRAY, "A vector or point, `[x,y]`.", .required = true, .kinds = KIND_REAL,
          .lossless = true, .min_items = 2, .max_items = 2),
    FIELD(struct params, b, ARRAY, "The other one, for operations of two.", .kinds = KIND_REAL, .lossless = true,
          .min_items = 2, .max_items = 2),
    FIELD(struct params, angle, NUMBER, "Of `rotate`, which wants it: radians, counter-clockwise.",
          .present = offsetof(struct params, has_angle), FIELD_REALS(-VECTOR_MAX_ANGLE, VECTOR_MAX_ANGLE)),
    FIELD(struct params, eps, NUMBER,
          "Of `compare`: coordinates that differ by at most this are equal, "
          "decided exactly. Absent: 0.",
          .present = offsetof(struct params, has_eps), FIELD_REALS(0, 1e308)),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, NUMBER, "The number that `dot` to `angle` make.",
          .present = offsetof(struct result, has_value)),
    FIELD(struct result, vector, ARRAY, "The vector that `rotate` to `normalize` make, `[x,y]`.", .kinds = KIND_REAL),
    FIELD(struct result, order, INT, "Of `compare`: -1, 0 or 1 for a before, like or after b, by x, then by y.",
          .present = offsetof(struct result, has_order)),
    FIELD(struct result, equal, BOOL, "Of `compare`: whether both coordinates are equal.",
          .present = offsetof(struct result, has_order)),
    TRACE_OUTPUT(struct result,
                 "`dot` with the terms `x`, `y` and their `sum`; `cross` with `left`, `right` and their `difference`; "
                 "`difference` of two vectors, `x`, `y`; `root` and `ratio` with their `value`; `turn` with `cosine` "
                 "and `sine`; `compare` at coordinate 0, then 1, of `a` and `b`, with the `order`; `answer` at last, "
                 "with `value`, `x` and `y`, or `order`. Figures are rounded to doubles to be shown."),
    {0},
};

static uint64_t cost(const void *params) {
    (void)params;
    return 10000;
}

static enum status check(struct call *call, const struct params *p) {
    const char *name = vector_operation_names[p->operation];
    bool wants_b = vector_wants_b((enum vector_operation)p->operation), has_b = p->b.kind != KIND_NONE;
    if (wants_b != has_b)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/b", "b is %s, want %s for \"%s\".", has_b ? "given" : "missing",
                        has_b ? "none" : "[x, y]", name);
    if ((p->operation == VECTOR_ROTATE) != p->has_angle)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/angle", "angle is %s, want %s for \"%s\".",
                        p->has_angle ? "given" : "missing", p->has_angle ? "none" : "radians", name);
    if (p->has_eps && p->operation != VECTOR_COMPARE)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/eps", "eps is given, want none for \"%s\".", name);
    return STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *to = result;
    struct vector_in in = {.operation = (enum vector_operation)p->operation, .angle = p->angle, .eps = p->eps};
    struct vector_out out;
    enum status status = check(call, p);
    if (status != STATUS_OK)
        return status;
    memcpy(in.a, p->a.reals, sizeof in.a);
    if (p->b.kind != KIND_NONE)
        memcpy(in.b, p->b.reals, sizeof in.b);
    status = trace_open(&call->ctx, p->has_trace, &p->trace, NULL, &to->trace);
    if (status == STATUS_OK)
        status = vector_solve(&call->ctx, &in, p->has_trace ? &to->trace : NULL, &out);
    if (status != STATUS_OK)
        return status;
    to->has_order = in.operation == VECTOR_COMPARE;
    to->has_value = in.operation < VECTOR_ROTATE;
    to->value = out.value, to->order = out.order, to->equal = out.order == 0;
    if (!vector_gives_vector(in.operation))
        return STATUS_OK;
    to->vector = array_1d(KIND_REAL, ctx_alloc(&call->ctx, 2, sizeof(double)), 2);
    if (!to->vector.data)
        return STATUS_NO_MEMORY;
    memcpy(to->vector.reals, out.vector, sizeof out.vector);
    return STATUS_OK;
}

const struct endpoint ep_vector = {
    .method = "POST",
    .route = "/v1/solve/vector",
    .version = 2,
    .title = "Vectors of the plane",
    .doc = "Dot and cross product, length, distance, angle, rotation, projection, reflection, and comparison with a "
           "tolerance.\n\n"
           "`dot` and `cross` are the nearest double. Other results are computed with 113 bits and rounded once, so "
           "they are the nearest double, or rarely its neighbour. Nothing over- or underflows on the way. The sign of "
           "a cross product of differences is "
           "what `/v1/solve/orientation` gives exactly.",
    .source = "J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2018",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"operation\":\"angle\",\"a\":[1,0],\"b\":[1,1]}",
    .answer = "{\"value\":0.7853981633974483}",
    .cost = cost,
    .run = run,
};
