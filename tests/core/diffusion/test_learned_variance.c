/* Variances that a network says. Goldens: diffusers 0.42.1's DDPMScheduler, four steps of the UNet2DModel of its pipeline
 * tests with six output channels and the initial weights of seed 0 (tests/support/untrained.h), generator seed 0; the last
 * 3 x 3 numbers of the last channel. "learned" is NaN there where the network says a negative variance; here it is 0. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/clip.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/network.h"
#include "core/diffusion/plan_build.h"
#include "core/diffusion/project.h"
#include "core/diffusion/sampler.h"
#include "core/diffusion/scheduler.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

static enum status make_plan(struct ctx *ctx, enum config_variance variance, bool clips, size_t steps,
                             struct scheduler *s, struct plan *plan) {
    const struct scheduler_config config = {
        .variance_type = variance, .clip_sample = clips, .given = KEY(variance_type) | KEY(clip_sample)};
    struct plan_build b;
    enum status status =
        scheduler_make(ctx, scheduler_class_find("DDPMScheduler"), &config, &(struct scheduler_run){.steps = steps}, s);
    if (status != STATUS_OK)
        return status;
    plan_begin(&b, ctx, &s->path, &s->options, 0, s->start_sigma);
    b.clip = s->clip;
    plan_walk(&b, s->solver, s->points, s->steps, 0, s->steps);
    return plan_end(&b, plan);
}

static void diffusers_images(void **state) {
    (void)state;
    static const struct {
        bool clips;
        double want[9];
    } ROWS[] = {
        {true, {1, -0.03052163, 0.3845396, 0.8561418, 0.1739187, 1, 1, -0.7637044, -1}},
        {false, {-9.426863, 15.74429, -15.94624, 20.46942, 31.40668, 21.53231, -2.494056, -8.857604, -14.07486}}};
    struct unet_config c = network_tiny_unet();
    c.out_channels = 6;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct ctx ctx;
        struct graph *g;
        struct scheduler s;
        struct plan plan;
        struct noise_torch noise;
        struct sampler_out out;
        const struct denoiser *denoiser;
        ctx_init(&ctx, 64 << 20);
        ctx.isa = isa_best();
        assert_int_equal(unet_make(&ctx, tensor_kernels_for(ctx.isa), &c, &g), STATUS_OK);
        assert_int_equal(untrained_load(&ctx, g, NULL), STATUS_OK);
        const struct network n = {g, c.height, c.width, 3, 6};
        assert_int_equal(make_plan(&ctx, VARIANCE_LEARNED_RANGE, ROWS[i].clips, 4, &s, &plan), STATUS_OK);
        assert_true(plan.spreads && plan.n_calls == 4 && plan.n_draws == 3);
        assert_int_equal(network_denoiser(&ctx, &n, &(struct network_use){.scheduler = &s}, &denoiser), STATUS_OK);
        assert_int_equal(noise_of_torch(&ctx, 0, &plan, 1, denoiser->d, true, &noise), STATUS_OK);
        const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise.base, .count = 1};
        assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
        for (size_t p = 0; p < 9; p++) {
            double x = out.samples[2 * 64 + (5 + p / 3) * 8 + 5 + p % 3];
            if (!(fabs(x - ROWS[i].want[p]) <= 2e-5 * fmax(1, fabs(ROWS[i].want[p]))))
                fail_msg("row %zu, number %zu: %.9g, want %.9g", i, p, x, ROWS[i].want[p]);
        }
        ctx_release(&ctx);
    }
}

/* -- A formula that says its variance -- */

enum { DIM = 3, COUNT_OF = 40, STEPS = 5 };

static double data(double x) { return 0.8 * sin(x); }
static double said(double x, bool ranged) { return ranged ? cos(3 * x) : 0.02 * x; }

static void formula(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                    const double *x, double *out, double *scratch) {
    (void)at, (void)told, (void)scratch;
    for (size_t i = 0; i < rows * self->d; i++)
        out[i] = data(x[i]);
}

static bool says_range;
static void formula_spread(const struct denoiser *self, const struct path_point *at, const struct told *told,
                           size_t rows, const double *x, double *out, double *spread, double *scratch) {
    formula(self, at, told, rows, x, out, scratch);
    for (size_t i = 0; i < rows * self->d; i++)
        spread[i] = said(x[i], says_range);
}

static const struct denoiser FORMULA = {.d = DIM, .eval = formula, .eval_spread = formula_spread, .cost = 1};

