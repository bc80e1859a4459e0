#include "core/geometry/plane_trace.h"
#include "handlers/call.h"
#include "handlers/trace_fields.h"

struct params {
    struct array a, b, c, d, quadruples;
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
    POINT(a, "The first point of the circle, `[x,y]`."),
    POINT(b, "The second point."),
    POINT(c, "The third point."),
    POINT(d, "The point that is asked for."),
    FIELD(struct params, quadruples, ARRAY,
          "Many at once, `[[[x,y],[x,y],[x,y],[x,y]],...]`, in place of a, b, c and d.", .kinds = KIND_REAL,
          .min_dims = 3, .max_dims = 3, .max_items = 16 * 1000 * 1000),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, sign, INT,
          "For a, b, c counter-clockwise, 1: d lies inside of their circle; -1: outside; 0: on it. For a, b, c "
          "clockwise the signs are the opposite. For a, b, c on one line, which bounds two half planes: on which side "
          "d lies, 0 where two of a, b, c are equal.",
          .present = offsetof(struct result, has_sign)),
    FIELD(struct result, signs, ARRAY, "The same for each of `quadruples`.", .kinds = KIND_INT),
    TRACE_OUTPUT(struct result,
                 "`sign` at each of `quadruples` (at 0 for a, b, c, d): with d as the origin, `a_term` is (a.x^2 + "
                 "a.y^2) (b.x c.y - c.x b.y), `b_term` and `c_term` go on in turn; their sum is the `determinant`; "
                 "all rounded (null beyond the doubles), and the exact `sign` of it."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    return 1000 + 40 * p->quadruples.n + trace_cost(p->has_trace, &p->trace, (double)p->quadruples.n / 8);
}

static enum status run_many(struct call *call, const struct array *quadruples, struct result *out) {
    if (quadruples->n > 0 && (quadruples->shape[1] != 4 || quadruples->shape[2] != 2))
        return ctx_fail(&call->ctx, STATUS_INVALID, "/quadruples",
                        "quadruples has %zu points of %zu coordinates each, want 4 of 2.", quadruples->shape[1],
                        quadruples->shape[2]);
    size_t n = quadruples->n / 8;
    int64_t *signs = ctx_alloc(&call->ctx, n, sizeof *signs);
    if (!signs)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const double *x = quadruples->reals + 8 * i;
        if (i % (1 << 18) == 0 && ctx_stop(&call->ctx) != STOP_NONE)
            return ctx_stopped(&call->ctx);
        signs[i] = incircle(x, x + 2, x + 4, x + 6);
    }
    out->signs = array_1d(KIND_INT, signs, n);
    return out->trace.ctx ? incircle_trace(&call->ctx, quadruples->reals, n, &out->trace) : STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    const struct array *points[] = {&p->a, &p->b, &p->c, &p->d};
    static const char *const POINTERS[] = {"/a", "/b", "/c", "/d"};
    for (size_t i = 0; i < 4; i++)
        if ((points[i]->kind != KIND_NONE) == (p->quadruples.kind != KIND_NONE))
            return ctx_fail(&call->ctx, STATUS_INVALID, POINTERS[i],
                            "%s is %s, want either a, b, c and d or quadruples.", POINTERS[i] + 1,
                            points[i]->kind != KIND_NONE ? "given beside quadruples" : "missing");
    enum status status = trace_open(&call->ctx, p->has_trace, &p->trace, &p->quadruples, &out->trace);
    if (status != STATUS_OK)
        return status;
    if (p->quadruples.kind != KIND_NONE)
        return run_many(call, &p->quadruples, out);
    out->sign = incircle(p->a.reals, p->b.reals, p->c.reals, p->d.reals);
    out->has_sign = true;
    if (!p->has_trace)
        return STATUS_OK;
    const double all[] = {p->a.reals[0], p->a.reals[1], p->b.reals[0], p->b.reals[1],
                          p->c.reals[0], p->c.reals[1], p->d.reals[0], p->d.reals[1]};
    return incircle_trace(&call->ctx, all, 1, &out->trace);
}

const struct endpoint ep_incircle = {
    .method = "POST",
    .route = "/v1/solve/incircle",
    .version = 1,
    .title = "A point and the circle through three others, exact",
    .doc = "Says whether a point lies inside of the circle through three others, on it or outside: the test of "
           "Delaunay triangulations.\n\n"
           "The sign is exact for the doubles that the coordinates are read as, whatever their size: a filter in "
           "floating point answers nearly always, and exact integers answer the rest. There is no tolerance.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"a\":[0,0],\"b\":[4,0],\"c\":[0,4],\"d\":[3,3]}",
    .answer = "{\"sign\":1}",
    .npy_input = "quadruples",
    .npy_output = "signs",
    .cost = cost,
    .run = run,
};
