#include "core/geometry/locate.h"

#include "core/geometry/locate_grid.h"
#include "core/geometry/predicates.h"

#include <string.h>

enum { FEW_POINTS = 8, POLL = 1 << 14, CHUNK = 1 << 12 };

const char *const location_names[] = {"inside", "boundary", "outside", NULL};

/* An edge upwards: x0, y0 is its lower end. */
struct rise {
    double low[2], high[2];
};

/* A piece of a height that belongs to the boundary: a vertex, or a level edge. */
struct level {
    double y, x0, x1;
};

struct index {
    struct ctx *ctx;
    size_t n_edges, n_levels, n_heights, n_rises, leaves;
    struct level *levels; /* by y, then x; apart from each other */
    double *heights;      /* ascending, distinct */
    struct rise *rises;
    uint32_t *start, *list; /* node k has rises list[start[k] .. start[k+1]-1] */
    bool *crossed;          /* the node's rises are not in order */
    struct grid grid;       /* cells hold locations, where all of them is there */
    const double *points;
    unsigned char *location;
    size_t n_points;
};

static const double *next_point(const struct ring *ring, size_t i) {
    return ring->xy + (i + 1 < ring->n ? 2 * i + 2 : 0);
}

/* Plain. */

static bool on_level(const double *p, const double *q, const double *at) {
    return p[1] == at[1] && q[1] == at[1] && (p[0] <= at[0] || q[0] <= at[0]) && (p[0] >= at[0] || q[0] >= at[0]);
}

enum location locate_plain(const struct rings *rings, const double at[2]) {
    bool inside = false;
    for (size_t r = 0; r < rings->n; r++)
        for (size_t i = 0; i < rings->ring[r].n; i++) {
            const double *p = rings->ring[r].xy + 2 * i, *q = next_point(&rings->ring[r], i);
            if (on_level(p, q, at) || (p[0] == at[0] && p[1] == at[1]))
                return LOCATION_BOUNDARY;
            if ((p[1] <= at[1]) == (q[1] <= at[1]))
                continue;
            int side = p[1] < q[1] ? orient2d(p, q, at) : orient2d(q, p, at);
            if (side == 0)
                return LOCATION_BOUNDARY;
            inside ^= side > 0; /* crossings to the right */
        }
    return inside ? LOCATION_INSIDE : LOCATION_OUTSIDE;
}

/* Building. Merge sort with a comparison of two elements, so that nothing depends on the C library's qsort. */

typedef bool (*goes_after)(const void *self, const void *a, const void *b);

static void merge_sort(char *a, char *other, size_t n, size_t size, goes_after after, const void *self) {
    if (n < 2)
        return;
    size_t half = n / 2, i = 0, j = half;
    merge_sort(a, other, half, size, after, self);
    merge_sort(a + half * size, other, n - half, size, after, self);
    memcpy(other, a, n * size);
    for (size_t k = 0; k < n; k++) {
        bool right = i == half || (j < n && after(self, other + i * size, other + j * size));
        memcpy(a + k * size, other + (right ? j++ : i++) * size, size);
    }
}

static bool level_after(const void *self, const void *a, const void *b) {
    (void)self;
    const struct level *s = a, *t = b;
    return s->y > t->y || (s->y == t->y && s->x0 > t->x0);
}

/* merge_levels joins those that meet, and lists the heights. */
static void merge_levels(struct index *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct level l = x->levels[i], *last = x->n_levels ? &x->levels[x->n_levels - 1] : NULL;
        if (last && last->y == l.y && l.x0 <= last->x1) {
            last->x1 = l.x1 > last->x1 ? l.x1 : last->x1;
            continue;
        }
        if (!last || last->y != l.y)
            x->heights[x->n_heights++] = l.y;
        x->levels[x->n_levels++] = l;
    }
}

static void add_edge(struct index *x, size_t at, const double *p, const double *q) {
    bool flat = p[1] == q[1];
    x->levels[at] = (struct level){p[1], flat && q[0] < p[0] ? q[0] : p[0], flat && q[0] > p[0] ? q[0] : p[0]};
    if (flat)
        return;
    const double *low = p[1] < q[1] ? p : q, *high = p[1] < q[1] ? q : p;
    x->rises[x->n_rises++] = (struct rise){{low[0], low[1]}, {high[0], high[1]}};
}

