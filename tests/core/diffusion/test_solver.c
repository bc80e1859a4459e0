/* Public golden numbers of diffusers' scheduler tests (Apache-2.0; numbers only), and orders of convergence where the
 * answer is known. */
#include "core/diffusion/solver.h"

#include <math.h>

#include "core/base/torch_random.h"
#include "core/diffusion/sampler.h"
#include "tests/core/diffusion/gaussian.h"
#include "tests/support/test.h"

enum { N = 4 * 3 * 8 * 8 };

/* The fixture's sample: element (c, h, w) of image b is (((c 8 + h) 8 + w) 4 + b) / 768; noise counts down from 767. */
static double fixture(size_t i, bool noise) {
    size_t b = i / 192, chw = i % 192, index = chw * 4 + b;
    return (double)(float)((float)(noise ? N - 1 - index : index) / N);
}

enum prediction { EPS, V };

/* The fixture's network, m(x, t) = x t / (t + 1). `k_space`: the loops of these schedulers hold y, shrink it to y /
 * sqrt(k^2 + 1) and then step from that as if it were y; so the network sees y itself. In Heun's second call the
 * shrinking is done here. `clips`: D is clipped to [-1, 1]. */
struct fixture_net {
    struct denoiser base;
    enum prediction prediction;
    bool k_space, heun, clips;
    size_t calls;
};

static double clip(double x) { return x < -1 ? -1 : x > 1 ? 1 : x; }

static double to_data(const struct fixture_net *net, const struct path_point *at, double y, double m) {
    if (net->prediction == EPS)
        return y - at->k * m;
    return y / (at->k * at->k + 1) - m * at->k / sqrt(at->k * at->k + 1);
}

static void fixture_eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                         const double *x, double *out, double *scratch) {
    (void)told, (void)scratch;
    struct fixture_net *net = (struct fixture_net *)(uintptr_t)self;
    double t = (double)(float)at->t;
    /* Heun's second call: the slope is taken at the shrunken state, but the state itself is the one that the step began
     * with. */
    bool second = net->heun && net->calls++ % 2 == 1;
    for (size_t i = 0; i < rows * self->d; i++) {
        double y = x[i] / at->alpha, input = net->k_space ? y : x[i];
        if (second)
            input = y / sqrt(at->k * at->k + 1);
        double D = to_data(net, at, second ? input : y, input * t / (t + 1));
        if (second) /* same slope (input - D) / k, seen from y */
            D = y - (input - D);
        out[i] = net->clips ? clip(D) : D;
    }
}

struct torch_noise {
    struct noise base;
    struct torch_random random;
};

static void torch_fill(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows,
                       size_t d, double *out, double *room) {
    (void)plan, (void)index, (void)first, (void)room;
    float z[N];
    torch_random_normal(&((struct torch_noise *)(uintptr_t)self)->random, z, rows * d);
    for (size_t i = 0; i < rows * d; i++)
        out[i] = (double)z[i];
}

struct golden {
    const char *name;
    enum solver_id solver;
    size_t trained; /* T */
    enum grid_id grid;
    size_t steps, start; /* start > 0: the run begins at this step with noise added */
    enum prediction prediction;
    bool k_space; /* the state is y and the loop overwrites it; else x */
    bool clips;
    double beta_start;
    bool ends_at_table; /* set_alpha_to_one=False: the last level is that of the first trained step */
    double sum, mean, tolerance;
};

/* tests/schedulers/test_scheduler_*.py at 58eb52c: test_full_loop_no_noise, _with_v_prediction, _with_noise,
 * _with_set_alpha_to_one, _with_no_set_alpha_to_one; their tolerance is 1e-2 on the sum and 1e-3 on the mean. "ddpm
 * noise" was made with single-precision coefficients, which shows in the fourth digit where beta / (1 - abar) is formed
 * at t = 1. */
