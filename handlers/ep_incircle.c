#include "core/geometry/plane_trace.h"
#include "core/geometry/predicates.h"
#include "core/geometry/tolerance.h"
#include "handlers/sign_fields.h"

static const struct field INPUT[] = {
    SIGN_POINT(0, "a", "The first point of the circle, `[x,y]`."),
    SIGN_POINT(1, "b", "The second point."),
    SIGN_POINT(2, "c", "The third point."),
    SIGN_POINT(3, "d", "The point that is asked for."),
    SIGN_MANY("quadruples", "Many at once, `[[[x,y],[x,y],[x,y],[x,y]],...]`.", 4, 2 * 1000 * 1000),
    TOLERANCE_INPUT(
        struct sign_params,
        "the sign is 0 where d is at most `eps` from the circle; where a, b, c lie on one line, from that line."),
    SIGN_LIMITS,
    {0},
};

static const struct rule RULES[] = {TOGETHER("a", "b", "c", "d"), EXACTLY_ONE("a", "quadruples"), {0}};

static const struct field OUTPUT[] = {
    SIGN_ONE(
        "For a, b, c counter-clockwise, 1: d lies inside of their circle; -1: outside; 0: on it. For a, b, c "
        "clockwise the signs are the opposite. For a, b, c on one line, which bounds two half planes: on which side "
        "d lies, 0 where two of a, b, c are equal."),
    SIGN_SIGNS("The same for each of `quadruples`."),
    TRACE_OUTPUT(struct sign_result,
                 "`sign` at each of `quadruples` (at 0 for a, b, c, d): with d as the origin, `a_term` is (a.x^2 + "
                 "a.y^2) (b.x c.y - c.x b.y), `b_term` and `c_term` go on in turn; their sum is the `determinant`; "
                 "all rounded (null beyond the doubles), and the exact `sign` of it."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct sign_params *p = params;
    return 1000 + (p->eps > 0 ? 300 : 40) * p->many.n + trace_cost(p->has_trace, &p->trace, (double)p->many.n / 8);
}

static int sign(const double *xy, double eps) {
    return eps > 0 ? incircle_within(xy, xy + 2, xy + 4, xy + 6, eps) : incircle(xy, xy + 2, xy + 4, xy + 6);
}

static const struct predicate PREDICATE = {4, sign, incircle_trace};

static enum status run(struct call *call, const void *params, void *result) {
    return sign_run(call, params, &PREDICATE, result);
}

const struct endpoint ep_incircle = {
    .method = "POST",
    .route = "/v1/solve/incircle",
    .version = 2,
    .title = "A point and the circle through three others, exact",
    .doc = "Says whether a point lies inside of the circle through three others, on it or outside: the test of "
           "Delaunay triangulations.\n\n"
           "The sign is exact for the doubles that the coordinates are read as, whatever their size: a filter in "
           "floating point answers nearly always, and exact integers answer the rest. Without `eps` there is no "
           "tolerance.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct sign_params),
    .output = OUTPUT,
    .result_size = sizeof(struct sign_result),
    .example = "{\"a\":[0,0],\"b\":[4,0],\"c\":[0,4],\"d\":[3,3]}",
    .answer = "{\"sign\":1}",
    .npy_input = "quadruples",
    .npy_output = "signs",
    .cost = cost,
    .run = run,
};
