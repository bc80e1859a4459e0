#include "core/nn/graph.h"

#include <stdio.h>
#include <string.h>

#include "core/nn/graph_parts.h"
#include "core/tensor/attention.h"
#include "core/tensor/norm.h"

/* -- Lists that grow in the arena -- */

static bool grow(struct graph *g, void **list, size_t n, size_t *max, size_t size) {
    if (g->failed || n < *max)
        return !g->failed;
    size_t wanted = *max ? 2 * *max : 64;
    void *more = ctx_zalloc(g->ctx, wanted, size);
    g->failed = !more;
    if (!more)
        return false;
    if (n)
        memcpy(more, *list, n * size);
    *list = more;
    *max = wanted;
    return true;
}

struct graph *graph_new(struct ctx *ctx, const struct tensor_kernels *kernels) {
    struct graph *g = ctx_zalloc(ctx, 1, sizeof *g);
    if (g) {
        g->ctx = ctx;
        g->kernels = kernels;
    }
    return g;
}

static int add_value(struct graph *g, size_t height, size_t width, size_t channels) {
    if (!grow(g, (void **)&g->values, g->n_values, &g->max_values, sizeof *g->values))
        return 0;
    g->values[g->n_values] = (struct value_place){.height = height, .width = width, .channels = channels};
    return (int)g->n_values++;
}

static struct node *add_node(struct graph *g, enum operation op, int a, int b, int c, int out) {
    if (!grow(g, (void **)&g->nodes, g->n_nodes, &g->max_nodes, sizeof *g->nodes))
        return NULL;
    struct node *node = &g->nodes[g->n_nodes++];
    *node = (struct node){.op = op,
                          .in = {a, b, c, GRAPH_NONE},
                          .out = out,
                          .scratch = GRAPH_NONE,
                          .weight = GRAPH_NONE,
                          .bias = GRAPH_NONE};
    return node;
}

/* FNV-1a of 64 bits (Fowler, Noll, Vo). */
static size_t hash(const char *text) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

/* slot_of is where a name stands in g->names, or would: half of the slots are free, so the walk is short. */
static int *slot_of(const struct graph *g, const char *name) {
    const size_t mask = 2 * g->max_parameters - 1; /* a power of two, as grow makes them */
    size_t at = hash(name) & mask;
    while (g->names[at] && strcmp(g->parameters[g->names[at] - 1].name, name) != 0)
        at = (at + 1) & mask;
    return &g->names[at];
}

/* grow_parameters makes room for one more, and with longer lists a table of their names. */
static bool grow_parameters(struct graph *g) {
    const size_t before = g->max_parameters;
    if (!grow(g, (void **)&g->parameters, g->n_parameters, &g->max_parameters, sizeof *g->parameters))
        return false;
    if (g->max_parameters == before)
        return true;
    g->names = ctx_zalloc(g->ctx, 2 * g->max_parameters, sizeof *g->names);
    g->failed = !g->names;
    for (size_t i = 0; !g->failed && i < g->n_parameters; i++)
        *slot_of(g, g->parameters[i].name) = (int)i + 1;
    return !g->failed;
}

static int add_parameter(struct graph *g, const char *name, const char *suffix, enum parameter_role role, size_t fan_in,
                         size_t dims, const size_t *shape) {
    struct parameter made = {.role = role, .dims = dims, .n = 1, .fan_in = fan_in};
    if (!grow_parameters(g))
        return GRAPH_NONE;
    snprintf(made.name, sizeof made.name, "%s.%s", name, suffix);
    int *slot = slot_of(g, made.name);
    if (*slot)
        return *slot - 1;
    for (size_t i = 0; i < dims; i++)
        made.n *= made.shape[i] = shape[i];
    g->parameters[g->n_parameters++] = made;
    *slot = (int)g->n_parameters;
    return *slot - 1;
}

/* -- Operations -- */

static struct value_place of(const struct graph *g, int value) {
    return g->failed ? (struct value_place){0} : g->values[value];
}

size_t graph_channels(const struct graph *g, int value) { return of(g, value).channels; }
size_t graph_height(const struct graph *g, int value) { return of(g, value).height; }
size_t graph_width(const struct graph *g, int value) { return of(g, value).width; }

int graph_input(struct graph *g, size_t height, size_t width, size_t channels) {
    int out = add_value(g, height, width, channels);
    add_node(g, OP_INPUT, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, out);
    return out;
}

int graph_constant(struct graph *g, size_t height, size_t width, size_t channels, float *values) {
    int out = add_value(g, height, width, channels);
    if (!g->failed)
        g->values[out].constant = values;
    return out;
}

