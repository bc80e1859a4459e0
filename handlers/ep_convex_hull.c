#include "core/geometry/hull.h"
#include "handlers/geometry_fields.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    struct geometry_text text;
    int format;
    int collinear;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct result {
    struct array hull, points;
    double area;
    bool has_area;
    struct geometry_text text;
    struct trace trace;
};

static const char *const COLLINEAR[] = {"drop", "keep", NULL};

static const struct field INPUT[] = {
    POINTS_INPUT(struct params, "The points, each [x, y]."),
    FIELD(struct params, collinear, ENUM, "Points on the edges of the hull, between its corners.", .names = COLLINEAR,
          .def = "drop"),
    FORMAT_INPUT(struct params, "a Polygon, or a LineString or Point where all points lie on a line."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, hull, ARRAY, "The indices of the points of the hull in the request, from 0.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct result, points, ARRAY, "The same points, each [x, y].", .required = true, .kinds = KIND_REAL,
          .min_dims = 2, .max_dims = 2),
    FIELD(struct result, area, NUMBER, "The area of the hull; absent where it is beyond the greatest double.",
          .present = offsetof(struct result, has_area)),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "`push` and `pop` of points, as the lower chain, then the upper is built, with the length of the "
                 "chain as `lower` or `upper`, and `turn`, 0 or the sign of what was no left turn. What is pushed and "
                 "not popped is the hull."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c where all points are on the hull; the answer is written too. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(3000 + n * (260 + 10 * log2_n));
}

/* type_of tells hulls without an area: with `keep` more than two points may lie on the line from the first to the last. */
static enum wkt_type type_of(const struct array *hull) {
    size_t n = hull->n / 2;
    const double *xy = hull->reals;
    if (n <= 1)
        return WKT_POINT;
    for (size_t i = 1; i + 1 < n; i++)
        if (orient2d(xy, xy + 2 * n - 2, xy + 2 * i) != 0)
            return WKT_POLYGON;
    return WKT_LINESTRING;
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    struct array given;
    enum status status = points_given(&call->ctx, &params->points, &params->text, ANY_TYPES, 0, &given, &points);
    if (status != STATUS_OK)
        return status;
    status = trace_open(&call->ctx, params->has_trace, &params->trace, &given, &result->trace);
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
        status = geometry_write_path(&call->ctx, params->format, type_of(&result->points), result->points.reals, hull.n,
                                     &result->text);
    if (status == STATUS_OK)
        result->area = hull_area(&points, &hull), result->has_area = isfinite(result->area);
    return status;
}

const struct endpoint ep_convex_hull = {
    .method = "POST",
    .route = "/v1/solve/convex-hull",
    .version = 3,
    .title = "Convex hull",
    .doc = "Finds the corners of the convex hull, counter-clockwise from the point that is smallest by x, then "
           "y. All orientations are exact: points almost on a line are told apart, and no noise breaks the hull.\n\n"
           "`collinear: keep` also gives the points that lie on the edges between corners. Of equal points the "
           "first one stands. All points on one line give its two ends, or with `keep` all of them from end to "
           "end; equal points give one index, and no points give none.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused.",
    .source = "A. M. Andrew, Another Efficient Algorithm for Convex Hulls in Two Dimensions, 1979; S. G. Akl and G. "
              "T. Toussaint, A Fast Convex Hull Algorithm, 1978",
    .input = INPUT,
    .rules = RULES,
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
