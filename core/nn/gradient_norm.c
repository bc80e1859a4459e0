#include <math.h>
#include <string.h>

#include "core/nn/gradient_parts.h"

/* -- What a norm keeps of an image, lines of n channels: the sums of d and of d times the normalised input, then what
 * they are made with. d is the derivative by the norm's output before its activation. -- */

enum { SUM, PRODUCT, FACTOR, OFFSET, MEAN, SLOPE, TILT, LEVEL, GROUP_LINES };

/* is_plain: a norm of rows that all have one factor. It keeps two numbers a row instead, its moments. */
static bool is_plain(const struct node *node) {
    return node->op == OP_LAYER_NORM && node->in[1] < 0 && node->weight >= 0;
}

size_t gradient_norm_keeps(const struct node *node, const struct value_place *v) {
    if (is_plain(node))
        return 2 * v->height * v->width;
    return (node->op == OP_GROUP_NORM ? GROUP_LINES : FACTOR + 1) * v->channels;
}

static float *kept(const struct pass *p, const struct step *step, size_t image, size_t line, size_t n) {
    return graph_scratch(&p->v, step->keep) + image * p->g->forward.values[step->keep].floats + line * n;
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

/* moments_of is where a plain norm keeps those of the pass's first row. Unlike other values, these have no gaps between
 * images. */
static float *moments_of(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->out];
    return graph_scratch(&p->v, step->keep) -
           p->v.first * (p->g->forward.values[step->keep].floats - 2 * v->height * v->width);
}

/* layer_run differentiates `rows` rows of an image's line y, or more, with what they keep: sums or moments. */
static void layer_run(const struct pass *p, const struct node *node, const struct step *step, size_t image, size_t y,
                      struct layer_rows l) {
    struct places x = graph_places(&p->v, node->in[0]), d = graph_places(&p->d, node->out),
                  to = graph_places(&p->d, node->in[0]);
    l.n = l.x_step = l.d_step = l.out_step = x.step;
    l.eps = node->layer.eps;
    l.add = step->add[0];
    l.x = at(&x, image, y);
    l.d = at(&d, image, y);
    l.out = at(&to, image, y);
    p->g->forward.kernels->backward->layer(&l);
}

static void layer_plain(const struct pass *p, const struct node *node, const struct step *step) {
    const struct value_place *v = &p->g->forward.values[node->in[0]];
    struct places to = graph_places(&p->d, node->in[0]); /* it may have a border, as a convolution's */
    const struct lines l = gradient_lines(p, v, (const struct places *const[]){&to, NULL});
    struct layer_rows rows = {
        .rows = l.numbers / v->channels, .factor = parameter(p, node->weight), .moments = moments_of(p, node, step)};
    for (size_t i = 0; i < l.images; i++)
        for (size_t y = 0; y < l.height; y++, rows.moments += 2 * rows.rows)
            layer_run(p, node, step, i, y, rows);
}

/* layer_image: an image has a factor of its own, and so its sums. */
static void layer_image(const struct pass *p, const struct node *node, const struct step *step, size_t image,
                        const struct places *by) {
    const struct value_place *v = &p->g->forward.values[node->out];
    const float *weight = parameter(p, node->weight), *bias = parameter(p, node->bias);
    const struct modulation m = modulation_of(p, node, by, image, node->layer.scale_at, node->layer.shift_at);
    size_t n = v->channels;
    float *line = kept(p, step, image, 0, n);
    memset(line, 0, 2 * n * sizeof *line);
    for (size_t c = 0; c < n; c++)
        line[FACTOR * n + c] = (weight ? weight[c] : 1) * (m.scale ? 1 + m.scale[c] : 1);
    for (size_t y = 0; y < v->height; y++)
        layer_run(
            p, node, step, image, y,
            (struct layer_rows){
                .rows = v->width, .factor = line + FACTOR * n, .sum = line + SUM * n, .product = line + PRODUCT * n});
    by_modulation(&m, n, weight, bias, line + SUM * n, line + PRODUCT * n);
}

void gradient_layer_norm(const struct pass *p, const struct node *node, const struct step *step) {
    struct places by = {0};
    if (is_plain(node)) {
        layer_plain(p, node, step);
        return;
    }
    if (gradient_takes(p, node, 1))
        by = gradient_begin(p, node, step, 1);
    for (size_t i = 0; i < p->d.images; i++)
        layer_image(p, node, step, i, &by);
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

/* plain_weights sums over the rows of all images, some at a time in float32. */
static void plain_weights(const struct pass *p, const struct node *node, const struct step *step, float *by_weight,
                          float *by_bias) {
    const struct value_place *v = &p->g->forward.values[node->out];
    const size_t n = v->channels, rows = p->v.images * v->height * v->width, most = gradient_together(v);
    const float *x = graph_places(&p->v, node->in[0]).data, *d = graph_places(&p->d, node->out).data;
    for (size_t r = 0; r < rows; r += most)
        p->g->forward.kernels->backward->layer_sums(&(struct layer_rows){.rows = rows - r < most ? rows - r : most,
                                                                         .n = n,
                                                                         .x = x + r * n,
                                                                         .d = d + r * n,
                                                                         .x_step = n,
                                                                         .d_step = n,
                                                                         .sum = by_bias,
                                                                         .product = by_weight,
                                                                         .moments = moments_of(p, node, step) + 2 * r});
}

void gradient_norm_weights(const struct pass *p, const struct node *node, const struct step *step, float *by_weights) {
    size_t n = p->g->forward.values[node->out].channels, pitch = p->g->forward.values[step->keep].floats;
    const struct backward_kernels *k = p->g->forward.kernels->backward;
    float *by_weight = gradient_sums(p, node->weight, by_weights), *by_bias = gradient_sums(p, node->bias, by_weights);
    size_t scale_at = node->op == OP_LAYER_NORM ? node->layer.scale_at : 0;
    if (is_plain(node)) {
        plain_weights(p, node, step, by_weight, by_bias);
        return;
    }
    if (node->in[1] < 0) {
        k->sums(p->v.images, pitch, n, kept(p, step, 0, PRODUCT, n), by_weight);
        k->sums(p->v.images, pitch, n, kept(p, step, 0, SUM, n), by_bias);
    }
    for (size_t i = 0; i < p->v.images && node->in[1] >= 0; i++) {
        const struct modulation m = modulation_of(p, node, &(struct places){0}, i, scale_at, 0);
        add_scaled(&m, n, kept(p, step, i, SUM, n), kept(p, step, i, PRODUCT, n), by_weight, by_bias);
    }
}
