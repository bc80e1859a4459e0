/* tensor_vector.h - the kernels for an instruction set with vectors, included once by each tensor_<set>.c, which
 * defines
 *     LANES          floats a vector (a power of two)
 *     ROWS, VECTORS  of a tile: its rows, and the vectors a row; ROWS * VECTORS accumulators stay in registers
 *     FMA(a, b, c)   a * b + c, rounded once
 *     TABLE, SET     the table's name and the enum isa
 * Everything else is written with the compiler's vector types. */

#include "core/tensor/tensor.h"

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int vint __attribute__((vector_size(LANES * 4)));
typedef float anywhere __attribute__((vector_size(LANES * 4), aligned(4), may_alias)); /* in memory */

enum { COLUMNS = LANES * VECTORS };
#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) { return *(const anywhere *)p; }
INLINE void store(float *p, vec v) { *(anywhere *)p = v; }
INLINE vec splat(float x) { return x - (vec){0}; }

/* load_n and store_n touch n lanes only. */
INLINE vec load_n(const float *p, size_t n) {
    if (n >= LANES)
        return load(p);
    float lanes[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return load(lanes);
}
INLINE void store_n(float *p, vec v, size_t n) {
    if (n >= LANES) {
        store(p, v);
        return;
    }
    float lanes[LANES];
    store(lanes, v);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}

/* -- The matrix product -- */

INLINE void tile_rows(const struct tile *t, const size_t rows) {
    vec acc[ROWS][VECTORS];
#pragma GCC unroll 16
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < VECTORS; j++)
            acc[i][j] = (vec){0};
    const float *b = t->panel;
    for (size_t s = 0; s < t->segments; s++) {
        const float *a[ROWS];
#pragma GCC unroll 16
        for (size_t i = 0; i < rows; i++)
            a[i] = t->a[i] + t->segment[s];
        for (size_t k = 0; k < t->depth; k++, b += COLUMNS) {
            vec column[VECTORS];
#pragma GCC unroll 4
            for (size_t j = 0; j < VECTORS; j++)
                column[j] = load(b + j * LANES);
#pragma GCC unroll 16
            for (size_t i = 0; i < rows; i++) {
                vec x = splat(a[i][k]);
#pragma GCC unroll 4
                for (size_t j = 0; j < VECTORS; j++)
                    acc[i][j] = FMA(x, column[j], acc[i][j]);
            }
        }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < VECTORS; j++)
            store(t->out + i * COLUMNS + j * LANES, acc[i][j]);
}

static void tile(const struct tile *t) {
    switch (t->rows) {
#define CASE(n)                                 \
    case n:                                     \
        if (n <= ROWS)                          \
            tile_rows(t, n <= ROWS ? n : ROWS); \
        break;
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
#undef CASE
    default: break;
    }
}

/* -- Elementary functions, to a few units in the last place -- */

INLINE vec choose(vint mask, vec yes, vec no) { return (vec)((mask & (vint)yes) | (~mask & (vint)no)); }
INLINE vec least(vec a, vec b) { return choose(a < b, a, b); }
INLINE vec greatest(vec a, vec b) { return choose(a > b, a, b); }

/* exponential is e^x between e^-87 and e^88: x is n log 2 + r, e^r its Taylor polynomial. */
INLINE vec exponential(vec x) {
    x = choose(x > 88.0f, splat(88.0f), x);
    x = choose(x < -87.0f, splat(-87.0f), x);
    vec shifted = FMA(x, splat(1.44269504f), splat(12582912.0f)), n = shifted - 12582912.0f; /* 1.5 * 2^23 rounds */
    vec r = FMA(n, splat(-0.693359375f), x);
    r = FMA(n, splat(2.12194440e-4f), r);
    vec p = splat(1.0f / 5040);
    p = FMA(p, r, splat(1.0f / 720));
    p = FMA(p, r, splat(1.0f / 120));
    p = FMA(p, r, splat(1.0f / 24));
    p = FMA(p, r, splat(1.0f / 6));
    p = FMA(p, r, splat(0.5f));
    p = FMA(p, r, splat(1.0f));
    p = FMA(p, r, splat(1.0f));
    vint power = ((vint)shifted - 0x4B400000 + 127) << 23;
    return p * (vec)power;
}

/* error_function: Abramowitz, Stegun 7.1.26, within 1.5e-7. */
INLINE vec error_function(vec x) {
    vec a = greatest(x, -x), t = 1.0f / FMA(splat(0.3275911f), a, splat(1.0f));
    vec p = FMA(splat(1.061405429f), t, splat(-1.453152027f));
    p = FMA(p, t, splat(1.421413741f));
    p = FMA(p, t, splat(-0.284496736f));
    p = FMA(p, t, splat(0.254829592f));
    vec y = 1.0f - p * t * exponential(-a * a);
    return choose(x < 0.0f, -y, y);
}

