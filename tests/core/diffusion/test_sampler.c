#include "core/diffusion/sampler.h"

#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

/* Two parts with mean 0 in all, so that starting from noise of mean 0 is right to second order in 1 / k_max. */
static const double WEIGHTS[] = {0.3, 0.7}, MEANS[] = {-1.4, 0.7, 0.6, -0.3}, STDS[] = {0.25, 0.2};
static const struct mixture_in MIXTURE = {
    .k = 2, .d = 2, .weights = WEIGHTS, .means = MEANS, .stds = STDS, .n_stds = 2};

struct request {
    enum path_id path;
    struct grid_in grid;
    enum solver_id solver;
    struct solver_options options;
    uint64_t seed;
    size_t count;
    const double *latents;
    bool trajectory;
};

struct run {
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    struct plan plan;
    struct sampler_out out;
};

/* start runs a request on MIXTURE; release r->ctx afterwards. */
static enum status start(struct run *r, const struct request *q) {
    const struct denoiser *denoiser;
    struct solver_options options;
    const struct noise noise = noise_of_seed(r->ctx.isa, q->seed);
    enum status status = path_make(&r->ctx, q->path, NULL, &r->path);
    if (status == STATUS_OK)
        status = mixture_make(&r->ctx, &MIXTURE, &denoiser);
    if (status == STATUS_OK)
        status = grid_make(&r->ctx, &r->path, &q->grid, &r->points, &(size_t){0});
    if (status == STATUS_OK)
        status = solver_resolve(&r->ctx, solver_find(q->solver), &r->path, &q->options, &options);
    if (status == STATUS_OK)
        status = plan_make(&r->ctx, &r->path, r->points, q->grid.steps, solver_find(q->solver), &options, &r->plan);
    if (status != STATUS_OK)
        return status;
    const struct sampler_in in = {
        .denoiser = denoiser,
        .plan = &r->plan,
        .noise = &noise,
        .count = q->count,
        .latents = q->latents,
        .trajectory = q->trajectory,
    };
    return sampler_run(&r->ctx, &in, &r->out);
}

static void run_ok(struct run *r, const struct request *q) {
    ctx_init(&r->ctx, 256 << 20);
    if (start(r, q) != STATUS_OK)
        fail_msg("%s", r->ctx.err.detail);
}

/* check_distribution compares share, means and variances with the truth: five standard errors and `bias` of the
 * steps. */
static void check_distribution(const char *name, const double *x, size_t n, double bias) {
    double count[2] = {0}, sum[2][2] = {{0}}, square[2][2] = {{0}};
    for (size_t i = 0; i < n; i++) {
        size_t c = x[2 * i] - 0.5 * x[2 * i + 1] < -0.5 ? 0 : 1; /* halfway between the means */
        count[c]++;
        for (size_t j = 0; j < 2; j++) {
            double u = x[2 * i + j] - MEANS[2 * c + j];
            sum[c][j] += u;
            square[c][j] += u * u;
        }
    }
    double share = count[0] / (double)n;
    if (!(fabs(share - 0.3) < 5 * sqrt(0.21 / (double)n) + bias))
        fail_msg("%s: the share of the first part is %.5f, want 0.3", name, share);
    for (size_t c = 0; c < 2; c++)
        for (size_t j = 0; j < 2; j++) {
            double mean = sum[c][j] / count[c], variance = square[c][j] / count[c], s2 = STDS[c] * STDS[c];
            if (!(fabs(mean) < 5 * STDS[c] / sqrt(count[c]) + bias * STDS[c]))
                fail_msg("%s: mean %zu of part %zu is off by %.5f", name, j, c, mean);
            if (!(fabs(variance / s2 - 1) < 5 * sqrt(2 / count[c]) + 3 * bias))
                fail_msg("%s: variance %zu of part %zu is %.5f, want %.5f", name, j, c, variance, s2);
        }
}

