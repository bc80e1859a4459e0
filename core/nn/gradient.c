#include "core/nn/gradient.h"

#include <string.h>

#include "core/nn/gradient_parts.h"

/* -- Forwards -- */

struct walk {
    struct gradient *g;
    struct ctx serial; /* what a body may use: no threads, no memory */
    const float *d_out;
    float *out, *by;
    unsigned wanted;
    gradient_compare *compare; /* between the ways */
    void *self;
    size_t before; /* images of the rounds before this one */
    bool last;     /* this round is the last */
};

static size_t floats_of(const struct graph *g, int value) {
    return g->values[value].height * g->values[value].width * g->values[value].channels;
}

static int output_of(const struct gradient *g) { return g->forward.nodes[g->forward.n_nodes - 1].in[0]; }

/* share_of is how many images a body takes. It decides nothing about the bits. */
static size_t share_of(const struct ctx *ctx, const struct gradient *g) {
    enum {
        BODIES = 4,
        POINTS = 32,
        FLOATS = 1 << 22
    }; /* bodies a thread, or points a body; values of so many numbers at most, a layer of which stays near while it reads
        * its weights */
    const size_t threads = ctx->parallel ? ctx->parallel->threads : 1, bodies = g->points ? threads : BODIES * threads;
    size_t share = (g->images + bodies - 1) / bodies, most = FLOATS / (g->forward.floats + 1);
    if (g->points && most > POINTS)
        most = POINTS;
    share = share < most ? share : most;
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

/* images_from is the input without the images before `first`. */
static struct graph_in images_from(const struct gradient *g, const struct graph_in *in, size_t first) {
    return (struct graph_in){.x = in->x + first * floats_of(&g->forward, g->input),
                             .times = in->times ? in->times + first : NULL,
                             .classes = in->classes ? in->classes + first : NULL};
}

static void forward_part(void *arg, size_t part) {
    struct walk w = *(struct walk *)arg;
    const struct gradient *g = w.g;
    size_t first = part * g->share, images = g->images - first < g->share ? g->images - first : g->share;
    const struct graph_in in = images_from(g, &g->in, first);
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
    if (w->g->forward.nodes[i].op == OP_CONV && ctx_stop(&w->serial) == STOP_NONE)
        gradient_pack_forward(w->g, i);
}

static void take_images(const struct ctx *ctx, struct gradient *g, size_t images, const struct graph_in *in) {
    g->images = images;
    g->in = *in;
    g->share = share_of(ctx, g);
}

static void take_weights(struct gradient *g, const float *weights) {
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
    take_images(ctx, g, images, in);
    take_weights(g, weights);
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
                         .wanted = w->wanted,
                         .begins = w->before == 0,
                         .ends = w->last};
}

