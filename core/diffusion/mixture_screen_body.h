/* Rows that are near few parts: bounds of the logits of all parts by the screen's whole numbers, then the exact logits of
 * those that may count. A part is left out only where its exact weight would be 0 by mixture.cut, so nothing of the screen
 * is in the answer. Which rows are dense does depend on it, and so on the row alone: sums of whole numbers are exact. */
#ifndef SOLVENT_MIXTURE_SCREEN_BODY_H
#define SOLVENT_MIXTURE_SCREEN_BODY_H

#include "core/diffusion/mixture_level_body.h"

/* Rows and blocks of SCREEN_PARTS whose sums go on beside each other: as many as there are registers for. */
enum { SIGHTS = LANES, SIGHT_BLOCKS = LANES == 8 ? 2 : 1 };

/* Sums of PIECE parts, a register of them. */
enum { PIECE = 2 * LANES, PIECES = SCREEN_PARTS / PIECE };
typedef int32_t piece __attribute__((vector_size(4 * PIECE)));
typedef int32_t score_lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* A row, seen from afar. */
struct sight {
    const double *x;
    double *out;
    uint32_t *steps;      /* [pairs][SIGHTS], of which this is one: y - centre in steps of its own, by twos */
    double y2, unit, err; /* |y - centre|^2; y.m is unit times the score, give or take err */
    double slack;         /* what rounding may do to a logit, and the cut */
    vec sure;             /* the greatest of all least possible logits */
    bool dense;
    int32_t *score; /* [mixture_screen_parts] */
    size_t n;       /* parts that may count, and their logits */
    uint32_t *part;
    double *logit;
};

/* add_pairs adds to the sums of a piece the products of two dimensions. */
ALWAYS_INLINE piece add_pairs(piece sum, const int8_t *q, uint32_t steps) {
#if defined(__AVX512F__)
    const __m512i m = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)q));
    return (piece)_mm512_add_epi32((__m512i)sum, _mm512_madd_epi16(m, _mm512_set1_epi32((int32_t)steps)));
#elif defined(__AVX2__)
    const __m256i m = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)q));
    return (piece)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16(m, _mm256_set1_epi32((int32_t)steps)));
#elif defined(__SSE2__)
    const __m128i twice = _mm_loadl_epi64((const __m128i *)(const void *)q);
    const __m128i m = _mm_srai_epi16(_mm_unpacklo_epi8(twice, twice), 8);
    return (piece)_mm_add_epi32((__m128i)sum, _mm_madd_epi16(m, _mm_set1_epi32((int32_t)steps)));
#else
    const int32_t first = (int16_t)steps, second = (int16_t)(steps >> 16);
    for (size_t l = 0; l < PIECE; l++)
        sum[l] += q[2 * l] * first + q[2 * l + 1] * second;
    return sum;
#endif
}

/* look takes a row in. Where its numbers are too great for bounds it is dense. */
static void look(const struct mixture *m, const struct level *at, struct sight *s) {
    const struct mixture_screen *screen = m->screen;
    const size_t d = m->base.d;
    double top = 0, rest2 = 0, scale = 0;
    s->y2 = 0;
    for (size_t j = 0; j < d; j++) {
        const double y = s->x[j] * at->inverse - screen->centre[j];
        s->y2 += y * y;
        top = y > top ? y : -y > top ? -y : top;
    }
    const double unit = top / screen->most, inverse = unit > 1e-290 ? 1 / unit : 0;
    for (size_t c = 0; c < (m->alike ? 1 : m->k); c++)
        scale = at->scale[c] < scale ? at->scale[c] : scale;
    s->n = 0;
    s->sure = vec_of(-(double)INFINITY);
    s->slack = m->cut + 1 - scale * 0x1p-33 * (s->y2 + screen->most2); /* sums of 65536 squares are good to 2^-37 */
    if ((s->dense = !(s->slack < 1e290)))
        return;
    for (size_t j = 0; j < d; j++) {
        const double y = s->x[j] * at->inverse - screen->centre[j], p = (y * inverse + ROUNDER) - ROUNDER;
        s->steps[j / 2 * SIGHTS] |= (uint32_t)(uint16_t)(int16_t)p << (j % 2 * 16);
        rest2 += (y - unit * p) * (y - unit * p);
    }
    s->unit = unit * screen->step;
    s->err = (1 + 1e-9) * (sqrt(s->y2) * screen->rest + sqrt(rest2) * screen->reach);
}