static void samples_have_the_distribution(void **state) {
    (void)state;
    struct run r;
    const struct request q = {PATH_EDM, {GRID_KARRAS, 64, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 100000, NULL, false};
    run_ok(&r, &q);
    check_distribution("edm heun", r.out.samples, q.count, 5e-4);
    ctx_release(&r.ctx);
}

/* Every solver on every path; the stochastic ones and Euler's are of first order, hence the bias. */
static void all_solvers_on_all_paths(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum solver_id solver;
        struct solver_options options;
        double bias;
    } SOLVERS[] = {
        {"euler", SOLVER_EULER, {0}, 0.04},
        {"euler, eta 0.5", SOLVER_EULER, {.given = OPT(eta), .eta = 0.5}, 0.04},
        {"euler, eta 1", SOLVER_EULER, {.given = OPT(eta), .eta = 1}, 0.04},
        {"ddpm", SOLVER_DDPM, {0}, 0.04},
        {"euler_ancestral", SOLVER_EULER_ANCESTRAL, {0}, 0.04},
        {"heun", SOLVER_HEUN, {0}, 0.005},
        {"heun, churn", SOLVER_HEUN, {.given = OPT(s_churn), .s_churn = 40}, 0.01},
    };
    for (int path = 0; path < PATH_COUNT; path++)
        for (size_t s = 0; s < COUNT(SOLVERS); s++) {
            struct run r;
            char name[64];
            snprintf(name, sizeof name, "%s on %s", SOLVERS[s].name, path_names[path]);
            enum grid_id grid = path >= PATH_FLOW ? GRID_UNIFORM : GRID_KARRAS;
            size_t steps = SOLVERS[s].solver == SOLVER_HEUN ? 80 : 300;
            const struct request q = {(enum path_id)path,
                                      {grid, steps, 0, 0, 0},
                                      SOLVERS[s].solver,
                                      SOLVERS[s].options,
                                      5,
                                      5000,
                                      NULL,
                                      false};
            run_ok(&r, &q);
            /* The last step takes the posterior's mean: what is below the lowest level is lost. */
            double lost = r.path.steps ? r.path.k_min * r.path.k_min / 0.04 : 0;
            check_distribution(name, r.out.samples, q.count, SOLVERS[s].bias + lost);
            ctx_release(&r.ctx);
        }
}

/* The forward step adds more noise than the posterior has: samples of "large" spread wider. */
static void ddpm_variances_differ(void **state) {
    (void)state;
    struct run small, large;
    struct request q = {PATH_DDPM_LINEAR, {GRID_TRAILING, 20, 0, 0, 0}, SOLVER_DDPM, {0}, 5, 2000, NULL, false};
    run_ok(&small, &q);
    q.options = (struct solver_options){.given = OPT(variance), .variance = VARIANCE_LARGE};
    run_ok(&large, &q);
    double a = 0, b = 0;
    for (size_t i = 0; i < 4000; i++) {
        a += small.out.samples[i] * small.out.samples[i];
        b += large.out.samples[i] * large.out.samples[i];
    }
    assert_true(b > a);
    ctx_release(&small.ctx);
    ctx_release(&large.ctx);
}

static void a_shorter_run_is_a_prefix(void **state) {
    (void)state;
    static const enum solver_id SOLVERS[] = {SOLVER_EULER_ANCESTRAL, SOLVER_HEUN};
    for (size_t s = 0; s < COUNT(SOLVERS); s++) {
        struct run whole, part;
        struct request q = {PATH_VP, {GRID_UNIFORM, 7, 0, 0, 0}, SOLVERS[s], {0}, 9, 333, NULL, false};
        if (SOLVERS[s] == SOLVER_HEUN)
            q.options = (struct solver_options){.given = OPT(s_churn), .s_churn = 3};
        run_ok(&whole, &q);
        static const size_t COUNTS[] = {1, 2, 7, 8, 9, 127, 128, 129, 332};
        for (size_t i = 0; i < COUNT(COUNTS); i++) {
            q.count = COUNTS[i];
            run_ok(&part, &q);
            assert_memory_equal(part.out.samples, whole.out.samples, 2 * q.count * sizeof(double));
            ctx_release(&part.ctx);
        }
        ctx_release(&whole.ctx);
    }
}

