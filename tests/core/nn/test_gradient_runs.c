/* Runs of gradients: the same bits on any threads and as of a plain run, what is refused, what fails and what is stopped. */
#include "core/nn/gradient.h"

#include <math.h>

#include "core/tensor/half.h"
#include "tests/support/derivatives.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { CLASSES = DERIVATIVES_CLASSES };

/* -- The same bits -- */

enum { MANY = 13 };

/* derive gives out, by the weights and by the input, one behind the other, malloc'ed. */
static float *derive(derivatives_maker *make, size_t threads, size_t images, size_t in, size_t out, size_t *n) {
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
    float *weights = derivatives_numbers(numbers, &seed, NULL), *x = derivatives_numbers(MANY * in, &seed, NULL),
          *d = derivatives_numbers(MANY * out, &seed, NULL);
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
    derivatives_maker *const MAKERS[] = {derivatives_tiny_mlp, derivatives_tiny_unet};
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

/* -- Steps -- */

enum { STEP_IMAGES = 301 };

/* A network, its input, and where the loss (half the sum of squares of what comes out) writes its derivative. */
struct stepped {
    struct gradient *gradient;
    struct graph_in in;
    size_t floats; /* an image's, in and out */
    float *weights, *x, *out, *d_out, *by_weights, times[STEP_IMAGES];
    int64_t classes[STEP_IMAGES];
    size_t numbers, images;
    atomic_size_t compared;
};

static void compare(void *self, size_t first, size_t images) {
    struct stepped *s = self;
    memcpy(s->d_out + first * s->floats, s->out + first * s->floats, images * s->floats * sizeof *s->out);
    s->compared += images;
}

static void begin_step(struct stepped *s, struct ctx *ctx, struct parallel *threads, derivatives_maker *make,
                       size_t floats, size_t images) {
    struct graph *g;
    uint64_t seed = 11;
    ctx_init(ctx, (size_t)1 << 30);
    ctx->parallel = threads;
    assert_int_equal(make(ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
    *s = (struct stepped){.floats = floats, .images = images, .numbers = gradient_numbers(g)};
    assert_int_equal(gradient_new(ctx, g, images, &s->gradient), STATUS_OK);
    s->weights = derivatives_numbers(s->numbers, &seed, NULL);
    s->by_weights = derivatives_numbers(s->numbers, &seed, NULL); /* what was there does not matter */
    s->x = derivatives_numbers(images * floats, &seed, NULL);
    s->out = derivatives_numbers(images * floats, &seed, NULL);
    s->d_out = derivatives_numbers(images * floats, &seed, NULL);
    for (size_t i = 0; i < images; i++) {
        s->times[i] = (float)i * 3 + 1;
        s->classes[i] = (int64_t)(i % CLASSES);
    }
    s->in = (struct graph_in){s->x, s->times, s->classes};
}

static void step(struct stepped *s, struct ctx *ctx) {
    gradient_step(ctx, s->gradient, s->weights, s->images, &s->in, s->out, compare, s, s->d_out, s->by_weights);
}

static void end_step(struct stepped *s, struct ctx *ctx) {
    free(s->weights), free(s->by_weights), free(s->x), free(s->out), free(s->d_out);
    ctx_release(ctx);
}

/* check_step: a step has the bits of the two ways, one after the other, on any threads. */
static void check_step(derivatives_maker *make, size_t floats, size_t images, size_t threads) {
    struct stepped s;
    struct ctx ctx;
    struct parallel parallel = test_threads(threads);
    begin_step(&s, &ctx, &parallel, make, floats, images);
    float *want = calloc(s.numbers + images * floats, sizeof *want), *out = want + s.numbers;
    memset(want, 0x7f, s.numbers * sizeof *want); /* nor does what was there for this one */
    step(&s, &ctx);
    gradient_forward(&ctx, s.gradient, s.weights, images, &s.in, out);
    gradient_backward(&ctx, s.gradient, out, want);
    assert_memory_equal(s.out, out, images * floats * sizeof *out);
    assert_memory_equal(s.by_weights, want, s.numbers * sizeof *want);
    assert_int_equal(s.compared, images);
    free(want);
    end_step(&s, &ctx);
}

/* Frequencies that are not trained, of which the gradient says so. */
static enum status waves(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    const struct conv linear = {.name = "linear", .out = 3, .kernel = 1, .linear = true};
    int x = graph_conv(g, graph_fourier(g, "fourier", 8), &linear);
    return derivatives_finish(g, graph_add(g, x, graph_input(g, 1, 1, 3)), out);
}

static void a_step_has_the_bits_of_both_ways(void **state) {
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        check_step(derivatives_tiny_mlp, 3, STEP_IMAGES, threads);
        check_step(waves, 3, STEP_IMAGES, threads);
        check_step(derivatives_tiny_unet, 192, 35, threads);
    }
}

/* -- What is final early -- */

/* A copy of what was said to be final, as it was then. */
struct seen {
    struct gradient_watch watch;
    const float *by_weights;
    float *copy;
    size_t n, numbers, early; /* early: how often it was more than before, and not yet all */
    bool fell;
    atomic_int inside, most_inside;
};

static void made(struct gradient_watch *self, size_t n) {
    struct seen *s = (struct seen *)self;
    int inside = ++s->inside;
    s->most_inside = inside > s->most_inside ? inside : s->most_inside;
    s->fell |= n < s->n || n > s->numbers;
    if (!s->fell)
        memcpy(s->copy + s->n, s->by_weights + s->n, (n - s->n) * sizeof *s->copy);
    s->early += n > s->n && n < s->numbers;
    s->n = n;
    s->inside--;
}

static size_t check_watched(derivatives_maker *make, size_t floats, size_t images, size_t threads) {
    struct stepped s;
    struct ctx ctx;
    struct parallel parallel = test_threads(threads);
    begin_step(&s, &ctx, &parallel, make, floats, images);
    struct seen seen = {.watch.made = made,
                        .by_weights = s.by_weights,
                        .numbers = s.numbers,
                        .copy = malloc(s.numbers * sizeof(float))};
    assert_non_null(seen.copy);
    gradient_watched(s.gradient, &seen.watch);
    for (int again = 0; again < 2; again++) {
        seen.n = 0;
        step(&s, &ctx);
        assert_false(seen.fell);
        assert_int_equal(seen.n, s.numbers);
        assert_int_equal(seen.most_inside, 1);
        assert_memory_equal(seen.copy, s.by_weights, s.numbers * sizeof *seen.copy);
    }
    gradient_watched(s.gradient, NULL);
    seen.n = 0;
    step(&s, &ctx);
    assert_int_equal(seen.n, 0);
    free(seen.copy);
    end_step(&s, &ctx);
    return seen.early;
}

static void what_is_final_is_said_while_the_rest_is_made(void **state) {
    (void)state;
    for (size_t threads = 1; threads <= 3; threads++) {
        size_t mlp = check_watched(derivatives_tiny_mlp, 3, STEP_IMAGES, threads);
        size_t unet = check_watched(derivatives_tiny_unet, 192, 35, threads);
        if (threads == 1) /* each layer by itself, twice */
            assert_true(mlp >= 2 * 4 && unet >= 2 * 16);
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
    derivatives_maker *const MAKERS[] = {derivatives_tiny_mlp, derivatives_tiny_unet};
    static const size_t FLOATS[] = {3, 192};
    for (size_t k = 0; k < COUNT(MAKERS); k++) {
        struct ctx ctx;
        struct graph *g;
        struct gradient *gradient;
        uint64_t seed = 5;
        ctx_init(&ctx, 64 << 20);
        assert_int_equal(MAKERS[k](&ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
        assert_int_equal(gradient_new(&ctx, g, 2, &gradient), STATUS_OK);
        float *weights = derivatives_numbers(gradient_numbers(g), &seed, NULL),
              *x = derivatives_numbers(2 * FLOATS[k], &seed, NULL), out[384];
        const struct graph_in in = {x, (const float[]){3, 400}, (const int64_t[]){1, 2}};
        gradient_forward(&ctx, gradient, weights, 2, &in, out);
        assert_int_equal(graph_load(&ctx, g, give, &(struct given){weights}), STATUS_OK);
        float *want = network_run(g, 2, &in, FLOATS[k], 1);
        assert_memory_equal(out, want, 2 * FLOATS[k] * sizeof *out);
        free(want), free(weights), free(x);
        ctx_release(&ctx);
    }
}

/* -- What cannot be -- */

static int linear(struct graph *g, int x, const char *name, size_t out) {
    return graph_conv(g, x, &(struct conv){.name = name, .out = out, .kernel = 1, .linear = true});
}

static enum status shared(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = linear(g, graph_input(g, 1, 1, 3), "twice", 3);
    return derivatives_finish(g, linear(g, x, "twice", 3), out);
}

static enum status bordered(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct graph *g = graph_new(ctx, k);
    int x = graph_conv(g, graph_input(g, 4, 4, 3), &(struct conv){.name = "q", .out = 4, .kernel = 3});
    return derivatives_finish(g, graph_attention(g, x, x, x, 1), out);
}

static void refusals(void **state) {
    (void)state;
    derivatives_maker *const MAKERS[] = {shared, bordered};
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
        assert_int_equal(derivatives_tiny_unet(&ctx, tensor_kernels_for(isa_best()), &g), STATUS_OK);
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
    assert_int_equal(derivatives_tiny_mlp(&ctx, &tensor_ref, &g), STATUS_OK);
    assert_int_equal(gradient_new(&ctx, g, 1, &gradient), STATUS_OK);
    float *weights = derivatives_numbers(gradient_numbers(g), &seed, NULL), out[3] = {7, 7, 7};
    ctx.stop = &stop;
    const struct graph_in in = {(const float[3]){0}, (const float[]){1}, (const int64_t[]){0}};
    gradient_forward(&ctx, gradient, weights, 1, &in, out);
    assert_true(out[0] == 7 && out[2] == 7);
    stop = STOP_NONE;
    gradient_forward(&ctx, gradient, weights, 1, &in, out);
    const size_t n = gradient_numbers(g);
    uint64_t again = seed;
    float *by = derivatives_numbers(n, &seed, NULL), *before = derivatives_numbers(n, &again, NULL);
    stop = STOP_CANCEL; /* between the two ways: what is a third of a step is not begun either */
    gradient_backward(&ctx, gradient, (const float[3]){1, 1, 1}, by);
    assert_memory_equal(by, before, n * sizeof *by);
    free(by), free(before);
    free(weights);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(a_step_has_the_bits_of_both_ways),
        cmocka_unit_test(what_is_final_is_said_while_the_rest_is_made),
        cmocka_unit_test(forward_has_the_bits_of_a_run),
        cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
