/* Graphs whose products are of bfloat16, against their formulas in double precision with the same roundings. */
#include <math.h>

#include "tests/support/exact_graph.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { IMAGES = 3, MEMORY = 64 << 20 };
static const float TIMES[IMAGES] = {1, 500, 7};
static const int64_t CLASSES[IMAGES] = {0, 4, 2};

/* Weights as they are drawn, one after another. */
struct drawn {
    uint64_t seed;
    double *at; /* NULL: nobody wants them */
};

static float uniform(uint64_t *seed) { return (float)((double)(int64_t)test_below(seed, 2000001) * 1e-6 - 1); }

static enum status draw(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    struct drawn *d = self;
    (void)ctx;
    for (size_t i = 0; i < p->n; i++) {
        to[i] = 0.25f * uniform(&d->seed);
        if (d->at)
            *d->at++ = (double)to[i];
    }
    return STATUS_OK;
}

static struct graph *unet(struct ctx *ctx, enum isa isa) {
    struct unet_config c = network_tiny_unet();
    struct graph *g;
    assert_int_equal(unet_make(ctx, tensor_kernels_for(isa), &c, &g), STATUS_OK);
    return g;
}

/* A convolution of each kind: what is read by it alone is bfloat16 in memory, what others read too is rounded beside. */
static struct graph *convolutions(struct ctx *ctx, enum isa isa) {
    struct graph *g = graph_new(ctx, tensor_kernels_for(isa));
    int x = graph_input(g, 8, 12, 3);
    int a = graph_conv(g, x, &(struct conv){.name = "a", .out = 33, .kernel = 3});
    int b = graph_conv(g, a, &(struct conv){.name = "b", .out = 5, .kernel = 3, .residual = 0});
    int c = graph_conv(g, a, &(struct conv){.name = "c", .out = 33, .kernel = 1, .residual = a});
    int d = graph_conv(g, graph_concat(g, b, c), &(struct conv){.name = "d", .out = 17, .kernel = 3, .stride = 2});
    int e = graph_conv(g, x, &(struct conv){.name = "e", .out = 17, .kernel = 2, .stride = 2, .residual = d});
    int f = graph_conv(g, e, &(struct conv){.name = "f", .out = 7, .kernel = 3, .stride = 2, .late_border = true});
    graph_output(g, graph_conv(g, f, &(struct conv){.name = "g", .out = 4, .kernel = 1}));
    return g;
}

/* Convolutions that winograd.h does, which rounds elsewhere than its formula; and one that wants the same input rounded. */
static struct graph *by_winograd(struct ctx *ctx, enum isa isa) {
    struct graph *g = graph_new(ctx, tensor_kernels_for(isa));
    int a = graph_conv(g, graph_input(g, 8, 6, 3), &(struct conv){.name = "a", .out = 128, .kernel = 3});
    int b = graph_conv(g, a, &(struct conv){.name = "b", .out = 130, .kernel = 3});
    int c = graph_conv(g, b, &(struct conv){.name = "c", .out = 64, .kernel = 3, .residual = 0});
    int d = graph_conv(g, a, &(struct conv){.name = "d", .out = 64, .kernel = 1, .residual = c});
    graph_output(g, graph_conv(g, d, &(struct conv){.name = "e", .out = 2, .kernel = 3}));
    return g;
}

static const struct sort {
    struct graph *(*make)(struct ctx *ctx, enum isa isa);
    size_t in, out; /* numbers an image */
    double within;  /* of its formulas */
} SORTS[] = {{network_everything, 180, 75, 1e-3},
             {unet, 192, 192, 1e-3},
             {convolutions, 288, 24, 1e-3},
             {by_winograd, 144, 96, 0.01}};

static struct graph *halved(struct ctx *ctx, const struct sort *s, enum isa isa, struct drawn *weights) {
    struct graph *g = s->make(ctx, isa);
    assert_false(graph_failed(g));
    assert_int_equal(graph_halve_products(g, half_kernels_for(isa)), STATUS_OK);
    assert_int_equal(graph_load(ctx, g, draw, weights), STATUS_OK);
    return g;
}

