/* backward_vector.h - the kernels of backward.h, a part of tensor_vector.h. */
#include "core/tensor/backward.h"

/* -- Sums of products over pixels -- */

enum { OUTER_ROWS = 8, OUTER_LANES = 2 * LANES };

/* The numbers of b behind `columns` are not read: `whole` says that there is nothing behind. */
INLINE void outer_tile(const struct outer *o, size_t row, size_t column, const size_t rows, const size_t vectors,
                       bool whole) {
    vec acc[OUTER_ROWS][2];
    size_t left = o->columns - column;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < vectors; j++)
            acc[i][j] = (vec){0};
    for (size_t l = 0; l < o->lines; l++) {
        const float *a = o->a + l * o->a_line + row, *b = o->b + l * o->b_line + column;
        for (size_t p = 0; p < o->pixels; p++, a += o->a_step, b += o->b_step) {
            vec y[2];
#pragma GCC unroll 2
            for (size_t j = 0; j < vectors; j++)
                y[j] = whole ? load(b + j * LANES) : load_n(b + j * LANES, left - j * LANES);
#pragma GCC unroll 8
            for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
                for (size_t j = 0; j < vectors; j++)
                    acc[i][j] = FMA(splat(a[i]), y[j], acc[i][j]);
        }
    }
    float *out = o->out + row * o->pitch + column;
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < vectors; j++) {
            float *to = out + i * o->pitch + j * LANES;
            store_n(to, load_n(to, left - j * LANES) + acc[i][j], left - j * LANES);
        }
}

INLINE void outer_rows(const struct outer *o, size_t column, const size_t vectors, bool whole) {
    size_t row = 0;
    for (; row + OUTER_ROWS <= o->rows; row += OUTER_ROWS)
        outer_tile(o, row, column, OUTER_ROWS, vectors, whole);
    switch (o->rows - row) {
    case 1: outer_tile(o, row, column, 1, vectors, whole); break;
    case 2: outer_tile(o, row, column, 2, vectors, whole); break;
    case 3: outer_tile(o, row, column, 3, vectors, whole); break;
    case 4: outer_tile(o, row, column, 4, vectors, whole); break;
    case 5: outer_tile(o, row, column, 5, vectors, whole); break;
    case 6: outer_tile(o, row, column, 6, vectors, whole); break;
    case 7: outer_tile(o, row, column, 7, vectors, whole); break;
    default: break;
    }
}

static void outer(const struct outer *o) {
    size_t column = 0;
    for (; column + 2 * LANES <= o->columns; column += 2 * LANES)
        outer_rows(o, column, 2, true);
    if (column + LANES <= o->columns) {
        outer_rows(o, column, 1, true);
        column += LANES;
    }
    if (column < o->columns)
        outer_rows(o, column, 1, false);
}

/* Rows lie far apart: some of their vectors are taken at a time. */
enum { SUMMED = 4 };

