#include "core/geometry/tolerance.h"

#include <math.h>

#include "core/geometry/dyadic.h"
#include "core/geometry/exact_sum.h"
#include "core/geometry/predicates.h"

/* is_within: whether a^2 <= eps^2 b. */
static bool is_within(const struct dyadic *a, double eps, const struct dyadic *b) {
    struct dyadic square, limit, bound;
    dyadic_square(&square, a);
    dyadic_set(&limit, eps);
    dyadic_square(&bound, &limit);
    dyadic_multiply(&limit, &bound, b);
    return dyadic_compare(&square, &limit) <= 0;
}

bool points_within(const double a[2], const double b[2], double eps) {
    struct dyadic_vector way;
    struct dyadic square, one, limit;
    /* Rounding keeps the order, so a rounded difference beyond eps is one. */
    if (fabs(a[0] - b[0]) > eps || fabs(a[1] - b[1]) > eps)
        return false;
    dyadic_way(&way, a, b);
    dyadic_dot(&square, &way, &way);
    dyadic_set(&one, eps);
    dyadic_square(&limit, &one);
    return dyadic_compare(&square, &limit) <= 0;
}

static bool beyond_box(const double s[4], const double c[2], double eps) {
    return fmin(s[0], s[2]) - c[0] > eps || c[0] - fmax(s[0], s[2]) > eps || fmin(s[1], s[3]) - c[1] > eps ||
           c[1] - fmax(s[1], s[3]) > eps;
}

/* clearly is -1 where c is surely farther than eps from the line of s, 1 where it is surely nearer and its foot lies
 * on the segment, 0 where doubles cannot tell. */
static int clearly(const double s[4], const double c[2], double eps) {
    double ux = s[2] - s[0], uy = s[3] - s[1], vx = c[0] - s[0], vy = c[1] - s[1];
    double left = ux * vy, right = uy * vx, length = ux * ux + uy * uy, along = ux * vx + uy * vy;
    double area = fabs(left - right), slack = 0x1p-50 * (fabs(left) + fabs(right)), limit = eps * sqrt(length);
    bool in_range = length > 0x1p-400 && length < 0x1p400 && limit < 0x1p400 && slack > 0x1p-400 && slack < 0x1p400;
    if (!in_range)
        return 0;
    if (area - slack > limit * (1 + 0x1p-48))
        return -1;
    double rounding = 0x1p-50 * (fabs(ux * vx) + fabs(uy * vy) + length);
    bool beside = along > rounding && along < length - rounding;
    return beside && area + slack < limit * (1 - 0x1p-48) ? 1 : 0;
}

bool segment_within(const double s[4], const double c[2], double eps) {
    if (beyond_box(s, c, eps))
        return false;
    int clear = clearly(s, c, eps);
    if (clear)
        return clear > 0;
    struct dyadic_vector line, to_c;
    struct dyadic along, length, height;
    dyadic_way(&line, s, s + 2);
    dyadic_way(&to_c, s, c);
    dyadic_dot(&along, &line, &to_c);
    dyadic_dot(&length, &line, &line);
    if (dyadic_sign(&along) <= 0)
        return points_within(s, c, eps);
    if (dyadic_compare(&along, &length) >= 0)
        return points_within(s + 2, c, eps);
    dyadic_cross(&height, &line, &to_c);
    return is_within(&height, eps, &length);
}

/* extent is how far the points reach across the line of points i and k, times its length; length is its square. */
static void extent(const double *xy, size_t n, size_t i, size_t k, struct dyadic *wide, struct dyadic *length) {
    struct dyadic_vector line, to;
    struct dyadic low, high, height;
    dyadic_way(&line, xy + 2 * i, xy + 2 * k);
    dyadic_dot(length, &line, &line);
    dyadic_set(&low, 0);
    dyadic_set(&high, 0);
    for (size_t l = 0; l < n; l++) {
        if (l == i || l == k)
            continue;
        dyadic_way(&to, xy + 2 * i, xy + 2 * l);
        dyadic_cross(&height, &line, &to);
        if (dyadic_compare(&height, &low) < 0)
            low = height;
        if (dyadic_compare(&height, &high) > 0)
            high = height;
    }
    dyadic_subtract(wide, &high, &low);
}