static enum status collect(struct index *x, const struct rings *rings) {
    for (size_t r = 0; r < rings->n; r++)
        x->n_edges += rings->ring[r].n;
    if (x->n_edges >= (size_t)1 << 31)
        return ctx_fail(x->ctx, STATUS_TOO_LARGE, "/polygon", "There are %zu edges, want fewer than 2^31.", x->n_edges);
    x->levels = ctx_alloc(x->ctx, x->n_edges, sizeof *x->levels);
    x->heights = ctx_alloc(x->ctx, x->n_edges, sizeof *x->heights);
    x->rises = ctx_alloc(x->ctx, x->n_edges, sizeof *x->rises);
    if (!x->levels || !x->heights || !x->rises)
        return STATUS_NO_MEMORY;
    for (size_t r = 0, k = 0; r < rings->n; r++)
        for (size_t i = 0; i < rings->ring[r].n; i++)
            add_edge(x, k++, rings->ring[r].xy + 2 * i, next_point(&rings->ring[r], i));
    struct ctx_mark mark = ctx_mark(x->ctx);
    void *other = ctx_alloc(x->ctx, x->n_edges, sizeof *x->levels);
    if (!other)
        return STATUS_NO_MEMORY;
    merge_sort((char *)x->levels, other, x->n_edges, sizeof *x->levels, level_after, NULL);
    ctx_rewind(x->ctx, mark);
    merge_levels(x, x->n_edges);
    return STATUS_OK;
}

/* height_at is the last height at or below y; SIZE_MAX: y is below all. */
static size_t height_at(const struct index *x, double y) {
    const double *low = x->heights;
    if (y < *low)
        return SIZE_MAX;
    for (size_t n = x->n_heights; n > 1; n -= n / 2) /* no branches to guess */
        low += low[n / 2] <= y ? n / 2 : 0;
    return (size_t)(low - x->heights);
}

/* The leaves of a rise: from, and to without that one. */
struct reach {
    uint32_t from, to;
};

/* each_node counts (list NULL) or lists the nodes that together are the heights of rise k. */
static void each_node(struct index *x, uint32_t k, struct reach reach, uint32_t *count, uint32_t *list) {
    size_t l = reach.from + x->leaves, r = reach.to + x->leaves;
    for (; l < r; l /= 2, r /= 2) {
        size_t at[2], n = 0;
        if (l & 1)
            at[n++] = l++;
        if (r & 1)
            at[n++] = --r;
        for (size_t i = 0; i < n; i++) {
            if (list)
                list[count[at[i]]] = k;
            count[at[i]]++;
        }
    }
}

/* lies_right: whether f is nowhere left of e, at the heights that both have. They do so too where they cross. */
static bool lies_right(const struct rise *e, const struct rise *f) {
    if (orient2d(e->low, e->high, f->low) <= 0 && orient2d(e->low, e->high, f->high) <= 0)
        return true;
    return orient2d(f->low, f->high, e->low) >= 0 && orient2d(f->low, f->high, e->high) >= 0;
}

static bool rise_after(const void *self, const void *a, const void *b) {
    const struct rise *rises = self;
    const struct rise *e = &rises[*(const uint32_t *)a], *f = &rises[*(const uint32_t *)b];
    return !lies_right(e, f) && lies_right(f, e);
}

/* A rise where it crosses the middle of a node's heights, rounded. */
struct crossing {
    double x;
    uint32_t rise;
};

static bool crossing_after(const void *self, const void *a, const void *b) {
    (void)self;
    return ((const struct crossing *)a)->x > ((const struct crossing *)b)->x;
}

/* node_middle is a height within node k: between its first and its last, where there are two. */
static double node_middle(const struct index *x, size_t k) {
    size_t from = k, to = k + 1; /* leaves, once they are as great */
    while (from < x->leaves)
        from *= 2, to *= 2;
    from -= x->leaves, to -= x->leaves;
    to = to < x->n_heights ? to : x->n_heights - 1;
    return x->heights[from] / 2 + x->heights[to] / 2;
}

