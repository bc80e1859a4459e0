/* Derivatives of each operation and of whole small networks against central differences in double precision, whose
 * formulas (exact_graph.h) share nothing with the kernels. */
#include "core/nn/gradient.h"

#include <math.h>

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "core/nn/vae.h"
#include "tests/support/exact_graph.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"
#include "tests/support/untrained.h"

enum { IMAGES = 2, CLASSES = 3 };

static double uniform(uint64_t *seed) { return (double)test_below(seed, 2000001) * 1e-6 - 1; }

/* A network, numbers for it, and its derivatives by each table of kernels. */
struct tried {
    struct graph *g;
    size_t n, in, out; /* weights; numbers an image */
    float *weights, *x, *d, *y[ISA_COUNT], *by_weights[ISA_COUNT], *by_input[ISA_COUNT], times[IMAGES];
    double *exact_weights, *exact_x;
    int64_t classes[IMAGES];
};

static float *some(size_t n, uint64_t *seed, double **exact) {
    float *list = malloc((n + 1) * sizeof *list);
    assert_non_null(list);
    if (exact)
        assert_non_null(*exact = malloc((n + 1) * sizeof **exact));
    for (size_t i = 0; i < n; i++) {
        list[i] = (float)uniform(seed);
        if (exact)
            (*exact)[i] = (double)list[i];
    }
    return list;
}

typedef enum status maker(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out);

static bool is_here(int isa) {
    return isa_here((enum isa)isa) && tensor_kernels_for((enum isa)isa)->isa == (enum isa)isa;
}

static void begin(struct tried *t, struct ctx *ctx, maker *make, size_t in) {
    uint64_t seed = 7;
    *t = (struct tried){.in = in};
    if (make(ctx, &tensor_ref, &t->g) != STATUS_OK)
        fail_msg("%s", ctx->err.detail);
    t->n = gradient_numbers(t->g);
    t->weights = some(t->n, &seed, &t->exact_weights);
    for (size_t i = 0; i < t->n; i++) /* tame enough for float32 to follow */
        t->exact_weights[i] = (double)(t->weights[i] *= 0.5f);
    t->x = some(IMAGES * in, &seed, &t->exact_x);
    for (size_t i = 0; i < IMAGES; i++) {
        t->times[i] = (float)(3.25 + 40 * (double)i);
        t->classes[i] = (int64_t)(i % CLASSES);
    }
    free(exact_graph(t->g, t->exact_weights, IMAGES, t->exact_x, t->times, t->classes, &t->out));
    t->d = some(IMAGES * t->out, &seed, NULL);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        t->y[isa] = some(IMAGES * t->out, &seed, NULL);
        t->by_weights[isa] = some(t->n, &seed, NULL);
        t->by_input[isa] = some(IMAGES * in, &seed, NULL);
    }
}

static void run(struct tried *t, maker *make, int isa) {
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    const struct graph_in in = {t->x, t->times, t->classes};
    ctx_init(&ctx, 64 << 20);
    if (make(&ctx, tensor_kernels_for((enum isa)isa), &g) != STATUS_OK ||
        gradient_new(&ctx, g, IMAGES, &gradient) != STATUS_OK)
        fail_msg("%s", ctx.err.detail);
    gradient_forward(&ctx, gradient, t->weights, IMAGES, &in, t->y[isa]);
    gradient_backward(&ctx, gradient, t->d, t->by_weights[isa]);
    gradient_by_input(&ctx, gradient, t->d, t->by_input[isa]);
    ctx_release(&ctx);
}

static void end(struct tried *t) {
    for (int isa = 0; isa < ISA_COUNT; isa++)
        free(t->y[isa]), free(t->by_weights[isa]), free(t->by_input[isa]);
    free(t->weights), free(t->x), free(t->d), free(t->exact_weights), free(t->exact_x);
}

/* loss is sum d . out. */
static double loss(const struct tried *t) {
    double *y = exact_graph(t->g, t->exact_weights, IMAGES, t->exact_x, t->times, t->classes, NULL), sum = 0;
    for (size_t i = 0; i < IMAGES * t->out; i++)
        sum += y[i] * (double)t->d[i];
    free(y);
    return sum;
}

