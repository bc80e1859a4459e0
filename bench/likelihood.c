/* likelihood.c - the cost of rows at points of their own: D alone, with the trace, with v' J v; and of adaptive sampling
 * and likelihoods on one thread. The constants of predict (handlers/ep_likelihood.c) come from here. */
#include "core/diffusion/likelihood.h"
#include "bench/measure.h"
#include "core/base/normal.h"
#include "core/diffusion/mixture.h"

static const char *const SHAPES[] = {"round", "axes", "full"};

static const struct denoiser *make(struct ctx *ctx, size_t k, size_t d, enum mixture_shape shape) {
    double *means = measure_must(ctx_alloc(ctx, k * d, sizeof *means));
    double *stds = measure_must(ctx_alloc(ctx, k * d, sizeof *stds));
    double *covariances = measure_must(ctx_zalloc(ctx, shape == MIXTURE_FULL ? k * d * d : 1, sizeof *covariances));
    const struct denoiser *denoiser = NULL;
    normal_rows(1, 0, 0, 0, k, d, means);
    for (size_t i = 0; i < k * d; i++)
        stds[i] = 0.1 + 0.001 * (double)(i % 100);
    for (size_t i = 0; shape == MIXTURE_FULL && i < k * d * d; i++)
        covariances[i] = i / d % d == i % d ? 1 : 0.5 / (double)d;
    const struct mixture_in in = {.k = k,
                                  .d = d,
                                  .means = means,
                                  .stds = stds,
                                  .n_stds = shape == MIXTURE_AXES ? k * d : k,
                                  .covariances = shape == MIXTURE_FULL ? covariances : NULL};
    if (mixture_make(ctx, &in, &denoiser) != STATUS_OK)
        exit(1);
    return denoiser;
}

/* flow runs likelihoods of the points, or samples from them as latents, and gives the seconds and calls. */
static double flow(struct ctx *ctx, const struct denoiser *denoiser, bool likelihood, size_t n, double *points,
                   double *calls) {
    struct path path;
    if (path_make(ctx, PATH_EDM, NULL, &path) != STATUS_OK)
        exit(1);
    const struct path_point low = path_at_k(&path, likelihood ? 1e-4 : 0.002), high = path_at_k(&path, 80);
    const struct likelihood_in in = {.denoiser = denoiser,
                                     .path = &path,
                                     .from = low,
                                     .to = high,
                                     .rtol = 1e-7,
                                     .atol = 1e-7,
                                     .n = n,
                                     .points = points};
    const struct adaptive_in down = {.denoiser = denoiser,
                                     .path = &path,
                                     .from = high,
                                     .to = low,
                                     .rtol = 1e-5,
                                     .atol = 1e-5,
                                     .count = n,
                                     .x = points};
    struct likelihood_out out;
    struct adaptive_out way;
    double start = measure_seconds();
    if ((likelihood ? likelihood_run(ctx, &in, &out) : adaptive_run(ctx, &down, &way)) != STATUS_OK)
        exit(1);
    double took = measure_seconds() - start;
    *calls = likelihood ? (double)out.calls : 0;
    for (size_t i = 0; !likelihood && i < n; i++)
        *calls += (double)way.calls[i];
    return took;
}

static void run(size_t k, size_t d, enum mixture_shape shape, size_t n) {
    struct ctx ctx;
    ctx_init(&ctx, (size_t)1 << 30);
    const struct denoiser *denoiser = make(&ctx, k, d, shape);
    double *x = measure_must(ctx_alloc(&ctx, n, d * sizeof *x)), *D = measure_must(ctx_alloc(&ctx, n, d * sizeof *D));
    double *v = measure_must(ctx_alloc(&ctx, n, d * sizeof *v)), *number = measure_must(ctx_alloc(&ctx, n, sizeof *x));
    double *scratch = measure_must(ctx_alloc(&ctx, denoiser_each_scratch(denoiser, n), sizeof *scratch));
    struct path_point *at = measure_must(ctx_alloc(&ctx, n, sizeof *at));
    const struct mixture_truth *truth;
    if (mixture_truth_make(&ctx, denoiser, &truth) != STATUS_OK)
        exit(1);
    mixture_truth_draw(truth, 1, 0, 0, n, x, v);
    normal_rows(1, 0, 2, 0, n, d, v);
    for (size_t i = 0; i < n; i++)
        at[i] = (struct path_point){.alpha = 1, .sigma = 0.1 + (double)(i % 10), .k = 0.1 + (double)(i % 10)};
    struct denoiser_each q = {.at = at, .rows = n, .x = x, .D = D, .v = v};
    double best[3] = {1e9, 1e9, 1e9}, calls;
    for (int round = 0; round < 9; round++) {
        q.trace = round % 3 == 1 ? number : NULL;
        q.vJv = round % 3 == 2 ? number : NULL;
        double start = measure_seconds();
        denoiser_each(denoiser, &q, scratch);
        double took = measure_seconds() - start;
        best[round % 3] = took < best[round % 3] ? took : best[round % 3];
    }
    printf("%-5s k %5zu d %4zu: a row %9.1f ns, trace %9.1f, v' J v %9.1f", SHAPES[shape], k, d,
           best[0] / (double)n * 1e9, best[1] / (double)n * 1e9, best[2] / (double)n * 1e9);
    double took = flow(&ctx, denoiser, true, n, x, &calls);
    printf("; likelihood %6.1f calls, %9.1f ns each", calls / (double)n, took / calls * 1e9);
    for (size_t i = 0; i < n * d; i++)
        x[i] = 80 * v[i];
    took = flow(&ctx, denoiser, false, n, x, &calls);
    printf("; dopri5 %5.1f calls, %9.1f ns each\n", calls / (double)n, took / calls * 1e9);
    ctx_release(&ctx);
}

int main(void) {
    run(1, 1, MIXTURE_ROUND, 10000);
    run(8, 2, MIXTURE_ROUND, 4000);
    run(8, 2, MIXTURE_AXES, 4000);
    run(8, 8, MIXTURE_FULL, 800);
    run(1000, 2, MIXTURE_ROUND, 80);
    run(10, 784, MIXTURE_ROUND, 64);
    return 0;
}
