#include "core/geometry/plane_trace.h"
#include "handlers/geometry_fields.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    struct geometry_text text;
    int format;
    int objective;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array corners;
    double area, perimeter, width, height;
    struct array direction, edge;
    struct geometry_text text;
    struct trace trace;
};

static const char *const OBJECTIVES[] = {"area", "perimeter", NULL};

static const struct field INPUT[] = {
    POINTS_INPUT(struct params, "The points, each [x, y]; at least one."),
    FIELD(struct params, objective, ENUM, "What is to be least.", .names = OBJECTIVES, .def = "area"),
    FORMAT_INPUT(struct params, "a Polygon, or a LineString or Point where it has no area."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, corners, ARRAY,
          "The four corners, counter-clockwise; the first two are on the edge of the hull.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    FIELD(struct result, area, NUMBER, "The area.", .required = true),
    FIELD(struct result, perimeter, NUMBER, "The perimeter.", .required = true),
    FIELD(struct result, width, NUMBER, "The length of the first side, along the edge.", .required = true),
    FIELD(struct result, height, NUMBER, "The extent across it.", .required = true),
    FIELD(struct result, direction, ARRAY,
          "The direction [x, y] of the first side, of length 1; [1, 0] where all points are equal.", .required = true,
          .kinds = KIND_REAL),
    FIELD(struct result, edge, ARRAY, "The indices of the ends of the edge of the hull that lies on the first side.",
          .required = true, .kinds = KIND_INT),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Rotating calipers: `corner` for each corner of the hull in order; `edge` at the ends of an edge and "
                 "the corners farthest along it, across it and back, with `width`, `height`, `area` and `perimeter` "
                 "of its rectangle; `best` repeats what is less than all before."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c where all points are on the hull. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(5000 + n * (1200 + 10 * log2_n)) + trace_cost(params->has_trace, &params->trace, 3 * n);
}

static enum status write_rectangle(struct ctx *ctx, int format, const struct rectangle *one,
                                   const struct array *corners, struct geometry_text *out) {
    enum wkt_type type = one->height != 0 ? WKT_POLYGON : one->width != 0 ? WKT_LINESTRING : WKT_POINT;
    size_t n = type == WKT_POLYGON ? 4 : type == WKT_LINESTRING ? 2 : 1;
    return geometry_write_path(ctx, format, type, corners->reals, n, out);
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
    struct rectangle one;
    status =
        points_blame(&call->ctx, &params->text, calipers_rectangle(&call->ctx, &points, params->objective == 1, &one));
    if (status == STATUS_OK && params->has_trace)
        status = rectangle_trace(&call->ctx, &points, params->objective == 1, &result->trace);
    if (status == STATUS_OK)
        status = points_array(&call->ctx, one.corners, NULL, 4, &result->corners);
    if (status == STATUS_OK)
        status = points_array(&call->ctx, &one.direction, NULL, 1, &result->direction);
    if (status == STATUS_OK)
        status = write_rectangle(&call->ctx, params->format, &one, &result->corners, &result->text);
    if (status != STATUS_OK)
        return status;
    result->direction.dims = 1, result->direction.shape[0] = 2;
    result->area = one.area, result->perimeter = one.perimeter;
    result->width = one.width, result->height = one.height;
    return index_array(&call->ctx, one.edge, 2, &result->edge);
}

const struct endpoint ep_minimum_rectangle = {
    .method = "POST",
    .route = "/v1/solve/minimum-rectangle",
    .version = 3,
    .title = "Smallest enclosing rectangle",
    .doc = "Finds the rectangle, turned as it may be, of least area or least perimeter that holds all points. "
           "One of its sides lies on an edge of the convex hull. The corners that touch it are found exactly; "
           "areas are compared as doubles, and of equal ones the first edge of the hull counts.\n\n"
           "Points on one line give a rectangle without height, equal points one without any extent.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused. "
           "Only a rectangle whose corners or area are beyond the greatest double is refused.",
    .source = "H. Freeman and R. Shapira, Determining the Minimum-Area Encasing Rectangle for an Arbitrary Closed "
              "Curve, CACM 18(7), 1975; G. T. Toussaint, Solving Geometric Problems with the Rotating Calipers, "
              "1983",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[1,2],[3,8],[9,8]]}",
    .answer = "{\"corners\":[[1.0,2.0],[9.0,8.0],[6.84,10.88],[-1.1600000000000001,4.880000000000001]],\"area\":36.0,"
              "\"perimeter\":27.2,\"width\":10.0,\"height\":3.6,\"direction\":[0.8,0.6],\"edge\":[0,2]}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
