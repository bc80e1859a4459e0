#include <string.h>

#include "core/nn/gradient_parts.h"

/* -- Which taps of the kernel meet a pixel of the input --
 *
 * Tap (ky, kx) of output (oy, ox) is at input stride * oy + ky - pad. So input stride * i + r meets tap ky where
 * r + pad - ky is a multiple of the stride: that of output i + (r + pad - ky) / stride. */

static size_t pad_of(const struct conv *c) { return c->kernel == 3 && !conv_patches(c) && !c->late_border ? 1 : 0; }

/* meets gives, along one axis, whether a tap meets the pixels of remainder r, and how far on the output is. */
static bool meets(const struct conv *c, size_t r, size_t tap, int *on) {
    int far = (int)(r + pad_of(c)) - (int)tap;
    *on = far / (int)c->stride;
    return far % (int)c->stride == 0;
}

static void fill_phase(const struct conv *c, struct phase *phase) {
    for (size_t ky = 0; ky < c->kernel; ky++)
        for (size_t kx = 0; kx < c->kernel; kx++) {
            int dy, dx;
            if (!meets(c, phase->row, ky, &dy) || !meets(c, phase->column, kx, &dx))
                continue;
            phase->tap[phase->taps] = ky * c->kernel + kx;
            phase->dy[phase->taps] = dy;
            phase->dx[phase->taps++] = dx;
        }
}

/* add_matrix finds room for a packed matrix: pairs where products are halved. */
static enum status add_matrix(struct ctx *ctx, const struct graph *g, struct matrix *m, float **panels,
                              uint16_t **pairs) {
    if (g->half)
        *pairs = ctx_alloc(ctx, half_size(g->half, m->segments, m->depth, m->columns), sizeof **pairs);
    else
        *panels = ctx_alloc(ctx, matrix_floats(g->kernels, m->segments, m->depth, m->columns), sizeof **panels);
    m->panels = *panels;
    m->pairs = *pairs;
    return *panels || *pairs ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status add_phase(struct ctx *ctx, const struct gradient *g, const struct node *node, struct phase *phase) {
    const struct parameter *p = &g->forward.parameters[node->weight];
    phase->matrix = (struct matrix){.segments = phase->taps, .depth = p->shape[0], .columns = p->shape[1]};
    return add_matrix(ctx, &g->forward, &phase->matrix, &phase->panels, &phase->pairs);
}

static size_t taps_of(const struct parameter *p) { return p->dims == 4 ? p->shape[2] * p->shape[3] : 1; }

enum status gradient_conv_new(struct ctx *ctx, struct gradient *g, size_t i) {
    struct node *node = &g->forward.nodes[i];
    struct step *step = &g->steps[i];
    const struct parameter *p = &g->forward.parameters[node->weight];
    size_t side = conv_patches(&node->conv) ? node->conv.kernel : 1;
    node->matrix = (struct matrix){.segments = taps_of(p) / side, .depth = p->shape[1] * side, .columns = p->shape[0]};
    const struct matrix *m = &node->matrix;
    enum status status = add_matrix(ctx, &g->forward, &node->matrix, &step->panels, &step->pairs);
    step->direct = taps_of(p) == 1 && m->depth >= TILE_COLUMNS_MAX / 2;
    step->swapped = step->direct || (side == 1 && m->columns < m->depth && m->columns < TILE_COLUMNS_MAX / 2);
    step->sums = ctx_alloc(ctx, step->direct ? 0 : p->n, sizeof *step->sums);
    size_t stride = node->conv.stride;
    step->phases = ctx_zalloc(ctx, stride * stride, sizeof *step->phases);
    if (!step->sums || !step->phases)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < stride * stride && status == STATUS_OK; k++) {
        step->phases[k].row = k / stride;
        step->phases[k].column = k % stride;
        fill_phase(&node->conv, &step->phases[k]);
        if (g->needs[node->in[0]])
            status = add_phase(ctx, g, node, &step->phases[k]);
    }
    return status;
}