/* by_hand takes one step of Nichol, Dhariwal 2021 (eq. 3, 10 and 15), with the betas of the table. */
static double by_hand(const struct path_point *from, const struct path_point *to, double x, double D, double spread,
                      bool ranged, double z) {
    const double all = from->alpha * from->alpha, before = to->alpha * to->alpha, beta = 1 - all / before;
    const double mean = to->alpha * beta / (1 - all) * D + sqrt(all / before) * (1 - before) / (1 - all) * x;
    const double least = fmax((1 - before) / (1 - all) * beta, 1e-20), share = (1 + spread) / 2;
    const double variance = ranged ? exp(share * log(beta) + (1 - share) * log(least)) : fmax(spread, 0);
    return mean + (from->t > 0 ? sqrt(variance) * z : 0);
}

/* Whatever is put around a denoiser hands on what it says; of the step, D alone is what that makes of it. */
static const struct denoiser *wrap(struct ctx *ctx, int how) {
    static const double A[DIM] = {1, 1, 1}, B[1] = {0.25};
    const struct denoiser *d = &FORMULA, *ref = &FORMULA;
    enum status status = STATUS_OK;
    if (how == 1)
        status = clip_make(ctx, &(struct clip_in){&FORMULA, 0.5, 0, 1}, &d);
    if (how == 2)
        status = project_make(ctx, &(struct project_in){&FORMULA, A, B, 1}, &d);
    if (how == 3)
        status = guidance_make(ctx, &(struct guidance_in){&FORMULA, ref, 3, 0, 0, 1e9}, &d);
    assert_int_equal(status, STATUS_OK);
    return d;
}

static void steps_by_hand(void **state) {
    (void)state;
    for (int how = 0; how < 8; how++) {
        const bool ranged = says_range = how & 1;
        struct ctx ctx;
        struct scheduler s;
        struct plan plan;
        struct sampler_out out;
        const struct noise noise = noise_of_seed(isa_best(), 5);
        double x[COUNT_OF * DIM], D[DIM], z[DIM];
        ctx_init(&ctx, 16 << 20);
        ctx.isa = isa_best();
        const struct denoiser *denoiser = wrap(&ctx, how / 2);
        assert_int_equal(make_plan(&ctx, ranged ? VARIANCE_LEARNED_RANGE : VARIANCE_LEARNED, false, STEPS, &s, &plan),
                         STATUS_OK);
        const struct sampler_in in = {
            .denoiser = denoiser, .plan = &plan, .noise = &noise, .count = COUNT_OF, .trajectory = true};
        assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
        memcpy(x, out.trajectory, sizeof x);
        for (size_t step = 0; step < STEPS; step++)
            for (size_t r = 0; r < COUNT_OF; r++) {
                double *row = x + r * DIM, room[2 * DIM + 600];
                denoiser_eval(denoiser, &s.points[step], NULL, 1, row, D, room);
                if (step + 1 < STEPS)
                    noise.fill(&noise, &plan, step, r, 1, DIM, z, room);
                for (size_t j = 0; j < DIM; j++) {
                    row[j] =
                        by_hand(&s.points[step], &s.points[step + 1], row[j], D[j], said(row[j], ranged), ranged, z[j]);
                    double got = out.trajectory[((step + 1) * COUNT_OF + r) * DIM + j];
                    if (!(fabs(got - row[j]) < 1e-11))
                        fail_msg("form %d, step %zu, sample %zu: %.17g, by hand %.17g", how, step, r, got, row[j]);
                    row[j] = got;
                }
            }
        ctx_release(&ctx);
    }
}

/* The other kind of step keeps a history, of which nothing may be left behind where there was no memory for it. */
static void each_allocation_failing(void **state) {
    (void)state;
    static const enum config_variance KINDS[] = {VARIANCE_LEARNED_RANGE, VARIANCE_FIXED_SMALL};
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        enum status status = STATUS_NO_MEMORY;
        size_t n = 0;
        for (; status == STATUS_NO_MEMORY; n++) {
            struct ctx ctx;
            struct scheduler s;
            struct plan plan;
            ctx_init(&ctx, 16 << 20);
            ctx.fail_after = n;
            status = make_plan(&ctx, KINDS[i], true, 100, &s, &plan);
            ctx_release(&ctx);
        }
        assert_int_equal(status, STATUS_OK);
        assert_in_range(n, 100, 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diffusers_images),
        cmocka_unit_test(steps_by_hand),
        cmocka_unit_test(each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
