/* The operations without weights. Their inputs get their parts in gradient_order. */
#include <string.h>

#include "core/nn/gradient_parts.h"
#include "core/tensor/attention_backward.h"

struct lines gradient_lines(const struct pass *p, const struct value_place *v, const struct places *const *list) {
    size_t line = v->width * v->channels;
    for (; *list; list++) {
        const struct places *own = *list;
        bool whole = own->step == v->channels && own->row_step == line && own->image_step == v->height * line;
        if (own->data && !whole)
            return (struct lines){p->d.images, v->height, line};
    }
    return (struct lines){1, 1, p->d.images * v->height * line};
}

/* share adds `channels` of each pixel of a derivative, from channel `from` on, to another from `to` on. */
static void share(const struct pass *p, int of, size_t from, int to_value, size_t to, size_t channels, bool add) {
    const struct value_place *v = &p->g->forward.values[of];
    struct places d = graph_places(&p->d, of), out = graph_places(&p->d, to_value);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            for (size_t x = 0; x < v->width; x++)
                p->g->forward.kernels->backward->scale(channels, 1, at(&d, i, y) + x * d.step + from, add,
                                                       at(&out, i, y) + x * out.step + to);
}

void gradient_add(const struct pass *p, const struct node *node, const struct step *step, int k, float factor) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[k]);
    const struct lines l = gradient_lines(p, v, (const struct places *const[]){&d, &to, NULL});
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++)
            p->g->forward.kernels->backward->scale(l.numbers, factor, at(&d, i, y), step->add[k], at(&to, i, y));
}

struct places gradient_begin(const struct pass *p, const struct node *node, const struct step *step, int k) {
    const struct value_place *v = &p->g->forward.values[node->in[k]];
    struct places to = graph_places(&p->d, node->in[k]);
    const struct lines l = gradient_lines(p, v, (const struct places *const[]){&to, NULL});
    for (size_t i = 0; i < l.images && !step->add[k]; i++)
        for (size_t y = 0; y < l.height; y++)
            memset(at(&to, i, y), 0, l.numbers * sizeof(float));
    return to;
}

float *gradient_sums(const struct pass *p, int parameter, float *by_weights) {
    float *to = by_weights + p->g->offset[parameter];
    if (p->begins)
        memset(to, 0, p->g->forward.parameters[parameter].n * sizeof *to);
    return to;
}

void gradient_concat(const struct pass *p, const struct node *node, const struct step *step) {
    size_t first = p->g->forward.values[node->in[0]].channels, second = p->g->forward.values[node->in[1]].channels;
    if (gradient_takes(p, node, 1))
        share(p, node->out, first, node->in[1], 0, second, step->add[1]);
    if (gradient_takes(p, node, 0))
        share(p, node->out, 0, node->in[0], 0, first, step->add[0]);
}

void gradient_slice(const struct pass *p, const struct node *node, const struct step *step) {
    (void)gradient_begin(p, node, step, 0);
    share(p, node->out, 0, node->in[0], node->from, p->g->forward.values[node->out].channels, true);
}

void gradient_unpatch(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->in[0]];
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[0]);
    size_t line = v->channels / node->patch; /* a patch's row */
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height * node->patch; y++)
            for (size_t x = 0; x < v->width; x++)
                p->g->forward.kernels->backward->scale(line, 1, at(&d, i, y) + x * line, step->add[0],
                                                       at(&to, i, y / node->patch) + x * to.step +
                                                           y % node->patch * line);
}

void gradient_upsample(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->in[0]];
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[0]);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < 2 * v->height; y++)
            for (size_t x = 0; x < 2 * v->width; x++)
                p->g->forward.kernels->backward->scale(v->channels, 1, at(&d, i, y) + x * d.step,
                                                       step->add[0] || y % 2 || x % 2,
                                                       at(&to, i, y / 2) + x / 2 * to.step);
}

void gradient_pool(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->in[0]];
    struct places d = graph_places(&p->d, node->out), to = gradient_begin(p, node, step, 0);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height / 2 * 2; y++)
            for (size_t x = 0; x < v->width / 2 * 2; x++)
                p->g->forward.kernels->backward->scale(v->channels, 0.25f, at(&d, i, y / 2) + x / 2 * d.step, true,
                                                       at(&to, i, y) + x * to.step);
}

/* by_time divides by an image's time. */
static void by_time(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[0]);
    for (size_t i = 0; i < p->d.images; i++)
        for (size_t y = 0; y < v->height; y++)
            p->g->forward.kernels->backward->scale(v->width * v->channels, 1 / p->v.in->times[i], at(&d, i, y),
                                                   step->add[0], at(&to, i, y));
}

void gradient_affine(const struct pass *p, const struct node *node, const struct step *step) {
    if (node->op == OP_OVER_TIME)
        by_time(p, node, step);
    else
        gradient_add(p, node, step, 0, node->factor);
}

/* by_activation gives input 0 the derivative times act' and, where there is one, the other factor. */
static void by_activation(const struct pass *p, const struct node *node, const struct step *step, int factor) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[0]),
                  z = graph_places(&p->v, node->in[0]), gate = {0};
    if (factor >= 0)
        gate = graph_places(&p->v, factor);
    const struct lines l = gradient_lines(p, v, (const struct places *const[]){&d, &to, &z, &gate, NULL});
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++)
            p->g->forward.kernels->backward->slope(l.numbers, node->conv.activation, at(&z, i, y),
                                                   gate.data ? at(&gate, i, y) : NULL, 1, at(&d, i, y), step->add[0],
                                                   at(&to, i, y));
}

void gradient_activation(const struct pass *p, const struct node *node, const struct step *step) {
    by_activation(p, node, step, GRAPH_NONE);
}

void gradient_plus(const struct pass *p, const struct node *node, const struct step *step) {
    for (int k = 1; k >= 0; k--)
        if (gradient_takes(p, node, k))
            gradient_add(p, node, step, k, 1);
}

void gradient_multiply(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    if (gradient_takes(p, node, 1)) {
        struct places d = graph_places(&p->d, node->out), to = graph_places(&p->d, node->in[1]),
                      z = graph_places(&p->v, node->in[0]);
        const struct lines l = gradient_lines(p, v, (const struct places *const[]){&d, &to, &z, NULL});
        for (size_t i = 0; i < l.images; i++)
            for (size_t y = 0; y < l.height; y++) {
                const struct finish f = {.gate = at(&d, i, y),
                                         .residual = step->add[1] ? at(&to, i, y) : NULL,
                                         .scale = 1,
                                         .activation = node->conv.activation};
                p->g->forward.kernels->finish(&f, l.numbers, at(&z, i, y), at(&to, i, y));
            }
    }
    if (gradient_takes(p, node, 0))
        by_activation(p, node, step, node->in[1]);
}

void gradient_attention(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct places by[3], of[3];
    for (int k = 2; k >= 0; k--) {
        of[k] = graph_places(&p->v, node->in[k]);
        by[k] = gradient_begin(p, node, step, k);
    }
    const struct attention_backward a = {.forward = {.images = p->d.images,
                                                     .tokens = v->height * v->width,
                                                     .heads = node->heads,
                                                     .d = v->channels / node->heads,
                                                     .q = of[0].data,
                                                     .k = of[1].data,
                                                     .v = of[2].data,
                                                     .step = v->channels},
                                         .d = graph_places(&p->d, node->out).data,
                                         .q = by[0].data,
                                         .k = by[1].data,
                                         .v = by[2].data};
    attention_backward_run(p->g->forward.kernels, &a, graph_scratch(&p->v, step->keep));
}
