#include <string.h>

#include "core/nn/graph_parts.h"
#include "core/tensor/attention.h"
#include "core/tensor/norm.h"
#include "core/tensor/winograd.h"

/* region is where the images of a value begin, of which *first is the run's first. */
static float *region(const struct run *r, const struct value_place *v, size_t *first) {
    *first = r->own && !v->early ? 0 : r->first;
    if (r->own && !v->early)
        return r->own + r->images * (v->at - (r->g->floats - r->g->late_floats));
    return r->workspace + r->total * v->at;
}

/* strides_of is how far apart a value's pixels lie; *inside, how far behind its region the first one of an image is. */
static struct places strides_of(const struct value_place *v, size_t image, size_t *inside) {
    const size_t border = v->border ? 1 : 0, row = (v->width + 2 * border) * v->channels;
    const size_t image_step = (v->height + 2 * border) * row;
    *inside = image * image_step + border * (row + v->channels);
    return (struct places){.image_step = image_step, .row_step = row, .step = v->channels};
}

/* floats_of is graph_places of a value of float32. */
static struct places floats_of(const struct run *r, const struct value_place *v) {
    if (v->constant)
        return (struct places){v->constant, 0, v->width * v->channels, v->channels, NULL};
    size_t first, inside;
    float *data = region(r, v, &first);
    struct places p = strides_of(v, first, &inside);
    p.data = data + inside;
    return p;
}

static struct places halves_of(const struct run *r, const struct value_place *v) {
    size_t first, inside;
    uint16_t *halves = (uint16_t *)region(r, v, &first);
    struct places p = strides_of(v, first, &inside);
    p.halves = halves + inside;
    return p;
}

struct places graph_places(const struct run *r, int value) {
    const struct value_place *v = &r->g->values[value];
    return (v->half ? halves_of : floats_of)(r, v);
}

float *graph_scratch(const struct run *r, int value) {
    const struct value_place *v = &r->g->values[value];
    size_t first;
    float *data = region(r, v, &first);
    return data + first * v->floats;
}

/* frame writes zeros around an image, whose numbers have `size` bytes. */
static void frame(const struct value_place *v, const struct places *p, size_t size, char *first) {
    const size_t row = p->row_step * size, side = v->channels * size;
    memset(first - row - side, 0, row);
    memset(first + v->height * row - side, 0, row);
    for (size_t y = 0; y < v->height; y++) {
        memset(first + y * row - side, 0, side);
        memset(first + y * row + v->width * side, 0, side);
    }
}

void graph_frame(const struct run *r, int value) {
    const struct value_place *v = &r->g->values[value];
    if (!v->border)
        return;
    const struct places p = graph_places(r, value);
    for (size_t i = 0; i < r->images; i++)
        if (p.halves)
            frame(v, &p, sizeof *p.halves, (char *)(p.halves + i * p.image_step));
        else
            frame(v, &p, sizeof *p.data, (char *)(p.data + i * p.image_step));
}

struct product graph_product(const struct run *r, const struct node *node) {
    const struct value_place *in = &r->g->values[node->in[0]], *out = &r->g->values[node->out];
    const struct conv *c = &node->conv;
    struct product p = {.images = r->images,
                        .height = out->height,
                        .width = out->width,
                        .out = graph_places(r, node->out),
                        .in = graph_places(r, node->in[0]),
                        .half = r->g->half,
                        .b = &node->matrix,
                        .bias = graph_parameter(r, node->bias),
                        .scale = c->scale,
                        .activation = c->activation};
    if (conv_patches(c)) {
        for (size_t s = 0; s < c->kernel; s++)
            p.segment[s] = s * p.in.row_step;
    } else if (c->kernel == 3) {
        for (size_t s = 0; s < 9; s++)
            p.segment[s] = s / 3 * p.in.row_step + s % 3 * in->channels;
        const size_t back = c->late_border ? 0 : p.in.row_step + in->channels;
        if (in->half)
            p.in.halves -= back;
        else
            p.in.data -= back;
    }
    p.in.row_step *= c->stride;
    p.in.step *= c->stride;
    if (node->in[1] >= 0) {
        struct places v = graph_places(r, node->in[1]);
        p.vector = v.data + c->vector_at;
        p.vector_step = v.image_step;
    }
    if (node->in[2] >= 0)
        p.residual = graph_places(r, node->in[2]);
    if (node->in[3] >= 0) {
        struct places gate = graph_places(r, node->in[3]);
        p.gate = gate.data + c->gate_at;
        p.gate_step = gate.image_step;
    }
    return p;
}

