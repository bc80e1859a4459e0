/* Parts with S_c = s_c^2 I at a noise level, and the rows that are compared with them: what mixture_round_body.h and its
 * helpers share. */
#ifndef SOLVENT_MIXTURE_LEVEL_BODY_H
#define SOLVENT_MIXTURE_LEVEL_BODY_H

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_rows_body.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Parts between two looks at the maximum; parts whose sums go on beside each other. */
enum { BLOCK = 32, FEW = 4 };
/* Groups that share a number of a part once it is read: as many as there are registers for. */
enum { MOST_GROUPS = LANES == 8 ? 4 : 2 };

/* The parts at one noise level. */
struct level {
    const double *bias;          /* [k] log2 r_c = bias + scale |y - m_c|^2 + a constant */
    const double *scale, *p, *q; /* of part c; [1] where all are alike */
    double inverse;              /* 1 / alpha; 0 where alpha is as good as 0 */
    double likely;               /* logit of a row that lies as far from its part as noise does on average */
    bool expand;                 /* distances by products */
};

/* Rows, one a lane, and the running sums of theirs. */
struct group {
    vec *y, *sum;                 /* [d]; sum_c e_c p_c m_c, without p_c where it is the same for all */
    vec norm2, best, total, of_q; /* |y|^2; the greatest logit; sum_c e_c; sum_c e_c q_c */
};

/* weight is 2^x, or 0 for what does not count. */
ALWAYS_INLINE vec weight(double cut, vec x) { return vec_zero_unless(x > -cut, vec_exp2_near(x)); }

/* raise moves the sums to a new maximum. + 0.0 makes 0 of -0, so that adding nothing changes nothing. */
static void raise(size_t d, double cut, vec top, struct group *g) {
    if (!vec_any(g->best > -(double)INFINITY)) { /* they are 0 */
        g->best = top;
        return;
    }
    const vec best = vec_greater(top, g->best), shrink = weight(cut, g->best - best);
    g->best = best;
    g->total *= shrink;
    g->of_q *= shrink;
    for (size_t j = 0; j < d; j++)
        g->sum[j] = g->sum[j] * shrink + 0.0;
}

static struct level level_of(const struct mixture *m, const struct path_point *at, double *room) {
    const size_t n = m->alike ? 1 : m->k, room_n = m->alike ? 1 : m->k + SCREEN_BLOCK;
    double a2 = at->alpha * at->alpha, s2 = at->sigma * at->sigma, most = m->alike ? 0 : MIXTURE_NEVER;
    double *bias = room, *scale = bias + room_n, *p = scale + room_n, *q = p + room_n;
    for (size_t c = 0; c < n; c++) {
        double v = a2 * m->variance[c] + s2;
        scale[c] = -0.5 * LG_E * a2 / v;
        p[c] = s2 / v;
        q[c] = a2 * m->variance[c] / v;
        if (!m->alike) {
            bias[c] = m->lg_weight[c] - 0.5 * LG_E * (double)m->base.d * elementary_log(v);
            most = bias[c] > most ? bias[c] : most;
        }
    }
    for (size_t c = n; c < room_n; c++)
        bias[c] = MIXTURE_NEVER, scale[c] = 0;
    return (struct level){.bias = m->alike ? m->lg_weight : bias,
                          .scale = scale,
                          .p = p,
                          .q = q,
                          .likely = most - 0.5 * LG_E * (double)m->base.d,
                          .inverse = at->alpha > 1e-140 ? 1 / at->alpha : 0,
                          .expand = m->norm2 && a2 * m->reach2 <= (double)m->base.d * (a2 * m->least_variance + s2)};
}

/* begin sets the sums of a group whose y is there to nothing. */
static void begin(size_t d, const struct level *at, struct group *g) {
    const vec none = {0};
    g->norm2 = g->total = g->of_q = none;
    g->best = vec_of(-(double)INFINITY);
    for (size_t j = 0; at->expand && j < d; j++)
        g->norm2 += g->y[j] * g->y[j];
    memset(g->sum, 0, d * sizeof *g->sum);
}

/* finish makes D of the sums. */
static void finish_group(const struct mixture *m, const struct level *at, struct group *g) {
    const vec by = (m->alike ? at->p[0] : 1.0) / g->total;
    for (size_t j = 0; j < m->base.d; j++) {
        const vec sum = g->sum[j] + 0.0; /* whether it is -0 may depend on the rows beside it */
        g->sum[j] = m->alike ? sum * by + at->q[0] * g->y[j] : (sum + g->of_q * g->y[j]) * by;
    }
}

#endif
