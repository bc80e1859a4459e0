/* The first-order solvers: one formula, told apart by how much noise a step adds. */
#include <math.h>

#include "core/diffusion/solvers.h"

double solver_ratio(const struct path_point *from, const struct path_point *to) {
    return to->sigma * from->alpha / (to->alpha * from->sigma);
}

void solver_denoise(const struct step *step, const struct path_point *at, const double *x, double *out) {
    step->denoiser->eval(step->denoiser, at, NULL, step->rows, x, out, step->scratch);
}

size_t solver_one_call(const struct path_point *from, const struct path_point *to) {
    (void)from, (void)to;
    return 1;
}

void solver_first_order(struct step *step, double v, double noise) {
    size_t n = step->rows * step->denoiser->d;
    double *x = step->x, *D = step->work, *z = step->work + n;
    solver_denoise(step, &step->from, x, D);
    const double b = step->to.sigma * v / step->from.sigma, a = step->to.alpha - b * step->from.alpha;
    if (noise == 0) {
        for (size_t i = 0; i < n; i++)
            x[i] = a * D[i] + b * x[i];
        return;
    }
    step->noise->fill(step->noise, NORMAL_STEP, step->index, step->first, step->rows, step->denoiser->d, z);
    for (size_t i = 0; i < n; i++)
        x[i] = a * D[i] + b * x[i] + noise * z[i];
}

/* With u = min(1, eta sqrt(1 - q^2)), v^2 = 1 - u^2 is summed from its parts, since 1 - (1 - q^2) would lose a small
 * q. */
static void ancestral(struct step *step) {
    double q = solver_ratio(&step->from, &step->to), eta = step->options->eta;
    double u = eta * sqrt((1 - q) * (1 + q)), v2 = (1 - eta) * (1 + eta) + eta * eta * q * q;
    solver_first_order(step, v2 > 0 ? sqrt(v2) : 0, step->to.sigma * (u < 1 ? u : 1));
}

static void ddpm(struct step *step) {
    const struct path_point *from = &step->from, *to = &step->to;
    double q = solver_ratio(from, to), noise = to->sigma * sqrt((1 - q) * (1 + q));
    double kept = from->alpha / to->alpha;
    if (step->options->variance == VARIANCE_LARGE && to->k > 0)
        noise = sqrt((1 - kept) * (1 + kept));
    solver_first_order(step, q, noise);
}

static enum status check_euler(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "eta", options->eta, 0, 1);
}

static enum status check_ancestral(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "eta", options->eta, 0, 10);
}

static enum status check_ddpm(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    if (options->variance == VARIANCE_SMALL || path->family->variance_preserving)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/variance",
                    "sampler.variance \"large\" is 1 - alpha^2/alpha'^2, the noise of a step that preserves the "
                    "variance, which path \"%s\" does not; want \"small\".",
                    path->family->name);
}

const struct solver solver_euler = {
    .name = "euler",
    .takes = OPTION_ETA,
    .vectors = 2,
    .check = check_euler,
    .calls = solver_one_call,
    .step = ancestral,
};

const struct solver solver_euler_ancestral = {
    .name = "euler_ancestral",
    .takes = OPTION_ETA,
    .vectors = 2,
    .defaults = {.eta = 1},
    .check = check_ancestral,
    .calls = solver_one_call,
    .step = ancestral,
};

const struct solver solver_ddpm = {
    .name = "ddpm",
    .takes = OPTION_VARIANCE,
    .vectors = 2,
    .check = check_ddpm,
    .calls = solver_one_call,
    .step = ddpm,
};
