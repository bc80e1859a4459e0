/* The reverse stochastic equations. With any w(t) >= 0,
 *     dx = (u + w^2 / (2 sigma) eps) dt + w dW,   u = alpha_dot D + sigma_dot eps,
 * has the marginals of the path (t counts towards noise, dt < 0); w = 0 is the flow, w = g Anderson's equation. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/solver.h"

/* diffusion is w^2 at a point. s = sigma / (alpha + sigma) runs from 0 at data to 1 at noise on every path. */
static double diffusion(const struct plan_build *b, const struct path_point *at) {
    const struct path_rates rate = path_rates(b->path, at);
    const double s = at->sigma / (at->alpha + at->sigma);
    double form = 1, c;
    switch ((enum solver_diffusion)b->options->diffusion) {
    case DIFFUSION_SBDM: /* g^2 / 2 = sigma sigma_dot - f sigma^2, f = alpha_dot / alpha */
        form = at->alpha > 0 ? at->sigma * rate.sigma - rate.alpha / at->alpha * at->sigma * at->sigma : 0;
        break;
    case DIFFUSION_CONSTANT: break;
    case DIFFUSION_SIGMA: form = at->sigma; break;
    case DIFFUSION_LINEAR: form = s; break;
    case DIFFUSION_DECREASING: c = 1 + elementary_cospi(1 - s), form = c * c / 4; break;
    case DIFFUSION_BUMP: c = elementary_sinpi(s), form = c * c; break;
    }
    return 2 * form * b->options->diffusion_scale;
}

/* drift adds by * (u + w^2 / (2 sigma) eps). */
static void drift(const struct plan_build *b, struct linear *sum, double by, const struct path_point *at, size_t x,
                  size_t D) {
    const struct path_rates rate = path_rates(b->path, at);
    linear_add(sum, by * rate.alpha, D);
    plan_eps(sum, by * (rate.sigma + diffusion(b, at) / (2 * at->sigma)), at, x, D);
}

