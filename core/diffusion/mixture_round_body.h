/* Parts with S_c = s_c^2 I. With y = x / alpha and k = sigma / alpha: D = sum_c r_c (p_c m_c + q_c y), p_c = k^2 / v_c,
 * q_c = s_c^2 / v_c, v_c = s_c^2 + k^2, log r_c = -|y - m_c|^2 / (2 v_c) and what does not depend on y. One pass over the
 * parts, BLOCK at a time with a running maximum (Milakov, Gimelshein 2018), so that memory does not grow with their number.
 *
 * Parts far below the greatest so far (mixture.cut) count as 0, which a double cannot tell from the truth. So distances
 * are given up half-way once they are far enough, the dimensions in which parts differ most first; unless there is so much
 * noise that few would be: then |y|^2 - 2 y.m + |m|^2 is as exact as |y - m|^2, being no less than |m|^2, and takes two
 * operations a number instead of three. */
#ifndef SOLVENT_MIXTURE_ROUND_BODY_H
#define SOLVENT_MIXTURE_ROUND_BODY_H

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/mixture_rows_body.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Parts between two looks at the maximum; parts whose sums go on beside each other. */
enum { BLOCK = 32, FEW = 4, SLICE = 64 };
/* Groups that share a number of a part once it is read: as many as there are registers for. */
enum { MOST_GROUPS = LANES == 8 ? 4 : 2 };

/* The parts at one noise level. */
struct level {
    const double *bias;          /* [k] log2 r_c = bias + scale |y - m_c|^2 + a constant */
    const double *scale, *p, *q; /* of part c at c * step */
    size_t step;                 /* 1; or 0: they are the same for all parts */
    double inverse;              /* 1 / alpha; 0 where alpha is as good as 0 */
    bool expand;                 /* distances by products */
};

/* Rows, one a lane, and the running sums of theirs. */
struct group {
    vec *y, *sum;                 /* [d]; sum_c e_c p_c m_c, without p_c where it is the same for all */
    vec norm2, best, total, of_q; /* |y|^2; the greatest logit; sum_c e_c; sum_c e_c q_c */
};

static inline size_t stretches(size_t d) { return (d + MIXTURE_STRETCH - 1) / MIXTURE_STRETCH; }

/* What is constant where these are inlined. */
struct shape {
    size_t d;
    bool alike;
};

/* add_numbers adds |y - m|^2 of n parts, which lie `step` numbers apart, over some dimensions. */
ALWAYS_INLINE void add_numbers(size_t n, size_t dimensions, size_t step, const double *means, const vec *y,
                               vec sum[FEW]) {
    for (size_t j = 0; j < dimensions; j++)
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++) {
            const vec u = y[j] - means[i * step + j];
            sum[i] += u * u;
        }
}

/* add_squares does so for parts c .. and the stretch that is `done`th in order. */
ALWAYS_INLINE void add_squares(const struct mixture *m, size_t done, size_t c, size_t n, size_t d,
                               const struct group *g, vec sum[FEW]) {
    size_t from = stretches(d) > 1 ? m->order[done] * MIXTURE_STRETCH : 0;
    size_t dimensions = d - from < MIXTURE_STRETCH ? d - from : MIXTURE_STRETCH;
    if (stretches(d) > 1 && done == 0)
        add_numbers(n, dimensions, MIXTURE_STRETCH, m->front + c * MIXTURE_STRETCH, g->y + from, sum);
    else
        add_numbers(n, dimensions, d, m->means + c * d + from, g->y + from, sum);
}

/* differences sums up distances of n parts; it gives up where no lane would notice any of them. */
ALWAYS_INLINE void differences(const struct mixture *m, const struct level *at, size_t c, size_t n, size_t d,
                               const struct group *g, vec sum[FEW]) {
    for (size_t done = 0; done < stretches(d); done++) {
        add_squares(m, done, c, n, d, g, sum);
        if (done + 1 == stretches(d))
            break;
        vec_mask near = {0};
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
            near |= (at->bias[c + i] + at->scale[(c + i) * at->step] * sum[i]) - g->best > -m->cut;
        if (!vec_any(near))
            return;
    }
}

/* logits of n parts from c on; those of parts that no lane would notice may be too high, though not so far that one
 * would. */
ALWAYS_INLINE void logits(const struct mixture *m, const struct level *at, struct shape s, size_t c, size_t n,
                          const struct group *g, vec *out) {
    vec sum[FEW] = {{0}, {0}, {0}, {0}};
    differences(m, at, c, n, s.d, g, sum);
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
        out[i] = at->bias[c + i] + at->scale[(c + i) * (s.alike ? 0 : 1)] * sum[i];
}

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