/* -- Weights, packed for each way -- */

/* weight_at is where the file has the weight from row k of segment s to output o. */
static size_t weight_at(const struct node *node, const struct parameter *p, size_t s, size_t k, size_t o) {
    size_t in = p->shape[1], side = node->conv.kernel;
    if (conv_patches(&node->conv)) /* a segment is a row of the patch, k goes over its pixels and their channels */
        return ((o * in + k % in) * side + s) * side + k / in;
    return (o * in + k) * taps_of(p) + s;
}

static void round_panels(const struct gradient *g, const struct matrix *m, float *panels) {
    const struct tensor_kernels *k = g->forward.kernels;
    if (g->dtype == GRADIENT_F16)
        k->round_f16(matrix_floats(k, m->segments, m->depth, m->columns), panels, panels);
}

void gradient_pack_forward(const struct gradient *g, size_t i) {
    const struct node *node = &g->forward.nodes[i];
    const struct parameter *p = &g->forward.parameters[node->weight];
    const struct matrix *m = &node->matrix;
    const float *w = g->weights + g->offset[node->weight];
    if (conv_patches(&node->conv)) {
        patches_by_rows(p, w, g->steps[i].sums); /* where there is nothing yet */
        w = g->steps[i].sums;
    }
    if (g->steps[i].pairs) {
        half_pack(g->forward.half, m->segments, m->depth, m->columns, w, g->steps[i].pairs);
        return;
    }
    matrix_pack(g->forward.kernels, m->segments, m->depth, m->columns, w, g->steps[i].panels);
    round_panels(g, m, g->steps[i].panels);
}

void gradient_pack_backward(const struct gradient *g, size_t i) {
    const struct node *node = &g->forward.nodes[i];
    const float *w = g->weights + g->offset[node->weight];
    for (size_t k = 0; k < node->conv.stride * node->conv.stride; k++) {
        const struct phase *phase = &g->steps[i].phases[k];
        const struct matrix *m = &phase->matrix;
        const size_t taps = taps_of(&g->forward.parameters[node->weight]);
        if (phase->pairs) {
            half_pack_across(g->forward.half, m->segments, m->depth, m->columns, w, taps, phase->tap, phase->pairs);
            continue;
        }
        matrix_pack_across(g->forward.kernels, m->segments, m->depth, m->columns, w, taps, phase->tap, phase->panels);
        round_panels(g, m, phase->panels);
    }
}

/* -- Rounded factors -- */

/* round_value writes a value's numbers to another one, with its border, as that has them. */
static void round_value(const struct run *r, int value, int to) {
    const struct value_place *v = &r->g->values[value];
    const struct places from = graph_places(r, value), rounded = graph_places(r, to);
    const size_t border = v->border ? 1 : 0, before = border * (from.row_step + from.step);
    const size_t n = (v->height + 2 * border) * (v->width + 2 * border) * v->channels;
    for (size_t i = 0; i < r->images; i++) {
        const float *image = from.data + i * from.image_step - before;
        if (rounded.halves)
            r->g->half->narrow(n, image, rounded.halves + i * rounded.image_step - before);
        else
            r->g->kernels->round_f16(n, image, rounded.data + i * rounded.image_step - before);
    }
}

/* take_rounded has a product take its rows from there: they lie as in the value itself, but for the distance of images. */
static void take_rounded(const struct run *r, int value, int to, struct product *p) {
    const struct places from = graph_places(r, value), rounded = graph_places(r, to);
    const ptrdiff_t at = p->in.data - from.data;
    p->in.halves = rounded.halves ? rounded.halves + at : NULL;
    p->in.data = rounded.halves ? NULL : rounded.data + at;
    p->in.image_step = rounded.image_step;
    p->half = r->g->half;
}

/* -- Forward -- */