INLINE vec activate(enum activation activation, vec x) {
    switch (activation) {
    case ACTIVATION_SILU: return x / (1.0f + exponential(-x));
    case ACTIVATION_RELU: return choose(x < 0.0f, splat(0), x);
    case ACTIVATION_GELU: return 0.5f * x * (1.0f + error_function(x * 0.70710678f));
    case ACTIVATION_GELU_TANH: return x / (1.0f + exponential(-1.59576912f * FMA(x * x * x, splat(0.044715f), x)));
    case ACTIVATION_MISH: {
        vec e = exponential(-greatest(x, -x));
        vec p = choose(x > 0.0f, 1.0f + 2.0f * e, e * e + 2.0f * e);
        vec q = choose(x > 0.0f, 1.0f + 2.0f * e + 2.0f * e * e, e * e + 2.0f * e + 2.0f);
        return x * p / q;
    }
    case ACTIVATION_NONE:
    case ACTIVATION_COUNT: break;
    }
    return x;
}

/* -- Rows -- */

INLINE void finish_as(const struct finish *f, size_t n, const float *x, float *out, enum activation activation) {
    for (size_t i = 0; i < n; i += LANES) {
        size_t m = n - i;
        vec y = load_n(x + i, m);
        if (f->bias)
            y += load_n(f->bias + i, m);
        if (f->vector)
            y += load_n(f->vector + i, m);
        y = activate(activation, y);
        if (f->gate)
            y *= load_n(f->gate + i, m);
        if (f->residual)
            y += load_n(f->residual + i, m);
        store_n(out + i, f->scale * y, m);
    }
}

INLINE void affine_as(size_t n, const float *x, const float *factor, const float *offset, float *out,
                      enum activation activation) {
    for (size_t i = 0; i < n; i += LANES) {
        size_t m = n - i;
        store_n(out + i, activate(activation, FMA(load_n(x + i, m), load_n(factor + i, m), load_n(offset + i, m))), m);
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

static void finish(const struct finish *f, size_t n, const float *x, float *out) {
    enum activation activation = f->activation;
#define CALL(a) finish_as(f, n, x, out, a)
    EACH_ACTIVATION(CALL)
#undef CALL
}

static void affine(size_t n, const float *x, const float *factor, const float *offset, enum activation activation,
                   float *out) {
#define CALL(a) affine_as(n, x, factor, offset, out, a)
    EACH_ACTIVATION(CALL)
#undef CALL
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
            for (size_t l = 0; l < m; l++) {
                sum[i + l] += (double)s[l];
                square[i + l] += (double)q[l];
            }
        }
    }
}

INLINE double total(vec v) {
    double sum = 0;
    for (size_t l = 0; l < LANES; l++)
        sum += (double)v[l];
    return sum;
}

static void standardise(size_t n, const float *x, float eps, float *out) {
    vec sum = {0}, square = {0};
    for (size_t i = 0; i < n; i += LANES)
        sum += load_n(x + i, n - i);
    float mean = (float)(total(sum) / (double)n);
    for (size_t i = 0; i < n; i += LANES) {
        vec y = load_n(x + i, n - i) - mean;
        for (size_t l = n - i; l < LANES; l++)
            y[l] = 0;
        square = FMA(y, y, square);
    }
    float factor = (float)(1 / __builtin_sqrt(total(square) / (double)n + (double)eps));
    for (size_t i = 0; i < n; i += LANES)
        store_n(out + i, (load_n(x + i, n - i) - mean) * factor, n - i);
}

static float softmax_part(size_t n, float *s, float scale, float *max) {
    float top = *max;
    vec most = splat(top), sum = {0};
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        most = greatest(load(s + i) * scale, most);
    for (size_t l = 0; l < LANES; l++)
        top = most[l] > top ? most[l] : top;
    for (size_t i = whole; i < n; i++)
        top = s[i] * scale > top ? s[i] * scale : top;
    for (size_t i = 0; i < n; i += LANES) {
        vec e = exponential(load_n(s + i, n - i) * scale - top);
        store_n(s + i, e, n - i);
        for (size_t l = n - i; l < LANES; l++)
            e[l] = 0;
        sum += e;
    }
    *max = top;
    return (float)total(sum);
}

static void blend(size_t n, float keep, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES)
        store_n(out + i, FMA(load_n(out + i, n - i), splat(keep), load_n(x + i, n - i)), n - i);
}

#include "core/tensor/backward_vector.h"

const struct tensor_kernels TABLE = {
    SET, ROWS, COLUMNS, tile, finish, affine, moments, standardise, softmax_part, blend, &BACKWARD,
};
