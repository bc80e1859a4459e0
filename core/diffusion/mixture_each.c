/* Eight rows, each at its own noise level: D, and what likelihoods want. With g_c the gradient of part c's log density,
 * D_c its denoised data, J_c = Q diag(alpha lambda_i / v_i) Q', and averages over the posterior r:
 *     D = <D_c>,  tr J = <tr J_c> + <g_c . D_c> - <g_c> . <D_c>,
 *     v' J v = <v' J_c v> + <(g_c . v) (D_c . v)> - (<g_c> . v) (<D_c> . v).
 * One pass over the parts with a running maximum (Milakov, Gimelshein 2018). */
#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_parts.h"

#define LN_TAU 1.8378770664093453 /* ln 2 pi */

/* The rows: their levels, x and v[d][LANES] (v NULL: no directions). */
struct lanes {
    double alpha[LANES], sigma2[LANES];
    const double *x, *v;
};

/* One part in every lane. w holds Q'(x - alpha m) first and J_c (x - alpha m), in the axes, later. */
struct part {
    double logit[LANES], trace[LANES], gD[LANES], vJv[LANES], gv[LANES], Dv[LANES];
    double *w, *g, *u; /* [d][LANES] */
};

/* Sums over the parts, each times exp(logit - best). */
struct sums {
    double best[LANES], total[LANES], trace[LANES], gD[LANES], vJv[LANES], gvDv[LANES];
    double *D, *g; /* [d][LANES] */
};

enum { PRODUCTS = 8 }; /* variances in one logarithm: between 1e-30 and 1e36 each, so the product stays normal */

/* turn writes Q' u (or Q u, `back`) to `to`. */
static void turn(size_t d, const double *axes, bool back, const double *restrict from, double *restrict to) {
    memset(to, 0, d * LANES * sizeof *to);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++) {
            const double q = axes[j * d + i];
            const double *in = from + (back ? i : j) * LANES;
            double *out = to + (back ? j : i) * LANES;
            for (int l = 0; l < LANES; l++)
                out[l] += q * in[l];
        }
}

static void shift(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    double *to = m->axes ? p->u : p->w;
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++)
            to[j * LANES + (size_t)l] = rows->x[j * LANES + (size_t)l] - rows->alpha[l] * mean[j];
    if (m->axes)
        turn(d, m->axes + c * d * d, false, p->u, p->w);
}

static void add_log(double *product, double *logit, double times) {
    double ln[LANES];
    memcpy(ln, product, sizeof ln);
    elementary_log_n(ln, LANES);
    for (int l = 0; l < LANES; l++) {
        logit[l] -= 0.5 * times * ln[l];
        product[l] = 1;
    }
}

/* weigh makes the logit and the trace of J_c from w, and turns w into J_c's and g into g_c's numbers along the axes. */
static void weigh(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t d = m->base.d;
    const double *lambda = m->variance + (m->round ? c : c * d);
    double v[LANES], precision[LANES], gain[LANES], product[LANES];
    for (int l = 0; l < LANES; l++) {
        p->logit[l] = m->ln_weight[c];
        p->trace[l] = 0;
        product[l] = 1;
    }
    for (size_t i = 0; i < d; i++) {
        double *w = p->w + i * LANES, *g = p->g + i * LANES;
        for (int l = 0; (i == 0 || !m->round) && l < LANES; l++) {
            v[l] = rows->alpha[l] * rows->alpha[l] * lambda[i] + rows->sigma2[l];
            precision[l] = 1 / v[l];
            gain[l] = rows->alpha[l] * lambda[i] * precision[l];
            product[l] *= v[l];
        }
        for (int l = 0; l < LANES; l++) {
            p->trace[l] += gain[l];
            p->logit[l] -= 0.5 * precision[l] * w[l] * w[l];
            g[l] = -precision[l] * w[l];
            w[l] *= gain[l];
        }
        if (!m->round && (i % PRODUCTS == PRODUCTS - 1 || i + 1 == d))
            add_log(product, p->logit, 1);
    }
    if (m->round)
        add_log(product, p->logit, (double)d);
}

/* v' J_c v: along the axes where there are any; uses u and, with axes, D's room `turned`. */
static void probe(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p, double *turned) {
    size_t d = m->base.d;
    const double *lambda = m->variance + (m->round ? c : c * d), *v = rows->v;
    if (m->axes) {
        turn(d, m->axes + c * d * d, false, v, turned);
        v = turned;
    }
    memset(p->vJv, 0, sizeof p->vJv);
    for (size_t i = 0; i < d; i++)
        for (int l = 0; l < LANES; l++) {
            double s = lambda[m->round ? 0 : i], a = rows->alpha[l], z = v[i * LANES + (size_t)l];
            p->vJv[l] += a * s / (a * a * s + rows->sigma2[l]) * z * z;
        }
}

/* settle takes w and g back from the axes, makes w D_c, and finds the products. */
static void settle(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    if (m->axes) {
        turn(d, m->axes + c * d * d, true, p->w, p->u);
        memcpy(p->w, p->u, d * LANES * sizeof *p->w);
        turn(d, m->axes + c * d * d, true, p->g, p->u);
        memcpy(p->g, p->u, d * LANES * sizeof *p->g);
    }
    memset(p->gD, 0, sizeof p->gD);
    memset(p->gv, 0, sizeof p->gv);
    memset(p->Dv, 0, sizeof p->Dv);
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++) {
            size_t i = j * LANES + (size_t)l;
            p->w[i] += mean[j];
            p->gD[l] += p->g[i] * p->w[i];
            if (rows->v) {
                p->gv[l] += p->g[i] * rows->v[i];
                p->Dv[l] += p->w[i] * rows->v[i];
            }
        }
}