/* keeps_slope: the derivative of the activation, which shares its work with it, in place of what is before it, which that
 * of a gate needs. */
static bool keeps_slope(const struct node *node, const struct step *step) { return step->keep >= 0 && node->in[3] < 0; }

void gradient_conv_forward(const struct run *r, const struct node *node, const struct step *step) {
    struct product product = graph_product(r, node);
    if (step->narrow >= 0) {
        round_value(r, node->in[0], step->narrow);
        take_rounded(r, node->in[0], step->narrow, &product);
    }
    if (step->keep >= 0)
        product.keep = graph_places(r, step->keep);
    product.keep_slope = keeps_slope(node, step);
    product_run(r->ctx, r->g->kernels, &product);
    graph_frame(r, node->out);
}

/* -- The derivative by the input -- */

/* before_activation turns the derivative by the output into that by what the product gave. A gate is the same for all
 * pixels of an image. */
static void before_activation(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    const struct conv *c = &node->conv;
    if (step->keep < 0 && c->scale == 1)
        return;
    struct places d = graph_places(&p->d, node->out), z = d, gate = {0};
    if (step->keep >= 0)
        z = graph_places(&p->v, step->keep);
    if (node->in[3] >= 0)
        gate = graph_places(&p->v, node->in[3]);
    struct lines l = gradient_lines(p, v, (const struct places *const[]){&d, &z, NULL});
    const bool slope = keeps_slope(node, step);
    size_t pixels = 1;
    if (gate.data)
        l = (struct lines){p->d.images, v->height, v->channels}, pixels = v->width;
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++)
            for (size_t x = 0; x < pixels; x++) {
                float *own = at(&d, i, y) + x * d.step;
                const float *kept = at(&z, i, y) + x * z.step;
                const float *by = gate.data ? gate.data + i * gate.image_step + c->gate_at : NULL;
                p->g->forward.kernels->backward->slope(l.numbers, slope ? ACTIVATION_NONE : c->activation, kept,
                                                       slope ? kept : by, c->scale, own, false, own);
            }
}

static void by_gate(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places to = gradient_begin(p, node, step, 3), d = graph_places(&p->d, node->out),
                  z = graph_places(&p->v, step->keep);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            p->g->forward.kernels->backward->gate_sums(v->width, v->channels, at(&z, i, y), z.step, at(&d, i, y),
                                                       d.step, node->conv.activation, node->conv.scale,
                                                       to.data + i * to.image_step + node->conv.gate_at);
}

/* vector_alone: an image has one pixel, and the vector all of its numbers. */
static bool vector_alone(const struct pass *p, const struct node *node) {
    const struct value_place *v = &p->g->forward.values[node->out], *vector = &p->g->forward.values[node->in[1]];
    return v->height * v->width == 1 && vector->channels == v->channels;
}

static void by_vector(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    if (vector_alone(p, node)) {
        gradient_add(p, node, step, 1, 1);
        return;
    }
    struct places to = gradient_begin(p, node, step, 1), d = graph_places(&p->d, node->out);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            p->g->forward.kernels->backward->sums(v->width, d.step, v->channels, at(&d, i, y),
                                                  to.data + i * to.image_step + node->conv.vector_at);
}

/* round_derivative rounds that by the output where it lies: only products and the sum of the bias read it from here on. */
static void round_derivative(const struct pass *p, const struct node *node) {
    struct places d = graph_places(&p->d, node->out);
    const struct lines l =
        gradient_lines(p, &p->g->forward.values[node->out], (const struct places *const[]){&d, NULL});
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++)
            p->g->forward.kernels->round_f16(l.numbers, at(&d, i, y), at(&d, i, y));
}

