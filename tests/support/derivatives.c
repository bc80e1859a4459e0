#include "tests/support/derivatives.h"

#include <math.h>

#include "core/nn/mlp.h"
#include "tests/support/exact_graph.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

enum { IMAGES = 2, CLASSES = DERIVATIVES_CLASSES };

static double uniform(uint64_t *seed) { return (double)test_below(seed, 2000001) * 1e-6 - 1; }

/* A network, numbers for it, and its derivatives by each table of kernels. */
struct tried {
    struct graph *g;
    size_t n, in, out; /* weights; numbers an image */
    float *weights, *x, *d, *y[ISA_COUNT], *by_weights[ISA_COUNT], *by_input[ISA_COUNT], times[IMAGES];
    double *exact_weights, *exact_x;
    int64_t classes[IMAGES];
};

float *derivatives_numbers(size_t n, uint64_t *seed, double **exact) {
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

static bool is_here(int isa) {
    return isa_here((enum isa)isa) && tensor_kernels_for((enum isa)isa)->isa == (enum isa)isa;
}

static void begin(struct tried *t, struct ctx *ctx, derivatives_maker *make, size_t in) {
    uint64_t seed = 7;
    *t = (struct tried){.in = in};
    if (make(ctx, &tensor_ref, &t->g) != STATUS_OK)
        fail_msg("%s", ctx->err.detail);
    t->n = gradient_numbers(t->g);
    t->weights = derivatives_numbers(t->n, &seed, &t->exact_weights);
    for (size_t i = 0; i < t->n; i++) /* tame enough for float32 to follow */
        t->exact_weights[i] = (double)(t->weights[i] *= 0.5f);
    t->x = derivatives_numbers(IMAGES * in, &seed, &t->exact_x);
    for (size_t i = 0; i < IMAGES; i++) {
        t->times[i] = (float)(3.25 + 40 * (double)i);
        t->classes[i] = (int64_t)(i % CLASSES);
    }
    free(exact_graph(t->g, t->exact_weights, IMAGES, t->exact_x, t->times, t->classes, &t->out));
    t->d = derivatives_numbers(IMAGES * t->out, &seed, NULL);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        t->y[isa] = derivatives_numbers(IMAGES * t->out, &seed, NULL);
        t->by_weights[isa] = derivatives_numbers(t->n, &seed, NULL);
        t->by_input[isa] = derivatives_numbers(IMAGES * in, &seed, NULL);
    }
}

static void run(struct tried *t, derivatives_maker *make, int isa) {
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

void derivatives_check(derivatives_maker *make, size_t in, size_t places) {
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

/* -- What networks share -- */

enum status derivatives_finish(struct graph *g, int x, struct graph **out) {
    graph_output(g, x);
    *out = g;
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status derivatives_tiny_mlp(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct mlp_config c = mlp_default();
    c.features = 3;
    c.hidden_size = 10;
    c.inner_size = 20;
    c.num_blocks = 2;
    c.time_size = 8;
    c.num_classes = 2;
    return mlp_make(ctx, k, &c, out);
}

struct dit_config derivatives_dit_config(void) {
    struct dit_config c = dit_default();
    c.num_attention_heads = 2;
    c.attention_head_dim = 6;
    c.in_channels = 3;
    c.num_layers = 2;
    c.sample_size = 4;
    c.activation_fn = DIT_GELU_APPROXIMATE;
    c.num_embeds_ada_norm = CLASSES;
    return c;
}

enum status derivatives_tiny_dit(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    const struct dit_config c = derivatives_dit_config();
    return dit_make(ctx, k, &c, out);
}

enum status derivatives_tiny_unet(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = network_tiny_unet();
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = CLASSES;
    return unet_make(ctx, k, &c, out);
}
