/* Distances by products: blocks of parts times groups of rows, so that a number of a part, once it is read, serves as
 * many rows as there are registers for. */
#ifndef SOLVENT_MIXTURE_PRODUCT_BODY_H
#define SOLVENT_MIXTURE_PRODUCT_BODY_H

#include "core/diffusion/mixture_level_body.h"

enum { SLICE = 1024 }; /* dimensions of the rows that stay in the second cache while a block of parts goes by */

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
                kept[i * w + v] = vec_fma(g[v].y[j], vec_of(means[i * d + j]), kept[i * w + v]);
#pragma GCC unroll 16
    for (size_t i = 0; i < n * w; i++)
        sum[i] = kept[i];
}

/* These stand alone: in the midst of others the compiler runs out of registers. */
#define ALONE static __attribute__((noinline))
ALONE void products_most(size_t from, size_t to, size_t d, const double *means, const struct group *g, vec *sum) {
    products(FEW, MOST_GROUPS, from, to, d, means, g, sum);
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
            if (w == MOST_GROUPS)
                products_most(from, to, d, means + c * d, g, logit + c * w);
            else
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

/* product_weights makes weights of the logits, adds them up, and writes to heard[] the parts that count for some row. */
ALWAYS_INLINE size_t product_weights(const struct mixture *m, const struct level *at, bool alike, size_t first,
                                     size_t n, size_t w, struct group *g, vec *logit, uint8_t *heard) {
    size_t count = 0;
    for (size_t v = 0; v < w; v++) {
        vec top = vec_of(-(double)INFINITY);
        for (size_t c = 0; c < n; c++)
            top = vec_greater(logit[c * w + v], top);
        if (vec_any(top > g[v].best))
            raise(m->base.d, m->cut, top, &g[v]);
    }
    for (size_t c = 0; c < n; c++) {
        vec_mask any = {0};
        for (size_t v = 0; v < w; v++) {
            vec *e = &logit[c * w + v];
            *e -= g[v].best;
            any |= *e > -m->cut;
            *e = weight(m->cut, *e);
            g[v].total += *e;
            if (!alike) {
                g[v].of_q += at->q[first + c] * *e;
                *e *= at->p[first + c];
            }
        }
        if (vec_any(any))
            heard[count++] = (uint8_t)c;
    }
    return count;
}

/* add_means adds the parts of a list, times their weights e[][w], to n numbers of the sums from j on. */
ALWAYS_INLINE void add_means(const uint8_t *heard, size_t count, size_t w, size_t j, size_t n, size_t d,
                             const double *means, const vec *e, struct group *g) {
    vec sum[FEW * MOST_GROUPS];
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t v = 0; v < w; v++)
            sum[i * w + v] = g[v].sum[j + i];
    for (size_t at = 0; at < count; at++) {
        const double *mean = means + heard[at] * d + j;
        const vec *by = e + heard[at] * w;
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
            for (size_t v = 0; v < w; v++)
                sum[i * w + v] = vec_fma(by[v], vec_of(mean[i]), sum[i * w + v]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
#pragma GCC unroll 4
        for (size_t v = 0; v < w; v++)
            g[v].sum[j + i] = sum[i * w + v];
}

ALONE void add_means_most(const uint8_t *heard, size_t count, size_t j, size_t d, const double *means, const vec *e,
                          struct group *g) {
    add_means(heard, count, MOST_GROUPS, j, FEW, d, means, e, g);
}

ALWAYS_INLINE void product_block(const struct mixture *m, const struct level *at, bool alike, size_t first, size_t n,
                                 size_t w, struct group *g) {
    vec e[BLOCK * MOST_GROUPS];
    uint8_t heard[BLOCK];
    size_t d = m->base.d, j = 0;
    const double *means = m->means + first * d;
    product_logits(m, at, alike, first, n, w, g, e);
    const size_t count = product_weights(m, at, alike, first, n, w, g, e, heard);
    for (; count > 0 && j + FEW <= d; j += FEW) {
        if (w == MOST_GROUPS)
            add_means_most(heard, count, j, d, means, e, g);
        else
            add_means(heard, count, w, j, FEW, d, means, e, g);
    }
    for (; count > 0 && j < d; j++)
        add_means(heard, count, w, j, 1, d, means, e, g);
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

#endif