/* Nor do instruction sets. */
static void threads_do_not_show(void **state) {
    (void)state;
    struct run one, many;
    const struct request q = {PATH_FLOW, {GRID_UNIFORM, 9, 0, 0, 0}, SOLVER_DDPM, {0}, 3, 2000, NULL, true};
    run_ok(&one, &q);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t threads = 1; isa_here((enum isa)isa) && threads <= 4; threads++) {
            struct parallel parallel = test_threads(threads);
            ctx_init(&many.ctx, 64 << 20);
            many.ctx.parallel = &parallel;
            many.ctx.isa = (enum isa)isa;
            assert_int_equal(start(&many, &q), STATUS_OK);
            assert_memory_equal(many.out.samples, one.out.samples, 2 * q.count * sizeof(double));
            assert_memory_equal(many.out.trajectory, one.out.trajectory, 10 * 2 * q.count * sizeof(double));
            ctx_release(&many.ctx);
        }
    ctx_release(&one.ctx);
}

/* Latents that are the drawn numbers change nothing; the trajectory begins with them, scaled, and ends with the
 * samples. */
static void latents_and_trajectory(void **state) {
    (void)state;
    static double latents[50 * 2];
    normal_rows(77, NORMAL_LATENT, 0, 0, 50, 2, latents);
    for (int path = 0; path < PATH_COUNT; path++) {
        struct run drawn, given;
        struct request q = {(enum path_id)path, {GRID_UNIFORM, 6, 0, 0, 0}, SOLVER_EULER, {0}, 77, 50, NULL, true};
        run_ok(&drawn, &q);
        q.latents = latents;
        q.seed = 78;
        run_ok(&given, &q);
        assert_memory_equal(given.out.samples, drawn.out.samples, 100 * sizeof(double));
        double std = path_prior_std(&drawn.path, &drawn.points[0]);
        for (size_t i = 0; i < 100; i++)
            assert_true(drawn.out.trajectory[i] == latents[i] * std);
        assert_memory_equal(drawn.out.trajectory + 6 * 100, drawn.out.samples, 100 * sizeof(double));
        assert_true(std == (drawn.path.family->variance_preserving ? 1 : drawn.points[0].sigma));
        assert_int_equal(drawn.plan.n_calls, 6);
        ctx_release(&drawn.ctx);
        ctx_release(&given.ctx);
    }
}

