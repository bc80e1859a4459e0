/* Networks as denoisers. Goldens: diffusers' pipeline tests, which need no weight file: tests/pipelines/ddpm/test_ddpm.py
 * (test_fast_inference) and tests/pipelines/ddim/test_ddim.py (test_inference), whose network has the initial weights of
 * seed 0; image = clip(x / 2 + 1/2), its last 3 x 3 pixels of the last channel. */
#include "core/diffusion/network.h"

#include <math.h>

#include "core/diffusion/plan_build.h"
#include "core/diffusion/sampler.h"
#include "core/diffusion/scheduler.h"
#include "core/nn/unet.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"
#include "tests/support/untrained.h"

enum { D = 3 * 8 * 8 };

static void make(struct ctx *ctx, struct unet_config c, struct network *n) {
    struct graph *g;
    assert_int_equal(unet_make(ctx, tensor_kernels_for(ctx->isa), &c, &g), STATUS_OK);
    assert_int_equal(untrained_load(ctx, g, NULL), STATUS_OK);
    *n = (struct network){g, c.height, c.width, c.in_channels, c.out_channels};
}

/* sample runs a scheduler's steps with PyTorch's numbers of seed 0. */
static double *sample(struct ctx *ctx, const char *class, const struct network *network, size_t steps, size_t count) {
    static const struct scheduler_config nothing;
    struct scheduler *s = ctx_alloc(ctx, 1, sizeof *s);
    struct plan_build b;
    struct plan plan;
    struct noise_torch noise;
    struct sampler_out out;
    const struct denoiser *denoiser;
    assert_non_null(s);
    assert_int_equal(
        scheduler_make(ctx, scheduler_class_find(class), &nothing, &(struct scheduler_run){.steps = steps}, s),
        STATUS_OK);
    plan_begin(&b, ctx, &s->path, &s->options, s->points[0].alpha, s->start_sigma);
    b.targets = s->targets;
    b.clip = s->clip;
    plan_walk(&b, s->solver, s->points, s->steps, 0, s->steps);
    assert_int_equal(plan_end(&b, &plan), STATUS_OK);
    assert_int_equal(network_denoiser(ctx, network, &(struct network_use){.scheduler = s}, &denoiser), STATUS_OK);
    assert_int_equal(denoiser->d, D);
    assert_int_equal(noise_of_torch(ctx, 0, &plan, count, D, true, &noise), STATUS_OK);
    const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise.base, .count = count};
    assert_int_equal(sampler_run(ctx, &in, &out), STATUS_OK);
    return out.samples;
}

static void check_slice(const double *x, const double *want, double tolerance) {
    for (size_t i = 0; i < 9; i++) {
        double v = x[2 * 64 + (5 + i / 3) * 8 + 5 + i % 3] / 2 + 0.5;
        v = v < 0 ? 0 : v > 1 ? 1 : v;
        if (!(fabs(v - want[i]) <= tolerance))
            fail_msg("pixel %zu: %.9g, want %.9g", i, v, want[i]);
    }
}

static void pipelines_give_diffusers_images(void **state) {
    (void)state;
    static const double ddpm[] = {0, .9996672, .00329116, 1, .9995991, 1, .0060907, .00115037, 0};
    static const double ddim[] = {0, .9979, 0, .9999, .9986, .9991, .0007106, 0, 0};
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        struct network n;
        ctx_init(&ctx, 64 << 20);
        ctx.isa = (enum isa)isa;
        make(&ctx, network_tiny_unet(), &n);
        check_slice(sample(&ctx, "DDPMScheduler", &n, 2, 1), ddpm, 1e-5);
        check_slice(sample(&ctx, "DDIMScheduler", &n, 2, 1), ddim, 1e-3);
        ctx_release(&ctx);
    }
}

/* rows asks for D of 16 states, `together` at a time. */
static void rows(struct ctx *ctx, const struct unet_config *c, size_t together, double *D_of) {
    struct network n;
    struct path path;
    const struct denoiser *denoiser;
    uint64_t seed = 3;
    static double x[16 * D];
    for (size_t i = 0; i < 16 * D; i++)
        x[i] = (double)test_below(&seed, 2000) * 1e-3 - 1;
    make(ctx, *c, &n);
    assert_int_equal(path_make(ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    const struct network_use use = {.path = &path, .prediction = PREDICTION_VELOCITY, .class = 1};
    assert_int_equal(network_denoiser(ctx, &n, &use, &denoiser), STATUS_OK);
    struct path_point at = path_at_t(&path, 0.25);
    for (size_t i = 0; i < 16; i += together) {
        size_t m = together < 16 - i ? together : 16 - i;
        double *scratch = malloc(denoiser_scratch(denoiser, m) * sizeof *scratch); /* exactly: a sanitizer looks */
        denoiser_eval(denoiser, &at, NULL, m, x + i * D, D_of + i * D, scratch);
        free(scratch);
    }
}

static void a_rows_bits_are_its_own(void **state) {
    (void)state;
    static double alone[16 * D], more[16 * D];
    struct unet_config c = network_tiny_unet();
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = 2;
    c.out_channels = 6; /* the rest is a learned variance, say */
    for (size_t threads = 1; threads <= 2; threads++)
        for (size_t together = 1; together <= 16; together += 5) {
            struct ctx ctx;
            ctx_init(&ctx, 64 << 20);
            ctx.isa = isa_best();
            struct parallel parallel = test_threads(threads);
            ctx.parallel = &parallel;
            rows(&ctx, &c, together, together == 1 && threads == 1 ? alone : more);
            if (together > 1 || threads > 1)
                assert_memory_equal(alone, more, sizeof alone);
            ctx_release(&ctx);
        }
}

static void predictions_that_a_path_has_not_are_refused(void **state) {
    (void)state;
    struct ctx ctx;
    struct network n;
    struct path path;
    const struct denoiser *denoiser;
    ctx_init(&ctx, 64 << 20);
    make(&ctx, network_tiny_unet(), &n);
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, NULL, &path), STATUS_OK);
    const struct network_use use = {.path = &path, .prediction = PREDICTION_VELOCITY};
    assert_int_equal(network_denoiser(&ctx, &n, &use, &denoiser), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/prediction");
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipelines_give_diffusers_images),
        cmocka_unit_test(a_rows_bits_are_its_own),
        cmocka_unit_test(predictions_that_a_path_has_not_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
