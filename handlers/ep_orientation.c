#include "core/geometry/plane_trace.h"
#include "core/geometry/predicates.h"
#include "core/geometry/tolerance.h"
#include "handlers/sign_fields.h"

static const struct field INPUT[] = {
    SIGN_POINT(0, "a", "The first point, `[x,y]`."),
    SIGN_POINT(1, "b", "The second point."),
    SIGN_POINT(2, "c", "The third point."),
    SIGN_MANY("triples", "Many triples at once, `[[[x,y],[x,y],[x,y]],...]`.", 3, 2 * 1000 * 1000),
    TOLERANCE_INPUT(struct sign_params, "the sign is 0 where the three points lie between two parallel lines `eps` "
                                        "apart, that is where the least height of their triangle is at most `eps`."),
    SIGN_LIMITS,
    {0},
};

static const struct rule RULES[] = {TOGETHER("a", "b", "c"), EXACTLY_ONE("a", "triples"), {0}};

static const struct field OUTPUT[] = {
    SIGN_ONE("1: a, b, c turn to the left, counter-clockwise; -1: to the right; 0: they lie on one line."),
    SIGN_SIGNS("The same for each of `triples`."),
    TRACE_OUTPUT(struct sign_result,
                 "`sign` at each of `triples` (at 0 for a, b, c): `left` = (a.x - c.x) (b.y - c.y) and `right` = (a.y "
                 "- c.y) (b.x - c.x), the `determinant` left - right, all rounded (null beyond the doubles), and its "
                 "exact `sign`."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct sign_params *p = params;
    return 1000 + (p->eps > 0 ? 100 : 20) * p->many.n + trace_cost(p->has_trace, &p->trace, (double)p->many.n / 6);
}

static int sign(const double *xy, double eps) {
    return eps > 0 ? orient2d_within(xy, xy + 2, xy + 4, eps) : orient2d(xy, xy + 2, xy + 4);
}

static const struct predicate PREDICATE = {3, sign, orientation_trace};

static enum status run(struct call *call, const void *params, void *result) {
    return sign_run(call, params, &PREDICATE, result);
}

const struct endpoint ep_orientation = {
    .method = "POST",
    .route = "/v1/solve/orientation",
    .version = 2,
    .title = "Orientation of three points, exact",
    .doc = "Says whether three points turn left, right, or lie on one line.\n\n"
           "The sign is exact for the doubles that the coordinates are read as, whatever their size: a filter in "
           "floating point answers nearly always, and exact integers answer the rest. Without `eps` there is no "
           "tolerance; points "
           "that are written in decimals, such as (0.1, 0.1), (0.2, 0.2) and (0.3, 0.3), are as collinear as their "
           "nearest doubles.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct sign_params),
    .output = OUTPUT,
    .result_size = sizeof(struct sign_result),
    .example = "{\"a\":[0,0],\"b\":[4,0],\"c\":[1,3]}",
    .answer = "{\"sign\":1}",
    .npy_input = "triples",
    .npy_output = "signs",
    .cost = cost,
    .run = run,
};
