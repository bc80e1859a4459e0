#include "core/geometry/farthest.h"

#include "core/geometry/hull.h"

enum { LEAF = 32, CORNERS = 32, LEVELS = 32 };

/* A convex polygon around the points of a node: corners that are some of them, or of a box, rounded. */
struct node {
    const struct point *corners;
    unsigned n;
    bool box;
};

/* Node i of level l is around the points from i * (LEAF << l) on, LEAF << l of them, fewer at the end. */
struct farthest_tree {
    const struct point *at;
    size_t n;
    unsigned levels;
    struct node *nodes[LEVELS];
};

static size_t width(unsigned level) { return (size_t)LEAF << level; }
static size_t nodes_of(size_t n, unsigned level) { return (n + width(level) - 1) / width(level); }

struct farthest farthest_scan(const struct point *at, size_t from, size_t to, struct point a, struct point b) {
    struct farthest best = {0, from + 1};
    for (size_t i = from + 1; i < to; i++) {
        uint64_t rank = farthest_rank(from_segment(at[i], a, b));
        if (rank > best.rank)
            best = (struct farthest){rank, i};
    }
    return best;
}

size_t farthest_beyond(const struct farthest *far, const struct point *at, size_t from, size_t to, struct point b,
                       double limit, size_t *work) {
    uint64_t rank = farthest_rank(limit);
    if (far->rank != rank)
        return far->rank > rank ? far->at : to;
    size_t i = from + 1;
    while (i < to && !(from_segment(at[i], at[from], b) > limit))
        i++;
    *work += i - from;
    return i < to ? i : to;
}

/* box_of makes the box along the chord from the first to the last of n points. */
static void box_of(const struct point *at, size_t n, struct point *corners, struct node *node) {
    struct point o = at[0];
    double dx = at[n - 1].x - o.x, dy = at[n - 1].y - o.y, length = hypot(dx, dy);
    double ux = length > 0 ? dx / length : 1, uy = length > 0 ? dy / length : 0;
    double low[2] = {0, 0}, high[2] = {0, 0};
    for (size_t i = 1; i < n; i++) {
        double x = at[i].x - o.x, y = at[i].y - o.y;
        double along[2] = {ux * x + uy * y, ux * y - uy * x};
        for (int k = 0; k < 2; k++) {
            low[k] = along[k] < low[k] ? along[k] : low[k];
            high[k] = along[k] > high[k] ? along[k] : high[k];
        }
    }
    for (int k = 0; k < 4; k++) {
        double s = k & 1 ? high[0] : low[0], t = k & 2 ? high[1] : low[1];
        corners[k] = (struct point){o.x + ux * s - uy * t, o.y + uy * s + ux * t};
    }
    *node = (struct node){corners, 4, true};
}

/* hull_node makes the hull of up to 2 * CORNERS points; of too many corners, node->n is 0. */
static enum status hull_node(struct ctx *ctx, const struct point *at, size_t n, struct point *corners,
                             struct node *node) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct hull hull;
    enum status status = hull_of(ctx, &(struct points){at, n}, false, NULL, &hull);
    *node = (struct node){corners, 0, false};
    if (status == STATUS_OK && hull.n <= CORNERS)
        for (node->n = (unsigned)hull.n; hull.n-- > 0;)
            corners[hull.n] = at[hull.at[hull.n]];
    ctx_rewind(ctx, mark);
    return status;
}

/* join makes a node of those below it. */
static enum status join(struct ctx *ctx, const struct farthest_tree *t, unsigned level, size_t i,
                        struct point *corners) {
    const struct node *below = t->nodes[level - 1] + 2 * i;
    struct node *node = &t->nodes[level][i];
    size_t first = i * width(level), end = first + width(level) < t->n ? first + width(level) : t->n, n = 0;
    bool pair = 2 * i + 1 < nodes_of(t->n, level - 1);
    struct point all[2 * CORNERS];
    node->n = 0;
    if (!below[0].box && !(pair && below[1].box)) {
        for (int k = 0; k < 1 + pair; k++) {
            memcpy(all + n, below[k].corners, below[k].n * sizeof *all);
            n += below[k].n;
        }
        enum status status = hull_node(ctx, all, n, corners, node);
        if (status != STATUS_OK)
            return status;
    }
    if (node->n == 0)
        box_of(t->at + first, end - first, corners, node);
    return STATUS_OK;
}

