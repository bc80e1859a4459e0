/* Derivatives of each operation, with all that it may have, against central differences. */
#include "core/nn/gradient.h"

#include "tests/support/derivatives.h"
#include "tests/support/test.h"

enum { CLASSES = DERIVATIVES_CLASSES };

static int linear(struct graph *g, int x, const char *name, size_t out) {
    return graph_conv(g, x, &(struct conv){.name = name, .out = out, .kernel = 1, .linear = true});
}

/* A number that depends on weights, for each image: what a modulation is made of. */
static int condition(struct graph *g, const char *name, size_t n) {
    char embedding[PARAMETER_NAME];
    snprintf(embedding, sizeof embedding, "%s.table", name);
    return linear(g, graph_embedding(g, GRAPH_CLASS, embedding, CLASSES, 4), name, n);
}

enum { SIDE = 6, CHANNELS = 5 };

static enum status every_convolution(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_input(g, SIDE, SIDE, CHANNELS);
    int vector = condition(g, "vector", 40), gate = condition(g, "gate", 50);
    int y = graph_conv(
        g, x, &(struct conv){.name = "three", .out = 19, .kernel = 3, .vector = vector, .vector_at = 7, .scale = 0.5f});
    y = graph_conv(g, y, &(struct conv){.name = "wide", .out = 37, .kernel = 1, .activation = ACTIVATION_SILU});
    y = graph_conv(g, y,
                   &(struct conv){.name = "gated",
                                  .out = 37,
                                  .kernel = 1,
                                  .linear = true,
                                  .no_bias = true,
                                  .vector = vector,
                                  .gate = gate,
                                  .gate_at = 3,
                                  .residual = y,
                                  .scale = 0.75f,
                                  .activation = ACTIVATION_GELU});
    int down = graph_conv(g, y, &(struct conv){.name = "down", .out = 4, .kernel = 3, .stride = 2});
    int late =
        graph_conv(g, y, &(struct conv){.name = "late", .out = 4, .kernel = 3, .stride = 2, .late_border = true});
    y = graph_conv(g, graph_add(g, down, late),
                   &(struct conv){.name = "again", .out = 4, .kernel = 3, .residual = down});
    return derivatives_finish(g, graph_conv(g, y, &(struct conv){.name = "last", .out = 1, .kernel = 3}), out);
}

static enum status patches(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    static float table[4 * 7];
    for (size_t i = 0; i < COUNT(table); i++)
        table[i] = 0.125f * (float)i;
    int x = graph_affine(g, graph_input(g, SIDE, SIDE, 2), 2, -1);
    int y = graph_conv(g, x,
                       &(struct conv){.name = "patch",
                                      .out = 7,
                                      .kernel = 3,
                                      .stride = 3,
                                      .activation = ACTIVATION_GELU_TANH,
                                      .residual = graph_constant(g, 2, 2, 7, table)});
    y = graph_layer_norm(g, y, &(struct layer){.name = "norm", .eps = 1e-3f});
    int two = graph_conv(g, x, &(struct conv){.name = "two", .out = 18, .kernel = 2, .stride = 2});
    two = graph_slice(g, graph_layer_norm(g, two, &(struct layer){.eps = 1e-3f}), 2, 12);
    int wide = graph_unpatch(g, linear(g, y, "back", 9), 3);
    return derivatives_finish(g, graph_concat(g, wide, graph_unpatch(g, two, 2)), out);
}

static enum status every_norm(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_input(g, 5, 4, CHANNELS), m = condition(g, "m", 48), n = condition(g, "n", 100);
    int y = graph_conv(g, x, &(struct conv){.name = "in", .out = 24, .kernel = 3});
    struct norm norm = {.name = "plain", .groups = 4, .eps = 1e-3f};
    int z = graph_group_norm(g, y, &norm);
    norm = (struct norm){"modulated", 3, 1e-3f, m, ACTIVATION_MISH};
    z = graph_group_norm(g, graph_add(g, y, z), &norm);
    z = graph_layer_norm(g, graph_conv(g, z, &(struct conv){.name = "mid", .out = 24, .kernel = 3}),
                         &(struct layer){.name = "row", .eps = 1e-3f, .modulation = n, .scale_at = 2, .shift_at = 40});
    z = graph_layer_norm(g, z, &(struct layer){.eps = 1e-3f, .modulation = n, .scale_at = 70, .shift_at = 40});
    return derivatives_finish(g, graph_add(g, z, z), out);
}

static enum status attends(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 7, 5, 4), "in", 15);
    int y = graph_attention(g, linear(g, x, "q", 15), linear(g, x, "k", 15), linear(g, x, "v", 15), 3);
    return derivatives_finish(g, graph_add(g, graph_attention(g, y, y, y, 1), x), out);
}

static enum status rows(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 4, 4, 3), "in", 6);
    int up = graph_upsample(g, x), down = graph_pool(g, x),
        y = graph_pool(g, graph_add(g, up, graph_affine(g, up, 3, 1)));
    y = graph_multiply(g, y, ACTIVATION_SILU, x);
    y = graph_add(g, graph_multiply(g, y, ACTIVATION_MISH, y), graph_upsample(g, down));
    y = graph_concat(g, graph_slice(g, y, 1, 3), graph_slice(g, y, 2, 4));
    return derivatives_finish(g, graph_over_time(g, graph_activation(g, y, ACTIVATION_GELU)), out);
}

static enum status numbers(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 1, 1, 3), "in", 6);
    int t = linear(g, graph_sinusoids(g, GRAPH_TIME, 8, 1, true), "t", 6);
    int f = linear(g, graph_fourier(g, "fourier", 8), "f", 6);
    int e = graph_add(g, graph_embedding(g, GRAPH_TIME, "time", 20, 6), graph_embedding(g, GRAPH_CLASS, "class", 3, 6));
    (void)linear(g, x, "of.no.use", 9);
    return derivatives_finish(g, graph_add(g, graph_add(g, x, t), graph_multiply(g, f, ACTIVATION_RELU, e)), out);
}

static void operations(void **state) {
    (void)state;
    derivatives_check(every_convolution, SIDE * SIDE * CHANNELS, 1);
    derivatives_check(patches, SIDE * SIDE * 2, 1);
    derivatives_check(every_norm, 5 * 4 * CHANNELS, 1);
    derivatives_check(attends, 7 * 5 * 4, 1);
    derivatives_check(rows, 4 * 4 * 3, 3);
    derivatives_check(numbers, 3, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(operations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