/* bound is the greatest logit that parts first .. may have, by their scores. */
ALWAYS_INLINE vec bound(const struct mixture *m, const struct level *at, size_t first, const struct sight *s) {
    const vec scale = m->alike ? vec_of(at->scale[0]) : *(const vec *)(at->scale + first);
    const vec score = __builtin_convertvector(*(const score_lanes *)(s->score + first), vec);
    const vec least = (s->y2 - 2 * s->err) + (*(const vec *)(m->screen->norm2 + first) - 2 * s->unit * score);
    return *(const vec *)(at->bias + first) + scale * least;
}

/* weigh_scores takes those of a block in: no part's logit is less than its bound by more than 4 err times the scale. */
ALWAYS_INLINE void weigh_scores(const struct mixture *m, const struct level *at, size_t c, struct sight *s) {
    for (size_t first = c; first < c + SCREEN_PARTS; first += LANES) {
        const vec scale = m->alike ? vec_of(at->scale[0]) : *(const vec *)(at->scale + first);
        s->sure = vec_greater(bound(m, at, first, s) + scale * (4 * s->err), s->sure);
    }
}

/* list_near lists those of the first k parts whose weight may be above 0 where the greatest logit is at least
 * `greatest`; more than `most` are too many. */
static bool list_near(const struct mixture *m, const struct level *at, size_t k, double greatest, size_t most,
                      struct sight *s) {
    s->n = 0;
    for (size_t l = 0; l < LANES; l++)
        greatest = s->sure[l] > greatest ? s->sure[l] : greatest;
    for (size_t first = 0; first < k; first += LANES) {
        const vec_mask near = bound(m, at, first, s) >= greatest - s->slack;
        if (!vec_any(near))
            continue;
        for (size_t l = 0; l < LANES && first + l < k; l++) {
            if (!near[l])
                continue;
            if (s->n == most)
                return false;
            s->part[s->n++] = (uint32_t)(first + l);
        }
    }
    return true;
}

/* compare sums up the scores of SIGHTS rows and SIGHT_BLOCKS blocks, piece by piece, row by row, block by block. */
static void compare(size_t pairs, const int8_t *q, const uint32_t *steps, piece *score) {
    piece sum[SIGHT_BLOCKS * SIGHTS * PIECES] = {{0}};
    for (size_t j = 0; j < pairs; j++)
#pragma GCC unroll 2
        for (size_t b = 0; b < SIGHT_BLOCKS; b++)
#pragma GCC unroll 8
            for (size_t i = 0; i < SIGHTS; i++)
#pragma GCC unroll 8
                for (size_t p = 0; p < PIECES; p++) {
                    piece *to = &sum[(b * SIGHTS + i) * PIECES + p];
                    const int8_t *of = q + ((b * pairs + j) * SCREEN_PARTS + p * PIECE) * 2;
                    *to = add_pairs(*to, of, steps[j * SIGHTS + i]);
                }
    memcpy(score, sum, sizeof sum);
}

/* compare_group takes up to SIGHTS rows whose steps lie together, and the parts first .. end. */
static void compare_group(const struct mixture *m, const struct level *at, size_t first, size_t end, size_t n,
                          struct sight *s) {
    piece score[SIGHT_BLOCKS][SIGHTS * PIECES];
    const size_t pairs = m->screen->pairs;
    bool dense = true;
    for (size_t i = 0; i < n; i++)
        dense &= s[i].dense;
    for (size_t c = first; !dense && c < end; c += SIGHT_BLOCKS * SCREEN_PARTS) {
        compare(pairs, m->screen->q + c * pairs * 2, s->steps, score[0]);
        for (size_t b = 0; b < SIGHT_BLOCKS; b++)
            for (size_t i = 0; i < n; i++) {
                const size_t part = c + b * SCREEN_PARTS;
                if (s[i].dense)
                    continue;
                memcpy(s[i].score + part, &score[b][i * PIECES], PIECES * sizeof(piece));
                weigh_scores(m, at, part, &s[i]);
            }
    }
}