static void forward_is_exact(const struct tried *t) {
    double *y = exact_graph(t->g, t->exact_weights, IMAGES, t->exact_x, t->times, t->classes, NULL);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; i < IMAGES * t->out && is_here(isa); i++)
            if (!(fabs(y[i] - (double)t->y[isa][i]) <= 2e-4 * (1 + fabs(y[i]))))
                fail_msg("%s: out[%zu] is %.9g, want %.9g", isa_text((enum isa)isa), i, (double)t->y[isa][i], y[i]);
    free(y);
}

/* slope is the derivative of the loss along sign[n], by central differences. */
static double slope(const struct tried *t, double *exact, const double *sign, size_t n) {
    const double h = 1e-5; /* the error is about h^2 times a third derivative, and 1e-16 / h */
    double *kept = malloc(n * sizeof *kept), side[2];
    assert_non_null(kept);
    memcpy(kept, exact, n * sizeof *kept);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < n; i++)
            exact[i] = kept[i] + (k ? h : -h) * sign[i];
        side[k] = loss(t);
    }
    memcpy(exact, kept, n * sizeof *kept);
    free(kept);
    return (side[1] - side[0]) / (2 * h);
}

/* along compares the derivative along a direction among n numbers: all of them with random signs, or one of them. The
 * float32 sums of it are of a few thousand terms around 1. */
static void along(const struct tried *t, const char *name, double *exact, float *const *by, size_t at, size_t n,
                  uint64_t *seed, bool all) {
    double *sign = calloc(n, sizeof *sign);
    assert_non_null(sign);
    size_t one = (size_t)test_below(seed, n);
    for (size_t i = 0; i < n; i++)
        sign[i] = all ? (test_below(seed, 2) ? 1 : -1) : i == one;
    double want = slope(t, exact + at, sign, n);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        double sum = 0, size = 0;
        for (size_t i = 0; i < n && is_here(isa); i++) {
            sum += sign[i] * (double)by[isa][at + i];
            size += fabs(sign[i] * (double)by[isa][at + i]) / sqrt((double)n);
        }
        if (is_here(isa) && !(fabs(sum - want) <= 2e-4 * (fabs(want) + size) + 1e-4))
            fail_msg("%s, %s%s: %.9g, want %.9g", isa_text((enum isa)isa), name, all ? "" : " at one place", sum, want);
    }
    free(sign);
}

static void check(maker *make, size_t in, size_t places) {
    struct tried t;
    struct ctx ctx;
    uint64_t seed = 11;
    const struct parameter *list;
    ctx_init(&ctx, 64 << 20);
    begin(&t, &ctx, make, in);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (is_here(isa))
            run(&t, make, isa);
    forward_is_exact(&t);
    size_t n = graph_parameters(t.g, &list), at = 0;
    for (size_t i = 0; i < n; at += list[i++].n)
        for (size_t k = 0; k <= places && !strstr(list[i].name, "fourier") && !strstr(list[i].name, "time_proj."); k++)
            along(&t, list[i].name, t.exact_weights, t.by_weights, at, list[i].n, &seed, k == 0);
    for (size_t k = 0; k <= places; k++)
        along(&t, "input", t.exact_x, t.by_input, 0, IMAGES * in, &seed, k == 0);
    end(&t);
    ctx_release(&ctx);
}

/* -- Operations, each with all that it may have -- */

static enum status finish(struct graph *g, int x, struct graph **out) {
    graph_output(g, x);
    *out = g;
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}

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
    return finish(g, graph_conv(g, y, &(struct conv){.name = "last", .out = 1, .kernel = 3}), out);
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
    return finish(g, graph_concat(g, wide, graph_unpatch(g, two, 2)), out);
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
    return finish(g, graph_add(g, z, z), out);
}

static enum status attends(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 7, 5, 4), "in", 15);
    int y = graph_attention(g, linear(g, x, "q", 15), linear(g, x, "k", 15), linear(g, x, "v", 15), 3);
    return finish(g, graph_add(g, graph_attention(g, y, y, y, 1), x), out);
}

static enum status rows(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 4, 4, 3), "in", 6);
    int up = graph_upsample(g, x), down = graph_pool(g, x),
        y = graph_pool(g, graph_add(g, up, graph_affine(g, up, 3, 1)));
    y = graph_multiply(g, y, ACTIVATION_SILU, x);
    y = graph_add(g, graph_multiply(g, y, ACTIVATION_MISH, y), graph_upsample(g, down));
    y = graph_concat(g, graph_slice(g, y, 1, 3), graph_slice(g, y, 2, 4));
    return finish(g, graph_over_time(g, graph_activation(g, y, ACTIVATION_GELU)), out);
}

