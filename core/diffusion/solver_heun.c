#include <float.h>
#include <math.h>
#include <string.h>

#include "core/diffusion/solvers.h"

/* churn raises the state to a higher noise level and returns where it is then; it needs work[1]. */
static struct path_point churn(struct step *step) {
    const struct solver_options *o = step->options;
    const struct path_point from = step->from;
    const double most = M_SQRT2 - 1;
    if (o->s_churn == 0 || from.alpha == 0 || from.k < o->s_tmin || from.k > o->s_tmax)
        return from;
    double gamma = o->s_churn / (double)step->steps;
    gamma = gamma < most ? gamma : most;
    const struct path_point to = path_at_k(step->path, from.k * (1 + gamma));
    size_t n = step->rows * step->denoiser->d;
    double *x = step->x, *z = step->work + n;
    step->noise->fill(step->noise, NORMAL_CHURN, step->index, step->first, step->rows, step->denoiser->d, z);
    const double keep = to.alpha / from.alpha;
    const double add = to.alpha * o->s_noise * from.k * sqrt(gamma * (2 + gamma)); /* sqrt(k^^2 - k^2) */
    for (size_t i = 0; i < n; i++)
        x[i] = keep * x[i] + add * z[i];
    return to;
}

/* Half the step times the difference of the slopes is added to Euler's x'. In k the slope is eps and y = x / alpha
 * moves; in t it is alpha_dot D + sigma_dot eps, which on the straight path is eps - D. */
static void trapezoid(struct step *step, const struct path_point *from) {
    const struct path_point *to = &step->to;
    const bool velocity = step->path->family->velocity;
    const double half = velocity ? 0.5 * (to->t - from->t) : 0.5 * to->alpha * (to->k - from->k);
    const double minus = velocity ? 1 : 0;
    size_t n = step->rows * step->denoiser->d;
    double *x = step->x, *D1 = step->work, *predicted = step->work + n, *D2 = step->work + 2 * n;
    const double b = to->sigma / from->sigma, a = to->alpha - b * from->alpha;
    for (size_t i = 0; i < n; i++)
        predicted[i] = a * D1[i] + b * x[i];
    solver_denoise(step, to, predicted, D2);
    for (size_t i = 0; i < n; i++) {
        double slope1 = (x[i] - from->alpha * D1[i]) / from->sigma - minus * D1[i];
        double slope2 = (predicted[i] - to->alpha * D2[i]) / to->sigma - minus * D2[i];
        x[i] = predicted[i] + half * (slope2 - slope1);
    }
}

static void heun(struct step *step) {
    const struct path_point from = churn(step);
    solver_denoise(step, &from, step->x, step->work);
    if (step->to.k > 0)
        trapezoid(step, &from);
    else
        memcpy(step->x, step->work, step->rows * step->denoiser->d * sizeof *step->x); /* to data: x' = D */
}

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *o) {
    (void)path;
    enum status status = solver_range(ctx, "s_churn", o->s_churn, 0, 1e9);
    if (status == STATUS_OK)
        status = solver_range(ctx, "s_tmin", o->s_tmin, 0, DBL_MAX);
    if (status == STATUS_OK)
        status = solver_range(ctx, "s_tmax", o->s_tmax, o->s_tmin, DBL_MAX);
    if (status == STATUS_OK)
        status = solver_range(ctx, "s_noise", o->s_noise, 0, 1e3);
    return status;
}

static size_t calls(const struct path_point *from, const struct path_point *to) {
    (void)from;
    return to->k > 0 ? 2 : 1;
}

const struct solver solver_heun = {
    .name = "heun",
    .takes = OPTION_CHURN | OPTION_TMIN | OPTION_TMAX | OPTION_NOISE,
    .vectors = 3,
    .defaults = {.s_tmax = DBL_MAX, .s_noise = 1},
    .check = check,
    .calls = calls,
    .step = heun,
};