/* raise moves the sums to a new maximum where a lane's logit is above. */
static void raise(size_t d, struct sums *s, const double *logit) {
    double shrink[LANES];
    bool raised = false;
    for (int l = 0; l < LANES; l++) {
        double best = logit[l] > s->best[l] ? logit[l] : s->best[l];
        raised |= logit[l] > s->best[l];
        shrink[l] = s->best[l] - best; /* -inf at the first part: exp gives 0, and the sums are 0 */
        s->best[l] = best;
    }
    if (!raised)
        return;
    elementary_exp_n(shrink, LANES);
    for (int l = 0; l < LANES; l++) {
        s->total[l] *= shrink[l];
        s->trace[l] *= shrink[l];
        s->gD[l] *= shrink[l];
        s->vJv[l] *= shrink[l];
        s->gvDv[l] *= shrink[l];
    }
    for (size_t i = 0; i < d * LANES; i++) {
        s->D[i] *= shrink[i % LANES];
        s->g[i] *= shrink[i % LANES];
    }
}

/* weights writes exp(logit - best). False: they are all 0. */
static bool weights(struct sums *s, const double *logit, double *e) {
    bool any = false;
    for (int l = 0; l < LANES; l++)
        e[l] = logit[l] - s->best[l];
    elementary_exp_n(e, LANES);
    for (int l = 0; l < LANES; l++)
        any |= e[l] != 0; /* NaN counts, and so leaves its neighbours alone */
    return any;
}

static void add(size_t d, struct sums *s, const double *restrict e, const struct part *p) {
    for (int l = 0; l < LANES; l++) {
        s->total[l] += e[l];
        s->trace[l] += e[l] * p->trace[l];
        s->gD[l] += e[l] * p->gD[l];
        s->vJv[l] += e[l] * p->vJv[l];
        s->gvDv[l] += e[l] * (p->gv[l] * p->Dv[l]);
    }
    for (size_t j = 0; j < d; j++)
        for (int l = 0; l < LANES; l++) {
            size_t i = j * LANES + (size_t)l;
            s->D[i] += e[l] * p->w[i];
            s->g[i] += e[l] * p->g[i];
        }
}

/* finish divides by the total and puts what is asked for where the query wants it, for rows first .. */
static void finish(const struct mixture *m, const struct denoiser_each *q, size_t first, const struct lanes *rows,
                   struct sums *s) {
    size_t d = m->base.d;
    for (size_t i = 0; i < d * LANES; i++) {
        s->D[i] /= s->total[i % LANES];
        s->g[i] /= s->total[i % LANES];
    }
    for (size_t l = 0; l < LANES && first + l < q->rows; l++) {
        double gD = 0, gv = 0, Dv = 0;
        for (size_t j = 0; j < d; j++) {
            size_t i = j * LANES + l;
            gD += s->g[i] * s->D[i];
            gv += rows->v ? s->g[i] * rows->v[i] : 0;
            Dv += rows->v ? s->D[i] * rows->v[i] : 0;
            if (q->D)
                q->D[(first + l) * d + j] = s->D[i];
        }
        if (q->trace)
            q->trace[first + l] = (s->trace[l] + s->gD[l]) / s->total[l] - gD;
        if (q->vJv)
            q->vJv[first + l] = (s->vJv[l] + s->gvDv[l]) / s->total[l] - gv * Dv;
        if (q->density)
            q->density[first + l] = s->best[l] + elementary_log(s->total[l]) - m->ln_total - 0.5 * (double)d * LN_TAU;
    }
}

static void group(const struct mixture *m, const struct denoiser_each *q, size_t first, const struct lanes *rows,
                  double *scratch) {
    size_t d = m->base.d, size = d * LANES;
    struct part p = {.w = scratch, .g = scratch + size, .u = scratch + 2 * size};
    struct sums s = {.D = scratch + 3 * size, .g = scratch + 4 * size};
    memset(s.D, 0, 2 * size * sizeof *s.D);
    for (int l = 0; l < LANES; l++)
        s.best[l] = -(double)INFINITY;
    for (size_t c = 0; c < m->k; c++) {
        double e[LANES];
        shift(m, rows, c, &p);
        weigh(m, rows, c, &p);
        raise(d, &s, p.logit);
        if (!weights(&s, p.logit, e))
            continue;
        if (rows->v)
            probe(m, rows, c, &p, p.u);
        settle(m, rows, c, &p);
        add(d, &s, e, &p);
    }
    finish(m, q, first, rows, &s);
}

size_t mixture_each_scratch(const struct mixture *m) { return 7 * m->base.d * LANES; }

void mixture_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct mixture *m = (const struct mixture *)(const void *)self;
    size_t d = self->d;
    double *x = scratch, *v = x + d * LANES;
    for (size_t first = 0; first < q->rows; first += LANES) {
        struct lanes rows = {.x = x, .v = q->vJv ? v : NULL};
        size_t left = q->rows - first;
        mixture_gather(d, left, q->x + first * d, x);
        if (q->vJv)
            mixture_gather(d, left, q->v + first * d, v);
        for (size_t l = 0; l < LANES; l++) {
            const struct path_point *at = &q->at[first + (l < left ? l : left - 1)];
            rows.alpha[l] = at->alpha;
            rows.sigma2[l] = at->sigma * at->sigma;
        }
        group(m, q, first, &rows, v + d * LANES);
    }
}