/* sort_about sorts the rises of node k by where they are about. */
static void sort_about(struct index *x, size_t k, struct crossing *at, struct crossing *other) {
    uint32_t *list = x->list + x->start[k];
    size_t n = x->start[k + 1] - x->start[k];
    double y = n > 1 ? node_middle(x, k) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct rise *e = &x->rises[list[i]];
        double t = (y / 2 - e->low[1] / 2) / (e->high[1] / 2 - e->low[1] / 2);
        at[i] = (struct crossing){(1 - t) * e->low[0] + t * e->high[0], list[i]};
    }
    merge_sort((char *)at, (char *)other, n, sizeof *at, crossing_after, NULL);
    for (size_t i = 0; i < n; i++)
        list[i] = at[i].rise;
}

/* in_order: neighbours are in order everywhere, and so all are. */
static bool in_order(const struct index *x, const uint32_t *list, size_t n) {
    for (size_t i = 0; i + 1 < n; i++)
        if (!lies_right(&x->rises[list[i]], &x->rises[list[i + 1]]))
            return false;
    return true;
}

/* sort_nodes sorts by rounded places; where these were wrong, exactly. */
static enum status sort_nodes(struct index *x) {
    uint32_t *other = ctx_alloc(x->ctx, x->n_rises, sizeof *other);
    struct crossing *at = ctx_alloc(x->ctx, x->n_rises, 2 * sizeof *at);
    if (!other || !at)
        return STATUS_NO_MEMORY;
    for (size_t k = 1; k < 2 * x->leaves; k++) {
        uint32_t *list = x->list + x->start[k];
        size_t n = x->start[k + 1] - x->start[k];
        if ((n > POLL || k % POLL == 0) && ctx_stop(x->ctx) != STOP_NONE)
            return ctx_stopped(x->ctx);
        sort_about(x, k, at, at + x->n_rises);
        if (in_order(x, list, n))
            continue;
        merge_sort((char *)list, (char *)other, n, sizeof *list, rise_after, x->rises);
        x->crossed[k] = !in_order(x, list, n);
    }
    return STATUS_OK;
}

static enum status build(struct index *x, const struct rings *rings) {
    enum status status = collect(x, rings);
    if (status != STATUS_OK)
        return status;
    for (x->leaves = 1; x->leaves < x->n_heights; x->leaves *= 2)
        ;
    x->start = ctx_zalloc(x->ctx, 2 * x->leaves + 1, sizeof *x->start);
    x->crossed = ctx_zalloc(x->ctx, 2 * x->leaves, sizeof *x->crossed);
    uint32_t *fill = ctx_alloc(x->ctx, 2 * x->leaves + 1, sizeof *fill);
    struct reach *reach = ctx_alloc(x->ctx, x->n_rises, sizeof *reach);
    if (!x->start || !x->crossed || !fill || !reach)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < x->n_rises; k++) {
        const struct rise *e = &x->rises[k];
        reach[k] = (struct reach){(uint32_t)height_at(x, e->low[1]), (uint32_t)height_at(x, e->high[1])};
        each_node(x, (uint32_t)k, reach[k], x->start + 1, NULL);
    }
    uint64_t total = 0;
    for (size_t k = 1; k <= 2 * x->leaves; k++) {
        total += x->start[k];
        x->start[k] = (uint32_t)total;
    }
    if (total > UINT32_MAX)
        return ctx_fail(x->ctx, STATUS_TOO_LARGE, "/polygon", "The polygon has too many edges, of too many heights.");
    x->list = ctx_alloc(x->ctx, total, sizeof *x->list);
    if (!x->list)
        return STATUS_NO_MEMORY;
    memcpy(fill, x->start, (2 * x->leaves + 1) * sizeof *fill);
    for (size_t k = 0; k < x->n_rises; k++)
        each_node(x, (uint32_t)k, reach[k], fill, x->list);
    return sort_nodes(x);
}

/* Asking. */

static bool on_a_level(const struct index *x, const double at[2]) {
    size_t low = 0, n = x->n_levels; /* the first that ends at or right of the point, or lies above */
    while (n > 0) {
        size_t half = n / 2;
        const struct level *l = &x->levels[low + half];
        if (l->y < at[1] || (l->y == at[1] && l->x1 < at[0]))
            low += half + 1, n -= half + 1;
        else
            n = half;
    }
    return low < x->n_levels && x->levels[low].y == at[1] && x->levels[low].x0 <= at[0];
}

/* side_of is orient2d of a rise and a point between its heights; a point beside its box needs no products. */
static int side_of(const struct rise *e, const double at[2]) {
    if (at[0] < e->low[0] && at[0] < e->high[0])
        return 1;
    if (at[0] > e->low[0] && at[0] > e->high[0])
        return -1;
    return orient2d(e->low, e->high, at);
}

