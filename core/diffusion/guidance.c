#include "core/diffusion/guidance.h"

#include <math.h>

struct guidance {
    struct denoiser base; /* first: a denoiser pointer is a guidance pointer */
    struct guidance_in in;
};

static double deviation(size_t d, const double *x) {
    double mean = 0, sum = 0;
    for (size_t j = 0; j < d; j++)
        mean += x[j];
    mean /= (double)d;
    for (size_t j = 0; j < d; j++)
        sum += (x[j] - mean) * (x[j] - mean);
    return sqrt(sum / (double)d);
}

static void rescale(size_t d, double phi, const double *good, double *row) {
    double std = deviation(d, row), factor = std > 0 ? phi * deviation(d, good) / std + (1 - phi) : 1;
    for (size_t j = 0; j < d; j++)
        row[j] *= factor;
}

/* ask_good asks for D, and for the spread where it is wanted. */
static void ask_good(const struct guidance *g, const struct path_point *at, const struct told *told, size_t rows,
                     const double *x, double *out, double *spread, double *scratch) {
    const struct denoiser *good = g->in.good;
    if (spread)
        good->eval_spread(good, at, told, rows, x, out, spread, scratch);
    else
        denoiser_eval(good, at, told, rows, x, out, scratch);
}

/* Only predictions are exaggerated: the spread is that of `good`. */
static void eval_spread(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                        const double *x, double *out, double *spread, double *scratch) {
    const struct guidance *g = (const struct guidance *)(const void *)self;
    size_t d = self->d;
    if (g->in.scale == 1 || at->k < g->in.low || at->k > g->in.high) {
        ask_good(g, at, told, rows, x, out, spread, scratch);
        return;
    }
    double *good = scratch, *rest = scratch + rows * d;
    const struct told unconditional = {.given = told ? told->given : NULL};
    ask_good(g, at, told, rows, x, good, spread, rest);
    denoiser_eval(g->in.ref, at, &unconditional, rows, x, out, rest);
    for (size_t i = 0; i < rows * d; i++)
        out[i] += g->in.scale * (good[i] - out[i]);
    for (size_t r = 0; g->in.rescale > 0 && r < rows; r++)
        rescale(d, g->in.rescale, good + r * d, out + r * d);
}

static void eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch) {
    eval_spread(self, at, told, rows, x, out, NULL, scratch);
}

/* combine makes row r of `of` what guidance says of good and ref = out; [n] a row. */
static void combine(const struct guidance *g, const struct denoiser_each *q, size_t n, const double *good,
                    double *out) {
    for (size_t r = 0; out && r < q->rows; r++) {
        bool plain = q->at[r].k < g->in.low || q->at[r].k > g->in.high;
        for (size_t j = r * n; j < (r + 1) * n; j++)
            out[j] = plain ? good[j] : out[j] + g->in.scale * (good[j] - out[j]);
    }
}

/* All that is linear in D is combined as D is. */
static void each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    const struct guidance *g = (const struct guidance *)(const void *)self;
    size_t d = self->d;
    double *D = scratch, *trace = D + q->rows * d, *vJv = trace + q->rows, *rest = vJv + q->rows;
    struct denoiser_each good = *q, ref = *q;
    ref.classes = NULL;
    good.D = q->D ? D : NULL;
    good.trace = q->trace ? trace : NULL;
    good.vJv = q->vJv ? vJv : NULL;
    denoiser_each(g->in.good, &good, rest);
    denoiser_each(g->in.ref, &ref, rest);
    combine(g, q, d, D, q->D);
    combine(g, q, 1, trace, q->trace);
    combine(g, q, 1, vJv, q->vJv);
}

static size_t greater(size_t a, size_t b) { return a > b ? a : b; }

enum status guidance_make(struct ctx *ctx, const struct guidance_in *in, const struct denoiser **out) {
    struct guidance *g = ctx_zalloc(ctx, 1, sizeof *g);
    if (!g)
        return STATUS_NO_MEMORY;
    g->in = *in;
    g->base = (struct denoiser){
        .d = in->good->d,
        .scratch = greater(in->good->scratch, in->ref->scratch),
        .scratch_row = in->good->d + greater(in->good->scratch_row, in->ref->scratch_row),
        .cost = in->good->cost + in->ref->cost,
        .eval = eval,
        .eval_spread = in->good->eval_spread ? eval_spread : NULL,
        .unguided = in->ref,
    };
    if (in->rescale == 0) {
        g->base.each = each;
        g->base.gives = EACH_TRACE | EACH_VJV;
        g->base.each_scratch = greater(denoiser_each_scratch(in->good, 0), denoiser_each_scratch(in->ref, 0));
        g->base.each_scratch_row = in->good->d + 2 + greater(in->good->each_scratch_row, in->ref->each_scratch_row);
    }
    *out = &g->base;
    return STATUS_OK;
}
