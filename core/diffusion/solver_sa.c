/* SA-Solver: stochastic Adams methods. With lambda = -ln k, h its step, S = 1 + tau^2 and L_i the Lagrange basis on the
 * calls that are used,
 *     x' = (sigma'/sigma) e^(-tau^2 h) x + S alpha' sum_i D_i int_-h^0 e^(S u) L_i(u) du + sigma' sqrt(1 - e^(-2 tau^2 h)) z,
 * u counted from the end of the step; with noise in place of data (schedulers only) e^-u takes the place of e^(S u). The
 * corrector takes the step again with the new call among the nodes and the same z. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler.h"

enum { MOST = 4, TERMS = 30 };

/* moments gives int_-h^0 e^(S u) u^n du for n < MOST: by parts, or where that would cancel as a series. */
static void moments(double S, double h, double *out) {
    const double kept = elementary_exp(-S * h);
    for (int n = 0; n < MOST; n++) {
        double power = n == 0 ? 1 : n == 1 ? -h : n == 2 ? h * h : -h * h * h;
        if (fabs(S * h) > 1) {
            out[n] = n == 0 ? (1 - kept) / S : (-power * kept - n * out[n - 1]) / S;
            continue;
        }
        double factor = 1, sum = 0; /* (-S h)^j / j! */
        for (int j = 0; j < TERMS; j++) {
            sum += factor / (n + j + 1);
            factor *= -S * h / (j + 1);
        }
        out[n] = power * h * sum;
    }
}

/* basis integrates e^(S u) L_i(u) for each of n nodes u[]. */
static void basis(double S, double h, const double *u, size_t n, double *out) {
    double m[MOST];
    moments(S, h, m);
    for (size_t i = 0; i < n; i++) {
        double poly[MOST] = {1}, scale = 1, sum = 0; /* of the factors (v - u_j), lowest power first */
        for (size_t j = 0; j < n; j++) {
            if (j == i)
                continue;
            for (size_t k = MOST - 1; k > 0; k--)
                poly[k] = poly[k - 1] - u[j] * poly[k];
            poly[0] *= -u[j];
            scale *= u[i] - u[j];
        }
        for (size_t k = 0; k < MOST; k++)
            sum += poly[k] * m[k];
        out[i] = sum / scale;
    }
}

/* Two nodes: the authors replace the step's own second moment by one that is simpler to compare (their code). */
static double second_order(double S, double h, bool corrects) {
    if (h == 0)
        return 0;
    double rest = (h * S - 1 + elementary_exp(-S * h)) / (S * S);
    return corrects ? h / 2 - rest / h : h * h / 2 - rest;
}

/* The step from call `base` to `to`, but for its noise: `order` nodes, of which the first is D_new where there is one. */
static struct linear adams(const struct plan_build *b, size_t base, const struct path_point *to, size_t order,
                           double tau, size_t D_new) {
    const struct scheduler *s = b->options->scheduler;
    const bool noise = s && s->config.algorithm_type == ALGORITHM_NOISE;
    const struct plan_past *from = plan_earlier(b, base);
    const double q = plan_ratio(&from->at, to), S = 1 + tau * tau;
    struct linear sum = linear_of(
        noise ? to->alpha / from->at.alpha : to->sigma / from->at.sigma * elementary_pow(q, tau * tau), from->state);
    if (order == 1 && !D_new && !noise) { /* also to data and from infinite k */
        linear_add(&sum, to->alpha * (1 - elementary_pow(q, S)), from->D);
        return sum;
    }
    const double h = -elementary_log(q), by = noise ? -S * to->sigma : S * to->alpha;
    double u[MOST], weights[MOST];
    const struct plan_past *new = D_new ? plan_earlier(b, base - 1) : NULL;
    for (size_t i = 0; i < order; i++) {
        const struct path_point *at = D_new && i == 0 ? &new->at : &plan_earlier(b, base + i - (D_new ? 1 : 0))->at;
        u[i] = elementary_log(to->k / at->k);
    }
    basis(noise ? -1 : S, h, u, order, weights);
    if (order == 2 && !noise) {
        double extra = second_order(S, h, D_new);
        extra = D_new ? extra : extra / (u[0] - u[1]);
        weights[0] += extra;
        weights[1] -= extra;
    }
    for (size_t i = 0; i < order; i++) {
        const struct plan_past *p = plan_earlier(b, base + i - (D_new ? 1 : 0));
        if (noise)
            plan_eps(&sum, by * weights[i], &p->at, p->x, p->D);
        else
            linear_add(&sum, by * weights[i], p->D);
    }
    return sum;
}