static void conv(const struct run *r, const struct node *node) {
    const struct product p = graph_product(r, node);
    (node->winograd ? winograd_run : product_run)(r->ctx, r->g->kernels, &p);
}

static void group_norm(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    struct group_norm n = {.images = r->images,
                           .height = v->height,
                           .width = v->width,
                           .channels = v->channels,
                           .groups = node->norm.groups,
                           .eps = node->norm.eps,
                           .in = graph_places(r, node->in[0]),
                           .out = graph_places(r, node->out),
                           .weight = graph_parameter(r, node->weight),
                           .bias = graph_parameter(r, node->bias),
                           .activation = node->norm.activation,
                           .statistics = node->statistics > 0 ? graph_scratch(r, node->statistics) : NULL,
                           .half = r->g->half};
    if (node->in[1] >= 0) {
        struct places m = graph_places(r, node->in[1]);
        n.scale = m.data;
        n.shift = m.data + v->channels;
        n.vector_step = m.image_step;
    }
    group_norm_run(r->ctx, r->g->kernels, &n, graph_scratch(r, node->scratch));
}

static void layer_norm(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    struct layer_norm l = {.images = r->images,
                           .tokens = v->height * v->width,
                           .n = v->channels,
                           .eps = node->layer.eps,
                           .in = graph_places(r, node->in[0]).data,
                           .out = graph_places(r, node->out).data,
                           .out_halves = graph_places(r, node->out).halves,
                           .half = r->g->half,
                           .weight = graph_parameter(r, node->weight),
                           .bias = graph_parameter(r, node->bias)};
    if (node->in[1] >= 0) {
        struct places m = graph_places(r, node->in[1]);
        l.scale = m.data + node->layer.scale_at;
        l.shift = m.data + node->layer.shift_at;
        l.vector_step = m.image_step;
    }
    layer_norm_run(r->ctx, r->g->kernels, &l);
}

static void attention(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    const struct attention a = {.images = r->images,
                                .tokens = v->height * v->width,
                                .heads = node->heads,
                                .d = v->channels / node->heads,
                                .q = graph_places(r, node->in[0]).data,
                                .k = graph_places(r, node->in[1]).data,
                                .v = graph_places(r, node->in[2]).data,
                                .step = v->channels,
                                .out = graph_places(r, node->out).data};
    attention_run(r->ctx, r->g->kernels, &a, graph_scratch(r, node->scratch));
}

/* put writes n numbers to a place, rounded where that is bfloat16. */
static void put(const struct run *r, const float *x, size_t n, const struct places *to, size_t at) {
    if (to->halves)
        r->g->half->narrow(n, x, to->halves + at);
    else
        memcpy(to->data + at, x, n * sizeof *x);
}

/* A value on its way to a part of another's channels, every pixel `zoom` times `zoom` times: nearest neighbours. */
struct copying {
    const struct run *r;
    struct places from, to;
    size_t channel;                /* where its part begins */
    size_t height, width, n, zoom; /* of what it goes to; n numbers a pixel */
    size_t rows, piece;            /* in all, and of a piece */
};

static void copy_rows(void *arg, size_t piece) {
    const struct copying *c = arg;
    size_t first = piece * c->piece, end = first + c->piece < c->rows ? first + c->piece : c->rows;
    for (size_t i = first; i < end; i++) {
        size_t image = i / c->height, y = i % c->height;
        const float *from = c->from.data + image * c->from.image_step + y / c->zoom * c->from.row_step;
        size_t to = image * c->to.image_step + y * c->to.row_step + c->channel;
        for (size_t x = 0; x < c->width; x++)
            put(c->r, from + x / c->zoom * c->from.step, c->n, &c->to, to + x * c->to.step);
    }
}

static void copy(const struct run *r, int from, int to, size_t channel, size_t zoom) {
    enum { PIECE_FLOATS = 1 << 13 };
    const struct value_place *v = &r->g->values[to];
    struct copying c = {.r = r,
                        .from = graph_places(r, from),
                        .to = graph_places(r, to),
                        .channel = channel,
                        .height = v->height,
                        .width = v->width,
                        .n = r->g->values[from].channels,
                        .zoom = zoom,
                        .rows = r->images * v->height};
    c.piece = PIECE_FLOATS / (v->width * c.n + 1) + 1;
    parallel_for(r->ctx, (c.rows + c.piece - 1) / c.piece, copy_rows, &c);
}