/* add takes n parts, from c on, into the sums. */
ALWAYS_INLINE void add(const struct mixture *m, const struct level *at, struct shape s, size_t c, size_t n,
                       const vec *logit, struct group *g) {
    vec e[FEW];
    vec_mask any = {0};
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++) {
        e[i] = logit[i] - g->best;
        any |= e[i] > -m->cut;
    }
    if (!vec_any(any))
        return;
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++) {
        e[i] = weight(m->cut, e[i]);
        g->total += e[i];
        if (!s.alike) {
            g->of_q += at->q[c + i] * e[i];
            e[i] *= at->p[c + i];
        }
    }
    const double *means = m->means + c * s.d;
    for (size_t j = 0; j < s.d; j++) {
        vec sum = g->sum[j];
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
            sum += e[i] * means[i * s.d + j];
        g->sum[j] = sum;
    }
}

ALWAYS_INLINE void add_block(const struct mixture *m, const struct level *at, struct shape s, size_t first, size_t n,
                             struct group *g) {
    vec logit[BLOCK], top = vec_of(-(double)INFINITY);
    size_t c = 0;
    for (; c + FEW <= n; c += FEW)
        logits(m, at, s, first + c, FEW, g, logit + c);
    for (; c < n; c++)
        logits(m, at, s, first + c, 1, g, logit + c);
    for (c = 0; c < n; c++)
        top = vec_greater(logit[c], top);
    if (vec_any(top > g->best))
        raise(s.d, m->cut, top, g);
    else if (!vec_any(top - g->best > -m->cut))
        return;
    for (c = 0; c + FEW <= n; c += FEW)
        add(m, at, s, first + c, FEW, logit + c, g);
    for (; c < n; c++)
        add(m, at, s, first + c, 1, logit + c, g);
}

/* guess takes for the greatest logit that of the part which is nearest over the first stretch. Where it is right, all far
 * parts are given up early, not only those after the nearest. */
ALWAYS_INLINE void guess(const struct mixture *m, const struct level *at, struct shape s, struct group *g) {
    vec top = vec_of(-(double)INFINITY), which = {0}, logit;
    for (size_t c = 0; c + FEW <= m->k; c += FEW) {
        vec sum[FEW] = {{0}, {0}, {0}, {0}};
        add_squares(m, 0, c, FEW, s.d, g, sum);
#pragma GCC unroll 4
        for (size_t i = 0; i < FEW; i++) {
            logit = at->bias[c + i] + at->scale[(c + i) * at->step] * sum[i];
            which = vec_where(logit > top, vec_of((double)(c + i)), which);
            top = vec_greater(logit, top);
        }
    }
    for (size_t l = 0; l < LANES; l++) {
        logits(m, at, s, (size_t)which[l], 1, g, &logit); /* nothing is known yet, so nothing is given up */
        top[l] = logit[l];
    }
    g->best = top;
}

ALWAYS_INLINE void add_blocks(const struct mixture *m, const struct level *at, struct shape s, size_t groups,
                              struct group *g) {
    for (size_t i = 0; stretches(s.d) > 1 && i < groups; i++)
        guess(m, at, s, &g[i]);
    for (size_t c = 0; c < m->k; c += BLOCK)
        for (size_t i = 0; i < groups; i++)
            add_block(m, at, s, c, m->k - c < BLOCK ? m->k - c : BLOCK, &g[i]);
}

/* -- Distances by products: blocks of parts times w groups, SLICE dimensions at a time, which stay in the first cache. -- */

/* products adds y.m of n parts and w groups to sum[n][w]. */
ALWAYS_INLINE void products(size_t n, size_t w, size_t from, size_t to, size_t d, const double *means,
                            const struct group *g, vec *sum) {
    vec kept[FEW * MOST_GROUPS];
#pragma GCC unroll 16
    for (size_t i = 0; i < n * w; i++)
        kept[i] = sum[i];
    for (size_t j = from; j < to; j++)
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
            for (size_t v = 0; v < w; v++)
                kept[i * w + v] += g[v].y[j] * means[i * d + j];
#pragma GCC unroll 16
    for (size_t i = 0; i < n * w; i++)
        sum[i] = kept[i];
}

