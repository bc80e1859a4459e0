#include "core/geometry/plane_trace.h"
#include "handlers/geometry_fields.h"
#include "handlers/index_array.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct array points;
    struct geometry_text text;
    int format;
    double tolerance;
    int algorithm;
    bool closed, has_closed;
    bool has_trace;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct array indices, points;
    int algorithm;
    struct geometry_text text;
    struct trace trace;
};

static const char *const ALGORITHMS[] = {
    [SIMPLIFY_DOUGLAS_PEUCKER] = "douglas-peucker", [SIMPLIFY_VISVALINGAM] = "visvalingam", NULL};

static const struct field INPUT[] = {
    POINTS_INPUT_OF(
        struct params, "The points in order, each [x, y]; at least one.",
        "A LINESTRING, MULTILINESTRING, LINEARRING, POLYGON or MULTIPOLYGON: each line and ring is simplified "
        "by itself, and rings are closed."),
    FIELD(struct params, tolerance, NUMBER, "How far the line may be moved; in the unit of the coordinates.",
          .required = true, FIELD_REALS(0, 1e150)),
    FIELD(struct params, algorithm, ENUM, "How.", .names = ALGORITHMS, .def = "douglas-peucker"),
    FIELD(struct params, closed, BOOL, "The line is an outline.", .def = "false",
          .present = offsetof(struct params, has_closed)),
    FORMAT_INPUT(
        struct params,
        "what `wkt` or `geojson` was; of `points` a LineString, or where `closed` a Polygon (of fewer than three "
        "points a LineString or Point)."),
    TRACE_INPUT_OF(struct params, TRACE_LIMIT_POINTS),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {POINTS_RULES, REQUIRES("closed", "points"), {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, indices, ARRAY, "The indices of the points that stay, ascending; counted through all lines.",
          .required = true, .kinds = KIND_INT),
    FIELD(struct result, points, ARRAY, "These points, each [x, y].", .required = true, .kinds = KIND_REAL,
          .min_dims = 2, .max_dims = 2),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = ALGORITHMS),
    FORMAT_OUTPUT(struct result),
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
    double n = points_count(&params->points, &params->text), log2_n = 64 - __builtin_clzll(2 * (uint64_t)n | 1);
    return (uint64_t)(3000 + n * (200 + 20 * log2_n)) + trace_cost(params->has_trace, &params->trace, n * n);
}

/* The lines, one after the other as in struct wkt, before and after. */
struct lines {
    struct wkt in;
    bool closed;
    struct array given; /* the points of `in` */
    size_t n_left, n_paths;
    uint32_t *left;        /* what stays */
    size_t *end, *polygon; /* [n_paths] of its lines, as of struct wkt */
    size_t zero;
};

static enum status lines_given(struct ctx *ctx, const struct params *p, struct lines *l) {
    struct points points;
    enum { TYPES = LINE_TYPES | WKT_LINEARRING | WKT_POLYGON | WKT_MULTIPOLYGON };
    bool text = p->points.kind == KIND_NONE;
    enum status status = text ? geometry_read(ctx, &p->text, TYPES, &l->in) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (!text)
        l->in = (struct wkt){.type = p->closed ? WKT_LINEARRING : WKT_LINESTRING,
                             .n_points = p->points.n / 2,
                             .n_paths = 1,
                             .xy = p->points.reals,
                             .end = &l->in.n_points,
                             .polygon = &l->zero};
    size_t n = l->in.n_points;
    l->closed = l->in.type & (WKT_LINEARRING | WKT_POLYGON | WKT_MULTIPOLYGON);
    l->given = (struct array){.kind = KIND_REAL, .dims = 2, .shape = {n, 2}, .n = 2 * n, .reals = l->in.xy};
    status = points_of(ctx, &l->given, text ? geometry_pointer(&p->text) + 1 : "points", 1, &points);
    if (status == STATUS_OK)
        status = points_blame(ctx, &p->text, points_range(ctx, &points, "points"));
    l->left = ctx_alloc(ctx, n, sizeof *l->left);
    l->end = ctx_alloc(ctx, l->in.n_paths, sizeof *l->end);
    l->polygon = ctx_alloc(ctx, l->in.n_paths, sizeof *l->polygon);
    return status == STATUS_OK && (!l->left || !l->end || !l->polygon) ? STATUS_NO_MEMORY : status;
}

