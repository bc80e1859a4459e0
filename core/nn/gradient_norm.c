#include <math.h>
#include <string.h>

#include "core/nn/gradient_parts.h"

/* -- What a norm keeps of an image, lines of n channels: the sums of d and of d times the normalised input, then what
 * they are made with. d is the derivative by the norm's output before its activation. -- */

enum { SUM, PRODUCT, FACTOR, OFFSET, MEAN, SLOPE, TILT, LEVEL, GROUP_LINES };

size_t gradient_norm_keeps(const struct node *node, size_t channels) {
    return (node->op == OP_GROUP_NORM ? GROUP_LINES : FACTOR + 1) * channels;
}

static float *kept(const struct pass *p, const struct step *step, size_t image, size_t line, size_t n) {
    return graph_scratch(&p->v, step->keep) + image * p->g->forward.values[step->keep].floats + line * n;
}

static float *at(const struct places *p, size_t image, size_t y) {
    return p->data + image * p->image_step + y * p->row_step;
}

static const float *parameter(const struct pass *p, int i) { return i < 0 ? NULL : p->g->weights + p->g->offset[i]; }

/* The scale and shift that a modulation has for an image; NULL where there is none. */
struct modulation {
    const float *scale;
    float *by_scale, *by_shift; /* their derivatives; NULL where they are not wanted */
};

static struct modulation modulation_of(const struct pass *p, const struct node *node, const struct places *by,
                                       size_t image, size_t scale_at, size_t shift_at) {
    struct modulation m = {0};
    if (node->in[1] < 0)
        return m;
    struct places v = graph_places(&p->v, node->in[1]);
    m.scale = v.data + image * v.image_step + scale_at;
    if (by->data) {
        m.by_scale = by->data + image * by->image_step + scale_at;
        m.by_shift = by->data + image * by->image_step + shift_at;
    }
    return m;
}

/* by_modulation: the output is (y weight + bias) (1 + scale) + shift. */
static void by_modulation(const struct modulation *m, size_t n, const float *weight, const float *bias,
                          const float *sum, const float *product) {
    for (size_t c = 0; m->by_scale && c < n; c++) {
        m->by_scale[c] += (weight ? weight[c] : 1) * product[c] + (bias ? bias[c] * sum[c] : 0);
        m->by_shift[c] += sum[c];
    }
}

/* -- Groups -- */

struct group {
    const struct pass *p;
    const struct node *node;
    const struct step *step;
    size_t n, groups, height, width;
    struct modulation modulation; /* of the image */
};

/* statistics_of is the mean and 1 / sqrt(variance + eps) of an image's groups, which the run of these images left. */
static const float *statistics_of(const struct group *g, size_t image) {
    return graph_scratch(&g->p->v, g->node->statistics) + image * 2 * g->groups;
}

/* prepare finds the line act(x * factor + offset) that the image's channels are on, and clears the sums. */
static void prepare(const struct group *g, size_t image) {
    const float *weight = parameter(g->p, g->node->weight), *bias = parameter(g->p, g->node->bias);
    const float *statistics = statistics_of(g, image);
    float *line = kept(g->p, g->step, image, 0, g->n);
    memset(line, 0, 2 * g->n * sizeof *line);
    for (size_t c = 0; c < g->n; c++) {
        const float *own = statistics + 2 * (c / (g->n / g->groups));
        float shift = bias[c], factor = weight[c];
        if (g->modulation.scale) {
            factor *= 1 + g->modulation.scale[c];
            shift = shift * (1 + g->modulation.scale[c]) + g->modulation.scale[g->n + c];
        }
        line[FACTOR * g->n + c] = own[1] * factor;
        line[OFFSET * g->n + c] = shift - own[0] * own[1] * factor;
        line[MEAN * g->n + c] = own[0];
    }
}

static struct norm_line line_of(const struct group *g, size_t image, size_t y) {
    struct places x = graph_places(&g->p->v, g->node->in[0]), d = graph_places(&g->p->d, g->node->out);
    float *line = kept(g->p, g->step, image, 0, g->n);
    return (struct norm_line){.pixels = g->width,
                              .n = g->n,
                              .x = at(&x, image, y),
                              .d = at(&d, image, y),
                              .x_step = x.step,
                              .d_step = d.step,
                              .factor = line + FACTOR * g->n,
                              .offset = line + OFFSET * g->n,
                              .mean = line + MEAN * g->n,
                              .activation = g->node->norm.activation,
                              .sum = line + SUM * g->n,
                              .product = line + PRODUCT * g->n};
}

/* settle makes of the sums what norm_slope needs: with s = d weight (1 + scale), the derivative by x is
 * (s - mean of s - y * mean of s y) / sqrt(variance + eps), the means over the group. */