static enum status build_level(struct ctx *ctx, struct farthest_tree *t, unsigned level) {
    size_t n = nodes_of(t->n, level);
    t->nodes[level] = ctx_alloc(ctx, n, sizeof(struct node));
    struct point *corners = ctx_alloc(ctx, n * CORNERS, sizeof *corners);
    enum status status = t->nodes[level] && corners ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < n; i++, corners += CORNERS) {
        size_t first = i * LEAF, left = t->n - first;
        status = ctx_stop(ctx) ? ctx_stopped(ctx)
                 : level       ? join(ctx, t, level, i, corners)
                               : hull_node(ctx, t->at + first, left < LEAF ? left : LEAF, corners, &t->nodes[0][i]);
    }
    return status;
}

enum status farthest_tree_of(struct ctx *ctx, const struct points *points, struct farthest_tree **tree) {
    struct farthest_tree *t = *tree = ctx_zalloc(ctx, 1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->at = points->at;
    t->n = points->n;
    enum status status = STATUS_OK;
    do
        status = build_level(ctx, t, t->levels++);
    while (status == STATUS_OK && nodes_of(t->n, t->levels - 1) > 1);
    return status;
}

struct search {
    const struct farthest_tree *tree;
    size_t from, to, work;
    struct point a, b;
    struct farthest best;
};

static double size_of(struct point p) { return fabs(p.x) + fabs(p.y); }

/* beyond gives a rank that no point of a node passes. The distances of points and corners are off by a few 2^-53 of the
 * distances that go into them, the corners of a box by as much of their coordinates. */
static uint64_t beyond(struct search *s, const struct node *node) {
    double most = 0, far = size_of((struct point){s->b.x - s->a.x, s->b.y - s->a.y});
    for (unsigned k = 0; k < node->n; k++) {
        struct point c = node->corners[k];
        double square = from_segment(c, s->a, s->b), reach = size_of((struct point){c.x - s->a.x, c.y - s->a.y});
        reach += node->box ? size_of(c) + size_of(s->a) : 0;
        most = square > most ? square : most;
        far = reach > far ? reach : far;
    }
    s->work += node->n;
    double bound = sqrt(most) + 0x1p-49 * far;
    return farthest_rank(bound * bound);
}

static bool may_win(const struct search *s, uint64_t rank, size_t first) {
    return rank > s->best.rank || (rank == s->best.rank && first < s->best.at);
}

/* visit looks into a node; the half that promises more comes first, the left one of equal ones. */
static void visit(struct search *s, unsigned level, size_t i, uint64_t rank) {
    const struct farthest_tree *t = s->tree;
    size_t first = i * width(level), last = first + width(level);
    if (last <= s->from + 1 || first >= s->to || !may_win(s, rank, first))
        return;
    if (level == 0) {
        size_t from = first > s->from ? first - 1 : s->from, to = last < s->to ? last : s->to;
        struct farthest found = farthest_scan(t->at, first == 0 ? s->from : from, to, s->a, s->b);
        s->work += LEAF;
        if (may_win(s, found.rank, found.at))
            s->best = found;
        return;
    }
    const struct node *below = t->nodes[level - 1] + 2 * i;
    uint64_t left = beyond(s, &below[0]);
    if (2 * i + 1 == nodes_of(t->n, level - 1)) {
        visit(s, level - 1, 2 * i, left);
        return;
    }
    uint64_t right = beyond(s, &below[1]);
    bool turned = right > left;
    visit(s, level - 1, 2 * i + turned, turned ? right : left);
    visit(s, level - 1, 2 * i + !turned, turned ? left : right);
}

struct farthest farthest_find(const struct farthest_tree *tree, size_t from, size_t to, struct point a, struct point b,
                              size_t *work) {
    struct search s = {.tree = tree, .from = from, .to = to, .a = a, .b = b, .best = {0, from + 1}};
    visit(&s, tree->levels - 1, 0, UINT64_MAX);
    *work += s.work;
    return s.best;
}
