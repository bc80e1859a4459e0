/* tensor_vector.h - the kernels for an instruction set with vectors, included once by each tensor_<set>.c, which
 * defines
 *     LANES          floats a vector (a power of two)
 *     ROWS, VECTORS  of a tile: its rows, and the vectors a row; ROWS * VECTORS accumulators stay in registers
 *     SLIM_ROWS      of a tile of one vector a row
 *     LEAST(a, b), GREATEST(a, b)      a < b ? a : b and a > b ? a : b of lanes; without them, selections
 *     SOME(p, n), SET_SOME(p, v, n)    load and store the first n < LANES lanes; without them, copies do that
 *     FMA(a, b, c)   a * b + c, rounded once
 *     ROUND_F16(a)   to IEEE binary16 and back
 *     TABLE, SET     the table's name and the enum isa
 * Everything else is written with the compiler's vector types. */

#include <stdbool.h>

#include "core/tensor/tensor.h"
#include "core/tensor/vector.h"

enum { COLUMNS = LANES * VECTORS, SEVERAL = 4 };

INLINE vec load_halves(const uint16_t *p) {
    return (vec)(__builtin_convertvector(*(const halves_anywhere *)p, vuint) << 16);
}
INLINE float widened(uint16_t x) { return ((vec)((vuint){x} << 16))[0]; }

#ifndef SOME
INLINE vec some(const float *p, size_t n) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return load(lanes);
}
INLINE void set_some(float *p, vec v, size_t n) {
    float lanes[LANES];
    store(lanes, v);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}
#define SOME some
#define SET_SOME set_some
#endif

/* load_n and store_n touch n lanes only, at most LANES; the other lanes are 0. */
INLINE vec load_n(const float *p, size_t n) { return n >= LANES ? load(p) : SOME(p, n); }
INLINE void store_n(float *p, vec v, size_t n) {
    if (n >= LANES)
        store(p, v);
    else
        SET_SOME(p, v, n);
}

/* -- Lanes -- */

/* EACH_LANE is a shuffle's list of lanes: F(l, by) for each lane l. */
#define FOUR_LANES(F, l, by) F(l, by), F((l) + 1, by), F((l) + 2, by), F((l) + 3, by)
#if LANES == 16
#define EACH_LANE(F, by) FOUR_LANES(F, 0, by), FOUR_LANES(F, 4, by), FOUR_LANES(F, 8, by), FOUR_LANES(F, 12, by)
#elif LANES == 8
#define EACH_LANE(F, by) FOUR_LANES(F, 0, by), FOUR_LANES(F, 4, by)
#else
#define EACH_LANE(F, by) FOUR_LANES(F, 0, by)
#endif

/* CROSSED has in lane l what v has in lane l ^ by: all lanes meet in as many steps as their number has bits. */
#define MEETS(l, by) (((l) ^ (by)) & (LANES - 1))
#define CROSSED(v, by) __builtin_shufflevector(v, v, EACH_LANE(MEETS, by))

INLINE double total(vec v) {
    v += CROSSED(v, 1);
    v += CROSSED(v, 2);
    if (LANES > 4)
        v += CROSSED(v, 4);
    if (LANES > 8)
        v += CROSSED(v, 8);
    return (double)v[0];
}

#include "core/tensor/tile_vector.h"
#include "core/tensor/transpose_vector.h"

static void widen(size_t n, const uint16_t *x, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(out + i, load_halves(x + i));
    for (; i < n; i++)
        out[i] = widened(x[i]);
}

static void round_f16(size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES)
        store_n(out + i, ROUND_F16(load_n(x + i, n - i)), n - i);
}

#include "core/tensor/activation_vector.h"

/* -- Rows -- */

/* finish_part ends m lanes of a row. */
INLINE void finish_part(const struct finish_rows *f, size_t r, size_t i, size_t m, vec bias, vec gate,
                        enum activation activation) {
    vec y = load_n(f->x + r * f->pitch + i, m);
    if (f->bias)
        y += bias;
    if (f->vector)
        y += load_n(f->vector[r] + i, m);
    if (f->keep)
        store_n(f->keep[r] + i, f->keep_slope ? slope_of(activation, y) : y, m);
    y = activate(activation, y);
    if (f->gate)
        y *= gate;
    if (f->residual)
        y += load_n(f->residual[r] + i, m);
    store_n(f->out[r] + i, f->scale * y, m);
}

