#include "core/geometry/hull.h"

#include <math.h>
#include <string.h>

struct chain {
    const struct point *at;
    uint32_t *stack;
    size_t n;
    bool keep;
    struct trace *trace;
};

/* chain_push takes a point after dropping those that it makes no corners; the first `floor` stay. */
static void chain_push(struct chain *c, uint32_t point, size_t floor, const char *name) {
    const struct point *at = c->at;
    while (c->n > floor) {
        int sign = point_turn(&at[c->stack[c->n - 2]], &at[c->stack[c->n - 1]], &at[point]);
        if (sign > 0 || (sign == 0 && c->keep))
            break;
        c->n--;
        trace_add(c->trace, "pop", TRACE_AT(c->stack[c->n]), NULL, TRACE_VARS({"turn", trace_int(sign)}));
    }
    c->stack[c->n++] = point;
    trace_add(c->trace, "push", TRACE_AT(point), NULL, TRACE_VARS({name, trace_int((int64_t)c->n)}));
}

/* drop_equal keeps the first of equal points of an order; their number is returned. */
static size_t drop_equal(const struct point *at, uint32_t *order, size_t n) {
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (m == 0 || !point_equal(at[order[m - 1]], at[order[i]]))
            order[m++] = order[i];
    return m;
}

static bool on_one_line(const struct point *at, const uint32_t *order, size_t n) {
    for (size_t i = 1; i + 1 < n; i++)
        if (point_turn(&at[order[0]], &at[order[i]], &at[order[n - 1]]) != 0)
            return false;
    return true;
}

/* chains makes the lower chain from the first point to the last, and the upper one back. */
static void chains(struct chain *c, const uint32_t *order, size_t n) {
    for (size_t i = 0; i < n; i++)
        chain_push(c, order[i], 1, "lower");
    if (n < 2 || (c->keep && c->n == n && on_one_line(c->at, order, n)))
        return;
    size_t floor = c->n;
    for (size_t i = n - 1; i-- > 0;)
        chain_push(c, order[i], floor, "upper");
    c->n--; /* the first point again */
    trace_add(c->trace, "pop", TRACE_AT(c->stack[c->n]), NULL, TRACE_VARS({"turn", trace_int(0)}));
}

static enum status chains_of(struct ctx *ctx, const struct points *points, const uint32_t *which, size_t n, bool keep,
                             struct trace *trace, struct hull *out) {
    uint32_t *order;
    enum status status = points_order(ctx, points->at, which, n, &order);
    if (status != STATUS_OK)
        return status;
    n = drop_equal(points->at, order, n);
    struct chain c = {points->at, ctx_alloc(ctx, 2 * n + 1, sizeof *c.stack), 0, keep, trace};
    if (!c.stack)
        return STATUS_NO_MEMORY;
    chains(&c, order, n);
    *out = (struct hull){c.stack, c.n};
    return STATUS_OK;
}

/* The sides of the polygon of extreme points: a point is surely left of a side where
 * (x - side.x) * side.dy - (y - side.y) * side.dx is below minus the bound on its error. */
struct side {
    double x, y, dx, dy;
};

enum { EXTREMES = 8 };

/* extremes finds the points that are farthest in eight directions; rounding may miss one, which costs nothing but
 * speed. */
static void extremes(const struct points *p, uint32_t found[EXTREMES]) {
    double best[EXTREMES];
    for (int k = 0; k < EXTREMES; k++)
        best[k] = -INFINITY, found[k] = 0;
    for (size_t i = 0; i < p->n; i++) {
        double x = p->at[i].x, y = p->at[i].y;
        const double value[EXTREMES] = {-x, x, -y, y, -x - y, x + y, x - y, y - x};
        for (int k = 0; k < EXTREMES; k++)
            if (value[k] > best[k])
                best[k] = value[k], found[k] = (uint32_t)i;
    }
}

