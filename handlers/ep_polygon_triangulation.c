#include "core/geometry/plane_trace.h"
#include "handlers/call.h"
#include "handlers/trace_fields.h"

struct params {
    struct array polygon;
    bool has_trace;
    struct trace_params trace;
};

struct result {
    struct array triangles;
    struct trace trace;
};

static const struct field INPUT[] = {
    FIELD(struct params, polygon, ARRAY, "The corners in order, each [x, y]; at least three.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2, .columns = 2, .max_items = 2 * 1000 * 1000),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, triangles, ARRAY, "The triangles, each three indices of corners from 0, counter-clockwise.",
          .required = true, .kinds = KIND_INT, .min_dims = 2, .max_dims = 2),
    TRACE_OUTPUT(struct result,
                 "Ears are cut: `look` at a corner between its neighbours, with its `turn` (1: convex); `blocked` at "
                 "the three and a corner in their triangle; `pass` at the three, an ear that the answer does not cut; "
                 "`ear` at the three: the middle one goes. The ears are the answer's triangles."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c on outlines without much folding. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->polygon.n / 2, log2_n = 64 - __builtin_clzll(params->polygon.n | 1);
    return (uint64_t)(5000 + n * (700 + 60 * log2_n)) + trace_cost(params->has_trace, &params->trace, n * n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    enum status status = points_of(&call->ctx, &params->polygon, "polygon", 3, &points);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->polygon, &result->trace);
    if (status != STATUS_OK)
        return status;
    struct polygon_triangles t;
    status = polygon_triangulate(&call->ctx, &points, &t);
    if (status == STATUS_OK && params->has_trace)
        status = ears_trace(&call->ctx, &points, &t, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->triangles = (struct array){.kind = KIND_INT, .dims = 2, .shape = {t.n, 3}, .n = 3 * t.n, .ints = t.at};
    return STATUS_OK;
}

const struct endpoint ep_polygon_triangulation = {
    .method = "POST",
    .route = "/v1/solve/polygon-triangulation",
    .version = 1,
    .title = "Triangles of a simple polygon",
    .doc = "Cuts a simple polygon without holes into triangles whose corners are those of the polygon. All "
           "decisions are exact, so no triangle overlaps another or leaves the polygon, and none is flat.\n\n"
           "The corners may run either way around. A corner equal to the one before is left out, also the last "
           "one where it repeats the first; n corners give n - 2 triangles. Corners on a straight line are "
           "corners too. A polygon whose edges cross, touch or fold back is refused with the first such edge.\n\n"
           "Coordinates are any finite doubles; integers above 2^53 are rounded to doubles first.",
    .source = "G. H. Meisters, Polygons Have Ears, American Mathematical Monthly 82(6), 1975",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"polygon\":[[0,0],[4,0],[4,4],[2,1],[0,4]]}",
    .answer = "{\"triangles\":[[1,2,3],[3,4,0],[0,1,3]]}",
    .npy_input = "polygon",
    .npy_output = "triangles",
    .cost = cost,
    .run = run,
};