INLINE void sums_of(size_t pixels, size_t pitch, const float *x, float *sum, const size_t vectors, size_t last) {
    vec s[SUMMED] = {0};
    for (size_t p = 0; p < pixels; p++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            s[j] += load_n(x + p * pitch + j * LANES, j + 1 < vectors ? LANES : last);
#pragma GCC unroll 4
    for (size_t j = 0; j < vectors; j++) {
        size_t m = j + 1 < vectors ? LANES : last;
        store_n(sum + j * LANES, load_n(sum + j * LANES, m) + s[j], m);
    }
}

static void sums(size_t pixels, size_t pitch, size_t n, const float *x, float *sum) {
    size_t i = 0;
    for (; i + SUMMED * LANES <= n; i += SUMMED * LANES)
        sums_of(pixels, pitch, x + i, sum + i, SUMMED, LANES);
    for (; i < n; i += LANES)
        sums_of(pixels, pitch, x + i, sum + i, 1, n - i);
}

/* -- Activations -- */

INLINE void gate_sums_as(size_t pixels, size_t n, const float *z, size_t z_pitch, const float *d, size_t d_pitch,
                         float by, float *sum, enum activation activation) {
    for (size_t i = 0; i < n; i += LANES) {
        vec s = {0};
        for (size_t p = 0; p < pixels; p++)
            s = FMA(activate(activation, load_n(z + p * z_pitch + i, n - i)), load_n(d + p * d_pitch + i, n - i), s);
        store_n(sum + i, FMA(s, splat(by), load_n(sum + i, n - i)), n - i);
    }
}

static void gate_sums(size_t pixels, size_t n, const float *z, size_t z_pitch, const float *d, size_t d_pitch,
                      enum activation activation, float by, float *sum) {
#define CALL(a) gate_sums_as(pixels, n, z, z_pitch, d, d_pitch, by, sum, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

static void scale(size_t n, float factor, const float *x, bool add, float *out) {
    for (size_t i = 0; i < n; i += LANES)
        store_n(out + i, FMA(load_n(x + i, n - i), splat(factor), add ? load_n(out + i, n - i) : splat(0)), n - i);
}

INLINE void slope_as(size_t n, const float *z, const float *gate, float by, const float *d, bool add, float *out,
                     enum activation activation) {
    for (size_t i = 0; i < n; i += LANES) {
        vec y = by * load_n(d + i, n - i);
        if (gate)
            y *= load_n(gate + i, n - i);
        if (activation != ACTIVATION_NONE)
            y *= slope_of(activation, load_n(z + i, n - i));
        store_n(out + i, add ? load_n(out + i, n - i) + y : y, n - i);
    }
}

static void slope(size_t n, enum activation activation, const float *z, const float *gate, float by, const float *d,
                  bool add, float *out){
#define CALL(a) slope_as(n, z, gate, by, d, add, out, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

/* -- Norms -- */

INLINE void norm_sums_as(const struct norm_line *l, enum activation activation) {
    for (size_t i = 0; i < l->n; i += LANES) {
        size_t m = l->n - i;
        vec factor = load_n(l->factor + i, m), offset = load_n(l->offset + i, m), mean = load_n(l->mean + i, m);
        vec sum = {0}, product = {0};
        for (size_t p = 0; p < l->pixels; p++) {
            vec x = load_n(l->x + p * l->x_step + i, m), d = load_n(l->d + p * l->d_step + i, m);
            if (activation != ACTIVATION_NONE) {
                d *= slope_of(activation, FMA(x, factor, offset));
                store_n(l->d + p * l->d_step + i, d, m);
            }
            sum += d;
            product = FMA(d, x - mean, product);
        }
        store_n(l->sum + i, load_n(l->sum + i, m) + sum, m);
        store_n(l->product + i, load_n(l->product + i, m) + product, m);
    }
}

static void norm_sums(const struct norm_line *l) {
    enum activation activation = l->activation;
#define CALL(a) norm_sums_as(l, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

static void norm_slope(const struct norm_line *l, bool add, float *out, size_t out_step) {
    for (size_t i = 0; i < l->n; i += LANES) {
        size_t m = l->n - i;
        vec factor = load_n(l->factor + i, m), offset = load_n(l->offset + i, m), mean = load_n(l->mean + i, m),
            product = load_n(l->product + i, m);
        for (size_t p = 0; p < l->pixels; p++) {
            vec x = load_n(l->x + p * l->x_step + i, m) - mean, d = load_n(l->d + p * l->d_step + i, m);
            vec y = FMA(d, factor, FMA(x, product, offset));
            float *to = out + p * out_step + i;
            store_n(to, add ? load_n(to, m) + y : y, m);
        }
    }
}

INLINE vec only(vec v, size_t n) {
    for (size_t l = n; l < LANES; l++)
        v[l] = 0;
    return v;
}

/* The mean and 1 / sqrt(variance + eps) of a row, and the means of s and s y. */
struct layer_row {
    float mean, by, level, tilt;
};

INLINE struct layer_row layer_row_of(const struct layer_rows *l, const float *x, const float *d) {
    vec sum = {0}, square = {0}, level = {0}, tilt = {0};
    const float share = 1 / (float)l->n;
    for (size_t i = 0; i < l->n; i += LANES)
        sum += load_n(x + i, l->n - i);
    float mean = (float)total(sum) * share;
    for (size_t i = 0; i < l->n; i += LANES) {
        size_t m = l->n - i;
        vec y = load_n(x + i, m) - mean, s = load_n(d + i, m) * load_n(l->factor + i, m);
        y = m < LANES ? only(y, m) : y;
        square = FMA(y, y, square);
        level += s;
        tilt = FMA(s, y, tilt);
    }
    float by = 1 / __builtin_sqrtf((float)total(square) * share + l->eps);
    return (struct layer_row){mean, by, (float)total(level) * share, (float)total(tilt) * share * by};
}

static void layer(const struct layer_rows *l) {
    for (size_t r = 0; r < l->rows; r++) {
        const float *x = l->x + r * l->x_step, *d = l->d + r * l->d_step;
        float *out = l->out + r * l->out_step;
        const struct layer_row row = layer_row_of(l, x, d);
        if (l->moments)
            l->moments[2 * r] = row.mean, l->moments[2 * r + 1] = row.by;
        for (size_t i = 0; i < l->n; i += LANES) {
            size_t m = l->n - i;
            vec y = (load_n(x + i, m) - row.mean) * row.by, own = load_n(d + i, m);
            if (l->sum) {
                store_n(l->sum + i, load_n(l->sum + i, m) + own, m);
                store_n(l->product + i, FMA(own, y, load_n(l->product + i, m)), m);
            }
            own = (FMA(own, load_n(l->factor + i, m), splat(-row.level)) - y * row.tilt) * row.by;
            store_n(out + i, l->add ? load_n(out + i, m) + own : own, m);
        }
    }
}

INLINE void layer_sums_of(const struct layer_rows *l, size_t i, const size_t vectors, size_t last) {
    vec sum[SUMMED] = {0}, product[SUMMED] = {0};
    for (size_t r = 0; r < l->rows; r++) {
        const float *x = l->x + r * l->x_step + i, *d = l->d + r * l->d_step + i;
        float mean = l->moments[2 * r], by = l->moments[2 * r + 1];
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            size_t m = j + 1 < vectors ? LANES : last;
            vec own = load_n(d + j * LANES, m);
            sum[j] += own;
            product[j] = FMA(own, (load_n(x + j * LANES, m) - mean) * by, product[j]);
        }
    }
#pragma GCC unroll 4
    for (size_t j = 0; j < vectors; j++) {
        size_t m = j + 1 < vectors ? LANES : last;
        float *to = l->sum + i + j * LANES, *by = l->product + i + j * LANES;
        store_n(to, load_n(to, m) + sum[j], m);
        store_n(by, load_n(by, m) + product[j], m);
    }
}

static void layer_sums(const struct layer_rows *l) {
    size_t i = 0;
    for (; i + SUMMED * LANES <= l->n; i += SUMMED * LANES)
        layer_sums_of(l, i, SUMMED, LANES);
    for (; i < l->n; i += LANES)
        layer_sums_of(l, i, 1, l->n - i);
}

static void softmax(size_t n, const float *p, float by, float *d) {
    vec s = {0};
    for (size_t i = 0; i < n; i += LANES)
        s = FMA(load_n(p + i, n - i), load_n(d + i, n - i), s);
    float sum = (float)total(s);
    for (size_t i = 0; i < n; i += LANES)
        store_n(d + i, by * load_n(p + i, n - i) * (load_n(d + i, n - i) - sum), n - i);
}

/* -- Steps of an optimiser -- */

INLINE vec root(vec x) {
#if defined(__AVX512F__)
    return (vec)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
    return (vec)_mm256_sqrt_ps((__m256)x);
#else
    return (vec)vsqrtq_f32((float32x4_t)x);
#endif
}

/* A few hundred squares are summed in float32, and those sums in double. */
static double squares(size_t n, const float *x) {
    enum { BLOCK = 32 * LANES };
    double sum = 0;
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t end = first + BLOCK < n ? first + BLOCK : n;
        vec s = {0};
        for (size_t i = first; i < end; i += LANES) {
            vec y = load_n(x + i, end - i);
            s = FMA(y, y, s);
        }
        sum += total(s);
    }
    return sum;
}

static void adam(const struct adam *a, size_t n, const float *gradient, float *w, float *first, float *second,
                 float *mean) {
    for (size_t i = 0; i < n; i += LANES) {
        size_t m = n - i;
        vec g = load_n(gradient + i, m) * a->by_gradient;
        vec f = FMA(load_n(first + i, m), splat(a->beta1), a->rest1 * g);
        vec s = FMA(load_n(second + i, m), splat(a->beta2), a->rest2 * g * g);
        vec y = a->keep * load_n(w + i, m) - a->rate * f / FMA(root(s), splat(a->by_second), splat(a->eps));
        store_n(first + i, f, m);
        store_n(second + i, s, m);
        store_n(w + i, y, m);
        store_n(mean + i, FMA(load_n(mean + i, m), splat(a->average), (1 - a->average) * y), m);
    }
}

static const struct backward_kernels BACKWARD = {
    outer, sums, gate_sums, scale, slope, norm_sums, norm_slope, layer, layer_sums, softmax, squares, adam,
};
