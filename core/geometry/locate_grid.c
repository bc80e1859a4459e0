#include "core/geometry/locate_grid.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDE = 512, LEAST_SIDE = 16 };

static const double SPARE = 0.01; /* of a cell */

/* set_box; false where the products of grid_place could overflow or lose digits. */
static bool set_box(const struct rings *rings, struct grid *g) {
    for (int axis = 0; axis < 2; axis++) {
        g->low[axis] = INFINITY, g->high[axis] = -INFINITY;
        for (size_t r = 0; r < rings->n; r++)
            for (size_t i = 0; i < rings->ring[r].n; i++) {
                double x = rings->ring[r].xy[2 * i + (size_t)axis];
                g->low[axis] = x < g->low[axis] ? x : g->low[axis];
                g->high[axis] = x > g->high[axis] ? x : g->high[axis];
            }
        double size = g->high[axis] - g->low[axis];
        if (!(size > 1e-250 && size < 1e250))
            return false;
    }
    return true;
}

static size_t clamped(const struct grid *g, double cells) {
    return cells <= 0 ? 0 : cells < (double)g->side ? (size_t)cells : g->side - 1;
}

/* mark_row marks the cells of a row from x to y, in cells; their number is returned. */
static size_t mark_row(struct grid *g, size_t row, double x, double y) {
    size_t from = clamped(g, (x < y ? x : y) - SPARE), to = clamped(g, (x < y ? y : x) + SPARE);
    memset(g->cells + row * g->side + from, GRID_TOUCHED, to - from + 1);
    return to - from + 1;
}

static double within(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }

/* mark_edge; the number of cells is returned. */
static size_t mark_edge(struct grid *g, const double *p, const double *q) {
    const double *low = p[1] < q[1] ? p : q, *high = p[1] < q[1] ? q : p;
    double x0 = (low[0] - g->low[0]) * g->scale[0], y0 = (low[1] - g->low[1]) * g->scale[1];
    double x1 = (high[0] - g->low[0]) * g->scale[0], y1 = (high[1] - g->low[1]) * g->scale[1];
    size_t from = clamped(g, y0 - SPARE), to = clamped(g, y1 + SPARE), marked = 0;
    for (size_t row = from; row <= to; row++) {
        /* An edge of a few rows may be all but level: then it has all of its columns in each. */
        bool whole = y1 - y0 < 1;
        double t0 = whole ? 0 : within(((double)row - SPARE - y0) / (y1 - y0));
        double t1 = whole ? 1 : within(((double)row + 1 + SPARE - y0) / (y1 - y0));
        marked += mark_row(g, row, x0 + t0 * (x1 - x0), x0 + t1 * (x1 - x0));
    }
    return marked;
}

/* mark_all is false where it took more than `most` steps. */
static bool mark_all(struct grid *g, const struct rings *rings, size_t most) {
    size_t marked = 0;
    memset(g->cells, 0, g->side * g->side);
    for (int axis = 0; axis < 2; axis++)
        g->scale[axis] = (double)g->side / (g->high[axis] - g->low[axis]);
    for (size_t r = 0; r < rings->n; r++)
        for (size_t i = 0; i < rings->ring[r].n; i++) {
            const struct ring *ring = &rings->ring[r];
            marked += mark_edge(g, ring->xy + 2 * i, ring->xy + 2 * (i + 1 < ring->n ? i + 1 : 0));
            if (marked > most)
                return false;
        }
    return true;
}

enum status grid_touch(struct ctx *ctx, const struct rings *rings, size_t n, struct grid *out) {
    struct grid g = {0};
    const size_t cells = n / 4;
    *out = g;
    g.side = (size_t)sqrt((double)cells);
    g.side = g.side < MOST_SIDE ? g.side : MOST_SIDE;
    if (g.side < LEAST_SIDE || !set_box(rings, &g))
        return STATUS_OK;
    g.cells = ctx_alloc(ctx, g.side, g.side);
    if (!g.cells)
        return STATUS_NO_MEMORY;
    for (; g.side >= LEAST_SIDE; g.side /= 2) {
        if (ctx_stop(ctx))
            return ctx_stopped(ctx);
        if (mark_all(&g, rings, n)) {
            *out = g;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

bool grid_middle(const struct grid *g, size_t column, size_t row, double at[2]) {
    const size_t place[2] = {column, row};
    bool fits = true;
    for (int axis = 0; axis < 2; axis++) {
        at[axis] = g->low[axis] + ((double)place[axis] + 0.5) / g->scale[axis];
        fits = fits && at[axis] >= g->low[axis] && at[axis] <= g->high[axis] &&
               grid_place(g, axis, at[axis]) == place[axis];
    }
    return fits;
}