static const struct golden GOLDENS[] = {
    {"ddim eps", SOLVER_EULER, 1000, GRID_LEADING, 10, 0, EPS, false, true, 1e-4, false, 172.0067, 0.223967, 1e-2},
    {"ddim v", SOLVER_EULER, 1000, GRID_LEADING, 10, 0, V, false, true, 1e-4, false, 52.5302, 0.0684, 1e-2},
    {"ddim one", SOLVER_EULER, 1000, GRID_LEADING, 10, 0, EPS, false, true, 0.01, false, 149.8295, 0.1951, 1e-2},
    {"ddim not one", SOLVER_EULER, 1000, GRID_LEADING, 10, 0, EPS, false, true, 0.01, true, 149.0784, 0.1941, 1e-2},
    {"ddim noise", SOLVER_EULER, 1000, GRID_LEADING, 10, 8, EPS, false, true, 1e-4, false, 354.5418, 0.4616, 1e-2},
    {"euler eps", SOLVER_EULER, 1100, GRID_LINSPACE, 10, 0, EPS, true, false, 1e-4, false, 10.0807, 0.0131, 1e-2},
    {"euler noise", SOLVER_EULER, 1100, GRID_LINSPACE, 10, 8, EPS, true, false, 1e-4, false, 57062.9297, 74.3007, 1e-2},
    {"euler_a eps", SOLVER_EULER_ANCESTRAL, 1100, GRID_LINSPACE, 10, 0, EPS, true, false, 1e-4, false, 152.3192, 0.1983,
     1e-2},
    {"euler_a v", SOLVER_EULER_ANCESTRAL, 1100, GRID_LINSPACE, 10, 0, V, true, false, 1e-4, false, 108.4439, 0.1412,
     1e-2},
    {"euler_a noise", SOLVER_EULER_ANCESTRAL, 1100, GRID_LINSPACE, 10, 8, EPS, true, false, 1e-4, false, 56163.0508,
     73.1290, 1e-2},
    {"heun eps", SOLVER_HEUN, 1100, GRID_LINSPACE, 10, 0, EPS, true, false, 1e-4, false, 0.1233, 0.0002, 1e-2},
    {"heun noise", SOLVER_HEUN, 1100, GRID_LINSPACE, 10, 8, EPS, true, false, 1e-4, false, 75074.8906, 97.7538, 1e-2},
    {"ddpm eps", SOLVER_DDPM, 1000, GRID_LEADING, 1000, 0, EPS, false, true, 1e-4, false, 258.9606, 0.3372, 1e-2},
    {"ddpm v", SOLVER_DDPM, 1000, GRID_LEADING, 1000, 0, V, false, true, 1e-4, false, 202.0296, 0.2631, 1e-2},
    {"ddpm noise", SOLVER_DDPM, 1000, GRID_LEADING, 1000, 998, EPS, false, true, 1e-4, false, 387.9466, 0.5051, 3e-2},
};

static void begin(const struct golden *g, const struct path_point *at, double top, double *x) {
    double scale = g->k_space ? top : 1;
    for (size_t i = 0; i < N; i++) {
        x[i] = fixture(i, false) * scale;
        if (g->start && g->k_space)
            x[i] += at->k * fixture(i, true);
        else if (g->start)
            x[i] = at->alpha * x[i] + at->sigma * fixture(i, true);
    }
}

static double run_golden(const struct golden *g) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct path path;
    const struct path_options trained = {.given = PATH_OPT(trained_steps) | PATH_OPT(beta_start),
                                         .trained_steps = (int64_t)g->trained,
                                         .beta_start = g->beta_start};
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, &trained, &path), STATUS_OK);
    struct path_point *points;
    assert_int_equal(grid_make(&ctx, &path, &(struct grid_in){.id = g->grid, .steps = g->steps}, &points, &(size_t){0}),
                     STATUS_OK);
    if (g->ends_at_table)
        points[g->steps] = points[g->steps - 1];
    const struct solver *solver = solver_find(g->solver);
    struct torch_noise noise = {.base = {.fill = torch_fill}};
    torch_random_seed(&noise.random, 0);
    struct fixture_net net = {{.d = 1, .eval = fixture_eval}, g->prediction, g->k_space,
                              g->solver == SOLVER_HEUN,       g->clips,      0};
    struct plan plan;
    assert_int_equal(plan_make(&ctx, &path, points + g->start, g->steps - g->start, solver, &solver->defaults, &plan),
                     STATUS_OK);
    struct plan_run run = {.plan = &plan, .denoiser = &net.base, .noise = &noise.base, .rows = N};
    run.slots = ctx_alloc(&ctx, (plan.n_slots + 1) * N, sizeof(double));
    run.z = run.slots + plan.n_slots * N;
    double *x = run.slots;
    begin(g, &points[g->start], points[0].k, x);
    for (size_t i = 0; i < plan.n_steps; i++) {
        const struct plan_step *step = &plan.steps[i];
        net.calls = 0;
        for (size_t j = 0; g->k_space && j < N; j++) /* the overwriting, then from y to x */
            x[j] *= step->from.alpha / sqrt(step->from.k * step->from.k + 1);
        plan_run_ops(&run, step->first, step->end);
        x = plan_vector(&run, step->state);
        for (size_t j = 0; g->k_space && j < N; j++)
            x[j] /= step->to.alpha;
    }
    double sum = 0;
    for (size_t i = 0; i < N; i++)
        sum += fabs(x[i]);
    ctx_release(&ctx);
    return sum;
}

