/* Derivatives with factors that are rounded, to bfloat16 or to binary16, beside those of float32. */
#include "core/nn/gradient.h"

#include <math.h>

#include "core/tensor/tensor.h"
#include "tests/support/derivatives.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

static int bare_conv(struct graph *g, int x, const char *name, size_t out, size_t kernel, size_t stride, bool late) {
    return graph_conv(
        g, x, &(struct conv){.name = name, .out = out, .kernel = kernel, .stride = stride, .late_border = late});
}

/* Convolutions of all kinds, without activations. */
static enum status convolutions(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_input(g, 8, 8, 3);
    int y = bare_conv(g, x, "three", 5, 3, 1, false);
    int down = bare_conv(g, y, "down", 2, 3, 2, false), late = bare_conv(g, y, "late", 2, 3, 2, true);
    int patch = bare_conv(g, x, "patch", 2, 2, 2, false);
    int z = graph_conv(g, graph_add(g, graph_add(g, down, late), patch),
                       &(struct conv){.name = "one", .out = 7, .kernel = 1, .linear = true});
    return derivatives_finish(g, bare_conv(g, z, "last", 1, 1, 1, false), out);
}

/* whole gives n whole numbers of -most .. most. */
static float *whole(size_t n, uint64_t *seed, uint64_t most) {
    float *list = malloc(n * sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < n; i++)
        list[i] = (float)test_below(seed, 2 * most + 1) - (float)most;
    return list;
}

enum { WHOLE_IN = 8 * 8 * 3, WHOLE_OUT = 4 * 4 };

/* What a gradient gives, whose factors are rounded or not. */
struct derived {
    float out[2 * WHOLE_OUT], by_input[2 * WHOLE_IN], *by_weights;
};

static struct derived derived_of(struct ctx *ctx, const struct graph *g, enum gradient_dtype dtype,
                                 const float *weights, const float *x, const float *d) {
    struct derived r = {.by_weights = malloc(gradient_numbers(g) * sizeof(float))};
    struct gradient *gradient;
    assert_int_equal(gradient_new_rounded(ctx, g, 2, dtype, &gradient), STATUS_OK);
    gradient_forward(ctx, gradient, weights, 2, &(struct graph_in){.x = x}, r.out);
    gradient_backward(ctx, gradient, d, r.by_weights);
    gradient_by_input(ctx, gradient, d, r.by_input);
    return r;
}

static void same_derived(const struct derived *a, const struct derived *b, size_t numbers) {
    assert_memory_equal(a->out, b->out, sizeof a->out);
    assert_memory_equal(a->by_input, b->by_input, sizeof a->by_input);
    assert_memory_equal(a->by_weights, b->by_weights, numbers * sizeof(float));
}

/* with_tables calls for every set that is here, in a ctx of its own. */
static void with_tables(void (*check)(struct ctx *ctx, uint64_t *seed)) {
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        uint64_t seed = 3;
        ctx_init(&ctx, 64 << 20);
        ctx.isa = (enum isa)isa;
        check(&ctx, &seed);
        ctx_release(&ctx);
    }
}

/* Small whole numbers are exact as bfloat16 and binary16, and so are their sums here: products of rounded factors give the
 * bits of others. */
static void check_whole_numbers(struct ctx *ctx, uint64_t *seed) {
    struct graph *g;
    assert_int_equal(convolutions(ctx, tensor_kernels_for(ctx->isa), &g), STATUS_OK);
    const size_t numbers = gradient_numbers(g);
    float *weights = whole(numbers, seed, 1), *x = whole(2 * WHOLE_IN, seed, 1), *d = whole(2 * WHOLE_OUT, seed, 1);
    struct derived plain = derived_of(ctx, g, GRADIENT_F32, weights, x, d);
    for (int dtype = GRADIENT_BF16; dtype <= GRADIENT_F16; dtype++) {
        struct derived rounded = derived_of(ctx, g, (enum gradient_dtype)dtype, weights, x, d);
        same_derived(&plain, &rounded, numbers);
        free(rounded.by_weights);
    }
    free(weights), free(x), free(d), free(plain.by_weights);
}

static void rounded_products_of_whole_numbers_are_exact(void **state) {
    (void)state;
    with_tables(check_whole_numbers);
}

enum { LAYER_IN = 7, LAYER_OUT = WHOLE_OUT };

/* layer is one linear layer with a bias. */
static enum status layer(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_input(g, 1, 1, LAYER_IN);
    const struct conv c = {.name = "one", .out = LAYER_OUT, .kernel = 1, .linear = true};
    return derivatives_finish(g, graph_conv(g, x, &c), out);
}

/* One layer has nothing between its factors and what is given: it is float32's with factors that are rounded before, its
 * bias among the sums and not among the factors. */
