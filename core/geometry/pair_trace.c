#include "core/geometry/exact_sum.h"
#include "core/geometry/plane_trace.h"

struct search {
    struct ctx *ctx;
    const struct point *at;
    uint32_t *order, *near; /* by x, then y; room for a strip */
    struct trace *t;
    struct close_pair best; /* a == b: none yet */
    bool stopped;
};

static void compare(struct search *s, uint32_t i, uint32_t k) {
    uint32_t a = i < k ? i : k, b = i < k ? k : i;
    struct close_pair pair = {exact_distance(s->at[a], s->at[b]), a, b};
    const struct trace_var distance = {"distance", trace_real(pair.distance)};
    trace_add(s->t, "compare", TRACE_AT(a, b), NULL, &distance, 1);
    bool first = s->best.a == s->best.b;
    int sign = first ? -1 : exact_compare_distances(s->at[a], s->at[b], s->at[s->best.a], s->at[s->best.b]);
    if (sign > 0 || (sign == 0 && (a > s->best.a || (a == s->best.a && b >= s->best.b))))
        return;
    s->best = pair;
    trace_add(s->t, "best", TRACE_AT(a, b), NULL, &distance, 1);
}

/* is_near allows for what rounding hides of the distance, subnormal ones included. */
static bool is_near(const struct search *s, double difference) {
    return fabs(difference) <= s->best.distance * (1 + 0x1p-48) + 0x1p-1070;
}

/* strip compares the points near the line with those that are not much higher, in order of y. */
static void strip(struct search *s, size_t low, size_t high, double x) {
    size_t n = 0;
    trace_add(s->t, "strip", TRACE_NOWHERE, NULL,
              TRACE_VARS({"x", trace_real(x)}, {"distance", trace_real(s->best.distance)}));
    for (size_t i = low; i < high; i++) {
        uint32_t one = s->order[i];
        size_t k = n;
        if (!is_near(s, s->at[one].x - x))
            continue;
        for (; k > 0 && s->at[one].y < s->at[s->near[k - 1]].y; k--)
            s->near[k] = s->near[k - 1];
        s->near[k] = one;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && is_near(s, s->at[s->near[k]].y - s->at[s->near[i]].y); k++)
            compare(s, s->near[i], s->near[k]);
}

static void conquer(struct search *s, size_t low, size_t high) {
    if (high - low <= 3) {
        for (size_t i = low; i < high; i++)
            for (size_t k = i + 1; k < high; k++)
                compare(s, s->order[i], s->order[k]);
        return;
    }
    s->stopped = s->stopped || ctx_stop(s->ctx) != STOP_NONE;
    if (s->stopped)
        return;
    size_t middle = low + (high - low) / 2;
    double x = s->at[s->order[middle]].x;
    trace_add(
        s->t, "split", TRACE_AT(s->order[middle]), NULL,
        TRACE_VARS({"x", trace_real(x)}, {"low", trace_int((int64_t)low)}, {"high", trace_int((int64_t)high - 1)}));
    conquer(s, low, middle);
    conquer(s, middle, high);
    strip(s, low, high, x);
}

enum status closest_trace(struct ctx *ctx, const struct points *points, struct trace *t) {
    struct search s = {.ctx = ctx, .at = points->at, .t = t};
    enum status status = points_order(ctx, points->at, NULL, points->n, &s.order);
    if (status != STATUS_OK)
        return status;
    s.near = ctx_alloc(ctx, points->n, sizeof *s.near);
    if (!s.near)
        return STATUS_NO_MEMORY;
    conquer(&s, 0, points->n);
    return s.stopped ? ctx_stopped(ctx) : trace_end(t);
}