static void by_phase(const struct pass *p, const struct node *node, const struct step *step,
                     const struct phase *phase) {
    const struct value_place *in = &p->g->forward.values[node->in[0]];
    size_t stride = node->conv.stride;
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[0]);
    struct product product = {.images = p->d.images,
                              .height = (in->height - phase->row + stride - 1) / stride,
                              .width = (in->width - phase->column + stride - 1) / stride,
                              .in = d,
                              .b = &phase->matrix,
                              .scale = 1};
    size_t before = node->conv.kernel > 1 ? 1 : 0;
    product.in.data -= before * (d.row_step + d.step);
    for (size_t t = 0; t < phase->taps; t++)
        product.segment[t] =
            (size_t)(phase->dy[t] + (int)before) * d.row_step + (size_t)(phase->dx[t] + (int)before) * d.step;
    if (phase->pairs)
        take_rounded(&p->d, node->out, step->d_narrow, &product);
    to.data += phase->row * to.row_step + phase->column * to.step;
    to.row_step *= stride;
    to.step *= stride;
    product.out = to;
    if (step->add[0])
        product.residual = to;
    product_run(p->d.ctx, p->g->forward.kernels, &product);
}

void gradient_conv(const struct pass *p, const struct node *node, const struct step *step) {
    if (gradient_takes(p, node, 3))
        by_gate(p, node, step);
    if (gradient_takes(p, node, 2))
        gradient_add(p, node, step, 2, node->conv.scale);
    before_activation(p, node, step);
    if (gradient_takes(p, node, 1))
        by_vector(p, node, step);
    graph_frame(&p->d, node->out);
    if (step->pairs)
        round_value(&p->d, node->out, step->d_narrow);
    if (p->g->dtype == GRADIENT_F16)
        round_derivative(p, node);
    if (!gradient_takes(p, node, 0))
        return;
    for (size_t k = 0; k < node->conv.stride * node->conv.stride; k++)
        by_phase(p, node, step, &step->phases[k]);
}

/* -- The gradient of the weights -- */

size_t gradient_conv_rows(const struct node *node, const struct step *step) {
    return node->matrix.segments * (step->swapped ? node->matrix.columns : node->matrix.depth);
}

/* side_by_side: there are no gaps between pixels, lines and images. */
static bool side_by_side(const struct product *x, const struct places *p) {
    return p->row_step == x->width * p->step && p->image_step == x->height * p->row_step;
}

/* pixels_together describes images first .. as lines of pixels, and gives how many there are of them: up to `most` pixels
 * that lie side by side are one line. */
static size_t pixels_together(const struct product *x, const struct places *d, size_t first, size_t most,
                              struct outer *o) {
    o->a_line = x->in.row_step, o->b_line = d->row_step;
    o->a_step = x->in.step, o->b_step = d->step;
    o->lines = x->height, o->pixels = x->width;
    if (!side_by_side(x, &x->in) || !side_by_side(x, d))
        return 1;
    size_t images = most / (x->height * x->width), left = x->images - first;
    images = left < images ? left : images;
    o->lines = 1, o->pixels = images * x->height * x->width;
    return images;
}

static void swap(struct outer *o) {
    const struct outer was = *o;
    o->a = was.b, o->a_halves = was.b_halves, o->a_line = was.b_line, o->a_step = was.b_step;
    o->b = was.a, o->b_halves = was.a_halves, o->b_line = was.a_line, o->b_step = was.a_step;
}

/* factors finds those of segment s, images first .. */
static void factors(const struct product *x, const struct places *d, size_t first, size_t s, struct outer *o) {
    const size_t a = first * x->in.image_step + x->segment[s], b = first * d->image_step;
    if (x->in.halves)
        o->a_halves = x->in.halves + a, o->b_halves = d->halves + b;
    else
        o->a = x->in.data + a, o->b = d->data + b;
}

/* add_rows adds the products of rows k .. */
static void add_rows(const struct gradient *g, struct outer *o, size_t k) {
    if (o->a_halves) {
        o->a_halves += k;
        g->forward.half->outer(o);
    } else {
        o->a += k;
        g->forward.kernels->backward->outer(o);
    }
}

