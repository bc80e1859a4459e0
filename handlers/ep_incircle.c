#include "core/geometry/predicates.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"

struct params {
    struct array a, b, c, d, quadruples;
    int64_t time_limit_ms;
};
struct result {
    int64_t sign;
    bool has_sign;
    struct array signs;
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
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, sign, INT,
          "For a, b, c counter-clockwise, 1: d lies inside of their circle; -1: outside; 0: on it. For a, b, c "
          "clockwise the signs are the opposite. For a, b, c on one line, which bounds two half planes: on which side "
          "d lies, 0 where two of a, b, c are equal.",
          .present = offsetof(struct result, has_sign)),
    FIELD(struct result, signs, ARRAY, "The same for each of `quadruples`.", .kinds = KIND_INT),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    return 1000 + 40 * p->quadruples.n;
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
    return STATUS_OK;
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
    if (p->quadruples.kind != KIND_NONE)
        return run_many(call, &p->quadruples, out);
    out->sign = incircle(p->a.reals, p->b.reals, p->c.reals, p->d.reals);
    out->has_sign = true;
    return STATUS_OK;
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
