/* The steps of diffusers' schedulers that differ from every solver's, but for DPM-Solver's (scheduler_dpm.c). */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler_class.h"

static const struct scheduler *scheduler_of(const struct plan_build *b) { return b->options->scheduler; }

/* ddpm_learned is the step whose variance the network says, of whole: all that the forward step adds, and small: what is
 * left of that when D is known. */
static void ddpm_learned(struct plan_build *b, double q, double small, double whole) {
    const bool ranged = scheduler_of(b)->config.variance_type == VARIANCE_LEARNED_RANGE;
    struct plan_variance variance = {.ranged = ranged};
    size_t D = plan_call_spread(b, b->x, &b->from, &variance.spread);
    struct linear sum = linear_of(b->to.alpha, D);
    plan_eps(&sum, b->to.sigma * q, &b->from, b->x, D);
    if (ranged)
        variance.low = 2 * elementary_log(small), variance.high = 2 * elementary_log(whole);
    b->x = plan_mix_variance(b, &sum, &variance);
}

/* Noise is added wherever t > 0, even on the way to data. */
static void ddpm(struct plan_build *b) {
    const int variance = scheduler_of(b)->config.variance_type;
    double q = plan_ratio(&b->from, &b->to), kept = b->from.alpha / b->to.alpha;
    double noise = b->to.sigma * sqrt((1 - q) * (1 + q));
    noise = noise > 1e-10 ? noise : 1e-10;
    if (b->from.t > 0 && (variance == VARIANCE_LEARNED || variance == VARIANCE_LEARNED_RANGE)) {
        ddpm_learned(b, q, noise, sqrt((1 - kept) * (1 + kept)));
        return;
    }
    if (variance == VARIANCE_FIXED_LARGE || variance == VARIANCE_FIXED_LARGE_LOG)
        noise = sqrt((1 - kept) * (1 + kept));
    size_t D = plan_denoise(b);
    b->x = plan_first_order(b, &b->from, b->x, D, &b->to, q, b->from.t > 0 ? noise : 0);
}

/* Clipped data, and the noise of before clipping or, with use_clipped_model_output, after it. */
static void ddim(struct plan_build *b) {
    double u, v = plan_shares(plan_ratio(&b->from, &b->to), b->options->eta, &u);
    size_t raw = plan_call_raw(b, b->x, &b->from), D = plan_clip(b, raw);
    struct linear sum = linear_of(b->to.alpha, D);
    plan_eps(&sum, b->to.sigma * v, &b->from, b->x, scheduler_of(b)->config.use_clipped_model_output ? D : raw);
    b->x = plan_mix_noise(b, &sum, b->to.sigma * u);
}

/* output adds by * F, what the network says at `at`. */
static void output(const struct plan_build *b, struct linear *sum, double by, const struct path_point *at, size_t x,
                   size_t D) {
    const struct prediction p = scheduler_network(scheduler_of(b), at);
    linear_add(sum, by / p.out_by, D);
    linear_add(sum, -by * p.x_by / p.out_by, x);
}

/* as_eps and as_data add by * eps and by * x0, made of F and x at a level that need not be the one that F was told. */
static void as_eps(const struct plan_build *b, struct linear *sum, double by, const struct path_point *at, size_t x,
                   const struct linear *F) {
    if (scheduler_of(b)->prediction == PREDICTION_V) {
        linear_plus(sum, by * at->alpha, F);
        linear_add(sum, by * at->sigma, x);
    } else if (scheduler_of(b)->prediction == PREDICTION_X0) {
        linear_plus(sum, -by * at->alpha / at->sigma, F);
        linear_add(sum, by / at->sigma, x);
    } else
        linear_plus(sum, by, F);
}

static void as_data(const struct plan_build *b, struct linear *sum, const struct path_point *at, size_t x,
                    const struct linear *F) {
    if (scheduler_of(b)->prediction == PREDICTION_X0) {
        linear_plus(sum, 1, F);
        return;
    }
    linear_add(sum, 1 / at->alpha, x);
    as_eps(b, sum, -at->sigma / at->alpha, at, x, F);
}

/* A DDIM step up. The network is told the level where the step ends, and so its D is of there. */
static void ddim_inverse(struct plan_build *b) {
    const struct path_point told = b->to;
    size_t D = plan_call_raw(b, b->x, &told);
    struct linear F = {0}, data = {0}, sum;
    output(b, &F, 1, &told, b->x, D);
    as_data(b, &data, &b->from, b->x, &F);
    sum = linear_of(b->to.alpha, plan_clip(b, plan_mix(b, &data)));
    as_eps(b, &sum, b->to.sigma, &b->from, b->x, &F);
    b->x = plan_mix(b, &sum);
}