/* finish_column ends m lanes of all rows, from column i on. */
INLINE void finish_column(const struct finish_rows *f, size_t i, size_t m, enum activation activation) {
    vec bias = f->bias ? load_n(f->bias + i, m) : splat(0);
    vec gate = f->gate ? load_n(f->gate + i, m) : splat(0);
    for (size_t r = 0; r < f->rows; r++)
        finish_part(f, r, i, m, bias, gate, activation);
}

INLINE void finish_as(const struct finish_rows *all, enum activation activation) {
    const struct finish_rows f = *all;
    size_t whole = f.n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        finish_column(&f, i, LANES, activation);
    if (whole < f.n)
        finish_column(&f, whole, f.n - whole, activation);
}

INLINE void affine_as(size_t pixels, size_t n, const float *x, size_t x_step, const float *factor, const float *offset,
                      float *out, size_t out_step, enum activation activation) {
    for (size_t p = 0; p < pixels; p++, x += x_step, out += out_step)
        for (size_t i = 0; i < n; i += LANES) {
            size_t m = n - i;
            vec y = FMA(load_n(x + i, m), load_n(factor + i, m), load_n(offset + i, m));
            store_n(out + i, activate(activation, y), m);
        }
}

/* One loop for each activation. */
#define EACH_ACTIVATION(CALL)                                     \
    switch (activation) {                                         \
    case ACTIVATION_SILU: CALL(ACTIVATION_SILU); break;           \
    case ACTIVATION_RELU: CALL(ACTIVATION_RELU); break;           \
    case ACTIVATION_GELU: CALL(ACTIVATION_GELU); break;           \
    case ACTIVATION_GELU_TANH: CALL(ACTIVATION_GELU_TANH); break; \
    case ACTIVATION_MISH: CALL(ACTIVATION_MISH); break;           \
    case ACTIVATION_NONE:                                         \
    case ACTIVATION_COUNT: CALL(ACTIVATION_NONE); break;          \
    }

/* finish_sums is for rows of which nothing but a sum becomes, row by row. */
INLINE void finish_sums(const struct finish_rows f) {
    const vec none = {0};
    for (size_t r = 0; r < f.rows; r++) {
        size_t i = 0;
        for (; i + LANES <= f.n; i += LANES)
            finish_part(&f, r, i, LANES, f.bias ? load(f.bias + i) : none, none, ACTIVATION_NONE);
        if (i < f.n)
            finish_part(&f, r, i, f.n - i, f.bias ? load_n(f.bias + i, f.n - i) : none, none, ACTIVATION_NONE);
    }
}

/* finish_plain is finish_sums, once for what most layers have and once for all else. */
static void finish_plain(const struct finish_rows *all) {
    struct finish_rows f = *all;
    f.gate = NULL;
    f.scale = 1;
    if (f.vector || f.keep) {
        finish_sums(f);
        return;
    }
    f.vector = NULL;
    f.keep = NULL;
    finish_sums(f);
}

