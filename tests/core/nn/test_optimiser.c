#include "core/nn/optimiser.h"

#include <math.h>

#include "core/nn/rate.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

static void near(double got, double want, double relative) {
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("%.9g, want %.9g", got, want);
}

/* Three steps by PyTorch 2.13.0: torch.optim.AdamW(lr 0.1, betas (0.9, 0.99), weight_decay 0.01) behind
 * clip_grad_norm_(1), and beside it the average d mean + (1 - d) w with d = (1 + step) / (10 + step), step = 1, 2, 3. */
static void the_steps_are_pytorchs(void **state) {
    (void)state;
    static const float GRADIENTS[3][4] = {{3, -4, 0, 12}, {.1f, .2f, -.3f, .4f}, {0, -1e-3f, 2e-3f, 0}};
    static const double NORMS[] = {13, 0.547722578, 0.00223606825};
    static const double WEIGHTS[3][4] = {{0.89900005, -1.898, 2.997, 0.39950001},
                                         {0.80688316, -1.8804843, 3.068249, 0.30788261},
                                         {0.73540413, -1.8663292, 3.1222763, 0.23690258}};
    static const double MEANS[] = {0.9173637, 0.83450329, 0.7658962}; /* of the first weight */
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        struct optimiser o;
        ctx_init(&ctx, 1 << 20);
        ctx.isa = (enum isa)isa;
        assert_int_equal(optimiser_new(&ctx, 4, &o), STATUS_OK);
        for (size_t i = 0; i < 4; i++)
            o.weights[i] = o.average[i] = (const float[]){1, -2, 3, 0.5f}[i];
        const struct optimiser_options options = {
            .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .decay = 0.01, .clip = 1, .average = 0.999};
        for (size_t step = 0; step < 3; step++) {
            near(optimiser_step(&ctx, &o, &options, 0.1, GRADIENTS[step]), NORMS[step], 1e-6);
            for (size_t i = 0; i < 4; i++)
                near((double)o.weights[i], WEIGHTS[step][i], 2e-6);
            near((double)o.average[0], MEANS[step], 2e-6);
        }
        ctx_release(&ctx);
    }
}

/* A gradient that was multiplied by a power of two makes the same step, to the bit, clipped or not. */
static void scales_are_taken_out(void **state) {
    (void)state;
    struct ctx ctx;
    struct optimiser o[2];
    ctx_init(&ctx, 1 << 20);
    ctx.isa = isa_best();
    for (int i = 0; i < 2; i++)
        assert_int_equal(optimiser_new(&ctx, 40, &o[i]), STATUS_OK);
    uint64_t seed = 4;
    for (int step = 0; step < 20; step++) {
        const double scale = ldexp(1, 2 * step);
        float gradient[2][40];
        struct optimiser_options options = optimiser_default();
        options.clip = step % 2;
        for (size_t i = 0; i < 40; i++) {
            gradient[0][i] = (float)test_below(&seed, 2000) - 1000;
            gradient[1][i] = gradient[0][i] * (float)scale;
        }
        const double norm = optimiser_step(&ctx, &o[0], &options, 0.1, gradient[0]);
        options.scale = scale;
        assert_true(optimiser_step(&ctx, &o[1], &options, 0.1, gradient[1]) == norm);
        assert_memory_equal(o[1].weights, o[0].weights, 40 * sizeof(float));
        assert_memory_equal(o[1].second, o[0].second, 40 * sizeof(float));
    }
    ctx_release(&ctx);
}

enum { MANY = 100003 };

static void run(size_t threads, size_t fixed_first, size_t fixed_end, float *out) {
    struct ctx ctx;
    struct optimiser o;
    struct parallel parallel = test_threads(threads);
    uint64_t seed = 1;
    float *gradient = malloc(MANY * sizeof *gradient);
    assert_non_null(gradient);
    ctx_init(&ctx, 64 << 20);
    ctx.isa = isa_best();
    ctx.parallel = &parallel;
    assert_int_equal(optimiser_new(&ctx, MANY, &o), STATUS_OK);
    o.fixed_first = fixed_first;
    o.fixed_end = fixed_end;
    struct optimiser_options options = optimiser_default();
    options.clip = 2;
    options.decay = 0.5;
    for (size_t i = 0; i < MANY; i++)
        o.weights[i] = 1;
    for (size_t step = 0; step < 2; step++) {
        for (size_t i = 0; i < MANY; i++)
            gradient[i] = (float)test_below(&seed, 1000) - 500;
        (void)optimiser_step(&ctx, &o, &options, 0.01, gradient);
    }
    memcpy(out, o.weights, MANY * sizeof *out);
    free(gradient);
    ctx_release(&ctx);
}

static void threads_do_not_matter(void **state) {
    (void)state;
    static float one[MANY], more[MANY];
    run(1, 0, 0, one);
    for (size_t threads = 2; threads <= 3; threads++) {
        run(threads, 0, 0, more);
        assert_memory_equal(one, more, sizeof one);
    }
}

static void some_numbers_are_not_trained(void **state) {
    (void)state;
    static const size_t PLACES[][2] = {{0, 5}, {16380, 16390}, {20000, 70000}, {16384, 32768}, {100000, MANY}};
    static float all[MANY], some[MANY];
    run(1, 0, 0, all);
    for (size_t k = 0; k < COUNT(PLACES); k++) {
        run(2, PLACES[k][0], PLACES[k][1], some);
        for (size_t i = 0; i < MANY; i++)
            assert_true(some[i] == (i >= PLACES[k][0] && i < PLACES[k][1] ? 1 : all[i]));
    }
}

static void what_is_not_finite_changes_nothing(void **state) {
    (void)state;
    static const float BAD[] = {NAN, INFINITY, -INFINITY};
    struct ctx ctx;
    struct optimiser o;
    ctx_init(&ctx, 1 << 20);
    ctx.isa = isa_best();
    assert_int_equal(optimiser_new(&ctx, 40, &o), STATUS_OK);
    const struct optimiser_options options = optimiser_default();
    for (size_t k = 0; k < COUNT(BAD); k++) {
        float gradient[40] = {[33] = BAD[k]};
        assert_false(isfinite(optimiser_step(&ctx, &o, &options, 1, gradient)));
        assert_int_equal(o.step, 0);
        for (size_t i = 0; i < 40; i++)
            assert_true(o.weights[i] == 0 && o.first[i] == 0 && o.second[i] == 0);
    }
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t n = 0; n <= 4; n++) {
        struct ctx ctx;
        struct optimiser o;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = n;
        assert_int_equal(optimiser_new(&ctx, 10, &o), n < 4 ? STATUS_NO_MEMORY : STATUS_OK);
        ctx_release(&ctx);
    }
}

static void rates(void **state) {
    (void)state;
    const struct rate r = {.peak = 2, .last = 0.02, .warm_up = 4, .steps = 104};
    const double want[][2] = {{0, 0.5}, {2, 1.5}, {3, 2}, {4, 2}, {54, 1.02}, {104, 0.04}, {1000, 0.04}};
    for (size_t i = 0; i < COUNT(want); i++)
        near(rate_at(&r, (uint64_t)want[i][0]), want[i][1], 1e-12);
    near(rate_at(&(struct rate){.peak = 3, .last = 0.1}, 5), 3, 1e-12);
    near(rate_at(&(struct rate){.peak = 3, .last = 0, .steps = 3}, 1), 3 * 0.75, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steps_are_pytorchs),
        cmocka_unit_test(scales_are_taken_out),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(some_numbers_are_not_trained),
        cmocka_unit_test(what_is_not_finite_changes_nothing),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
