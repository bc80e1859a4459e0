/* distribution.h - whether what stochastic solvers draw has the distribution that it should have: 10^5 numbers, and a
 * p-value under a fixed seed.
 *
 * A value drawn from its law has a uniform place in it (probability integral transform), and Neyman's smooth test (1937)
 * asks the first six Legendre polynomials of those places: their scaled sums are standard normal, independent, and the
 * sum of their squares is chi-square. Each run is repeated with all noise 2 % too strong, which must be found. */
#ifndef SOLVENT_TEST_DISTRIBUTION_H
#define SOLVENT_TEST_DISTRIBUTION_H

#include <math.h>

#include "core/base/cpu.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { N = 10000, FINDS = 0 }; /* too few to tell 2 % */
#else
enum { N = 100000, FINDS = 1 };
#endif
enum { ORDERS = 6, SEED = 20 };
static const double LEAST_P = 1e-3, TOO_STRONG = 1.02;

/* The solvers that are held against a mixture; all others that draw noise are held against the law of their chain. */
static const enum solver_id AGAINST_MIXTURE[] = {SOLVER_DPM2_ANCESTRAL,
                                                 SOLVER_DPMPP_2S_ANCESTRAL,
                                                 SOLVER_DPMPP_2M_SDE,
                                                 SOLVER_DPMPP_3M_SDE,
                                                 SOLVER_SA_SOLVER,
                                                 SOLVER_ER_SDE,
                                                 SOLVER_PC};

struct row {
    const char *name;
    enum solver_id solver;
    struct solver_options options;
    size_t steps;
    double k_max;
};

struct job {
    struct ctx ctx;
    struct parallel parallel;
    struct path path;
    struct path_point *points;
    size_t steps;
    struct solver_options options;
    struct plan plan;
    const struct denoiser *denoiser;
    size_t rows, numbers; /* samples; rows * d */
    const double *data;   /* [rows][d] */
    bool trajectory;
    struct sampler_out out;
};

/* prepare makes a plan from k_max down to k_min (0: to data) that starts at N data with that much noise. */
static inline void prepare(struct job *j, const struct row *r, enum path_id path, const struct mixture_in *data,
                           size_t numbers, double k_min) {
    const struct solver *solver = solver_find(r->solver);
    const struct grid_in grid = {.id = GRID_KARRAS,
                                 .steps = r->steps,
                                 .rho = 3,
                                 .k_min = k_min ? k_min : 0.3,
                                 .k_max = r->k_max,
                                 .to_k_min = k_min > 0};
    const struct mixture_truth *truth;
    struct plan_build b;
    double *x, room[8];
    j->trajectory = false;
    j->parallel = test_threads(2);
    ctx_init(&j->ctx, 256 << 20);
    j->ctx.isa = isa_best(); /* sets give the same bytes (test_equal_bytes.c) */
    j->ctx.isa = isa_best();
    j->ctx.parallel = &j->parallel;
    assert_int_equal(path_make(&j->ctx, path, NULL, &j->path), STATUS_OK);
    assert_int_equal(mixture_make(&j->ctx, data, &j->denoiser), STATUS_OK);
    assert_int_equal(mixture_truth_make(&j->ctx, j->denoiser, &truth), STATUS_OK);
    assert_int_equal(grid_make(&j->ctx, &j->path, &grid, &j->points, &j->steps), STATUS_OK);
    assert_int_equal(solver_resolve(&j->ctx, solver, &j->path, &r->options, &j->options), STATUS_OK);
    assert_non_null(x = ctx_alloc(&j->ctx, numbers, sizeof *x));
    j->numbers = numbers;
    j->rows = numbers / data->d;
    mixture_truth_draw(truth, SEED, 0, 0, j->rows, x, room);
    j->data = x;
    plan_begin(&b, &j->ctx, &j->path, &j->options, j->points[0].alpha, j->points[0].sigma);
    plan_walk(&b, solver, j->points, j->steps, 0, j->steps);
    assert_int_equal(plan_end(&b, &j->plan), STATUS_OK);
    assert_true(j->plan.n_draws > 0);
}

/* draw runs the plan with its noise that much too strong, and leaves y in out.samples. */
static inline void draw(struct job *j, double strength) {
    struct plan plan = j->plan;
    struct plan_op *ops = ctx_alloc(&j->ctx, plan.n_ops, sizeof *ops);
    assert_non_null(ops);
    memcpy(ops, plan.ops, plan.n_ops * sizeof *ops);
    for (size_t i = 0; i < plan.n_ops; i++)
        ops[i].noise *= strength, ops[i].snr *= strength;
    plan.ops = ops;
    const struct noise noise = noise_of_seed(isa_best(), SEED);
    const struct sampler_in in = {.denoiser = j->denoiser,
                                  .plan = &plan,
                                  .noise = &noise,
                                  .count = j->rows,
                                  .init = j->data,
                                  .n_init = j->rows,
                                  .trajectory = j->trajectory};
    assert_int_equal(sampler_run(&j->ctx, &in, &j->out), STATUS_OK);
    for (size_t i = 0; i < j->numbers; i++)
        j->out.samples[i] /= j->points[j->steps].alpha;
}

static inline double normal_cdf(double x) { return erfc(-x * M_SQRT1_2) / 2; }

static inline double place(const struct mixture_in *law, double k, double y) {
    double sum = 0;
    for (size_t c = 0; c < law->k; c++)
        sum += (law->weights ? law->weights[c] : 1) * normal_cdf((y - law->means[c]) / hypot(law->stds[c], k));
    return sum;
}

/* p_of is the p-value of y[n_y] under a law with noise of the deviation k added. */
static inline double p_of(const struct mixture_in *law, double k, const double *y, size_t n_y) {
    double sum[ORDERS + 1] = {0}, chi2 = 0;
    for (size_t i = 0; i < n_y; i++) {
        double u = 2 * place(law, k, y[i]) - 1, before = 1, now = u;
        for (int n = 1; n <= ORDERS; n++) {
            sum[n] += now;
            double next = ((2 * n + 1) * u * now - n * before) / (n + 1);
            before = now, now = next;
        }
    }
    for (int n = 1; n <= ORDERS; n++)
        chi2 += (2 * n + 1) * sum[n] * sum[n] / (double)n_y;
    double half = chi2 / 2;
    return exp(-half) * (1 + half + half * half / 2); /* chi-square of six degrees */
}

/* judge: p-values of the plan's noise, and of noise too strong. */
static inline void judge(const struct job *j, const char *name, const double p[2]) {
    if (!(p[0] > LEAST_P))
        fail_msg("%s on %s: p = %.3g", name, j->path.family->name, p[0]);
    if (FINDS && !(p[1] < LEAST_P))
        fail_msg("%s on %s: noise that is 2 %% too strong stays unseen, p = %.3g", name, j->path.family->name, p[1]);
}

static inline void check(struct job *j, const char *name, const struct mixture_in *law, double k, bool both) {
    double p[2] = {0};
    for (int wrong = 0; wrong <= (FINDS && both); wrong++) {
        draw(j, wrong ? TOO_STRONG : 1);
        p[wrong] = p_of(law, k, j->out.samples, j->numbers);
    }
    judge(j, name, p);
}

#endif