static void check_layer(struct ctx *ctx, uint64_t *seed) {
    struct graph *g;
    assert_int_equal(layer(ctx, tensor_kernels_for(ctx->isa), &g), STATUS_OK);
    const size_t numbers = gradient_numbers(g), weights = LAYER_IN * LAYER_OUT;
    float *w[2], *x[2], *d[2];
    assert_int_equal(numbers, weights + LAYER_OUT);
    w[0] = derivatives_numbers(numbers, seed, NULL), w[1] = malloc(numbers * sizeof(float));
    x[0] = derivatives_numbers(2 * LAYER_IN, seed, NULL), x[1] = malloc(2 * LAYER_IN * sizeof(float));
    d[0] = derivatives_numbers(2 * LAYER_OUT, seed, NULL), d[1] = malloc(2 * LAYER_OUT * sizeof(float));
    memcpy(w[1] + weights, w[0] + weights, LAYER_OUT * sizeof(float));
    tensor_ref.round_f16(weights, w[0], w[1]);
    tensor_ref.round_f16(2 * LAYER_IN, x[0], x[1]);
    tensor_ref.round_f16(2 * LAYER_OUT, d[0], d[1]);
    struct derived is = derived_of(ctx, g, GRADIENT_F16, w[0], x[0], d[0]),
                   want = derived_of(ctx, g, GRADIENT_F32, w[1], x[1], d[1]),
                   plain = derived_of(ctx, g, GRADIENT_F32, w[0], x[0], d[0]);
    assert_memory_equal(is.out, want.out, 2 * LAYER_OUT * sizeof(float));
    assert_memory_equal(is.by_input, want.by_input, 2 * LAYER_IN * sizeof(float));
    assert_memory_equal(is.by_weights, want.by_weights, numbers * sizeof(float));
    assert_memory_not_equal(is.by_weights, plain.by_weights, numbers * sizeof(float));
    for (int i = 0; i < 2; i++)
        free(w[i]), free(x[i]), free(d[i]);
    free(is.by_weights), free(want.by_weights), free(plain.by_weights);
}

static void half_precision_is_that_of_rounded_factors(void **state) {
    (void)state;
    with_tables(check_layer);
}

/* off_by is how far derivatives with rounded factors are from those without, in parts of their length. */
static double off_by(struct ctx *ctx, const struct graph *g, enum gradient_dtype dtype, const float *weights,
                     const float *x, const float *d) {
    const enum gradient_dtype dtypes[] = {GRADIENT_F32, dtype};
    const size_t numbers = gradient_numbers(g);
    const struct graph_in in = {x, (const float[]){3, 40}, (const int64_t[]){1, 2}};
    float *by[2], out[384];
    for (int i = 0; i < 2; i++) {
        struct gradient *gradient;
        by[i] = malloc(numbers * sizeof(float));
        assert_int_equal(gradient_new_rounded(ctx, g, 2, dtypes[i], &gradient), STATUS_OK);
        gradient_forward(ctx, gradient, weights, 2, &in, out);
        gradient_backward(ctx, gradient, d, by[i]);
    }
    double off = 0, all = 0;
    for (size_t i = 0; i < numbers; i++) {
        off += ((double)by[1][i] - (double)by[0][i]) * ((double)by[1][i] - (double)by[0][i]);
        all += (double)by[0][i] * (double)by[0][i];
    }
    free(by[0]), free(by[1]);
    return sqrt(off / all);
}

/* Of other numbers they are as near as the rounding of factors says, by 2^-9 of bfloat16 and 2^-12 of binary16: within
 * sixteen times that. */
static void check_network(struct ctx *ctx, derivatives_maker *make, uint64_t *seed) {
    struct graph *g;
    assert_int_equal(make(ctx, tensor_kernels_for(ctx->isa), &g), STATUS_OK);
    const size_t numbers = gradient_numbers(g);
    float *weights = derivatives_numbers(numbers, seed, NULL), *x = derivatives_numbers(2 * 192, seed, NULL),
          *d = derivatives_numbers(2 * 192, seed, NULL);
    for (size_t i = 0; i < numbers; i++)
        weights[i] *= 0.5f;
    const double bf16 = off_by(ctx, g, GRADIENT_BF16, weights, x, d), f16 = off_by(ctx, g, GRADIENT_F16, weights, x, d);
    if (!(bf16 > 0 && bf16 < 16 * 0x1p-9 && f16 > 0 && f16 < 16 * 0x1p-12))
        fail_msg("off by %g and %g of the whole", bf16, f16);
    free(weights), free(x), free(d);
}

static void check_nearness(struct ctx *ctx, uint64_t *seed) {
    derivatives_maker *const MAKERS[] = {derivatives_tiny_mlp, derivatives_tiny_unet, derivatives_tiny_dit};
    for (size_t i = 0; i < COUNT(MAKERS); i++)
        check_network(ctx, MAKERS[i], seed);
}

static void rounded_derivatives_are_near(void **state) {
    (void)state;
    with_tables(check_nearness);
}

/* A factor beyond 65504 is infinite, on each way; without rounding it is not. */
static void what_overflows_is_infinite(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    uint64_t seed = 9;
    ctx_init(&ctx, 64 << 20);
    ctx.isa = isa_best();
    assert_int_equal(layer(&ctx, tensor_kernels_for(ctx.isa), &g), STATUS_OK);
    const size_t numbers = gradient_numbers(g);
    float *weights = derivatives_numbers(numbers, &seed, NULL), *x = derivatives_numbers(2 * LAYER_IN, &seed, NULL),
          *d = derivatives_numbers(2 * LAYER_OUT, &seed, NULL);
    d[0] = 7e4f;
    struct derived plain = derived_of(&ctx, g, GRADIENT_F32, weights, x, d),
                   rounded = derived_of(&ctx, g, GRADIENT_F16, weights, x, d);
    assert_true(isfinite(plain.by_weights[0]) && isinf(rounded.by_weights[0]) && isfinite(rounded.out[0]));
    free(plain.by_weights), free(rounded.by_weights);
    x[0] = -7e4f;
    rounded = derived_of(&ctx, g, GRADIENT_F16, weights, x, d);
    assert_true(isinf(rounded.out[0]));
    free(weights), free(x), free(d), free(rounded.by_weights);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_products_of_whole_numbers_are_exact),
        cmocka_unit_test(half_precision_is_that_of_rounded_factors),
        cmocka_unit_test(rounded_derivatives_are_near),
        cmocka_unit_test(what_overflows_is_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
