/* The first-order solvers: one formula, told apart by how much noise a step adds. With q = k'/k:
 *     x' = alpha' D + sigma' (v eps + u z),  u = eta sqrt(1 - q^2),  v = sqrt(1 - u^2). */
#include <math.h>

#include "core/diffusion/solver.h"

static void ancestral(struct plan_build *b) {
    double u, v = plan_shares(plan_ratio(&b->from, &b->to), b->options->eta, &u);
    size_t D = plan_denoise(b);
    b->x = plan_first_order(b, &b->from, b->x, D, &b->to, v, b->to.sigma * u);
}

static void ddpm(struct plan_build *b) {
    double q = plan_ratio(&b->from, &b->to), noise = b->to.sigma * sqrt((1 - q) * (1 + q));
    double kept = b->from.alpha / b->to.alpha;
    if (b->options->variance == VARIANCE_LARGE && b->to.k > 0)
        noise = sqrt((1 - kept) * (1 + kept));
    size_t D = plan_denoise(b);
    b->x = plan_first_order(b, &b->from, b->x, D, &b->to, q, noise);
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
    .doc = "First order. Deterministic unless eta is given: DDIM on ddpm and vp, Euler in k on edm and ve, Euler in t "
           "on flow are this one formula.",
    .source = "Song, Meng, Ermon 2021 (DDIM), eq. 12",
    .order = 1,
    .calls = 1,
    .takes = OPT(eta),
    .check = check_euler,
    .step = ancestral,
};

const struct solver solver_euler_ancestral = {
    .name = "euler_ancestral",
    .doc = "Euler to a lower level, then fresh noise up to the next one; eta may pass 1.",
    .source = "Karras et al. 2022 and its followers",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(eta),
    .defaults = {.eta = 1},
    .check = check_ancestral,
    .step = ancestral,
};

const struct solver solver_ddpm = {
    .name = "ddpm",
    .doc = "Ancestral sampling: the posterior of the next state given this one and D, with the posterior's variance or "
           "that of the forward step. Variances that a network says (learned, learned_range) come with its "
           "scheduler_config.",
    .source = "Ho, Jain, Abbeel 2020, alg. 2 and sec. 3.2",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(variance),
    .check = check_ddpm,
    .step = ddpm,
};
