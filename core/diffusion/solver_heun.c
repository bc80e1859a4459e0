/* Heun's trapezoid, with the noise that EDM puts back before a step. */
#include <float.h>
#include <math.h>

#include "core/diffusion/solver.h"

/* churn raises the state to a higher noise level and moves b->from there. */
static void churn(struct plan_build *b) {
    const struct solver_options *o = b->options;
    const struct path_point from = b->from;
    const double most = M_SQRT2 - 1;
    if (o->s_churn == 0 || from.alpha == 0 || from.k < o->s_tmin || from.k > o->s_tmax)
        return;
    double gamma = o->s_churn / (double)b->n_steps;
    gamma = gamma < most ? gamma : most;
    b->from = path_at_k(b->path, from.k * (1 + gamma));
    b->x = plan_raise(b, b->x, &from, &b->from, o->s_noise);
}

static void heun(struct plan_build *b) {
    churn(b);
    const struct plan_frame frame = plan_frame(b, &b->from), next = plan_frame(b, &b->to);
    size_t D = plan_denoise(b), predicted = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
    if (b->to.k > 0 && (b->from.alpha > 0 || b->path->family->velocity)) {
        size_t D2 = plan_call(b, predicted, &b->to);
        const double half = 0.5 * next.scale * (next.s - frame.s);
        struct linear sum = linear_of(1, predicted);
        plan_slope(b, &sum, half, &b->to, predicted, D2);
        plan_slope(b, &sum, -half, &b->from, b->x, D);
        predicted = plan_mix(b, &sum);
    }
    b->x = predicted;
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

const struct solver solver_heun = {
    .name = "heun",
    .doc =
        "Second order, two network calls a step but the last: the trapezoid of the slope in k, or on flow in t. With "
        "s_churn the stochastic sampler of EDM.",
    .source = "Karras et al. 2022, alg. 1 and 2",
    .order = 2,
    .calls = 2,
    .takes = OPT(s_churn) | OPT(s_tmin) | OPT(s_tmax) | OPT(s_noise),
    .defaults = {.s_tmax = DBL_MAX, .s_noise = 1},
    .check = check,
    .step = heun,
};
