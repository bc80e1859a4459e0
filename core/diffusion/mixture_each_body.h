/* A group of rows, each at its own noise level: D, and what likelihoods want. With g_c the gradient of part c's log density,
 * D_c its denoised data, J_c = Q diag(alpha lambda_i / v_i) Q', and averages over the posterior r:
 *     D = <D_c>,  tr J = <tr J_c> + <g_c . D_c> - <g_c> . <D_c>,
 *     v' J v = <v' J_c v> + <(g_c . v) (D_c . v)> - (<g_c> . v) (<D_c> . v).
 * One pass over the parts with a running maximum (Milakov, Gimelshein 2018). */
#ifndef SOLVENT_MIXTURE_EACH_BODY_H
#define SOLVENT_MIXTURE_EACH_BODY_H

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_rows_body.h"

#define LN_TAU 1.8378770664093453 /* ln 2 pi */

/* The rows: their levels, x and v[d] (v NULL: no directions). */
struct each_rows {
    vec alpha, sigma2;
    const vec *x, *v;
    bool jacobian; /* more is wanted than D and the density */
};

/* One part. With v = alpha^2 lambda + sigma^2 along each axis, or once where the part is round: */
struct each_part {
    vec logit, trace, gD, vJv, gv, Dv;
    vec *precision, *gain; /* 1 / v and alpha lambda / v; [d], or [1] */
    vec half_ln;           /* log det / 2 */
    double lambda;         /* round: that of the three above; parts of one width share them */
    vec *w, *g, *u;        /* [d]; w is Q'(x - alpha m), then D_c; g the gradient; u room */
};

/* Sums over the parts, each times exp(logit - best). */
struct each_sums {
    vec best, total, trace, gD, vJv, gvDv;
    vec *D, *g; /* [d] */
};

enum { PRODUCTS = 8 }; /* variances in one logarithm: between 1e-30 and 1e36 each, so the product stays normal */

static void swap(vec **a, vec **b) {
    vec *t = *a;
    *a = *b;
    *b = t;
}

/* turn writes Q' u (or Q u, `back`) to `to`. */
static void turn(size_t d, const double *axes, bool back, const vec *restrict from, vec *restrict to) {
    memset(to, 0, d * sizeof *to);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++)
            to[back ? j : i] += axes[j * d + i] * from[back ? i : j];
}

static void shift(const struct mixture *m, const struct each_rows *rows, size_t c, struct each_part *p) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    vec *restrict to = m->axes ? p->u : p->w;
    for (size_t j = 0; j < d; j++)
        to[j] = rows->x[j] - rows->alpha * mean[j];
    if (m->axes)
        turn(d, m->axes + c * d * d, false, p->u, p->w);
}

/* widths finds the precisions and gains of part c, and the determinant. */
static void widths(const struct mixture *m, const struct each_rows *rows, size_t c, struct each_part *p) {
    size_t n = m->round ? 1 : m->base.d;
    const double *lambda = m->variance + c * n;
    if (m->round && *lambda == p->lambda)
        return;
    vec product = vec_of(1);
    memset(&p->half_ln, 0, sizeof p->half_ln);
    for (size_t i = 0; i < n; i++) {
        const vec v = rows->alpha * rows->alpha * lambda[i] + rows->sigma2;
        p->precision[i] = 1 / v;
        p->gain[i] = rows->alpha * lambda[i] * p->precision[i];
        product *= v;
        if (i % PRODUCTS == PRODUCTS - 1 || i + 1 == n) {
            p->half_ln += (m->round ? 0.5 * (double)m->base.d : 0.5) * vec_log_normal(product);
            product = vec_of(1);
        }
    }
    p->lambda = *lambda;
}

/* weigh makes the logit of w. */
static void weigh(const struct mixture *m, size_t c, struct each_part *p) {
    size_t d = m->base.d;
    vec sum = {0};
    if (m->round) {
        for (size_t i = 0; i < d; i++)
            sum += p->w[i] * p->w[i];
        sum *= p->precision[0];
    } else {
        for (size_t i = 0; i < d; i++)
            sum += p->precision[i] * p->w[i] * p->w[i];
    }
    p->logit = m->ln_weight[c] - p->half_ln - 0.5 * sum;
}

/* denoise makes w D_c. */
static void denoise(const struct mixture *m, size_t c, struct each_part *p) {
    size_t d = m->base.d, each = m->round ? 0 : 1;
    const double *mean = m->means + c * d;
    for (size_t i = 0; i < d; i++)
        p->w[i] *= p->gain[i * each];
    if (m->axes) {
        turn(d, m->axes + c * d * d, true, p->w, p->u);
        swap(&p->w, &p->u);
    }
    for (size_t j = 0; j < d; j++)
        p->w[j] += mean[j];
}

/* slope makes g the gradient of the log density, and sums up what J_c has; uses u. */
static void slope(const struct mixture *m, const struct each_rows *rows, size_t c, struct each_part *p) {
    size_t d = m->base.d, each = m->round ? 0 : 1;
    const vec *v = rows->v;
    memset(&p->trace, 0, sizeof p->trace);
    memset(&p->vJv, 0, sizeof p->vJv);
    if (m->axes && v) {
        turn(d, m->axes + c * d * d, false, v, p->u);
        v = p->u;
    }
    for (size_t i = 0; i < d; i++) {
        p->trace += p->gain[i * each];
        p->g[i] = -p->precision[i * each] * p->w[i];
        if (v)
            p->vJv += p->gain[i * each] * v[i] * v[i];
    }
    if (m->axes) {
        turn(d, m->axes + c * d * d, true, p->g, p->u);
        swap(&p->g, &p->u);
    }
}