static enum status numbers(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 1, 1, 3), "in", 6);
    int t = linear(g, graph_sinusoids(g, GRAPH_TIME, 8, 1, true), "t", 6);
    int f = linear(g, graph_fourier(g, "fourier", 8), "f", 6);
    int e = graph_add(g, graph_embedding(g, GRAPH_TIME, "time", 20, 6), graph_embedding(g, GRAPH_CLASS, "class", 3, 6));
    (void)linear(g, x, "of.no.use", 9);
    return finish(g, graph_add(g, graph_add(g, x, t), graph_multiply(g, f, ACTIVATION_RELU, e)), out);
}

static void operations(void **state) {
    (void)state;
    check(every_convolution, SIDE * SIDE * CHANNELS, 1);
    check(patches, SIDE * SIDE * 2, 1);
    check(every_norm, 5 * 4 * CHANNELS, 1);
    check(attends, 7 * 5 * 4, 1);
    check(rows, 4 * 4 * 3, 3);
    check(numbers, 3, 3);
}

/* -- Networks -- */

static enum status tiny_mlp(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct mlp_config c = mlp_default();
    c.features = 3;
    c.hidden_size = 10;
    c.inner_size = 20;
    c.num_blocks = 2;
    c.time_size = 8;
    c.num_classes = 2;
    return mlp_make(ctx, k, &c, out);
}

static enum status tiny_unet(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = network_tiny_unet();
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = CLASSES;
    return unet_make(ctx, k, &c, out);
}

static enum status other_unet(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = network_tiny_unet();
    c.time_embedding_type = UNET_TIME_FOURIER;
    c.class_embed_type = UNET_CLASS_TIMESTEP;
    c.scale_shift = c.resnet_downsample = c.resnet_upsample = true;
    c.center_input_sample = true;
    c.attention_head_dim = 4;
    c.down_attention[0] = c.up_attention[1] = true;
    c.downsample_padding = 0;
    return unet_make(ctx, k, &c, out);
}

static enum status tiny_dit(struct ctx *ctx, const struct tensor_kernels *k, enum dit_activation activation,
                            struct graph **out) {
    struct dit_config c = dit_default();
    c.num_attention_heads = 2;
    c.attention_head_dim = 6;
    c.in_channels = 3;
    c.num_layers = 2;
    c.sample_size = 4;
    c.activation_fn = activation;
    c.num_embeds_ada_norm = CLASSES;
    return dit_make(ctx, k, &c, out);
}
static enum status dit_gelu(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    return tiny_dit(ctx, k, DIT_GELU_APPROXIMATE, out);
}
static enum status dit_swiglu(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    return tiny_dit(ctx, k, DIT_SWIGLU, out);
}

static struct vae_config tiny_vae(void) {
    struct vae_config c = vae_default();
    c.height = c.width = 8;
    c.levels = 2;
    c.block_out_channels[0] = 4;
    c.block_out_channels[1] = 8;
    c.norm_num_groups = 2;
    return c;
}
static enum status decoder(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    const struct vae_config c = tiny_vae();
    return vae_make(ctx, k, &c, VAE_DECODER, out);
}
static enum status encoder(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    const struct vae_config c = tiny_vae();
    return vae_make(ctx, k, &c, VAE_ENCODER, out);
}

static void networks(void **state) {
    (void)state;
    check(tiny_mlp, 3, 2);
    check(tiny_unet, 8 * 8 * 3, 0);
    check(other_unet, 8 * 8 * 3, 0);
    check(dit_gelu, 4 * 4 * 3, 0);
    check(dit_swiglu, 4 * 4 * 3, 0);
    check(decoder, 4 * 4 * 4, 0);
    check(encoder, 8 * 8 * 3, 0);
}

/* -- The same bits -- */

enum { MANY = 13 };

