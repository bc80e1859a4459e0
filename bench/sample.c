/* sample.c - the cost of sampling: nanoseconds a network call and row, and samples a second, for the models of
 * /v1/sample. The constants of mixture_cost (core/diffusion/mixture.c) and predict (handlers/ep_sample.c) come from
 * here. */
#include "bench/measure.h"
#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"

static const char *const SHAPES[] = {"round", "axes", "full"};

static const struct denoiser *make(struct ctx *ctx, size_t k, size_t d, enum mixture_shape shape) {
    double *means = ctx_alloc(ctx, k * d, sizeof *means), *stds = ctx_alloc(ctx, k * d, sizeof *stds);
    double *covariances = shape == MIXTURE_FULL ? ctx_zalloc(ctx, k * d * d, sizeof *covariances) : NULL;
    const struct denoiser *denoiser = NULL;
    if (!means || !stds || (shape == MIXTURE_FULL && !covariances))
        return NULL;
    normal_rows(1, 0, 0, 0, k, d, means);
    for (size_t i = 0; i < k * d; i++)
        stds[i] = 0.1 + 0.001 * (double)(i % 100);
    for (size_t i = 0; covariances && i < k * d * d; i++)
        covariances[i] = i / d % d == i % d ? 1 : 0.5 / (double)d;
    const struct mixture_in in = {.k = k,
                                  .d = d,
                                  .means = means,
                                  .stds = stds,
                                  .n_stds = shape == MIXTURE_AXES ? k * d : k,
                                  .covariances = covariances};
    return mixture_make(ctx, &in, &denoiser) == STATUS_OK ? denoiser : NULL;
}

static void run(size_t k, size_t d, enum mixture_shape shape, enum solver_id solver, size_t count, size_t steps) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)2 << 30);
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct sampler_out out;
    struct plan plan;
    const struct noise noise = noise_of_seed(1);
    const struct denoiser *denoiser = make(&ctx, k, d, shape);
    if (!denoiser || path_make(&ctx, PATH_EDM, NULL, &path) != STATUS_OK ||
        grid_make(&ctx, &path, &(struct grid_in){.id = GRID_KARRAS, .steps = steps}, &points, &(size_t){0}) !=
            STATUS_OK ||
        solver_resolve(&ctx, solver_find(solver), &path, &(struct solver_options){0}, &options) != STATUS_OK ||
        plan_make(&ctx, &path, points, steps, solver_find(solver), &options, &plan) != STATUS_OK)
        exit(1);
    const struct sampler_in in = {.denoiser = denoiser, .plan = &plan, .noise = &noise, .count = count};
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
        double start = measure_seconds();
        if (sampler_run(&ctx, &in, &out) != STATUS_OK)
            exit(1);
        double took = measure_seconds() - start;
        best = took < best ? took : best;
    }
    double calls = (double)(count * plan.n_calls);
    printf("%-5s %-15s k %6zu d %4zu steps %3zu: %10.1f ns a call and row (model %9.1f), %9.0f samples/s\n",
           SHAPES[shape], solver_names[solver], k, d, steps, best / calls * 1e9, mixture_cost(k, d, shape),
           (double)count / best);
    ctx_release(&ctx);
}

static void numbers(void) {
    enum { N = 1 << 16 };
    static double x[N], s[N];
    for (int what = 0; what < 4; what++) {
        static const char *const NAMES[] = {"normal", "exp_n", "log_n", "sincospi_n"};
        double best = 1e9;
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < N; i++)
                x[i] = 0.001 + (double)i * (10.0 / N);
            double start = measure_seconds();
            if (what == 0)
                normal_rows(1, 0, 0, 0, N / 4, 4, x);
            else if (what == 1)
                elementary_exp_n(x, N);
            else if (what == 2)
                elementary_log_n(x, N);
            else
                elementary_sincospi_n(x, s, N);
            double took = measure_seconds() - start;
            best = took < best ? took : best;
        }
        printf("%-12s %6.2f ns a number\n", NAMES[what], best / N * 1e9);
    }
}

int main(void) {
    numbers();
    run(2, 2, MIXTURE_ROUND, SOLVER_EULER, 100000, 18);
    run(2, 2, MIXTURE_ROUND, SOLVER_EULER_ANCESTRAL, 100000, 18);
    run(2, 2, MIXTURE_ROUND, SOLVER_HEUN, 100000, 18);
    run(8, 2, MIXTURE_ROUND, SOLVER_HEUN, 50000, 18);
    run(100, 2, MIXTURE_ROUND, SOLVER_HEUN, 5000, 18);
    run(1000, 2, MIXTURE_ROUND, SOLVER_HEUN, 500, 18);
    run(1000, 64, MIXTURE_ROUND, SOLVER_HEUN, 200, 18);
    run(1797, 64, MIXTURE_ROUND, SOLVER_HEUN, 200, 18);
    run(10000, 784, MIXTURE_ROUND, SOLVER_HEUN, 8, 18);
    run(8, 2, MIXTURE_AXES, SOLVER_HEUN, 20000, 18);
    run(8, 64, MIXTURE_AXES, SOLVER_HEUN, 2000, 18);
    run(8, 2, MIXTURE_FULL, SOLVER_HEUN, 20000, 18);
    run(8, 16, MIXTURE_FULL, SOLVER_HEUN, 2000, 18);
    run(8, 64, MIXTURE_FULL, SOLVER_HEUN, 200, 18);
    return 0;
}
