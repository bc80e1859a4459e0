#include "core/geometry/plane_trace.h"
#include "handlers/pair_fields.h"

static const struct field OUTPUT[] = {
    PAIR_OUTPUT,
    TRACE_OUTPUT(struct pair_result,
                 "Rotating calipers: `corner` for each corner of the hull in order; `pair` of two corners with "
                 "parallel lines of support, with their `distance`; `best` where that is greater, or as great with "
                 "smaller indices."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c on the shapes that take longest. */
static uint64_t cost(const void *p) {
    const struct pair_params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(3000 + n * (400 + 10 * log2_n)) + trace_cost(params->has_trace, &params->trace, 5 * n);
}

static enum status find(struct ctx *ctx, const struct points *points, struct point_pair *out) {
    struct far_pair pair = {0};
    enum status status = calipers_farthest(ctx, points, &pair);
    *out = (struct point_pair){pair.distance, pair.a, pair.b};
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    return pair_run(call, params, find, farthest_trace, result);
}

const struct endpoint ep_farthest_pair = {
    .method = "POST",
    .route = "/v1/solve/farthest-pair",
    .version = 2,
    .title = "Farthest pair of points",
    .doc = "Finds the two points of greatest distance, the diameter of the set. Distances are compared exactly, "
           "and of equally far pairs the one of the smallest indices is given.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused. "
           "Only a distance beyond the greatest double is refused.",
    .source = "M. I. Shamos, Computational Geometry, 1978 (rotating calipers on the convex hull)",
    .input = pair_input,
    .rules = pair_rules,
    .params_size = sizeof(struct pair_params),
    .output = OUTPUT,
    .result_size = sizeof(struct pair_result),
    .example = "{\"points\":[[0,0],[5,4],[3,1],[9,6],[4,3]]}",
    .answer = "{\"distance\":10.816653826391969,\"pair\":[0,3]}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
