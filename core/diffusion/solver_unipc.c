/* UniPC: a multistep predictor in D, and a corrector of one order more that the next step's call pays for.
 * With h = ln(k/k'), nodes r_i = ln(k/k_i) / h of earlier calls (negative) and r = 1 of the new one, differences
 * (D_i - D) / r_i are weighted so that the step is exact for polynomials: sum over i of r_i^(n-1) rho_i = b_n. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/solver.h"

enum { MOST = 4 }; /* unknowns: two earlier calls and the new one, and room */

static const struct plan_past *past(const struct plan_build *b, size_t i) { return &b->past[b->n_past - 1 - i]; }

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

/* weights solves for rho on the nodes r[n]; hh = -h. */
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

/* step_from writes the state at `to` from the state x at call number `base` (0: the newest), with `order` - 1 earlier
 * calls, and D_new of the state at `to` where it is known (0: not yet). */
static size_t step_from(struct plan_build *b, size_t base, const struct path_point *to, size_t order, size_t D_new) {
    const struct plan_past *from = past(b, base);
    const double q = plan_ratio(&from->at, to);
    struct linear sum = linear_of(to->sigma / from->at.sigma, from->x);
    linear_add(&sum, to->alpha * (1 - q), from->D);
    size_t n = order - 1;
    if (n || D_new) {
        const double hh = elementary_log(q), B = b->options->bh == BH_1 ? hh : elementary_expm1(hh);
        double r[MOST], rho[MOST] = {0.5};
        for (size_t i = 0; i < n; i++)
            r[i] = elementary_log(past(b, base + 1 + i)->at.k / from->at.k) / hh;
        if (D_new)
            r[n++] = 1;
        if (n > 1 || order > 2) /* one unknown: 1/2, as the authors have it */
            weights(b->options->bh, hh, r, n, rho);
        for (size_t i = 0; i < n; i++) {
            size_t D = D_new && i == n - 1 ? D_new : past(b, base + 1 + i)->D;
            linear_add(&sum, -to->alpha * B * rho[i] / r[i], D);
            linear_add(&sum, to->alpha * B * rho[i] / r[i], from->D);
        }
    }
    return plan_mix(b, &sum);
}

/* order_of is the order of step `index`, with n calls before and at its start: it grows to what is asked for and falls
 * to 1 towards the end. */
static size_t order_of(const struct plan_build *b, size_t index, size_t n, double k_next) {
    size_t order = (size_t)b->options->order, left = b->n_steps - index;
    order = order < n ? order : n;
    order = order < left ? order : left;
    return k_next > 0 ? order : 1;
}

static size_t finite_calls(const struct plan_build *b, size_t base) {
    size_t n = 0;
    while (base + n < b->n_past && past(b, base + n)->at.alpha > 0)
        n++;
    return n ? n : 1;
}

static void unipc(struct plan_build *b) {
    size_t D = plan_denoise(b);
    if (b->options->corrector && b->n_past > 1 && past(b, 1)->at.alpha > 0) {
        size_t order = order_of(b, b->index - 1, finite_calls(b, 1), b->from.k);
        b->past[b->n_past - 1].x = step_from(b, 1, &b->from, order, D);
    }
    b->x = step_from(b, 0, &b->to, order_of(b, b->index, finite_calls(b, 0), b->to.k), 0);
}

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)path;
    return solver_range(ctx, "order", (double)options->order, 1, 3);
}

const struct solver solver_unipc = {
    .name = "unipc",
    .doc = "A multistep predictor, and a corrector of one order more that costs no call; one call a step.",
    .source = "Zhao, Bai, Rao, Zhou, Lu 2023 (UniPC), alg. 5 to 8",
    .order = 2,
    .calls = 1,
    .takes = OPT(order) | OPT(bh) | OPT(corrector),
    .defaults = {.order = 2, .bh = BH_2, .corrector = true},
    .check = check,
    .step = unipc,
};
