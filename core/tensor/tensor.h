/* tensor.h - the kernels of neural networks: one table of functions per instruction set (core/base/cpu.h).
 *
 * All numbers are float32; sums of a matrix product are accumulated in float32, in the order of k (but for a last column,
 * `thin`), each result in accumulators of its own. So a result's bits do not depend on the rows beside it, on how rows are grouped into tiles
 * or on threads; between tables they differ in the last bits (fused multiply-adds, the order of sums over lanes).
 * `ref` is plain C and the oracle of the others.
 * Pointers need no alignment. Nothing is written behind n, nothing read behind what is named. */
#ifndef SOLVENT_TENSOR_H
#define SOLVENT_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cpu.h"

enum { TILE_ROWS_MAX = 32, TILE_COLUMNS_MAX = 32, TILE_SEGMENTS_MAX = 16 };

/* out[i][j] = sum over s, k of a[i][segment[s] + k] * panel[s][k][j], for `rows` rows and all of the shape's columns. A
 * panel of bfloat16, the upper halves of float32 numbers, gives the bits that these numbers would. */
struct tile {
    const float *const *a; /* [rows] */
    size_t rows;           /* 1 .. the shape's rows */
    const size_t *segment; /* [segments] */
    size_t segments, depth;
    const float *panel;     /* [segments][depth][columns]; or NULL: */
    const uint16_t *halves; /* the same as bfloat16 */
    float *out;             /* [rows][columns], rows `pitch` apart */
    size_t pitch;
    const uint16_t *const *a_halves; /* [rows]; of a tile of half.h, in place of a: */
    const uint16_t *pairs;           /* and in place of panel */
};

struct tile_shape {
    size_t rows, columns;
    void (*run)(const struct tile *t);
};

/* Activations; MISH is x tanh(log(1 + e^x)), GELU_TANH the tanh approximation (Hendrycks, Gimpel 2016, sec. 2). */
#define ACTIVATION_LIST(X)    \
    X(NONE, "none")           \
    X(SILU, "silu")           \
    X(RELU, "relu")           \
    X(GELU, "gelu")           \
    X(GELU_TANH, "gelu-tanh") \
    X(MISH, "mish")
enum activation {
#define X(name, text) ACTIVATION_##name,
    ACTIVATION_LIST(X)
#undef X
        ACTIVATION_COUNT
};

/* What becomes of n results of a row: scale * (residual + gate * act(x + bias + vector)). NULL: without it. */
struct finish {
    const float *bias, *vector, *gate, *residual;
    float scale;
    enum activation activation;
};

/* The same of `rows` rows, x's `pitch` apart, bias and gate the same for all. */
struct finish_rows {
    size_t rows, n, pitch;
    const float *x;
    float *const *out;                            /* [rows] */
    const float *const *vector, *const *residual; /* [rows] or NULL */
    const float *bias, *gate;
    float scale;
    enum activation activation;
    float *const *keep; /* [rows] or NULL: gets x + bias + vector */
    bool keep_slope;    /* ... the activation's derivative there */
};

/* What becomes of a row x of n numbers: y = (x - mean) / sqrt(variance + eps), of the row's own mean and (biased)
 * variance; then y * weight + bias; then y + y * scale + shift. NULL: without it. */
struct standard {
    float eps;
    const float *weight, *bias, *scale, *shift;
};

/* Some tiles of 4x4 pixels, each of which begins two pixels behind the one before (winograd.h). */
enum { WINOGRAD_PLACES = 16 };
struct winograd_tiles {
    size_t tiles, n;     /* n numbers a pixel */
    const float *row[4]; /* of the first tile's pixels, `step` apart; no pixel behind number `last` is read, but that */
    size_t step, last;
    float *out; /* [places][tiles][n], places `apart` floats apart */
    size_t apart;
};

struct backward_kernels;

struct tensor_kernels {
    enum isa isa;
    size_t rows, columns; /* of a tile */
    void (*tile)(const struct tile *t);
    struct tile_shape slim; /* for the last columns of a matrix where they are few: fewer columns, more rows */
    struct tile_shape thin; /* where it is one: its sum is in an order of its own */
    void (*widen)(size_t n, const uint16_t *x, float *out); /* from bfloat16, exactly */
    /* transpose: out[j * out_pitch + i] = x[i * x_pitch + j] for `rows` i and `columns` j. */
    void (*transpose)(size_t rows, size_t columns, const float *x, size_t x_pitch, float *out, size_t out_pitch);
    /* round_f16 gives of each number the nearest that IEEE binary16 has, ties to the even one, as float32: multiples of
     * 2^-24 near 0, infinity from 65520 on; NaN stays one. x and out may be the same. */
    void (*round_f16)(size_t n, const float *x, float *out);
    /* finish writes out[n] from x[n]; they may be the same. */
    void (*finish)(const struct finish *f, size_t n, const float *x, float *out);
    void (*finish_rows)(const struct finish_rows *f);
    /* affine: out[i] = act(x[i] * factor[i] + offset[i]), for `pixels` rows of n numbers, x_step and out_step apart */
    void (*affine)(size_t pixels, size_t n, const float *x, size_t x_step, const float *factor, const float *offset,
                   enum activation activation, float *out, size_t out_step);
    /* moments adds sum (x - shift) and sum (x - shift)^2 over `pixels` rows of n numbers, `pitch` apart, to sum[n] and
     * square[n]. */
    void (*moments)(size_t pixels, size_t pitch, size_t n, const float *x, const float *shift, double *sum,
                    double *square);
    /* standardise writes out[n] from x[n]; they may be the same. */
    void (*standardise)(const struct standard *s, size_t n, const float *x, float *out);
    /* softmax_part: s[i] = exp(s[i] * scale - max), where *max becomes the greater of itself and the greatest
     * s[i] * scale; gives their sum. n > 0. */
    float (*softmax_part)(size_t n, float *s, float scale, float *max);
    /* blend: out[i] = (out[i] * keep + x[i]) * by; with keep 0 out is not read */
    void (*blend)(size_t n, float keep, const float *x, float by, float *out);
    /* winograd_in writes B' d B of tiles d. */
    void (*winograd_in)(const struct winograd_tiles *t);
    /* winograd_out writes out[4][n], the results A' m A of a tile m[places][n], whose places are `apart` floats apart. */
    void (*winograd_out)(size_t n, const float *m, size_t apart, float *out);
    const struct backward_kernels *backward; /* backward.h */
};

/* tensor_kernels_for is the table of a set, or of the nearest below it that there is. */
const struct tensor_kernels *tensor_kernels_for(enum isa isa);

/* tile_for is the tile for the last n columns of a matrix, or for the next of more. */
static inline struct tile_shape tile_for(const struct tensor_kernels *k, size_t n) {
    if (n == 1)
        return k->thin;
    return n <= k->slim.columns ? k->slim : (struct tile_shape){k->rows, k->columns, k->tile};
}

extern const struct tensor_kernels tensor_ref;
#if defined(__x86_64__)
extern const struct tensor_kernels tensor_avx2, tensor_avx512;
#elif defined(__aarch64__)
extern const struct tensor_kernels tensor_neon;
#endif

#endif
