#include "core/geometry/plane_trace.h"
#include "handlers/geometry_fields.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array segments;
    struct geometry_text text;
    int format;
    int64_t limit;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct found {
    int64_t i, j;
    int kind, detail;
    struct array points;
};

struct result {
    int64_t count;
    struct list intersections;
    bool complete;
    struct geometry_text text;
    struct trace trace;
};

enum { MAX_SEGMENTS = 2 * 1000 * 1000, MAX_PAIRS = 1000 * 1000 };

static const struct field INPUT[] = {
    FIELD(struct params, segments, ARRAY, "The segments by their ends, `[[[x,y],[x,y]],...]`.", .kinds = KIND_REAL,
          .lossless = true, .min_dims = 3, .max_dims = 3, .rows = 2, .columns = 2, .max_items = 4 * MAX_SEGMENTS),
    GEOMETRY_TEXT_INPUT(struct params,
                        "A LINESTRING or MULTILINESTRING, or a GEOMETRYCOLLECTION of such; the pieces between two "
                        "points are the segments, counted through.",
                        "The same as a GeoJSON LineString or MultiLineString, a GeometryCollection, a Feature, or a "
                        "FeatureCollection, whose segments follow each other."),
    FIELD(struct params, limit, INT, "At most so many pairs are listed; all are counted.", .def = "1000",
          FIELD_INTS(0, MAX_PAIRS)),
    FORMAT_INPUT(struct params, "a GeometryCollection of a Point or a LineString for each pair that is listed."),
    TRACE_INPUT_OF(struct params, "at most 500 segments"),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {EXACTLY_ONE("segments", "wkt", "geojson"), {0}};

static const struct field FOUND[] = {
    FIELD(struct found, i, INT, "A segment, from 0.", .required = true),
    FIELD(struct found, j, INT, "The other one, greater than i.", .required = true),
    FIELD(struct found, kind, ENUM, "A point, or an overlap.", .required = true, .names = meeting_kind_names),
    FIELD(struct found, detail, ENUM, "How, as of `/v1/solve/segment-intersection`.", .required = true,
          .names = meeting_detail_names),
    FIELD(struct found, points, ARRAY, "The point, or the two ends of the overlap.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, count, INT, "How many pairs of segments have a point in common.", .required = true),
    FIELD(struct result, complete, BOOL, "Whether all of them are listed.", .required = true),
    FIELD(struct result, intersections, LIST, "The pairs, by i, then j; the first `limit` of them.", .required = true,
          .fields = FOUND, .size = sizeof(struct found)),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "A line sweeps from left to right; `at` are segments: `enter` and `leave` where it passes an end, at "
                 "`x`; `test` of two that are both on it, with whether they `meet` (0 or 1). Those that meet are all "
                 "pairs of the answer."),
    {0},
};

static uint64_t cost(const void *params) {
    const struct params *p = params;
    uint64_t n = p->segments.n / 4 + geometry_size(&p->text), all = n * n / 2;
    uint64_t pairs = n < 20 ? all : n * 10, listed = pairs < (uint64_t)p->limit ? pairs : (uint64_t)p->limit;
    return 2000 + 1000 * n + 200 * pairs + 2500 * listed + trace_cost(p->has_trace, &p->trace, (double)all);
}

/* segments_of_text makes one segment of each piece; a path of one point is none. */
static enum status segments_of_text(struct ctx *ctx, const struct params *p, double **segments, size_t *n) {
    struct wkt wkt;
    enum status status = geometry_read(ctx, &p->text, LINE_TYPES | WKT_MANY, &wkt);
    if (status != STATUS_OK)
        return status;
    *segments = ctx_alloc(ctx, wkt.n_points, 4 * sizeof **segments);
    if (!*segments)
        return STATUS_NO_MEMORY;
    *n = 0;
    for (size_t k = 0, at = 0; k < wkt.n_paths; at = wkt.end[k++])
        for (size_t i = at; i + 1 < wkt.end[k]; i++)
            memcpy(*segments + 4 * (*n)++, wkt.xy + 2 * i, 4 * sizeof **segments);
    if (*n > MAX_SEGMENTS)
        return ctx_fail(ctx, STATUS_INVALID, geometry_pointer(&p->text), "There are %zu segments, want at most %d.", *n,
                        MAX_SEGMENTS);
    return STATUS_OK;
}

static enum status segments_of(struct ctx *ctx, const struct params *p, double **segments, size_t *n) {
    if (p->segments.kind == KIND_NONE)
        return segments_of_text(ctx, p, segments, n);
    *segments = p->segments.reals;
    *n = p->segments.n / 4;
    return STATUS_OK;
}

static enum status list_pairs(struct ctx *ctx, const struct pairs *pairs, const double *segments, struct list *list) {
    struct found *found = ctx_alloc(ctx, pairs->n, sizeof *found);
    double *points = ctx_alloc(ctx, pairs->n, 4 * sizeof *points);
    if (!found || !points)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < pairs->n; k++, points += 4) {
        struct pair pair = pairs->pair[k];
        struct meeting m = segments_meet(segments + 4 * pair.i, segments + 4 * pair.j);
        size_t n = m.kind == MEETING_OVERLAP ? 2 : 1;
        memcpy(points, m.points, sizeof m.points);
        found[k] = (struct found){(int64_t)pair.i,
                                  (int64_t)pair.j,
                                  (int)m.kind,
                                  (int)m.detail,
                                  {.kind = KIND_REAL, .dims = 2, .shape = {n, 2}, .n = 2 * n, .reals = points}};
    }
    *list = (struct list){pairs->n, found};
    return STATUS_OK;
}