static int conv_weight(struct graph *g, size_t in, const struct conv *c) {
    const size_t shape[] = {c->out, in, c->kernel, c->kernel};
    return add_parameter(g, c->name, "weight", PARAMETER_WEIGHT, in * c->kernel * c->kernel, c->linear ? 2 : 4, shape);
}
static int conv_bias(struct graph *g, size_t in, const struct conv *c) {
    return c->no_bias ? GRAPH_NONE
                      : add_parameter(g, c->name, "bias", PARAMETER_BIAS, in * c->kernel * c->kernel, 1, &c->out);
}

void graph_conv_first(struct graph *g, size_t in, const struct conv *c) {
    (void)conv_weight(g, in, c);
    (void)conv_bias(g, in, c);
}

int graph_conv(struct graph *g, int x, const struct conv *c) {
    struct value_place in = of(g, x);
    size_t stride = c->stride ? c->stride : 1;
    if (!g->failed && c->kernel > 1 && !conv_patches(c))
        g->values[x].border = true;
    int weight = conv_weight(g, in.channels, c), bias = conv_bias(g, in.channels, c);
    int out = add_value(g, in.height / stride, in.width / stride, c->out);
    struct node *node =
        add_node(g, OP_CONV, x, c->vector ? c->vector : GRAPH_NONE, c->residual ? c->residual : GRAPH_NONE, out);
    if (!node)
        return 0;
    node->in[3] = c->gate ? c->gate : GRAPH_NONE;
    node->conv = *c;
    node->conv.name = NULL;
    node->conv.stride = stride;
    node->conv.scale = c->scale != 0 ? c->scale : 1;
    node->weight = weight;
    node->bias = bias;
    return out;
}

int graph_group_norm(struct graph *g, int x, const struct norm *n) {
    struct value_place in = of(g, x);
    int weight = add_parameter(g, n->name, "weight", PARAMETER_ONE, 0, 1, &in.channels);
    int bias = add_parameter(g, n->name, "bias", PARAMETER_ZERO, 0, 1, &in.channels);
    int out = add_value(g, in.height, in.width, in.channels), scratch = add_value(g, 0, 0, 0);
    struct node *node = add_node(g, OP_GROUP_NORM, x, n->modulation ? n->modulation : GRAPH_NONE, GRAPH_NONE, out);
    if (!node)
        return 0;
    node->norm = *n;
    node->norm.name = NULL;
    node->scratch = scratch;
    node->weight = weight;
    node->bias = bias;
    const struct group_norm need = {
        .images = 1, .height = in.height, .width = in.width, .channels = in.channels, .groups = n->groups};
    g->values[scratch].floats = group_norm_scratch(&need) / sizeof(float);
    return out;
}

int graph_layer_norm(struct graph *g, int x, const struct layer *l) {
    struct value_place in = of(g, x);
    int weight = GRAPH_NONE, bias = GRAPH_NONE;
    if (l->name) {
        weight = add_parameter(g, l->name, "weight", PARAMETER_ONE, 0, 1, &in.channels);
        bias = add_parameter(g, l->name, "bias", PARAMETER_ZERO, 0, 1, &in.channels);
    }
    int out = add_value(g, in.height, in.width, in.channels);
    struct node *node = add_node(g, OP_LAYER_NORM, x, l->modulation ? l->modulation : GRAPH_NONE, GRAPH_NONE, out);
    if (!node)
        return 0;
    node->layer = *l;
    node->layer.name = NULL;
    node->weight = weight;
    node->bias = bias;
    return out;
}

int graph_attention(struct graph *g, int q, int k, int v, size_t heads) {
    struct value_place in = of(g, q);
    int out = add_value(g, in.height, in.width, in.channels), scratch = add_value(g, 0, 0, 0);
    struct node *node = add_node(g, OP_ATTENTION, q, k, v, out);
    if (!node)
        return 0;
    node->heads = heads;
    node->scratch = scratch;
    g->values[scratch].floats = attention_scratch(g->kernels, 1, in.height * in.width, heads, in.channels / heads);
    return out;
}

int graph_concat(struct graph *g, int a, int b) {
    struct value_place in = of(g, a);
    int out = add_value(g, in.height, in.width, in.channels + of(g, b).channels);
    add_node(g, OP_CONCAT, a, b, GRAPH_NONE, out);
    return out;
}

int graph_slice(struct graph *g, int x, size_t from, size_t channels) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height, in.width, channels);
    struct node *node = add_node(g, OP_SLICE, x, GRAPH_NONE, GRAPH_NONE, out);
    if (node)
        node->from = from;
    return out;
}

int graph_unpatch(struct graph *g, int x, size_t patch) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height * patch, in.width * patch, in.channels / (patch * patch));
    struct node *node = add_node(g, OP_UNPATCH, x, GRAPH_NONE, GRAPH_NONE, out);
    if (node)
        node->patch = patch;
    return out;
}

