#include "core/nn/gradient.h"

#include <string.h>

#include "core/nn/gradient_parts.h"
#include "core/tensor/attention_backward.h"

/* What a node adds is added last; a convolution's matrix comes after all that reads the derivative by its output. */
const int gradient_order[NODE_INPUTS] = {3, 2, 1, 0};

enum {
    PIECE_WEIGHTS = 1 << 15,
    PIECE_WORK = 1 << 21
}; /* weights, and multiply-adds an image, that are worth a piece */

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

static int add_value(struct graph *g, size_t floats, const struct value_place *like) {
    struct value_place *v = &g->values[g->n_values];
    *v = like ? *like : (struct value_place){.floats = floats};
    v->border = false;
    return (int)g->n_values++;
}

/* keep finds room for what a node keeps. */
static void keep(struct gradient *g, struct node *node, struct step *step) {
    struct graph *f = &g->forward;
    const struct value_place *out = node->out >= 0 ? &f->values[node->out] : NULL;
    step->keep = GRAPH_NONE;
    if (node->op == OP_CONV && (node->conv.activation != ACTIVATION_NONE || node->in[3] >= 0))
        step->keep = add_value(f, 0, out);
    if (node->op == OP_GROUP_NORM || node->op == OP_LAYER_NORM)
        step->keep = add_value(f, gradient_norm_keeps(node, out), NULL);
    if (node->op == OP_GROUP_NORM)
        node->statistics = add_value(f, 2 * node->norm.groups, NULL);
    if (node->op == OP_ATTENTION)
        step->keep = add_value(
            f, attention_backward_scratch(f->kernels, out->height * out->width, out->channels / node->heads), NULL);
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
    size_t weights = g->forward.parameters[node->weight].n, work = weights * out->height * out->width;
    size_t wanted = weights / PIECE_WEIGHTS + work / PIECE_WORK + 1;
    return wanted < *rows ? wanted : *rows;
}

static enum status cut(struct ctx *ctx, struct gradient *g) {
    size_t n = 0, rows;
    for (size_t i = 0; i < g->forward.n_nodes; i++)
        n += pieces_of(g, i, &rows);
    g->pieces = ctx_alloc(ctx, n, sizeof *g->pieces);
    if (!g->pieces)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < g->forward.n_nodes; i++) {
        size_t parts = pieces_of(g, i, &rows);
        for (size_t k = 0; k < parts; k++)
            g->pieces[g->n_pieces++] = (struct piece){i, rows * k / parts, rows * (k + 1) / parts};
    }
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
        status = gradient_conv_new(ctx, g, i);
    }
    if (status == STATUS_OK)
        status = refuse_bordered(ctx, g);
    return status == STATUS_OK ? cut(ctx, g) : status;
}

