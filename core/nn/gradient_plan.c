#include <string.h>

#include "core/nn/gradient_parts.h"
#include "core/tensor/attention_backward.h"

/* What a node adds is added last; a convolution's matrix comes after all that reads the derivative by its output. */
const int gradient_order[NODE_INPUTS] = {3, 2, 1, 0};

/* Weights, those of images that have one pixel, and multiply-adds an image, that are worth a piece; rows that outer takes
 * at a time. */
enum { PIECE_WEIGHTS = 1 << 15, PIECE_LINEAR = 1 << 12, PIECE_WORK = 1 << 21, PIECE_ROWS = 8 };

size_t gradient_numbers(const struct graph *graph) {
    size_t n = 0;
    for (size_t i = 0; i < graph->n_parameters; i++)
        n += graph->parameters[i].n;
    return n;
}

/* -- The plan -- */

/* trains says whether the derivative by the parameters of a node is wanted. */
static bool trains(const struct node *node) { return node->weight >= 0 && node->op != OP_FOURIER; }

static void find_needs(struct gradient *g) {
    for (size_t i = 0; i < g->forward.n_nodes; i++) {
        const struct node *node = &g->forward.nodes[i];
        if (node->out < 0)
            continue;
        unsigned char *needs = &g->needs[node->out];
        *needs |= (trains(node) ? BY_WEIGHTS : 0) | (node->op == OP_INPUT ? BY_INPUT : 0);
        for (int k = 0; k < NODE_INPUTS; k++)
            *needs |= node->in[k] >= 0 ? g->needs[node->in[k]] : 0;
        if (node->op == OP_INPUT)
            g->input = node->out;
    }
}

/* find_order walks backwards as a pass will: begun[value] says that its derivative has begun. */
static void find_order(struct gradient *g, bool *begun) {
    for (size_t i = g->forward.n_nodes; i-- > 0;) {
        const struct node *node = &g->forward.nodes[i];
        struct step *step = &g->steps[i];
        step->alive = node->op == OP_OUTPUT || begun[node->out];
        for (int k = 0; k < NODE_INPUTS && step->alive; k++) {
            int value = node->in[gradient_order[k]];
            if (value < 0)
                continue;
            step->add[gradient_order[k]] = begun[value];
            begun[value] = true;
        }
    }
}

static int add_value(struct graph *g, struct value_place v) {
    g->values[g->n_values] = v;
    return (int)g->n_values++;
}

static int add_floats(struct graph *g, size_t floats) { return add_value(g, (struct value_place){.floats = floats}); }

/* add_rounded adds a value for another one's numbers, with its border: as bfloat16, or as float32 that binary16 has. */
static int add_rounded(struct graph *g, int value, enum gradient_dtype dtype) {
    struct value_place v = g->values[value];
    v.half = dtype == GRADIENT_BF16;
    v.constant = NULL;
    return add_value(g, v);
}

/* add_bare adds a value of another one's shape without a border. */
static int add_bare(struct graph *g, int value) {
    struct value_place v = g->values[value];
    v.border = false;
    return add_value(g, v);
}

/* keep finds room for what a node keeps. */
static void keep(struct gradient *g, struct node *node, struct step *step) {
    struct graph *f = &g->forward;
    step->keep = step->narrow = GRAPH_NONE;
    if (node->out < 0) /* that of the graph */
        return;
    if (node->op == OP_CONV && (node->conv.activation != ACTIVATION_NONE || node->in[3] >= 0))
        step->keep = add_bare(f, node->out);
    if (node->op == OP_CONV && g->dtype != GRADIENT_F32)
        step->narrow = add_rounded(f, node->in[0], g->dtype);
    const struct value_place *out = &f->values[node->out];
    if (node->op == OP_GROUP_NORM || node->op == OP_LAYER_NORM)
        step->keep = add_floats(f, gradient_norm_keeps(node, out));
    if (node->op == OP_GROUP_NORM)
        node->statistics = add_floats(f, 2 * node->norm.groups);
    if (node->op == OP_ATTENTION)
        step->keep = add_floats(
            f, attention_backward_scratch(f->kernels, out->height * out->width, out->channels / node->heads));
}

