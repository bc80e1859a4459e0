#include "core/geometry/plane_trace.h"
#include "core/geometry/tolerance.h"
#include "handlers/geometry_fields.h"
#include "handlers/time_limit_field.h"
#include "handlers/tolerance_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array p, q;
    struct geometry_text text;
    int format;
    double eps;
    bool has_eps;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};
struct result {
    int kind, detail;
    struct array points;
    struct geometry_text text;
    struct trace trace;
};

#define SEGMENT(member, text)                                                                                     \
    FIELD(struct params, member, ARRAY, text, .kinds = KIND_REAL, .lossless = true, .min_dims = 2, .max_dims = 2, \
          .rows = 2, .columns = 2, .min_items = 4, .max_items = 4)

static const struct field INPUT[] = {
    SEGMENT(p, "A segment by its ends, `[[x,y],[x,y]]`; both may be the same point."),
    SEGMENT(q, "The other segment."),
    GEOMETRY_TEXT_INPUT(struct params,
                        "Both segments as well-known text: a MULTILINESTRING of two lines of two points each.",
                        "Both segments as a GeoJSON object: a MultiLineString of two lines of two points each, a "
                        "Feature of it, or a FeatureCollection of two LineStrings."),
    TOLERANCE_INPUT(struct params,
                    "an end lies on a segment that is at most `eps` away, and two ends at most `eps` apart are one "
                    "point; so the segments meet where their distance is at most `eps`. `overlap`: two ends that lie "
                    "on the other segment are more than `eps` apart; else `endpoint`: two ends are one point, which is "
                    "given as the end of `p`; else `touch`: the first end, of `p` before `q`, that lies on the other "
                    "segment; else `proper`. `collinear-apart`: all four lie between two parallel lines `eps` apart."),
    FORMAT_INPUT(struct params, "a Point, or the overlap as a LineString."),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {EXACTLY_ONE("p", "wkt", "geojson"), TOGETHER("p", "q"), {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, kind, ENUM, "`none`, one `point`, or an `overlap`: more than one point.", .required = true,
          .names = meeting_kind_names),
    FIELD(struct result, detail, ENUM,
          "`proper`: a point inside of both; `touch`: an end of one inside of the other; `endpoint`: a common end and "
          "nothing else; `collinear`: a piece of one line; `apart`: nothing; `collinear-apart`: nothing, though all "
          "lies on one line.",
          .required = true, .names = meeting_detail_names),
    FIELD(struct result, points, ARRAY,
          "The point, or the two ends of the overlap, the lesser by x, then y, first; empty where there is none.",
          .required = true, .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    FORMAT_OUTPUT(struct result),
    TRACE_OUTPUT(
        struct result,
        "Points 0 and 1 are the ends of `p`, 2 and 3 those of `q`. `turn` at three of them with its `sign`, "
        "four times: both ends of each segment seen from the other; `boxes`: whether the bounding boxes "
        "`meet` (0 or 1); with `eps` four times `end` at an end and the ends of the other segment, with whether "
        "it lies `within` (0 or 1); `meet` at the ends that lie where the segments meet, with `kind` and `detail`, and "
        "`x`, `y` of a point."),
    {0},
};

/* segments_of_text wants two lines of two points. */
static enum status segments_of_text(struct ctx *ctx, const struct geometry_text *text, double segments[8]) {
    struct wkt wkt;
    enum status status = geometry_read(ctx, text, LINE_TYPES | WKT_MANY, &wkt);
    if (status != STATUS_OK)
        return status;
    if (wkt.n_paths != 2 || wkt.end[0] != 2 || wkt.end[1] != 4)
        return ctx_fail(ctx, STATUS_INVALID, geometry_pointer(text),
                        "There are %zu points in %zu line%s, want two lines of two points each.", wkt.n_points,
                        wkt.n_paths, &"s"[wkt.n_paths == 1]);
    memcpy(segments, wkt.xy, 8 * sizeof *segments);
    return STATUS_OK;
}

static enum status segments_of(struct ctx *ctx, const struct params *in, double segments[8]) {
    if (in->p.kind == KIND_NONE)
        return segments_of_text(ctx, &in->text, segments);
    memcpy(segments, in->p.reals, 4 * sizeof *segments);
    memcpy(segments + 4, in->q.reals, 4 * sizeof *segments);
    return STATUS_OK;
}

static enum status set_points(struct ctx *ctx, const struct meeting *m, int format, struct result *out) {
    size_t n = m->kind == MEETING_NONE ? 0 : m->kind == MEETING_POINT ? 1 : 2;
    double *points = ctx_alloc(ctx, 4, sizeof *points);
    if (!points)
        return STATUS_NO_MEMORY;
    memcpy(points, m->points, sizeof m->points);
    out->points = array_1d(KIND_REAL, points, 2 * n);
    if (n > 0)
        out->points.dims = 2, out->points.shape[0] = n, out->points.shape[1] = 2;
    return geometry_write_path(ctx, format, n == 1 ? WKT_POINT : WKT_LINESTRING, points, n, &out->text);
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *in = params;
    struct result *out = result;
    double p[8], *q = p + 4;
    enum status status = segments_of(&call->ctx, in, p);
    if (status != STATUS_OK)
        return status;
    struct meeting m = segments_meet_within(p, q, in->eps);
    out->kind = (int)m.kind, out->detail = (int)m.detail;
    status = set_points(&call->ctx, &m, in->format, out);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, in->has_trace, &in->trace, NULL, &out->trace);
    return status == STATUS_OK && in->has_trace ? meeting_trace(&call->ctx, p, q, in->eps, &out->trace) : status;
}

const struct endpoint ep_segment_intersection = {
    .method = "POST",
    .route = "/v1/solve/segment-intersection",
    .version = 2,
    .title = "What two segments have in common",
    .doc = "Tells whether two segments meet, how, and where.\n\n"
           "`kind` and `detail` are exact for the doubles that the coordinates are read as; without `eps` there is no "
           "tolerance. A common end, an end that touches and the ends of an overlap are answered as they were given, "
           "digit by digit. Of a proper crossing each coordinate is the nearest double to the exact one, whatever the "
           "sizes of the coordinates.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"p\":[[0,0],[4,4]],\"q\":[[0,4],[4,0]]}",
    .answer = "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}",
    .run = run,
};
