/* Parts with any S_c = Q diag(lambda) Q': with w = Q'(x - alpha m) the exponent is sum_i w_i^2 / v_i, v_i = alpha^2
 * lambda_i + sigma^2, and E[x0 | x, c] = m + Q (alpha lambda_i / v_i w_i). Two passes over the parts: the exponents
 * first, then the mean of those that count; w is computed anew since keeping it would take K d numbers a row. */
#ifndef SOLVENT_MIXTURE_OVAL_BODY_H
#define SOLVENT_MIXTURE_OVAL_BODY_H

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_rows_body.h"

struct oval {
    const struct mixture *m;
    const struct path_point *at;
    const double *bias; /* [k] */
    double *of_axis;    /* [d] of one part: 1 / v_i, or alpha lambda_i / v_i */
    size_t groups;
    vec *x, *out;   /* [groups][d] */
    vec *u, *w;     /* [d] */
    vec *posterior; /* [k][groups] */
};

/* along writes w of part c. */
static void along(const struct mixture *m, double alpha, size_t c, const vec *restrict x, vec *restrict u,
                  vec *restrict w) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    vec *shifted = m->axes ? u : w;
    for (size_t j = 0; j < d; j++)
        shifted[j] = x[j] - alpha * mean[j];
    if (!m->axes)
        return;
    const double *axes = m->axes + c * d * d;
    memset(w, 0, d * sizeof *w);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++)
            w[i] += axes[j * d + i] * u[j];
}

static double spread(const struct path_point *at, double lambda) {
    return at->alpha * at->alpha * lambda + at->sigma * at->sigma;
}

static void exponents(const struct oval *o, size_t c) {
    size_t d = o->m->base.d;
    const double *lambda = o->m->variance + c * d;
    for (size_t i = 0; i < d; i++)
        o->of_axis[i] = 1 / spread(o->at, lambda[i]);
    for (size_t g = 0; g < o->groups; g++) {
        along(o->m, o->at->alpha, c, o->x + g * d, o->u, o->w);
        vec sum = {0};
        for (size_t i = 0; i < d; i++)
            sum += o->of_axis[i] * o->w[i] * o->w[i];
        o->posterior[c * o->groups + g] = o->bias[c] - 0.5 * sum;
    }
}

/* add_mean adds e * E[x0 | x, c] to out; w is that of the part, times the gain. */
static void add_mean(const struct mixture *m, size_t c, vec e, const vec *restrict w, vec *restrict out) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d, *axes = m->axes ? m->axes + c * d * d : NULL;
    for (size_t j = 0; j < d; j++) {
        vec x0 = {0};
        if (!axes)
            x0 = w[j];
        for (size_t i = 0; axes && i < d; i++)
            x0 += axes[j * d + i] * w[i];
        out[j] += e * (mean[j] + x0);
    }
}

static void means(const struct oval *o, size_t c) {
    size_t d = o->m->base.d;
    const double *lambda = o->m->variance + c * d;
    const vec *e = o->posterior + c * o->groups;
    vec_mask any = {0};
    for (size_t g = 0; g < o->groups; g++)
        any |= ~(e[g] == 0); /* NaN counts */
    if (!vec_any(any))
        return;
    for (size_t i = 0; i < d; i++)
        o->of_axis[i] = o->at->alpha * lambda[i] / spread(o->at, lambda[i]);
    for (size_t g = 0; g < o->groups; g++) {
        if (!vec_any(~(e[g] == 0)))
            continue;
        along(o->m, o->at->alpha, c, o->x + g * d, o->u, o->w);
        for (size_t i = 0; i < d; i++)
            o->w[i] *= o->of_axis[i];
        add_mean(o->m, c, e[g], o->w, o->out + g * d);
    }
}

/* soften turns the exponents of a group, `step` apart, into the posterior of the parts. */
static void soften(size_t k, size_t step, vec *exponent) {
    vec top = exponent[0], total = {0};
    for (size_t c = 1; c < k; c++)
        top = vec_greater(exponent[c * step], top);
    for (size_t c = 0; c < k; c++) {
        exponent[c * step] = vec_exp(exponent[c * step] - top);
        total += exponent[c * step];
    }
    for (size_t c = 0; c < k; c++)
        exponent[c * step] /= total;
}

static void oval_rows(const struct oval *o) {
    size_t k = o->m->k;
    for (size_t c = 0; c < k; c++)
        exponents(o, c);
    for (size_t g = 0; g < o->groups; g++)
        soften(k, o->groups, o->posterior + g);
    memset(o->out, 0, o->groups * o->m->base.d * sizeof *o->out);
    for (size_t c = 0; c < k; c++)
        means(o, c);
}

static void oval_bias(const struct mixture *m, const struct path_point *at, double *bias) {
    for (size_t c = 0; c < m->k; c++) {
        bias[c] = m->ln_weight[c];
        for (size_t i = 0; i < m->base.d; i++)
            bias[c] -= 0.5 * elementary_log(spread(at, m->variance[c * m->base.d + i]));
    }
}

static void oval_eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                      const double *x, double *out, double *scratch) {
    (void)told;
    const struct mixture *m = (const struct mixture *)(const void *)self;
    size_t d = self->d, size = d * GROUPS;
    struct oval o = {.m = m, .at = at, .bias = scratch, .of_axis = scratch + m->k};
    o.x = (vec *)(void *)(o.of_axis + d), o.out = o.x + size, o.u = o.out + size, o.w = o.u + d, o.posterior = o.w + d;
    oval_bias(m, at, scratch);
    for (size_t first = 0; first < rows; first += MIXTURE_TILE) {
        size_t n = rows - first < MIXTURE_TILE ? rows - first : MIXTURE_TILE;
        o.groups = (n + LANES - 1) / LANES;
        for (size_t g = 0; g < o.groups; g++)
            gather(d, n - g * LANES, 1, x + (first + g * LANES) * d, o.x + g * d);
        oval_rows(&o);
        for (size_t g = 0; g < o.groups; g++)
            scatter(d, n - g * LANES, o.out + g * d, out + (first + g * LANES) * d);
    }
}

#endif