/* The narrowest strip has two of the points on one of its lines. */
bool strip_within(const double *xy, size_t n, double eps) {
    bool differ = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            struct dyadic wide, length;
            if (xy[2 * i] == xy[2 * k] && xy[2 * i + 1] == xy[2 * k + 1])
                continue;
            differ = true;
            extent(xy, n, i, k, &wide, &length);
            if (is_within(&wide, eps, &length))
                return true;
        }
    return !differ;
}

/* surely_wide: whether rounded figures leave no doubt that the least height of the triangle is above eps. */
static bool surely_wide(const double a[2], const double b[2], const double c[2], double eps) {
    double ux = a[0] - c[0], uy = a[1] - c[1], vx = b[0] - c[0], vy = b[1] - c[1], wx = b[0] - a[0], wy = b[1] - a[1];
    double left = ux * vy, right = uy * vx, slack = 0x1p-50 * (fabs(left) + fabs(right));
    double longest = fmax(ux * ux + uy * uy, fmax(vx * vx + vy * vy, wx * wx + wy * wy)), limit = eps * sqrt(longest);
    bool in_range = longest > 0x1p-400 && longest < 0x1p400 && limit < 0x1p400 && slack > 0x1p-400;
    return in_range && fabs(left - right) - slack > limit * (1 + 0x1p-48);
}

int orient2d_within(const double a[2], const double b[2], const double c[2], double eps) {
    int sign = orient2d(a, b, c);
    const double xy[] = {a[0], a[1], b[0], b[1], c[0], c[1]};
    return sign == 0 || surely_wide(a, b, c, eps) || !strip_within(xy, 3, eps) ? sign : 0;
}

/* from_center gives, times 2 area, the way from the center of the circle through a, b and a + u, a + v to a + w: that
 * is w * area - center, where the center is at (|u|^2 v' - |v|^2 u') / (2 area) from a. */
static void from_center(struct dyadic_vector *to, const struct dyadic_vector *center, const struct dyadic_vector *w,
                        const struct dyadic *area) {
    dyadic_multiply(&to->x, &w->x, area);
    dyadic_subtract(&to->x, &to->x, &center->x);
    dyadic_multiply(&to->y, &w->y, area);
    dyadic_subtract(&to->y, &to->y, &center->y);
}

/* roots_within: whether |sqrt(d) - sqrt(r)| <= e, for squares d, r and e: d + r - e <= 2 sqrt(d r). */
static bool roots_within(const struct dyadic *d, const struct dyadic *r, const struct dyadic *e) {
    struct dyadic sum, square, product, four, most;
    dyadic_add(&sum, d, r);
    dyadic_subtract(&sum, &sum, e);
    if (dyadic_sign(&sum) <= 0)
        return true;
    dyadic_square(&square, &sum);
    dyadic_multiply(&product, d, r);
    dyadic_set(&four, 4);
    dyadic_multiply(&most, &product, &four);
    return dyadic_compare(&square, &most) <= 0;
}

/* circle_within: a, b, c are not on one line. All lengths are times 2 area, which makes them whole. */
static bool circle_within(const double a[2], const double b[2], const double c[2], const double d[2], double eps) {
    struct dyadic_vector u, v, w, center, way;
    struct dyadic area, uu, vv, limit, radius, distance;
    dyadic_way(&u, a, b);
    dyadic_way(&v, a, c);
    dyadic_way(&w, a, d);
    dyadic_cross(&area, &u, &v);
    dyadic_add(&area, &area, &area);
    dyadic_dot(&uu, &u, &u);
    dyadic_dot(&vv, &v, &v);
    dyadic_products(&center.x, &v.y, &uu, &u.y, &vv, true);
    dyadic_products(&center.y, &u.x, &vv, &v.x, &uu, true);
    dyadic_dot(&radius, &center, &center);
    from_center(&way, &center, &w, &area);
    dyadic_dot(&distance, &way, &way);
    dyadic_set(&uu, eps);
    dyadic_multiply(&limit, &uu, &area);
    dyadic_square(&uu, &limit);
    return roots_within(&distance, &radius, &uu);
}