/* add_means adds n parts, times their weights e[n][w], to the sums. */
ALWAYS_INLINE void add_means(size_t n, size_t w, size_t from, size_t to, size_t d, const double *means, const vec *e,
                             struct group *g) {
    vec by[FEW * MOST_GROUPS];
#pragma GCC unroll 16
    for (size_t i = 0; i < n * w; i++)
        by[i] = e[i];
    vec *at[MOST_GROUPS]; /* read once: for all that is known they might change as sums do */
#pragma GCC unroll 4
    for (size_t v = 0; v < w; v++)
        at[v] = g[v].sum;
    for (size_t j = from; j < to; j++) {
        vec sum[MOST_GROUPS];
#pragma GCC unroll 4
        for (size_t v = 0; v < w; v++)
            sum[v] = at[v][j];
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
            for (size_t v = 0; v < w; v++)
                sum[v] += by[i * w + v] * means[i * d + j];
#pragma GCC unroll 4
        for (size_t v = 0; v < w; v++)
            at[v][j] = sum[v];
    }
}

/* product_logits writes logits[n][w] of parts first .. */
ALWAYS_INLINE void product_logits(const struct mixture *m, const struct level *at, bool alike, size_t first, size_t n,
                                  size_t w, const struct group *g, vec *logit) {
    size_t d = m->base.d;
    const double *means = m->means + first * d;
    memset(logit, 0, n * w * sizeof *logit);
    for (size_t from = 0; from < d; from += SLICE) {
        size_t to = d - from < SLICE ? d : from + SLICE, c = 0;
        for (; c + FEW <= n; c += FEW)
            products(FEW, w, from, to, d, means + c * d, g, logit + c * w);
        for (; c < n; c++)
            products(1, w, from, to, d, means + c * d, g, logit + c * w);
    }
    for (size_t c = 0; c < n; c++)
        for (size_t v = 0; v < w; v++) {
            const vec square = (g[v].norm2 - 2 * logit[c * w + v]) + m->norm2[first + c];
            logit[c * w + v] = at->bias[first + c] + at->scale[alike ? 0 : first + c] * square;
        }
}

/* product_weights makes weights of the logits and adds them up. False: none counts. heard[c]: those of part c do. */
ALWAYS_INLINE bool product_weights(const struct mixture *m, const struct level *at, bool alike, size_t first, size_t n,
                                   size_t w, struct group *g, vec *logit, bool *heard) {
    bool any = false;
    for (size_t v = 0; v < w; v++) {
        vec top = vec_of(-(double)INFINITY);
        for (size_t c = 0; c < n; c++)
            top = vec_greater(logit[c * w + v], top);
        if (vec_any(top > g[v].best))
            raise(m->base.d, m->cut, top, &g[v]);
        any |= vec_any(top - g[v].best > -m->cut);
    }
    for (size_t c = 0; any && c < n; c++) {
        heard[c] = false;
        for (size_t v = 0; v < w; v++) {
            vec *e = &logit[c * w + v];
            *e -= g[v].best;
            heard[c] |= vec_any(*e > -m->cut);
            *e = weight(m->cut, *e);
            g[v].total += *e;
            if (!alike) {
                g[v].of_q += at->q[first + c] * *e;
                *e *= at->p[first + c];
            }
        }
    }
    return any;
}

ALWAYS_INLINE void product_block(const struct mixture *m, const struct level *at, bool alike, size_t first, size_t n,
                                 size_t w, struct group *g) {
    vec e[BLOCK * MOST_GROUPS];
    bool heard[BLOCK];
    size_t d = m->base.d;
    const double *means = m->means + first * d;
    product_logits(m, at, alike, first, n, w, g, e);
    if (!product_weights(m, at, alike, first, n, w, g, e, heard))
        return;
    for (size_t from = 0; from < d; from += SLICE) {
        size_t to = d - from < SLICE ? d : from + SLICE, c = 0;
        for (; c + FEW <= n; c += FEW)
            if (heard[c] | heard[c + 1] | heard[c + 2] | heard[c + 3])
                add_means(FEW, w, from, to, d, means + c * d, e + c * w, g);
        for (; c < n; c++)
            if (heard[c])
                add_means(1, w, from, to, d, means + c * d, e + c * w, g);
    }
}

ALWAYS_INLINE void product_blocks(const struct mixture *m, const struct level *at, bool alike, size_t groups,
                                  struct group *g) {
    for (size_t c = 0; c < m->k; c += BLOCK) {
        size_t n = m->k - c < BLOCK ? m->k - c : BLOCK, i = 0;
        for (; i + MOST_GROUPS <= groups; i += MOST_GROUPS)
            product_block(m, at, alike, c, n, MOST_GROUPS, &g[i]);
        for (; i < groups; i++)
            product_block(m, at, alike, c, n, 1, &g[i]);
    }
}

/* -- Which of these -- */

