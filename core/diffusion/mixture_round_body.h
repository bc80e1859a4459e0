/* Parts with S_c = s_c^2 I. With y = x / alpha and k = sigma / alpha: D = sum_c r_c (p_c m_c + q_c y), p_c = k^2 / v_c,
 * q_c = s_c^2 / v_c, v_c = s_c^2 + k^2, log r_c = -|y - m_c|^2 / (2 v_c) and what does not depend on y. One pass over the
 * parts, BLOCK at a time with a running maximum (Milakov, Gimelshein 2018), so that memory does not grow with their number.
 *
 * Parts far below the greatest so far (mixture.cut) count as 0, which a double cannot tell from the truth. Where there are
 * many, a screen (mixture_screen_body.h) finds those that may count at all. A row that is near too many of them is dense,
 * and is taken beside others: its distances as |y - m|^2, or, with much noise, as |y|^2 - 2 y.m + |m|^2, which then is as
 * exact and takes one fused operation a number (mixture_product_body.h). */
#ifndef SOLVENT_MIXTURE_ROUND_BODY_H
#define SOLVENT_MIXTURE_ROUND_BODY_H

#include "core/diffusion/mixture_product_body.h"
#include "core/diffusion/mixture_screen_body.h"

/* What is constant where these are inlined. */
struct shape {
    size_t d;
    bool alike;
};

/* logits of n parts from c on. */
ALWAYS_INLINE void logits(const struct mixture *m, const struct level *at, struct shape s, size_t c, size_t n,
                          const struct group *g, vec *out) {
    const double *means = m->means + c * s.d;
    vec sum[FEW] = {{0}, {0}, {0}, {0}};
    for (size_t j = 0; j < s.d; j++)
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i++) {
            const vec u = g->y[j] - means[i * s.d + j];
            sum[i] += u * u;
        }
#pragma GCC unroll 4
    for (size_t i = 0; i < n; i++)
        out[i] = at->bias[c + i] + at->scale[(c + i) * (s.alike ? 0 : 1)] * sum[i];
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

ALWAYS_INLINE void add_blocks(const struct mixture *m, const struct level *at, struct shape s, size_t groups,
                              struct group *g) {
    for (size_t c = 0; c < m->k; c += BLOCK)
        for (size_t i = 0; i < groups; i++)
            add_block(m, at, s, c, m->k - c < BLOCK ? m->k - c : BLOCK, &g[i]);
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

/* dense_rows takes up to MIXTURE_ROUND_TILE rows, wherever they lie; x[] has a whole number of LANES. */
static void dense_rows(const struct mixture *m, const struct level *at, size_t n, const double *const *x,
                       double *const *out, struct group *g) {
    const size_t d = m->base.d, groups = (n + LANES - 1) / LANES;
    for (size_t i = 0; i < groups; i++) {
        gather_from(d, at->inverse, x + i * LANES, g[i].y);
        begin(d, at, &g[i]);
    }
    adder_of(m, at)(m, at, groups, g);
    for (size_t i = 0; i < groups; i++) {
        finish_group(m, at, &g[i]);
        scatter_to(d, n - i * LANES, g[i].sum, out + i * LANES);
    }
}

/* neighbours takes rows that follow each other: where a part costs two nanoseconds, pointers to rows are felt. */
static void neighbours(const struct mixture *m, const struct level *at, size_t n, const double *x, double *out,
                       struct group *g) {
    const size_t d = m->base.d, groups = (n + LANES - 1) / LANES;
    for (size_t i = 0; i < groups; i++) {
        gather(d, n - i * LANES, at->inverse, x + i * LANES * d, g[i].y);
        begin(d, at, &g[i]);
    }
    adder_of(m, at)(m, at, groups, g);
    for (size_t i = 0; i < groups; i++) {
        finish_group(m, at, &g[i]);
        scatter(d, n - i * LANES, g[i].sum, out + i * LANES * d);
    }
}

/* make_sights gives rows their room: the steps of SIGHTS of them lie together, in front. */
static void make_sights(const struct mixture *m, size_t n, const double *x, double *out, double *room,
                        struct sight *s) {
    const struct mixture_screen *screen = m->screen;
    const size_t d = m->base.d, list = mixture_screen_list(screen), most = mixture_screen_rows(m->k);
    uint32_t *steps = (uint32_t *)(void *)room;
    memset(steps, 0, most * screen->pairs * sizeof *steps);
    room += most * ((screen->pairs + 1) / 2);
    for (size_t i = 0; i < n; i++, room += mixture_screen_numbers(screen, m->k) - (screen->pairs + 1) / 2)
        s[i] = (struct sight){.x = x + i * d,
                              .out = out + i * d,
                              .steps = steps + i / SIGHTS * SIGHTS * screen->pairs + i % SIGHTS,
                              .logit = room,
                              .part = (uint32_t *)(void *)(room + list),
                              .score = (int32_t *)(void *)(room + list + list / 2)};
}

/* far_rows makes D of up to mixture_screen_rows(k) rows that are near few parts, and adds the others to a list. */
static size_t far_rows(const struct mixture *m, const struct level *at, size_t n, const double *x, double *out,
                       double *y, double *room, const double **dense_x, double **dense_out) {
    struct sight s[MIXTURE_ROUND_TILE];
    size_t n_dense = 0;
    make_sights(m, n, x, out, room, s);
    sift(m, at, n, s);
    for (size_t i = 0; i < n; i++)
        if (s[i].dense)
            dense_x[n_dense] = s[i].x, dense_out[n_dense++] = s[i].out;
        else
            near_row(m, at, &s[i], y);
    return n_dense;
}

/* screened_rows takes up to MIXTURE_ROUND_TILE rows that follow each other. */
static void screened_rows(const struct mixture *m, const struct level *at, size_t n, const double *x, double *out,
                          struct group *g, double *room) {
    const double *from[MIXTURE_ROUND_TILE];
    double *to[MIXTURE_ROUND_TILE];
    const size_t d = m->base.d, most = mixture_screen_rows(m->k);
    size_t n_dense = 0;
    for (size_t i = 0; i < n; i += most)
        n_dense += far_rows(m, at, n - i < most ? n - i : most, x + i * d, out + i * d, (double *)(void *)g[0].y, room,
                            from + n_dense, to + n_dense);
    for (size_t i = n_dense; i % LANES > 0; i++)
        from[i] = from[n_dense - 1];
    if (n_dense > 0)
        dense_rows(m, at, n_dense, from, to, g);
}

static void round_eval(const struct denoiser *self, const struct path_point *point, const struct told *told,
                       size_t rows, const double *x, double *out, double *scratch) {
    (void)told;
    const struct mixture *m = (const struct mixture *)(const void *)self;
    const struct level at = level_of(m, point, scratch);
    const size_t d = self->d;
    vec *room = (vec *)(void *)(scratch + mixture_level_numbers(m));
    struct group g[ROUND_GROUPS];
    for (size_t i = 0; i < ROUND_GROUPS && i * LANES < rows; i++)
        g[i] = (struct group){.y = room + 2 * i * d, .sum = room + (2 * i + 1) * d};
    for (size_t n; rows > 0; rows -= n, x += n * d, out += n * d) {
        n = rows < MIXTURE_ROUND_TILE ? rows : MIXTURE_ROUND_TILE;
        if (m->screen)
            screened_rows(m, &at, n, x, out, g, scratch + mixture_level_numbers(m) + 2 * MIXTURE_ROUND_TILE * d);
        else
            neighbours(m, &at, n, x, out, g);
    }
}

#endif
