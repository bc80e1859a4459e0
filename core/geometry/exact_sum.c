#include "core/geometry/exact_sum.h"

#include <limits.h>
#include <math.h>

void exact_add(struct exact *e, double x) {
    int n = 0;
    for (int i = 0; i < e->n; i++) {
        double sum = x + e->part[i], b = sum - x;
        double rest = (x - (sum - b)) + (e->part[i] - b);
        x = sum;
        if (rest != 0)
            e->part[n++] = rest;
    }
    if (x != 0)
        e->part[n++] = x;
    e->n = n;
}

void exact_add_product(struct exact *e, double a, double b) {
    double high = a * b;
    exact_add(e, fma(a, b, -high));
    exact_add(e, high);
}

void exact_add_scaled(struct exact *e, const struct exact *f, const struct exact *g, double scale) {
    for (int i = 0; i < f->n; i++)
        for (int k = 0; k < g->n; k++)
            exact_add_product(e, f->part[i] * scale, g->part[k]);
}

struct exact exact_difference(double a, double b) {
    struct exact e;
    e.n = 0;
    exact_add(&e, a);
    exact_add(&e, -b);
    return e;
}

int exact_sign(const struct exact *e) { return e->n == 0 ? 0 : e->part[e->n - 1] > 0 ? 1 : -1; }

double exact_value(const struct exact *e) {
    double sum = 0;
    for (int i = 0; i < e->n; i++)
        sum += e->part[i];
    return sum;
}

/* The error of a sum of two products of differences, all rounded: each difference and each product is off by a factor
 * within 1 + 2^-53, the sum too; 2^-50 of the magnitudes is more than that, and 2^-1000 more than underflow takes. What
 * overflows makes the bound infinite. */
static const double UNSURE = 0x1p-50, UNDERFLOW = 0x1p-1000;

/* moderate: whether products of differences of such coordinates, of two factors, are exact as two doubles. */
static bool moderate(struct point a, struct point b, struct point c, struct point d) {
    const double x[] = {a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y};
    bool fits = true;
    for (int i = 0; i < 8; i++)
        fits &= x[i] == 0 || (fabs(x[i]) > 0x1p-400 && fabs(x[i]) < 0x1p500);
    return fits;
}

/* whole_sign is the sign of (p[1] - p[0]) (q[1] - q[0]) + (r[1] - r[0]) (s[1] - s[0]) for any finite doubles. */
static int whole_sign(const double p[2], const double q[2], const double r[2], const double s[2]) {
    const double pairs[][2] = {{p[1], q[1]}, {-p[1], q[0]}, {-p[0], q[1]}, {p[0], q[0]},
                               {r[1], s[1]}, {-r[1], s[0]}, {-r[0], s[1]}, {r[0], s[0]}};
    return products_sign(pairs, 8);
}

static int sure_sign(double p, double q) {
    double sum = p + q, bound = UNSURE * (fabs(p) + fabs(q)) + UNDERFLOW;
    return sum > bound ? 1 : -sum > bound ? -1 : 0;
}

int exact_cross_sign(struct point a, struct point b, struct point c, struct point d) {
    int sign = sure_sign((b.x - a.x) * (d.y - c.y), -((b.y - a.y) * (d.x - c.x)));
    if (sign)
        return sign;
    if (!moderate(a, b, c, d))
        return whole_sign((double[]){a.x, b.x}, (double[]){c.y, d.y}, (double[]){b.y, a.y}, (double[]){c.x, d.x});
    struct exact ux = exact_difference(b.x, a.x), uy = exact_difference(b.y, a.y);
    struct exact vx = exact_difference(d.x, c.x), vy = exact_difference(d.y, c.y), e;
    e.n = 0;
    exact_add_scaled(&e, &ux, &vy, 1);
    exact_add_scaled(&e, &uy, &vx, -1);
    return exact_sign(&e);
}

int exact_dot_sign(struct point a, struct point b, struct point c, struct point d) {
    int sign = sure_sign((b.x - a.x) * (d.x - c.x), (b.y - a.y) * (d.y - c.y));
    if (sign)
        return sign;
    if (!moderate(a, b, c, d))
        return whole_sign((double[]){a.x, b.x}, (double[]){c.x, d.x}, (double[]){a.y, b.y}, (double[]){c.y, d.y});
    struct exact ux = exact_difference(b.x, a.x), uy = exact_difference(b.y, a.y);
    struct exact vx = exact_difference(d.x, c.x), vy = exact_difference(d.y, c.y), e;
    e.n = 0;
    exact_add_scaled(&e, &ux, &vx, 1);
    exact_add_scaled(&e, &uy, &vy, 1);
    return exact_sign(&e);
}

static double rounded_square(struct point a, struct point b) {
    double x = b.x - a.x, y = b.y - a.y;
    return x * x + y * y;
}

