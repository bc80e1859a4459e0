#include "core/geometry/plane_trace.h"
#include "core/geometry/quad.h"
#include "core/geometry/tolerance.h"

/* first_of is where the points of a ring begin among those of all rings. */
static int64_t first_of(const struct rings *rings, size_t ring) {
    int64_t first = 0;
    for (size_t r = 0; r < ring; r++)
        first += (int64_t)rings->ring[r].n;
    return first;
}

static const double *point_of(const struct ring *ring, size_t i) { return ring->xy + 2 * (i < ring->n ? i : 0); }
static size_t after(const struct ring *ring, size_t i) { return i + 1 < ring->n ? i + 1 : 0; }
static bool same(const double *a, const double *b) { return a[0] == b[0] && a[1] == b[1]; }

/* play_ring is the shoelace formula around `origin`. */
static void play_ring(struct trace *t, const struct rings *rings, size_t r, const double *origin) {
    const struct ring *ring = &rings->ring[r];
    int64_t first = first_of(rings, r);
    quad sum = 0, length_sum = 0;
    trace_add(t, "ring", TRACE_AT(first), NULL, TRACE_VARS({"ring", trace_int((int64_t)r)}));
    for (size_t i = 0; i < ring->n; i++) {
        const double *p = point_of(ring, i), *q = point_of(ring, i + 1);
        quad px = (quad)p[0] - origin[0], py = (quad)p[1] - origin[1];
        quad qx = (quad)q[0] - origin[0], qy = (quad)q[1] - origin[1];
        quad cross = px * qy - py * qx, length = quad_sqrt((qx - px) * (qx - px) + (qy - py) * (qy - py));
        sum += cross, length_sum += length;
        trace_add(t, "edge", TRACE_AT(first + (int64_t)i, first + (int64_t)after(ring, i)), NULL,
                  TRACE_VARS({"cross", trace_real((double)cross)}, {"sum", trace_real((double)sum)},
                             {"length", trace_real((double)length)}, {"length_sum", trace_real((double)length_sum)}));
    }
}

/* play_turns goes round the exterior; points that repeat the one before are no corners. */
static void play_turns(struct trace *t, const struct ring *ring) {
    size_t last = ring->n; /* the corner before i */
    for (size_t i = ring->n; i-- > 0 && last == ring->n;)
        if (!same(point_of(ring, i), point_of(ring, 0)))
            last = i;
    for (size_t i = 0; i < ring->n && last < ring->n; i++) {
        const double *corner = point_of(ring, i), *next = point_of(ring, after(ring, i));
        if (same(corner, next))
            continue;
        int sign = orient2d(point_of(ring, last), corner, next);
        trace_add(t, "turn", TRACE_AT((int64_t)last, (int64_t)i, (int64_t)after(ring, i)), NULL,
                  TRACE_VARS({"sign", trace_int(sign)}));
        last = i;
    }
}

static void note_meeting(struct trace *t, const struct rings *rings, const struct polygon_out *out) {
    int64_t at[4];
    for (size_t k = 0; k < 2; k++) {
        int64_t first = first_of(rings, out->ring[k]);
        at[2 * k] = first + (int64_t)out->edge[k];
        at[2 * k + 1] = first + (int64_t)after(&rings->ring[out->ring[k]], out->edge[k]);
    }
    trace_add(t, "meet", at, 4, NULL,
              TRACE_VARS({"kind", trace_text(meeting_kind_names[out->meeting.kind])},
                         {"detail", trace_text(meeting_detail_names[out->meeting.detail])}));
}

enum status polygon_trace(struct ctx *ctx, const struct rings *rings, const struct polygon_out *out, struct trace *t) {
    for (size_t r = 0; r < rings->n; r++) {
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        play_ring(t, rings, r, rings->ring[0].xy);
    }
    play_turns(t, &rings->ring[0]);
    if (out->has_meeting)
        note_meeting(t, rings, out);
    trace_add(t, "area", TRACE_NOWHERE, NULL,
              TRACE_VARS({"area", trace_real(out->area)}, {"signed_area", trace_real(out->signed_area)},
                         {"perimeter", trace_real(out->perimeter)}, {"x", trace_real(out->centroid[0])},
                         {"y", trace_real(out->centroid[1])}));
    return trace_end(t);
}

static bool within(double a, double b, double x) { return (a <= x && x <= b) || (b <= x && x <= a); }

/* look at one edge: whether the point is on it; else the ray may cross it. */
static bool on_edge(struct trace *t, const double *p, const double *q, const int64_t ends[2], const double *at,
                    double eps, int64_t *crossings) {
    const double edge[] = {p[0], p[1], q[0], q[1]};
    if (eps > 0 && segment_within(edge, at, eps)) {
        trace_add(t, "boundary", ends, 2, NULL, TRACE_NO_VARS);
        return true;
    }
    if (!within(p[1], q[1], at[1]))
        return false;
    bool level = p[1] == q[1], up = p[1] < q[1];
    int side = up ? orient2d(p, q, at) : orient2d(q, p, at);
    if (level ? within(p[0], q[0], at[0]) : side == 0) {
        trace_add(t, "boundary", ends, 2, NULL, TRACE_NO_VARS);
        return true;
    }
    if (level || (p[1] <= at[1]) == (q[1] <= at[1]))
        return false; /* the lower end counts, the upper does not */
    *crossings += side > 0;
    trace_add(t, "edge", ends, 2, NULL, TRACE_VARS({"side", trace_int(side)}, {"crossings", trace_int(*crossings)}));
    return false;
}

static enum location play_ray(struct trace *t, const struct rings *rings, const double *at, double eps) {
    int64_t crossings = 0, first = 0;
    for (size_t r = 0; r < rings->n; first += (int64_t)rings->ring[r++].n)
        for (size_t i = 0; i < rings->ring[r].n; i++) {
            const struct ring *ring = &rings->ring[r];
            int64_t ends[2] = {first + (int64_t)i, first + (int64_t)after(ring, i)};
            if (on_edge(t, point_of(ring, i), point_of(ring, i + 1), ends, at, eps, &crossings))
                return LOCATION_BOUNDARY;
        }
    return crossings % 2 ? LOCATION_INSIDE : LOCATION_OUTSIDE;
}

enum status locate_trace(struct ctx *ctx, const struct rings *rings, const double *points, size_t n, double eps,
                         struct trace *t) {
    for (size_t i = 0; i < n; i++) {
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        trace_add(t, "point", TRACE_NOWHERE, NULL, TRACE_VARS({"point", trace_int((int64_t)i)}));
        enum location location = play_ray(t, rings, points + 2 * i, eps);
        trace_add(t, "answer", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"point", trace_int((int64_t)i)}, {"location", trace_text(location_names[location])}));
    }
    return trace_end(t);
}