/* left_of counts the node's rises left of the point; true where one goes through it. */
static bool left_of(const struct index *x, size_t node, const double at[2], size_t *left) {
    const uint32_t *list = x->list + x->start[node];
    size_t n = x->start[node + 1] - x->start[node], low = 0;
    while (!x->crossed[node] && n > 0) {
        size_t half = n / 2;
        const struct rise *e = &x->rises[list[low + half]];
        int side = side_of(e, at);
        if (side == 0)
            return true;
        if (side < 0)
            low += half + 1, n -= half + 1;
        else
            n = half;
    }
    *left += low;
    for (size_t i = 0; i < n; i++) {
        const struct rise *e = &x->rises[list[i]];
        int side = side_of(e, at);
        if (side == 0)
            return true;
        *left += side < 0;
    }
    return false;
}

static enum location locate_one(const struct index *x, const double at[2]) {
    size_t height = height_at(x, at[1]), left = 0;
    if (height == SIZE_MAX || at[1] > x->heights[x->n_heights - 1])
        return LOCATION_OUTSIDE;
    if (x->heights[height] == at[1] && on_a_level(x, at))
        return LOCATION_BOUNDARY;
    for (size_t node = height + x->leaves; node >= 1; node /= 2)
        if (left_of(x, node, at, &left))
            return LOCATION_BOUNDARY;
    return left % 2 ? LOCATION_INSIDE : LOCATION_OUTSIDE;
}

/* label_row finds where the cells of a row are that no edge touches: neighbours are where the one before is. */
static void label_row(void *arg, size_t row) {
    struct index *x = arg;
    unsigned char *cells = x->grid.cells + row * x->grid.side, last = GRID_TOUCHED;
    for (size_t column = 0; column < x->grid.side && ctx_stop(x->ctx) == STOP_NONE; column++) {
        double at[2];
        if (cells[column] != GRID_TOUCHED && last != GRID_TOUCHED)
            cells[column] = last;
        else if (cells[column] != GRID_TOUCHED && grid_middle(&x->grid, column, row, at))
            cells[column] = (unsigned char)locate_one(x, at);
        else
            cells[column] = GRID_TOUCHED;
        last = cells[column];
    }
}

/* locate_in_grid asks the cell of the point first. */
static unsigned char locate_in_grid(const struct index *x, const double at[2]) {
    const struct grid *g = &x->grid;
    if (g->side == 0)
        return (unsigned char)locate_one(x, at);
    if (!(at[0] >= g->low[0] && at[0] <= g->high[0] && at[1] >= g->low[1] && at[1] <= g->high[1]))
        return LOCATION_OUTSIDE;
    unsigned char cell = g->cells[grid_place(g, 1, at[1]) * g->side + grid_place(g, 0, at[0])];
    return cell != GRID_TOUCHED ? cell : (unsigned char)locate_one(x, at);
}

/* locate_chunk: points do not know of each other, so threads may share them out. */
static void locate_chunk(void *arg, size_t chunk) {
    const struct index *x = arg;
    size_t end = (chunk + 1) * CHUNK < x->n_points ? (chunk + 1) * CHUNK : x->n_points;
    for (size_t i = chunk * CHUNK; i < end && ctx_stop(x->ctx) == STOP_NONE; i++)
        x->location[i] = locate_in_grid(x, x->points + 2 * i);
}

enum status locate_points(struct ctx *ctx, const struct rings *rings, const double *points, size_t n,
                          unsigned char *location) {
    if (n < FEW_POINTS) {
        for (size_t i = 0; i < n; i++)
            location[i] = (unsigned char)locate_plain(rings, points + 2 * i);
        return STATUS_OK;
    }
    struct index x = {.ctx = ctx};
    enum status status = build(&x, rings);
    if (status == STATUS_OK)
        status = grid_touch(ctx, rings, n, &x.grid);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, x.grid.side, label_row, &x);
    x.points = points, x.location = location, x.n_points = n;
    parallel_for(ctx, (n + CHUNK - 1) / CHUNK, locate_chunk, &x);
    return ctx_stop(ctx) != STOP_NONE ? ctx_stopped(ctx) : STATUS_OK;
}
