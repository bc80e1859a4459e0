#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

enum { TRAINED_STEPS = 1000, MOST_STEPS = 100000 };

static struct path_point point(double t, double k) {
    double alpha = 1 / sqrt(1 + k * k);
    return (struct path_point){.t = t, .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_point at_t(const struct path *path, double t) {
    size_t i = t > 0 ? (size_t)t : 0;
    if (i >= path->steps - 1)
        return point((double)(path->steps - 1), path->k[path->steps - 1]);
    double part = t > 0 ? t - (double)i : 0;
    return point(t, path->k[i] + part * (path->k[i + 1] - path->k[i]));
}

static struct path_point at_k(const struct path *path, double k) {
    size_t low = 0, high = path->steps - 1;
    if (k <= path->k[low])
        return point(0, k);
    if (k >= path->k[high])
        return point((double)high, k);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (path->k[middle] <= k)
            low = middle;
        else
            high = middle;
    }
    double part = (elementary_log(k) - path->ln_k[low]) / (path->ln_k[high] - path->ln_k[low]);
    return point((double)low + part, k);
}

/* Single precision throughout, counted from the nearer end: the values that training used. */
static float linear_beta(size_t i, size_t n, double start, double end) {
    float step = ((float)end - (float)start) / (float)(n - 1);
    return i < n / 2 ? (float)start + step * (float)i : (float)end - step * (float)(n - 1 - i);
}

static double cosine_abar(double u) {
    double c = elementary_cospi((u + 0.008) / 1.008 / 2);
    return c * c;
}

static float cosine_beta(size_t i, size_t n) {
    double beta = 1 - cosine_abar((double)(i + 1) / (double)n) / cosine_abar((double)i / (double)n);
    return (float)(beta < 0.999 ? beta : 0.999);
}

/* make_table computes k of every trained step; beta_end 0 asks for the cosine. */
static enum status make_table(struct ctx *ctx, struct path *path, size_t steps, double beta_start, double beta_end) {
    double *k = ctx_alloc(ctx, steps, sizeof *k), *ln_k = ctx_alloc(ctx, steps, sizeof *ln_k);
    if (!k || !ln_k)
        return STATUS_NO_MEMORY;
    double product = 1;
    for (size_t i = 0; i < steps; i++) {
        float beta = beta_end > 0 ? linear_beta(i, steps, beta_start, beta_end) : cosine_beta(i, steps);
        product *= (double)(1.0f - beta);
        double abar = (double)(float)product;
        k[i] = sqrt((1 - abar) / abar);
        ln_k[i] = elementary_log(k[i]);
    }
    path->steps = steps;
    path->k = k;
    path->ln_k = ln_k;
    path->t_max = (double)(steps - 1);
    path->k_min = path->k_low = k[0];
    path->k_max = path->k_high = k[steps - 1];
    return STATUS_OK;
}

static enum status check_steps(struct ctx *ctx, int64_t steps) {
    if (steps >= 2 && steps <= MOST_STEPS)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/path_options/trained_steps",
                    "path_options.trained_steps is %lld, want 2 to %d.", (long long)steps, MOST_STEPS);
}

static enum status make_linear(struct ctx *ctx, const struct path_options *o, struct path *path) {
    enum status status = check_steps(ctx, o->trained_steps);
    if (status == STATUS_OK && !(o->beta_start > 0 && o->beta_start < 1))
        return ctx_fail(ctx, STATUS_INVALID, "/path_options/beta_start",
                        "path_options.beta_start is %.9g, want a number between 0 and 1.", o->beta_start);
    if (status == STATUS_OK && !(o->beta_end >= o->beta_start && o->beta_end < 1))
        return ctx_fail(ctx, STATUS_INVALID, "/path_options/beta_end",
                        "path_options.beta_end is %.9g, want a number from beta_start = %.9g to below 1.", o->beta_end,
                        o->beta_start);
    return status == STATUS_OK ? make_table(ctx, path, (size_t)o->trained_steps, o->beta_start, o->beta_end) : status;
}

static enum status make_cosine(struct ctx *ctx, const struct path_options *o, struct path *path) {
    enum status status = check_steps(ctx, o->trained_steps);
    return status == STATUS_OK ? make_table(ctx, path, (size_t)o->trained_steps, 0, 0) : status;
}

const struct path_family path_ddpm_linear = {
    .name = "ddpm-linear",
    .variance_preserving = true,
    .grid = GRID_TRAILING,
    .takes = PATH_OPT(trained_steps) | PATH_OPT(beta_start) | PATH_OPT(beta_end),
    .defaults = {.trained_steps = TRAINED_STEPS, .beta_start = 1e-4, .beta_end = 0.02},
    .make = make_linear,
    .at_t = at_t,
    .at_k = at_k,
};

const struct path_family path_ddpm_cosine = {
    .name = "ddpm-cosine",
    .variance_preserving = true,
    .grid = GRID_TRAILING,
    .takes = PATH_OPT(trained_steps),
    .defaults = {.trained_steps = TRAINED_STEPS},
    .make = make_cosine,
    .at_t = at_t,
    .at_k = at_k,
};
