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

/* The filter works on runs of points, which threads may share out; what is found in them is put together in order. */
enum { RUN = 1 << 14 };

struct filter {
    const struct point *at;
    size_t n;
    uint32_t (*found)[EXTREMES]; /* of each run */
    struct side sides[EXTREMES];
    size_t n_sides;
    bool equal; /* all points are: there is one extreme point, and least and greatest coordinates are not rounded */
    double x0, y0, x1, y1; /* a box that lies in the polygon of the extreme points; empty where x0 >= x1 */
    uint32_t *kept;        /* [n]; each run writes from its own place on */
    size_t *n_kept;        /* of each run */
};

static inline size_t run_end(const struct filter *f, size_t run) {
    return (run + 1) * RUN < f->n ? (run + 1) * RUN : f->n;
}

static inline void directions(struct point p, double value[EXTREMES]) {
    const double all[EXTREMES] = {-p.x, p.x, -p.y, p.y, -p.x - p.y, p.x + p.y, p.x - p.y, p.y - p.x};
    memcpy(value, all, sizeof all);
}

/* run_extremes finds the points that are farthest in eight directions, the first of equal ones; rounding may miss one,
 * which costs nothing but speed. Blocks that hold nothing farther are told by their maxima, without branches. */
static void run_extremes(void *arg, size_t run) {
    enum { BLOCK = 64 };
    const struct filter *f = arg;
    uint32_t *found = f->found[run];
    size_t end = run_end(f, run);
    double best[EXTREMES], value[EXTREMES];
    for (int k = 0; k < EXTREMES; k++)
        best[k] = -INFINITY, found[k] = (uint32_t)(run * RUN);
    for (size_t i = run * RUN, to; i < end; i = to) {
        to = i + BLOCK < end ? i + BLOCK : end;
        double most[EXTREMES];
        memcpy(most, best, sizeof most);
        for (size_t j = i; j < to; j++) {
            directions(f->at[j], value);
            for (int k = 0; k < EXTREMES; k++)
                most[k] = value[k] > most[k] ? value[k] : most[k];
        }
        for (int k = 0; k < EXTREMES; k++)
            for (size_t j = i; most[k] > best[k] && j < to; j++) {
                directions(f->at[j], value);
                if (value[k] == most[k])
                    best[k] = most[k], found[k] = (uint32_t)j;
            }
    }
}

/* extremes puts those of the runs together. */
static void extremes(const struct filter *f, uint32_t found[EXTREMES]) {
    double best[EXTREMES], value[EXTREMES];
    for (int k = 0; k < EXTREMES; k++)
        best[k] = -INFINITY, found[k] = 0;
    for (size_t run = 0; run * RUN < f->n; run++)
        for (int k = 0; k < EXTREMES; k++) {
            directions(f->at[f->found[run][k]], value);
            if (value[k] > best[k])
                best[k] = value[k], found[k] = f->found[run][k];
        }
}

static inline bool surely_inside(const struct side *sides, size_t n, double x, double y) {
    for (size_t k = 0; k < n; k++) {
        double left = (x - sides[k].x) * sides[k].dy, right = (y - sides[k].y) * sides[k].dx;
        if (!(right - left > 0x1p-50 * (fabs(left) + fabs(right)) + 0x1p-1000))
            return false;
    }
    return n > 2;
}

static void run_filter(void *arg, size_t run) {
    const struct filter *f = arg;
    const double x0 = f->x0, y0 = f->y0, x1 = f->x1, y1 = f->y1;
    uint32_t *kept = f->kept + run * RUN;
    size_t n = 0, end = run_end(f, run);
    for (size_t i = run * RUN; i < end; i++) {
        double x = f->at[i].x, y = f->at[i].y;
        if ((x > x0) & (x < x1) & (y > y0) & (y < y1))
            continue;
        kept[n] = (uint32_t)i;
        n += !surely_inside(f->sides, f->n_sides, x, y);
    }
    f->n_kept[run] = n;
}

/* ascending copies the different ones of the extreme points, ascending; their number is returned. */
static size_t ascending(const uint32_t found[EXTREMES], uint32_t few[EXTREMES]) {
    size_t m = 0;
    for (int k = 0; k < EXTREMES; k++) {
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
    return m;
}

/* set_polygon takes the hull of the extreme points, and the box between the four that are farthest along the diagonals:
 * below it, for instance, is the line from the south-western one to the south-eastern. */
static enum status set_polygon(struct ctx *ctx, const struct points *p, struct filter *f) {
    uint32_t found[EXTREMES], few[EXTREMES];
    extremes(f, found);
    struct hull inner;
    enum status status = chains_of(ctx, p, few, ascending(found, few), false, NULL, &inner);
    if (status != STATUS_OK)
        return status;
    f->equal = inner.n == 1;
    f->n_sides = inner.n > 2 ? inner.n : 0;
    for (size_t k = 0; k < f->n_sides; k++) {
        struct point a = p->at[inner.at[k]], b = p->at[inner.at[(k + 1) % inner.n]];
        f->sides[k] = (struct side){a.x, a.y, b.x - a.x, b.y - a.y};
    }
    struct point sw = p->at[found[4]], ne = p->at[found[5]], se = p->at[found[6]], nw = p->at[found[7]];
    f->x0 = fmax(sw.x, nw.x), f->x1 = fmin(se.x, ne.x);
    f->y0 = fmax(sw.y, se.y), f->y1 = fmin(nw.y, ne.y);
    return STATUS_OK;
}

/* drop_inside writes the indices of the points that may be on the hull; *n gets their number. */
static enum status drop_inside(struct ctx *ctx, const struct points *p, uint32_t *kept, size_t *n) {
    size_t runs = (p->n + RUN - 1) / RUN;
    struct filter f = {.at = p->at, .n = p->n, .kept = kept};
    f.found = ctx_alloc(ctx, runs, sizeof *f.found);
    f.n_kept = ctx_alloc(ctx, runs, sizeof *f.n_kept);
    if (!f.found || !f.n_kept)
        return STATUS_NO_MEMORY;
    parallel_for(ctx, runs, run_extremes, &f);
    enum status status = set_polygon(ctx, p, &f);
    if (status != STATUS_OK)
        return status;
    if (f.equal) {
        kept[0] = 0, *n = 1;
        return STATUS_OK;
    }
    parallel_for(ctx, runs, run_filter, &f);
    *n = 0;
    for (size_t run = 0; run < runs; run++) {
        memmove(kept + *n, kept + run * RUN, f.n_kept[run] * sizeof *kept);
        *n += f.n_kept[run];
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