enum status gradient_new(struct ctx *ctx, const struct graph *graph, size_t images, struct gradient **out) {
    struct gradient *g = ctx_zalloc(ctx, 1, sizeof *g);
    if (!g || !copy_graph(ctx, graph, &g->forward, 2 * graph->n_nodes) || !copy_graph(ctx, graph, &g->backward, 0))
        return STATUS_NO_MEMORY;
    enum status status = refuse_shared(ctx, g);
    if (status == STATUS_OK)
        status = plan(ctx, g);
    if (status != STATUS_OK)
        return status;
    lay(&g->forward);
    lay(&g->backward);
    g->values = ctx_alloc(ctx, images * g->forward.floats, sizeof *g->values);
    g->slopes = ctx_alloc(ctx, images * g->backward.floats, sizeof *g->slopes);
    *out = g;
    return g->values && g->slopes ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- Running -- */

struct walk {
    struct gradient *g;
    struct ctx serial; /* what a body may use: no threads, no memory */
    const float *d_out;
    float *out, *by;
    unsigned wanted;
    gradient_compare *compare; /* between the ways */
    void *self;
};

static size_t floats_of(const struct graph *g, int value) {
    return g->values[value].height * g->values[value].width * g->values[value].channels;
}

static int output_of(const struct gradient *g) { return g->forward.nodes[g->forward.n_nodes - 1].in[0]; }

/* share_of is how many images a body takes. It decides nothing about the bits. */
static size_t share_of(const struct ctx *ctx, const struct gradient *g) {
    enum {
        BODIES = 4,
        FLOATS = 1 << 20
    }; /* bodies a thread; numbers that stay in caches while a layer reads weights */
    size_t threads = ctx->parallel ? ctx->parallel->threads : 1;
    size_t share = g->images / (BODIES * threads), most = FLOATS / (g->forward.floats + 1);
    share = share < most ? share : most;
    size_t rows = g->forward.kernels->rows;
    share = share > rows ? share / rows * rows : share;
    return share ? share : 1;
}

static struct run run_of(struct walk *w, const struct graph *g, float *workspace, size_t first, size_t images) {
    return (struct run){.ctx = &w->serial,
                        .g = g,
                        .images = images,
                        .total = w->g->images,
                        .first = first,
                        .in = &w->g->in,
                        .workspace = workspace};
}

static void forward_part(void *arg, size_t part) {
    struct walk w = *(struct walk *)arg;
    const struct gradient *g = w.g;
    size_t first = part * g->share, images = g->images - first < g->share ? g->images - first : g->share;
    struct graph_in in = g->in;
    in.x += first * floats_of(&g->forward, g->input);
    in.times = in.times ? in.times + first : NULL;
    in.classes = in.classes ? in.classes + first : NULL;
    struct run r = run_of(&w, &g->forward, g->values, first, images);
    r.in = &in;
    r.out = w.out + first * floats_of(&g->forward, output_of(g));
    for (size_t i = 0; i < g->forward.n_nodes && ctx_stop(&w.serial) == STOP_NONE; i++)
        if (g->forward.nodes[i].op == OP_CONV)
            gradient_conv_forward(&r, &g->forward.nodes[i], &g->steps[i]);
        else
            graph_run_node(&r, &g->forward.nodes[i]);
}

static void each_part(struct ctx *ctx, struct walk *w, size_t n, void (*body)(void *arg, size_t i)) {
    w->serial = (struct ctx){.stop = ctx->stop, .isa = ctx->isa};
    parallel_for(ctx, n, body, w);
}

static size_t parts_of(const struct walk *w) { return (w->g->images + w->g->share - 1) / w->g->share; }

static void pack_forward(void *arg, size_t i) {
    const struct walk *w = arg;
    if (w->g->forward.nodes[i].op == OP_CONV)
        gradient_pack_forward(w->g, i);
}

static void begin(struct ctx *ctx, struct gradient *g, const float *weights, size_t images, const struct graph_in *in) {
    g->images = images;
    g->in = *in;
    g->share = share_of(ctx, g);
    if (!weights)
        return;
    g->weights = weights;
    for (size_t i = 0; i < g->forward.n_parameters; i++)
        g->forward.parameters[i].values = (float *)(uintptr_t)(weights + g->offset[i]);
    g->packed = false;
}

void gradient_forward(struct ctx *ctx, struct gradient *g, const float *weights, size_t images,
                      const struct graph_in *in, float *out) {
    struct walk w = {.g = g, .out = out};
    begin(ctx, g, weights, images, in);
    if (weights)
        each_part(ctx, &w, g->forward.n_nodes, pack_forward);
    each_part(ctx, &w, parts_of(&w), forward_part);
}

/* -- Backwards -- */

static void gradient_input(const struct pass *p, const struct node *node, const struct step *step) {
    (void)p, (void)node, (void)step;
}

static gradient_node *const OPERATIONS[] = {
    [OP_INPUT] = gradient_input,
    [OP_CONV] = gradient_conv,
    [OP_GROUP_NORM] = gradient_group_norm,
    [OP_LAYER_NORM] = gradient_layer_norm,
    [OP_ATTENTION] = gradient_attention,
    [OP_CONCAT] = gradient_concat,
    [OP_SLICE] = gradient_slice,
    [OP_UNPATCH] = gradient_unpatch,
    [OP_UPSAMPLE] = gradient_upsample,
    [OP_POOL] = gradient_pool,
    [OP_AFFINE] = gradient_affine,
    [OP_OVER_TIME] = gradient_affine,
    [OP_ACTIVATION] = gradient_activation,
    [OP_SINUSOIDS] = gradient_input,
    [OP_FOURIER] = gradient_input,
    [OP_EMBEDDING] = gradient_input,
    [OP_ADD] = gradient_plus,
    [OP_MULTIPLY] = gradient_multiply,
};

static void move_in(const struct pass *p, const float *d_out) {
    int value = output_of(p->g);
    const struct value_place *v = &p->g->forward.values[value];
    struct places d = graph_places(&p->d, value);
    size_t line = v->width * v->channels;
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            memcpy(d.data + i * d.image_step + y * d.row_step, d_out + (i * v->height + y) * line,
                   line * sizeof *d_out);
}

static void move_out(const struct pass *p, float *by_input) {
    const struct value_place *v = &p->g->forward.values[p->g->input];
    struct places d = graph_places(&p->d, p->g->input);
    size_t line = v->width * v->channels;
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            memcpy(by_input + (i * v->height + y) * line, d.data + i * d.image_step + y * d.row_step,
                   line * sizeof *by_input);
}

static struct pass pass_of(struct walk *w, size_t first, size_t images) {
    return (struct pass){.g = w->g,
                         .v = run_of(w, &w->g->forward, w->g->values, first, images),
                         .d = run_of(w, &w->g->backward, w->g->slopes, first, images),
                         .wanted = w->wanted};
}

static void backward_part(void *arg, size_t part) {
    struct walk w = *(struct walk *)arg;
    const struct gradient *g = w.g;
    size_t first = part * g->share, images = g->images - first < g->share ? g->images - first : g->share;
    struct pass p = pass_of(&w, first, images);
    struct graph_in in = g->in;
    in.times = in.times ? in.times + first : NULL;
    p.v.in = &in;
    move_in(&p, w.d_out + first * floats_of(&g->forward, output_of(g)));
    for (size_t i = g->forward.n_nodes - 1; i-- > 0 && ctx_stop(&w.serial) == STOP_NONE;) {
        const struct node *node = &g->forward.nodes[i];
        if (g->steps[i].alive && (g->needs[node->out] & w.wanted))
            OPERATIONS[node->op](&p, node, &g->steps[i]);
    }
    if (w.wanted == BY_INPUT)
        move_out(&p, w.by + first * floats_of(&g->forward, g->input));
}

static void embedding_weights(const struct pass *p, const struct node *node, float *to) {
    const struct parameter *w = &p->g->forward.parameters[node->weight];
    struct places d = graph_places(&p->d, node->out);
    for (size_t i = 0; i < p->d.images; i++) {
        size_t row = graph_row(&p->v, node, i);
        p->g->forward.kernels->backward->scale(w->shape[1], 1, d.data + i * d.image_step, true, to + row * w->shape[1]);
    }
}

static void weights_part(void *arg, size_t i) {
    struct walk w = *(struct walk *)arg;
    const struct piece *piece = &w.g->pieces[i];
    const struct node *node = &w.g->forward.nodes[piece->node];
    const struct pass p = pass_of(&w, 0, w.g->images);
    if (node->op == OP_CONV)
        gradient_conv_weights(&p, piece, w.by);
    else if (node->op == OP_EMBEDDING)
        embedding_weights(&p, node, w.by + w.g->offset[node->weight]);
    else
        gradient_norm_weights(&p, node, &w.g->steps[piece->node], w.by);
}

static void pack_backward(void *arg, size_t i) {
    const struct walk *w = arg;
    if (w->g->forward.nodes[i].op == OP_CONV && w->g->needs[w->g->forward.nodes[i].in[0]])
        gradient_pack_backward(w->g, i);
}

static void backward(struct ctx *ctx, struct walk *w) {
    if (!w->g->packed)
        each_part(ctx, w, w->g->forward.n_nodes, pack_backward);
    w->g->packed = true;
    each_part(ctx, w, parts_of(w), backward_part);
}

void gradient_backward(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_weights) {
    struct walk w = {.g = g, .d_out = d_out, .by = by_weights, .wanted = BY_WEIGHTS};
    memset(by_weights, 0, gradient_numbers(&g->forward) * sizeof *by_weights);
    backward(ctx, &w);
    each_part(ctx, &w, g->n_pieces, weights_part);
}

static void pack_both(void *arg, size_t i) {
    pack_forward(arg, i);
    pack_backward(arg, i);
}

static void step_part(void *arg, size_t part) {
    const struct walk *w = arg;
    size_t first = part * w->g->share, left = w->g->images - first;
    forward_part(arg, part);
    w->compare(w->self, first, left < w->g->share ? left : w->g->share);
    backward_part(arg, part);
}

void gradient_step(struct ctx *ctx, struct gradient *g, const float *weights, size_t images, const struct graph_in *in,
                   float *out, gradient_compare *compare, void *self, const float *d_out, float *by_weights) {
    struct walk w = {
        .g = g, .d_out = d_out, .out = out, .by = by_weights, .wanted = BY_WEIGHTS, .compare = compare, .self = self};
    begin(ctx, g, weights, images, in);
    memset(by_weights, 0, gradient_numbers(&g->forward) * sizeof *by_weights);
    each_part(ctx, &w, g->forward.n_nodes, pack_both);
    g->packed = true;
    each_part(ctx, &w, parts_of(&w), step_part);
    each_part(ctx, &w, g->n_pieces, weights_part);
}

void gradient_by_input(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_input) {
    struct walk w = {.g = g, .d_out = d_out, .by = by_input, .wanted = BY_INPUT};
    backward(ctx, &w);
}