/* line_within: d is at most eps from the line of a, b, c; where these are one point there is none, and it is. */
static bool line_within(const double a[2], const double b[2], const double c[2], const double d[2], double eps) {
    const double *end = a[0] != b[0] || a[1] != b[1] ? b : c;
    struct dyadic_vector line, to;
    struct dyadic length, height;
    dyadic_way(&line, a, end);
    dyadic_way(&to, a, d);
    dyadic_dot(&length, &line, &line);
    dyadic_cross(&height, &line, &to);
    return is_within(&height, eps, &length);
}

int incircle_within(const double a[2], const double b[2], const double c[2], const double d[2], double eps) {
    int sign = incircle(a, b, c, d);
    if (sign == 0)
        return 0;
    bool within = orient2d(a, b, c) ? circle_within(a, b, c, d, eps) : line_within(a, b, c, d, eps);
    return within ? 0 : sign;
}

/* farthest finds the two of n points that are farthest apart, the first such. */
static void farthest(const double *const *at, size_t n, size_t pair[2]) {
    pair[0] = pair[1] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const struct point a = {at[i][0], at[i][1]}, b = {at[k][0], at[k][1]};
            const struct point c = {at[pair[0]][0], at[pair[0]][1]}, d = {at[pair[1]][0], at[pair[1]][1]};
            if (exact_compare_distances(a, b, c, d) > 0)
                pair[0] = i, pair[1] = k;
        }
}

static struct meeting overlap_of(const double *a, const double *b) {
    bool swap = b[0] < a[0] || (b[0] == a[0] && b[1] < a[1]);
    const double *low = swap ? b : a, *high = swap ? a : b;
    return (struct meeting){MEETING_OVERLAP, MEETING_COLLINEAR, {{low[0], low[1]}, {high[0], high[1]}}};
}

static struct meeting meet_at_ends(const double p[4], const double q[4], double eps, const double *const *on,
                                   size_t n) {
    size_t pair[2];
    farthest(on, n, pair);
    if (!points_within(on[pair[0]], on[pair[1]], eps))
        return overlap_of(on[pair[0]], on[pair[1]]);
    for (size_t i = 0; i < 4; i++)
        if (points_within(p + i / 2 * 2, q + i % 2 * 2, eps))
            return (struct meeting){MEETING_POINT, MEETING_ENDPOINT, {{p[i / 2 * 2], p[i / 2 * 2 + 1]}}};
    return (struct meeting){MEETING_POINT, MEETING_TOUCH, {{on[0][0], on[0][1]}}};
}

struct meeting segments_meet_within(const double p[4], const double q[4], double eps) {
    const double *ends[] = {p, p + 2, q, q + 2}, *on[4];
    const double all[] = {p[0], p[1], p[2], p[3], q[0], q[1], q[2], q[3]};
    size_t n = 0;
    if (eps == 0)
        return segments_meet(p, q);
    for (size_t i = 0; i < 4; i++)
        if (segment_within(i < 2 ? q : p, ends[i], eps))
            on[n++] = ends[i];
    if (n > 0)
        return meet_at_ends(p, q, eps, on, n);
    struct meeting exact = segments_meet(p, q);
    if (exact.kind == MEETING_NONE)
        exact.detail = strip_within(all, 4, eps) ? MEETING_GAP : MEETING_APART;
    return exact;
}
