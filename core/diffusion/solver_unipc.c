/* UniPC: a multistep predictor in D, and a corrector of one order more that the next step's call pays for.
 * With h = ln(k/k'), nodes r_i = ln(k/k_i) / h of earlier calls (negative) and r = 1 of the new one, differences
 * (D_i - D) / r_i are weighted so that the step is exact for polynomials: sum over i of r_i^(n-1) rho_i = b_n. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler.h"

enum { MOST = 4 }; /* unknowns: two earlier calls and the new one, and room */

/* solve overwrites rhs with the solution of the n x n system; pivots are sought, so that no order of nodes matters. */
static void solve(double a[MOST][MOST], double rhs[MOST], size_t n) {
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t r = c + 1; r < n; r++)
            best = fabs(a[r][c]) > fabs(a[best][c]) ? r : best;
        for (size_t j = 0; j < n; j++) {
            double t = a[c][j];
            a[c][j] = a[best][j];
            a[best][j] = t;
        }
        double t = rhs[c];
        rhs[c] = rhs[best];
        rhs[best] = t;
        for (size_t r = c + 1; r < n; r++) {
            double f = a[r][c] / a[c][c];
            for (size_t j = c; j < n; j++)
                a[r][j] -= f * a[c][j];
            rhs[r] -= f * rhs[c];
        }
    }
    for (size_t c = n; c-- > 0;) {
        for (size_t j = c + 1; j < n; j++)
            rhs[c] -= a[c][j] * rhs[j];
        rhs[c] /= a[c][c];
    }
}

/* weights solves for rho on the nodes r[n]; hh = -h, or h of noise. */
static void weights(enum solver_bh bh, double hh, const double *r, size_t n, double *rho) {
    double a[MOST][MOST], phi1 = elementary_expm1(hh), B = bh == BH_1 ? hh : phi1, phi = phi1 / hh - 1, factorial = 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            a[i][j] = i == 0 ? 1 : a[i - 1][j] * r[j];
        rho[i] = phi * factorial / B;
        factorial *= (double)(i + 2);
        phi = phi / hh - 1 / factorial;
    }
    solve(a, rho, n);
}

static const struct scheduler *scheduler_of(const struct plan_build *b) { return b->options->scheduler; }

/* A scheduler may predict the noise instead of the data: h then changes its sign, and alpha and sigma their places. */
static bool predicts_noise(const struct plan_build *b) {
    return scheduler_of(b) && !scheduler_of(b)->config.predict_x0;
}

static void add(const struct plan_build *b, struct linear *sum, double by, const struct plan_past *of) {
    if (predicts_noise(b))
        plan_eps(sum, by, &of->at, of->x, of->D);
    else
        linear_add(sum, by, of->D);
}

/* step_from writes the state at `to` from the state x at call number `base` (0: the newest), with `order` - 1 earlier
 * calls, and the newest call, of the state at `to`, where `corrects`. */
static size_t step_from(struct plan_build *b, size_t base, const struct path_point *to, size_t order, bool corrects) {
    const struct plan_past *from = plan_earlier(b, base);
    const bool noise = predicts_noise(b);
    const double q = noise ? 1 / plan_ratio(&from->at, to) : plan_ratio(&from->at, to);
    const double scale = noise ? to->sigma : to->alpha;
    struct linear sum = linear_of(noise ? to->alpha / from->at.alpha : to->sigma / from->at.sigma, from->state);
    add(b, &sum, scale * (1 - q), from);
    size_t n = order - 1;
    if (n || corrects) {
        const double hh = elementary_log(q), B = b->options->bh == BH_1 ? hh : elementary_expm1(hh);
        double r[MOST], rho[MOST] = {0.5};
        for (size_t i = 0; i < n; i++)
            r[i] = (noise ? -1 : 1) * elementary_log(plan_earlier(b, base + 1 + i)->at.k / from->at.k) / hh;
        if (corrects)
            r[n++] = 1;
        if (n > 1 || order > 2) /* one unknown: 1/2, as the authors have it */
            weights(b->options->bh, hh, r, n, rho);
        for (size_t i = 0; i < n; i++) {
            const struct plan_past *other =
                corrects && i == n - 1 ? plan_earlier(b, base - 1) : plan_earlier(b, base + 1 + i);
            add(b, &sum, -scale * B * rho[i] / r[i], other);
            add(b, &sum, scale * B * rho[i] / r[i], from);
        }
    }
    return plan_mix(b, &sum);
}

/* order_of is the order of step `index`, with n calls before and at its start: it grows to what is asked for and falls
 * to 1 towards the end. */
static size_t order_of(const struct plan_build *b, size_t index, size_t n, double k_next) {
    size_t order = (size_t)b->options->order, left = b->n_steps - index;
    order = order < n ? order : n;
    if (!scheduler_of(b) || scheduler_of(b)->config.lower_order_final)
        order = order < left ? order : left;
    return k_next > 0 ? order : 1;
}

/* disabled: a scheduler may list steps whose end is not corrected. */
static bool corrects(const struct plan_build *b) {
    const struct scheduler *s = scheduler_of(b);
    for (size_t i = 0; s && i < s->config.disable_corrector.n; i++)
        if (s->config.disable_corrector.v[i] == (double)b->index - 1)
            return false;
    return b->options->corrector && b->n_past > 1 && plan_earlier(b, 1)->at.alpha > 0;
}

/* calls_at counts the calls that a step can use, from call `base` back; a first-order step works from any. */
static size_t calls_at(const struct plan_build *b, size_t base) {
    size_t n = plan_finite_calls(b, base, MOST);
    return n ? n : 1;
}

static void unipc(struct plan_build *b) {
    (void)plan_denoise(b);
    if (corrects(b)) {
        size_t order = order_of(b, b->index - 1, calls_at(b, 1), b->from.k);
        b->past[b->n_past - 1].state = step_from(b, 1, &b->from, order, true);
    }
    double k_next = b->to.k != b->from.k ? b->to.k : 0; /* schedulers may repeat a level */
    b->x = step_from(b, 0, &b->to, order_of(b, b->index, calls_at(b, 0), k_next), false);
}

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "order", (double)options->order, 1, 3);
}

const struct solver solver_unipc = {
    .name = "unipc",
    .doc = "A multistep predictor, and a corrector of one order more that costs no call; one call a step.",
    .source = "Zhao, Bai, Rao, Zhou, Lu 2023 (UniPC), alg. 5 to 8, in double precision: where diffusers rounds a level "
              "that a step nearly repeats, its UniPCMultistepScheduler differs by up to 3e-3",
    .order = 2,
    .calls = 1,
    .takes = OPT(order) | OPT(bh) | OPT(corrector),
    .defaults = {.order = 2, .bh = BH_2, .corrector = true},
    .check = check,
    .step = unipc,
};