static void finish_rows(const struct finish_rows *f) {
    enum activation activation = f->activation;
    if (activation == ACTIVATION_NONE && !f->gate && f->scale == 1) {
        finish_plain(f);
        return;
    }
#define CALL(a) finish_as(f, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

static void finish(const struct finish *f, size_t n, const float *x, float *out) {
    finish_rows(&(struct finish_rows){.rows = 1,
                                      .n = n,
                                      .x = x,
                                      .out = &out,
                                      .residual = f->residual ? &f->residual : NULL,
                                      .bias = f->bias,
                                      .vector = f->vector ? &f->vector : NULL,
                                      .gate = f->gate,
                                      .scale = f->scale,
                                      .activation = f->activation});
}

static void affine(size_t pixels, size_t n, const float *x, size_t x_step, const float *factor, const float *offset,
                   enum activation activation, float *out, size_t out_step) {
#define CALL(a) affine_as(pixels, n, x, x_step, factor, offset, out, out_step, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

typedef double wide __attribute__((vector_size(LANES * 8)));
typedef double wide_anywhere __attribute__((vector_size(LANES * 8), aligned(8), may_alias));

INLINE void add_wide(double *to, vec v, size_t m) {
    if (m >= LANES)
        *(wide_anywhere *)to += __builtin_convertvector(v, wide);
    else
        for (size_t l = 0; l < m; l++)
            to[l] += (double)v[l];
}

/* A few pixels at a time are summed in float32, and those sums in double. */
static void moments(size_t pixels, size_t pitch, size_t n, const float *x, const float *shift, double *sum,
                    double *square) {
    enum { TOGETHER = 16 };
    for (size_t first = 0; first < pixels; first += TOGETHER) {
        size_t end = first + TOGETHER < pixels ? first + TOGETHER : pixels;
        for (size_t i = 0; i < n; i += LANES) {
            size_t m = n - i < LANES ? n - i : LANES;
            vec mid = load_n(shift + i, m), s = {0}, q = {0};
            for (size_t p = first; p < end; p++) {
                vec y = load_n(x + p * pitch + i, m) - mid;
                s += y;
                q = FMA(y, y, q);
            }
            add_wide(sum + i, s, m);
            add_wide(square + i, q, m);
        }
    }
}

/* first_of is the first m lanes of v, and else what `other` has. */
INLINE vec first_of(size_t m, vec v, vec other) {
    vint lane;
    for (int l = 0; l < LANES; l++)
        lane[l] = l;
    return m < LANES ? choose(lane < (int)m, v, other) : v;
}

/* top is the greatest lane. */
INLINE float top(vec v) {
    v = greatest(v, CROSSED(v, 1));
    v = greatest(v, CROSSED(v, 2));
    if (LANES > 4)
        v = greatest(v, CROSSED(v, 4));
    if (LANES > 8)
        v = greatest(v, CROSSED(v, 8));
    return v[0];
}

static void standardise(const struct standard *s, size_t n, const float *x, float *out) {
    vec sum = {0}, square = {0};
    for (size_t i = 0; i < n; i += LANES)
        sum += load_n(x + i, n - i);
    float mean = (float)(total(sum) / (double)n);
    for (size_t i = 0; i < n; i += LANES) {
        vec y = first_of(n - i, load_n(x + i, n - i) - mean, splat(0));
        square = FMA(y, y, square);
    }
    float factor = (float)(1 / __builtin_sqrt(total(square) / (double)n + (double)s->eps));
    for (size_t i = 0; i < n; i += LANES) {
        vec y = (load_n(x + i, n - i) - mean) * factor;
        if (s->weight)
            y = FMA(y, load_n(s->weight + i, n - i), load_n(s->bias + i, n - i));
        if (s->scale)
            y = y * load_n(s->scale + i, n - i) + y + load_n(s->shift + i, n - i);
        store_n(out + i, y, n - i);
    }
}

static float softmax_part(size_t n, float *s, float scale, float *max) {
    size_t whole = n / LANES * LANES, rest = n - whole;
    vec most = splat(*max), sum = {0};
    for (size_t i = 0; i < whole; i += LANES)
        most = greatest(load(s + i) * scale, most);
    if (rest)
        most = greatest(first_of(rest, load_n(s + whole, rest) * scale, most), most);
    *max = top(most);
    for (size_t i = 0; i < whole; i += LANES) {
        vec e = exponential(load(s + i) * scale - *max);
        store(s + i, e);
        sum += e;
    }
    if (rest) {
        vec e = exponential(load_n(s + whole, rest) * scale - *max);
        store_n(s + whole, e, rest);
        sum += first_of(rest, e, splat(0));
    }
    return (float)total(sum);
}

INLINE vec blended(float *out, float keep, const float *x, float by, size_t m) {
    vec y = load_n(x, m);
    return (keep != 0 ? FMA(load_n(out, m), splat(keep), y) : y) * by;
}

static void blend(size_t n, float keep, const float *x, float by, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(out + i, blended(out + i, keep, x + i, by, LANES));
    if (i < n)
        store_n(out + i, blended(out + i, keep, x + i, by, n - i), n - i);
}

#include "core/tensor/backward_vector.h"
#include "core/tensor/winograd_vector.h"

const struct tensor_kernels TABLE = {
    .isa = SET,
    .rows = ROWS,
    .columns = COLUMNS,
    .tile = tile,
    .slim = {SLIM_ROWS, LANES, slim_tile},
    .thin = {TILE_ROWS_MAX, 1, thin_tile},
    .widen = widen,
    .transpose = transpose,
    .round_f16 = round_f16,
    .finish = finish,
    .finish_rows = finish_rows,
    .affine = affine,
    .moments = moments,
    .standardise = standardise,
    .softmax_part = softmax_part,
    .blend = blend,
    .winograd_in = winograd_in,
    .winograd_out = winograd_out,
    .backward = &BACKWARD,
};
