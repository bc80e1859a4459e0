#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/normal.h"
#include "core/base/philox.h"
#include "core/diffusion/mixture_parts.h"

#define WIDTH 1e-3 /* of parts that have none, in units of the spread of the means */

struct mixture_truth {
    const struct mixture *m;
    double *weights; /* [k] */
    double *below;   /* [k] the weights of the parts up to and with this one */
    double *bias;    /* [k] log weight - half the log determinant */
    double added;    /* to every variance, for posteriors */
};

static double lambda_of(const struct mixture *m, size_t c, size_t i) {
    return m->variance[m->round ? c : c * m->base.d + i];
}

/* spread_of is the mean square distance of the means from their centre along an axis, or 1 where they all meet. */
static double spread_of(const struct mixture *m) {
    size_t d = m->base.d;
    double sum = 0;
    for (size_t j = 0; j < d; j++) {
        double mean = 0;
        for (size_t c = 0; c < m->k; c++)
            mean += m->means[c * d + j] / (double)m->k;
        for (size_t c = 0; c < m->k; c++)
            sum += (m->means[c * d + j] - mean) * (m->means[c * d + j] - mean) / (double)(m->k * d);
    }
    return sum > 0 ? sum : 1;
}

static void fill(struct mixture_truth *t) {
    const struct mixture *m = t->m;
    double sum = 0;
    t->added = m->base.smooth ? 0 : WIDTH * WIDTH * spread_of(m);
    for (size_t c = 0; c < m->k; c++) {
        t->weights[c] = elementary_exp(m->ln_weight[c] - m->ln_total);
        t->below[c] = sum += t->weights[c];
        t->bias[c] = m->ln_weight[c];
        for (size_t i = 0; i < (m->round ? 1 : m->base.d); i++)
            t->bias[c] -= 0.5 * (m->round ? (double)m->base.d : 1) * elementary_log(lambda_of(m, c, i) + t->added);
    }
}

enum status mixture_truth_make(struct ctx *ctx, const struct denoiser *denoiser, const struct mixture_truth **out) {
    const struct mixture *m = (const struct mixture *)(const void *)denoiser;
    struct mixture_truth *t = ctx_alloc(ctx, 1, sizeof *t);
    double *numbers = ctx_alloc(ctx, m->k, 3 * sizeof *numbers);
    if (!t || !numbers)
        return STATUS_NO_MEMORY;
    *t = (struct mixture_truth){.m = m, .weights = numbers, .below = numbers + m->k, .bias = numbers + 2 * m->k};
    fill(t);
    *out = t;
    return STATUS_OK;
}

size_t mixture_truth_parts(const struct mixture_truth *t) { return t->m->k; }

const double *mixture_truth_weights(const struct mixture_truth *t) { return t->weights; }

/* choose finds the part for a sample: the first whose share ends above a uniform number. */
static size_t choose(const struct mixture_truth *t, uint64_t seed, uint32_t set, size_t sample) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {0, (uint32_t)sample, 2 * set + 1, NORMAL_TRUTH};
    uint32_t words[4];
    philox4x32(key, counter, words);
    double u = ((double)(((uint64_t)words[0] << 32 | words[1]) >> 11) + 0.5) * 0x1p-53 * t->below[t->m->k - 1];
    size_t low = 0, high = t->m->k - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->below[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* place makes z[d] a sample of part c. */
static void place(const struct mixture *m, size_t c, double *z, double *room) {
    size_t d = m->base.d;
    const double *mean = m->means + c * d, *axes = m->axes ? m->axes + c * d * d : NULL;
    for (size_t i = 0; i < d; i++)
        z[i] *= sqrt(lambda_of(m, c, i));
    memcpy(room, z, d * sizeof *z);
    for (size_t j = 0; j < d; j++) {
        double sum = axes ? 0 : room[j];
        for (size_t i = 0; axes && i < d; i++)
            sum += axes[j * d + i] * room[i];
        z[j] = mean[j] + sum;
    }
}

void mixture_truth_draw(const struct mixture_truth *t, uint64_t seed, uint32_t set, size_t first, size_t rows,
                        double *out, double *room) {
    size_t d = t->m->base.d;
    normal_rows(seed, NORMAL_TRUTH, 2 * set, first, rows, d, out);
    for (size_t r = 0; r < rows; r++)
        place(t->m, choose(t, seed, set, first + r), out + r * d, room);
}

static double logit(const struct mixture_truth *t, size_t c, const double *x, double *room) {
    const struct mixture *m = t->m;
    size_t d = m->base.d;
    double *shifted = room, *w = room + d, sum = 0;
    for (size_t j = 0; j < d; j++)
        shifted[j] = x[j] - m->means[c * d + j];
    if (m->axes) {
        memset(w, 0, d * sizeof *w);
        for (size_t j = 0; j < d; j++)
            for (size_t i = 0; i < d; i++)
                w[i] += m->axes[c * d * d + j * d + i] * shifted[j];
    } else {
        w = shifted;
    }
    for (size_t i = 0; i < d; i++)
        sum += w[i] * w[i] / (lambda_of(m, c, i) + t->added);
    return t->bias[c] - 0.5 * sum;
}

void mixture_truth_posterior(const struct mixture_truth *t, const double *x, double *out, double *room) {
    double best = -(double)INFINITY, total = 0;
    for (size_t c = 0; c < t->m->k; c++) {
        out[c] = logit(t, c, x, room);
        best = out[c] > best ? out[c] : best;
    }
    for (size_t c = 0; c < t->m->k; c++)
        total += out[c] = elementary_exp(out[c] - best);
    for (size_t c = 0; c < t->m->k; c++)
        out[c] /= total;
}
