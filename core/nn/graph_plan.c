#include <string.h>

#include "core/nn/graph_parts.h"

/* -- The order of nodes -- */

/* early: the node does not see the image, by way of any value (late[value]). */
static bool early(const struct node *node, const bool *late) {
    for (int k = 0; k < NODE_INPUTS; k++)
        if (node->in[k] >= 0 && late[node->in[k]])
            return false;
    return node->op != OP_INPUT && node->op != OP_OUTPUT;
}

/* sort_nodes moves early nodes before the others; both stay in their order. */
static void sort_nodes(struct graph *g) {
    struct node *nodes = ctx_alloc(g->ctx, g->n_nodes, sizeof *nodes);
    bool *late = ctx_zalloc(g->ctx, g->n_values, sizeof *late);
    g->failed = !nodes || !late;
    if (g->failed)
        return;
    for (int kind = 0; kind < 2; kind++) {
        size_t n = g->n_early;
        for (size_t i = 0; i < g->n_nodes; i++) {
            const struct node *node = &g->nodes[i];
            bool first = early(node, late);
            if (node->out >= 0) {
                late[node->out] = !first;
                g->values[node->out].early = first;
            }
            if (first == !kind)
                nodes[n++] = *node;
        }
        g->n_early = kind ? g->n_early : n;
    }
    g->nodes = nodes;
}

/* find_packed notes which node has each parameter packed: the first convolution that reads it. */
static void find_packed(struct graph *g) {
    g->packed_by = ctx_alloc(g->ctx, g->n_parameters, sizeof *g->packed_by);
    g->failed = !g->packed_by;
    if (g->failed)
        return;
    for (size_t i = 0; i < g->n_parameters; i++)
        g->packed_by[i] = GRAPH_NONE;
    for (size_t i = g->n_nodes; i-- > 0;)
        if (g->nodes[i].op == OP_CONV)
            g->packed_by[g->nodes[i].weight] = (int)i;
}

struct node *graph_packed_by(const struct graph *g, size_t parameter) {
    return g->packed_by[parameter] >= 0 ? &g->nodes[g->packed_by[parameter]] : NULL;
}

/* -- Where values lie -- */

static size_t greater(size_t a, size_t b) { return a > b ? a : b; }

static size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

void graph_measure(struct graph *g) {
    for (size_t i = 0; i < g->n_values; i++) {
        struct value_place *v = &g->values[i];
        size_t border = v->border ? 2 : 0, own = (v->height + border) * (v->width + border) * v->channels;
        own = v->half ? (own + 1) / 2 : own;
        v->floats = v->constant ? 0 : whole_lines(v->height ? own : v->floats);
    }
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct node *node = &g->nodes[i];
        if (node->out >= 0)
            g->values[node->out].first = g->values[node->out].last = (int)i;
        if (node->scratch >= 0)
            g->values[node->scratch].first = g->values[node->scratch].last = (int)i;
        for (int k = 0; k < NODE_INPUTS; k++)
            if (node->in[k] >= 0)
                g->values[node->in[k]].last = (int)i;
    }
}

static bool together(const struct value_place *a, const struct value_place *b) {
    return a->first <= b->last && b->first <= a->last;
}

enum { PLACINGS = 12 }; /* the UNets, DiTs and autoencoders that bench/nn knows are at the least after seven */

/* The early or the late values, which have a workspace each, in the order in which they are placed. */
struct placing {
    struct value_place *values;
    size_t n, floats; /* values; floats that they take */
    int *order;       /* [n] */
    size_t top;       /* the place in order of the one that reaches farthest */
    size_t *best;     /* [n_values] where they lie in the best placing so far */
};

/* place puts value order[i] at the lowest place that none before it has that lives at the same time: the first fit, which
 * is tried at 0 and behind each of those. */
static void place(struct placing *p, size_t i) {
    struct value_place *v = &p->values[p->order[i]];
    v->at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t k = 0; k < i; k++) {
            const struct value_place *other = &p->values[p->order[k]];
            if (v->at < other->at + other->floats && other->at < v->at + v->floats && together(v, other)) {
                v->at = other->at + other->floats;
                moved = true;
            }
        }
    }
    if (v->at + v->floats > p->floats) {
        p->floats = v->at + v->floats;
        p->top = i;
    }
}

/* rise makes the value that reaches farthest the first to be placed. */
static void rise(struct placing *p) {
    const int value = p->order[p->top];
    memmove(p->order + 1, p->order, p->top * sizeof *p->order);
    *p->order = value;
}

/* place_all finds places from 0 on, and gives how many floats they take: at first in the order in which values are made,
 * then with the one that reached farthest before all others, until no more is taken than lives at once. */
static size_t place_all(struct placing *p, size_t least) {
    size_t most = SIZE_MAX;
    for (size_t round = 0; round < PLACINGS && most > least; round++) {
        p->floats = p->top = 0;
        for (size_t i = 0; i < p->n; i++)
            place(p, i);
        for (size_t i = 0; p->floats < most && i < p->n; i++)
            p->best[p->order[i]] = p->values[p->order[i]].at;
        most = p->floats < most ? p->floats : most;
        if (p->n)
            rise(p);
    }
    return most;
}

/* most_alive is the most floats of early or late values that live while one node runs; sums[n_nodes] is room. */
static size_t most_alive(const struct graph *g, bool early, size_t *sums) {
    size_t most = 0;
    memset(sums, 0, g->n_nodes * sizeof *sums);
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value_place *v = &g->values[i];
        for (int node = v->first; v->early == early && node <= v->last; node++)
            most = greater(most, sums[node] += v->floats);
    }
    return most;
}

/* place_kind places early or late values from `at` on, and gives the floats that they take. */
static size_t place_kind(struct graph *g, bool early, size_t at, struct placing *p, size_t *sums) {
    const size_t least = most_alive(g, early, sums);
    p->n = 0;
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].early == early && g->values[i].floats)
            p->order[p->n++] = (int)i;
    const size_t floats = place_all(p, least);
    for (size_t i = 0; i < p->n; i++)
        g->values[p->order[i]].at = at + p->best[p->order[i]];
    g->memory.moment += least;
    return floats;
}

static void place_values(struct graph *g) {
    struct ctx_mark mark = ctx_mark(g->ctx);
    size_t *sums = ctx_alloc(g->ctx, g->n_nodes, sizeof *sums);
    struct placing p = {.values = g->values,
                        .order = ctx_alloc(g->ctx, g->n_values, sizeof *p.order),
                        .best = ctx_alloc(g->ctx, g->n_values, sizeof *p.best)};
    g->failed = !sums || !p.order || !p.best;
    if (g->failed)
        return;
    const size_t early = place_kind(g, true, 0, &p, sums);
    g->late_floats = place_kind(g, false, early, &p, sums);
    g->floats = early + g->late_floats;
    ctx_rewind(g->ctx, mark);
}

/* find_largest notes the two largest values. */
static void find_largest(struct graph *g) {
    size_t first = 0, second = 0;
    for (size_t i = 0; i < g->n_values; i++) {
        const size_t n = g->values[i].floats;
        second = greater(second, n < first ? n : first);
        first = greater(first, n);
    }
    g->memory.two_largest = first + second;
}

void graph_place(struct graph *g) {
    g->memory = (struct graph_memory){0};
    find_packed(g);
    find_largest(g);
    if (!g->failed)
        place_values(g);
}

void graph_plan(struct graph *g) {
    sort_nodes(g);
    if (g->failed)
        return;
    graph_measure(g);
    graph_place(g);
}
