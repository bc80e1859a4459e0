#include "core/geometry/plane_trace.h"
#include "handlers/call.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    double tolerance;
    int algorithm;
    bool closed;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array indices, points;
    int algorithm;
    struct trace trace;
};

static const char *const ALGORITHMS[] = {
    [SIMPLIFY_DOUGLAS_PEUCKER] = "douglas-peucker", [SIMPLIFY_VISVALINGAM] = "visvalingam", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, points, ARRAY, "The points in order, each [x, y]; at least one.", .required = true,
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2, .columns = 2),
    FIELD(struct params, tolerance, NUMBER, "How far the line may be moved; in the unit of the coordinates.",
          .required = true, FIELD_REALS(0, 1e150)),
    FIELD(struct params, algorithm, ENUM, "How.", .names = ALGORITHMS, .def = "douglas-peucker"),
    FIELD(struct params, closed, BOOL, "The line is an outline.", .def = "false"),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, indices, ARRAY, "The indices of the points that stay, ascending.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct result, points, ARRAY, "These points, each [x, y].", .required = true, .kinds = KIND_REAL,
          .min_dims = 2, .max_dims = 2),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = ALGORITHMS),
    TRACE_OUTPUT(struct result,
                 "Douglas-Peucker: `segment` at its two ends (a closed line ends at point 0); `measure` at a point "
                 "between, with its `distance`; `keep` at the farthest, which parts the segment in two, or `drop` at "
                 "all between; of a closed line `drop` at point 0 last of all. Visvalingam: `measure` at three "
                 "neighbours with the `area` of the middle one, never below that of the one dropped before; `drop` at "
                 "the least. What was not dropped is the answer."),
    {0},
};

/* Nanoseconds, measured with bench/geometry.c. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double n = (double)params->points.n / 2, log2_n = 64 - __builtin_clzll(params->points.n | 1);
    return (uint64_t)(3000 + n * (200 + 20 * log2_n)) + trace_cost(params->has_trace, &params->trace, n * n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct points points;
    enum status status = points_of(&call->ctx, &params->points, "points", 1, &points);
    if (status == STATUS_OK)
        status = points_range(&call->ctx, &points, "points");
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, params->has_trace, &params->trace, &params->points, &result->trace);
    if (status != STATUS_OK)
        return status;
    const struct simplify_in in = {points, params->tolerance, params->closed,
                                   (enum simplify_algorithm)params->algorithm};
    uint8_t *kept;
    uint32_t *left = ctx_alloc(&call->ctx, points.n, sizeof *left);
    status = left ? simplify_line(&call->ctx, &in, &kept) : STATUS_NO_MEMORY;
    if (status == STATUS_OK && params->has_trace)
        status = simplify_trace(&call->ctx, &in, kept, &result->trace);
    if (status != STATUS_OK)
        return status;
    size_t n = 0;
    for (size_t i = 0; i < points.n; i++)
        if (kept[i])
            left[n++] = (uint32_t)i;
    result->algorithm = params->algorithm;
    status = index_array(&call->ctx, left, n, &result->indices);
    return status == STATUS_OK ? points_array(&call->ctx, points.at, left, n, &result->points) : status;
}

const struct endpoint ep_simplify = {
    .method = "POST",
    .route = "/v1/solve/simplify",
    .version = 2,
    .title = "Simplify a line or an outline",
    .doc = "Drops points of a line that change its course little.\n\n"
           "`douglas-peucker` keeps every point that is farther than `tolerance` from the segment that would "
           "take its place; a stretch is cut at its farthest point, the first one of those whose squared distances "
           "agree to 24 bits. `visvalingam` drops, one after the other, the point whose triangle with its "
           "neighbours has the least area, as long as that is below the square of `tolerance`.\n\n"
           "The ends of an open line stay. A `closed` one is joined from its last point to the first, which is "
           "not to be repeated. By `douglas-peucker` it is cut open at point 0, which is dropped at last where "
           "it is within the tolerance and more than three points are left; an outline smaller than the "
           "tolerance shrinks to fewer than three points. `visvalingam` leaves at least three. The simplified "
           "line may cross itself.\n\n"
           "Distances and areas are rounded doubles. Coordinates are doubles, 0 or of a magnitude of 1e-120 to "
           "1e150; integers above 2^53 are rounded to doubles first.",
    .source = "D. Douglas and T. Peucker, Algorithms for the Reduction of the Number of Points Required to "
              "Represent a Digitized Line, 1973; M. Visvalingam and J. Whyatt, Line Generalisation by Repeated "
              "Elimination of Points, 1993",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"points\":[[0,0],[1,0.1],[2,-0.1],[3,5],[4,6],[5,7],[6,8.1],[7,9]],\"tolerance\":0.5}",
    .answer = "{\"indices\":[0,2,3,7],\"points\":[[0.0,0.0],[2.0,-0.1],[3.0,5.0],[7.0,9.0]],\"algorithm\":\"douglas-"
              "peucker\"}",
    .npy_input = "points",
    .npy_output = "points",
    .cost = cost,
    .run = run,
};
