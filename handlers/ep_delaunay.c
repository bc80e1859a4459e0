#include "core/geometry/plane_trace.h"
#include "handlers/geometry_fields.h"
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
    struct array triangles;
    int64_t distinct;
    struct geometry_text text;
    struct trace trace;
};

static const struct field INPUT[] = {
    POINTS_INPUT(struct params, "The points, each [x, y]."),
    FORMAT_INPUT(struct params, "a GeometryCollection of a Polygon for each triangle."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, triangles, ARRAY,
          "The triangles, each three indices of points from 0, counter-clockwise, the smallest first.",
          .required = true, .kinds = KIND_INT, .min_dims = 2, .max_dims = 2),
    FIELD(struct result, distinct, INT, "How many points differ.", .required = true),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "The points are inserted by x, then y: `insert` at a point; `triangle` at the three corners of a new "
                 "triangle, counter-clockwise; `flip` at a, b, c, d: the triangles a, b, c and a, c, d become a, b, d "
                 "and b, c, d. `sign` is 1 where d was inside of the circle of a, b, c; 0 where it is on it, and the "
                 "answer has the other diagonal."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c; six indices a point are written. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(3000 + n * (600 + 50 * log2_n)) + trace_cost(params->has_trace, &params->trace, 4 * n * log2_n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    struct array given;
    enum status status = points_given(&call->ctx, &params->points, &params->text, ANY_TYPES, 0, &given, &points);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, params->has_trace, &params->trace, &given, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct triangulation t;
    status = delaunay_of(&call->ctx, &points, &t);
    if (status == STATUS_OK && params->has_trace)
        status = delaunay_trace(&call->ctx, &points, &t, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->triangles = (struct array){.kind = KIND_INT, .dims = 2, .shape = {t.n, 3}, .n = 3 * t.n, .ints = t.at};
    result->distinct = (int64_t)t.distinct;
    return geometry_write_triangles(&call->ctx, params->format, given.reals, t.at, t.n, &result->text);
}

const struct endpoint ep_delaunay = {
    .method = "POST",
    .route = "/v1/solve/delaunay",
    .version = 3,
    .title = "Delaunay triangulation",
    .doc = "Joins the points to triangles such that no point lies inside the circle through the corners of one. "
           "All decisions are exact: grids, points on circles or lines and almost equal points have their "
           "triangulation too.\n\n"
           "The triangles cover the convex hull; all points are used, but of equal ones only the first. Where "
           "more than three points lie on an empty circle there is a choice; one is made, for the same request "
           "always the same. Points on one line have no triangles.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused.",
    .source = "L. Guibas and J. Stolfi, Primitives for the Manipulation of General Subdivisions and the Computation "
              "of Voronoi Diagrams, 1985; R. A. Dwyer, A Faster Divide-and-Conquer Algorithm for Constructing "
              "Delaunay Triangulations, 1987",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[4,0],[4,3],[0,3],[2,1]]}",
    .answer = "{\"triangles\":[[0,4,3],[1,2,4],[0,1,4],[2,3,4]],\"distinct\":5}",
    .npy_input = "points",
    .npy_output = "triangles",
    .cost = cost,
    .run = run,
};
