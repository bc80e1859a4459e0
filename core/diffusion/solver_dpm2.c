/* Single-step methods of second and third order in k: the slope there is eps, and levels between are taken at equal
 * distances in ln k. The step to data, and the one from infinite k, are Euler's. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/solver.h"

/* down is plan_down of the whole step. */
static double down(const struct plan_build *b, double *up) {
    return plan_down(b->to.k, plan_ratio(&b->from, &b->to), b->options->eta, up);
}

static bool is_plain(const struct plan_build *b) { return b->to.k == 0 || b->from.alpha == 0; }

static void euler(struct plan_build *b, size_t D, double k_down, double up) {
    double v = b->to.k > 0 ? k_down / b->to.k : 1;
    b->x = plan_first_order(b, &b->from, b->x, D, &b->to, v, b->to.alpha * up);
}

/* middle asks for D between from and a lower level k: at the share r of the way in ln k. */
static size_t middle(struct plan_build *b, size_t D, double k, double r, struct path_point *at, size_t *x) {
    *at = path_at_k(b->path, elementary_pow(k / b->from.k, r) * b->from.k);
    *x = plan_first_order(b, &b->from, b->x, D, at, 1, 0);
    return plan_call(b, *x, at);
}

/* along moves the state from k to k_down with one slope and adds noise. */
static void along(struct plan_build *b, const struct path_point *at, size_t x, size_t D, double k_down, double up) {
    struct linear sum = linear_of(b->to.alpha / b->from.alpha, b->x);
    plan_eps(&sum, b->to.alpha * (k_down - b->from.k), at, x, D);
    b->x = plan_mix_noise(b, &sum, b->to.alpha * up);
}

static void dpm2(struct plan_build *b) {
    double up, k = down(b, &up);
    size_t D = plan_denoise(b), x;
    struct path_point at;
    if (is_plain(b) || k == 0) {
        euler(b, D, k, up);
        return;
    }
    size_t D_middle = middle(b, D, k, 0.5, &at, &x);
    along(b, &at, x, D_middle, k, up * b->options->s_noise);
}

/* DPM-Solver-3: with r1 = 1/3, r2 = 2/3 and h = ln(k/k'). phi(h) = (e^h - 1) / h - 1. */
static double phi(double h) { return elementary_expm1(h) / h - 1; }

static void dpm_solver_3(struct plan_build *b) {
    size_t D = plan_denoise(b), x1, x2;
    if (is_plain(b)) {
        euler(b, D, b->to.k, 0);
        return;
    }
    const struct path_point *from = &b->from, *to = &b->to;
    const double h = elementary_log(from->k / to->k);
    struct path_point at1, at2 = path_at_k(b->path, from->k * elementary_exp(-2 * h / 3));
    size_t D1 = middle(b, D, to->k, 1.0 / 3, &at1, &x1);
    struct linear sum = linear_of(at2.alpha / from->alpha, b->x);
    const double first2 = at2.alpha * (at2.k - from->k), second2 = -2 * at2.sigma * phi(2 * h / 3);
    plan_eps(&sum, first2 - second2, from, b->x, D);
    plan_eps(&sum, second2, &at1, x1, D1);
    x2 = plan_mix(b, &sum);
    size_t D2 = plan_call(b, x2, &at2);
    sum = linear_of(to->alpha / from->alpha, b->x);
    const double first = to->alpha * (to->k - from->k), second = -1.5 * to->sigma * phi(h);
    plan_eps(&sum, first - second, from, b->x, D);
    plan_eps(&sum, second, &at2, x2, D2);
    b->x = plan_mix(b, &sum);
}

/* DPM-Solver++ (2S): y' = q y + (1 - q) D at the middle of ln k. With eta, to k_down and back up. */
static void dpmpp_2s(struct plan_build *b) {
    double up, k = down(b, &up);
    size_t D = plan_denoise(b), x;
    struct path_point at;
    if (is_plain(b) || k == 0) {
        euler(b, D, k, up);
        return;
    }
    size_t D_middle = middle(b, D, k, 0.5, &at, &x);
    const double q = k / b->from.k;
    struct linear sum = linear_of(b->to.alpha / b->from.alpha * q, b->x);
    linear_add(&sum, b->to.alpha * (1 - q), D_middle);
    b->x = plan_mix_noise(b, &sum, b->to.alpha * up * b->options->s_noise);
}

/* Exponential Runge-Kutta, two stages with c2 = 1/2. */
static void res_2s(struct plan_build *b) {
    size_t D = plan_denoise(b), x;
    struct path_point at;
    if (is_plain(b)) {
        euler(b, D, b->to.k, 0);
        return;
    }
    size_t D_middle = middle(b, D, b->to.k, 0.5, &at, &x);
    const double q = plan_ratio(&b->from, &b->to), h = -elementary_log(q), second = 2 * (1 - (1 - q) / h);
    struct linear sum = linear_of(b->to.sigma / b->from.sigma, b->x);
    linear_add(&sum, b->to.alpha * (1 - q - second), D);
    linear_add(&sum, b->to.alpha * second, D_middle);
    b->x = plan_mix(b, &sum);
}

const struct solver solver_dpm2 = {
    .name = "dpm2",
    .doc = "Second order, two calls a step: the slope at the middle of ln k (DPM-Solver-2).",
    .source = "Karras et al. 2022, alg. 2 at alpha = 1/2 in ln k; Lu et al. 2022a, alg. 1",
    .order = 2,
    .calls = 2,
    .defaults = {.s_noise = 1},
    .step = dpm2,
};

const struct solver solver_dpm2_ancestral = {
    .name = "dpm2_ancestral",
    .doc = "dpm2 to a lower level, then fresh noise up to the next one.",
    .source = "As dpm2 and euler_ancestral. In double precision: where diffusers rounds a time to the neighbour, its "
              "KDPM2AncestralDiscreteScheduler differs by up to 3e-3",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise),
    .defaults = {.eta = 1, .s_noise = 1},
    .step = dpm2,
};

const struct solver solver_dpm_solver_3 = {
    .name = "dpm_solver_3",
    .doc = "Third order, three calls a step, by the exponential integrator of eps.",
    .source = "Lu et al. 2022a (DPM-Solver), alg. 2",
    .order = 3,
    .calls = 3,
    .step = dpm_solver_3,
};

const struct solver solver_dpmpp_2s = {
    .name = "dpmpp_2s",
    .doc = "Second order, two calls a step, by the exponential integrator of D.",
    .source = "Lu et al. 2022b (DPM-Solver++), alg. 1",
    .order = 2,
    .calls = 2,
    .defaults = {.s_noise = 1},
    .step = dpmpp_2s,
};

const struct solver solver_dpmpp_2s_ancestral = {
    .name = "dpmpp_2s_ancestral",
    .doc = "dpmpp_2s to a lower level, then fresh noise up to the next one.",
    .source = "As dpmpp_2s and euler_ancestral",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise),
    .defaults = {.eta = 1, .s_noise = 1},
    .step = dpmpp_2s,
};

const struct solver solver_res_2s = {
    .name = "res_2s",
    .doc = "Second order, two calls a step: exponential Runge-Kutta that keeps both values of D.",
    .source = "Hochbruck, Ostermann 2010, eq. 2.40; Zhang et al. 2023 (RES)",
    .order = 2,
    .calls = 2,
    .step = res_2s,
};
