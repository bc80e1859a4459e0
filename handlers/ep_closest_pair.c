#include "core/geometry/plane_trace.h"
#include "handlers/pair_fields.h"

static const struct field OUTPUT[] = {
    PAIR_OUTPUT,
    TRACE_OUTPUT(struct pair_result,
                 "Divide and conquer: `split` at the first point right of the line `x`, of the places `low` .. `high` "
                 "in the order of x, then y; `strip` around the same line, as wide as the least `distance` on either "
                 "side of it; `compare` of two points with their `distance`; `best` where they are closer, or as "
                 "close with smaller indices."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c on the shapes that take longest. */
static uint64_t cost(const void *p) {
    const struct pair_params *params = p;
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(3000 + n * (200 + 20 * log2_n)) + trace_cost(params->has_trace, &params->trace, 4 * n * log2_n);
}

static enum status find(struct ctx *ctx, const struct points *points, struct point_pair *out) {
    struct close_pair pair = {0};
    enum status status = closest_pair(ctx, points, &pair);
    *out = (struct point_pair){pair.distance, pair.a, pair.b};
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    return pair_run(call, params, find, closest_trace, result);
}

const struct endpoint ep_closest_pair = {
    .method = "POST",
    .route = "/v1/solve/closest-pair",
    .version = 2,
    .title = "Closest pair of points",
    .doc = "Finds the two points of least distance. Distances are compared exactly, and of equally close pairs "
           "the one of the smallest indices is given. Equal points are at distance 0.\n\n"
           "Coordinates are any finite doubles; an integer that no double holds is refused. "
           "Only a distance beyond the greatest double is refused.",
    .source = "J. L. Bentley and M. I. Shamos, Divide-and-Conquer in Multidimensional Space, STOC 1976",
    .input = pair_input,
    .rules = pair_rules,
    .params_size = sizeof(struct pair_params),
    .output = OUTPUT,
    .result_size = sizeof(struct pair_result),
    .example = "{\"points\":[[0,0],[5,4],[3,1],[9,6],[4,3]]}",
    .answer = "{\"distance\":1.4142135623730951,\"pair\":[1,4]}",
    .npy_input = "points",
    .cost = cost,
    .run = run,
};
