/* Exponential integrators of D over earlier steps, with and without noise: with h = ln(k/k'), H = (1 + eta) h,
 *     y' = e^-H y + (1 - e^-H) D + phi2 D1 - phi3 D2 + k' sqrt(1 - e^(-2 eta h)) z,
 *     phi2 = 1 - (1 - e^-H) / H,  phi3 = phi2 / H - 1/2,
 * D1 and D2 the first and second divided differences of D in units of h. (The integral would have 2 phi3; the authors'
 * code, which all libraries follow, has phi3.) Steps to data and from infinite k are of first order. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/solver.h"

static double ln_ratio(const struct path_point *high, const struct path_point *low) {
    return elementary_log(high->k / low->k);
}

/* differences adds first * D1 + second * D2 from as many earlier calls as there are. */
static void differences(const struct plan_build *b, struct linear *sum, size_t order, double h, double first,
                        double second) {
    size_t D = plan_earlier(b, 0)->D, D1 = plan_earlier(b, 1)->D;
    double r0 = ln_ratio(&plan_earlier(b, 1)->at, &plan_earlier(b, 0)->at) / h;
    if (order == 2) {
        linear_add(sum, first / r0, D);
        linear_add(sum, -first / r0, D1);
        return;
    }
    size_t D2 = plan_earlier(b, 2)->D;
    double r1 = ln_ratio(&plan_earlier(b, 2)->at, &plan_earlier(b, 1)->at) / h;
    /* A = (D - D1) / r0, B = (D1 - D2) / r1; the differences are A + (A - B) r0 / (r0 + r1) and (A - B) / (r0 + r1). */
    double of_b = -(first * r0 + second) / (r0 + r1), of_a = first - of_b;
    linear_add(sum, of_a / r0, D);
    linear_add(sum, -of_a / r0 + of_b / r1, D1);
    linear_add(sum, -of_b / r1, D2);
}

/* orders gives how many calls can serve: those at finite k. */
static size_t orders(const struct plan_build *b, size_t most) {
    size_t n = plan_finite_calls(b, 0, most);
    return b->to.k > 0 && n ? n : 1;
}

/* Where the noise of a step lies on the Brownian path: k / (1 + k) runs over 0 .. 1. */
static double place(double k) { return isinf(k) ? 1 : k / (1 + k); }

static size_t with_noise(struct plan_build *b, const struct linear *sum, double noise, double k, double k_next) {
    return b->options->brownian ? plan_mix_bridge(b, sum, noise, place(k), place(k_next))
                                : plan_mix_noise(b, sum, noise);
}

static void multistep(struct plan_build *b, size_t most) {
    const double eta = b->options->eta, q = plan_ratio(&b->from, &b->to);
    const double kept = elementary_pow(q, 1 + eta), fresh = elementary_pow(q, 2 * eta);
    size_t D = plan_denoise(b), order = orders(b, most);
    struct linear sum = linear_of(b->to.sigma / b->from.sigma * elementary_pow(q, eta), b->x);
    linear_add(&sum, b->to.alpha * (1 - kept), D);
    if (order > 1) {
        double h = ln_ratio(&b->from, &b->to), H = (1 + eta) * h, phi2 = 1 - (1 - kept) / H, phi3 = phi2 / H - 0.5;
        bool midpoint = most == 2 && b->options->form == FORM_MIDPOINT;
        differences(b, &sum, order, h, b->to.alpha * (midpoint ? 0.5 * (1 - kept) : phi2), -b->to.alpha * phi3);
    }
    b->x = with_noise(b, &sum, b->options->s_noise * b->to.sigma * sqrt(1 - fresh), b->from.k, b->to.k);
}

static void two(struct plan_build *b) { multistep(b, 2); }
static void three(struct plan_build *b) { multistep(b, 3); }

/* toward is y' = (k_down/k) y + (1 - k_down/k) D, then noise up to the level `to`. */
static size_t toward(struct plan_build *b, size_t D, const struct path_point *to) {
    double up, q = plan_down(to->k, to->k / b->from.k, b->options->eta, &up) / b->from.k;
    struct linear sum = linear_of(to->alpha / b->from.alpha * q, b->x);
    linear_add(&sum, to->alpha * (1 - q), D);
    return with_noise(b, &sum, b->options->s_noise * to->alpha * up, b->from.k, to->k);
}

static void dpmpp_sde(struct plan_build *b) {
    size_t D = plan_denoise(b);
    if (b->to.k == 0 || b->from.alpha == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const struct path_point middle = path_at_k(b->path, sqrt(b->from.k * b->to.k));
    size_t x = toward(b, D, &middle);
    b->x = toward(b, plan_call(b, x, &middle), &b->to);
}

const struct solver solver_dpmpp_2m = {
    .name = "dpmpp_2m",
    .doc = "Second order, one call a step: D is extrapolated from the step before.",
    .source = "Lu et al. 2022b (DPM-Solver++), alg. 2; form heun: Zhang et al. 2023 (RES). In double precision: where "
              "diffusers rounds times and levels to neighbours, its DPMSolverMultistepScheduler differs by up to 3e-3",
    .order = 2,
    .calls = 1,
    .takes = OPT(form),
    .defaults = {.s_noise = 1},
    .step = two,
};

const struct solver solver_res_multistep = {
    .name = "res_multistep",
    .doc = "dpmpp_2m in the form of the exponential integrator.",
    .source = "Zhang et al. 2023 (RES), alg. 1 with two steps",
    .order = 2,
    .calls = 1,
    .defaults = {.s_noise = 1, .form = FORM_HEUN},
    .step = two,
};

const struct solver solver_dpmpp_3m = {
    .name = "dpmpp_3m",
    .doc = "One call a step: D is extrapolated from the two steps before. As its authors' code weights the second "
           "difference (half of what the integral has), the order stays 2, with a small constant.",
    .source = "Lu et al. 2022b, app. B, and their code",
    .order = 2,
    .calls = 1,
    .defaults = {.s_noise = 1},
    .step = three,
};

const struct solver solver_dpmpp_2m_sde = {
    .name = "dpmpp_2m_sde",
    .doc = "dpmpp_2m for the reverse stochastic equation; eta scales its noise.",
    .source = "Lu et al. 2022b, sec. 4.3; Gonzalez et al. 2023 (SEEDS)",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise) | OPT(form) | OPT(brownian),
    .defaults = {.eta = 1, .s_noise = 1},
    .step = two,
};

const struct solver solver_dpmpp_3m_sde = {
    .name = "dpmpp_3m_sde",
    .doc = "dpmpp_3m for the reverse stochastic equation; eta scales its noise.",
    .source = "As dpmpp_2m_sde",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise) | OPT(brownian),
    .defaults = {.eta = 1, .s_noise = 1},
    .step = three,
};

const struct solver solver_dpmpp_sde = {
    .name = "dpmpp_sde",
    .doc = "Two calls a step: an ancestral step to the middle of ln k, whose D then serves for the whole step.",
    .source = "Lu et al. 2022b, with the noise of euler_ancestral (k-diffusion)",
    .calls = 2,
    .stochastic = true,
    .takes = OPT(eta) | OPT(s_noise) | OPT(brownian),
    .defaults = {.eta = 1, .s_noise = 1},
    .step = dpmpp_sde,
};