static inline bool surely_inside(const struct side *sides, size_t n, double x, double y) {
    for (size_t k = 0; k < n; k++) {
        double left = (x - sides[k].x) * sides[k].dy, right = (y - sides[k].y) * sides[k].dx;
        if (!(right - left > 0x1p-50 * (fabs(left) + fabs(right))))
            return false;
    }
    return true;
}

/* drop_inside writes the indices of the points that may be on the hull; *n gets their number. */
static enum status drop_inside(struct ctx *ctx, const struct points *p, uint32_t *kept, size_t *n) {
    uint32_t found[EXTREMES], few[EXTREMES];
    extremes(p, found);
    size_t m = 0;
    for (int k = 0; k < EXTREMES; k++) { /* ascending, without repeats */
        size_t at = m;
        bool known = false;
        for (size_t i = 0; i < m; i++)
            known |= few[i] == found[k];
        if (known)
            continue;
        for (; at > 0 && few[at - 1] > found[k]; at--)
            few[at] = few[at - 1];
        few[at] = found[k], m++;
    }
    struct hull inner;
    enum status status = chains_of(ctx, p, few, m, false, NULL, &inner);
    if (status != STATUS_OK)
        return status;
    struct side sides[EXTREMES];
    for (size_t k = 0; k < inner.n; k++) {
        struct point a = p->at[inner.at[k]], b = p->at[inner.at[(k + 1) % inner.n]];
        sides[k] = (struct side){a.x, a.y, b.x - a.x, b.y - a.y};
    }
    *n = 0;
    for (size_t i = 0; i < p->n; i++) {
        kept[*n] = (uint32_t)i;
        *n += inner.n < 3 || !surely_inside(sides, inner.n, p->at[i].x, p->at[i].y);
    }
    return STATUS_OK;
}

enum status hull_of(struct ctx *ctx, const struct points *points, bool keep, struct trace *trace, struct hull *out) {
    size_t n = points->n;
    uint32_t *kept = NULL;
    if (!trace && n > 64) {
        kept = ctx_alloc(ctx, n, sizeof *kept);
        if (!kept)
            return STATUS_NO_MEMORY;
        enum status status = drop_inside(ctx, points, kept, &n);
        if (status != STATUS_OK)
            return status;
        if (ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return chains_of(ctx, points, kept, n, keep, trace, out);
}

/* difference is a - b and what rounding took from it. */
static inline double difference(double a, double b, double *rest) {
    double d = a - b, c = a - d;
    *rest = (a - (d + c)) + (c - b);
    return d;
}

/* cross of (a - o) and (b - o) with twice the precision. */
static double cross_of(struct point o, struct point a, struct point b) {
    double axl, ayl, bxl, byl;
    double ax = difference(a.x, o.x, &axl), ay = difference(a.y, o.y, &ayl);
    double bx = difference(b.x, o.x, &bxl), by = difference(b.y, o.y, &byl);
    double p = ax * by, q = ay * bx, rest;
    double d = difference(p, q, &rest);
    rest += fma(ax, by, -p) - fma(ay, bx, -q);
    return d + (rest + ((ax * byl + axl * by) - (ay * bxl + ayl * bx)));
}

double hull_area(const struct points *points, const struct hull *hull) {
    struct point most = {0, 0};
    for (size_t i = 0; i < hull->n; i++) {
        struct point p = points->at[hull->at[i]];
        most = (struct point){fmax(most.x, fabs(p.x)), fmax(most.y, fabs(p.y))};
    }
    struct units units = points_units(&most, 1);
    struct point first = {0, 0}, last = first;
    double sum = 0, lost = 0; /* Neumaier's sum; no term is negative */
    for (size_t i = 0; i < hull->n; i++) {
        struct point p = point_in_units(points->at[hull->at[i]], units);
        if (i == 0)
            first = p;
        double term = i < 2 ? 0 : cross_of(first, last, p), next = sum + term;
        lost += sum >= term ? (sum - next) + term : (term - next) + sum;
        sum = next, last = p;
    }
    return ldexp((sum + lost) / 2, units.x + units.y);
}
