/* The variance preserving and the variance exploding path of Song et al. 2021. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/path_families.h"

/* beta(t) = BETA_MIN + t BETA_SLOPE; 1 + k^2 = exp of its integral. */
#define BETA_MIN 0.1
#define BETA_SLOPE 19.9

static struct path_point vp_point(double t, double k) {
    double alpha = 1 / sqrt(1 + k * k);
    return (struct path_point){.t = t, .k = k, .alpha = alpha, .sigma = k * alpha};
}

static struct path_point vp_at_t(const struct path *path, double t) {
    (void)path;
    return vp_point(t, sqrt(elementary_expm1((0.5 * BETA_SLOPE * t + BETA_MIN) * t)));
}

static struct path_point vp_at_k(const struct path *path, double k) {
    double integral = elementary_log1p(k * k);
    /* The root of slope t^2 / 2 + min t = integral, written so that small ones do not cancel. */
    double t = 2 * integral / (BETA_MIN + sqrt(BETA_MIN * BETA_MIN + 2 * BETA_SLOPE * integral));
    return vp_point(t < path->t_max ? t : path->t_max, k);
}

static enum status vp_make(struct ctx *ctx, const struct path_options *options, struct path *path) {
    (void)ctx, (void)options;
    path->k_min = vp_at_t(path, path->t_min).k;
    path->k_max = path->k_high = vp_at_t(path, path->t_max).k;
    return STATUS_OK;
}

/* f = -beta(t) / 2; alpha^2 + sigma^2 = 1 gives the rest. */
static struct path_rates vp_rates(const struct path *path, const struct path_point *at) {
    (void)path;
    double alpha = -0.5 * (BETA_MIN + BETA_SLOPE * at->t) * at->alpha;
    return (struct path_rates){.alpha = alpha, .sigma = -at->alpha * alpha / at->sigma};
}

static double vp_time(const struct path_point *at) { return 999 * at->t; }

const struct path_family path_vp = {
    .name = "vp",
    .variance_preserving = true,
    .grid = GRID_UNIFORM,
    .t_min = 1e-3,
    .t_max = 1,
    .k_low = PATH_K_LOW,
    .make = vp_make,
    .at_t = vp_at_t,
    .at_k = vp_at_k,
    .rates = vp_rates,
    .time = vp_time,
};

#define VE_MIN 0.01
#define VE_MAX 50.0

static double ve_ln_ratio(void) { return elementary_log(VE_MAX / VE_MIN); }

static struct path_point ve_point(double t, double k) {
    return (struct path_point){.t = t, .k = k, .alpha = 1, .sigma = k};
}

static struct path_point ve_at_t(const struct path *path, double t) {
    (void)path;
    return ve_point(t, t >= 1 ? VE_MAX : VE_MIN * elementary_exp(ve_ln_ratio() * t));
}

static struct path_point ve_at_k(const struct path *path, double k) {
    (void)path;
    double t = k > VE_MIN ? elementary_log(k / VE_MIN) / ve_ln_ratio() : 0;
    return ve_point(t < 1 ? t : 1, k);
}

static struct path_rates ve_rates(const struct path *path, const struct path_point *at) {
    (void)path;
    return (struct path_rates){.alpha = 0, .sigma = at->sigma * ve_ln_ratio()};
}

static double ve_time(const struct path_point *at) { return at->sigma; }

const struct path_family path_ve = {
    .name = "ve",
    .grid = GRID_UNIFORM,
    .t_min = 0,
    .t_max = 1,
    .k_min = VE_MIN,
    .k_max = VE_MAX,
    .k_low = VE_MIN,
    .k_high = VE_MAX,
    .at_t = ve_at_t,
    .at_k = ve_at_k,
    .rates = ve_rates,
    .time = ve_time,
};