static void settle(const struct group *g, size_t image, size_t group) {
    float *line = kept(g->p, g->step, image, 0, g->n);
    size_t n = g->n / g->groups, first = group * n;
    float by = statistics_of(g, image)[2 * group + 1];
    double level = 0, tilt = 0, count = (double)(n * g->height * g->width);
    for (size_t c = first; c < first + n; c++) {
        line[PRODUCT * g->n + c] *= by;
        level += (double)line[FACTOR * g->n + c] * (double)line[SUM * g->n + c]; /* by s, in all */
        tilt += (double)line[FACTOR * g->n + c] * (double)line[PRODUCT * g->n + c];
    }
    for (size_t c = first; c < first + n; c++) {
        line[SLOPE * g->n + c] = line[FACTOR * g->n + c];
        line[TILT * g->n + c] = (float)(-tilt / count) * by;
        line[LEVEL * g->n + c] = (float)(-level / count);
    }
}

static void group_image(struct group *g, size_t image, const struct places *by) {
    const struct pass *p = g->p;
    const struct backward_kernels *k = p->g->forward.kernels->backward;
    g->modulation = modulation_of(p, g->node, by, image, 0, g->n);
    prepare(g, image);
    for (size_t y = 0; y < g->height; y++) {
        const struct norm_line line = line_of(g, image, y);
        k->norm_sums(&line);
    }
    for (size_t group = 0; group < g->groups; group++)
        settle(g, image, group);
    float *line = kept(p, g->step, image, 0, g->n);
    by_modulation(&g->modulation, g->n, parameter(p, g->node->weight), parameter(p, g->node->bias), line + SUM * g->n,
                  line + PRODUCT * g->n);
    if (!gradient_takes(p, g->node, 0))
        return;
    struct places to = graph_places(&p->d, g->node->in[0]);
    for (size_t y = 0; y < g->height; y++) {
        struct norm_line back = line_of(g, image, y);
        back.factor = line + SLOPE * g->n;
        back.product = line + TILT * g->n;
        back.offset = line + LEVEL * g->n;
        k->norm_slope(&back, g->step->add[0], at(&to, image, y), to.step);
    }
}

void gradient_group_norm(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    struct group g = {.p = p,
                      .node = node,
                      .step = step,
                      .n = v->channels,
                      .groups = node->norm.groups,
                      .height = v->height,
                      .width = v->width};
    struct places by = {0};
    if (gradient_takes(p, node, 1))
        by = gradient_begin(p, node, step, 1);
    for (size_t i = 0; i < p->d.images; i++)
        group_image(&g, i, &by);
}

/* -- Rows -- */

void gradient_layer_norm(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    size_t n = v->channels;
    const float *weight = parameter(p, node->weight), *bias = parameter(p, node->bias);
    struct places by = {0}, x = graph_places(&p->v, node->in[0]), d = graph_places(&p->d, node->out),
                  to = graph_places(&p->d, node->in[0]);
    if (gradient_takes(p, node, 1))
        by = gradient_begin(p, node, step, 1);
    for (size_t i = 0; i < p->d.images; i++) {
        const struct modulation m = modulation_of(p, node, &by, i, node->layer.scale_at, node->layer.shift_at);
        float *line = kept(p, step, i, 0, n);
        memset(line, 0, 2 * n * sizeof *line);
        for (size_t c = 0; c < n; c++)
            line[FACTOR * n + c] = (weight ? weight[c] : 1) * (m.scale ? 1 + m.scale[c] : 1);
        for (size_t t = 0; t < v->height * v->width; t++) /* x may be a convolution's: its derivative has a border */
            p->g->forward.kernels->backward->layer(
                n, at(&x, i, 0) + t * n, node->layer.eps, at(&d, i, 0) + t * n, line + FACTOR * n, step->add[0],
                at(&to, i, t / v->width) + t % v->width * n, line + SUM * n, line + PRODUCT * n);
        by_modulation(&m, n, weight, bias, line + SUM * n, line + PRODUCT * n);
    }
}

/* -- Weight and bias: sums over the images -- */

/* add_scaled: with a modulation, each image's sums count 1 + scale times. */
static void add_scaled(const struct modulation *m, size_t n, const float *sum, const float *product, float *by_weight,
                       float *by_bias) {
    for (size_t c = 0; c < n; c++) {
        by_weight[c] += (1 + m->scale[c]) * product[c];
        by_bias[c] += (1 + m->scale[c]) * sum[c];
    }
}

void gradient_norm_weights(const struct pass *p, const struct node *node, const struct step *step, float *by_weights) {
    size_t n = p->g->forward.values[node->out].channels, pitch = p->g->forward.values[step->keep].floats;
    const struct backward_kernels *k = p->g->forward.kernels->backward;
    float *by_weight = by_weights + p->g->offset[node->weight], *by_bias = by_weights + p->g->offset[node->bias];
    size_t scale_at = node->op == OP_LAYER_NORM ? node->layer.scale_at : 0;
    if (node->in[1] < 0) {
        k->sums(p->v.images, pitch, n, kept(p, step, 0, PRODUCT, n), by_weight);
        k->sums(p->v.images, pitch, n, kept(p, step, 0, SUM, n), by_bias);
    }
    for (size_t i = 0; i < p->v.images && node->in[1] >= 0; i++) {
        const struct modulation m = modulation_of(p, node, &(struct places){0}, i, scale_at, 0);
        add_scaled(&m, n, kept(p, step, i, SUM, n), kept(p, step, i, PRODUCT, n), by_weight, by_bias);
    }
}