/* write_pairs collects what the pairs have in common. */
static enum status write_pairs(struct ctx *ctx, int format, const struct list *list, struct geometry_text *out) {
    const struct found *found = list->items;
    if (format == FORMAT_COORDINATES)
        return STATUS_OK;
    double *xy = ctx_alloc(ctx, list->n, 4 * sizeof *xy);
    size_t *end = ctx_alloc(ctx, list->n, sizeof *end), n = 0;
    if (!xy || !end)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < list->n; k++) {
        memcpy(xy + 2 * n, found[k].points.reals, found[k].points.n * sizeof *xy);
        end[k] = n += found[k].points.n / 2;
    }
    const struct geometry geometry = {.type = WKT_COLLECTION, .n_paths = list->n, .end = end, .xy = xy};
    return geometry_write(ctx, format, &geometry, out);
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    double *segments = NULL;
    size_t n = 0;
    struct pairs pairs = {0};
    enum status status = segments_of(&call->ctx, p, &segments, &n);
    if (status == STATUS_OK && p->has_trace)
        status = trace_check(&call->ctx, 4 * n);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, p->has_trace, &p->trace, NULL, &out->trace);
    if (status == STATUS_OK)
        status = segment_pairs(&call->ctx, segments, n, (size_t)p->limit, &pairs);
    if (status != STATUS_OK)
        return status;
    out->count = (int64_t)pairs.total;
    out->complete = pairs.n == pairs.total;
    status = list_pairs(&call->ctx, &pairs, segments, &out->intersections);
    if (status == STATUS_OK)
        status = write_pairs(&call->ctx, p->format, &out->intersections, &out->text);
    return status == STATUS_OK && p->has_trace ? meetings_trace(&call->ctx, segments, n, &out->trace) : status;
}

const struct endpoint ep_segment_intersections = {
    .method = "POST",
    .route = "/v1/solve/segment-intersections",
    .version = 2,
    .title = "All pairs of segments that meet",
    .doc = "Finds every pair of segments that have a point in common, with kind and place.\n\n"
           "Every pair is decided exactly, as of `/v1/solve/segment-intersection`; neighbours in a line meet in their "
           "common end and are counted. A line sweeps over the plane and stops at the ends of segments, in exact "
           "order: n segments with k pairs take (n + k) log n time, whatever they look like, and no pair is found "
           "twice. All k pairs are found to be counted, also those beyond `limit`.\n\n"
           "There is no `eps` here: a sweep sees a pair because the two change places on its line, and segments that "
           "are only near each other need not; ask `/v1/solve/segment-intersection` about two that are in question.",
    .source =
        "J. L. Bentley and T. A. Ottmann, Algorithms for Reporting and Counting Geometric Intersections, 1979; E. "
        "W. Myers, An O(E log E + I) Expected Time Algorithm for the Planar Segment Intersection Problem, 1985",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"segments\":[[[0,0],[4,4]],[[0,4],[4,0]],[[4,4],[6,4]]]}",
    .answer = "{\"count\":2,\"complete\":true,\"intersections\":[{\"i\":0,\"j\":1,\"kind\":\"point\",\"detail\":"
              "\"proper\",\"points\":[[2.0,2.0]]},{\"i\":0,\"j\":2,\"kind\":\"point\",\"detail\":\"endpoint\","
              "\"points\":[[4.0,4.0]]}]}",
    .npy_input = "segments",
    .max_memory = (size_t)1 << 30,
    .cost = cost,
    .run = run,
};