/* transfer is PNDM's eq. 11 with the network's outputs combined: x' = (alpha'/alpha) x + alpha' (k' - k) eps. */
static size_t transfer(struct plan_build *b, const struct path_point *from, size_t x, const struct path_point *to,
                       const struct linear *F) {
    struct linear sum = linear_of(to->alpha / from->alpha, x);
    as_eps(b, &sum, to->alpha * (to->k - from->k), from, x, F);
    return plan_mix(b, &sum);
}

static double stride(const struct scheduler *s) {
    return floor((double)s->config.num_train_timesteps / (double)s->steps);
}

static void runge_kutta(struct plan_build *b, size_t D) {
    const struct scheduler *s = scheduler_of(b);
    const double half = floor(stride(s) / 2);
    const struct path_point middle = scheduler_level(s, b->to.t + half),
                            next[3] = {scheduler_level(s, b->from.t - half), middle, b->to},
                            *const at[4] = {&b->from, &middle, &middle, &b->to};
    static const double SHARE[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
    struct linear all = {0};
    size_t x = b->x;
    for (size_t i = 0; i < 4; i++) {
        struct linear F = {0};
        if (i)
            D = plan_call(b, x, at[i]);
        output(b, &F, 1, at[i], x, D);
        linear_plus(&all, SHARE[i], &F);
        if (i < 3)
            x = transfer(b, &b->from, b->x, &next[i], &F);
    }
    b->x = transfer(b, &b->from, b->x, &b->to, &all);
}

/* Down one stride, and again from there with the mean of both slopes. */
static void heun(struct plan_build *b, size_t D) {
    const struct scheduler *s = scheduler_of(b);
    const struct path_point low = scheduler_level(s, b->from.t - stride(s)),
                            high = scheduler_level(s, b->to.t + stride(s));
    struct linear F = {0}, mean = {0};
    output(b, &F, 1, &b->from, b->x, D);
    size_t x = transfer(b, &b->from, b->x, &low, &F);
    output(b, &mean, 0.5, &b->to, x, plan_call(b, x, &b->to));
    linear_plus(&mean, 0.5, &F);
    b->x = transfer(b, &high, b->x, &b->to, &mean);
}

/* Adams and Bashforth's weights on equal steps, newest first. */
static const double WEIGHTS[4][4] = {
    {1}, {3.0 / 2, -1.0 / 2}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};

static void pndm(struct plan_build *b) {
    const struct scheduler *s = scheduler_of(b);
    size_t D = plan_denoise(b), n = b->n_past < 4 ? b->n_past : 4;
    bool last = b->index + 1 == b->n_steps;
    if (!s->config.skip_prk_steps && b->n_past < 4 && !last) {
        runge_kutta(b, D);
        return;
    }
    if (n == 1 && !last) {
        heun(b, D);
        return;
    }
    struct linear F = {0};
    for (size_t i = 0; i < n; i++)
        output(b, &F, WEIGHTS[n - 1][i], &plan_earlier(b, i)->at, plan_earlier(b, i)->x, plan_earlier(b, i)->D);
    b->x = transfer(b, &b->from, b->x, &b->to, &F);
}

/* eps is extrapolated; the data are what that leaves of x. At alpha = 0 nothing is left. */
static void ipndm(struct plan_build *b) {
    size_t D = plan_denoise(b), n = b->n_past < 4 ? b->n_past : 4;
    (void)D;
    struct linear eps = {0}, sum = {0};
    for (size_t i = 0; i < n; i++)
        plan_eps(&eps, WEIGHTS[n - 1][i], &plan_earlier(b, i)->at, plan_earlier(b, i)->x, plan_earlier(b, i)->D);
    const double data = b->from.alpha > 0 ? b->to.alpha / b->from.alpha : 0;
    linear_add(&sum, data, b->x);
    linear_plus(&sum, b->to.sigma - data * b->from.sigma, &eps);
    b->x = plan_mix(b, &sum);
}

/* churned is how many steps share s_churn: one more where the levels of log_linear hold the last one, too. */
static double churned(const struct plan_build *b) {
    const struct scheduler_config *c = &scheduler_of(b)->config;
    return (double)b->n_steps + scheduler_holds_last(c);
}

/* Euler's step of classes that hold y, after noise was put back: k becomes g k with g = 1 + gamma. The network was asked
 * before that, and its output F is taken at the new state z, of level g k; a velocity's D, x_by z + out_by F, is still of
 * the old level. Of y = x / alpha. */
static void euler_churn(struct plan_build *b) {
    const struct solver_options *o = b->options;
    const struct path_point from = b->from, old = {.t = from.t, .k = from.k, .alpha = 1, .sigma = from.k};
    double gamma = o->s_churn / churned(b);
    gamma = from.k < o->s_tmin || from.k > o->s_tmax ? 0 : gamma < M_SQRT2 - 1 ? gamma : M_SQRT2 - 1;
    const struct path_point hat = {.t = from.t, .k = from.k * (1 + gamma), .alpha = 1, .sigma = from.k * (1 + gamma)};
    const struct scheduler *s = scheduler_of(b);
    const struct prediction p = scheduler_network(s, s->prediction == PREDICTION_V ? &old : &hat);
    const double q = b->to.k / hat.k, data = b->to.alpha * (1 - q);
    const struct linear y = linear_of(1 / from.alpha, b->x);
    size_t D = plan_denoise(b);
    size_t z = plan_mix_noise(b, &y, o->s_noise * from.k * sqrt(gamma * (2 + gamma)));
    struct linear sum = linear_of(b->to.alpha * q + data * p.x_by, z);
    output(b, &sum, data * p.out_by, &from, b->x, D);
    b->x = plan_mix(b, &sum);
}

/* To the data at sigma_min, and back up. */
static void cm(struct plan_build *b) {
    const struct scheduler_config *c = &scheduler_of(b)->config;
    double low = c->sigma_min, high = b->to.k > low ? b->to.k : low;
    const struct linear data = linear_of(1, plan_denoise(b));
    b->x = plan_mix_noise(b, &data, b->n_steps > 1 ? c->s_noise * sqrt((high - low) * (high + low)) : 0);
}

/* Langevin steps, then the reverse diffusion from level `k` to the next; the last step is its mean. */
static void ve(struct plan_build *b) {
    const struct scheduler_config *c = &scheduler_of(b)->config;
    const double k = b->to.t, v = (k - b->to.k) * (k + b->to.k);
    for (int64_t i = 0; i < c->correct_steps; i++)
        b->x = plan_langevin(b, b->x, plan_call(b, b->x, &b->from), &b->from, c->snr, 1);
    size_t D = plan_denoise(b);
    struct linear sum = linear_of(1, b->x);
    plan_eps(&sum, -v / b->from.sigma, &b->from, b->x, D);
    b->x = plan_mix_noise(b, &sum, b->index + 1 < b->n_steps ? sqrt(v) : 0);
}

/* Euler and Maruyama with steps of 1 / N; the last one is its mean. */
static void vp(struct plan_build *b) {
    const struct scheduler_config *c = &scheduler_of(b)->config;
    const double dt = 1 / (double)b->n_steps, beta = c->beta_min + b->from.t * (c->beta_max - c->beta_min);
    size_t D = plan_denoise(b);
    struct linear sum = linear_of(1 + 0.5 * beta * dt, b->x);
    plan_eps(&sum, -beta * dt / b->from.sigma, &b->from, b->x, D);
    b->x = plan_mix_noise(b, &sum, b->index + 1 < b->n_steps ? sqrt(beta * dt) : 0);
}

const struct solver scheduler_ddpm = {.name = "DDPMScheduler", .calls = 1, .stochastic = true, .step = ddpm};
const struct solver scheduler_ddim = {.name = "DDIMScheduler", .calls = 1, .step = ddim};
const struct solver scheduler_ddim_inverse = {.name = "DDIMInverseScheduler", .calls = 1, .step = ddim_inverse};
const struct solver scheduler_pndm = {.name = "PNDMScheduler", .calls = 2, .step = pndm};
const struct solver scheduler_ipndm = {.name = "IPNDMScheduler", .calls = 1, .step = ipndm};
const struct solver scheduler_euler_churn = {
    .name = "EulerDiscreteScheduler", .calls = 1, .stochastic = true, .step = euler_churn};
const struct solver scheduler_cm = {
    .name = "CMStochasticIterativeScheduler", .calls = 1, .stochastic = true, .step = cm};
const struct solver scheduler_ve = {.name = "ScoreSdeVeScheduler", .calls = 2, .stochastic = true, .step = ve};
const struct solver scheduler_vp = {.name = "ScoreSdeVpScheduler", .calls = 1, .stochastic = true, .step = vp};
