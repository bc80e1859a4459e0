/* SA-Solver on one Gaussian, where the flow and the distribution are known. */
#include "core/diffusion/solver.h"

#include <math.h>

#include "core/diffusion/sampler.h"
#include "tests/core/diffusion/gaussian.h"
#include "tests/support/test.h"

enum { MANY = 40000 };

/* run draws from N(0, 0.25) in n steps from k = 80 to 0.002; latents NULL: drawn. */
static void run(enum path_id path_id, double eta, int64_t order, size_t n, size_t count, const double *latents,
                double *out) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct path path;
    struct path_point *points;
    const struct denoiser *denoiser;
    const struct grid_in grid = {.id = GRID_KARRAS, .steps = n, .k_min = 0.002, .k_max = 80, .to_k_min = true};
    gaussian_make(&ctx, path_id, &grid, &path, &points, &denoiser);
    struct solver_options options = solver_find(SOLVER_SA_SOLVER)->defaults;
    options.eta = eta;
    options.order = order;
    struct plan plan;
    assert_int_equal(plan_make(&ctx, &path, points, n, solver_find(SOLVER_SA_SOLVER), &options, &plan), STATUS_OK);
    const struct noise noise = noise_of_seed(ISA_REF, 11);
    const struct sampler_in in = {
        .denoiser = denoiser, .plan = &plan, .noise = &noise, .count = count, .latents = latents};
    struct sampler_out drawn;
    assert_int_equal(sampler_run(&ctx, &in, &drawn), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        out[i] = drawn.samples[i] / points[n].alpha;
    ctx_release(&ctx);
}

static double flow_error(enum path_id path, int64_t order, size_t n) {
    const double one = 1, s2 = 0.25;
    double x;
    run(path, 0, order, n, 1, &one, &x);
    double y = path == PATH_EDM ? 80 : path == PATH_VP ? sqrt(1 + 80 * 80.0) : 80;
    double want = y * sqrt((s2 + 0.002 * 0.002) / (s2 + 80 * 80.0));
    return fabs(x / want - 1);
}

static void without_noise_it_converges(void **state) {
    (void)state;
    const enum path_id paths[] = {PATH_EDM, PATH_VP, PATH_FLOW};
    for (size_t p = 0; p < COUNT(paths); p++)
        for (int64_t order = 1; order <= 3; order++) {
            double ratio = flow_error(paths[p], order, 160) / flow_error(paths[p], order, 320);
            if (!(log2(ratio) > (double)order - 0.2))
                fail_msg("%s, order %d: twice the steps divide the error by %.3f", path_names[paths[p]], (int)order,
                         ratio);
        }
}

static void with_noise_the_distribution_stays(void **state) {
    (void)state;
    static double x[MANY];
    for (double eta = 0.5; eta <= 1; eta += 0.5) {
        double sum = 0, squares = 0;
        run(PATH_EDM, eta, 3, 80, MANY, NULL, x);
        for (size_t i = 0; i < MANY; i++) {
            sum += x[i];
            squares += x[i] * x[i];
        }
        double mean = sum / MANY, variance = squares / MANY - mean * mean;
        /* four standard errors, and the bias of 80 steps */
        if (!(fabs(mean) < 0.5 * 4 / sqrt(MANY) && fabs(variance / 0.25 - 1) < 4 * sqrt(2.0 / MANY) + 0.01))
            fail_msg("eta %.1f: mean %.5f, variance %.5f", eta, mean, variance);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_noise_it_converges),
        cmocka_unit_test(with_noise_the_distribution_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
