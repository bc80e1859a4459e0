#include "core/geometry/plane_trace.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array p, q;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};
struct result {
    int kind, detail;
    struct array points;
    struct trace trace;
};

#define SEGMENT(member, text)                                                                                     \
    FIELD(struct params, member, ARRAY, text, .required = true, .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2, \
          .rows = 2, .columns = 2, .min_items = 4, .max_items = 4)

static const struct field INPUT[] = {
    SEGMENT(p, "A segment by its ends, `[[x,y],[x,y]]`; both may be the same point."),
    SEGMENT(q, "The other segment."),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

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
    TRACE_OUTPUT(struct result,
                 "Points 0 and 1 are the ends of `p`, 2 and 3 those of `q`. `turn` at three of them with its `sign`, "
                 "four times: both ends of each segment seen from the other; `boxes`: whether the bounding boxes "
                 "`meet` (0 or 1); `meet` at the ends that lie where the segments meet, with `kind` and `detail`, and "
                 "`x`, `y` of a point."),
    {0},
};

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *in = params;
    struct result *out = result;
    struct meeting m = segments_meet(in->p.reals, in->q.reals);
    size_t n = m.kind == MEETING_NONE ? 0 : m.kind == MEETING_POINT ? 1 : 2;
    double *points = ctx_alloc(&call->ctx, 4, sizeof *points);
    if (!points)
        return STATUS_NO_MEMORY;
    memcpy(points, m.points, sizeof m.points);
    out->kind = (int)m.kind, out->detail = (int)m.detail;
    out->points = array_1d(KIND_REAL, points, 2 * n);
    if (n > 0)
        out->points.dims = 2, out->points.shape[0] = n, out->points.shape[1] = 2;
    enum status status = trace_open(&call->ctx, in->has_trace, &in->trace, NULL, &out->trace);
    return status == STATUS_OK && in->has_trace ? meeting_trace(&call->ctx, in->p.reals, in->q.reals, &out->trace)
                                                : status;
}

const struct endpoint ep_segment_intersection = {
    .method = "POST",
    .route = "/v1/solve/segment-intersection",
    .version = 1,
    .title = "What two segments have in common",
    .doc = "Tells whether two segments meet, how, and where.\n\n"
           "`kind` and `detail` are exact for the doubles that the coordinates are read as; there is no tolerance. A "
           "common end, an end that touches and the ends of an overlap are answered as they were given, digit by "
           "digit. A proper crossing is computed with 113 bits and rounded: the nearest double or its neighbour while "
           "the coordinates span less than 2^50, less good where the lines are almost parallel as well; it never "
           "leaves the box of either segment.",
    .source = "J. R. Shewchuk, \"Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates\", "
              "Discrete & Computational Geometry 18, 1997",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"p\":[[0,0],[4,4]],\"q\":[[0,4],[4,0]]}",
    .answer = "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}",
    .run = run,
};