static void heun_counts_its_calls(void **state) {
    (void)state;
    struct run r;
    const struct request q = {PATH_EDM, {GRID_KARRAS, 18, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 3, NULL, false};
    run_ok(&r, &q);
    assert_int_equal(r.plan.n_calls, 35); /* Karras et al. 2022, CIFAR-10: 18 steps, 35 calls */
    ctx_release(&r.ctx);
}

/* Euler in k and Euler in t are one step on flow: x' = x + (t' - t)(eps - D). */
static void flow_euler_is_euler_in_t(void **state) {
    (void)state;
    struct run r;
    const struct request q = {PATH_FLOW, {GRID_UNIFORM, 5, 0, 0, 0}, SOLVER_EULER, {0}, 1, 4, NULL, true};
    run_ok(&r, &q);
    const struct denoiser *denoiser;
    assert_int_equal(mixture_make(&r.ctx, &MIXTURE, &denoiser), STATUS_OK);
    double *scratch = ctx_alloc(&r.ctx, denoiser->scratch, sizeof *scratch), D[8];
    for (size_t i = 0; i < 5; i++) {
        const double *x = r.out.trajectory + i * 8, *next = x + 8, t = r.points[i].t, dt = r.points[i + 1].t - t;
        denoiser->eval(denoiser, &r.points[i], NULL, 4, x, D, scratch);
        for (size_t j = 0; j < 8; j++)
            assert_true(fabs(x[j] + dt * ((x[j] - (1 - t) * D[j]) / t - D[j]) - next[j]) < 1e-14);
    }
    ctx_release(&r.ctx);
}

/* EDM's churn draws no noise outside s_tmin .. s_tmax, so such a run is the deterministic one. */
static void churn_outside_its_range_is_none(void **state) {
    (void)state;
    struct run plain, churned;
    struct request q = {PATH_EDM, {GRID_KARRAS, 8, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 4, NULL, false};
    run_ok(&plain, &q);
    q.options = (struct solver_options){.given = OPT(s_churn) | OPT(s_tmin), .s_churn = 5, .s_tmin = 81};
    run_ok(&churned, &q);
    assert_memory_equal(plain.out.samples, churned.out.samples, 8 * sizeof(double));
    ctx_release(&churned.ctx);
    q.options = (struct solver_options){.given = OPT(s_churn) | OPT(s_tmax), .s_churn = 5, .s_tmax = 1e-3};
    run_ok(&churned, &q);
    assert_memory_equal(plain.out.samples, churned.out.samples, 8 * sizeof(double));
    ctx_release(&churned.ctx);
    ctx_release(&plain.ctx);
}

/* Every sum with noise has a draw of its own: equal draws would correlate the noise. */
static void no_noise_is_drawn_twice(void **state) {
    (void)state;
    for (int id = 0; id < SOLVER_COUNT && !solver_find((enum solver_id)id)->adaptive; id++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct path path;
        struct path_point *points;
        struct plan plan;
        const struct solver *solver = solver_find((enum solver_id)id);
        struct solver_options options = solver->defaults;
        options.eta = 1;
        options.s_churn = 5;
        assert_int_equal(path_make(&ctx, PATH_EDM, NULL, &path), STATUS_OK);
        assert_int_equal(
            grid_make(&ctx, &path, &(struct grid_in){.id = GRID_KARRAS, .steps = 9}, &points, &(size_t){0}), STATUS_OK);
        assert_int_equal(plan_make(&ctx, &path, points, 9, solver, &options, &plan), STATUS_OK);
        size_t next = 0;
        for (size_t i = 0; i < plan.n_ops; i++)
            if (plan.ops[i].noise != 0 || plan.ops[i].kind == PLAN_LANGEVIN)
                assert_int_equal(plan.ops[i].draw, next++);
        assert_int_equal(next, plan.n_draws);
        assert_true(!solver->stochastic || next >= 8); /* the step to data may go without */
        ctx_release(&ctx);
    }
}

static void foreign_or_wild_options_are_refused(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        enum solver_id solver;
        struct solver_options options;
        const char *pointer;
    } CASES[] = {
        {PATH_EDM, SOLVER_HEUN, {.given = OPT(eta)}, "/sampler/eta"},
        {PATH_EDM, SOLVER_EULER, {.given = OPT(s_churn)}, "/sampler/s_churn"},
        {PATH_EDM, SOLVER_EULER, {.given = OPT(variance)}, "/sampler/variance"},
        {PATH_EDM, SOLVER_DDPM, {.given = OPT(s_noise)}, "/sampler/s_noise"},
        {PATH_EDM, SOLVER_EULER, {.given = OPT(eta), .eta = 1.5}, "/sampler/eta"},
        {PATH_EDM, SOLVER_EULER, {.given = OPT(eta), .eta = -0.1}, "/sampler/eta"},
        {PATH_EDM, SOLVER_EULER_ANCESTRAL, {.given = OPT(eta), .eta = (double)NAN}, "/sampler/eta"},
        {PATH_EDM, SOLVER_DDPM, {.given = OPT(variance), .variance = VARIANCE_LARGE}, "/sampler/variance"},
        {PATH_FLOW, SOLVER_DDPM, {.given = OPT(variance), .variance = VARIANCE_LARGE}, "/sampler/variance"},
        {PATH_EDM, SOLVER_HEUN, {.given = OPT(s_churn), .s_churn = -1}, "/sampler/s_churn"},
        {PATH_EDM, SOLVER_HEUN, {.given = OPT(s_tmin) | OPT(s_tmax), .s_tmin = 2, .s_tmax = 1}, "/sampler/s_tmax"},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct run r;
        ctx_init(&r.ctx, 1 << 20);
        const struct request q = {
            CASES[c].path, {GRID_KARRAS, 4, 0, 0, 0}, CASES[c].solver, CASES[c].options, 1, 1, NULL, false};
        assert_int_equal(start(&r, &q), STATUS_INVALID);
        assert_string_equal(r.ctx.err.pointer, CASES[c].pointer);
        ctx_release(&r.ctx);
    }
}

/* Latents of 1e9 deviations on the widest ranges stay finite; NaN and infinite ones never pass for samples. */
static void hostile_latents(void **state) {
    (void)state;
    double latents[2] = {1e9, -1e9};
    for (int path = 0; path < PATH_COUNT; path++)
        for (int solver = 0; solver < SOLVER_COUNT && !solver_find((enum solver_id)solver)->adaptive; solver++) {
            struct run r;
            const struct request q = {
                (enum path_id)path, {GRID_UNIFORM, 3, 0, 0, 0}, (enum solver_id)solver, {0}, 1, 1, latents, false};
            ctx_init(&r.ctx, 64 << 20);
            enum status status = start(&r, &q);
            if (status != STATUS_OK) /* a solver that wants another path */
                assert_string_equal(r.ctx.err.pointer, "/sampler/solver");
            ctx_release(&r.ctx);
        }
    latents[1] = (double)NAN;
    struct run r;
    ctx_init(&r.ctx, 1 << 20);
    const struct request q = {PATH_EDM, {GRID_KARRAS, 4, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 1, latents, false};
    assert_int_equal(start(&r, &q), STATUS_INVALID);
    assert_string_equal(r.ctx.err.pointer, "/latents");
    ctx_release(&r.ctx);
}

static void stops_when_told(void **state) {
    (void)state;
    const struct request q = {PATH_EDM, {GRID_KARRAS, 10000, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 100000, NULL, false};
    static const enum status WANT[] = {[STOP_DEADLINE] = STATUS_TIMED_OUT, [STOP_CANCEL] = STATUS_CANCELLED};
    for (int why = STOP_DEADLINE; why <= STOP_CANCEL; why++) {
        atomic_int stop = why;
        struct run r;
        ctx_init(&r.ctx, 64 << 20);
        r.ctx.stop = &stop;
        assert_int_equal(start(&r, &q), WANT[why]); /* minutes of work, were it done */
        ctx_release(&r.ctx);
    }
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    struct parallel parallel = test_threads(2);
    const struct request q = {PATH_DDPM_LINEAR, {GRID_TRAILING, 4, 0, 0, 0}, SOLVER_HEUN, {0}, 1, 300, NULL, true};
    enum status status = STATUS_NO_MEMORY;
    size_t n;
    for (n = 0; status == STATUS_NO_MEMORY; n++) {
        struct run r;
        ctx_init(&r.ctx, 16 << 20);
        r.ctx.parallel = &parallel;
        r.ctx.fail_after = n;
        status = start(&r, &q);
        ctx_release(&r.ctx);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(n > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_have_the_distribution),
        cmocka_unit_test(all_solvers_on_all_paths),
        cmocka_unit_test(ddpm_variances_differ),
        cmocka_unit_test(a_shorter_run_is_a_prefix),
        cmocka_unit_test(threads_do_not_show),
        cmocka_unit_test(latents_and_trajectory),
        cmocka_unit_test(heun_counts_its_calls),
        cmocka_unit_test(flow_euler_is_euler_in_t),
        cmocka_unit_test(churn_outside_its_range_is_none),
        cmocka_unit_test(no_noise_is_drawn_twice),
        cmocka_unit_test(foreign_or_wild_options_are_refused),
        cmocka_unit_test(hostile_latents),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