/* task_of is line k for simplify_line; a ring of a text goes without the point that closes it. */
static struct simplify_in task_of(const struct params *p, const struct lines *l, size_t k) {
    size_t from = k ? l->in.end[k - 1] : 0, n = l->in.end[k] - from;
    const struct point *at = (const struct point *)(const void *)l->in.xy + from;
    if (p->points.kind == KIND_NONE && l->closed && n > 1 && point_equal(at[0], at[n - 1]))
        n--;
    return (struct simplify_in){{at, n}, p->tolerance, l->closed, (enum simplify_algorithm)p->algorithm};
}

/* simplify_one adds what is left of line k; nothing of a polygon's ring where that is none. */
static enum status simplify_one(struct ctx *ctx, const struct params *p, struct lines *l, size_t k,
                                struct trace *trace) {
    const struct simplify_in in = task_of(p, l, k);
    size_t from = (size_t)(in.points.at - (const struct point *)(const void *)l->in.xy), before = l->n_left;
    uint8_t *kept;
    enum status status = simplify_line(ctx, &in, &kept);
    if (status == STATUS_OK && p->has_trace)
        status = simplify_trace(ctx, &in, kept, trace);
    for (size_t i = 0; status == STATUS_OK && i < in.points.n; i++)
        if (kept[i])
            l->left[l->n_left++] = (uint32_t)(from + i);
    if (l->closed && p->points.kind == KIND_NONE && l->n_left < before + 3)
        l->n_left = before;
    else
        l->polygon[l->n_paths] = l->in.polygon[k], l->end[l->n_paths++] = l->n_left;
    return status;
}

/* simplify_all leaves out the holes of an exterior that is left out. */
static enum status simplify_all(struct ctx *ctx, const struct params *p, struct lines *l, struct trace *trace) {
    enum status status = STATUS_OK;
    for (size_t k = 0, first = 0; k < l->in.n_paths && status == STATUS_OK; k++) {
        const size_t *polygon = l->in.polygon;
        if (polygon[k] != polygon[first])
            first = k;
        else if (k > first && l->closed && (l->n_paths == 0 || l->polygon[l->n_paths - 1] != polygon[k]))
            continue;
        struct ctx_mark mark = ctx_mark(ctx);
        status = simplify_one(ctx, p, l, k, trace);
        if (!p->has_trace)
            ctx_rewind(ctx, mark);
    }
    return status;
}

static enum status write_lines(struct ctx *ctx, int format, const struct lines *l, const struct array *points,
                               struct geometry_text *out) {
    enum wkt_type type = l->in.type;
    if (type == WKT_LINEARRING)
        type = l->n_left > 2 ? WKT_POLYGON : l->n_left == 2 ? WKT_LINESTRING : WKT_POINT;
    else if (type == WKT_LINESTRING && l->n_left == 1)
        type = WKT_POINT;
    const struct geometry geometry = {
        .type = type, .n_paths = l->n_left ? l->n_paths : 0, .end = l->end, .xy = points->reals, .polygon = l->polygon};
    return geometry_write(ctx, format, &geometry, out);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct lines lines = {0};
    enum status status = lines_given(&call->ctx, params, &lines);
    if (status == STATUS_OK && params->has_trace && lines.in.n_paths > 1)
        return call_fail(call, STATUS_INVALID, "/trace",
                         "The steps are those of one line, and there are %zu; leave out the others or the trace.",
                         lines.in.n_paths);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, params->has_trace, &params->trace, &lines.given, &result->trace);
    if (status == STATUS_OK)
        status = simplify_all(&call->ctx, params, &lines, &result->trace);
    if (status != STATUS_OK)
        return status;
    result->algorithm = params->algorithm;
    status = index_array(&call->ctx, lines.left, lines.n_left, &result->indices);
    if (status == STATUS_OK)
        status = points_array(&call->ctx, (const struct point *)(const void *)lines.in.xy, lines.left, lines.n_left,
                              &result->points);
    return status == STATUS_OK ? write_lines(&call->ctx, params->format, &lines, &result->points, &result->text)
                               : status;
}

const struct endpoint ep_simplify = {
    .method = "POST",
    .route = "/v1/solve/simplify",
    .version = 4,
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
           "Of a POLYGON, a ring that shrinks to fewer than three points is left out, and with the exterior all "
           "is; of a MULTIPOLYGON that polygon with its holes.\n\n"
           "Distances and areas are rounded doubles. Coordinates are doubles, 0 or of a magnitude of 1e-120 to "
           "1e150; an integer that no double holds is refused.",
    .source = "D. Douglas and T. Peucker, Algorithms for the Reduction of the Number of Points Required to "
              "Represent a Digitized Line, 1973; M. Visvalingam and J. Whyatt, Line Generalisation by Repeated "
              "Elimination of Points, 1993",
    .input = INPUT,
    .rules = RULES,
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
