/* Plain C, in double precision where that is simplest: the formula of each derivative. */
#include "core/tensor/backward.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/base/half_float.h"

static float factor(const float *x, const uint16_t *halves, size_t i) { return x ? x[i] : float_of_bf16(halves[i]); }

static void outer(const struct outer *o) {
    for (size_t i = 0; i < o->rows; i++)
        for (size_t j = 0; j < o->columns; j++) {
            float sum = 0;
            for (size_t l = 0; l < o->lines; l++)
                for (size_t p = 0; p < o->pixels; p++)
                    sum += factor(o->a, o->a_halves, l * o->a_line + p * o->a_step + i) *
                           factor(o->b, o->b_halves, l * o->b_line + p * o->b_step + j);
            o->out[i * o->pitch + j] += sum;
        }
}

static void sums(size_t pixels, size_t pitch, size_t n, const float *x, float *sum) {
    for (size_t i = 0; i < n; i++) {
        float own = 0;
        for (size_t p = 0; p < pixels; p++)
            own += x[p * pitch + i];
        sum[i] += own;
    }
}

static double sigmoid(double x) { return 1 / (1 + elementary_exp(-x)); }

/* gauss is the standard normal distribution function by its density's integral: Simpson's rule is exact enough. */
static double gauss(double x) {
    enum { PARTS = 400 };
    double end = fabs(x) < 9 ? fabs(x) : 9, h = end / PARTS, sum = 0;
    for (int i = 0; i <= PARTS; i++) {
        double t = i * h;
        sum += (i == 0 || i == PARTS ? 1 : i % 2 ? 4 : 2) * elementary_exp(-t * t / 2);
    }
    double half = sum * h / 3 * 0.3989422804014327; /* 1 / sqrt(2 pi) */
    return x > 0 ? 0.5 + half : 0.5 - half;
}

struct both {
    double value, slope;
};

static struct both gelu_tanh(double x) {
    double s = sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x));
    double inner = 1.5957691216057308 * (1 + 3 * 0.044715 * x * x);
    return (struct both){x * s, s + (s > 0 && s < 1 ? x * s * (1 - s) * inner : 0)};
}

static struct both mish(double x) {
    double e = elementary_exp(-fabs(x)),
           t = x > 0 ? (1 + 2 * e) / (1 + 2 * e + 2 * e * e) : (e * e + 2 * e) / (e * e + 2 * e + 2);
    return (struct both){x * t, t + x * (1 - t * t) * sigmoid(x)};
}

static struct both activated(enum activation activation, double x) {
    double s = sigmoid(x);
    switch (activation) {
    case ACTIVATION_SILU: return (struct both){x * s, s + x * s * (1 - s)};
    case ACTIVATION_RELU: return (struct both){x > 0 ? x : 0, x > 0 ? 1 : 0};
    case ACTIVATION_GELU:
        return (struct both){x * gauss(x), gauss(x) + x * 0.3989422804014327 * elementary_exp(-x * x / 2)};
    case ACTIVATION_GELU_TANH: return gelu_tanh(x);
    case ACTIVATION_MISH: return mish(x);
    case ACTIVATION_NONE:
    case ACTIVATION_COUNT: break;
    }
    return (struct both){x, 1};
}

float backward_slope(enum activation activation, float x) { return (float)activated(activation, (double)x).slope; }

static void gate_sums(size_t pixels, size_t n, const float *z, size_t z_pitch, const float *d, size_t d_pitch,
                      enum activation activation, float scale, float *sum) {
    for (size_t i = 0; i < n; i++) {
        double own = 0;
        for (size_t p = 0; p < pixels; p++)
            own += activated(activation, (double)z[p * z_pitch + i]).value * (double)d[p * d_pitch + i];
        sum[i] += (float)(own * (double)scale);
    }
}

static void scale(size_t n, float factor, const float *x, bool add, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = (add ? out[i] : 0) + factor * x[i];
}

