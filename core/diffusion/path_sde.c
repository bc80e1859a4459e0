/* The stochastic equations of Song et al. 2021. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

/* beta(t) = beta_min + t slope; -2 ln alpha is its integral. */
static double slope_of(const struct path *path) { return path->options.beta_max - path->options.beta_min; }

static double integral_at(const struct path *path, double t) {
    return (0.5 * slope_of(path) * t + path->options.beta_min) * t;
}

/* t_of is the root of slope t^2 / 2 + min t = integral, written so that small ones do not cancel. */
static double t_of(const struct path *path, double integral) {
    double min = path->options.beta_min, t = 2 * integral / (min + sqrt(min * min + 2 * slope_of(path) * integral));
    return t < path->t_max ? t : path->t_max;
}

static enum status check_betas(struct ctx *ctx, const struct path_options *o) {
    enum status status = path_option_range(ctx, "beta_min", o->beta_min, 0, 1000);
    if (status == STATUS_OK && !(o->beta_max >= o->beta_min))
        return ctx_fail(ctx, STATUS_INVALID, "/path_options/beta_max",
                        "path_options.beta_max is %.9g, want at least beta_min = %.9g.", o->beta_max, o->beta_min);
    return status == STATUS_OK ? path_option_range(ctx, "beta_max", o->beta_max, 0, 1000) : status;
}

/* set_ends: alpha must not vanish at t = 1. */
static enum status set_ends(struct ctx *ctx, struct path *path) {
    enum status status = check_betas(ctx, &path->options);
    if (status == STATUS_OK && !(integral_at(path, 1) < 40))
        return ctx_fail(ctx, STATUS_INVALID, "/path_options/beta_max",
                        "beta_min + beta_max is %.9g, want below 80: beyond that nothing is left of the data at t = 1.",
                        path->options.beta_min + path->options.beta_max);
    path->k_min = path->family->at_t(path, path->t_min).k;
    path->k_max = path->k_high = path->family->at_t(path, path->t_max).k;
    return status;
}

static struct path_point vp_point(double t, double k) {
    double alpha = 1 / sqrt(1 + k * k);
    return (struct path_point){.t = t, .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_point vp_at_t(const struct path *path, double t) {
    return vp_point(t, sqrt(elementary_expm1(integral_at(path, t))));
}

static struct path_point vp_at_k(const struct path *path, double k) {
    return vp_point(t_of(path, elementary_log1p(k * k)), k);
}

static double alpha_rate(const struct path *path, const struct path_point *at) {
    return -0.5 * (path->options.beta_min + slope_of(path) * at->t) * at->alpha;
}

static struct path_rates vp_rates(const struct path *path, const struct path_point *at) {
    double alpha = alpha_rate(path, at);
    return (struct path_rates){.alpha = alpha, .sigma = -at->alpha * alpha / at->sigma};
}

static double vp_time(const struct path_point *at) { return 999 * at->t; }

/* sigma = 1 - alpha^2, so alpha is the positive root of alpha^2 + k alpha - 1. */
static struct path_point sub_vp_point(double t, double k) {
    double alpha = 2 / (k + sqrt(k * k + 4));
    return (struct path_point){.t = t, .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_point sub_vp_at_t(const struct path *path, double t) {
    double integral = integral_at(path, t), alpha = elementary_exp(-0.5 * integral);
    return sub_vp_point(t, -elementary_expm1(-integral) / alpha);
}

static struct path_point sub_vp_at_k(const struct path *path, double k) {
    struct path_point at = sub_vp_point(0, k);
    at.t = t_of(path, elementary_log1p(k / at.alpha)); /* 1 / alpha^2 - 1 = k / alpha */
    return at;
}

static struct path_rates sub_vp_rates(const struct path *path, const struct path_point *at) {
    double alpha = alpha_rate(path, at);
    return (struct path_rates){.alpha = alpha, .sigma = -2 * at->alpha * alpha};
}

static double ve_ln_ratio(const struct path *path) {
    return elementary_log(path->options.sigma_max / path->options.sigma_min);
}

static struct path_point ve_point(double t, double k) {
    return (struct path_point){.t = t, .k = k, .alpha = 1, .sigma = k};
}

static struct path_point ve_at_t(const struct path *path, double t) {
    const struct path_options *o = &path->options;
    return ve_point(t, t >= 1 ? o->sigma_max : o->sigma_min * elementary_exp(ve_ln_ratio(path) * t));
}

static struct path_point ve_at_k(const struct path *path, double k) {
    double low = path->options.sigma_min, t = k > low ? elementary_log(k / low) / ve_ln_ratio(path) : 0;
    return ve_point(t < 1 ? t : 1, k);
}

static enum status ve_make(struct ctx *ctx, struct path *path) {
    const struct path_options *o = &path->options;
    enum status status = path_option_range(ctx, "sigma_min", o->sigma_min, 0, PATH_K_HIGH);
    if (status == STATUS_OK)
        status = path_option_range(ctx, "sigma_max", o->sigma_max, o->sigma_min, PATH_K_HIGH);
    if (status == STATUS_OK && o->sigma_min < PATH_K_LOW)
        return ctx_fail(ctx, STATUS_INVALID, "/path_options/sigma_min",
                        "path_options.sigma_min is %.9g, want at least %g.", o->sigma_min, PATH_K_LOW);
    path->k_min = path->k_low = o->sigma_min;
    path->k_max = path->k_high = o->sigma_max;
    return status;
}

static struct path_rates ve_rates(const struct path *path, const struct path_point *at) {
    return (struct path_rates){.alpha = 0, .sigma = at->sigma * ve_ln_ratio(path)};
}

static double ve_time(const struct path_point *at) { return at->sigma; }

#define BETAS (PATH_OPT(beta_min) | PATH_OPT(beta_max))

const struct path_family path_vp = {
    .name = "vp",
    .variance_preserving = true,
    .grid = GRID_UNIFORM,
    .t_min = 1e-3,
    .t_max = 1,
    .k_low = PATH_K_LOW,
    .takes = BETAS,
    .defaults = {.beta_min = 0.1, .beta_max = 20},
    .make = set_ends,
    .at_t = vp_at_t,
    .at_k = vp_at_k,
    .rates = vp_rates,
    .time = vp_time,
};

const struct path_family path_sub_vp = {
    .name = "sub-vp",
    .grid = GRID_UNIFORM,
    .t_min = 1e-3,
    .t_max = 1,
    .k_low = PATH_K_LOW,
    .takes = BETAS,
    .defaults = {.beta_min = 0.1, .beta_max = 20},
    .make = set_ends,
    .at_t = sub_vp_at_t,
    .at_k = sub_vp_at_k,
    .rates = sub_vp_rates,
    .time = vp_time,
};

const struct path_family path_ve = {
    .name = "ve",
    .grid = GRID_UNIFORM,
    .t_min = 0,
    .t_max = 1,
    .takes = PATH_OPT(sigma_min) | PATH_OPT(sigma_max),
    .defaults = {.sigma_min = 0.01, .sigma_max = 50},
    .make = ve_make,
    .at_t = ve_at_t,
    .at_k = ve_at_k,
    .rates = ve_rates,
    .time = ve_time,
};
