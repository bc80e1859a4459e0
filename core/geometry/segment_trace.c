#include "core/geometry/plane_trace.h"
#include "core/geometry/tolerance.h"

enum status orientation_trace(struct ctx *ctx, const double *triples, size_t n, double eps, struct trace *t) {
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        const double *a = triples + 6 * i, *b = a + 2, *c = a + 4;
        double left = (a[0] - c[0]) * (b[1] - c[1]), right = (a[1] - c[1]) * (b[0] - c[0]);
        trace_add(t, "sign", TRACE_AT((int64_t)i), NULL,
                  TRACE_VARS({"left", trace_real(left)}, {"right", trace_real(right)},
                             {"determinant", trace_real(left - right)},
                             {"sign", trace_int(orient2d_within(a, b, c, eps))}));
    }
    return trace_end(t);
}

/* lifted is a row's square times the determinant of the other two. */
static double lifted(const double a[2], const double b[2], const double c[2], const double d[2]) {
    double ax = a[0] - d[0], ay = a[1] - d[1], bx = b[0] - d[0], by = b[1] - d[1], cx = c[0] - d[0], cy = c[1] - d[1];
    return (ax * ax + ay * ay) * (bx * cy - cx * by);
}

enum status incircle_trace(struct ctx *ctx, const double *quadruples, size_t n, double eps, struct trace *t) {
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        const double *a = quadruples + 8 * i, *b = a + 2, *c = a + 4, *d = a + 6;
        double at_a = lifted(a, b, c, d), at_b = lifted(b, c, a, d), at_c = lifted(c, a, b, d);
        trace_add(t, "sign", TRACE_AT((int64_t)i), NULL,
                  TRACE_VARS({"a_term", trace_real(at_a)}, {"b_term", trace_real(at_b)}, {"c_term", trace_real(at_c)},
                             {"determinant", trace_real(at_a + at_b + at_c)},
                             {"sign", trace_int(incircle_within(a, b, c, d, eps))}));
    }
    return trace_end(t);
}

static bool overlap(double a, double b, double c, double d) {
    double low = a < b ? a : b, high = a < b ? b : a;
    return (c <= high || d <= high) && (c >= low || d >= low);
}

/* note_meeting names the ends among the four points that are where the segments meet. */
static void note_meeting(struct trace *t, const double *const point[4], const struct meeting *m) {
    int64_t at[4];
    size_t n = 0, points = m->kind == MEETING_NONE ? 0 : m->kind == MEETING_POINT ? 1 : 2;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < points; k++)
            if (point[i][0] == m->points[k][0] && point[i][1] == m->points[k][1])
                at[n++] = (int64_t)i;
    trace_add(t, "meet", at, n, NULL,
              (const struct trace_var[]){{"kind", trace_text(meeting_kind_names[m->kind])},
                                         {"detail", trace_text(meeting_detail_names[m->detail])},
                                         {"x", trace_real(m->points[0][0])},
                                         {"y", trace_real(m->points[0][1])}},
              points == 1 ? 4 : 2);
}

/* note_ends tells of each end whether it lies on the other segment. */
static void note_ends(struct trace *t, const double *const point[4], const double p[4], const double q[4], double eps) {
    for (int64_t i = 0; i < 4; i++) {
        int64_t other = i < 2 ? 2 : 0;
        bool within = segment_within(i < 2 ? q : p, point[i], eps);
        trace_add(t, "end", TRACE_AT(i, other, other + 1), NULL, TRACE_VARS({"within", trace_int(within)}));
    }
}

enum status meeting_trace(struct ctx *ctx, const double p[4], const double q[4], double eps, struct trace *t) {
    (void)ctx;
    static const int64_t TURNS[4][3] = {{0, 1, 2}, {0, 1, 3}, {2, 3, 0}, {2, 3, 1}};
    const double *point[] = {p, p + 2, q, q + 2};
    for (size_t i = 0; i < 4; i++) {
        const int64_t *at = TURNS[i];
        trace_add(t, "turn", at, 3, NULL,
                  TRACE_VARS({"sign", trace_int(orient2d(point[at[0]], point[at[1]], point[at[2]]))}));
    }
    bool boxes = overlap(p[0], p[2], q[0], q[2]) && overlap(p[1], p[3], q[1], q[3]);
    trace_add(t, "boxes", TRACE_NOWHERE, NULL, TRACE_VARS({"meet", trace_int(boxes)}));
    if (eps > 0)
        note_ends(t, point, p, q, eps);
    struct meeting m = segments_meet_within(p, q, eps);
    note_meeting(t, point, &m);
    return trace_end(t);
}

/* Where the sweeping line comes to an end of a segment. */
struct event {
    double x;
    bool leaves; /* after those that enter at the same x: what touches meets */
    size_t segment;
};

static bool event_before(const struct event *a, const struct event *b) {
    return a->x < b->x || (a->x == b->x && !a->leaves && b->leaves);
}

/* events_of puts both ends of each segment in order, equal ones by segment. */
static void events_of(const double *segments, size_t n, struct event *events) {
    for (size_t i = 0; i < 2 * n; i++) {
        const double *s = segments + 4 * (i / 2);
        double low = s[0] < s[2] ? s[0] : s[2], high = s[0] < s[2] ? s[2] : s[0];
        struct event one = {i % 2 ? high : low, i % 2, i / 2};
        size_t at = i;
        for (; at > 0 && event_before(&one, &events[at - 1]); at--)
            events[at] = events[at - 1];
        events[at] = one;
    }
}

static void test(struct trace *t, const double *segments, size_t i, size_t k) {
    int64_t at[2] = {(int64_t)(i < k ? i : k), (int64_t)(i < k ? k : i)};
    bool meet = segments_meet_at_all(segments + 4 * i, segments + 4 * k);
    trace_add(t, "test", at, 2, NULL, TRACE_VARS({"meet", trace_int(meet)}));
}

enum status meetings_trace(struct ctx *ctx, const double *segments, size_t n, struct trace *t) {
    struct event *events = ctx_alloc(ctx, n, 2 * sizeof *events);
    size_t *active = ctx_alloc(ctx, n, sizeof *active), n_active = 0;
    if (!events || !active)
        return STATUS_NO_MEMORY;
    events_of(segments, n, events);
    for (size_t e = 0; e < 2 * n; e++) {
        size_t i = events[e].segment, k = 0;
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        trace_add(t, events[e].leaves ? "leave" : "enter", TRACE_AT((int64_t)i), NULL,
                  TRACE_VARS({"x", trace_real(events[e].x)}));
        for (; k < n_active && active[k] != i; k++)
            if (!events[e].leaves)
                test(t, segments, i, active[k]);
        if (events[e].leaves)
            active[k] = active[--n_active];
        else
            active[n_active++] = i;
    }
    return trace_end(t);
}
