#include "core/geometry/exact_sum.h"

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
 * within 1 + 2^-53, the sum too; 2^-50 of the magnitudes is more than that. */
static const double UNSURE = 0x1p-50;

static int sure_sign(double p, double q) {
    double sum = p + q, bound = UNSURE * (fabs(p) + fabs(q));
    return sum > bound ? 1 : -sum > bound ? -1 : 0;
}

int exact_cross_sign(struct point a, struct point b, struct point c, struct point d) {
    int sign = sure_sign((b.x - a.x) * (d.y - c.y), -((b.y - a.y) * (d.x - c.x)));
    if (sign)
        return sign;
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

int exact_compare_distances(struct point a, struct point b, struct point c, struct point d) {
    int sign = sure_sign(rounded_square(a, b), -rounded_square(c, d));
    if (sign)
        return sign;
    double first = unrounded_square(a, b), second = unrounded_square(c, d);
    if (first >= 0 && second >= 0)
        return (first > second) - (first < second);
    struct exact e;
    e.n = 0;
    add_square(&e, a, b, 1);
    add_square(&e, c, d, -1);
    return exact_sign(&e);
}

double exact_distance(struct point a, struct point b) {
    struct exact e;
    e.n = 0;
    add_square(&e, a, b, 1);
    return sqrt(exact_value(&e));
}

double exact_height(struct point a, struct point b, struct point c) {
    struct exact ux = exact_difference(b.x, a.x), uy = exact_difference(b.y, a.y);
    struct exact vx = exact_difference(c.x, a.x), vy = exact_difference(c.y, a.y), cross;
    cross.n = 0;
    exact_add_scaled(&cross, &ux, &vy, 1);
    exact_add_scaled(&cross, &uy, &vx, -1);
    return exact_value(&cross) / exact_distance(a, b);
}