/* worst is the greatest difference of n numbers, in parts of the greatest that is wanted. */
static double worst(const float *got, const double *want, size_t n) {
    double most = 0, off = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(want[i]));
        off = fmax(off, isfinite(got[i]) ? fabs((double)got[i] - want[i]) : (double)INFINITY);
    }
    return off / most;
}

/* check compares a graph with its formulas, with and without their roundings: a number that float32 takes for the other
 * neighbour in bfloat16 is 2^-8 off there, and a few of hundreds of factors are. */
static void check(const struct sort *s, enum isa isa) {
    struct ctx ctx;
    ctx_init(&ctx, MEMORY);
    struct graph *plain = s->make(&ctx, ISA_REF);
    size_t tensors, n = network_counts(plain, &tensors);
    double *weights = malloc(n * sizeof *weights), *exact_x = malloc(IMAGES * s->in * sizeof *exact_x);
    float *x = malloc(IMAGES * s->in * sizeof *x);
    struct drawn drawn = {9, weights};
    struct graph *g = halved(&ctx, s, isa, &drawn);
    for (size_t i = 0; i < IMAGES * s->in; i++)
        exact_x[i] = (double)(x[i] = uniform(&drawn.seed));
    double *want = exact_graph(g, weights, IMAGES, exact_x, TIMES, CLASSES, NULL);
    double *unrounded = exact_graph(plain, weights, IMAGES, exact_x, TIMES, CLASSES, NULL);
    float *got = network_run(g, IMAGES, &(struct graph_in){x, TIMES, CLASSES}, s->out, 2);
    double off = worst(got, want, IMAGES * s->out), all = worst(got, unrounded, IMAGES * s->out);
    if (!(off < s->within && all > 1e-3 && all < 0.05))
        fail_msg("%s, graph %td: %g off its formulas, and %g off those that round nothing", isa_text(isa), s - SORTS,
                 off, all);
    free(weights), free(exact_x), free(x), free(want), free(unrounded), free(got);
    ctx_release(&ctx);
}

static void graphs_are_their_formulas(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; i < COUNT(SORTS) && isa_here((enum isa)isa); i++)
            check(&SORTS[i], (enum isa)isa);
}

static void neighbours_and_threads_change_no_bit(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; i < COUNT(SORTS) && isa_here((enum isa)isa); i++) {
            const struct sort *s = &SORTS[i];
            struct ctx ctx;
            struct drawn drawn = {9, NULL};
            float x[IMAGES * 288];
            ctx_init(&ctx, MEMORY);
            struct graph *g = halved(&ctx, s, (enum isa)isa, &drawn);
            for (size_t k = 0; k < COUNT(x); k++)
                x[k] = uniform(&drawn.seed);
            network_ignores_neighbours(g, IMAGES, &(struct graph_in){x, TIMES, CLASSES}, s->in, s->out);
            ctx_release(&ctx);
        }
}

/* Weights take half the memory, as it is told before, and values little more than they took: what is rounded beside. */
static void halves_take_less_memory(void **state) {
    (void)state;
    const struct half_kernels *half = half_kernels_for(isa_best());
    for (size_t i = 0; i < COUNT(SORTS); i++) {
        struct ctx ctx;
        ctx_init(&ctx, MEMORY);
        struct graph *plain = SORTS[i].make(&ctx, isa_best()), *g = SORTS[i].make(&ctx, isa_best());
        assert_int_equal(graph_halve_products(g, half), STATUS_OK);
        assert_int_equal(graph_load_bytes(g), graph_halved_bytes(plain, half));
        assert_in_range(graph_load_bytes(g), graph_load_bytes(plain) / 4, graph_load_bytes(plain) * 3 / 4);
        assert_true(graph_floats(g, 1) <= graph_floats(plain, 1) * 5 / 4);
        ctx_release(&ctx);
    }
}

static enum status make_halved(struct ctx *ctx, struct graph **out) {
    struct unet_config c = network_tiny_unet();
    enum status status = unet_make(ctx, &tensor_ref, &c, out);
    return status == STATUS_OK ? graph_halve_products(*out, &half_ref) : status;
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    network_fails_cleanly(make_halved);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs_are_their_formulas),
        cmocka_unit_test(neighbours_and_threads_change_no_bit),
        cmocka_unit_test(halves_take_less_memory),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
