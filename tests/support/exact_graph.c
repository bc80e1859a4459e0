#include "tests/support/exact_graph.h"

#include <math.h>

#include "core/base/half_float.h"
#include "core/nn/graph_parts.h"
#include "tests/support/test.h"

/* Every value of one image, without borders. */
struct exact {
    const struct graph *g;
    const double *weights, *x;
    double **values;
    float time;
    int64_t class;
};

static const double *parameter(const struct exact *e, int i) {
    const double *w = e->weights;
    for (int k = 0; k < i; k++)
        w += e->g->parameters[k].n;
    return i < 0 ? NULL : w;
}

/* rounded is a number as bfloat16 has it. */
static double rounded(double x) { return (double)float_of_bf16(bf16_of_float((float)x)); }

static double act(enum activation activation, double x) {
    switch (activation) {
    case ACTIVATION_SILU: return x / (1 + exp(-x));
    case ACTIVATION_RELU: return x > 0 ? x : 0;
    case ACTIVATION_GELU: return x * 0.5 * erfc(-x / sqrt(2));
    case ACTIVATION_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACTIVATION_MISH: return x * tanh(log1p(exp(x)));
    default: return x;
    }
}

/* sum_under is the convolution itself at one place. */
static double sum_under(const struct exact *e, const struct node *node, size_t y, size_t x, size_t o) {
    const struct value_place *in = &e->g->values[node->in[0]];
    const struct conv *c = &node->conv;
    const double *w = parameter(e, node->weight) + o * in->channels * c->kernel * c->kernel;
    long pad = c->kernel == 3 && c->stride != 3 && !c->late_border;
    double sum = 0;
    for (size_t tap = 0; tap < c->kernel * c->kernel; tap++) {
        long iy = (long)(y * c->stride + tap / c->kernel) - pad, ix = (long)(x * c->stride + tap % c->kernel) - pad;
        if (iy < 0 || ix < 0 || iy >= (long)in->height || ix >= (long)in->width)
            continue;
        const double *a = e->values[node->in[0]] + ((size_t)iy * in->width + (size_t)ix) * in->channels;
        for (size_t k = 0; k < in->channels; k++)
            sum +=
                (e->g->half ? rounded(w[k * c->kernel * c->kernel + tap]) : w[k * c->kernel * c->kernel + tap]) * a[k];
    }
    return sum;
}

static void conv(const struct exact *e, const struct node *node, double *out) {
    const struct value_place *v = &e->g->values[node->out];
    const struct conv *c = &node->conv;
    const double *bias = parameter(e, node->bias);
    for (size_t y = 0; y < v->height; y++)
        for (size_t x = 0; x < v->width; x++)
            for (size_t o = 0; o < v->channels; o++, out++) {
                double z = sum_under(e, node, y, x, o) + (bias ? bias[o] : 0);
                z += node->in[1] >= 0 ? e->values[node->in[1]][c->vector_at + o] : 0;
                z = act(c->activation, z) * (node->in[3] >= 0 ? e->values[node->in[3]][c->gate_at + o] : 1);
                size_t at = (y * v->width + x) * v->channels + o;
                *out = (double)c->scale * (z + (node->in[2] >= 0 ? e->values[node->in[2]][at] : 0));
            }
}

/* normalise gives numbers of `pixels` rows of n, `pitch` apart, mean 0 and variance 1. */
static void normalise(size_t pixels, size_t pitch, size_t n, double eps, const double *x, double *out) {
    double mean = 0, square = 0, count = (double)(pixels * n);
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n; i++)
            mean += x[p * pitch + i] / count;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n; i++)
            square += (x[p * pitch + i] - mean) * (x[p * pitch + i] - mean) / count;
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n; i++)
            out[p * pitch + i] = (x[p * pitch + i] - mean) / sqrt(square + eps);
}