static void slope(size_t n, enum activation activation, const float *z, const float *gate, float by, const float *d,
                  bool add, float *out) {
    for (size_t i = 0; i < n; i++) {
        float own = by * d[i] * (gate ? gate[i] : 1) * backward_slope(activation, z[i]);
        out[i] = (add ? out[i] : 0) + own;
    }
}

static void norm_sums(const struct norm_line *l) {
    for (size_t i = 0; i < l->n; i++) {
        float sum = 0, product = 0;
        for (size_t p = 0; p < l->pixels; p++) {
            float x = l->x[p * l->x_step + i], *d = &l->d[p * l->d_step + i];
            *d *= backward_slope(l->activation, x * l->factor[i] + l->offset[i]);
            sum += *d;
            product += *d * (x - l->mean[i]);
        }
        l->sum[i] += sum;
        l->product[i] += product;
    }
}

static void norm_slope(const struct norm_line *l, bool add, float *out, size_t out_step) {
    for (size_t p = 0; p < l->pixels; p++)
        for (size_t i = 0; i < l->n; i++) {
            float own = l->d[p * l->d_step + i] * l->factor[i] +
                        (l->x[p * l->x_step + i] - l->mean[i]) * l->product[i] + l->offset[i];
            out[p * out_step + i] = (add ? out[p * out_step + i] : 0) + own;
        }
}

/* The mean and 1 / sqrt(variance + eps) of a row. */
struct moments {
    double mean, by;
};

static struct moments moments_of(size_t n, const float *x, float eps) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
    return (struct moments){mean, 1 / sqrt(square + (double)eps)};
}

static void layer_row(const struct layer_rows *l, const struct moments *m, const float *x, const float *d, float *out) {
    double level = 0, tilt = 0;
    for (size_t i = 0; i < l->n; i++) {
        double s = (double)d[i] * (double)l->factor[i];
        level += s / (double)l->n;
        tilt += s * ((double)x[i] - m->mean) * m->by / (double)l->n;
    }
    for (size_t i = 0; i < l->n; i++) {
        double y = ((double)x[i] - m->mean) * m->by;
        double own = ((double)d[i] * (double)l->factor[i] - level - y * tilt) * m->by;
        if (l->sum)
            l->sum[i] += d[i], l->product[i] += d[i] * (float)y;
        out[i] = (l->add ? out[i] : 0) + (float)own;
    }
}

static void layer(const struct layer_rows *l) {
    for (size_t r = 0; r < l->rows; r++) {
        const float *x = l->x + r * l->x_step;
        const struct moments m = moments_of(l->n, x, l->eps);
        if (l->moments)
            l->moments[2 * r] = (float)m.mean, l->moments[2 * r + 1] = (float)m.by;
        layer_row(l, &m, x, l->d + r * l->d_step, l->out + r * l->out_step);
    }
}

static void layer_sums(const struct layer_rows *l) {
    for (size_t r = 0; r < l->rows; r++)
        for (size_t i = 0; i < l->n; i++) {
            float d = l->d[r * l->d_step + i];
            l->sum[i] += d;
            l->product[i] += d * (l->x[r * l->x_step + i] - l->moments[2 * r]) * l->moments[2 * r + 1];
        }
}

static void softmax(size_t n, const float *p, float by, float *d) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)p[i] * (double)d[i];
    for (size_t i = 0; i < n; i++)
        d[i] = (float)((double)by * (double)p[i] * ((double)d[i] - sum));
}

static double squares(size_t n, const float *x) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static void adam(const struct adam *a, size_t n, const float *gradient, float *w, float *first, float *second,
                 float *mean) {
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * a->by_gradient;
        first[i] = a->beta1 * first[i] + a->rest1 * g;
        second[i] = a->beta2 * second[i] + a->rest2 * g * g;
        w[i] = a->keep * w[i] - a->rate * first[i] / (sqrtf(second[i]) * a->by_second + a->eps);
        mean[i] = a->average * mean[i] + (1 - a->average) * w[i];
    }
}

const struct backward_kernels backward_ref = {
    outer, sums, gate_sums, scale, slope, norm_sums, norm_slope, layer, layer_sums, softmax, squares, adam,
};
