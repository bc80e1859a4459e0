/* ER-SDE: reverse stochastic equations whose noise is scaled by a rising phi(k). With D a polynomial in k over the step,
 *     y' = r y + (1 - r) D + (k' - k + S0 phi(k')) D1 + ((k' - k)^2 / 2 + S1 phi(k')) D2 + sqrt(k'^2 - (r k)^2) z,
 *     r = phi(k') / phi(k),  S0 = int_k'^k du / phi(u),  S1 = int_k'^k (u - k) du / phi(u).
 * phi(k) = k would be the flow and k^2 the ancestral step; here phi(k) = k g(k), g(k) = exp(k^0.3) + 10. D1 is the slope of
 * D over the last two calls and D2 twice the second divided difference, as the authors' code has it: D1 is not moved
 * from the middle of those calls to k. Steps to data and from infinite k are of first order. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/solver.h"

/* kept is g(low) / g(high), written so that neither overflows; high may be infinite. */
static double kept_of(double high, double low) {
    const double a = isinf(high) ? high : elementary_pow(high, 0.3), rest = 10 * elementary_exp(-a);
    return (elementary_exp(elementary_pow(low, 0.3) - a) + rest) / (1 + rest);
}

/* integrals gives phi(k') S0 and phi(k') S1. In ln u the integrands are smooth on a scale of 1: four Gauss points on
 * pieces of at most a half leave an error below 1e-10 of the result. */
static void integrals(double k, double k_next, double out[2]) {
    static const double NODE[2] = {0.33998104358485626, 0.86113631159405258},
                        WEIGHT[2] = {0.65214515486254614, 0.34785484513745386};
    const double length = elementary_log(k / k_next), pieces = ceil(2 * length), half = length / pieces / 2;
    out[0] = out[1] = 0;
    for (int p = 0; p < (int)pieces; p++)
        for (int i = 0; i < 4; i++) {
            double node = i % 2 ? NODE[i / 2] : -NODE[i / 2];
            double u = k_next * elementary_exp(half * (2 * p + 1 + node));
            double part = half * WEIGHT[i / 2] * k_next * kept_of(u, k_next);
            out[0] += part;
            out[1] += part * (u - k);
        }
}

static void er_sde(struct plan_build *b) {
    const double q = plan_ratio(&b->from, &b->to), kept = kept_of(b->from.k, b->to.k);
    const size_t D = plan_denoise(b), most = (size_t)b->options->order;
    const size_t order = b->to.k > 0 ? plan_finite_calls(b, 0, most) : 1;
    if (b->to.k == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    struct linear sum = linear_of(b->to.sigma / b->from.sigma * kept, b->x);
    linear_add(&sum, b->to.alpha * (1 - q * kept), D);
    if (order > 1) {
        const struct plan_past *last = plan_earlier(b, 1);
        const double k = b->from.k, way = b->to.k - k;
        double S[2];
        integrals(k, b->to.k, S);
        const double slope = b->to.alpha * (way + S[0]) / (k - last->at.k);
        linear_add(&sum, slope, D);
        linear_add(&sum, -slope, last->D);
        if (order > 2) {
            const struct plan_past *before = plan_earlier(b, 2);
            const double bend = b->to.alpha * (way * way / 2 + S[1]) * 2 / (k - before->at.k);
            const double now = bend / (k - last->at.k), then = bend / (last->at.k - before->at.k);
            linear_add(&sum, now, D);
            linear_add(&sum, -now - then, last->D);
            linear_add(&sum, then, before->D);
        }
    }
    b->x = plan_mix_noise(b, &sum, b->options->s_noise * b->to.sigma * sqrt((1 - kept) * (1 + kept)));
}

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "order", (double)options->order, 1, 3);
}

const struct solver solver_er_sde = {
    .name = "er_sde",
    .doc = "Multistep in k for a reverse stochastic equation with less noise at high levels than the ancestral one.",
    .source = "Cui et al. 2023 (ER-SDE-Solvers), alg. 1 to 3, with their noise scale k (exp(k^0.3) + 10)",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(order) | OPT(s_noise),
    .defaults = {.order = 3, .s_noise = 1},
    .check = check,
    .step = er_sde,
};