typedef void blocks_adder(const struct mixture *m, const struct level *at, size_t groups, struct group *g);

#define ADDER(name, call) \
    static void name(const struct mixture *m, const struct level *at, size_t groups, struct group *g) { call; }
#define ADD_BLOCKS(name, d)                                             \
    ADDER(name, add_blocks(m, at, (struct shape){d, false}, groups, g)) \
    ADDER(name##_alike, add_blocks(m, at, (struct shape){d, true}, groups, g))
ADD_BLOCKS(add_1, 1)
ADD_BLOCKS(add_2, 2)
ADD_BLOCKS(add_3, 3)
ADD_BLOCKS(add_any, m->base.d)
ADDER(add_products, product_blocks(m, at, false, groups, g))
ADDER(add_products_alike, product_blocks(m, at, true, groups, g))

static blocks_adder *adder_of(const struct mixture *m, const struct level *at) {
    static blocks_adder *const ADDERS[][2] = {{add_any, add_any_alike},
                                              {add_1, add_1_alike},
                                              {add_2, add_2_alike},
                                              {add_3, add_3_alike},
                                              {add_products, add_products_alike}};
    return ADDERS[at->expand ? 4 : m->base.d <= 3 ? m->base.d : 0][m->alike];
}

static struct level level_of(const struct mixture *m, const struct path_point *at, double *room) {
    size_t n = m->alike ? 1 : m->k;
    double a2 = at->alpha * at->alpha, s2 = at->sigma * at->sigma;
    double *bias = room, *scale = bias + n, *p = scale + n, *q = p + n;
    for (size_t c = 0; c < n; c++) {
        double v = a2 * m->variance[c] + s2;
        scale[c] = -0.5 * LG_E * a2 / v;
        p[c] = s2 / v;
        q[c] = a2 * m->variance[c] / v;
        if (!m->alike)
            bias[c] = m->lg_weight[c] - 0.5 * LG_E * (double)m->base.d * elementary_log(v);
    }
    return (struct level){.bias = m->alike ? m->lg_weight : bias,
                          .scale = scale,
                          .p = p,
                          .q = q,
                          .step = m->alike ? 0 : 1,
                          .inverse = at->alpha > 1e-140 ? 1 / at->alpha : 0,
                          .expand = m->norm2 && a2 * m->reach2 <= (double)m->base.d * (a2 * m->least_variance + s2)};
}

static void begin(size_t d, const struct level *at, size_t rows, const double *x, struct group *g) {
    const vec none = {0};
    gather(d, rows, at->inverse, x, g->y);
    g->norm2 = g->total = g->of_q = none;
    g->best = vec_of(-(double)INFINITY);
    for (size_t j = 0; at->expand && j < d; j++)
        g->norm2 += g->y[j] * g->y[j];
    memset(g->sum, 0, d * sizeof *g->sum);
}

/* finish makes D of the sums and writes it to rows. */
static void finish_rows(const struct mixture *m, const struct level *at, size_t rows, struct group *g, double *out) {
    size_t d = m->base.d;
    const vec by = (m->alike ? at->p[0] : 1.0) / g->total;
    for (size_t j = 0; j < d; j++)
        g->sum[j] = m->alike ? g->sum[j] * by + at->q[0] * g->y[j] : (g->sum[j] + g->of_q * g->y[j]) * by;
    scatter(d, rows, g->sum, out);
}

static void round_eval(const struct denoiser *self, const struct path_point *point, const int64_t *condition,
                       size_t rows, const double *x, double *out, double *scratch) {
    (void)condition;
    const struct mixture *m = (const struct mixture *)(const void *)self;
    const struct level at = level_of(m, point, scratch);
    size_t d = self->d, n;
    vec *room = (vec *)(void *)(scratch + 4 * (m->alike ? 1 : m->k));
    struct group g[ROUND_GROUPS];
    for (size_t i = 0; i < ROUND_GROUPS && i * LANES < rows; i++)
        g[i] = (struct group){.y = room + 2 * i * d, .sum = room + (2 * i + 1) * d};
    for (; rows > 0; rows -= n, x += n * d, out += n * d) {
        n = rows < MIXTURE_ROUND_TILE ? rows : MIXTURE_ROUND_TILE;
        size_t groups = (n + LANES - 1) / LANES;
        for (size_t i = 0; i < groups; i++)
            begin(d, &at, n - i * LANES, x + i * LANES * d, &g[i]);
        adder_of(m, &at)(m, &at, groups, g);
        for (size_t i = 0; i < groups; i++)
            finish_rows(m, &at, n - i * LANES, &g[i], out + i * LANES * d);
    }
}

#endif
