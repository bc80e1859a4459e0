#include "core/geometry/intersect.h"

#include "core/geometry/exact_place.h"
#include "core/geometry/predicates.h"

const char *const meeting_kind_names[] = {"none", "point", "overlap", NULL};
const char *const meeting_detail_names[] = {"apart",    "collinear-apart", "proper", "touch",
                                            "endpoint", "collinear",       NULL};

static double least(double a, double b) { return a < b ? a : b; }
static double greatest(double a, double b) { return a > b ? a : b; }

static bool boxes_meet(const double p[4], const double q[4]) {
    return greatest(p[0], p[2]) >= least(q[0], q[2]) && greatest(q[0], q[2]) >= least(p[0], p[2]) &&
           greatest(p[1], p[3]) >= least(q[1], q[3]) && greatest(q[1], q[3]) >= least(p[1], p[3]);
}

static bool same(const double a[2], const double b[2]) { return a[0] == b[0] && a[1] == b[1]; }
static bool before(const double a[2], const double b[2]) { return a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]); }

/* on_box: a point that is known to lie on the segment's line lies on the segment. */
static bool on_box(const double p[4], const double c[2]) {
    return c[0] >= least(p[0], p[2]) && c[0] <= greatest(p[0], p[2]) && c[1] >= least(p[1], p[3]) &&
           c[1] <= greatest(p[1], p[3]);
}

static struct meeting point_at(enum meeting_detail detail, const double at[2]) {
    return (struct meeting){MEETING_POINT, detail, {{at[0], at[1]}}};
}

/* meet_on_line: all four points lie on one line (a segment that is a point has any direction). */
static struct meeting meet_on_line(const double p[4], const double q[4]) {
    const double *p0 = p, *p1 = p + 2, *q0 = q, *q1 = q + 2, *low, *high;
    if (before(p1, p0))
        p0 = p + 2, p1 = p;
    if (before(q1, q0))
        q0 = q + 2, q1 = q;
    low = before(p0, q0) ? q0 : p0;
    high = before(p1, q1) ? p1 : q1;
    if (before(high, low))
        return (struct meeting){.kind = MEETING_NONE, .detail = MEETING_GAP};
    if (same(low, high)) {
        bool end_of_p = same(low, p0) || same(low, p1), end_of_q = same(low, q0) || same(low, q1);
        return point_at(end_of_p && end_of_q ? MEETING_ENDPOINT : MEETING_TOUCH, low);
    }
    return (struct meeting){MEETING_OVERLAP, MEETING_COLLINEAR, {{low[0], low[1]}, {high[0], high[1]}}};
}

struct meeting segments_meet(const double p[4], const double q[4]) {
    int q0 = orient2d(p, p + 2, q), q1 = orient2d(p, p + 2, q + 2);
    int p0 = orient2d(q, q + 2, p), p1 = orient2d(q, q + 2, p + 2);
    if (q0 == 0 && q1 == 0 && p0 == 0 && p1 == 0)
        return meet_on_line(p, q);
    if (q0 * q1 > 0 || p0 * p1 > 0 || !boxes_meet(p, q))
        return (struct meeting){.kind = MEETING_NONE, .detail = MEETING_APART};
    if (q0 * q1 < 0 && p0 * p1 < 0) {
        struct meeting m = {.kind = MEETING_POINT, .detail = MEETING_PROPER};
        exact_crossing(p, q, m.points[0]);
        return m;
    }
    for (int k = 0; k < 4; k += 2) {
        if (same(q + k, p) || same(q + k, p + 2))
            return point_at(MEETING_ENDPOINT, q + k);
        if ((k ? q1 : q0) == 0 && on_box(p, q + k))
            return point_at(MEETING_TOUCH, q + k);
        if ((k ? p1 : p0) == 0 && on_box(q, p + k) && !same(p + k, q) && !same(p + k, q + 2))
            return point_at(MEETING_TOUCH, p + k);
    }
    return (struct meeting){.kind = MEETING_NONE, .detail = MEETING_APART};
}

bool segments_meet_at_all(const double p[4], const double q[4]) {
    if (!boxes_meet(p, q))
        return false;
    int q0 = orient2d(p, p + 2, q), q1 = orient2d(p, p + 2, q + 2);
    if (q0 * q1 > 0)
        return false;
    int p0 = orient2d(q, q + 2, p), p1 = orient2d(q, q + 2, p + 2);
    /* On one line the boxes decide; so they do where a segment is a point. */
    return p0 * p1 < 0 || (p0 * p1 == 0 && segments_meet(p, q).kind != MEETING_NONE);
}