static void slice(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    struct places x = graph_places(r, node->in[0]), y = graph_places(r, node->out);
    for (size_t i = 0; i < r->images; i++)
        for (size_t row = 0; row < v->height; row++)
            for (size_t column = 0; column < v->width; column++)
                memcpy(y.data + i * y.image_step + row * y.row_step + column * y.step,
                       x.data + i * x.image_step + row * x.row_step + column * x.step + node->from,
                       v->channels * sizeof(float));
}

static void unpatch(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->in[0]];
    struct places x = graph_places(r, node->in[0]), y = graph_places(r, node->out);
    size_t line = v->channels / node->patch; /* a patch's row */
    for (size_t i = 0; i < r->images; i++)
        for (size_t row = 0; row < v->height * node->patch; row++)
            for (size_t column = 0; column < v->width; column++)
                memcpy(y.data + i * y.image_step + row * y.row_step + column * line,
                       x.data + i * x.image_step + row / node->patch * x.row_step + column * x.step +
                           row % node->patch * line,
                       line * sizeof(float));
}

/* pixels calls the finish kernel for each pixel of a value: out = act(x) + other, or act(x) * other. */
static void pixels(const struct run *r, const struct node *node, enum activation activation) {
    const struct value_place *v = &r->g->values[node->out];
    struct places x = graph_places(r, node->in[0]), y = graph_places(r, node->out), b = {0};
    if (node->in[1] >= 0)
        b = graph_places(r, node->in[1]);
    for (size_t i = 0; i < r->images; i++)
        for (size_t row = 0; row < v->height; row++)
            for (size_t column = 0; column < v->width; column++) {
                const float *other = b.data ? b.data + i * b.image_step + row * b.row_step + column * b.step : NULL;
                const struct finish f = {.gate = node->op == OP_MULTIPLY ? other : NULL,
                                         .residual = node->op == OP_ADD ? other : NULL,
                                         .scale = 1,
                                         .activation = activation};
                r->g->kernels->finish(&f, v->channels, x.data + i * x.image_step + row * x.row_step + column * x.step,
                                      y.data + i * y.image_step + row * y.row_step + column * y.step);
            }
}

static void pool(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    struct places x = graph_places(r, node->in[0]), y = graph_places(r, node->out);
    for (size_t i = 0; i < r->images; i++)
        for (size_t row = 0; row < v->height; row++)
            for (size_t column = 0; column < v->width; column++) {
                const float *a = x.data + i * x.image_step + 2 * row * x.row_step + 2 * column * x.step;
                const float *b = a + x.row_step;
                float *out = y.data + i * y.image_step + row * y.row_step + column * y.step;
                for (size_t c = 0; c < v->channels; c++)
                    out[c] = (a[c] + a[c + x.step] + b[c] + b[c + x.step]) * 0.25f;
            }
}

static void affine(const struct run *r, const struct node *node, float factor, float offset, bool over_time) {
    const struct value_place *v = &r->g->values[node->out];
    struct places x = graph_places(r, node->in[0]), y = graph_places(r, node->out);
    for (size_t i = 0; i < r->images; i++) {
        float by = over_time ? r->in->times[i] : 1;
        for (size_t row = 0; row < v->height; row++)
            for (size_t k = 0; k < v->width * v->channels; k++)
                y.data[i * y.image_step + row * y.row_step + k] =
                    (x.data[i * x.image_step + row * x.row_step + k] * factor + offset) / by;
    }
}

static void move_in(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->out];
    const struct places p = floats_of(r, v);
    size_t line = v->width * v->channels;
    for (size_t i = 0; i < r->images; i++)
        for (size_t y = 0; y < v->height; y++)
            memcpy(p.data + i * p.image_step + y * p.row_step, r->in->x + (i * v->height + y) * line,
                   line * sizeof(float));
}

static void move_out(const struct run *r, const struct node *node) {
    const struct value_place *v = &r->g->values[node->in[0]];
    const struct places p = floats_of(r, v);
    size_t line = v->width * v->channels;
    for (size_t i = 0; i < r->images; i++)
        for (size_t y = 0; y < v->height; y++)
            memcpy(r->out + (i * v->height + y) * line, p.data + i * p.image_step + y * p.row_step,
                   line * sizeof(float));
}