/* Euler and Maruyama. The step to data is its mean, D. */
static void sde(struct plan_build *b) {
    size_t D = plan_denoise(b);
    if (b->to.k == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const double dt = b->to.t - b->from.t;
    struct linear sum = linear_of(1, b->x);
    drift(b, &sum, dt, &b->from, b->x, D);
    b->x = plan_mix_noise(b, &sum, sqrt(-dt * diffusion(b, &b->from)));
}

/* Heun's: the noise comes first, then the trapezoid of the drift. */
static void sde_heun(struct plan_build *b) {
    if (b->to.k == 0) {
        sde(b);
        return;
    }
    const double dt = b->to.t - b->from.t, noise = sqrt(-dt * diffusion(b, &b->from));
    const struct linear now = linear_of(1, b->x);
    if (noise > 0)
        b->x = plan_mix_noise(b, &now, noise);
    size_t D = plan_denoise(b);
    struct linear sum = linear_of(1, b->x);
    drift(b, &sum, dt, &b->from, b->x, D);
    size_t predicted = plan_mix(b, &sum), D2 = plan_call(b, predicted, &b->to);
    sum = linear_of(1, b->x);
    drift(b, &sum, dt / 2, &b->from, b->x, D);
    drift(b, &sum, dt / 2, &b->to, predicted, D2);
    b->x = plan_mix(b, &sum);
}

/* The forward step from the lower level to this one keeps a = alpha / alpha' and adds the variance v; taken back,
 *     x' = (2 - a) x + v score + sqrt(v) z,   score = -eps / sigma. */
static void reverse(struct plan_build *b, size_t D) {
    if (b->to.k == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const double a = b->from.alpha / b->to.alpha;
    const double v = (b->from.sigma - a * b->to.sigma) * (b->from.sigma + a * b->to.sigma);
    struct linear sum = linear_of(2 - a, b->x);
    plan_eps(&sum, -v / b->from.sigma, &b->from, b->x, D);
    b->x = plan_mix_noise(b, &sum, sqrt(v));
}

static void reverse_diffusion(struct plan_build *b) { reverse(b, plan_denoise(b)); }

/* Predictor and corrector: Langevin steps at this level, then the reverse diffusion to the next. a = 1 - beta_i on paths
 * that preserve the variance, else 1. */
static void pc(struct plan_build *b) {
    const double kept = b->to.alpha > 0 ? b->from.alpha / b->to.alpha : 1;
    for (int64_t i = 0; i < b->options->corrector_steps && b->from.alpha > 0; i++) {
        size_t D = plan_call(b, b->x, &b->from);
        b->x = plan_langevin(b, b->x, D, &b->from, b->options->snr, kept * kept);
    }
    reverse_diffusion(b);
}

/* Annealed Langevin dynamics: at each level steps of delta = 2 (snr sigma)^2, then the same y at the next level; data
 * are D of the last state. */
static void annealed_langevin(struct plan_build *b) {
    const double snr = b->options->snr, share = 2 * snr * snr;
    for (int64_t i = 0; i < b->options->corrector_steps && b->from.alpha > 0; i++) {
        size_t D = plan_call(b, b->x, &b->from);
        struct linear sum = linear_of(1, b->x);
        plan_eps(&sum, -share * b->from.sigma, &b->from, b->x, D);
        b->x = plan_mix_noise(b, &sum, 2 * snr * b->from.sigma);
    }
    if (b->to.k == 0 || b->from.alpha == 0) {
        size_t D = plan_denoise(b);
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const struct linear same = linear_of(b->to.alpha / b->from.alpha, b->x);
    b->x = plan_mix(b, &same);
}

const struct solver solver_sde = {
    .name = "sde",
    .doc = "Euler-Maruyama for the reverse equation with a free w(t); sbdm is Anderson's (w = g).",
    .source = "Song et al. 2021, eq. 6; Ma et al. 2024 (SiT), sec. 3.4",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(diffusion) | OPT(diffusion_scale),
    .defaults = {.diffusion = DIFFUSION_SIGMA, .diffusion_scale = 1},
    .check = solver_continuous,
    .step = sde,
};

const struct solver solver_sde_heun = {
    .name = "sde_heun",
    .doc = "As sde, with the trapezoid of the drift after the noise; two calls a step.",
    .source = "Karras et al. 2022, alg. 2; Ma et al. 2024",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(diffusion) | OPT(diffusion_scale),
    .defaults = {.diffusion = DIFFUSION_SIGMA, .diffusion_scale = 1},
    .check = solver_continuous,
    .step = sde_heun,
};

const struct solver solver_reverse_diffusion = {
    .name = "reverse_diffusion",
    .doc = "The forward chain's step, taken back.",
    .source = "Song et al. 2021, app. E",
    .calls = 1,
    .stochastic = true,
    .step = reverse_diffusion,
};

const struct solver solver_pc = {
    .name = "pc",
    .doc = "Predictor-corrector: Langevin steps with the norms of each sample, then reverse diffusion.",
    .source =
        "Song et al. 2021, alg. 2 to 5, with the norms of each sample where theirs are averaged over the batch. The "
        "loop of diffusers' tests of ScoreSdeVeScheduler takes its levels from another grid than its times; it is "
        "not followed",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(corrector_steps) | OPT(snr),
    .defaults = {.corrector_steps = 1, .snr = 0.16},
    .step = pc,
};

const struct solver solver_annealed_langevin = {
    .name = "annealed_langevin",
    .doc = "Langevin steps at each noise level and nothing between the levels.",
    .source = "Song, Ermon 2019, alg. 1",
    .calls = 5,
    .stochastic = true,
    .takes = OPT(corrector_steps) | OPT(snr),
    .defaults = {.corrector_steps = 5, .snr = 0.16},
    .step = annealed_langevin,
};