static void public_goldens(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(GOLDENS); i++) {
        double sum = run_golden(&GOLDENS[i]);
        if (!(fabs(sum - GOLDENS[i].sum) < GOLDENS[i].tolerance && fabs(sum / N - GOLDENS[i].mean) < 1e-3))
            fail_msg("%s: the sum is %.4f, want %.4f", GOLDENS[i].name, sum, GOLDENS[i].sum);
    }
}

/* The relative error of one run on data N(0, 0.25) from k = 80 to 0.002, where the exact flow is y' = y
 * sqrt((s^2+k'^2)/(s^2+k^2)). */
static double oracle_error(enum solver_id id, enum path_id path_id, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, 16 << 20);
    struct path path;
    struct path_point *points;
    const struct denoiser *denoiser;
    const double s = 0.5;
    const struct grid_in grid = {.id = GRID_KARRAS, .steps = n, .k_min = 0.002, .k_max = 80};
    gaussian_make(&ctx, path_id, &grid, &path, &points, &denoiser);
    const struct solver *solver = solver_find(id);
    struct solver_options options = solver->defaults;
    struct plan plan;
    options.eta = 0;
    assert_int_equal(plan_make(&ctx, &path, points, n - 1, solver, &options, &plan), STATUS_OK);
    const double latent = points[0].alpha / plan.start_sigma; /* y = 1 */
    const struct noise noise = noise_of_seed(ISA_REF, 1);
    const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise, .count = 1, .latents = &latent};
    struct sampler_out out;
    assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
    double y = out.samples[0] / points[n - 1].alpha;
    double exact = sqrt((s * s + 0.002 * 0.002) / (s * s + 80.0 * 80.0));
    ctx_release(&ctx);
    return y / exact - 1;
}

/* Karras 80 to 0.002, N = 18, 36, 72 levels, rho 7: derived independently in double precision from the same
 * formulas. */
static void errors_on_the_gaussian(void **state) {
    (void)state;
    static const struct {
        enum solver_id solver;
        double want[3];
    } CASES[] = {
        {SOLVER_EULER, {-1.54e-1, -7.80e-2, -3.92e-2}},
        {SOLVER_EULER_ANCESTRAL, {-1.54e-1, -7.80e-2, -3.92e-2}}, /* eta = 0 */
        {SOLVER_HEUN, {5.53e-2, 1.22e-2, 2.88e-3}},
        {SOLVER_DPM2, {3.16e-2, 7.07e-3, 1.67e-3}},
        {SOLVER_DPMPP_2M, {6.23e-2, 1.31e-2, 2.98e-3}},
        {SOLVER_DPMPP_3M, {-2.04e-2, 1.27e-3, 5.64e-4}},
        {SOLVER_LMS, {-4.57e-2, -5.58e-3, -4.79e-4}},
    };
    for (size_t c = 0; c < COUNT(CASES); c++)
        for (size_t i = 0; i < 3; i++) {
            double got = oracle_error(CASES[c].solver, PATH_EDM, (size_t)18 << i);
            if (!(fabs(got / CASES[c].want[i] - 1) < 5e-3))
                fail_msg("%s, N = %d: %.4g, want %.4g", solver_names[CASES[c].solver], 18 << i, got, CASES[c].want[i]);
        }
}

/* Half as long steps halve Euler's error and quarter Heun's; on flow, Heun works in t. */
static void orders_of_convergence(void **state) {
    (void)state;
    static const enum path_id PATHS[] = {PATH_EDM, PATH_FLOW};
    for (size_t p = 0; p < COUNT(PATHS); p++) {
        double euler = oracle_error(SOLVER_EULER, PATHS[p], 320) / oracle_error(SOLVER_EULER, PATHS[p], 640);
        double heun = oracle_error(SOLVER_HEUN, PATHS[p], 320) / oracle_error(SOLVER_HEUN, PATHS[p], 640);
        assert_true(fabs(euler - 2) < 0.05);
        assert_true(fabs(heun - 4) < 0.1);
    }
}

