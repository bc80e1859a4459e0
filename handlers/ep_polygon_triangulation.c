#include <stdio.h>

#include "core/geometry/plane_trace.h"
#include "handlers/polygon_fields.h"
#include "handlers/time_limit_field.h"

struct params {
    struct array polygon;
    struct list holes;
    struct geometry_text text;
    int format;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array triangles;
    struct geometry_text text;
    struct trace trace;
};

static const struct field INPUT[] = {
    POLYGON_INPUT(struct params),
    FORMAT_INPUT(struct params, "a GeometryCollection of a Polygon for each triangle."),
    TRACE_INPUT_OF(struct params, "at most 1000 points without holes"),
    TIME_LIMIT_INPUT(struct params),
    {0},
};
static const struct rule RULES[] = {POLYGON_RULES, {0}};

static const struct field OUTPUT[] = {
    FIELD(
        struct result, triangles, ARRAY,
        "The triangles, counter-clockwise, each three indices of points from 0, counted through all rings as they were "
        "given, the exterior first.",
        .required = true, .kinds = KIND_INT, .min_dims = 2, .max_dims = 2),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Ears are cut: `look` at a corner between its neighbours, with its `turn` (1: convex); `blocked` at "
                 "the three and a corner in their triangle; `pass` at the three, an ear that the answer does not cut; "
                 "`ear` at the three: the middle one goes. The ears are the answer's triangles."),
    {0},
};

static uint64_t cost(const void *p) {
    const struct params *params = p;
    uint64_t n = polygon_size(&params->polygon, &params->holes, &params->text);
    return 5000 + 2500 * n + trace_cost(params->has_trace, &params->trace, (double)n * (double)n);
}

/* set_pointer: where in the request ring `t->ring`, or an edge of it, stands. */
static void set_pointer(const struct params *p, const struct polygon_triangles *t, struct error *err) {
    size_t rings = p->polygon.dims == 3 ? p->polygon.shape[0] : 1, n = 0, size = sizeof err->pointer;
    if (p->polygon.kind == KIND_NONE)
        n = (size_t)snprintf(err->pointer, size, "%s", geometry_pointer(&p->text));
    else if (t->ring >= rings)
        n = (size_t)snprintf(err->pointer, size, "/holes/%zu/ring", t->ring - rings);
    else if (p->polygon.dims == 3)
        n = (size_t)snprintf(err->pointer, size, "/polygon/%zu", t->ring);
    else
        n = (size_t)snprintf(err->pointer, size, "/polygon");
    if (t->has_edge && p->polygon.kind != KIND_NONE)
        snprintf(err->pointer + n, size - n, "/%zu", t->edge);
}

/* write_triangles puts the points of all rings one after the other, as the triangles count them. */
static enum status write_triangles(struct ctx *ctx, int format, const struct rings *rings,
                                   const struct polygon_triangles *t, struct geometry_text *out) {
    size_t n = 0;
    for (size_t k = 0; k < rings->n; k++)
        n += rings->ring[k].n;
    double *xy = format == FORMAT_COORDINATES ? NULL : ctx_alloc(ctx, n, 2 * sizeof *xy);
    if (!xy)
        return format == FORMAT_COORDINATES ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t k = 0, at = 0; k < rings->n; at += rings->ring[k++].n)
        memcpy(xy + 2 * at, rings->ring[k].xy, rings->ring[k].n * 2 * sizeof *xy);
    return geometry_write_triangles(ctx, format, xy, t->at, t->n, out);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct rings rings;
    struct polygon_triangles t;
    enum status status = polygon_rings(&call->ctx, &params->polygon, &params->holes, &params->text,
                                       WKT_POLYGON | WKT_LINEARRING, &rings);
    if (status == STATUS_OK && params->has_trace && rings.n > 1)
        return call_fail(call, STATUS_INVALID, "/trace",
                         "The steps cut ears off one ring, and the polygon has %zu; leave out the holes or the trace.",
                         rings.n);
    if (status == STATUS_OK)
        status = polygon_trace_open(&call->ctx, params->has_trace, &params->trace, &rings, 0, &result->trace);
    if (status != STATUS_OK)
        return status;
    status = polygon_triangulate(&call->ctx, &rings, &t);
    if (status == STATUS_INVALID)
        set_pointer(params, &t, &call->ctx.err);
    if (status == STATUS_OK && params->has_trace)
        status = ears_trace(&call->ctx, &rings, &t, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->triangles = (struct array){.kind = KIND_INT, .dims = 2, .shape = {t.n, 3}, .n = 3 * t.n, .ints = t.at};
    return write_triangles(&call->ctx, params->format, &rings, &t, &result->text);
}

const struct endpoint ep_polygon_triangulation = {
    .method = "POST",
    .route = "/v1/solve/polygon-triangulation",
    .version = 3,
    .title = "Triangles of a polygon with holes",
    .doc =
        "Cuts a polygon into triangles whose corners are those of the polygon. All decisions are exact, so no "
        "triangle overlaps another or leaves the polygon, and none is flat.\n\n"
        "Rings may run either way around. Of equal points in a row one is a corner; corners on a straight line are "
        "corners too. n corners and h holes give n + 2 h - 2 triangles. Rings may touch each other in points, where "
        "one "
        "of the equal points stands for all and which makes fewer triangles. A polygon whose edges cross, overlap or "
        "touch within a ring is refused with the first such edge, and a hole that does not lie inside with its "
        "number.\n\n"
        "The time is n log n whatever the polygon.",
    .source =
        "S. Hertel and K. Mehlhorn, Fast Triangulation of Simple Polygons, Foundations of Computation Theory, 1983",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"polygon\":[[0,0],[4,0],[4,4],[2,1],[0,4]]}",
    .answer = "{\"triangles\":[[0,3,4],[1,3,0],[1,2,3]]}",
    .npy_input = "polygon",
    .npy_output = "triangles",
    .max_memory = (size_t)1 << 30,
    .cost = cost,
    .run = run,
};