/* lay gives each value a place of its own, measured anew: it may have another border than in the graph. */
static void lay(struct graph *g) {
    for (size_t i = 0; i < g->n_values; i++)
        g->values[i].floats = g->values[i].height ? 0 : g->values[i].floats;
    graph_measure(g);
    g->floats = 0;
    for (size_t i = 0; i < g->n_values; i++) {
        g->values[i].at = g->floats;
        g->floats += g->values[i].floats;
    }
}

static bool all_points(const struct graph *g) {
    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].height * g->values[i].width > 1)
            return false;
    return true;
}

static enum status refuse_shared(struct ctx *ctx, struct gradient *g) {
    for (size_t i = 0; i < g->forward.n_parameters; i++) {
        size_t users = 0;
        for (size_t k = 0; k < g->forward.n_nodes; k++)
            users += g->forward.nodes[k].weight == (int)i || g->forward.nodes[k].bias == (int)i;
        if (users > 1)
            return ctx_fail(ctx, STATUS_INVALID, "",
                            "The parameter %s is shared by %zu operations, which has no derivative here.",
                            g->forward.parameters[i].name, users);
    }
    return STATUS_OK;
}

/* refuse_bordered: the derivatives by q, k and v lie without a border, that by what a convolution gave does not. */
static enum status refuse_bordered(struct ctx *ctx, const struct gradient *g) {
    for (size_t i = 0; i < g->forward.n_nodes; i++)
        for (int k = 0; k < NODE_INPUTS && g->forward.nodes[i].op == OP_ATTENTION; k++)
            if (g->forward.nodes[i].in[k] >= 0 && g->backward.values[g->forward.nodes[i].in[k]].border)
                return ctx_fail(ctx, STATUS_INVALID, "",
                                "An attention over a convolution of more than 1x1 has no derivative here.");
    return STATUS_OK;
}

static void *copy(struct ctx *ctx, const void *list, size_t n, size_t room, size_t size) {
    void *to = ctx_zalloc(ctx, room, size);
    if (to && n)
        memcpy(to, list, n * size);
    return to;
}

static bool copy_graph(struct ctx *ctx, const struct graph *from, struct graph *to, size_t more_values) {
    *to = *from;
    to->ctx = NULL;
    to->nodes = copy(ctx, from->nodes, from->n_nodes, from->n_nodes, sizeof *from->nodes);
    to->values = copy(ctx, from->values, from->n_values, from->n_values + more_values, sizeof *from->values);
    to->parameters = copy(ctx, from->parameters, from->n_parameters, from->n_parameters, sizeof *from->parameters);
    return to->nodes && to->values && to->parameters;
}

/* plain_slopes: derivatives have no border yet, and those by constants are values like others. */
static void plain_slopes(struct gradient *g) {
    for (size_t i = 0; i < g->backward.n_values; i++) {
        g->backward.values[i].border = false;
        g->backward.values[i].constant = NULL;
    }
}

/* -- Pieces of the weights' gradient -- */

static size_t pieces_of(const struct gradient *g, size_t i, size_t *rows) {
    const struct node *node = &g->forward.nodes[i];
    *rows = node->op == OP_CONV ? gradient_conv_rows(node, &g->steps[i]) : 1;
    if (!g->steps[i].alive || !trains(node))
        return 0;
    if (node->op != OP_CONV)
        return 1;
    const struct value_place *out = &g->forward.values[node->out];
    size_t weights = g->forward.parameters[node->weight].n, pixels = out->height * out->width;
    size_t wanted = weights / (pixels > 1 ? PIECE_WEIGHTS : PIECE_LINEAR) + weights * pixels / PIECE_WORK + 1;
    size_t most = (*rows + PIECE_ROWS - 1) / PIECE_ROWS;
    return wanted < most ? wanted : most;
}

/* cut_at is where part k of so many rows begins: where all rows are whole tiles before it. */
static size_t cut_at(size_t rows, size_t k, size_t parts) {
    return k < parts ? rows / PIECE_ROWS * k / parts * PIECE_ROWS : rows;
}

