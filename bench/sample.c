/* sample.c - the cost of sampling: nanoseconds a network call and row, and samples a second, for the models of
 * /v1/sample. The constants of mixture_cost (core/diffusion/mixture.c) and predict (handlers/ep_sample.c) come from
 * here. `sample CASE FILE` is one case of the script bench/sample, by the protocol of kernels.c; FILE gets the means and
 * the latents as doubles. */
#include <math.h>
#include <string.h>

#include "bench/measure.h"
#include "core/base/elementary.h"
#include "core/base/waves.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"
#include "server/pool.h"

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
    ctx.isa = isa_best();
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct sampler_out out;
    struct plan plan;
    const struct noise noise = noise_of_seed(isa_best(), 1);
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
    static double x[N];
    static float angle[N], cosine[N], sine[N];
    for (int what = 0; what < 4; what++) {
        static const char *const NAMES[] = {"normal", "exp_n", "log_n", "waves"};
        double best = 1e9;
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < N; i++)
                x[i] = 0.001 + (double)i * (10.0 / N), angle[i] = (float)x[i];
            double start = measure_seconds();
            if (what == 0)
                normal_rows_for(isa_best())(1, 0, 0, 0, N / 4, 4, x);
            else if (what == 1)
                elementary_exp_n(x, N);
            else if (what == 2)
                elementary_log_n(x, N);
            else
                waves_for(isa_best())(N, angle, cosine, sine);
            double took = measure_seconds() - start;
            best = took < best ? took : best;
        }
        printf("%-12s %6.2f ns a number\n", NAMES[what], best / N * 1e9);
    }
}

static void table(void) {
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
}

/* -- Cases, side by side with peers -- */

enum { STEPS = 20, HIGHEST = 80 };
#define WIDTH 0.3 /* of the parts of a mixture */

struct work {
    bool points, normal;
    size_t k, d, count;
    double *means, *latents;
    struct parallel *parallel;
};

static size_t word(char **rest) { return strtoull(*rest ? strsep(rest, "-") : "0", NULL, 10); }

/* read_case understands mixture-K-D-COUNT-THREADS, points-K-D-COUNT-THREADS and normal-D-COUNT-1. */
static void read_case(const char *text, struct work *w, size_t *threads) {
    char copy[64], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    const char *kind = strsep(&rest, "-");
    w->points = !strcmp(kind, "points");
    w->normal = !strcmp(kind, "normal");
    if (!w->points && !w->normal && strcmp(kind, "mixture") != 0)
        exit(2);
    w->k = w->normal ? 0 : word(&rest), w->d = word(&rest), w->count = word(&rest), *threads = word(&rest);
    w->means = measure_must(malloc((w->k * w->d + 1) * sizeof *w->means));
    w->latents = measure_must(malloc(w->count * w->d * sizeof *w->latents));
    normal_rows(1, 0, 0, 0, w->k, w->d, w->means);
    if (!w->points)
        for (size_t i = 0; i < w->k * w->d; i++)
            w->means[i] *= 3;
    normal_rows(2, 0, 0, 0, w->count, w->d, w->latents);
}

/* write_input hands means and latents on to the peers. */
static void write_input(const char *path, const struct work *w) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(w->means, w->d * sizeof(double), w->k, file) != w->k ||
        fwrite(w->latents, w->d * sizeof(double), w->count, file) != w->count || fclose(file) != 0)
        exit(2);
}

/* one_round samples by DPM++ (2M); *check is the mean of what came out, to the digits that rounding leaves alone. */
static double one_round(const struct work *w, double *check) {
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct sampler_out out;
    struct plan plan;
    const struct denoiser *denoiser;
    const double width = WIDTH;
    ctx_init(&ctx, (size_t)4 << 30);
    ctx.isa = isa_best();
    ctx.parallel = w->parallel;
    const struct mixture_in in = {.k = w->k, .d = w->d, .means = w->means, .stds = &width, .n_stds = 1};
    const struct solver *solver = solver_find(SOLVER_DPMPP_2M);
    double start = measure_seconds(), sum = 0;
    if ((w->points ? points_make(&ctx, w->means, w->k, w->d, 0, &denoiser) : mixture_make(&ctx, &in, &denoiser)) !=
            STATUS_OK ||
        path_make(&ctx, PATH_EDM, NULL, &path) != STATUS_OK ||
        grid_make(&ctx, &path, &(struct grid_in){.id = GRID_KARRAS, .steps = STEPS}, &points, &(size_t){0}) !=
            STATUS_OK ||
        solver_resolve(&ctx, solver, &path, &(struct solver_options){0}, &options) != STATUS_OK ||
        plan_make(&ctx, &path, points, STEPS, solver, &options, &plan) != STATUS_OK)
        exit(1);
    const struct sampler_in run_in = {.denoiser = denoiser, .plan = &plan, .count = w->count, .latents = w->latents};
    if (sampler_run(&ctx, &run_in, &out) != STATUS_OK)
        exit(1);
    double took = measure_seconds() - start;
    for (size_t i = 0; i < w->count * w->d; i++)
        sum += out.samples[i];
    *check = round(sum / (double)(w->count * w->d) * 1e6) / 1e6;
    ctx_release(&ctx);
    return took;
}

static double draw_round(const struct work *w, double *check) {
    const struct noise noise = noise_of_seed(isa_best(), 1);
    double start = measure_seconds();
    noise.latent(&noise, 0, w->count, w->d, w->latents);
    *check = 0;
    return measure_seconds() - start;
}

/* take_turns is the protocol of kernels.c. */
static void take_turns(const char *text, const char *file) {
    struct work w;
    size_t threads;
    char line[16];
    read_case(text, &w, &threads);
    write_input(file, &w);
    struct pool *pool = threads > 1 ? measure_must(pool_open((unsigned)threads - 1, 0)) : NULL;
    w.parallel = pool ? pool_parallel(pool) : NULL;
    printf("ready %s\n", text);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double check, took = w.normal ? draw_round(&w, &check) : one_round(&w, &check);
        printf("%.9f %.17g %s\n", took, check, isa_text(isa_best()));
        fflush(stdout);
    }
    if (pool)
        pool_close(pool);
    free(w.means);
    free(w.latents);
}

int main(int argc, char **argv) {
    if (argc == 3)
        take_turns(argv[1], argv[2]);
    else
        table();
    return 0;
}
