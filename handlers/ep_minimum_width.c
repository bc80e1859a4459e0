#include "core/geometry/exact_place.h"
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
    double width;
    struct array edge;
    int64_t point;
    struct geometry_text text;
    struct trace trace;
};

static const struct field INPUT[] = {
    POINTS_INPUT(struct params, "The points, each [x, y]; at least one."),
    FORMAT_INPUT(struct params,
                 "the strip across, a LineString from `point` to the line of `edge`; a Point where its width is 0."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, width, NUMBER, "The distance of the two lines.", .required = true),
    FIELD(struct result, edge, ARRAY,
          "The indices of the two points on the first line; twice the same where all points are equal.",
          .required = true, .kinds = KIND_INT),
    FIELD(struct result, point, INT, "The index of a point on the other line.", .required = true),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Rotating calipers: `corner` for each corner of the hull in order; `edge` at the ends of an edge and "
                 "the corner farthest from it, with the `width` between; `best` repeats what is less than all before."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c where all points are on the hull. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(5000 + n * (1000 + 10 * log2_n)) + trace_cost(params->has_trace, &params->trace, 3 * n);
}

/* write_strip writes the way from the point across to the line of the edge; a point where they are one. */
static enum status write_strip(struct ctx *ctx, int format, const struct points *points, const struct width *width,
                               struct geometry_text *out) {
    struct point a = points->at[width->edge[0]], b = points->at[width->edge[1]], c = points->at[width->point];
    if (format == FORMAT_COORDINATES)
        return STATUS_OK;
    if (width->width == 0)
        return geometry_write_path(ctx, format, WKT_POINT, (const double[]){c.x, c.y}, 1, out);
    struct point foot = exact_foot(a, b, c);
    return geometry_write_path(ctx, format, WKT_LINESTRING, (const double[]){c.x, c.y, foot.x, foot.y}, 2, out);
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
    struct width width;
    status = points_blame(&call->ctx, &params->text, calipers_width(&call->ctx, &points, &width));
    if (status == STATUS_OK && params->has_trace)
        status = width_trace(&call->ctx, &points, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->width = width.width;
    result->point = width.point;
    status = write_strip(&call->ctx, params->format, &points, &width, &result->text);
    if (status != STATUS_OK)
        return status;
    return index_array(&call->ctx, width.edge, 2, &result->edge);
}

const struct endpoint ep_minimum_width = {
    .method = "POST",
    .route = "/v1/solve/minimum-width",
    .version = 3,
    .title = "Narrowest strip around points",
    .doc = "Finds the two parallel lines of least distance that have all points between them. One goes through "
           "an edge of the convex hull, the other through a corner of it; that corner is found exactly. Widths "
           "are compared as doubles, and of equal ones the first edge of the hull counts.\n\n"
           "Points on one line have width 0.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused. "
           "Only a width beyond the greatest double is refused.",
    .source = "M. E. Houle and G. T. Toussaint, Computing the Width of a Set, 1988",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[4,0],[4,1],[0,2]]}",
    .answer = "{\"width\":1.9402850002906638,\"edge\":[2,3],\"point\":0}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