static void cut_node(struct gradient *g, size_t i) {
    const struct node *node = &g->forward.nodes[i];
    size_t rows, parts = pieces_of(g, i, &rows);
    for (size_t k = 0; k < parts; k++)
        g->pieces[g->n_pieces++] = (struct piece){i, cut_at(rows, k, parts), cut_at(rows, k + 1, parts)};
    if (parts) {
        g->made.pieces[node->weight] = parts;
        if (node->bias >= 0) /* the first of them writes it */
            g->made.pieces[node->bias] = 1;
    }
}

static enum status cut(struct ctx *ctx, struct gradient *g) {
    const size_t parameters = g->forward.n_parameters;
    size_t n = 0, rows;
    for (size_t i = 0; i < g->forward.n_nodes; i++)
        n += pieces_of(g, i, &rows);
    g->pieces = ctx_alloc(ctx, n, sizeof *g->pieces);
    g->made.pieces = ctx_zalloc(ctx, parameters, sizeof *g->made.pieces);
    g->made.left = ctx_zalloc(ctx, parameters, sizeof *g->made.left);
    if (!g->pieces || !g->made.pieces || !g->made.left)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < parameters; i++)
        for (size_t k = 0; k < g->forward.n_nodes; k++)
            if (g->forward.nodes[k].weight == (int)i)
                cut_node(g, k);
    return STATUS_OK;
}

/* -- Making -- */

static enum status plan(struct ctx *ctx, struct gradient *g) {
    size_t n = g->forward.n_nodes, values = g->forward.n_values;
    g->steps = ctx_zalloc(ctx, n, sizeof *g->steps);
    g->needs = ctx_zalloc(ctx, values, sizeof *g->needs);
    g->offset = ctx_zalloc(ctx, g->forward.n_parameters, sizeof *g->offset);
    bool *begun = ctx_zalloc(ctx, values, sizeof *begun);
    if (!g->steps || !g->needs || !g->offset || !begun)
        return STATUS_NO_MEMORY;
    for (size_t i = 1; i < g->forward.n_parameters; i++)
        g->offset[i] = g->offset[i - 1] + g->forward.parameters[i - 1].n;
    find_needs(g);
    find_order(g, begun);
    plain_slopes(g);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        struct node *node = &g->forward.nodes[i];
        keep(g, node, &g->steps[i]);
        if (node->op != OP_CONV)
            continue;
        g->backward.values[node->out].border = node->conv.kernel > 1;
        if (g->dtype == GRADIENT_BF16)
            g->steps[i].d_narrow = add_rounded(&g->backward, node->out, g->dtype);
        status = gradient_conv_new(ctx, g, i);
    }
    if (status == STATUS_OK)
        status = refuse_bordered(ctx, g);
    return status == STATUS_OK ? cut(ctx, g) : status;
}

enum status gradient_new(struct ctx *ctx, const struct graph *graph, size_t images, struct gradient **out) {
    return gradient_new_rounded(ctx, graph, images, GRADIENT_F32, out);
}

enum status gradient_new_rounded(struct ctx *ctx, const struct graph *graph, size_t images, enum gradient_dtype dtype,
                                 struct gradient **out) {
    struct gradient *g = ctx_zalloc(ctx, 1, sizeof *g);
    if (!g || !copy_graph(ctx, graph, &g->forward, 3 * graph->n_nodes) ||
        !copy_graph(ctx, graph, &g->backward, graph->n_nodes))
        return STATUS_NO_MEMORY;
    g->dtype = dtype;
    g->forward.half = g->backward.half = dtype == GRADIENT_BF16 ? half_kernels_for(ctx->isa) : NULL;
    enum status status = refuse_shared(ctx, g);
    if (status == STATUS_OK)
        status = plan(ctx, g);
    if (status != STATUS_OK)
        return status;
    g->points = all_points(&g->forward);
    lay(&g->forward);
    lay(&g->backward);
    g->values = ctx_alloc(ctx, images * g->forward.floats, sizeof *g->values);
    g->slopes = ctx_alloc(ctx, images * g->backward.floats, sizeof *g->slopes);
    *out = g;
    return g->values && g->slopes ? STATUS_OK : STATUS_NO_MEMORY;
}
