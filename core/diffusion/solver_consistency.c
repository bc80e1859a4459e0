/* Few-step samplers: straight to the data, then back up with fresh noise. */
#include <math.h>

#include "core/diffusion/solver.h"

/* x' = alpha' D + sigma' z. A network trained for consistency gives the data as c_skip x + c_out D, with c_skip = s_d^2 /
 * (s^2 + s_d^2), c_out = s / sqrt(s^2 + s_d^2), s = timestep_scaling * t and s_d = 1/2. */
static void lcm(struct plan_build *b) {
    const double s = b->options->timestep_scaling * path_time(b->path, &b->from), n2 = s * s + 0.25;
    size_t D = plan_denoise(b);
    double skip = 0, out = 1;
    if (b->options->timestep_scaling > 0)
        skip = 0.25 / n2, out = s / sqrt(n2);
    struct linear sum = linear_of(b->to.alpha * out, D);
    linear_add(&sum, b->to.alpha * skip, b->x);
    b->x = plan_mix_noise(b, &sum, b->to.sigma);
}

/* Down to the time (1 - gamma) t', then up to t' with noise; gamma 0 is Euler. */
static void tcd(struct plan_build *b) {
    double t = (1 - b->options->gamma) * b->to.t;
    if (b->path->steps) /* in single precision, where 0.7 times 30 is no less than 21 */
        t = (double)floorf((float)(1 - b->options->gamma) * (float)b->to.t);
    struct path_point low = path_at_t(b->path, t);
    size_t D = plan_denoise(b);
    if (b->options->gamma == 0 || b->to.k == 0 || !(low.k < b->to.k)) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    b->x = plan_first_order(b, &b->from, b->x, D, &low, 1, 0);
    b->x = plan_raise(b, b->x, &low, &b->to, 1);
}

/* CFG++: the data from the guided D, the direction of the noise from the unguided one; with eta to a lower level and
 * back up, as euler_ancestral. */
static void cfgpp(struct plan_build *b) {
    double u, v = plan_shares(plan_ratio(&b->from, &b->to), b->options->eta, &u);
    size_t D = plan_denoise(b), free = b->to.k > 0 && v > 0 ? plan_call_unguided(b, b->x, &b->from) : D;
    struct linear sum = linear_of(b->to.alpha, D);
    plan_eps(&sum, b->to.sigma * v, &b->from, b->x, free);
    b->x = plan_mix_noise(b, &sum, b->options->s_noise * b->to.sigma * u);
}

static enum status check_cfgpp(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "eta", options->eta, 0, 10);
}

static enum status check_tcd(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "gamma", options->gamma, 0, 1);
}

const struct solver solver_lcm = {
    .name = "lcm",
    .doc =
        "Straight to the data and back up with fresh noise: multistep consistency sampling, for models trained for it.",
    .source = "Song, Dhariwal, Chen, Sutskever 2023, alg. 1; Luo et al. 2023 (LCM), alg. 3",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(timestep_scaling),
    .step = lcm,
};

const struct solver solver_tcd = {
    .name = "tcd",
    .doc = "Down below the next level by a share gamma of the time, then up to it with noise.",
    .source = "Zheng et al. 2024 (TCD), alg. 4",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(gamma),
    .defaults = {.gamma = 0.3},
    .check = check_tcd,
    .step = tcd,
};

const struct solver solver_euler_cfgpp = {
    .name = "euler_cfgpp",
    .doc = "Euler (DDIM) with the data from the guided denoiser and the noise from the unguided one; two calls a step.",
    .source = "Chung et al. 2024 (CFG++), alg. 2",
    .order = 1,
    .calls = 2,
    .step = cfgpp,
};

const struct solver solver_euler_ancestral_cfgpp = {
    .name = "euler_ancestral_cfgpp",
    .doc =
        "euler_cfgpp to a lower level, then fresh noise up to the next one; two calls a step, one where nothing of the "
        "old noise is kept.",
    .source = "Chung et al. 2024 (CFG++), alg. 2, with the noise of euler_ancestral",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise),
    .defaults = {.eta = 1, .s_noise = 1},
    .check = check_cfgpp,
    .step = cfgpp,
};
