/* Plain C: the simplest true form of each kernel. */
#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/half_float.h"
#include "core/tensor/backward.h"
#include "core/tensor/tensor.h"

enum { ROWS = 4, COLUMNS = 8, SLIM_ROWS = 8, SLIM_COLUMNS = 4 };

static void widen(size_t n, const uint16_t *x, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = float_of_bf16(x[i]);
}

static void round_f16(size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = float_of_f16(f16_of_float(x[i]));
}

/* weight is number i of a panel. */
static float weight(const struct tile *t, size_t i) { return t->panel ? t->panel[i] : float_of_bf16(t->halves[i]); }

static void tile_of(const struct tile *t, size_t columns) {
    for (size_t i = 0; i < t->rows; i++) {
        float sum[COLUMNS] = {0};
        size_t at = 0;
        for (size_t s = 0; s < t->segments; s++) {
            const float *a = t->a[i] + t->segment[s];
            for (size_t k = 0; k < t->depth; k++)
                for (size_t j = 0; j < columns; j++)
                    sum[j] += a[k] * weight(t, at++);
        }
        for (size_t j = 0; j < columns; j++)
            t->out[i * t->pitch + j] = sum[j];
    }
}

static void tile(const struct tile *t) { tile_of(t, COLUMNS); }
static void slim_tile(const struct tile *t) { tile_of(t, SLIM_COLUMNS); }
static void thin_tile(const struct tile *t) { tile_of(t, 1); }

static double erf_of(double x) { /* to 1e-16: its series, or the continued fraction of erfc (Lentz's is not needed) */
    double a = fabs(x), sum = a, term = a;
    if (a > 6)
        return x > 0 ? 1 : -1;
    if (a < 2.5) {
        for (int n = 1; n < 60; n++) {
            term *= -a * a / n;
            sum += term / (2 * n + 1);
        }
        sum *= 1.1283791670955126; /* 2 / sqrt(pi) */
    } else {
        double f = a;
        for (int n = 60; n > 0; n--)
            f = a + n / 2.0 / f;
        sum = 1 - elementary_exp(-a * a) / f * 0.5641895835477563; /* 1 / sqrt(pi) */
    }
    return x > 0 ? sum : -sum;
}

static double sigmoid(double x) { return 1 / (1 + elementary_exp(-x)); }

static float activate(enum activation activation, float value) {
    double x = value;
    switch (activation) {
    case ACTIVATION_SILU: return (float)(x * sigmoid(x));
    case ACTIVATION_RELU: return value < 0 ? 0 : value;
    case ACTIVATION_GELU: return (float)(x * 0.5 * (1 + erf_of(x * 0.7071067811865476)));
    case ACTIVATION_GELU_TANH: return (float)(x * sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x)));
    case ACTIVATION_MISH: {
        double e = elementary_exp(-fabs(x)),
               q = x > 0 ? (1 + 2 * e) / (1 + 2 * e + 2 * e * e) : (e * e + 2 * e) / (e * e + 2 * e + 2);
        return (float)(x * q);
    }
    case ACTIVATION_NONE:
    case ACTIVATION_COUNT: break;
    }
    return value;
}

static void finish(const struct finish *f, size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i++) {
        float y = x[i];
        if (f->bias)
            y += f->bias[i];
        if (f->vector)
            y += f->vector[i];
        y = activate(f->activation, y);
        if (f->gate)
            y *= f->gate[i];
        if (f->residual)
            y += f->residual[i];
        out[i] = f->scale * y;
    }
}

static void transpose(size_t rows, size_t columns, const float *x, size_t x_pitch, float *out, size_t out_pitch) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            out[j * out_pitch + i] = x[i * x_pitch + j];
}

static void finish_rows(const struct finish_rows *f) {
    for (size_t r = 0; r < f->rows; r++) {
        const float *vector = f->vector ? f->vector[r] : NULL, *residual = f->residual ? f->residual[r] : NULL;
        const struct finish row = {f->bias, vector, f->gate, residual, f->scale, f->activation};
        const float *x = f->x + r * f->pitch;
        for (size_t i = 0; f->keep && i < f->n; i++) {
            float y = x[i] + (f->bias ? f->bias[i] : 0) + (vector ? vector[i] : 0);
            f->keep[r][i] = f->keep_slope ? backward_slope(f->activation, y) : y;
        }
        finish(&row, f->n, x, f->out[r]);
    }
}

