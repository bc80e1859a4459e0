#include "core/geometry/plane_trace.h"
#include "handlers/call.h"
#include "handlers/trace_fields.h"

struct params {
    struct array a, b, c, triples;
    bool has_trace;
    struct trace_params trace;
};
struct result {
    int64_t sign;
    bool has_sign;
    struct array signs;
    struct trace trace;
};

#define POINT(member, text) \
    FIELD(struct params, member, ARRAY, text, .kinds = KIND_REAL, .min_items = 2, .max_items = 2)

static const struct field INPUT[] = {
    POINT(a, "The first point, `[x,y]`."),
    POINT(b, "The second point."),
    POINT(c, "The third point."),
    FIELD(struct params, triples, ARRAY, "Many triples at once, `[[[x,y],[x,y],[x,y]],...]`, in place of a, b and c.",
          .kinds = KIND_REAL, .min_dims = 3, .max_dims = 3, .max_items = 12 * 1000 * 1000),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, sign, INT,
          "1: a, b, c turn to the left, counter-clockwise; -1: to the right; 0: they lie on one line.",
          .present = offsetof(struct result, has_sign)),
    FIELD(struct result, signs, ARRAY, "The same for each of `triples`.", .kinds = KIND_INT),
    TRACE_OUTPUT(struct result,
                 "`sign` at each of `triples` (at 0 for a, b, c): `left` = (a.x - c.x) (b.y - c.y) and `right` = (a.y "
                 "- c.y) (b.x - c.x), the `determinant` left - right, all rounded (null beyond the doubles), and its "
                 "exact `sign`."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    return 1000 + 20 * p->triples.n + trace_cost(p->has_trace, &p->trace, (double)p->triples.n / 6);
}

static enum status run_many(struct call *call, const struct array *triples, struct result *out) {
    if (triples->n > 0 && (triples->shape[1] != 3 || triples->shape[2] != 2))
        return ctx_fail(&call->ctx, STATUS_INVALID, "/triples",
                        "triples has %zu points of %zu coordinates each, want 3 of 2.", triples->shape[1],
                        triples->shape[2]);
    size_t n = triples->n / 6;
    int64_t *signs = ctx_alloc(&call->ctx, n, sizeof *signs);
    if (!signs)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const double *x = triples->reals + 6 * i;
        if (i % (1 << 18) == 0 && ctx_stop(&call->ctx) != STOP_NONE)
            return ctx_stopped(&call->ctx);
        signs[i] = orient2d(x, x + 2, x + 4);
    }
    out->signs = array_1d(KIND_INT, signs, n);
    return out->trace.ctx ? orientation_trace(&call->ctx, triples->reals, n, &out->trace) : STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    const struct array *points[] = {&p->a, &p->b, &p->c};
    static const char *const POINTERS[] = {"/a", "/b", "/c"};
    for (size_t i = 0; i < 3; i++)
        if ((points[i]->kind != KIND_NONE) == (p->triples.kind != KIND_NONE))
            return ctx_fail(&call->ctx, STATUS_INVALID, POINTERS[i], "%s is %s, want either a, b and c or triples.",
                            POINTERS[i] + 1, points[i]->kind != KIND_NONE ? "given beside triples" : "missing");
    enum status status = trace_open(&call->ctx, p->has_trace, &p->trace, &p->triples, &out->trace);
    if (status != STATUS_OK)
        return status;
    if (p->triples.kind != KIND_NONE)
        return run_many(call, &p->triples, out);
    out->sign = orient2d(p->a.reals, p->b.reals, p->c.reals);
    out->has_sign = true;
    if (!p->has_trace)
        return STATUS_OK;
    const double all[] = {p->a.reals[0], p->a.reals[1], p->b.reals[0], p->b.reals[1], p->c.reals[0], p->c.reals[1]};
    return orientation_trace(&call->ctx, all, 1, &out->trace);
}

const struct endpoint ep_orientation = {
    .method = "POST",
    .route = "/v1/solve/orientation",
    .version = 1,
    .title = "Orientation of three points, exact",
    .doc = "Says whether three points turn left, right, or lie on one line.\n\n"
           "The sign is exact for the doubles that the coordinates are read as, whatever their size: a filter in "
           "floating point answers nearly always, and exact integers answer the rest. There is no tolerance; points "
           "that are written in decimals, such as (0.1, 0.1), (0.2, 0.2) and (0.3, 0.3), are as collinear as their "
           "nearest doubles.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"a\":[0,0],\"b\":[4,0],\"c\":[1,3]}",
    .answer = "{\"sign\":1}",
    .npy_input = "triples",
    .npy_output = "signs",
    .cost = cost,
    .run = run,
};