int graph_upsample(struct graph *g, int x) {
    struct value_place in = of(g, x);
    int out = add_value(g, 2 * in.height, 2 * in.width, in.channels);
    add_node(g, OP_UPSAMPLE, x, GRAPH_NONE, GRAPH_NONE, out);
    return out;
}

int graph_activation(struct graph *g, int x, enum activation activation) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height, in.width, in.channels);
    struct node *node = add_node(g, OP_ACTIVATION, x, GRAPH_NONE, GRAPH_NONE, out);
    if (node)
        node->conv.activation = activation;
    return out;
}

int graph_add(struct graph *g, int a, int b) {
    struct value_place in = of(g, a);
    int out = add_value(g, in.height, in.width, in.channels);
    add_node(g, OP_ADD, a, b, GRAPH_NONE, out);
    return out;
}

int graph_multiply(struct graph *g, int a, enum activation activation, int b) {
    struct value_place in = of(g, a);
    int out = add_value(g, in.height, in.width, in.channels);
    struct node *node = add_node(g, OP_MULTIPLY, a, b, GRAPH_NONE, out);
    if (node)
        node->conv.activation = activation;
    return out;
}

int graph_pool(struct graph *g, int x) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height / 2, in.width / 2, in.channels);
    add_node(g, OP_POOL, x, GRAPH_NONE, GRAPH_NONE, out);
    return out;
}

int graph_affine(struct graph *g, int x, float factor, float offset) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height, in.width, in.channels);
    struct node *node = add_node(g, OP_AFFINE, x, GRAPH_NONE, GRAPH_NONE, out);
    if (node) {
        node->factor = factor;
        node->offset = offset;
    }
    return out;
}

int graph_over_time(struct graph *g, int x) {
    struct value_place in = of(g, x);
    int out = add_value(g, in.height, in.width, in.channels);
    add_node(g, OP_OVER_TIME, x, GRAPH_NONE, GRAPH_NONE, out);
    return out;
}

int graph_sinusoids(struct graph *g, enum graph_number number, size_t n, double shift, bool cos_first) {
    int out = add_value(g, 1, 1, n);
    struct node *node = add_node(g, OP_SINUSOIDS, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, out);
    if (node) {
        node->of = number;
        node->shift = shift;
        node->cos_first = cos_first;
    }
    return out;
}

int graph_fourier(struct graph *g, const char *name, size_t n) {
    size_t half = n / 2;
    int weight = add_parameter(g, name, "weight", PARAMETER_EMBEDDING, 0, 1, &half), out = add_value(g, 1, 1, n);
    struct node *node = add_node(g, OP_FOURIER, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, out);
    if (node)
        node->weight = weight;
    return out;
}

int graph_embedding(struct graph *g, enum graph_number number, const char *name, size_t rows, size_t n) {
    const size_t shape[] = {rows, n};
    int weight = add_parameter(g, name, "weight", PARAMETER_EMBEDDING, 0, 2, shape), out = add_value(g, 1, 1, n);
    struct node *node = add_node(g, OP_EMBEDDING, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, out);
    if (node) {
        node->of = number;
        node->weight = weight;
    }
    return out;
}

/* -- The whole -- */

void graph_output(struct graph *g, int x) {
    add_node(g, OP_OUTPUT, x, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE);
    if (!g->failed)
        graph_plan(g);
}

size_t graph_floats(const struct graph *g, size_t images) { return g->floats * images; }

struct graph_memory graph_memory(const struct graph *g) {
    return g->memory;
}
bool graph_failed(const struct graph *g) { return g->failed; }
size_t graph_parameters(const struct graph *g, const struct parameter **list) {
    *list = g->parameters;
    return g->n_parameters;
}

/* -- What a run costs -- */

static double node_work(const struct graph *g, const struct node *node) {
    if (node->op != OP_CONV && node->op != OP_ATTENTION)
        return 0;
    const struct value_place *out = &g->values[node->out];
    const double pixels = (double)(out->height * out->width), channels = (double)out->channels;
    if (node->op == OP_ATTENTION)
        return 2 * pixels * pixels * channels;
    const struct parameter *p = &g->parameters[node->weight];
    return pixels * channels * ((double)p->n / (double)p->shape[0]);
}

double graph_work(const struct graph *g) {
    double work = 0;
    for (size_t i = 0; i < g->n_nodes; i++)
        work += node_work(g, &g->nodes[i]);
    return work;
}

/* Multiply-adds a nanosecond, measured with bench/nn; plain C makes about 2. */
double graph_cost(const struct graph *g) {
    double rate = g->kernels->isa == ISA_REF ? 2 : g->kernels->isa == ISA_AVX512 ? 2 * GRAPH_RATE : GRAPH_RATE;
    if (g->half && isa_plain(g->half->isa) != g->half->isa)
        rate *= 2;
    return 1000 + graph_work(g) / rate;
}
