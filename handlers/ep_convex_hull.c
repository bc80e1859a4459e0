#include "core/geometry/hull.h"
#include "handlers/call.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    int collinear;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct result {
    struct array hull, points;
    double area;
    bool has_area;
    struct trace trace;
};

static const char *const COLLINEAR[] = {"drop", "keep", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, points, ARRAY, "The points, each [x, y].", .required = true, .kinds = KIND_REAL, .min_dims = 2,
          .max_dims = 2, .columns = 2),
    FIELD(struct params, collinear, ENUM, "Points on the edges of the hull, between its corners.", .names = COLLINEAR,
          .def = "drop"),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, hull, ARRAY, "The indices of the points of the hull in the request, from 0.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct result, points, ARRAY, "The same points, each [x, y].", .required = true, .kinds = KIND_REAL,
          .min_dims = 2, .max_dims = 2),
    FIELD(struct result, area, NUMBER, "The area of the hull; absent where it is beyond the greatest double.",
          .present = offsetof(struct result, has_area)),
    TRACE_OUTPUT(struct result,
                 "`push` and `pop` of points, as the lower chain, then the upper is built, with the length of the "
                 "chain as `lower` or `upper`, and `turn`, 0 or the sign of what was no left turn. What is pushed and "
                 "not popped is the hull."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c where all points are on the hull; the answer is written too. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->points.n / 2, log2_n = 64 - __builtin_clzll(params->points.n | 1);
    return (uint64_t)(3000 + n * (260 + 10 * log2_n));
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    enum status status = points_of(&call->ctx, &params->points, "points", 0, &points);
    if (status != STATUS_OK)
        return status;
    status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->points, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct hull hull;
    struct trace *trace = params->has_trace ? &result->trace : NULL;
    status = hull_of(&call->ctx, &points, params->collinear == 1, trace, &hull);
    if (status == STATUS_OK)
        status = trace_end(trace);
    if (status == STATUS_OK)
        status = index_array(&call->ctx, hull.at, hull.n, &result->hull);
    if (status == STATUS_OK)
        status = points_array(&call->ctx, points.at, hull.at, hull.n, &result->points);
    if (status == STATUS_OK)
        result->area = hull_area(&points, &hull), result->has_area = isfinite(result->area);
    return status;
}

const struct endpoint ep_convex_hull = {
    .method = "POST",
    .route = "/v1/solve/convex-hull",
    .version = 2,
    .title = "Convex hull",
    .doc = "Finds the corners of the convex hull, counter-clockwise from the point that is smallest by x, then "
           "y. All orientations are exact: points almost on a line are told apart, and no noise breaks the hull.\n\n"
           "`collinear: keep` also gives the points that lie on the edges between corners. Of equal points the "
           "first one stands. All points on one line give its two ends, or with `keep` all of them from end to "
           "end; equal points give one index, and no points give none.\n\n"
           "Coordinates are any finite doubles; integers above 2^53 are rounded to doubles first.",
    .source = "A. M. Andrew, Another Efficient Algorithm for Convex Hulls in Two Dimensions, 1979; S. G. Akl and G. "
              "T. Toussaint, A Fast Convex Hull Algorithm, 1978",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[2,0],[1,1],[2,2],[0,2],[1,0]],\"collinear\":\"keep\"}",
    .answer = "{\"hull\":[0,5,1,3,4],\"points\":[[0.0,0.0],[1.0,0.0],[2.0,0.0],[2.0,2.0],[0.0,2.0]],\"area\":4.0}",
    .npy_input = "points",
    .npy_output = "hull",
    .cost = cost,
    .run = run,
};
