#include "core/diffusion/plan_run.h"

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/clip.h"

static void draw(const struct plan_run *run, size_t index) {
    size_t d = run->denoiser->d;
    run->noise->fill(run->noise, run->plan, index, run->first, run->rows, d, run->z, run->z + run->rows * d);
}

/* Sums are taken from left to right, whatever is fused: out = ((c0 v0 + c1 v1) + c2 v2) + ...
 * `out` may be one of the vectors: element i is read before it is written. */
struct weighted {
    const double *v;
    double c;
};

/* Two numbers in one register of any 64-bit machine. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

static inline void pairs(size_t n, size_t m, const struct weighted *w, double *out) {
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        pair sum = *(const pair *)(w[0].v + i) * w[0].c;
        for (size_t j = 1; j < m; j++)
            sum += *(const pair *)(w[j].v + i) * w[j].c;
        *(pair *)(out + i) = sum;
    }
    for (; i < n; i++) {
        double sum = w[0].v[i] * w[0].c;
        for (size_t j = 1; j < m; j++)
            sum += w[j].v[i] * w[j].c;
        out[i] = sum;
    }
}

static void weighted_sum(size_t n, size_t m, const struct weighted *w, double *out) {
    switch (m) { /* with a constant m the inner loop unrolls */
    case 0: memset(out, 0, n * sizeof *out); break;
    case 1: pairs(n, 1, w, out); break;
    case 2: pairs(n, 2, w, out); break;
    case 3: pairs(n, 3, w, out); break;
    case 4: pairs(n, 4, w, out); break;
    default: pairs(n, m, w, out);
    }
}

/* scale_noise multiplies z by the deviations that a network said. */
static void scale_noise(const struct plan_run *run, const struct plan_variance *variance) {
    const double *s = plan_vector(run, variance->spread), middle = 0.25 * (variance->low + variance->high),
                 half = 0.25 * (variance->high - variance->low);
    for (size_t i = 0; i < run->rows * run->denoiser->d; i++)
        run->z[i] *= variance->ranged ? elementary_exp(middle + half * s[i]) : sqrt(s[i] > 0 ? s[i] : 0);
}

static void mix(const struct plan_run *run, const struct plan_op *op, double *out) {
    struct weighted w[PLAN_MAX_TERMS + 1];
    size_t n = 0;
    for (; n < op->n_terms; n++)
        w[n] = (struct weighted){plan_vector(run, op->terms[n].of), op->terms[n].by};
    if (op->noise != 0) {
        draw(run, op->draw);
        if (op->variance.spread)
            scale_noise(run, &op->variance);
        w[n++] = (struct weighted){run->z, op->noise};
    }
    weighted_sum(run->rows * run->denoiser->d, n, w, out);
}

static void call(const struct plan_run *run, const struct plan_op *op, double *out) {
    const struct denoiser *self = run->denoiser;
    const double *x = plan_vector(run, op->in);
    struct told told = run->told;
    if (op->unguided && self->unguided) {
        self = self->unguided;
        told.classes = NULL;
    }
    if (op->spreads) /* z is free until SPREAD, which comes next */
        self->eval_spread(self, &op->at, &told, run->rows, x, out, run->z, run->scratch);
    else
        denoiser_eval(self, &op->at, &told, run->rows, x, out, run->scratch);
}

static double norm2(size_t d, const double *x) {
    double sum = 0;
    for (size_t j = 0; j < d; j++)
        sum += x[j] * x[j];
    return sum;
}

static void langevin(const struct plan_run *run, const struct plan_op *op, double *out) {
    size_t d = run->denoiser->d;
    const double *x = plan_vector(run, op->in), *D = plan_vector(run, op->D);
    draw(run, op->draw);
    for (size_t r = 0; r < run->rows; r++, x += d, D += d, out += d) {
        const double *z = run->z + r * d;
        double score2 = 0, variance = op->at.sigma * op->at.sigma;
        for (size_t j = 0; j < d; j++) {
            double s = (op->at.alpha * D[j] - x[j]) / variance;
            score2 += s * s;
        }
        double delta = score2 > 0 ? 2 * op->a * op->snr * op->snr * norm2(d, z) / score2 : 0, add = sqrt(2 * delta);
        for (size_t j = 0; j < d; j++)
            out[j] = x[j] + delta * (op->at.alpha * D[j] - x[j]) / variance + add * z[j];
    }
}

static void known(const struct plan_run *run, const struct plan_op *op, double *out) {
    size_t d = run->denoiser->d;
    const double *x = plan_vector(run, op->in), *mask = run->known->mask, *data = run->known->data;
    draw(run, op->draw);
    for (size_t r = 0; r < run->rows; r++)
        for (size_t j = 0; j < d; j++) {
            size_t i = r * d + j;
            double here = op->at.alpha * data[j] + op->at.sigma * run->z[i];
            out[i] = mask[j] * here + (1 - mask[j]) * x[i];
        }
}

/* z is free here: CLIP draws nothing. */
static void clip(const struct plan_run *run, const struct plan_op *op, double *out) {
    size_t d = run->denoiser->d;
    const double *x = plan_vector(run, op->in);
    if (out != x)
        memcpy(out, x, run->rows * d * sizeof *out);
    for (size_t r = 0; r < run->rows; r++)
        clip_row(d, op->clip.range, op->clip.quantile, op->clip.most, out + r * d, run->z);
}

void plan_run_ops(const struct plan_run *run, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        const struct plan_op *op = &run->plan->ops[i];
        double *out = plan_vector(run, i + 1);
        switch (op->kind) {
        case PLAN_CALL: call(run, op, out); break;
        case PLAN_MIX: mix(run, op, out); break;
        case PLAN_LANGEVIN: langevin(run, op, out); break;
        case PLAN_KNOWN: known(run, op, out); break;
        case PLAN_CLIP: clip(run, op, out); break;
        case PLAN_SPREAD: memcpy(out, run->z, run->rows * run->denoiser->d * sizeof *out); break;
        }
    }
}
