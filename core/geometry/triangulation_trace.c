#include "core/geometry/plane_trace.h"

enum { NONE = UINT16_MAX };

/* The triangles there are: left[a * n + b] is the third corner of the one to the left of the way from a to b. */
struct mesh {
    const struct point *at;
    uint16_t *left;
    size_t n;
};

static enum status mesh_begin(struct ctx *ctx, const struct points *points, struct mesh *m) {
    *m = (struct mesh){points->at, ctx_alloc(ctx, points->n * points->n, sizeof *m->left), points->n};
    if (m->left)
        memset(m->left, 0xff, m->n * m->n * sizeof *m->left);
    return m->left ? STATUS_OK : STATUS_NO_MEMORY;
}

static uint16_t left_of(const struct mesh *m, size_t a, size_t b) { return m->left[a * m->n + b]; }

static void put(const struct mesh *m, size_t a, size_t b, size_t c) {
    m->left[a * m->n + b] = (uint16_t)c;
    m->left[b * m->n + c] = (uint16_t)a;
    m->left[c * m->n + a] = (uint16_t)b;
}

static int turn(const struct mesh *m, size_t a, size_t b, size_t c) {
    return point_turn(&m->at[a], &m->at[b], &m->at[c]);
}

/* What Lawson's algorithm has beside the triangles. */
struct lawson {
    struct ctx *ctx;
    struct trace *t;
    struct mesh mesh;
    uint16_t *next, *last; /* around the hull, counter-clockwise */
    uint16_t (*stack)[2];  /* edges a, b that the new point, to the right of them, may see through */
};

static void triangle(struct lawson *l, size_t a, size_t b, size_t c) {
    put(&l->mesh, a, b, c);
    trace_add(l->t, "triangle", TRACE_AT((int64_t)a, (int64_t)b, (int64_t)c), NULL, TRACE_NO_VARS);
}

static int circle_sign(const struct mesh *m, size_t a, size_t b, size_t c, size_t d) {
    return point_in_circle(&m->at[a], &m->at[b], &m->at[c], &m->at[d]);
}

/* flip puts the diagonal b, d into a, b, c, d in place of a, c. */
static void flip(struct lawson *l, size_t a, size_t b, size_t c, size_t d, int sign) {
    l->mesh.left[a * l->mesh.n + c] = l->mesh.left[c * l->mesh.n + a] = NONE;
    put(&l->mesh, a, b, d);
    put(&l->mesh, b, c, d);
    trace_add(l->t, "flip", TRACE_AT((int64_t)a, (int64_t)b, (int64_t)c, (int64_t)d), NULL,
              TRACE_VARS({"sign", trace_int(sign)}));
}

static void push(struct lawson *l, size_t *n, size_t a, size_t b) {
    l->stack[*n][0] = (uint16_t)a;
    l->stack[(*n)++][1] = (uint16_t)b;
}

/* legalize flips the edges around the new point p, from a, b on, until no circle holds it. Each edge of the ring around
 * p is put on the stack once, so that it holds at most n. */
static void legalize(struct lawson *l, size_t p, size_t a, size_t b) {
    size_t n = 0;
    push(l, &n, a, b);
    while (n > 0) {
        a = l->stack[--n][0], b = l->stack[n][1];
        size_t c = left_of(&l->mesh, a, b);
        if (c == NONE || circle_sign(&l->mesh, a, b, c, p) <= 0)
            continue;
        flip(l, a, p, b, c, 1);
        push(l, &n, a, c);
        push(l, &n, c, b);
    }
}

static void link_hull(struct lawson *l, size_t a, size_t b) { l->next[a] = (uint16_t)b, l->last[b] = (uint16_t)a; }

/* first_triangles joins p to the line that all points before it are on: order[0 .. n-1]. */
static void first_triangles(struct lawson *l, const uint32_t *order, size_t n, size_t p) {
    bool left = turn(&l->mesh, order[0], order[1], p) > 0;
    for (size_t i = 0; i + 1 < n; i++) {
        size_t a = order[left ? i : i + 1], b = order[left ? i + 1 : i];
        triangle(l, a, b, p);
        link_hull(l, a, b);
    }
    link_hull(l, order[left ? n - 1 : 0], p);
    link_hull(l, p, order[left ? 0 : n - 1]);
}

