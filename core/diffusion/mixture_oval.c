/* Parts with any S_c = Q diag(lambda) Q': with w = Q'(x - alpha m) the exponent is sum_i w_i^2 / v_i, v_i = alpha^2
 * lambda_i + sigma^2, and E[x0 | x, c] = m + Q (alpha lambda_i / v_i w_i). Two passes over the parts: the exponents
 * first, then the mean of those that count; w is computed anew since keeping it would take K d numbers. */
#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_parts.h"

/* along writes w[d][LANES] of part c; u[d][LANES] is room. */
static void along(const struct mixture *m, double alpha, size_t c, const double *restrict x, double *restrict u,
                  double *restrict w) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    double *shifted = m->axes ? u : w;
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++)
            shifted[j * LANES + (size_t)l] = x[j * LANES + (size_t)l] - alpha * mean[j];
    if (!m->axes)
        return;
    const double *axes = m->axes + c * d * d;
    memset(w, 0, d * LANES * sizeof *w);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++) {
            const double q = axes[j * d + i];
            for (int l = 0; l < LANES; l++)
                w[i * LANES + (size_t)l] += q * u[j * LANES + (size_t)l];
        }
}

static double spread(const struct path_point *at, double lambda) {
    return at->alpha * at->alpha * lambda + at->sigma * at->sigma;
}

static void exponent(const struct mixture *m, const struct path_point *at, size_t c, double bias,
                     const double *restrict w, double *restrict out) {
    const double *lambda = m->variance + c * m->base.d;
    double sum[LANES] = {0};
    for (size_t i = 0; i < m->base.d; i++) {
        const double precision = 1 / spread(at, lambda[i]);
        for (int l = 0; l < LANES; l++)
            sum[l] += precision * w[i * LANES + (size_t)l] * w[i * LANES + (size_t)l];
    }
    for (int l = 0; l < LANES; l++)
        out[l] = bias - 0.5 * sum[l];
}

/* add_mean adds e * E[x0 | x, c] to out. */
static void add_mean(const struct mixture *m, const struct path_point *at, size_t c, const double *restrict e,
                     double *restrict w, double *restrict out) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d, *lambda = m->variance + c * d, *axes = m->axes ? m->axes + c * d * d : NULL;
    for (size_t i = 0; i < d; i++) {
        const double gain = at->alpha * lambda[i] / spread(at, lambda[i]);
        for (int l = 0; l < LANES; l++)
            w[i * LANES + (size_t)l] *= gain;
    }
    for (size_t j = 0; j < d; j++) {
        double x0[LANES];
        for (int l = 0; l < LANES; l++)
            x0[l] = axes ? 0 : w[j * LANES + (size_t)l];
        for (size_t i = 0; axes && i < d; i++) {
            const double q = axes[j * d + i];
            for (int l = 0; l < LANES; l++)
                x0[l] += q * w[i * LANES + (size_t)l];
        }
        for (int l = 0; l < LANES; l++)
            out[j * LANES + (size_t)l] += e[l] * (mean[j] + x0[l]);
    }
}

/* soften turns exponents[k][LANES] into the posterior of the parts. */
static void soften(size_t k, double *exponents) {
    double top[LANES], total[LANES] = {0};
    memcpy(top, exponents, sizeof top);
    for (size_t i = 0; i < k * LANES; i++)
        top[i % LANES] = exponents[i] > top[i % LANES] ? exponents[i] : top[i % LANES];
    for (size_t i = 0; i < k * LANES; i++)
        exponents[i] -= top[i % LANES];
    elementary_exp_n(exponents, k * LANES);
    for (size_t i = 0; i < k * LANES; i++)
        total[i % LANES] += exponents[i];
    for (size_t i = 0; i < k * LANES; i++)
        exponents[i] /= total[i % LANES];
}

static bool counts(const double *e) {
    double any = 0;
    for (int l = 0; l < LANES; l++)
        any += e[l];
    return any > 0;
}

static void kernel(const struct mixture *m, const struct path_point *at, const double *prepared, const double *x,
                   double *out, double *scratch) {
    size_t d = m->base.d;
    double *u = scratch, *w = u + d * LANES, *posterior = w + d * LANES;
    for (size_t c = 0; c < m->k; c++) {
        along(m, at->alpha, c, x, u, w);
        exponent(m, at, c, prepared[c], w, posterior + c * LANES);
    }
    soften(m->k, posterior);
    memset(out, 0, d * LANES * sizeof *out);
    for (size_t c = 0; c < m->k; c++)
        if (counts(posterior + c * LANES)) {
            along(m, at->alpha, c, x, u, w);
            add_mean(m, at, c, posterior + c * LANES, w, out);
        }
}

static void prepare(const struct mixture *m, const struct path_point *at, double *bias) {
    for (size_t c = 0; c < m->k; c++) {
        bias[c] = m->ln_weight[c];
        for (size_t i = 0; i < m->base.d; i++)
            bias[c] -= 0.5 * elementary_log(spread(at, m->variance[c * m->base.d + i]));
    }
}

size_t mixture_oval_scratch(const struct mixture *m) {
    return m->k + 2 * m->base.d * LANES + 2 * m->base.d * LANES + m->k * LANES;
}

void mixture_oval_eval(const struct denoiser *self, const struct path_point *at, const void *condition, size_t rows,
                       const double *x, double *out, double *scratch) {
    (void)condition;
    const struct mixture *m = (const struct mixture *)(const void *)self;
    prepare(m, at, scratch);
    mixture_rows(m, at, kernel, scratch, rows, x, out, scratch + m->k);
}