static void add_square(struct exact *e, struct point a, struct point b, double scale) {
    struct exact x = exact_difference(b.x, a.x), y = exact_difference(b.y, a.y);
    exact_add_scaled(e, &x, &x, scale);
    exact_add_scaled(e, &y, &y, scale);
}

/* unrounded_square is the squared distance where no operation rounds (integers of moderate size), else negative. */
static double unrounded_square(struct point a, struct point b) {
    double x = b.x - a.x, y = b.y - a.y, xx = x * x, yy = y * y, sum = xx + yy;
    bool exact = x + a.x == b.x && b.x - x == a.x && y + a.y == b.y && b.y - y == a.y && fma(x, x, -xx) == 0 &&
                 fma(y, y, -yy) == 0 && sum - xx == yy && sum - yy == xx;
    return exact ? sum : -1;
}

/* whole_compare is exact_compare_distances for any finite doubles. */
static int whole_compare(struct point a, struct point b, struct point c, struct point d) {
    const double x[4][2] = {{a.x, b.x}, {a.y, b.y}, {c.x, d.x}, {c.y, d.y}};
    double pairs[16][2];
    for (int i = 0; i < 16; i++) {
        double p = x[i / 4][i & 1], q = x[i / 4][i >> 1 & 1];
        pairs[i][0] = (i & 1) == (i >> 1 & 1) ? p : -p;
        pairs[i][1] = i < 8 ? q : -q;
    }
    return products_sign(pairs, 16);
}

int exact_compare_distances(struct point a, struct point b, struct point c, struct point d) {
    int sign = sure_sign(rounded_square(a, b), -rounded_square(c, d));
    if (sign)
        return sign;
    if (!moderate(a, b, c, d))
        return whole_compare(a, b, c, d);
    double first = unrounded_square(a, b), second = unrounded_square(c, d);
    if (first >= 0 && second >= 0)
        return (first > second) - (first < second);
    struct exact e;
    e.n = 0;
    add_square(&e, a, b, 1);
    add_square(&e, c, d, -1);
    return exact_sign(&e);
}

/* unit_difference is a - b in units of 2^*unit, of which it has 1 to 2; no unit is INT_MIN / 4: it is 0. Where a
 * quarter of the numbers has to do, what that takes from subnormal ones is nothing beside the difference. */
static struct exact unit_difference(double a, double b, int *unit) {
    bool quarter = isinf(a - b);
    struct exact e = quarter ? exact_difference(a / 4, b / 4) : exact_difference(a, b);
    *unit = INT_MIN / 4;
    if (e.n == 0)
        return e;
    int top = ilogb(e.part[e.n - 1]);
    for (int i = 0; i < e.n; i++)
        e.part[i] = ldexp(e.part[i], -top);
    *unit = top + (quarter ? 2 : 0);
    return e;
}

static int greater(int a, int b) { return a > b ? a : b; }

/* unit_distance is |ab| in units of 2^*unit; the shorter side loses only what is nothing beside the longer. */
static double unit_distance(struct point a, struct point b, int *unit) {
    int ux, uy;
    struct exact x = unit_difference(b.x, a.x, &ux), y = unit_difference(b.y, a.y, &uy), e;
    e.n = 0;
    *unit = greater(greater(ux, uy), INT_MIN / 8);
    exact_add_scaled(&e, &x, &x, ldexp(1, 2 * (ux - *unit)));
    exact_add_scaled(&e, &y, &y, ldexp(1, 2 * (uy - *unit)));
    return sqrt(exact_value(&e));
}

double exact_distance(struct point a, struct point b) {
    int unit;
    double distance = unit_distance(a, b, &unit);
    return ldexp(distance, unit);
}

struct point exact_direction(struct point a, struct point b) {
    int ux, uy, unit;
    struct exact x = unit_difference(b.x, a.x, &ux), y = unit_difference(b.y, a.y, &uy);
    double length = unit_distance(a, b, &unit);
    return (struct point){ldexp(exact_value(&x), ux - unit) / length, ldexp(exact_value(&y), uy - unit) / length};
}

double exact_height(struct point a, struct point b, struct point c) {
    int uxe, uye, vxe, vye, unit;
    struct exact ux = unit_difference(b.x, a.x, &uxe), uy = unit_difference(b.y, a.y, &uye), e;
    struct exact vx = unit_difference(c.x, a.x, &vxe), vy = unit_difference(c.y, a.y, &vye);
    int left = uxe + vye, right = uye + vxe, most = greater(greater(left, right), INT_MIN / 8);
    e.n = 0;
    exact_add_scaled(&e, &ux, &vy, ldexp(1, left - most));
    exact_add_scaled(&e, &uy, &vx, -ldexp(1, right - most));
    double length = unit_distance(a, b, &unit);
    return ldexp(exact_value(&e) / length, most - unit);
}

enum status distance_fits(struct ctx *ctx, double distance) {
    if (isfinite(distance))
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/points",
                    "What is measured is beyond the greatest double, want points that are nearer to each other.");
}