/* derive gives out, by the weights and by the input, one behind the other, malloc'ed. */
static float *derive(maker *make, size_t threads, size_t images, size_t in, size_t out, size_t *n) {
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    struct parallel parallel = test_threads(threads);
    uint64_t seed = 3;
    ctx_init(&ctx, 256 << 20);
    ctx.parallel = &parallel;
    assert_int_equal(make(&ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
    assert_int_equal(gradient_new(&ctx, g, MANY, &gradient), STATUS_OK);
    size_t numbers = gradient_numbers(g);
    float *weights = some(numbers, &seed, NULL), *x = some(MANY * in, &seed, NULL), *d = some(MANY * out, &seed, NULL);
    float times[MANY], *all = malloc((images * (in + out) + numbers) * sizeof *all);
    int64_t classes[MANY];
    assert_non_null(all);
    for (size_t i = 0; i < MANY; i++) {
        times[i] = (float)i * 20 + 1;
        classes[i] = (int64_t)(i % CLASSES);
    }
    const struct graph_in numbers_in = {x, times, classes};
    for (int again = 0; again < 2; again++) { /* what a call before left behind does not matter */
        gradient_forward(&ctx, gradient, again ? NULL : weights, again ? images : MANY, &numbers_in, all);
        gradient_backward(&ctx, gradient, d, all + images * out);
        gradient_by_input(&ctx, gradient, d, all + images * out + numbers);
    }
    *n = images * (in + out) + numbers;
    ctx_release(&ctx);
    free(weights), free(x), free(d);
    return all;
}

static void threads_do_not_matter(void **state) {
    (void)state;
    maker *const MAKERS[] = {tiny_mlp, tiny_unet};
    static const size_t FLOATS[] = {3, 192};
    for (size_t k = 0; k < COUNT(MAKERS); k++) {
        size_t n, m;
        float *one = derive(MAKERS[k], 1, MANY, FLOATS[k], FLOATS[k], &n);
        for (size_t threads = 2; threads <= 3; threads++) {
            float *more = derive(MAKERS[k], threads, MANY, FLOATS[k], FLOATS[k], &m);
            assert_int_equal(m, n);
            assert_memory_equal(one, more, n * sizeof *one);
            free(more);
        }
        free(one);
    }
}

struct given {
    const float *weights;
};
static enum status give(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    struct given *given = self;
    (void)ctx;
    memcpy(to, given->weights, p->n * sizeof *to);
    given->weights += p->n;
    return STATUS_OK;
}

static void forward_has_the_bits_of_a_run(void **state) {
    (void)state;
    maker *const MAKERS[] = {tiny_mlp, tiny_unet};
    static const size_t FLOATS[] = {3, 192};
    for (size_t k = 0; k < COUNT(MAKERS); k++) {
        struct ctx ctx;
        struct graph *g;
        struct gradient *gradient;
        uint64_t seed = 5;
        ctx_init(&ctx, 64 << 20);
        assert_int_equal(MAKERS[k](&ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
        assert_int_equal(gradient_new(&ctx, g, 2, &gradient), STATUS_OK);
        float *weights = some(gradient_numbers(g), &seed, NULL), *x = some(2 * FLOATS[k], &seed, NULL), out[384];
        const struct graph_in in = {x, (const float[]){3, 400}, (const int64_t[]){1, 2}};
        gradient_forward(&ctx, gradient, weights, 2, &in, out);
        assert_int_equal(graph_load(&ctx, g, give, &(struct given){weights}), STATUS_OK);
        float *want = network_run(g, 2, &in, FLOATS[k], 1);
        assert_memory_equal(out, want, 2 * FLOATS[k] * sizeof *out);
        free(want), free(weights), free(x);
        ctx_release(&ctx);
    }
}

/* -- PyTorch -- */

static double absolute(const struct graph *g, const char *name, const float *by) {
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    double sum = 0;
    for (size_t i = 0; i < n; by += list[i++].n)
        for (size_t k = 0; k < list[i].n && (!name || !strcmp(name, list[i].name)); k++)
            sum += fabs((double)by[k]);
    return sum;
}

static void close_to(double got, double want) {
    if (!(fabs(got - want) <= 2e-5 * fabs(want)))
        fail_msg("%.9g, want %.9g", got, want);
}

/* The network of diffusers' own tests with the weights of torch.manual_seed(0), x = torch.randn(1, 3, 8, 8) of seed 0,
 * time 10, the loss half the sum of squares of what comes out: sums of absolute derivatives by PyTorch 2.13.0 on a CPU,
 * through diffusers 0.42.1. */
static void the_derivatives_are_pytorchs(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    const struct unet_config c = network_tiny_unet();
    struct untrained untrained = {.sum = 0};
    float x[192], y[192], by_input[192];
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(unet_make(&ctx, tensor_kernels_for(isa_best()), &c, &g), STATUS_OK);
    assert_int_equal(gradient_new(&ctx, g, 1, &gradient), STATUS_OK);
    size_t n = gradient_numbers(g), at = 0;
    float *weights = malloc(n * sizeof *weights), *by = malloc(n * sizeof *by);
    assert_non_null(weights);
    assert_non_null(by);
    const struct parameter *list;
    size_t tensors = graph_parameters(g, &list);
    torch_random_seed(&untrained.random, 0);
    for (size_t i = 0; i < tensors; at += list[i++].n)
        assert_int_equal(untrained_find(&untrained, &ctx, &list[i], weights + at), STATUS_OK);
    network_randn(8, 8, 3, x);
    gradient_forward(&ctx, gradient, weights, 1, &(struct graph_in){.x = x, .times = (const float[]){10}}, y);
    gradient_backward(&ctx, gradient, y, by);
    gradient_by_input(&ctx, gradient, y, by_input);
    double sum = 0;
    for (size_t i = 0; i < 192; i++)
        sum += fabs((double)by_input[i]);
    close_to(sum, 36.53527069);
    close_to(absolute(g, NULL, by), 5566.654267);
    close_to(absolute(g, "conv_in.weight", by), 205.0807);
    close_to(absolute(g, "time_embedding.linear_1.weight", by), 4.29158);
    close_to(absolute(g, "down_blocks.0.downsamplers.0.conv.weight", by), 129.3144);
    close_to(absolute(g, "down_blocks.1.attentions.0.group_norm.weight", by), .6586901);
    close_to(absolute(g, "up_blocks.0.upsamplers.0.conv.weight", by), 431.59);
    close_to(absolute(g, "mid_block.attentions.0.to_q.weight", by), 1.291525);
    close_to((double)by[5], 1.043983); /* conv_in.weight is the first */
    free(weights), free(by);
    ctx_release(&ctx);
}

/* -- What cannot be -- */

static enum status shared(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 1, 1, 3), "twice", 3);
    return finish(g, linear(g, x, "twice", 3), out);
}

static enum status bordered(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_conv(g, graph_input(g, 4, 4, 3), &(struct conv){.name = "q", .out = 4, .kernel = 3});
    return finish(g, graph_attention(g, x, x, x, 1), out);
}

static void refusals(void **state) {
    (void)state;
    maker *const MAKERS[] = {shared, bordered};
    static const char *const PARTS[] = {"twice.weight is shared by 2", "attention over a convolution"};
    for (size_t k = 0; k < COUNT(MAKERS); k++) {
        struct ctx ctx;
        struct graph *g;
        struct gradient *gradient;
        ctx_init(&ctx, 64 << 20);
        assert_int_equal(MAKERS[k](&ctx, &tensor_ref, &g), STATUS_OK);
        assert_int_equal(gradient_new(&ctx, g, 1, &gradient), STATUS_INVALID);
        if (!strstr(ctx.err.detail, PARTS[k]))
            fail_msg("%s", ctx.err.detail);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    enum status status = STATUS_NO_MEMORY;
    for (size_t n = 0; status != STATUS_OK; n++) {
        struct ctx ctx;
        struct graph *g;
        struct gradient *gradient;
        ctx_init(&ctx, 64 << 20);
        assert_int_equal(tiny_unet(&ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
        ctx.fail_after = n;
        status = gradient_new(&ctx, g, 2, &gradient);
        ctx_release(&ctx);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(n < 1000);
    }
}

/* A stop leaves a run between operations: nothing is written out. */
static void a_stop_ends_it(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    uint64_t seed = 1;
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(tiny_mlp(&ctx, &tensor_ref, &g), STATUS_OK);
    assert_int_equal(gradient_new(&ctx, g, 1, &gradient), STATUS_OK);
    float *weights = some(gradient_numbers(g), &seed, NULL), out[3] = {7, 7, 7};
    ctx.stop = &stop;
    const struct graph_in in = {(const float[3]){0}, (const float[]){1}, (const int64_t[]){0}};
    gradient_forward(&ctx, gradient, weights, 1, &in, out);
    assert_true(out[0] == 7 && out[2] == 7);
    free(weights);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations),
        cmocka_unit_test(networks),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(forward_has_the_bits_of_a_run),
        cmocka_unit_test(the_derivatives_are_pytorchs),
        cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
