/* DPM-Solver and DPM-Solver++, multistep and singlestep, with and without noise, as diffusers has them (Lu et al. 2022a,
 * 2022b). With h = ln(k/k') from the base of the step, m the data or the noise, D1 and D2 its divided differences,
 *     x' = keep x + zeroth m + first D1 + second D2 + noise z. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler.h"

struct weights {
    double keep, zeroth, first, second, noise;
};

static const struct scheduler_config *config_of(const struct plan_build *b) { return &b->options->scheduler->config; }

static bool predicts_noise(const struct scheduler_config *c) {
    return c->algorithm_type == ALGORITHM_DPM || c->algorithm_type == ALGORITHM_SDE_DPM;
}

/* Of the data. H is h, or 2 h with noise; the differences are in units of h either way. */
static struct weights of_data(const struct path_point *from, const struct path_point *to, bool noise, bool halves) {
    const double q = plan_ratio(from, to), kept = noise ? q * q : q, H = -elementary_log(kept);
    struct weights w = {.keep = to->sigma / from->sigma * (noise ? q : 1), .zeroth = to->alpha * (1 - kept)};
    w.noise = noise ? to->sigma * sqrt((1 - q) * (1 + q)) : 0;
    if (to->k > 0 && H != 0) {
        w.first = to->alpha * (halves ? 0.5 * (1 - kept) : 1 - (1 - kept) / H);
        w.second = -to->alpha * ((kept - 1 + H) / (H * H) - 0.5);
        if (noise) /* as published: the sign of H is that of -h there */
            w.second = to->alpha * ((1 - kept - H) / (H * H) - 0.5);
    }
    return w;
}

static struct weights of_noise(const struct path_point *from, const struct path_point *to, bool noise, bool halves) {
    const double q = plan_ratio(from, to), h = -elementary_log(q), grown = 1 / q - 1, twice = noise ? 2 : 1;
    return (struct weights){
        .keep = to->alpha / from->alpha,
        .zeroth = -twice * to->sigma * grown,
        .first = -twice * to->sigma * (halves ? 0.5 * grown : grown / h - 1),
        .second = -to->sigma * ((grown - h) / (h * h) - 0.5),
        .noise = noise ? to->sigma * sqrt(grown * (2 + grown)) : 0, /* 1 / q^2 - 1 */
    };
}

static struct weights weights_of(const struct plan_build *b, const struct path_point *from, bool halves) {
    const struct scheduler_config *c = config_of(b);
    bool noise = c->algorithm_type == ALGORITHM_SDE_DPM || c->algorithm_type == ALGORITHM_SDE_DPMPP;
    return predicts_noise(c) ? of_noise(from, &b->to, noise, halves) : of_data(from, &b->to, noise, halves);
}

/* add adds by * m of an earlier call. */
static void add(const struct plan_build *b, struct linear *sum, double by, size_t i) {
    const struct plan_past *p = plan_earlier(b, i);
    if (predicts_noise(config_of(b)))
        plan_eps(sum, by, &p->at, p->x, p->D);
    else
        linear_add(sum, by, p->D);
}

static double ln_ratio(const struct path_point *high, const struct path_point *low) {
    return elementary_log(high->k / low->k);
}

/* The newest call is the base; D1, D2 look back. */
static void multi(struct plan_build *b) {
    (void)plan_denoise(b);
    size_t order = scheduler_order(b, (size_t)config_of(b)->solver_order);
    order = b->to.k == b->from.k ? 1 : order < b->n_past ? order : b->n_past;
    const struct weights w = weights_of(b, &b->from, order == 2 && config_of(b)->solver_type != SOLVER_TYPE_HEUN);
    struct linear sum = linear_of(w.keep, b->x);
    add(b, &sum, w.zeroth, 0);
    if (order > 1) {
        const double h = ln_ratio(&b->from, &b->to), r0 = ln_ratio(&plan_earlier(b, 1)->at, &b->from) / h;
        double near = w.first, far = 0; /* what (m0 - m1) / r0 and (m1 - m2) / r1 get */
        if (order == 3) {
            double r1 = ln_ratio(&plan_earlier(b, 2)->at, &plan_earlier(b, 1)->at) / h;
            far = -(w.first * r0 + w.second) / (r0 + r1);
            near -= far;
            add(b, &sum, far / r1, 1);
            add(b, &sum, -far / r1, 2);
        }
        add(b, &sum, near / r0, 0);
        add(b, &sum, -near / r0, 1);
    }
    b->x = plan_mix_noise(b, &sum, w.noise);
}

/* order_at is the order of step i of n: 1 2 or 1 2 3 over and over, and lower ones at the end. */
static size_t order_at(const struct scheduler_config *c, size_t i, size_t n) {
    const size_t most = (size_t)c->solver_order, left = n - i;
    bool zero = c->final_sigmas_type == FINAL_AT_ZERO;
    if (left == 1 && zero)
        return 1;
    if (c->lower_order_final || zero || n % most) { /* whole rounds, then 1, 1 2, or 1 2 1 and 1 1 */
        size_t rest = n % most ? n % most : most;
        if (rest == most && left == 1)
            return 1;
        if (rest == most && left == 2 && most == 2)
            return 1;
    }
    return i % most + 1;
}

/* The call that began the group is the base; D1, D2 look ahead from there. */
static void single(struct plan_build *b) {
    (void)plan_denoise(b);
    const struct scheduler_config *c = config_of(b);
    size_t order = order_at(c, b->index, b->n_steps);
    order = order < b->n_past ? order : b->n_past;
    const size_t base = order - 1;
    const struct path_point *from = &plan_earlier(b, base)->at;
    const struct weights w = weights_of(b, from, order == 2 && c->solver_type != SOLVER_TYPE_HEUN);
    struct linear sum = linear_of(w.keep, plan_earlier(b, base)->x);
    add(b, &sum, w.zeroth, base);
    if (order > 1) {
        const double h = ln_ratio(from, &b->to), r0 = ln_ratio(from, &b->from) / h;
        double last = w.first, between = 0; /* what (m0 - base) / r0 and (m1 - base) / r1 get */
        if (order == 3 && c->solver_type == SOLVER_TYPE_HEUN) {
            double r1 = ln_ratio(from, &plan_earlier(b, 1)->at) / h;
            last = (-r1 * w.first + 2 * w.second) / (r0 - r1);
            between = (r0 * w.first - 2 * w.second) / (r0 - r1);
            add(b, &sum, between / r1, 1);
            add(b, &sum, -between / r1, base);
        }
        add(b, &sum, last / r0, 0);
        add(b, &sum, -last / r0, base);
    }
    b->x = plan_mix_noise(b, &sum, w.noise);
}

const struct solver scheduler_dpm_multi = {.name = "DPMSolverMultistepScheduler", .calls = 1, .step = multi};
const struct solver scheduler_dpm_single = {.name = "DPMSolverSinglestepScheduler", .calls = 1, .step = single};
