#include "handlers/pair_fields.h"

#include "handlers/index_array.h"

const struct field pair_input[] = {
    FIELD(struct pair_params, points, ARRAY, "The points, each [x, y]; at least two.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2, .columns = 2),
    {0},
};

const struct field pair_output[] = {
    FIELD(struct pair_result, distance, NUMBER, "Their distance.", .required = true),
    FIELD(struct pair_result, pair, ARRAY, "The indices of the two points, from 0, ascending.", .required = true,
          .kinds = KIND_INT),
    {0},
};

enum status pair_run(struct call *call, const void *params, pair_find *find, void *result) {
    struct pair_result *out = result;
    struct points points;
    struct point_pair pair;
    enum status status = points_of(&call->ctx, &((const struct pair_params *)params)->points, "points", 2, 2, &points);
    if (status == STATUS_OK)
        status = find(&call->ctx, &points, &pair);
    if (status != STATUS_OK)
        return status;
    out->distance = pair.distance;
    return index_array(&call->ctx, (const uint32_t[]){pair.a, pair.b}, 2, &out->pair);
}