/* multiply finds the products of g_c, D_c and v. */
static void multiply(size_t d, const vec *restrict v, struct each_part *p) {
    memset(&p->gD, 0, sizeof p->gD);
    memset(&p->gv, 0, sizeof p->gv);
    memset(&p->Dv, 0, sizeof p->Dv);
    for (size_t j = 0; j < d; j++)
        p->gD += p->g[j] * p->w[j];
    for (size_t j = 0; v && j < d; j++) {
        p->gv += p->g[j] * v[j];
        p->Dv += p->w[j] * v[j];
    }
}

/* raise moves the sums to a new maximum where a lane's logit is above. */
static void each_raise(size_t d, struct each_sums *s, const vec *logit) {
    const vec_mask above = *logit > s->best;
    if (!vec_any(above))
        return;
    const vec best = vec_where(above, *logit, s->best);
    const vec shrink = vec_exp(s->best - best); /* of -inf at the first part: 0, and so are the sums */
    s->best = best;
    s->total *= shrink;
    s->trace *= shrink;
    s->gD *= shrink;
    s->vJv *= shrink;
    s->gvDv *= shrink;
    for (size_t i = 0; i < d; i++) {
        s->D[i] *= shrink;
        s->g[i] *= shrink;
    }
}

/* weights writes exp(logit - best). False: they are all 0. */
static bool weights(struct each_sums *s, const vec *logit, vec *e) {
    *e = *logit - s->best;
    if (!vec_any(~(*e < -746))) /* NaN counts, and so leaves its neighbours alone */
        return false;
    *e = vec_exp(*e);
    return vec_any(~(*e == 0));
}

static void each_add(size_t d, const struct each_rows *rows, struct each_sums *s, const vec *e,
                     const struct each_part *p) {
    const vec by = *e;
    s->total += by;
    for (size_t j = 0; j < d; j++)
        s->D[j] += by * p->w[j];
    if (!rows->jacobian)
        return;
    s->trace += by * p->trace;
    s->gD += by * p->gD;
    s->vJv += by * p->vJv;
    s->gvDv += by * (p->gv * p->Dv);
    for (size_t j = 0; j < d; j++)
        s->g[j] += by * p->g[j];
}

/* finish divides by the total and puts what is asked for where the query wants it, for rows first .. */
static void finish(const struct mixture *m, const struct denoiser_each *q, size_t first, const struct each_rows *rows,
                   struct each_sums *s) {
    size_t d = m->base.d;
    vec gD = {0}, gv = {0}, Dv = {0};
    for (size_t j = 0; j < d; j++) {
        s->D[j] /= s->total;
        s->g[j] /= s->total;
        gD += s->g[j] * s->D[j];
        if (rows->v) {
            gv += s->g[j] * rows->v[j];
            Dv += s->D[j] * rows->v[j];
        }
    }
    const vec trace = (s->trace + s->gD) / s->total - gD, vJv = (s->vJv + s->gvDv) / s->total - gv * Dv;
    for (size_t l = 0; l < LANES && first + l < q->rows; l++) {
        for (size_t j = 0; q->D && j < d; j++)
            q->D[(first + l) * d + j] = s->D[j][l];
        if (q->trace)
            q->trace[first + l] = trace[l];
        if (q->vJv)
            q->vJv[first + l] = vJv[l];
        if (q->density)
            q->density[first + l] = s->best[l] + elementary_log(s->total[l]) - m->ln_total - 0.5 * (double)d * LN_TAU;
    }
}

static void each_group(const struct mixture *m, const struct denoiser_each *q, size_t first,
                       const struct each_rows *rows, vec *room) {
    size_t d = m->base.d;
    struct each_part p = {.w = room, .g = room + d, .u = room + 2 * d, .precision = room + 3 * d, .gain = room + 4 * d};
    struct each_sums s = {.D = room + 5 * d, .g = room + 6 * d};
    memset(s.D, 0, 2 * d * sizeof *s.D);
    s.best -= (double)INFINITY;
    p.lambda = -1;
    for (size_t c = 0; c < m->k; c++) {
        vec e;
        shift(m, rows, c, &p);
        widths(m, rows, c, &p);
        weigh(m, c, &p);
        each_raise(d, &s, &p.logit);
        if (!weights(&s, &p.logit, &e))
            continue;
        if (rows->jacobian)
            slope(m, rows, c, &p);
        denoise(m, c, &p);
        if (rows->jacobian)
            multiply(d, rows->v, &p);
        each_add(d, rows, &s, &e, &p);
    }
    finish(m, q, first, rows, &s);
}

static void each_eval(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct mixture *m = (const struct mixture *)(const void *)self;
    size_t d = self->d;
    vec *x = (vec *)(void *)scratch, *v = x + d;
    for (size_t first = 0; first < q->rows; first += LANES) {
        struct each_rows rows = {.x = x, .v = q->vJv ? v : NULL, .jacobian = q->vJv || q->trace};
        size_t left = q->rows - first;
        gather(d, left, 1, q->x + first * d, x);
        if (q->vJv)
            gather(d, left, 1, q->v + first * d, v);
        for (size_t l = 0; l < LANES; l++) {
            const struct path_point *at = &q->at[first + (l < left ? l : left - 1)];
            rows.alpha[l] = at->alpha;
            rows.sigma2[l] = at->sigma * at->sigma;
        }
        each_group(m, q, first, &rows, v + d);
    }
}

#endif
