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

/* A number in every lane. The compiler makes of it what vectors the machine has. */
typedef double octet __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* The rows: their levels, x and v[d] (v NULL: no directions). */
struct lanes {
    octet alpha, sigma2;
    const octet *x, *v;
    bool jacobian; /* more is wanted than D and the density */
};

/* One part. With v = alpha^2 lambda + sigma^2 along each axis, or once where the part is round: */
struct part {
    octet logit, trace, gD, vJv, gv, Dv;
    octet *precision, *gain; /* 1 / v and alpha lambda / v; [d], or [1] */
    octet half_ln;           /* log det / 2 */
    double lambda;           /* round: that of the three above; parts of one width share them */
    octet *w, *g, *u;        /* [d]; w is Q'(x - alpha m), then D_c; g the gradient; u room */
};

/* Sums over the parts, each times exp(logit - best). */
struct sums {
    octet best, total, trace, gD, vJv, gvDv;
    octet *D, *g; /* [d] */
};

enum { PRODUCTS = 8 }; /* variances in one logarithm: between 1e-30 and 1e36 each, so the product stays normal */

static void swap(octet **a, octet **b) {
    octet *t = *a;
    *a = *b;
    *b = t;
}

/* turn writes Q' u (or Q u, `back`) to `to`. */
static void turn(size_t d, const double *axes, bool back, const octet *restrict from, octet *restrict to) {
    memset(to, 0, d * sizeof *to);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i < d; i++)
            to[back ? j : i] += axes[j * d + i] * from[back ? i : j];
}

static void shift(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d;
    octet *restrict to = m->axes ? p->u : p->w;
    for (size_t j = 0; j < d; j++)
        to[j] = rows->x[j] - rows->alpha * mean[j];
    if (m->axes)
        turn(d, m->axes + c * d * d, false, p->u, p->w);
}

/* widths finds the precisions and gains of part c, and the determinant. */
static void widths(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t n = m->round ? 1 : m->base.d;
    const double *lambda = m->variance + c * n;
    if (m->round && *lambda == p->lambda)
        return;
    const octet one = {1, 1, 1, 1, 1, 1, 1, 1};
    octet product = one;
    memset(&p->half_ln, 0, sizeof p->half_ln);
    for (size_t i = 0; i < n; i++) {
        const octet v = rows->alpha * rows->alpha * lambda[i] + rows->sigma2;
        p->precision[i] = 1 / v;
        p->gain[i] = rows->alpha * lambda[i] * p->precision[i];
        product *= v;
        if (i % PRODUCTS == PRODUCTS - 1 || i + 1 == n) {
            elementary_log_n((double *)&product, LANES);
            p->half_ln += (m->round ? 0.5 * (double)m->base.d : 0.5) * product;
            product = one;
        }
    }
    p->lambda = *lambda;
}

/* weigh makes the logit of w. */
static void weigh(const struct mixture *m, size_t c, struct part *p) {
    size_t d = m->base.d;
    octet sum = {0};
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
static void denoise(const struct mixture *m, size_t c, struct part *p) {
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
static void slope(const struct mixture *m, const struct lanes *rows, size_t c, struct part *p) {
    size_t d = m->base.d, each = m->round ? 0 : 1;
    const octet *v = rows->v;
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
static void multiply(size_t d, const octet *restrict v, struct part *p) {
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
static void raise(size_t d, struct sums *s, const octet *logit) {
    octet shrink, best;
    bool raised = false;
    for (int l = 0; l < LANES; l++) {
        raised |= (*logit)[l] > s->best[l];
        best[l] = (*logit)[l] > s->best[l] ? (*logit)[l] : s->best[l];
    }
    if (!raised)
        return;
    shrink = s->best - best; /* -inf at the first part: exp gives 0, and the sums are 0 */
    s->best = best;
    elementary_exp_n((double *)&shrink, LANES);
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
static bool weights(struct sums *s, const octet *logit, octet *e) {
    bool any = false, near = false;
    *e = *logit - s->best;
    for (int l = 0; l < LANES; l++)
        near |= !((*e)[l] < -746); /* NaN counts, and so leaves its neighbours alone */
    if (!near)
        return false;
    elementary_exp_n((double *)e, LANES);
    for (int l = 0; l < LANES; l++)
        any |= (*e)[l] != 0;
    return any;
}

static void add(size_t d, const struct lanes *rows, struct sums *s, const octet *e, const struct part *p) {
    const octet by = *e;
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
static void finish(const struct mixture *m, const struct denoiser_each *q, size_t first, const struct lanes *rows,
                   struct sums *s) {
    size_t d = m->base.d;
    octet gD = {0}, gv = {0}, Dv = {0};
    for (size_t j = 0; j < d; j++) {
        s->D[j] /= s->total;
        s->g[j] /= s->total;
        gD += s->g[j] * s->D[j];
        if (rows->v) {
            gv += s->g[j] * rows->v[j];
            Dv += s->D[j] * rows->v[j];
        }
    }
    const octet trace = (s->trace + s->gD) / s->total - gD, vJv = (s->vJv + s->gvDv) / s->total - gv * Dv;
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

static void group(const struct mixture *m, const struct denoiser_each *q, size_t first, const struct lanes *rows,
                  octet *room) {
    size_t d = m->base.d;
    struct part p = {.w = room, .g = room + d, .u = room + 2 * d, .precision = room + 3 * d, .gain = room + 4 * d};
    struct sums s = {.D = room + 5 * d, .g = room + 6 * d};
    memset(s.D, 0, 2 * d * sizeof *s.D);
    s.best -= (double)INFINITY;
    p.lambda = -1;
    for (size_t c = 0; c < m->k; c++) {
        octet e;
        shift(m, rows, c, &p);
        widths(m, rows, c, &p);
        weigh(m, c, &p);
        raise(d, &s, &p.logit);
        if (!weights(&s, &p.logit, &e))
            continue;
        if (rows->jacobian)
            slope(m, rows, c, &p);
        denoise(m, c, &p);
        if (rows->jacobian)
            multiply(d, rows->v, &p);
        add(d, rows, &s, &e, &p);
    }
    finish(m, q, first, rows, &s);
}

size_t mixture_each_scratch(const struct mixture *m) { return 9 * m->base.d * LANES; }

void mixture_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct mixture *m = (const struct mixture *)(const void *)self;
    size_t d = self->d;
    octet *x = (octet *)(void *)scratch, *v = x + d;
    for (size_t first = 0; first < q->rows; first += LANES) {
        struct lanes rows = {.x = x, .v = q->vJv ? v : NULL, .jacobian = q->vJv || q->trace};
        size_t left = q->rows - first;
        mixture_gather(d, left, q->x + first * d, (double *)x);
        if (q->vJv)
            mixture_gather(d, left, q->v + first * d, (double *)v);
        for (size_t l = 0; l < LANES; l++) {
            const struct path_point *at = &q->at[first + (l < left ? l : left - 1)];
            rows.alpha[l] = at->alpha;
            rows.sigma2[l] = at->sigma * at->sigma;
        }
        group(m, q, first, &rows, v + d);
    }
}
