#include "core/tensor/attention_backward.h"

#include <math.h>

#include "core/tensor/backward.h"

/* A head: s = q k' / sqrt(d), p = softmax(s), out = p v. With d the derivative by out: that by v is p' d, by p it is
 * d v', by s that of a softmax, by q it is that times k, by k its transpose times q. */
struct head {
    const struct tensor_kernels *k;
    const struct attention_backward *a;
    size_t from, out;   /* of the head's first number in q, k, v and in out */
    size_t keys, wide;  /* the tokens and d, rounded up to whole columns */
    float *keys_across; /* [keys / columns][d][columns] */
    float *values_across;
    float *keys_along; /* [wide / columns][keys][columns] */
    float *p, *slope;  /* [rows][keys] */
};

static size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by * by; }

size_t attention_backward_scratch(const struct tensor_kernels *k, size_t tokens, size_t d) {
    size_t keys = ceiling(tokens, k->columns), wide = ceiling(d, k->columns);
    return keys * (2 * d + wide) + 2 * k->rows * keys;
}

static void pack_across(const struct head *h, const float *x, float *to) {
    const struct attention *a = &h->a->forward;
    for (size_t first = 0; first < h->keys; first += h->k->columns)
        for (size_t c = 0; c < a->d; c++)
            for (size_t t = first; t < first + h->k->columns; t++)
                *to++ = t < a->tokens ? x[h->from + t * a->step + c] : 0;
}

static void pack_along(const struct head *h, const float *x, float *to) {
    const struct attention *a = &h->a->forward;
    for (size_t first = 0; first < h->wide; first += h->k->columns)
        for (size_t t = 0; t < h->keys; t++)
            for (size_t c = first; c < first + h->k->columns; c++)
                *to++ = t < a->tokens && c < a->d ? x[h->from + t * a->step + c] : 0;
}

/* multiply: out[row][0 .. n-1] (+)= rows of a times a packed matrix of `depth` rows. */
static void multiply(const struct tensor_kernels *k, const float *const *a, size_t rows, size_t depth,
                     const float *panels, size_t n, float *const *out, bool add) {
    static const size_t origin[1];
    float block[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
    struct tile tile = {
        .a = a, .rows = rows, .segment = origin, .segments = 1, .depth = depth, .out = block, .pitch = k->columns};
    for (size_t c = 0; c < n; c += k->columns) {
        tile.panel = panels + c * depth;
        k->tile(&tile);
        for (size_t i = 0; i < rows; i++)
            k->backward->scale(n - c < k->columns ? n - c : k->columns, 1, block + i * k->columns, add, out[i] + c);
    }
}

static void probabilities(const struct head *h, const float *const *q, size_t rows, float *const *p) {
    const struct attention *a = &h->a->forward;
    multiply(h->k, q, rows, a->d, h->keys_across, a->tokens, p, false);
    for (size_t i = 0; i < rows; i++) {
        float max = -INFINITY, sum = h->k->softmax_part(a->tokens, p[i], 1 / sqrtf((float)a->d), &max);
        h->k->backward->scale(a->tokens, 1 / sum, p[i], false, p[i]);
    }
}

/* add_transposed: to[key] += sum over rows of w[row][key] * x[row], d numbers each. */
static void add_transposed(const struct head *h, const float *w, size_t rows, const float *x, size_t x_step,
                           float *to) {
    const struct attention *a = &h->a->forward;
    h->k->backward->outer(&(struct outer){.lines = 1,
                                          .pixels = rows,
                                          .rows = a->tokens,
                                          .columns = a->d,
                                          .a = w,
                                          .b = x,
                                          .a_step = h->keys,
                                          .b_step = x_step,
                                          .out = to,
                                          .pitch = a->step});
}

static void some_queries(const struct head *h, size_t token, size_t rows) {
    const struct attention *a = &h->a->forward;
    const float *q[TILE_ROWS_MAX] = {0}, *d[TILE_ROWS_MAX] = {0}, *weights[TILE_ROWS_MAX] = {0};
    float *p[TILE_ROWS_MAX] = {0}, *slope[TILE_ROWS_MAX] = {0}, *to[TILE_ROWS_MAX] = {0};
    for (size_t i = 0; i < rows; i++) {
        q[i] = a->q + h->from + (token + i) * a->step;
        d[i] = h->a->d + h->out + (token + i) * a->heads * a->d;
        p[i] = h->p + i * h->keys;
        slope[i] = h->slope + i * h->keys;
        to[i] = h->a->q + h->from + (token + i) * a->step;
    }
    probabilities(h, q, rows, p);
    multiply(h->k, d, rows, a->d, h->values_across, a->tokens, slope, false);
    for (size_t i = 0; i < rows; i++)
        h->k->backward->softmax(a->tokens, p[i], 1 / sqrtf((float)a->d), slope[i]);
    add_transposed(h, h->p, rows, d[0], a->heads * a->d, h->a->v + h->from);
    add_transposed(h, h->slope, rows, q[0], a->step, h->a->k + h->from);
    for (size_t i = 0; i < rows; i++) {
        weights[i] = slope[i];
        for (size_t t = a->tokens; t < h->keys; t++)
            slope[i][t] = 0;
    }
    multiply(h->k, weights, rows, h->keys, h->keys_along, a->d, to, true);
}

void attention_backward_run(const struct tensor_kernels *k, const struct attention_backward *b, float *scratch) {
    const struct attention *a = &b->forward;
    struct head h = {.k = k, .a = b, .keys = ceiling(a->tokens, k->columns), .wide = ceiling(a->d, k->columns)};
    h.keys_across = scratch;
    h.values_across = h.keys_across + h.keys * a->d;
    h.keys_along = h.values_across + h.keys * a->d;
    h.p = h.keys_along + h.keys * h.wide;
    h.slope = h.p + k->rows * h.keys;
    for (size_t i = 0; i < a->images * a->heads; i++) {
        size_t token = i / a->heads * a->tokens, column = i % a->heads * a->d;
        h.from = token * a->step + column;
        h.out = token * a->heads * a->d + column;
        pack_across(&h, a->k, h.keys_across);
        pack_across(&h, a->v, h.values_across);
        pack_along(&h, a->k, h.keys_along);
        for (size_t t = 0; t < a->tokens; t += k->rows)
            some_queries(&h, t, a->tokens - t < k->rows ? a->tokens - t : k->rows);
    }
}
