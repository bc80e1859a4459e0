#include "core/geometry/plane_trace.h"
#include "handlers/geometry_fields.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    struct geometry_text text;
    int format;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array center;
    double radius;
    struct array support;
    struct geometry_text text;
    struct trace trace;
};

static const struct field INPUT[] = {
    POINTS_INPUT(struct params, "The points, each [x, y]; at least one."),
    FORMAT_INPUT(struct params, "the center, a Point."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, center, ARRAY, "The center [x, y].", .required = true, .kinds = KIND_REAL),
    FIELD(struct result, radius, NUMBER, "The radius.", .required = true),
    FIELD(struct result, support, ARRAY, "The indices of the points that hold the circle, ascending.", .required = true,
          .kinds = KIND_INT),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Welzl's algorithm in three loops: `order` at all points, as they are gone through; `outside` at a "
                 "point that lies outside of the circle there is; `circle` at the one, two (a diameter) or three "
                 "points that make the next one, with `x`, `y` and `radius` (null where it is all but a line). The "
                 "loops restart with each point that lies outside: the circle then goes through it, and is the "
                 "smallest around those before it in the order. The last `circle` is that of the answer."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c where all points are on the hull; few points may take
 * many exact divisions. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(100000 + n * (400 + 10 * log2_n)) + trace_cost(params->has_trace, &params->trace, 10 * n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    struct array given;
    enum status status = points_given(&call->ctx, &params->points, &params->text, ANY_TYPES, 1, &given, &points);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, params->has_trace, &params->trace, &given, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct circle circle;
    status = points_blame(&call->ctx, &params->text, circle_around(&call->ctx, &points, &circle));
    if (status == STATUS_OK && params->has_trace)
        status = circle_trace(&call->ctx, &points, &circle, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->radius = circle.radius;
    status = points_array(&call->ctx, &circle.center, NULL, 1, &result->center);
    if (status == STATUS_OK)
        status = geometry_write_path(&call->ctx, params->format, WKT_POINT, result->center.reals, 1, &result->text);
    result->center.dims = 1, result->center.shape[0] = 2;
    return status == STATUS_OK ? index_array(&call->ctx, circle.support, circle.n_support, &result->support) : status;
}

const struct endpoint ep_enclosing_circle = {
    .method = "POST",
    .route = "/v1/solve/enclosing-circle",
    .version = 3,
    .title = "Smallest enclosing circle",
    .doc = "Finds the smallest circle that holds all points. Which points hold it is decided exactly; the center "
           "is then rounded to doubles, and the radius is the greatest distance of a point from that center, as "
           "`sqrt(dx * dx + dy * dy)` in doubles. So no point lies outside by that arithmetic.\n\n"
           "`support` are points on the circle that hold it: the two ends of a diameter, three that make an "
           "acute triangle, or one point where all are equal. Where more points are on the circle, it is one "
           "such choice, for the same request always the same.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused. "
           "Only a radius beyond the greatest double is refused.",
    .source = "E. Welzl, Smallest Enclosing Disks (Balls and Ellipsoids), 1991",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[6,0],[5,5],[3,1]]}",
    .answer = "{\"center\":[3.0,2.0],\"radius\":3.605551275463989,\"support\":[0,1,2]}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