/* What holds of step `index`, which has `calls` calls at its start. */
struct rules {
    size_t predictor, corrector;
    double tau;
};

static struct rules rules_of(const struct plan_build *b, size_t index, size_t calls, const struct path_point *from,
                             double k_next) {
    const struct scheduler *s = b->options->scheduler;
    const size_t left = b->n_steps - index;
    size_t predictor = (size_t)(s ? s->config.predictor_order : b->options->order);
    size_t corrector = (size_t)(s ? s->config.corrector_order : b->options->order);
    double tau = s ? from->t >= 200 && from->t <= 800 : b->options->eta;
    if (!s || s->config.lower_order_final) {
        predictor = predictor < left ? predictor : left;
        corrector = corrector < left + 1 ? corrector : left + 1;
    }
    predictor = predictor < calls ? predictor : calls;
    corrector = corrector < calls + 1 ? corrector : calls + 1;
    return (struct rules){k_next > 0 ? predictor : 1, corrector, tau};
}

/* calls_at counts the calls that a step can use, from call `base` back; a first-order step works from any. */
static size_t calls_at(const struct plan_build *b, size_t base) {
    size_t n = plan_finite_calls(b, base, MOST);
    return n ? n : 1;
}

/* correct takes the last step again: what the prediction was made of is taken out of the state, its noise stays. */
static void correct(struct plan_build *b) {
    const struct plan_past *last = plan_earlier(b, 1);
    const struct rules r = rules_of(b, b->index - 1, calls_at(b, 1), &last->at, b->from.k);
    const struct linear predicted = adams(b, 1, &b->from, r.predictor, r.tau, 0),
                        corrected = adams(b, 1, &b->from, r.corrector, r.tau, plan_earlier(b, 0)->D);
    struct linear sum = linear_of(1, plan_earlier(b, 0)->x);
    linear_plus(&sum, 1, &corrected);
    linear_plus(&sum, -1, &predicted);
    b->past[b->n_past - 1].state = plan_mix(b, &sum);
}

static void sa_solver(struct plan_build *b) {
    size_t D = plan_denoise(b);
    (void)D;
    bool corrects = b->options->scheduler || b->options->corrector;
    if (corrects && b->n_past > 1 && plan_earlier(b, 1)->at.alpha > 0 && b->from.k < plan_earlier(b, 1)->at.k)
        correct(b);
    const struct rules r = rules_of(b, b->index, calls_at(b, 0), &b->from, b->to.k);
    const struct linear sum = adams(b, 0, &b->to, r.predictor, r.tau, 0);
    const struct scheduler *s = b->options->scheduler;
    const double q = plan_ratio(&b->from, &b->to), spread = elementary_pow(q, 2 * r.tau * r.tau);
    double noise = b->to.sigma * sqrt(1 - spread);
    if (s && s->config.algorithm_type == ALGORITHM_NOISE)
        noise = r.tau * b->to.sigma * sqrt((1 / q - 1) * (1 / q + 1));
    if (s && noise == 0)
        plan_skip(b); /* diffusers draws at every step */
    b->x = plan_mix_noise(b, &sum, noise);
}

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    enum status status = solver_range(ctx, "order", (double)options->order, 1, 3);
    return status == STATUS_OK ? solver_range(ctx, "eta", options->eta, 0, 2) : status;
}

const struct solver solver_sa_solver = {
    .name = "sa_solver",
    .doc =
        "Stochastic Adams: a multistep predictor in D, and a corrector that the next step's call pays for. eta is tau, "
        "the amount of noise; 0: none.",
    .source = "Xue et al. 2023 (SA-Solver), alg. 1",
    .calls = 1,
    .stochastic = true,
    .takes = OPT(order) | OPT(eta) | OPT(corrector),
    .defaults = {.order = 3, .eta = 1, .corrector = true},
    .check = check,
    .step = sa_solver,
};
