#include "core/geometry/calipers.h"
#include "handlers/call.h"
#include "handlers/index_array.h"

struct params {
    struct array points;
};

struct result {
    double distance;
    struct array pair;
};

static const struct field INPUT[] = {
    FIELD(struct params, points, ARRAY, "The points, each [x, y]; at least two.", .required = true, .kinds = KIND_REAL,
          .min_dims = 2, .max_dims = 2),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, distance, NUMBER, "Their distance.", .required = true),
    FIELD(struct result, pair, ARRAY, "The indices of the two points, from 0, ascending.", .required = true,
          .kinds = KIND_INT),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c on the shapes that take longest. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->points.n / 2, log2_n = 64 - __builtin_clzll(params->points.n | 1);
    return (uint64_t)(3000 + n * (400 + 10 * log2_n));
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    enum status status = points_of(&call->ctx, &params->points, "points", 2, &points);
    if (status != STATUS_OK)
        return status;
    struct far_pair pair;
    status = calipers_farthest(&call->ctx, &points, &pair);
    if (status != STATUS_OK)
        return status;
    result->distance = pair.distance;
    return index_array(&call->ctx, (const uint32_t[]){pair.a, pair.b}, 2, &result->pair);
}

const struct endpoint ep_farthest_pair = {
    .method = "POST",
    .route = "/v1/solve/farthest-pair",
    .version = 1,
    .title = "Farthest pair of points",
    .doc = "Finds the two points of greatest distance, the diameter of the set. Distances are compared exactly, "
           "and of equally far pairs the one of the smallest indices is given.\n\n"
           "Coordinates are any finite doubles; integers above 2^53 are rounded to doubles first. "
           "Only a distance beyond the greatest double is refused.",
    .source = "M. I. Shamos, Computational Geometry, 1978 (rotating calipers on the convex hull)",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[5,4],[3,1],[9,6],[4,3]]}",
    .answer = "{\"distance\":10.816653826391969,\"pair\":[0,3]}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
