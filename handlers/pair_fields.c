#include "handlers/pair_fields.h"

#include "handlers/index_array.h"

const struct field pair_input[] = {
    FIELD(struct pair_params, points, ARRAY, "The points, each [x, y]; at least two.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2, .columns = 2),
    TRACE_INPUT_OF(struct pair_params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct pair_params),
    {0},
};

enum status pair_run(struct call *call, const void *params, pair_find *find, pair_trace *steps, void *result) {
    const struct pair_params *in = params;
    struct pair_result *out = result;
    struct points points;
    struct point_pair pair;
    enum status status = points_of(&call->ctx, &in->points, "points", 2, &points);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, in->has_trace, &in->trace, &in->points, &out->trace);
    if (status == STATUS_OK)
        status = find(&call->ctx, &points, &pair);
    if (status == STATUS_OK && in->has_trace)
        status = steps(&call->ctx, &points, &out->trace);
    if (status != STATUS_OK)
        return status;
    out->distance = pair.distance;
    return index_array(&call->ctx, (const uint32_t[]){pair.a, pair.b}, 2, &out->pair);
}