static void modulate(const struct exact *e, const struct node *node, size_t scale_at, size_t shift_at,
                     enum activation activation, double *out) {
    const struct value_place *v = &e->g->values[node->out];
    const double *weight = parameter(e, node->weight), *bias = parameter(e, node->bias);
    const double *m = node->in[1] >= 0 ? e->values[node->in[1]] : NULL;
    for (size_t p = 0; p < v->height * v->width; p++)
        for (size_t c = 0; c < v->channels; c++, out++) {
            double y = weight ? *out * weight[c] + bias[c] : *out;
            *out = act(activation, m ? y * (1 + m[scale_at + c]) + m[shift_at + c] : y);
        }
}

static void group_norm(const struct exact *e, const struct node *node, const double *x, double *out) {
    const struct value_place *v = &e->g->values[node->out];
    size_t n = v->channels / node->norm.groups;
    for (size_t first = 0; first < v->channels; first += n)
        normalise(v->height * v->width, v->channels, n, (double)node->norm.eps, x + first, out + first);
    modulate(e, node, 0, v->channels, node->norm.activation, out);
}

static void layer_norm(const struct exact *e, const struct node *node, const double *x, double *out) {
    const struct value_place *v = &e->g->values[node->out];
    for (size_t p = 0; p < v->height * v->width; p++)
        normalise(1, 0, v->channels, (double)node->layer.eps, x + p * v->channels, out + p * v->channels);
    modulate(e, node, node->layer.scale_at, node->layer.shift_at, ACTIVATION_NONE, out);
}

static void attention(const struct exact *e, const struct node *node, double *out) {
    const struct value_place *in = &e->g->values[node->out];
    size_t tokens = in->height * in->width, n = in->channels, d = n / node->heads;
    const double *q = e->values[node->in[0]], *k = e->values[node->in[1]], *v = e->values[node->in[2]];
    double *p = malloc(tokens * sizeof *p);
    assert_non_null(p);
    for (size_t h = 0; h < node->heads; h++)
        for (size_t t = 0; t < tokens; t++) {
            double sum = 0, most = -INFINITY;
            for (size_t s = 0; s < tokens; s++) {
                p[s] = 0;
                for (size_t c = h * d; c < (h + 1) * d; c++)
                    p[s] += q[t * n + c] * k[s * n + c] / sqrt((double)d);
                most = fmax(most, p[s]);
            }
            for (size_t s = 0; s < tokens; s++)
                sum += p[s] = exp(p[s] - most);
            for (size_t c = h * d; c < (h + 1) * d; c++) {
                out[t * n + c] = 0;
                for (size_t s = 0; s < tokens; s++)
                    out[t * n + c] += p[s] / sum * v[s * n + c];
            }
        }
    free(p);
}

/* moved is where number i of the output comes from in the (first) input. */
static size_t moved(const struct node *node, const struct value_place *in, const struct value_place *out, size_t i) {
    size_t c = i % out->channels, x = i / out->channels % out->width, y = i / out->channels / out->width;
    size_t patch = node->patch;
    switch (node->op) {
    case OP_SLICE: return (y * in->width + x) * in->channels + node->from + c;
    case OP_UPSAMPLE: return (y / 2 * in->width + x / 2) * in->channels + c;
    case OP_UNPATCH:
        return (y / patch * in->width + x / patch) * in->channels + (y % patch * patch + x % patch) * out->channels + c;
    default: return i;
    }
}

static double pooled(const struct value_place *in, const struct value_place *out, const double *a, size_t i) {
    size_t c = i % out->channels, x = i / out->channels % out->width, y = i / out->channels / out->width;
    double sum = 0;
    for (size_t k = 0; k < 4; k++)
        sum += a[((2 * y + k / 2) * in->width + 2 * x + k % 2) * in->channels + c] / 4;
    return sum;
}

static double sinusoid(const struct exact *e, const struct node *node, size_t n, size_t i) {
    size_t half = n / 2, j = i % half;
    double number = node->of == GRAPH_TIME ? (double)e->time : (double)e->class, angle;
    if (node->op == OP_FOURIER)
        angle = log((double)e->time) * parameter(e, node->weight)[j] * 2 * M_PI;
    else
        angle = number * pow(10000, -(double)j / ((double)half - node->shift));
    bool cosine = node->op == OP_SINUSOIDS && node->cos_first ? i < half : i >= half;
    return cosine ? cos(angle) : sin(angle);
}