void graph_run_node(const struct run *r, const struct node *node) {
    switch (node->op) {
    case OP_INPUT: move_in(r, node); break;
    case OP_CONV: conv(r, node); break;
    case OP_GROUP_NORM: group_norm(r, node); break;
    case OP_LAYER_NORM: layer_norm(r, node); break;
    case OP_ATTENTION: attention(r, node); break;
    case OP_CONCAT:
        copy(r, node->in[0], node->out, 0, 1);
        copy(r, node->in[1], node->out, r->g->values[node->in[0]].channels, 1);
        break;
    case OP_SLICE: slice(r, node); break;
    case OP_UNPATCH: unpatch(r, node); break;
    case OP_UPSAMPLE: copy(r, node->in[0], node->out, 0, 2); break;
    case OP_MULTIPLY:
    case OP_ACTIVATION: pixels(r, node, node->conv.activation); break;
    case OP_ADD: pixels(r, node, ACTIVATION_NONE); break;
    case OP_POOL: pool(r, node); break;
    case OP_AFFINE: affine(r, node, node->factor, node->offset, false); break;
    case OP_OVER_TIME: affine(r, node, 1, 0, true); break;
    case OP_SINUSOIDS: graph_sinusoid_embedding(r, node); break;
    case OP_FOURIER: graph_fourier_embedding(r, node); break;
    case OP_EMBEDDING: graph_row_embedding(r, node); break;
    case OP_HALVE: copy(r, node->in[0], node->out, 0, 1); break;
    case OP_OUTPUT: move_out(r, node); break;
    }
    if (node->out >= 0)
        graph_frame(r, node->out);
}

/* -- The whole -- */

static void run_nodes(const struct run *r, size_t from, size_t to) {
    for (size_t i = from; i < to && ctx_stop(r->ctx) == STOP_NONE; i++)
        graph_run_node(r, &r->g->nodes[i]);
}

static size_t numbers(const struct value_place *v) { return v->height * v->width * v->channels; }

/* run_part takes some images through the later nodes, in the room of images from `room` on. */
static void run_part(const struct run *r, size_t first, size_t images, size_t room, struct ctx *ctx) {
    const struct graph *g = r->g;
    const struct graph_in in = {.x = r->in->x + first * numbers(&g->values[0]),
                                .times = r->in->times ? r->in->times + first : NULL,
                                .classes = r->in->classes ? r->in->classes + first : NULL};
    struct run part = *r;
    part.ctx = ctx;
    part.first = first;
    part.images = images;
    part.own = r->workspace + r->total * (g->floats - g->late_floats) + room * g->late_floats;
    part.in = &in;
    part.out = r->out + first * numbers(&g->values[g->nodes[g->n_nodes - 1].in[0]]);
    run_nodes(&part, g->n_early, g->n_nodes);
}

enum {
    NEAR_FLOATS = 1 << 17, /* values that a core's own cache holds beside weights */
    CHAIN_NS = 5000000     /* how long a thread may be away */
};

/* Images that go through all layers on one thread, a few at a time, so that their values stay near and threads meet only
 * at the end. */
struct chains {
    const struct run *r;
    size_t images, together; /* a chain, and of these at a time */
};

static void run_chain(void *arg, size_t i) {
    const struct chains *c = arg;
    struct ctx alone = {.stop = c->r->ctx->stop, .isa = c->r->ctx->isa};
    for (size_t done = 0; done < c->images; done += c->together) {
        size_t left = c->images - done;
        run_part(c->r, i * c->images + done, left < c->together ? left : c->together, i * c->images, &alone);
    }
}

static size_t at_least(size_t n, size_t least) { return n < least ? least : n; }

/* chains_of gives chains of equal lengths, as many for each thread; none where an image takes long. */
static struct chains chains_of(const struct run *r, size_t threads, size_t *n) {
    size_t share = r->images / threads, most = (size_t)(CHAIN_NS / graph_cost(r->g));
    struct chains c = {.r = r, .together = at_least(NEAR_FLOATS / at_least(r->g->floats, 1), 1)};
    *n = 0;
    if (most && share) {
        c.images = share / ((share + most - 1) / most);
        *n = share / c.images * threads;
    }
    return c;
}

void graph_run(struct ctx *ctx, const struct graph *g, size_t images, const struct graph_in *in, float *out,
               float *workspace) {
    const struct run all = {
        .ctx = ctx, .g = g, .images = images, .total = images, .in = in, .out = out, .workspace = workspace};
    size_t n;
    struct chains chains = chains_of(&all, ctx->parallel ? ctx->parallel->threads : 1, &n);
    size_t done = n * chains.images;
    run_nodes(&all, 0, g->n_early);
    parallel_for(ctx, n, run_chain, &chains);
    if (done < images)
        run_part(&all, done, images - done, done, ctx);
}