/* join joins p, which lies beyond all, to the edges of the hull that it sees; `newest` is an end of one of them. */
static void join(struct lawson *l, size_t p, size_t newest) {
    size_t from = newest, to = newest;
    while (turn(&l->mesh, l->last[from], from, p) < 0)
        from = l->last[from];
    while (turn(&l->mesh, to, l->next[to], p) < 0)
        to = l->next[to];
    for (size_t a = from, b; a != to; a = b) {
        b = l->next[a];
        triangle(l, a, p, b);
        legalize(l, p, a, b);
    }
    link_hull(l, from, p);
    link_hull(l, p, to);
}

/* insert_all. order: without repeats. */
static enum status insert_all(struct lawson *l, const uint32_t *order, size_t n) {
    size_t on_line = 0; /* all until then are on one line */
    for (size_t k = 0; k < n; k++) {
        trace_add(l->t, "insert", TRACE_AT(order[k]), NULL, TRACE_NO_VARS);
        if (ctx_stop(l->ctx) != STOP_NONE)
            return ctx_stopped(l->ctx);
        if (on_line != k)
            join(l, order[k], order[k - 1]);
        else if (k < 2 || turn(&l->mesh, order[0], order[1], order[k]) == 0)
            on_line++;
        else
            first_triangles(l, order, k, order[k]);
    }
    return STATUS_OK;
}

/* bring_in flips, among points on one circle, until there is an edge from u to v: that which lies across at u goes. */
static bool bring_in(struct lawson *l, size_t u, size_t v) {
    const struct mesh *m = &l->mesh;
    while (left_of(m, u, v) == NONE && left_of(m, v, u) == NONE) {
        size_t x = 0, y = NONE;
        for (; x < m->n; x++)
            if ((y = left_of(m, u, x)) != NONE && turn(m, u, x, v) > 0 && turn(m, u, v, y) > 0)
                break;
        size_t z = x < m->n ? left_of(m, y, x) : NONE;
        if (z == NONE || circle_sign(m, u, x, y, z) != 0)
            return false;
        flip(l, x, z, y, u, 0);
    }
    return true;
}

static enum status lawson_begin(struct ctx *ctx, const struct points *points, struct trace *t, struct lawson *l) {
    *l = (struct lawson){.ctx = ctx,
                         .t = t,
                         .next = ctx_alloc(ctx, points->n, sizeof *l->next),
                         .last = ctx_alloc(ctx, points->n, sizeof *l->last),
                         .stack = ctx_alloc(ctx, points->n + 1, sizeof *l->stack)};
    return l->next && l->last && l->stack ? mesh_begin(ctx, points, &l->mesh) : STATUS_NO_MEMORY;
}

enum status delaunay_trace(struct ctx *ctx, const struct points *points, const struct triangulation *out,
                           struct trace *t) {
    struct lawson l;
    uint32_t *order;
    size_t n = 0;
    enum status status = lawson_begin(ctx, points, t, &l);
    if (status == STATUS_OK)
        status = points_order(ctx, points->at, NULL, points->n, &order);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < points->n; i++)
        if (n == 0 || !point_equal(points->at[order[i]], points->at[order[n - 1]]))
            order[n++] = order[i];
    status = insert_all(&l, order, n);
    for (size_t i = 0; status == STATUS_OK && i < 3 * out->n; i++) {
        const int64_t *corner = out->at + i / 3 * 3;
        if (!bring_in(&l, (size_t)corner[i % 3], (size_t)corner[(i + 1) % 3]))
            return ctx_fail(ctx, STATUS_INTERNAL, "", "The steps do not lead to the triangles; this is our error.");
    }
    return status == STATUS_OK ? trace_end(t) : status;
}

/* The outline that is left while ears are cut off: a list of corners, counter-clockwise. */
struct outline {
    struct trace *t;
    struct mesh mesh; /* the answer's triangles */
    uint16_t *next, *last;
    size_t first, left; /* a corner; how many there are */
};