static double embedded(const struct exact *e, const struct node *node, size_t n, size_t i) {
    double number = node->of == GRAPH_TIME ? (double)e->time : (double)e->class;
    size_t rows = e->g->parameters[node->weight].shape[0], row = number > 0 ? (size_t)number : 0;
    return parameter(e, node->weight)[(row < rows ? row : rows - 1) * n + i];
}

static double element(const struct exact *e, const struct node *node, size_t i) {
    const struct value_place *in = node->in[0] >= 0 ? &e->g->values[node->in[0]] : NULL,
                             *out = &e->g->values[node->out];
    const double *a = in ? e->values[node->in[0]] : NULL, *b = node->in[1] >= 0 ? e->values[node->in[1]] : NULL;
    size_t c = i % out->channels, pixel = i / out->channels;
    switch (node->op) {
    case OP_INPUT: return e->x[i];
    case OP_CONCAT:
        return c < in->channels ? a[pixel * in->channels + c]
                                : b[pixel * (out->channels - in->channels) + c - in->channels];
    case OP_POOL: return pooled(in, out, a, i);
    case OP_AFFINE: return a[i] * (double)node->factor + (double)node->offset;
    case OP_OVER_TIME: return a[i] / (double)e->time;
    case OP_ACTIVATION: return act(node->conv.activation, a[i]);
    case OP_ADD: return a[i] + b[i];
    case OP_MULTIPLY: return act(node->conv.activation, a[i]) * b[i];
    case OP_SINUSOIDS:
    case OP_FOURIER: return sinusoid(e, node, out->channels, i);
    case OP_EMBEDDING: return embedded(e, node, out->channels, i);
    default: return a[moved(node, in, out, i)];
    }
}

static size_t floats_of(const struct value_place *v) { return v->height * v->width * v->channels; }

static void compute(const struct exact *e, const struct node *node, double *out) {
    const double *x = node->in[0] >= 0 ? e->values[node->in[0]] : NULL;
    switch (node->op) {
    case OP_CONV: conv(e, node, out); return;
    case OP_GROUP_NORM: group_norm(e, node, x, out); return;
    case OP_LAYER_NORM: layer_norm(e, node, x, out); return;
    case OP_ATTENTION: attention(e, node, out); return;
    default:
        for (size_t i = 0; i < floats_of(&e->g->values[node->out]); i++)
            out[i] = element(e, node, i);
    }
}

static void run(const struct exact *e, const struct node *node) {
    const struct value_place *v = &e->g->values[node->out];
    double *out = e->values[node->out];
    compute(e, node, out);
    for (size_t i = 0; v->half && i < floats_of(v); i++)
        out[i] = rounded(out[i]);
}

double *exact_graph(const struct graph *g, const double *weights, size_t images, const double *x, const float *times,
                    const int64_t *classes, size_t *floats) {
    struct exact e = {.g = g, .weights = weights, .values = calloc(g->n_values, sizeof(double *))};
    assert_non_null(e.values);
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value_place *v = &g->values[i];
        assert_non_null(e.values[i] = malloc((floats_of(v) + 1) * sizeof(double)));
        for (size_t k = 0; v->constant && k < floats_of(v); k++)
            e.values[i][k] = (double)v->constant[k];
    }
    int output = g->nodes[g->n_nodes - 1].in[0];
    size_t in = floats_of(&g->values[0]), n = floats_of(&g->values[output]);
    double *out = malloc(images * n * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < images; i++) {
        e.x = x + i * in;
        e.time = times ? times[i] : 0;
        e.class = classes ? classes[i] : 0;
        for (size_t k = 0; k + 1 < g->n_nodes; k++)
            run(&e, &g->nodes[k]);
        memcpy(out + i * n, e.values[output], n * sizeof *out);
    }
    for (size_t i = 0; i < g->n_values; i++)
        free(e.values[i]);
    free(e.values);
    if (floats)
        *floats = n;
    return out;
}
