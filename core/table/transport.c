#include "core/table/transport.h"

#include <math.h>
#include <string.h>

#include "core/table/assignment.h"

/* Invariants: flow[i][j] > 0 only where cost[i][j] = u[i] + v[j], and cost[i][j] >= u[i] + v[j] everywhere, but for
 * rounding. Sources are filled one by one, each along shortest paths in the reduced costs. */
struct transport {
    size_t n, m;
    double *cost;        /* [n][m] */
    int32_t *flow;       /* [n][m] */
    double *u, *v;       /* potentials: [n], [m] */
    int32_t *free;       /* [m] what a sink has room for */
    int32_t each;        /* what a source has to give */
    double *distance;    /* [m] of sinks from the source, in reduced costs */
    double *reached;     /* [n] of sources; infinite: not reached */
    int32_t *by;         /* [m] the source before a sink on its path */
    int32_t *from;       /* [n] the sink before a source; -1: it is the start */
    unsigned char *done; /* [m] */
};

static double cost_of(enum transport_cost kind, size_t d, const double *a, const double *b) {
    double sum = 0;
    for (size_t k = 0; k < d; k++)
        sum += kind == TRANSPORT_L1 ? fabs(a[k] - b[k]) : (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

static size_t gcd(size_t a, size_t b) { return b ? gcd(b, a % b) : a; }

static enum status begin(struct ctx *ctx, struct transport *t) {
    const size_t n = t->n, m = t->m;
    t->cost = ctx_alloc(ctx, n * m, sizeof *t->cost);
    t->flow = ctx_zalloc(ctx, n * m, sizeof *t->flow);
    t->u = ctx_zalloc(ctx, n, sizeof *t->u);
    t->v = ctx_zalloc(ctx, m, sizeof *t->v);
    t->free = ctx_alloc(ctx, m, sizeof *t->free);
    t->distance = ctx_alloc(ctx, m, sizeof *t->distance);
    t->reached = ctx_alloc(ctx, n, sizeof *t->reached);
    t->by = ctx_alloc(ctx, m, sizeof *t->by);
    t->from = ctx_alloc(ctx, n, sizeof *t->from);
    t->done = ctx_alloc(ctx, m, 1);
    if (!t->cost || !t->flow || !t->u || !t->v || !t->free || !t->distance || !t->reached || !t->by || !t->from ||
        !t->done)
        return STATUS_NO_MEMORY;
    const size_t common = gcd(n, m);
    t->each = (int32_t)(m / common);
    for (size_t j = 0; j < m; j++)
        t->free[j] = (int32_t)(n / common);
    return STATUS_OK;
}

/* start_potentials: v[j] is the least cost to sink j, so that no reduced cost is below 0. */
static void start_potentials(struct transport *t) {
    for (size_t j = 0; j < t->m; j++) {
        t->v[j] = t->cost[j];
        for (size_t i = 1; i < t->n; i++)
            t->v[j] = t->cost[i * t->m + j] < t->v[j] ? t->cost[i * t->m + j] : t->v[j];
    }
}

/* relax reaches sinks from source i. */
static void relax(struct transport *t, size_t i) {
    const double *cost = t->cost + i * t->m, at = t->reached[i] - t->u[i];
    for (size_t j = 0; j < t->m; j++) {
        double reduced = at + cost[j] - t->v[j];
        reduced = reduced < t->reached[i] ? t->reached[i] : reduced; /* rounding */
        if (!t->done[j] && reduced < t->distance[j]) {
            t->distance[j] = reduced;
            t->by[j] = (int32_t)i;
        }
    }
}

static size_t nearest(const struct transport *t) {
    size_t best = SIZE_MAX;
    for (size_t j = 0; j < t->m; j++)
        if (!t->done[j] && (best == SIZE_MAX || t->distance[j] < t->distance[best]))
            best = j;
    return best;
}

/* reach_owners: what sink j holds of another source may go elsewhere, at no reduced cost. */
static void reach_owners(struct transport *t, size_t j) {
    for (size_t i = 0; i < t->n; i++)
        if (t->flow[i * t->m + j] > 0 && isinf(t->reached[i])) {
            t->reached[i] = t->distance[j];
            t->from[i] = (int32_t)j;
            relax(t, i);
        }
}

/* shortest gives the nearest sink with room, from source s. There always is one. */
static size_t shortest(struct transport *t, size_t s) {
    for (size_t j = 0; j < t->m; j++)
        t->distance[j] = (double)INFINITY, t->done[j] = 0;
    for (size_t i = 0; i < t->n; i++)
        t->reached[i] = (double)INFINITY;
    t->reached[s] = 0;
    t->from[s] = -1;
    relax(t, s);
    for (;;) {
        size_t j = nearest(t);
        t->done[j] = 1;
        if (t->free[j] > 0)
            return j;
        reach_owners(t, j);
    }
}

/* shift_potentials keeps the invariants: all that was reached before the end moves by what it was nearer. */
static void shift_potentials(struct transport *t, size_t end) {
    const double far = t->distance[end];
    for (size_t i = 0; i < t->n; i++)
        if (t->reached[i] < far)
            t->u[i] += far - t->reached[i];
    for (size_t j = 0; j < t->m; j++)
        if (t->done[j])
            t->v[j] -= far - t->distance[j];
}

/* push sends up to `give` units along the path that ends at sink j, and returns how many. */
static int32_t push(struct transport *t, size_t end, int32_t give) {
    int32_t most = give < t->free[end] ? give : t->free[end];
    for (int32_t j = (int32_t)end, i = t->by[j]; t->from[i] >= 0; i = t->by[j]) {
        j = t->from[i];
        int32_t held = t->flow[(size_t)i * t->m + (size_t)j];
        most = most < held ? most : held;
    }
    for (int32_t j = (int32_t)end; j >= 0;) {
        int32_t i = t->by[j];
        t->flow[(size_t)i * t->m + (size_t)j] += most;
        j = t->from[i];
        if (j >= 0)
            t->flow[(size_t)i * t->m + (size_t)j] -= most;
    }
    t->free[end] -= most;
    return most;
}

static double mean_cost(const struct transport *t) {
    double sum = 0;
    for (size_t i = 0; i < t->n; i++) {
        double row = 0;
        for (size_t j = 0; j < t->m; j++)
            if (t->flow[i * t->m + j])
                row += t->flow[i * t->m + j] * t->cost[i * t->m + j];
        sum += row;
    }
    return sum / ((double)t->n * t->each);
}

static enum status fill(struct ctx *ctx, struct transport *t) {
    for (size_t s = 0; s < t->n; s++)
        for (int32_t left = t->each; left > 0;) {
            if (ctx_stop(ctx) != STOP_NONE)
                return ctx_stopped(ctx);
            size_t end = shortest(t, s);
            shift_potentials(t, end);
            left -= push(t, end, left);
        }
    return STATUS_OK;
}

static void fill_costs(enum transport_cost cost, size_t d, const double *a, size_t n, const double *b, size_t m,
                       double *to) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            to[i * m + j] = cost_of(cost, d, a + i * d, b + j * d);
}

static enum status solve(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, size_t n,
                         const double *b, size_t m, double *out) {
    struct transport t = {.n = n, .m = m};
    enum status status = begin(ctx, &t);
    if (status != STATUS_OK)
        return status;
    fill_costs(cost, d, a, n, b, m, t.cost);
    start_potentials(&t);
    status = fill(ctx, &t);
    if (status == STATUS_OK)
        *out = mean_cost(&t);
    return status;
}

/* solve_equal is for as many points on both sides: an assignment. */
static enum status solve_equal(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, const double *b,
                               size_t n, double *out) {
    uint32_t *to = ctx_alloc(ctx, n, sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    enum status status = transport_assign(ctx, cost, d, a, b, n, to);
    double sum = 0;
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        sum += cost_of(cost, d, a + i * d, b + to[i] * d);
    *out = sum / (double)n;
    return status;
}

enum status transport_cost_of(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, size_t n,
                              const double *b, size_t m, double *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = n == m ? solve_equal(ctx, cost, d, a, b, n, out) : solve(ctx, cost, d, a, n, b, m, out);
    ctx_rewind(ctx, mark);
    return status;
}

enum status transport_assign(struct ctx *ctx, enum transport_cost cost, size_t d, const double *a, const double *b,
                             size_t n, uint32_t *to) {
    struct ctx_mark mark = ctx_mark(ctx);
    double *costs = ctx_alloc(ctx, n * n, sizeof *costs);
    enum status status = costs ? STATUS_OK : STATUS_NO_MEMORY;
    if (costs) {
        fill_costs(cost, d, a, n, b, n, costs);
        status = assignment_solve(ctx, costs, n, to);
    }
    ctx_rewind(ctx, mark);
    return status;
}