/* compare_range takes n rows; a few parts at a time, so that they stay in the first cache. */
static void compare_range(const struct mixture *m, const struct level *at, size_t first, size_t end, size_t n,
                          struct sight *s) {
    for (size_t c = first; c < end; c += SCREEN_BLOCK)
        for (size_t i = 0; i < n; i += SIGHTS)
            compare_group(m, at, c, c + SCREEN_BLOCK, n - i < SIGHTS ? n - i : SIGHTS, s + i);
}

/* sift finds for n rows what parts may count, or that they are dense. That is guessed from the first parts, as if one of
 * all were as near as noise would have it: most rows of a noisy level are told at once. */
static void sift(const struct mixture *m, const struct level *at, size_t n, struct sight *s) {
    const size_t parts = mixture_screen_parts(m->k), probe = m->k > 16 * SCREEN_PROBE ? SCREEN_PROBE : SCREEN_BLOCK;
    for (size_t i = 0; i < n; i++)
        look(m, at, &s[i]);
    compare_range(m, at, 0, probe, n, s);
    for (size_t i = 0; i < n; i++)
        s[i].dense = s[i].dense || !list_near(m, at, probe, at->likely, probe - probe / 8, &s[i]);
    compare_range(m, at, probe, parts, n, s);
    for (size_t i = 0; i < n; i++)
        s[i].dense = s[i].dense || !list_near(m, at, m->k, -(double)INFINITY, m->screen->kept, &s[i]);
}

/* distance2 is |y - m|^2, summed in eight parts. */
static double distance2(size_t d, const double *y, const double *mean) {
    enum { SUMS = 8 };
    union {
        vec v[SUMS / LANES];
        double of[SUMS];
    } sum = {.of = {0}};
    size_t j = 0;
    for (; j + SUMS <= d; j += SUMS)
#pragma GCC unroll 4
        for (size_t v = 0; v < SUMS / LANES; v++) {
            const vec u = *(const vec *)(y + j + v * LANES) - *(const vec *)(mean + j + v * LANES);
            sum.v[v] += u * u;
        }
    for (size_t l = 0; j < d; j++, l++)
        sum.of[l] += (y[j] - mean[j]) * (y[j] - mean[j]);
    return ((sum.of[0] + sum.of[4]) + (sum.of[2] + sum.of[6])) + ((sum.of[1] + sum.of[5]) + (sum.of[3] + sum.of[7]));
}

/* add_row adds by * mean to out. */
static void add_row(size_t d, double by, const double *mean, double *out) {
    size_t j = 0;
    for (; j + LANES <= d; j += LANES)
        *(vec *)(out + j) += by * *(const vec *)(mean + j);
    for (; j < d; j++)
        out[j] += by * mean[j];
}

/* fetch asks for the mean of part[i] while another is read: they lie anywhere. */
static void fetch(const struct mixture *m, const struct sight *s, size_t i) {
    enum { LINE = 8 };
    for (size_t j = 0; i < s->n && j < m->base.d; j += LINE)
        __builtin_prefetch(m->means + s->part[i] * m->base.d + j);
}

/* near_row makes D of a row from the parts that may count; y[d] is room. */
static void near_row(const struct mixture *m, const struct level *at, const struct sight *s, double *y) {
    const size_t d = m->base.d;
    double best = -(double)INFINITY, total = 0, of_q = 0;
    for (size_t j = 0; j < d; j++)
        y[j] = s->x[j] * at->inverse;
    for (size_t i = 0; i < s->n; i++) {
        const size_t c = s->part[i];
        fetch(m, s, i + 1);
        s->logit[i] = at->bias[c] + at->scale[m->alike ? 0 : c] * distance2(d, y, m->means + c * d);
        best = s->logit[i] > best ? s->logit[i] : best;
    }
    memset(s->out, 0, d * sizeof *s->out);
    for (size_t i = 0; i < s->n; i++) {
        const size_t c = s->part[i];
        const double e = weight(m->cut, vec_of(s->logit[i] - best))[0];
        fetch(m, s, i + 1);
        total += e;
        of_q += m->alike ? 0 : e * at->q[c];
        if (e > 0)
            add_row(d, m->alike ? e : e * at->p[c], m->means + c * d, s->out);
    }
    const double by = (m->alike ? at->p[0] : 1) / total;
    for (size_t j = 0; j < d; j++)
        s->out[j] = m->alike ? s->out[j] * by + at->q[0] * y[j] : (s->out[j] + of_q * y[j]) * by;
}

#endif
