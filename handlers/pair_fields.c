#include "handlers/pair_fields.h"

#include "handlers/index_array.h"

const struct field pair_input[] = {
    POINTS_INPUT_OF(struct pair_params, "The points, each [x, y]; at least two.",
                    "The points as well-known text: those of a POINT, MULTIPOINT, LINESTRING or MULTILINESTRING, in "
                    "order as they stand there."),
    FORMAT_INPUT(struct pair_params, "a LineString from one to the other."),
    TRACE_INPUT_OF(struct pair_params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct pair_params),
    {0},
};

const struct rule pair_rules[] = {POINTS_RULES, {0}};

enum status pair_run(struct call *call, const void *params, pair_find *find, pair_trace *steps, void *result) {
    const struct pair_params *in = params;
    struct pair_result *out = result;
    struct points points;
    struct array given;
    struct point_pair pair;
    enum status status = points_given(&call->ctx, &in->points, &in->text, POINT_TYPES, 2, &given, &points);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, in->has_trace, &in->trace, &given, &out->trace);
    if (status == STATUS_OK)
        status = points_blame(&call->ctx, &in->text, find(&call->ctx, &points, &pair));
    if (status == STATUS_OK && in->has_trace)
        status = steps(&call->ctx, &points, &out->trace);
    if (status != STATUS_OK)
        return status;
    const struct point a = points.at[pair.a], b = points.at[pair.b];
    out->distance = pair.distance;
    status = geometry_write_path(&call->ctx, in->format, WKT_LINESTRING, (const double[]){a.x, a.y, b.x, b.y}, 2,
                                 &out->text);
    return status == STATUS_OK ? index_array(&call->ctx, (const uint32_t[]){pair.a, pair.b}, 2, &out->pair) : status;
}