/* A noise that tells the draws apart: draw i is 1 for sample i + 1 and 0 for all others. On the Gaussian a sample is
 * linear in the latent and the draws, so that sample 0, of latent 1, and the others, of latent 0, are the
 * coefficients. */
static void unit_fill(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows,
                      size_t d, double *out, double *room) {
    (void)self, (void)plan, (void)room;
    for (size_t i = 0; i < rows * d; i++)
        out[i] = first + i == index + 1 ? 1 : 0;
}

/* The variance that samples of N(0, 0.25) get, over 0.25, minus 1: carried from step to step, no Monte Carlo. */
static double variance_error(enum solver_id id, const struct solver_options *options, enum path_id path_id,
                             enum grid_id grid, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, 16 << 20);
    struct path path;
    struct path_point *points;
    const struct denoiser *denoiser;
    const double s = 0.5;
    gaussian_make(&ctx, path_id, &(struct grid_in){.id = grid, .steps = n}, &path, &points, &denoiser);
    struct solver_options full;
    struct plan plan;
    assert_int_equal(solver_resolve(&ctx, solver_find(id), &path, options, &full), STATUS_OK);
    assert_int_equal(plan_make(&ctx, &path, points, n, solver_find(id), &full, &plan), STATUS_OK);
    const struct noise noise = {.fill = unit_fill};
    double *latents = ctx_zalloc(&ctx, plan.n_draws + 1, sizeof *latents);
    latents[0] = sqrt(points[0].alpha * points[0].alpha * s * s + points[0].sigma * points[0].sigma) / plan.start_sigma;
    const struct sampler_in in = {
        .denoiser = denoiser, .plan = &plan, .noise = &noise, .count = plan.n_draws + 1, .latents = latents};
    struct sampler_out out;
    assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
    double variance = 0;
    for (size_t i = 0; i < in.count; i++)
        variance += out.samples[i] * out.samples[i];
    ctx_release(&ctx);
    return variance / (s * s) - 1;
}

/* Weak order 1 of the stochastic solvers, 2 of Heun; on flow from t = 1, where k is infinite, down to data. */
static void weak_orders(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum solver_id solver;
        struct solver_options options;
        enum path_id path;
        enum grid_id grid;
        double ratio;
    } CASES[] = {
        {"ddpm on edm", SOLVER_DDPM, {0}, PATH_EDM, GRID_KARRAS, 2},
        {"ddpm on vp", SOLVER_DDPM, {0}, PATH_VP, GRID_KARRAS, 2},
        {"ddpm on flow", SOLVER_DDPM, {0}, PATH_FLOW, GRID_UNIFORM, 2},
        {"euler_ancestral on edm", SOLVER_EULER_ANCESTRAL, {0}, PATH_EDM, GRID_KARRAS, 2},
        {"euler_ancestral on flow",
         SOLVER_EULER_ANCESTRAL,
         {.given = OPT(eta), .eta = 0.7},
         PATH_FLOW,
         GRID_UNIFORM,
         2},
        {"euler, eta 0.5, on ddpm", SOLVER_EULER, {.given = OPT(eta), .eta = 0.5}, PATH_DDPM_LINEAR, GRID_KARRAS, 2},
        {"euler on flow", SOLVER_EULER, {0}, PATH_FLOW, GRID_UNIFORM, 2},
        {"heun on flow", SOLVER_HEUN, {0}, PATH_FLOW, GRID_UNIFORM, 4},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        double coarse = variance_error(CASES[c].solver, &CASES[c].options, CASES[c].path, CASES[c].grid, 250);
        double fine = variance_error(CASES[c].solver, &CASES[c].options, CASES[c].path, CASES[c].grid, 500);
        if (!(fabs(coarse / fine / CASES[c].ratio - 1) < 0.03))
            fail_msg("%s: errors %.3e and %.3e, want a ratio of %g", CASES[c].name, coarse, fine, CASES[c].ratio);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_goldens),
        cmocka_unit_test(errors_on_the_gaussian),
        cmocka_unit_test(orders_of_convergence),
        cmocka_unit_test(weak_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
