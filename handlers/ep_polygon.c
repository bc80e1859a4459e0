#include "core/geometry/plane_trace.h"
#include "handlers/polygon_fields.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array polygon;
    struct list holes;
    struct geometry_text text;
    int format;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct meeting_result {
    struct array rings, edges, points;
    int kind, detail;
};

struct result {
    double area, signed_area, perimeter;
    struct array centroid;
    int orientation;
    bool convex, simple, has_meeting;
    int64_t holes, vertices;
    struct meeting_result self_intersection;
    struct geometry_text text;
    struct trace trace;
};

static const struct field INPUT[] = {
    POLYGON_INPUT(struct params),
    FORMAT_INPUT(struct params, "the centroid, a Point."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};
static const struct rule RULES[] = {POLYGON_RULES, {0}};

static const char *const ORIENTATIONS[] = {"clockwise", "degenerate", "counterclockwise", NULL};

static const struct field MEETING[] = {
    FIELD(struct meeting_result, rings, ARRAY, "The two rings: 0 is the exterior.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct meeting_result, edges, ARRAY, "The edges: edge k of a ring begins at its point k, from 0.",
          .required = true, .kinds = KIND_INT),
    FIELD(struct meeting_result, kind, ENUM, "What the edges have in common.", .required = true,
          .names = meeting_kind_names),
    FIELD(struct meeting_result, detail, ENUM, "How, as of `/v1/solve/segment-intersection`.", .required = true,
          .names = meeting_detail_names),
    FIELD(struct meeting_result, points, ARRAY, "The point, or the two ends of what they share.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, area, NUMBER, "That of the exterior without that of the holes.", .required = true),
    FIELD(struct result, signed_area, NUMBER, "That of the exterior: positive counter-clockwise.", .required = true),
    FIELD(struct result, perimeter, NUMBER, "The length of all rings.", .required = true),
    FIELD(struct result, centroid, ARRAY,
          "The centre of mass, `[x,y]`: of the area; of the boundary where there is no area.", .required = true,
          .kinds = KIND_REAL),
    FIELD(struct result, orientation, ENUM, "How the exterior goes round; exact where `simple`.", .required = true,
          .names = ORIENTATIONS),
    FIELD(struct result, convex, BOOL,
          "Whether it is simple, has no hole and turns one way only; straight angles are fine.", .required = true),
    FIELD(struct result, simple, BOOL,
          "Whether no two edges, of the same or of different rings, have a point in common, but neighbours the point "
          "between them. A hole that touches the exterior in a point, which other standards allow, is not simple here.",
          .required = true),
    FIELD(struct result, holes, INT, "How many rings beside the exterior.", .required = true),
    FIELD(struct result, vertices, INT, "How many, without those that repeat the one before.", .required = true),
    FIELD(struct result, self_intersection, OBJECT,
          "Where it is not simple: on a walk along the rings the first edge that meets an earlier one, and the first "
          "of these; the earlier one stands first.",
          .fields = MEETING, .present = offsetof(struct result, has_meeting)),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "Points count through all rings, as they were given. `ring` at its first point; `edge` at its ends, "
                 "with the `cross` product of the ways there from the very first point, the `sum` of these in the "
                 "ring (twice its area), the `length` and the `length_sum`; `turn` at three corners of the exterior "
                 "in a row, with its `sign`; `meet` at the ends of the two edges of `self_intersection`; `area` at "
                 "last: `area`, `signed_area`, `perimeter` and the centroid `x`, `y`."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    uint64_t n = polygon_size(&p->polygon, &p->holes, &p->text);
    return 5000 + 4000 * n + trace_cost(p->has_trace, &p->trace, 2 * (double)n);
}

static enum status array_of(struct ctx *ctx, enum kind kind, const void *data, size_t n, struct array *to) {
    *to = array_1d(kind, ctx_alloc(ctx, n, 8), n);
    if (!to->data)
        return STATUS_NO_MEMORY;
    memcpy(to->data, data, n * 8);
    return STATUS_OK;
}

static enum status set_meeting(struct ctx *ctx, const struct polygon_out *out, struct meeting_result *to) {
    int64_t rings[] = {(int64_t)out->ring[0], (int64_t)out->ring[1]};
    int64_t edges[] = {(int64_t)out->edge[0], (int64_t)out->edge[1]};
    size_t n = out->meeting.kind == MEETING_OVERLAP ? 2 : 1;
    to->kind = (int)out->meeting.kind, to->detail = (int)out->meeting.detail;
    if (array_of(ctx, KIND_INT, rings, 2, &to->rings) != STATUS_OK ||
        array_of(ctx, KIND_INT, edges, 2, &to->edges) != STATUS_OK ||
        array_of(ctx, KIND_REAL, out->meeting.points, 2 * n, &to->points) != STATUS_OK)
        return STATUS_NO_MEMORY;
    to->points.dims = 2, to->points.shape[0] = n, to->points.shape[1] = 2;
    return STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *to = result;
    struct rings rings;
    struct polygon_out out;
    enum status status =
        polygon_rings(&call->ctx, &p->polygon, &p->holes, &p->text, WKT_POLYGON | WKT_LINEARRING, &rings);
    if (status == STATUS_OK)
        status = polygon_trace_open(&call->ctx, p->has_trace, &p->trace, &rings, 0, &to->trace);
    if (status == STATUS_OK)
        status = polygon_measure(&call->ctx, &rings, &out);
    if (status != STATUS_OK)
        return status;
    to->area = out.area, to->signed_area = out.signed_area, to->perimeter = out.perimeter;
    to->orientation = out.orientation + 1;
    to->convex = out.convex, to->simple = out.simple, to->has_meeting = out.has_meeting;
    to->holes = (int64_t)rings.n - 1, to->vertices = (int64_t)out.vertices;
    status = array_of(&call->ctx, KIND_REAL, out.centroid, 2, &to->centroid);
    if (status == STATUS_OK)
        status = geometry_write_path(&call->ctx, p->format, WKT_POINT, out.centroid, 1, &to->text);
    if (status == STATUS_OK && out.has_meeting)
        status = set_meeting(&call->ctx, &out, &to->self_intersection);
    return status == STATUS_OK && p->has_trace ? polygon_trace(&call->ctx, &rings, &out, &to->trace) : status;
}

const struct endpoint ep_polygon = {
    .method = "POST",
    .route = "/v1/solve/polygon",
    .version = 3,
    .title = "Measures of a polygon",
    .doc = "Area, perimeter, centroid, orientation, and whether a polygon is convex and simple; in the plane, not on "
           "the globe.\n\n"
           "The measures are sums of 113 bits, rounded once: exact to the last digit or the one before, even far from "
           "the origin. `simple`, `convex` and the kind of a self-intersection are decided exactly.\n\n"
           "Where a ring crosses itself the areas are those of the shoelace formula: a part that is gone round the "
           "other way counts negative, one that is gone round twice counts twice; `self_intersection` tells where. "
           "Holes count as holes whatever their direction. That they lie inside of the exterior is not checked.",
    .source = "A. F. Moebius, Der barycentrische Calcul, 1827, for the area; J. R. Shewchuk, \"Adaptive Precision "
              "Floating-Point Arithmetic and Fast Robust Geometric Predicates\", 1997",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"polygon\":[[0,0],[4,0],[4,3],[0,3]],\"holes\":[{\"ring\":[[1,1],[1,2],[2,1]]}]}",
    .answer =
        "{\"area\":11.5,\"signed_area\":12.0,\"perimeter\":17.414213562373096,\"centroid\":[2.028985507246377,1.50724"
        "63768115942],\"orientation\":\"counterclockwise\",\"convex\":false,\"simple\":true,\"holes\":1,\"vertices\":"
        "7}",
    .npy_input = "polygon",
    .max_memory = (size_t)1 << 30,
    .cost = cost,
    .run = run,
};
