/* How a graph comes to multiply bfloat16: whoever makes the input of a product rounds it. Where nobody else reads a value,
 * and what makes it can, it is bfloat16 in memory; else a node rounds it beside, once for all convolutions. */
#include <string.h>

#include "core/nn/graph_parts.h"
#include "core/tensor/norm.h"

/* rounded: the node wants its input in bfloat16. What winograd.h transforms is rounded there, and only then. */
static bool rounded(const struct graph *g, const struct node *node) {
    return node->op == OP_CONV && !graph_by_winograd(g, node, true);
}

/* reads: the node reads the value as it is. */
static bool reads(const struct graph *g, const struct node *node, int value) {
    bool any = !rounded(g, node) && node->in[0] == value;
    for (int k = 1; k < NODE_INPUTS; k++)
        any |= node->in[k] == value;
    return any;
}

/* rounds: what the node gives, it can give as bfloat16. */
static bool rounds(const struct node *node, const struct value_place *out) {
    return node->op == OP_CONV || node->op == OP_GROUP_NORM || node->op == OP_UPSAMPLE ||
           (node->op == OP_LAYER_NORM && out->channels <= LAYER_HALF_MAX);
}

static bool factor_alone(const struct graph *g, int value) {
    bool made = false;
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (reads(g, &g->nodes[i], value))
            return false;
        made |= g->nodes[i].out == value && rounds(&g->nodes[i], &g->values[value]);
    }
    return made;
}

/* framed: zeros are wanted around a value by those who want it rounded, or by those who do not. */
static bool framed(const struct graph *g, int value, bool half) {
    bool any = false;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct node *node = &g->nodes[i];
        any |= node->op == OP_CONV && node->in[0] == value && node->conv.kernel > 1 && !conv_patches(&node->conv) &&
               rounded(g, node) == half;
    }
    return any;
}

/* The graph's lists as they will be. */
struct halved {
    struct node *nodes;
    size_t n_nodes, n_early;
    int *beside; /* [values] the rounded value beside each; GRAPH_NONE */
};

/* round_beside adds the node that rounds a value, right before its first reader: it lives no longer than it must. */
static int round_beside(struct graph *g, struct halved *h, int value, bool early) {
    struct value_place *from = &g->values[value], *to = &g->values[g->n_values];
    *to = (struct value_place){
        .height = from->height, .width = from->width, .channels = from->channels, .early = early, .half = true};
    to->border = framed(g, value, true);
    from->border = framed(g, value, false);
    h->nodes[h->n_nodes++] = (struct node){.op = OP_HALVE,
                                           .in = {value, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE},
                                           .out = (int)g->n_values,
                                           .scratch = GRAPH_NONE,
                                           .weight = GRAPH_NONE,
                                           .bias = GRAPH_NONE};
    h->n_early += early;
    return (int)g->n_values++;
}

static void take(struct graph *g, struct halved *h, const struct node *node, bool early) {
    struct node taken = *node;
    const int value = node->in[0];
    if (rounded(g, node) && !g->values[value].half) {
        if (h->beside[value] < 0)
            h->beside[value] = round_beside(g, h, value, early);
        taken.in[0] = h->beside[value];
    }
    h->nodes[h->n_nodes++] = taken;
    h->n_early += early;
}

/* grow_values makes room for a rounded value beside each. */
static bool grow_values(struct graph *g) {
    struct value_place *values = ctx_zalloc(g->ctx, 2 * g->n_values, sizeof *values);
    if (!values)
        return false;
    memcpy(values, g->values, g->n_values * sizeof *values);
    g->values = values;
    g->max_values = 2 * g->n_values;
    return true;
}

enum status graph_halve_products(struct graph *g, const struct half_kernels *half) {
    struct halved h = {.nodes = ctx_alloc(g->ctx, g->n_nodes + g->n_values, sizeof *h.nodes),
                       .beside = ctx_alloc(g->ctx, g->n_values, sizeof *h.beside)};
    const size_t values = g->n_values, early = g->n_early;
    g->failed |= !h.nodes || !h.beside || !grow_values(g);
    if (g->failed)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < values; i++) {
        h.beside[i] = GRAPH_NONE;
        for (size_t k = 0; k < g->n_nodes && !g->values[i].half; k++)
            g->values[i].half = g->nodes[k].in[0] == (int)i && rounded(g, &g->nodes[k]) && factor_alone(g, (int)i);
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        take(g, &h, &g->nodes[i], i < early);
    g->nodes = h.nodes;
    g->n_nodes = h.n_nodes;
    g->max_nodes = g->n_nodes;
    g->n_early = h.n_early;
    g->half = half;
    graph_measure(g);
    graph_place(g);
    return g->failed ? STATUS_NO_MEMORY : STATUS_OK;
}