static void backward_part(void *arg, size_t part) {
    struct walk w = *(struct walk *)arg;
    const struct gradient *g = w.g;
    size_t first = part * g->share, images = g->images - first < g->share ? g->images - first : g->share;
    struct pass p = pass_of(&w, first, images);
    const struct graph_in in = images_from(g, &g->in, first);
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

static void embedding_weights(const struct pass *p, const struct node *node, float *by_weights) {
    const struct parameter *w = &p->g->forward.parameters[node->weight];
    struct places d = graph_places(&p->d, node->out);
    float *to = gradient_sums(p, node->weight, by_weights);
    for (size_t i = 0; i < p->d.images; i++) {
        size_t row = graph_row(&p->v, node, i);
        p->g->forward.kernels->backward->scale(w->shape[1], 1, d.data + i * d.image_step, true, to + row * w->shape[1]);
    }
}

/* -- What is final -- */

static void begin_made(struct gradient *g) {
    g->made.final = 0;
    for (size_t i = 0; i < g->forward.n_parameters; i++)
        atomic_store_explicit(&g->made.left[i], g->made.pieces[i], memory_order_relaxed);
}

/* tell_made says how many numbers are final, unless another thread does just that. */
static void tell_made(struct gradient *g) {
    struct made *m = &g->made;
    const size_t n = g->forward.n_parameters;
    if (!g->watch || atomic_flag_test_and_set_explicit(&m->telling, memory_order_acquire))
        return;
    while (m->final < n && !atomic_load_explicit(&m->left[m->final], memory_order_acquire))
        m->final++;
    g->watch->made(g->watch, m->final < n ? g->offset[m->final] : gradient_numbers(&g->forward));
    atomic_flag_clear_explicit(&m->telling, memory_order_release);
}

static void piece_made(struct gradient *g, const struct piece *piece, const struct node *node) {
    atomic_fetch_sub_explicit(&g->made.left[node->weight], 1, memory_order_release);
    if (node->bias >= 0 && piece->first == 0)
        atomic_fetch_sub_explicit(&g->made.left[node->bias], 1, memory_order_release);
    tell_made(g);
}

void gradient_watched(struct gradient *g, struct gradient_watch *by) { g->watch = by; }

static void weights_part(void *arg, size_t i) {
    struct walk w = *(struct walk *)arg;
    const struct piece *piece = &w.g->pieces[i];
    const struct node *node = &w.g->forward.nodes[piece->node];
    const struct pass p = pass_of(&w, 0, w.g->images);
    if (ctx_stop(&w.serial) != STOP_NONE)
        return;
    if (node->op == OP_CONV)
        gradient_conv_weights(&p, piece, w.by);
    else if (node->op == OP_EMBEDDING)
        embedding_weights(&p, node, w.by);
    else
        gradient_norm_weights(&p, node, &w.g->steps[piece->node], w.by);
    if (w.last)
        piece_made(w.g, piece, node);
}

/* of_weights is for all images of a round. */
static void of_weights(struct ctx *ctx, struct walk *w) {
    if (w->last)
        begin_made(w->g);
    each_part(ctx, w, w->g->n_pieces, weights_part);
    if (w->last)
        tell_made(w->g);
}

/* clear_untrained: who has no piece has no derivative. */
static void clear_untrained(const struct gradient *g, float *by_weights) {
    for (size_t i = 0; i < g->forward.n_parameters; i++)
        if (!g->made.pieces[i])
            memset(by_weights + g->offset[i], 0, g->forward.parameters[i].n * sizeof *by_weights);
}

static void pack_backward(void *arg, size_t i) {
    const struct walk *w = arg;
    if (w->g->forward.nodes[i].op == OP_CONV && ctx_stop(&w->serial) == STOP_NONE &&
        w->g->needs[w->g->forward.nodes[i].in[0]])
        gradient_pack_backward(w->g, i);
}

static void backward(struct ctx *ctx, struct walk *w) {
    if (!w->g->packed)
        each_part(ctx, w, w->g->forward.n_nodes, pack_backward);
    w->g->packed = true;
    each_part(ctx, w, parts_of(w), backward_part);
}

void gradient_backward(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_weights) {
    struct walk w = {.g = g, .d_out = d_out, .by = by_weights, .wanted = BY_WEIGHTS, .last = true};
    clear_untrained(g, by_weights);
    backward(ctx, &w);
    of_weights(ctx, &w);
}

static void pack_both(void *arg, size_t i) {
    pack_forward(arg, i);
    pack_backward(arg, i);
}

static void step_part(void *arg, size_t part) {
    const struct walk *w = arg;
    size_t first = part * w->g->share, left = w->g->images - first;
    forward_part(arg, part);
    w->compare(w->self, w->before + first, left < w->g->share ? left : w->g->share);
    backward_part(arg, part);
}

/* round_of is how many images go both ways together. Those of points are soon more numbers than a layer's weights: a few
 * at a time stay near, from the way forward to the weights' gradient. They are whole parts of its sums, which therefore do
 * not depend on it. */
static size_t round_of(const struct ctx *ctx, const struct gradient *g, size_t images) {
    const size_t near = GRADIENT_TOGETHER * (ctx->parallel ? ctx->parallel->threads : 1);
    return g->points && near < images ? near : images;
}

void gradient_step(struct ctx *ctx, struct gradient *g, const float *weights, size_t images, const struct graph_in *in,
                   float *out, gradient_compare *compare, void *self, const float *d_out, float *by_weights) {
    struct walk w = {.g = g, .by = by_weights, .wanted = BY_WEIGHTS, .compare = compare, .self = self};
    const size_t round = round_of(ctx, g, images), floats = floats_of(&g->forward, output_of(g));
    take_weights(g, weights);
    clear_untrained(g, by_weights);
    each_part(ctx, &w, g->forward.n_nodes, pack_both);
    g->packed = true;
    for (; w.before < images; w.before += round) {
        const size_t left = images - w.before;
        const struct graph_in own = images_from(g, in, w.before);
        take_images(ctx, g, left < round ? left : round, &own);
        w.out = out + w.before * floats;
        w.d_out = d_out + w.before * floats;
        w.last = left <= round;
        each_part(ctx, &w, parts_of(&w), step_part);
        of_weights(ctx, &w);
    }
}

void gradient_by_input(struct ctx *ctx, struct gradient *g, const float *d_out, float *by_input) {
    struct walk w = {.g = g, .d_out = d_out, .by = by_input, .wanted = BY_INPUT};
    backward(ctx, &w);
}
