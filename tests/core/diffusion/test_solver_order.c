/* Orders of convergence on data N(0, 1/4), where the flow is known: y(k') = y(k) sqrt((s^2 + k'^2) / (s^2 + k^2)). */
#include <math.h>

#include "core/diffusion/sampler.h"
#include "tests/core/diffusion/gaussian.h"

struct setting {
    const char *name;
    enum solver_id solver;
    struct solver_options options; /* beside the solver's own */
    double order;
};

/* relative_error of one run from k = 20 to 0.02; NaN where the run draws noise or the solver refuses the path. */
static double relative_error(const struct setting *s, enum path_id id, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct path path;
    struct path_point *points;
    const struct denoiser *denoiser;
    struct solver_options options;
    struct plan plan;
    struct sampler_out out;
    const struct grid_in grid = {.id = GRID_KARRAS, .steps = n, .k_min = 0.02, .k_max = 20, .to_k_min = true};
    const struct solver *solver = solver_find(s->solver);
    size_t steps = gaussian_make(&ctx, id, &grid, &path, &points, &denoiser);
    assert_int_equal(solver_resolve(&ctx, solver, &path, &s->options, &options), STATUS_OK);
    assert_int_equal(plan_make(&ctx, &path, points, steps, solver, &options, &plan), STATUS_OK);
    const double latent = points[0].alpha / plan.start_sigma; /* y = 1 */
    const struct noise noise = noise_of_seed(ISA_REF, 1);
    const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise, .count = 1, .latents = &latent};
    assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
    assert_int_equal(plan.n_draws, 0);
    double k = points[0].k, last = points[steps].k, exact = sqrt((0.25 + last * last) / (0.25 + k * k));
    double error = out.samples[0] / points[steps].alpha / exact - 1;
    ctx_release(&ctx);
    return error;
}

/* With twice as many steps the error falls by 2^order at least; some solvers do better than they claim. Between 80 and
 * 160 steps the lower orders that multistep methods begin with are not yet seen. */
static void check(const struct setting *s) {
    static const enum path_id PATHS[] = {PATH_EDM,  PATH_VP,  PATH_SUB_VP,     PATH_VE,
                                         PATH_FLOW, PATH_GVP, PATH_DDPM_COSINE};
    for (size_t p = 0; p < COUNT(PATHS); p++) {
        double coarse = relative_error(s, PATHS[p], 80), fine = relative_error(s, PATHS[p], 160);
        double order = log2(fabs(coarse / fine));
        if (!(order > 0.9 * s->order) || !(fabs(fine) < 0.03))
            fail_msg("%s on %s: error %.3g, then %.3g: order %.2f, want %g", s->name, path_names[PATHS[p]], coarse,
                     fine, order, s->order);
    }
}

static void solvers_have_the_order_that_they_claim(void **state) {
    (void)state;
    size_t n = 0;
    for (int id = 0; id < SOLVER_COUNT && !solver_find((enum solver_id)id)->adaptive; id++) {
        const struct solver *solver = solver_find((enum solver_id)id);
        struct setting s = {solver->name, (enum solver_id)id, {0}, solver->order};
        if (solver->order == 0)
            continue;
        n++;
        check(&s);
    }
    assert_true(n >= 15);
}

static void options_keep_or_raise_the_order(void **state) {
    (void)state;
    static const struct setting SETTINGS[] = {
        {"deis 1", SOLVER_DEIS, {.given = OPT(order), .order = 1}, 1},
        {"deis 3", SOLVER_DEIS, {.given = OPT(order), .order = 3}, 3},
        {"lms 1", SOLVER_LMS, {.given = OPT(order), .order = 1}, 1},
        {"lms 2", SOLVER_LMS, {.given = OPT(order), .order = 2}, 2},
        {"lms 3", SOLVER_LMS, {.given = OPT(order), .order = 3}, 2.8},
        {"unipc 1", SOLVER_UNIPC, {.given = OPT(order), .order = 1}, 1},
        {"unipc 3", SOLVER_UNIPC, {.given = OPT(order), .order = 3}, 2.4}, /* its last steps are of order 2 and 1 */
        {"unipc bh1", SOLVER_UNIPC, {.given = OPT(bh), .bh = BH_1}, 2},
        {"unipc, no corrector", SOLVER_UNIPC, {.given = OPT(corrector), .corrector = false}, 2},
        {"dpmpp_2m heun", SOLVER_DPMPP_2M, {.given = OPT(form), .form = FORM_HEUN}, 2},
        {"dpmpp_2m_sde, eta 0", SOLVER_DPMPP_2M_SDE, {.given = OPT(eta)}, 2},
        {"dpmpp_3m_sde, eta 0", SOLVER_DPMPP_3M_SDE, {.given = OPT(eta)}, 2},
        {"dpmpp_sde, eta 0", SOLVER_DPMPP_SDE, {.given = OPT(eta)}, 2},
        {"dpm2_ancestral, eta 0", SOLVER_DPM2_ANCESTRAL, {.given = OPT(eta)}, 2},
        {"dpmpp_2s_ancestral, eta 0", SOLVER_DPMPP_2S_ANCESTRAL, {.given = OPT(eta)}, 2},
        {"euler_ancestral, eta 0", SOLVER_EULER_ANCESTRAL, {.given = OPT(eta)}, 1},
        {"tcd, gamma 0", SOLVER_TCD, {.given = OPT(gamma)}, 1},
    };
    for (size_t i = 0; i < COUNT(SETTINGS); i++)
        check(&SETTINGS[i]);
}

/* The free equation without its noise is the flow, in t: Euler of first order, Heun's of second. */
static void without_noise_the_free_equation_is_the_flow(void **state) {
    (void)state;
    const struct setting euler = {"sde, w = 0", SOLVER_SDE, {.given = OPT(diffusion_scale)}, 1};
    const struct setting heun = {"sde_heun, w = 0", SOLVER_SDE_HEUN, {.given = OPT(diffusion_scale)}, 2};
    static const enum path_id PATHS[] = {PATH_EDM, PATH_VP, PATH_FLOW, PATH_GVP};
    for (size_t p = 0; p < COUNT(PATHS); p++) {
        double e = relative_error(&euler, PATHS[p], 320) / relative_error(&euler, PATHS[p], 640);
        double h = relative_error(&heun, PATHS[p], 320) / relative_error(&heun, PATHS[p], 640);
        if (!(fabs(e - 2) < 0.2) || !(fabs(h - 4) < 0.5))
            fail_msg("%s: %g, %g", path_names[PATHS[p]], e, h);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solvers_have_the_order_that_they_claim),
        cmocka_unit_test(options_keep_or_raise_the_order),
        cmocka_unit_test(without_noise_the_free_equation_is_the_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