/* outline_of links the corners of the ring, which are those of the answer, in the direction of the triangles. */
static enum status outline_of(struct ctx *ctx, const struct rings *rings, struct outline *o) {
    struct rings clean;
    size_t **from;
    enum status status = rings_clean(ctx, rings, &clean, &from);
    if (status != STATUS_OK)
        return status;
    const size_t *corner = from[0], n = clean.ring[0].n;
    o->next = ctx_alloc(ctx, rings->ring[0].n, sizeof *o->next);
    o->last = ctx_alloc(ctx, rings->ring[0].n, sizeof *o->last);
    if (!o->next || !o->last)
        return STATUS_NO_MEMORY;
    bool forward = left_of(&o->mesh, corner[0], corner[1]) != NONE;
    for (size_t i = 0; i < n; i++) {
        uint16_t a = (uint16_t)corner[i], b = (uint16_t)corner[i + 1 < n ? i + 1 : 0];
        o->next[forward ? a : b] = forward ? b : a;
        o->last[forward ? b : a] = forward ? a : b;
    }
    o->first = corner[0], o->left = n;
    return STATUS_OK;
}

/* in_the_way finds a corner in the triangle of a, b, c, its sides included; NONE: it is an ear. */
static size_t in_the_way(const struct outline *o, size_t a, size_t b, size_t c) {
    const struct mesh *m = &o->mesh;
    for (size_t i = o->next[c]; i != a; i = o->next[i])
        if (turn(m, a, b, i) >= 0 && turn(m, b, c, i) >= 0 && turn(m, c, a, i) >= 0)
            return i;
    return NONE;
}

static void note_refusal(const struct outline *o, const int64_t corner[3]) {
    size_t way = NONE;
    if (o->t->total < o->t->max_steps) /* else it is only counted */
        way = in_the_way(o, (size_t)corner[0], (size_t)corner[1], (size_t)corner[2]);
    const int64_t at[4] = {corner[0], corner[1], corner[2], (int64_t)way};
    trace_add(o->t, way == NONE ? "pass" : "blocked", at, way == NONE ? 3 : 4, NULL, TRACE_NO_VARS);
}

/* look at corner i; true: it was an ear of the answer, and is gone. */
static bool look(struct outline *o, size_t i) {
    uint16_t a = o->last[i], c = o->next[i];
    const int64_t at[3] = {a, (int64_t)i, c};
    int sign = turn(&o->mesh, a, i, c);
    trace_add(o->t, "look", at, 3, NULL, TRACE_VARS({"turn", trace_int(sign)}));
    if (sign <= 0)
        return false;
    if (left_of(&o->mesh, a, i) != c) {
        note_refusal(o, at);
        return false;
    }
    trace_add(o->t, "ear", at, 3, NULL, TRACE_NO_VARS);
    o->next[a] = c, o->last[c] = a;
    o->left--;
    return true;
}

enum status ears_trace(struct ctx *ctx, const struct rings *rings, const struct polygon_triangles *out,
                       struct trace *t) {
    struct outline o = {.t = t};
    const struct points points = {(const struct point *)(const void *)rings->ring[0].xy, rings->ring[0].n};
    enum status status = mesh_begin(ctx, &points, &o.mesh);
    for (size_t i = 0; status == STATUS_OK && i < out->n; i++)
        put(&o.mesh, (size_t)out->at[3 * i], (size_t)out->at[3 * i + 1], (size_t)out->at[3 * i + 2]);
    if (status == STATUS_OK)
        status = outline_of(ctx, rings, &o);
    size_t refused = 0;
    for (size_t i = o.first; status == STATUS_OK && o.left > 2; i = o.next[i]) {
        refused = look(&o, i) ? 0 : refused + 1;
        if (refused > o.left)
            return ctx_fail(ctx, STATUS_INTERNAL, "", "The triangles have no ear to cut; this is our error.");
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
    }
    return status == STATUS_OK ? trace_end(t) : status;
}