/* add_images adds what one or more images give to the rows of a piece, which lie in several segments. */
static size_t add_images(const struct pass *p, const struct product *x, const struct places *d, const struct step *step,
                         const struct piece *piece, size_t first, float *sums) {
    const struct value_place *out = &p->g->forward.values[p->g->forward.nodes[piece->node].out];
    size_t depth = x->b->depth, columns = x->b->columns, rows = step->swapped ? columns : depth, images = 1;
    for (size_t row = piece->first, end; row < piece->end; row = end) {
        size_t s = row / rows, k = row % rows;
        end = (s + 1) * rows < piece->end ? (s + 1) * rows : piece->end;
        struct outer o = {
            .rows = end - row, .columns = step->swapped ? depth : columns, .pitch = step->swapped ? depth : columns};
        factors(x, d, first, s, &o);
        images = pixels_together(x, d, first, gradient_together(out), &o);
        if (step->swapped)
            swap(&o);
        o.out = sums + row * o.pitch;
        add_rows(p->g, &o, k);
    }
    return images;
}

/* settle writes the sums of a piece to where the file has them, some columns of all rows at a time: a row's columns lie
 * far apart there, a column's rows near each other. */
static void settle(const struct node *node, const struct parameter *p, const struct step *step,
                   const struct piece *piece, float *to) {
    enum { TOGETHER = 8 };
    size_t depth = node->matrix.depth, columns = node->matrix.columns, rows = step->swapped ? columns : depth,
           wide = step->swapped ? depth : columns, apart = step->swapped ? taps_of(p) : p->n / p->shape[0];
    for (size_t first = 0; first < wide; first += TOGETHER)
        for (size_t row = piece->first; row < piece->end; row++) {
            size_t s = row / rows, i = row % rows, end = first + TOGETHER < wide ? first + TOGETHER : wide;
            float *own = to + (step->swapped ? weight_at(node, p, s, 0, i) : weight_at(node, p, s, i, 0));
            for (size_t j = first; j < end; j++)
                own[j * apart] = step->sums[row * wide + j];
        }
}

/* add_bias sums over all pixels of the images, some at a time in float32. */
static void add_bias(const struct pass *p, const struct node *node, float *to) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places d = graph_places(&p->d, node->out);
    const struct lines l = gradient_lines(p, v, (const struct places *const[]){&d, NULL});
    size_t pixels = l.numbers / v->channels, most = gradient_together(v);
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++)
            for (size_t x = 0; x < pixels; x += most)
                p->g->forward.kernels->backward->sums(pixels - x < most ? pixels - x : most, d.step, v->channels,
                                                      at(&d, i, y) + x * d.step, to);
}

void gradient_conv_weights(const struct pass *p, const struct piece *piece, float *by_weights) {
    const struct node *node = &p->g->forward.nodes[piece->node];
    const struct step *step = &p->g->steps[piece->node];
    struct product x = graph_product(&p->v, node);
    if (step->narrow >= 0)
        take_rounded(&p->v, node->in[0], step->narrow, &x);
    struct places d = graph_places(&p->d, step->pairs ? step->d_narrow : node->out);
    size_t wide = step->swapped ? x.b->depth : x.b->columns;
    float *to = by_weights + p->g->offset[node->weight], *sums = step->direct ? to : step->sums;
    if (p->begins)
        memset(sums + piece->first * wide, 0, (piece->end - piece->first) * wide * sizeof *sums);
    for (size_t i = 0; i < x.images;)
        i += add_images(p, &x, &d, step, piece, i, sums);
    if (!step->direct && p->ends)
        settle(node, &p->g->forward.parameters[node->weight], step, piece, to);
    if (piece->first == 0 && node->bias >= 0)
        add_bias(p, node, gradient_sums(p, node->bias, by_weights));
}
