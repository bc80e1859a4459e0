#include "core/geometry/near_edges.h"
#include "core/geometry/plane_trace.h"
#include "handlers/polygon_fields.h"
#include "handlers/time_limit_field.h"
#include "handlers/tolerance_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array polygon;
    struct list holes;
    struct geometry_text text;
    struct array point, points;
    double eps;
    bool has_eps;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    int location;
    bool has_location;
    struct array locations;
    int64_t inside, boundary, outside;
    bool has_counts;
    struct trace trace;
};

static const struct field INPUT[] = {
    POLYGON_INPUT(struct params),
    FIELD(struct params, point, ARRAY, "One point, `[x,y]`.", .kinds = KIND_REAL, .lossless = true, .min_items = 2,
          .max_items = 2),
    FIELD(struct params, points, ARRAY, "Many points, `[[x,y],...]`.", .kinds = KIND_REAL, .lossless = true,
          .min_dims = 2, .max_dims = 2, .columns = 2, .max_items = 20 * 1000 * 1000),
    TOLERANCE_INPUT(struct params, "a point that is at most `eps` from an edge is on the boundary."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POLYGON_RULES, EXACTLY_ONE("point", "points"), {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, location, ENUM, "Where the point lies. What a hole cuts out is outside; any edge is boundary.",
          .names = location_names, .present = offsetof(struct result, has_location)),
    FIELD(struct result, locations, ARRAY,
          "The same for each of `points`; as npy 0 for inside, 1 for boundary, 2 for outside.", .kinds = KIND_INT,
          .names = location_names),
    FIELD(struct result, inside, INT, "How many of `points` are inside.",
          .present = offsetof(struct result, has_counts)),
    FIELD(struct result, boundary, INT, "How many are on the boundary.",
          .present = offsetof(struct result, has_counts)),
    FIELD(struct result, outside, INT, "How many are outside.", .present = offsetof(struct result, has_counts)),
    TRACE_OUTPUT(struct result,
                 "A ray to the right from each point; `at` are the polygon's points, counted through all rings as "
                 "they were given. `point` opens the next `point`; `edge` at the ends of an edge that the ray's line "
                 "crosses, with the `side` of it that the point is on (1: left, so that the ray crosses it; -1: "
                 "right) and the `crossings` so far; `boundary` at the ends of an edge that the point is on; `answer` "
                 "with `point` and `location`: an odd number of crossings is inside."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    uint64_t n = polygon_size(&p->polygon, &p->holes, &p->text), points = p->points.n / 2;
    return 2000 + (points < 8 ? 60 * n * (points + 1) : 4000 * n + 1000 * points) +
           (p->eps > 0 ? 50 * n + 2000 * points : 0) +
           trace_cost(p->has_trace, &p->trace, (double)n * (double)(points + 1));
}

/* add_near puts points that are at most eps from an edge on the boundary. */
static enum status add_near(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                            unsigned char *location) {
    unsigned char *near = eps > 0 ? ctx_alloc(ctx, n, 1) : NULL;
    if (!near)
        return eps > 0 ? STATUS_NO_MEMORY : STATUS_OK;
    enum status status = near_edges(ctx, rings, points, n, eps, near);
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        location[i] = near[i] ? LOCATION_BOUNDARY : location[i];
    return status;
}

static enum status run_one(struct ctx *ctx, const struct rings *rings, const double *point, double eps, int *out) {
    unsigned char location = (unsigned char)locate_plain(rings, point);
    enum status status = add_near(ctx, rings, point, 1, eps, &location);
    *out = location;
    return status;
}

static enum status run_many(struct call *call, const struct rings *rings, const struct array *points, double eps,
                            struct result *out) {
    size_t n = points->n / 2, count[3] = {0};
    unsigned char *location = ctx_alloc(&call->ctx, n, 1);
    int64_t *which = ctx_alloc(&call->ctx, n, sizeof *which);
    if (!location || !which)
        return STATUS_NO_MEMORY;
    enum status status = locate_points(&call->ctx, rings, points->reals, n, location);
    if (status == STATUS_OK)
        status = add_near(&call->ctx, rings, points->reals, n, eps, location);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        which[i] = location[i];
        count[location[i]]++;
    }
    out->locations = array_1d(KIND_INT, which, n);
    out->inside = (int64_t)count[0], out->boundary = (int64_t)count[1], out->outside = (int64_t)count[2];
    out->has_counts = true;
    return STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    struct rings rings;
    bool many = p->points.kind != KIND_NONE;
    enum status status = polygon_rings(&call->ctx, &p->polygon, &p->holes, &p->text,
                                       WKT_POLYGON | WKT_LINEARRING | WKT_MULTIPOLYGON, &rings);
    const struct array *points = many ? &p->points : &p->point;
    if (status == STATUS_OK)
        status = polygon_trace_open(&call->ctx, p->has_trace, &p->trace, &rings, points->n / 2, &out->trace);
    out->has_location = !many;
    if (status == STATUS_OK)
        status = many ? run_many(call, &rings, points, p->eps, out)
                      : run_one(&call->ctx, &rings, points->reals, p->eps, &out->location);
    return status == STATUS_OK && p->has_trace
               ? locate_trace(&call->ctx, &rings, points->reals, points->n / 2, p->eps, &out->trace)
               : status;
}

const struct endpoint ep_point_in_polygon = {
    .method = "POST",
    .route = "/v1/solve/point-in-polygon",
    .version = 2,
    .title = "Points in a polygon, exact",
    .doc = "Says of points whether they lie inside of a polygon, on its boundary or outside; in the plane.\n\n"
           "The answer is exact for the doubles that the coordinates are read as; without `eps` there is no tolerance. "
           "Inside is by "
           "the even-odd rule over all rings, for polygons that cross themselves as well. Of a MULTIPOLYGON an edge "
           "that two parts share is boundary.\n\n"
           "Many points are found by an index, in logarithmic time each.",
    .source = "J. L. Bentley, \"Solutions to Klee's rectangle problems\", 1977 (segment tree); J. R. Shewchuk, "
              "\"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", 1997",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"points\":[[1,1],[4,2],[5,5]]}",
    .answer = "{\"locations\":[\"inside\",\"boundary\",\"outside\"],\"inside\":1,\"boundary\":1,\"outside\":1}",
    .npy_input = "points",
    .npy_output = "locations",
    .max_memory = (size_t)1 << 30,
    .cost = cost,
    .run = run,
};
