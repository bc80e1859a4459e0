/* backward.h - the kernels of derivatives, beside those of tensor.h and by the same rules: one table per instruction set,
 * `ref` the oracle, nothing touched behind n. d is the derivative of the loss by what a forward operation gave.
 * Sums are in float32 within a call and come in one order, so that a result does not depend on threads. */
#ifndef SOLVENT_BACKWARD_H
#define SOLVENT_BACKWARD_H

#include "core/tensor/tensor.h"

/* The gradient of weights: out[i * pitch + j] += sum over lines l and pixels p of a(l, p)[i] * b(l, p)[j], where a(l, p)
 * is at a + l * a_line + p * a_step, and so for b. */
struct outer {
    size_t lines, pixels, rows, columns;
    const float *a, *b;
    const uint16_t *a_halves, *b_halves; /* in place of them, as bfloat16: of half_kernels.outer */
    size_t a_line, a_step, b_line, b_step;
    float *out;
    size_t pitch;
};

/* One line of pixels of a group norm whose output is act(x * factor + offset). */
struct norm_line {
    size_t pixels, n; /* n channels */
    const float *x;
    float *d;
    size_t x_step, d_step;               /* from a pixel to the next */
    const float *factor, *offset, *mean; /* [n] */
    enum activation activation;
    float *sum, *product; /* [n] */
};

/* Rows of a layer norm: y = (x - mean) / sqrt(variance + eps) of a row's own mean and variance; s = d * factor;
 * out = (add ? out : 0) + (s - mean of s - y * mean of s y) / sqrt(variance + eps); sum += d, product += d * y. */
struct layer_rows {
    size_t rows, n;
    const float *x, *d, *factor; /* factor: [n] */
    size_t x_step, d_step, out_step;
    float eps;
    bool add;
    float *out;
    float *sum, *product; /* [n], or NULL: no sums */
    float *moments;       /* [rows][2] gets the mean and 1 / sqrt(variance + eps); or NULL */
};

/* A step of AdamW for n numbers: g = gradient * by_gradient, first = beta1 first + rest1 g, second = beta2 second +
 * rest2 g^2, w = keep w - rate first / (sqrt(second) by_second + eps); mean = average mean + (1 - average) w. */
struct adam {
    float by_gradient, beta1, rest1, beta2, rest2, keep, rate, by_second, eps, average;
};

struct backward_kernels {
    void (*outer)(const struct outer *o);
    /* sums: sum[i] += x[p * pitch + i] over `pixels` rows of n numbers. */
    void (*sums)(size_t pixels, size_t pitch, size_t n, const float *x, float *sum);
    /* gate_sums: sum[i] += scale * act(z[p * z_pitch + i]) * d[p * d_pitch + i] */
    void (*gate_sums)(size_t pixels, size_t n, const float *z, size_t z_pitch, const float *d, size_t d_pitch,
                      enum activation activation, float scale, float *sum);
    /* scale: out[i] = (add ? out[i] : 0) + factor * x[i]; the same array may be both. */
    void (*scale)(size_t n, float factor, const float *x, bool add, float *out);
    /* slope: out[i] = (add ? out[i] : 0) + scale * d[i] * (gate ? gate[i] : 1) * act'(z[i]); d and out may be the same. */
    void (*slope)(size_t n, enum activation activation, const float *z, const float *gate, float scale, const float *d,
                  bool add, float *out);
    /* norm_sums turns d into its product with act'(x * factor + offset), and adds that and its product with x - mean to
     * sum[n] and product[n]. */
    void (*norm_sums)(const struct norm_line *l);
    /* norm_slope: out(p) = (add ? out(p) : 0) + d(p) * factor + (x(p) - mean) * product + offset: sum is not read. */
    void (*norm_slope)(const struct norm_line *l, bool add, float *out, size_t out_step);
    void (*layer)(const struct layer_rows *l);
    /* layer_sums adds, of what `layer` left in moments, sum += d and product += d * y; x, d and moments are read. */
    void (*layer_sums)(const struct layer_rows *l);
    /* softmax: d[i] = scale * p[i] * (d[i] - sum of p d), the derivative of p = softmax(s * scale) by s. */
    void (*softmax)(size_t n, const float *p, float scale, float *d);
    double (*squares)(size_t n, const float *x); /* their sum */
    void (*adam)(const struct adam *a, size_t n, const float *gradient, float *w, float *first, float *second,
                 float *mean);
};

/* backward_slope is an activation's derivative at x, that of backward_ref. */
float backward_slope(enum activation activation, float x);

extern const struct backward_kernels backward_ref;

#endif
