/* Methods that use the slopes of earlier steps. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler.h"

enum { MOST = 4 };

/* nodes gives how many of the newest calls, up to `most`, can serve: those whose slope is finite. */
static size_t nodes(const struct plan_build *b, size_t most, bool in_k) {
    return in_k ? plan_finite_calls(b, 0, most) : b->n_past < most ? b->n_past : most;
}

/* lagrange is basis polynomial j on the nodes s[n], at x. */
static double lagrange(const double *s, size_t n, size_t j, double x) {
    double value = 1;
    for (size_t i = 0; i < n; i++)
        if (i != j)
            value *= (x - s[i]) / (s[j] - s[i]);
    return value;
}

/* taken_nodes is n, but for LMSDiscreteScheduler, which counts the levels above where a run starts as if it had been
 * there (their slopes as 0). */
static size_t taken_nodes(const struct plan_build *b, size_t n) {
    size_t most = (size_t)b->options->order, visited = b->index + 1;
    if (!b->options->scheduler)
        return n;
    return visited < most ? visited : most;
}

/* Adams-Bashforth on steps of any length: the interpolated slope is integrated. Two Gauss points are exact up to cubics,
 * which is all that four nodes make. */
static void lms(struct plan_build *b) {
    size_t D = plan_denoise(b), n = nodes(b, (size_t)b->options->order, !b->path->family->velocity);
    if (n == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const struct plan_frame from = plan_frame(b, &b->from), to = plan_frame(b, &b->to);
    double s[MOST] = {0}, half = (to.s - from.s) / 2, at = half / sqrt(3);
    size_t taken = taken_nodes(b, n);
    for (size_t i = 0; i < taken; i++)
        s[i] = plan_frame(b, i < n ? &plan_earlier(b, i)->at : &b->ahead[-2 - (int)i]).s;
    struct linear sum = linear_of(to.scale / from.scale, b->x);
    for (size_t i = 0; i < n; i++) {
        double weight = half * (lagrange(s, taken, i, from.s + half - at) + lagrange(s, taken, i, from.s + half + at));
        plan_slope(b, &sum, to.scale * weight, &plan_earlier(b, i)->at, plan_earlier(b, i)->x, plan_earlier(b, i)->D);
    }
    b->x = plan_mix(b, &sum);
}

/* The weights of Adams-Bashforth on equal steps, newest first. */
static const double WEIGHTS[MOST][MOST] = {
    {1}, {3.0 / 2, -1.0 / 2}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};

/* transfer is the step of DDIM with a given eps: x' = (alpha'/alpha) x + alpha' (k' - k) eps. */
static size_t transfer(struct plan_build *b, const struct linear *eps, const struct path_point *to) {
    struct linear sum = linear_of(to->alpha / b->from.alpha, b->x);
    linear_plus(&sum, to->alpha * (to->k - b->from.k), eps);
    return plan_mix(b, &sum);
}

static struct linear weighted_eps(const struct plan_build *b, size_t most) {
    struct linear eps = {0};
    size_t n = nodes(b, most, true);
    for (size_t i = 0; i < n; i++)
        plan_eps(&eps, WEIGHTS[n - 1][i], &plan_earlier(b, i)->at, plan_earlier(b, i)->x, plan_earlier(b, i)->D);
    return eps;
}

static void ipndm(struct plan_build *b) {
    size_t D = plan_denoise(b);
    if (b->from.alpha == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const struct linear eps = weighted_eps(b, (size_t)b->options->order);
    b->x = transfer(b, &eps, &b->to);
}

/* Between two points, halfway in t (on discrete paths the trained step below it, as the authors have it). */
static struct path_point halfway(const struct plan_build *b) {
    double t = (b->from.t + b->to.t) / 2;
    return path_at_t(b->path, b->path->steps ? floor(t) : t);
}

/* The first step of PLMS is Heun's, in eps. */
static void improved_euler(struct plan_build *b, size_t D) {
    size_t predicted = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
    size_t D2 = plan_call(b, predicted, &b->to);
    struct linear eps = {0};
    plan_eps(&eps, 0.5, &b->to, predicted, D2);
    plan_eps(&eps, 0.5, &b->from, b->x, D);
    b->x = transfer(b, &eps, &b->to);
}

static void plms(struct plan_build *b) {
    size_t D = plan_denoise(b), n = nodes(b, MOST, true);
    if (n == 0 || (n == 1 && b->to.k == 0)) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
    } else if (n == 1) {
        improved_euler(b, D);
    } else {
        const struct linear eps = weighted_eps(b, MOST);
        b->x = transfer(b, &eps, &b->to);
    }
}

/* The first three steps of PNDM: the classical Runge-Kutta of fourth order, moved by transfers. */
static void runge_kutta(struct plan_build *b, size_t D) {
    const struct path_point middle = halfway(b), *const at[4] = {&b->from, &middle, &middle, &b->to};
    static const double SHARE[4] = {1.0 / 6, 2.0 / 6, 2.0 / 6, 1.0 / 6};
    struct linear all = {0};
    size_t x = b->x;
    for (size_t i = 0; i < 4; i++) {
        struct linear eps = {0};
        if (i)
            D = plan_call(b, x, at[i]);
        plan_eps(&eps, 1, at[i], x, D);
        linear_plus(&all, SHARE[i], &eps);
        if (i < 3)
            x = transfer(b, &eps, at[i + 1]);
    }
    b->x = transfer(b, &all, &b->to);
}

static void pndm(struct plan_build *b) {
    size_t D = plan_denoise(b), n = nodes(b, MOST, true);
    if (n == 0)
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
    else if (n < MOST && b->to.k > 0 && halfway(b).k < b->from.k && halfway(b).k > b->to.k)
        runge_kutta(b, D);
    else {
        const struct linear eps = weighted_eps(b, MOST);
        b->x = transfer(b, &eps, &b->to);
    }
}

/* moments gives the integrals over kappa from k to k' of 1, u and u^2, u = ln(kappa / k), over k. */
static void moments(double q, double out[3]) {
    double u = q > 0 ? elementary_log(q) : 0; /* q (u - 1) and its kin vanish at q = 0 */
    out[0] = q - 1;
    out[1] = q * (u - 1) + 1;
    out[2] = q * (u * u - 2 * u + 2) - 2;
}

/* DEIS: eps is interpolated in ln k and integrated in k. The polynomials are at most quadratic: basis j on the nodes u[n]
 * is (u - a)(u - b) / ((u_j - a)(u_j - b)), or a factor less. */
static void deis(struct plan_build *b) {
    size_t D = plan_denoise(b), n = nodes(b, scheduler_order(b, (size_t)b->options->order), true);
    if (n == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    double m[3], u[3] = {0};
    moments(plan_ratio(&b->from, &b->to), m);
    for (size_t i = 1; i < n; i++)
        u[i] = elementary_log(plan_earlier(b, i)->at.k / b->from.k);
    struct linear sum = linear_of(b->to.alpha / b->from.alpha, b->x);
    for (size_t j = 0; j < n; j++) {
        double weight = m[0], a = u[j == 0 ? 1 : 0], c = u[j == 2 ? 1 : 2];
        if (n == 2)
            weight = (m[1] - a * m[0]) / (u[j] - a);
        else if (n == 3)
            weight = (m[2] - (a + c) * m[1] + a * c * m[0]) / ((u[j] - a) * (u[j] - c));
        plan_eps(&sum, b->to.alpha * b->from.k * weight, &plan_earlier(b, j)->at, plan_earlier(b, j)->x,
                 plan_earlier(b, j)->D);
    }
    b->x = plan_mix(b, &sum);
}

/* Euler along gamma times the new slope and 1 - gamma times the last one. */
static void gradient_estimation(struct plan_build *b) {
    size_t D = plan_denoise(b);
    if (nodes(b, 2, true) < 2 || b->to.k == 0) {
        b->x = plan_first_order(b, &b->from, b->x, D, &b->to, 1, 0);
        return;
    }
    const double gamma = b->options->gamma;
    struct linear eps = {0};
    plan_eps(&eps, gamma, &b->from, b->x, D);
    plan_eps(&eps, 1 - gamma, &plan_earlier(b, 1)->at, plan_earlier(b, 1)->x, plan_earlier(b, 1)->D);
    b->x = transfer(b, &eps, &b->to);
}

static enum status check_three(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "order", (double)options->order, 1, 3);
}

const struct solver solver_lms = {
    .name = "lms",
    .doc = "Linear multistep (Adams-Bashforth) on steps of any length, in k, or on flow in t.",
    .source = "Hairer, Norsett, Wanner, \"Solving ODEs I\", sec. III.5; Katherine Crowson's k-diffusion",
    .order = 4,
    .calls = 1,
    .takes = OPT(order),
    .defaults = {.order = 4},
    .step = lms,
};

const struct solver solver_ipndm = {
    .name = "ipndm",
    .doc = "Adams-Bashforth with the weights of equal steps, on eps, whatever the steps; lower orders at the start.",
    .source = "Zhang, Chen 2023 (DEIS), app. H. A run begins without a history: the loop of diffusers' tests that is "
              "run twice and keeps it is no schedule",
    .order = 2,
    .calls = 1,
    .takes = OPT(order),
    .defaults = {.order = 4},
    .step = ipndm,
};

const struct solver solver_plms = {
    .name = "plms",
    .doc = "Pseudo linear multistep: Heun's step, then Adams-Bashforth on eps with the weights of equal steps.",
    .source = "Liu, Ren, Lin, Zhao 2022 (PNDM), without Runge-Kutta",
    .order = 2,
    .calls = 1,
    .step = plms,
};

const struct solver solver_pndm = {
    .name = "pndm",
    .doc = "As plms, after three steps of a pseudo Runge-Kutta method of four calls each.",
    .source = "Liu, Ren, Lin, Zhao 2022, alg. 2 (F-PNDM)",
    .order = 2,
    .calls = 1,
    .step = pndm,
};

const struct solver solver_deis = {
    .name = "deis",
    .doc = "Exponential integrator of eps, interpolated in ln k over earlier steps.",
    .source = "Zhang, Chen 2023, tAB-DEIS in the variable ln rho",
    .order = 2,
    .calls = 1,
    .takes = OPT(order),
    .defaults = {.order = 2},
    .check = check_three,
    .step = deis,
};

const struct solver solver_gradient_estimation = {
    .name = "gradient_estimation",
    .doc = "Euler along an extrapolated slope, gamma of the new one and 1 - gamma of the last.",
    .source = "Permenter, Yuan 2024, alg. 2",
    .order = 1,
    .calls = 1,
    .takes = OPT(gamma),
    .defaults = {.gamma = 2},
    .step = gradient_estimation,
};
