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

enum { IMAGES = 3, CLASSES = 3 };

static double uniform(uint64_t *seed) { return (double)test_below(seed, 2000001) * 1e-6 - 1; }

/* A network, numbers for it, and its derivatives. */
struct tried {
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    size_t n, in, out; /* weights; numbers an image */
    float *weights, *x, *d, *y, *by_weights, *by_input, times[IMAGES];
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

static void begin(struct tried *t, maker *make, enum isa isa, size_t in) {
    uint64_t seed = 7;
    *t = (struct tried){.in = in};
    ctx_init(&t->ctx, 256 << 20);
    assert_int_equal(make(&t->ctx, tensor_kernels_for(isa), &t->g), STATUS_OK);
    if (gradient_new(&t->ctx, t->g, IMAGES, &t->gradient) != STATUS_OK)
        fail_msg("%s", t->ctx.err.detail);
    t->n = gradient_numbers(t->g);
    t->weights = some(t->n, &seed, &t->exact_weights);
    t->x = some(IMAGES * in, &seed, &t->exact_x);
    for (size_t i = 0; i < IMAGES; i++) {
        t->times[i] = (float)(3.25 + 40 * (double)i);
        t->classes[i] = (int64_t)(i % CLASSES);
    }
    free(exact_graph(t->g, t->exact_weights, IMAGES, t->exact_x, t->times, t->classes, &t->out));
    t->d = some(IMAGES * t->out, &seed, NULL);
    t->y = some(IMAGES * t->out, &seed, NULL);
    t->by_weights = some(t->n, &seed, NULL);
    t->by_input = some(IMAGES * in, &seed, NULL);
}

static void run(struct tried *t, size_t images) {
    const struct graph_in in = {t->x, t->times, t->classes};
    gradient_forward(&t->ctx, t->gradient, t->weights, images, &in, t->y);
    gradient_backward(&t->ctx, t->gradient, t->d, t->by_weights);
    gradient_by_input(&t->ctx, t->gradient, t->d, t->by_input);
}

static void end(struct tried *t) {
    ctx_release(&t->ctx);
    free(t->weights), free(t->x), free(t->d), free(t->y), free(t->by_weights), free(t->by_input);
    free(t->exact_weights), free(t->exact_x);
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
    for (size_t i = 0; i < IMAGES * t->out; i++)
        if (!(fabs(y[i] - (double)t->y[i]) <= 2e-4 * (1 + fabs(y[i]))))
            fail_msg("out[%zu] is %.9g, want %.9g", i, (double)t->y[i], y[i]);
    free(y);
}

/* along compares the derivative along a direction among n numbers: all of them with random signs, or one of them. */
static void along(const struct tried *t, const char *name, double *exact, const float *by, size_t n, uint64_t *seed,
                  bool all) {
    double h = 1e-5, sum = 0, size = 0, before[2];
    double *kept = malloc(n * sizeof *kept), *sign = calloc(n, sizeof *sign);
    assert_non_null(kept);
    assert_non_null(sign);
    memcpy(kept, exact, n * sizeof *kept);
    size_t one = (size_t)test_below(seed, n);
    for (size_t i = 0; i < n; i++) {
        sign[i] = all ? (test_below(seed, 2) ? 1 : -1) : i == one;
        sum += sign[i] * (double)by[i];
        size += fabs((double)by[i]) / sqrt((double)n);
    }
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            exact[i] = kept[i] + (side ? h : -h) * sign[i];
        before[side] = loss(t);
    }
    memcpy(exact, kept, n * sizeof *kept);
    double want = (before[1] - before[0]) / (2 * h);
    if (!(fabs(sum - want) <= 2e-4 * (fabs(want) + size) + 2e-5))
        fail_msg("%s%s: %.9g, want %.9g", name, all ? "" : " at one place", sum, want);
    free(kept), free(sign);
}

static void check(maker *make, size_t in, size_t places) {
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa) || tensor_kernels_for((enum isa)isa)->isa != (enum isa)isa)
            continue;
        struct tried t;
        uint64_t seed = 11;
        const struct parameter *list;
        begin(&t, make, (enum isa)isa, in);
        run(&t, IMAGES);
        forward_is_exact(&t);
        size_t n = graph_parameters(t.g, &list), at = 0;
        for (size_t i = 0; i < n; at += list[i++].n)
            for (size_t k = 0; k <= places && !strstr(list[i].name, "fourier"); k++)
                along(&t, list[i].name, t.exact_weights + at, t.by_weights + at, list[i].n, &seed, k == 0);
        for (size_t k = 0; k <= places; k++)
            along(&t, "input", t.exact_x, t.by_input, IMAGES * in, &seed, k == 0);
        end(&t);
    }
}

static enum status finish(struct graph *g, int x, struct graph **out) {
    graph_output(g, x);
    *out = g;
    return graph_failed(g) ? STATUS_NO_MEMORY : STATUS_OK;
}

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

static void networks(void **state) {
    (void)state;
    check(tiny_mlp, 3, 3);
    check(tiny_unet, 8 * 8 * 3, 1);
}

int main(void) {
    (void)finish;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