static void affine(size_t pixels, size_t n, const float *x, size_t x_step, const float *factor, const float *offset,
                   enum activation activation, float *out, size_t out_step) {
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n; i++)
            out[p * out_step + i] = activate(activation, x[p * x_step + i] * factor[i] + offset[i]);
}

static void moments(size_t pixels, size_t pitch, size_t n, const float *x, const float *shift, double *sum,
                    double *square) {
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < n; i++) {
            double y = (double)x[p * pitch + i] - (double)shift[i];
            sum[i] += y;
            square[i] += y * y;
        }
}

static void standardise(const struct standard *s, size_t n, const float *x, float *out) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean);
    double factor = 1 / sqrt(square / (double)n + (double)s->eps);
    for (size_t i = 0; i < n; i++) {
        float y = (float)(((double)x[i] - mean) * factor);
        if (s->weight)
            y = y * s->weight[i] + s->bias[i];
        if (s->scale)
            y = y * s->scale[i] + y + s->shift[i];
        out[i] = y;
    }
}

static float softmax_part(size_t n, float *s, float scale, float *max) {
    float greatest = *max, sum = 0;
    for (size_t i = 0; i < n; i++) {
        s[i] *= scale;
        greatest = s[i] > greatest ? s[i] : greatest;
    }
    for (size_t i = 0; i < n; i++) {
        s[i] = (float)elementary_exp((double)s[i] - (double)greatest);
        sum += s[i];
    }
    *max = greatest;
    return sum;
}

static void blend(size_t n, float keep, const float *x, float by, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = ((keep != 0 ? out[i] * keep : 0) + x[i]) * by;
}

/* between is B' times a column of four, or B' d B a row of it. */
static void between(const float *d, size_t step, float *to) {
    to[0] = d[0] - d[2 * step];
    to[step] = d[step] + d[2 * step];
    to[2 * step] = d[2 * step] - d[step];
    to[3 * step] = d[step] - d[3 * step];
}

static void winograd_in(const struct winograd_tiles *t) {
    for (size_t tile = 0; tile < t->tiles; tile++)
        for (size_t i = 0; i < t->n; i++) {
            float d[16], rows[16];
            for (size_t k = 0; k < 16; k++) {
                size_t x = 2 * tile + k % 4;
                d[k] = t->row[k / 4][(x < t->last ? x : t->last) * t->step + i];
            }
            for (size_t k = 0; k < 4; k++)
                between(d + k, 4, rows + k);
            for (size_t k = 0; k < 4; k++)
                between(rows + 4 * k, 1, d + 4 * k);
            for (size_t k = 0; k < 16; k++)
                t->out[k * t->apart + tile * t->n + i] = d[k];
        }
}

static void winograd_out(size_t n, const float *m, size_t apart, float *out) {
    for (size_t i = 0; i < n; i++) {
        float rows[2][4];
        for (size_t k = 0; k < 4; k++) {
            const float *column = m + k * apart + i;
            rows[0][k] = column[0] + column[4 * apart] + column[8 * apart];
            rows[1][k] = column[4 * apart] - column[8 * apart] - column[12 * apart];
        }
        for (size_t k = 0; k < 2; k++) {
            out[2 * k * n + i] = rows[k][0] + rows[k][1] + rows[k][2];
            out[(2 * k + 1) * n + i] = rows[k][1] - rows[k][2] - rows[k][3];
        }
    }
}

const struct tensor_kernels tensor_ref = {
    .isa = ISA_REF,
    .rows = ROWS,
    .columns = COLUMNS,
    .tile = tile,
    .slim = {SLIM_ROWS, SLIM_COLUMNS, slim_tile},
    .thin = {SLIM_ROWS, 1, thin_tile},
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
    .backward = &backward_ref,
};
