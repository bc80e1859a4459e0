#include "core/diffusion/mixture.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/eigen.h"
#include "core/diffusion/mixture_parts.h"

/* Rounding may push the zero eigenvalue of a singular covariance this far below zero, relative to the greatest. */
#define SINGULAR 1e-12

/* check_rows refuses values beyond MIXTURE_MAX_VALUE in values[rows][d] of the field `name`. */
static enum status check_rows(struct ctx *ctx, const char *name, const double *values, size_t rows, size_t d) {
    for (size_t i = 0; i < rows * d; i++)
        if (!(fabs(values[i]) <= MIXTURE_MAX_VALUE)) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/model/%s/%zu", name, i / d);
            return ctx_fail(ctx, STATUS_INVALID, pointer, "Number %zu of %s[%zu] is %.9g, want -%g to %g.", i % d, name,
                            i / d, values[i], MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE);
        }
    return STATUS_OK;
}

static enum status check_weights(struct ctx *ctx, const struct mixture_in *in) {
    bool any = false;
    for (size_t c = 0; c < in->k; c++) {
        if (!(in->weights[c] >= 0 && in->weights[c] <= DBL_MAX)) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/model/weights/%zu", c);
            return ctx_fail(ctx, STATUS_INVALID, pointer, "weights[%zu] is %.9g, want at least 0.", c, in->weights[c]);
        }
        any |= in->weights[c] > 0;
    }
    if (any)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/model/weights", "All weights are 0, want at least one above it.");
}

static enum status check_stds(struct ctx *ctx, const struct mixture_in *in) {
    if (in->n_stds != 1 && in->n_stds != in->k && in->n_stds != in->k * in->d)
        return ctx_fail(ctx, STATUS_INVALID, "/model/stds",
                        "stds holds %zu numbers, want 1 (for all), %zu (one a mean) or %zu (one a mean and axis).",
                        in->n_stds, in->k, in->k * in->d);
    for (size_t i = 0; i < in->n_stds; i++)
        if (!(in->stds[i] >= 0 && in->stds[i] <= MIXTURE_MAX_VALUE))
            return ctx_fail(ctx, STATUS_INVALID, "/model/stds", "Number %zu of stds is %.9g, want 0 to %g.", i,
                            in->stds[i], MIXTURE_MAX_VALUE);
    return STATUS_OK;
}

static enum status not_symmetric(struct ctx *ctx, size_t c, size_t i, size_t j, const double *a, size_t d) {
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/model/covariances/%zu", c);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "covariances[%zu] is not symmetric: entry [%zu][%zu] is %.9g and entry [%zu][%zu] is %.9g.", c, i,
                    j, a[i * d + j], j, i, a[j * d + i]);
}

/* find_axes takes covariance c apart into axes[d][d] and variance[d]; room[d][d]. */
static enum status find_axes(struct ctx *ctx, const double *a, size_t c, size_t d, double *room, double *axes,
                             double *variance) {
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++)
            if (a[i * d + j] != a[j * d + i])
                return not_symmetric(ctx, c, i, j, a, d);
    memcpy(room, a, d * d * sizeof *room);
    if (!eigen_symmetric(d, room, axes))
        return ctx_fail(ctx, STATUS_INTERNAL, "/model/covariances", "The axes of covariances[%zu] were not found.", c);
    double least = room[0], most = room[0];
    for (size_t i = 0; i < d; i++) {
        double lambda = room[i * d + i];
        least = lambda < least ? lambda : least;
        most = lambda > most ? lambda : most;
        variance[i] = lambda > 0 ? lambda : 0;
    }
    if (least >= -SINGULAR * most)
        return STATUS_OK;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/model/covariances/%zu", c);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "covariances[%zu] has the eigenvalue %.9g, want a positive definite matrix.", c, least);
}

static enum status take_covariances(struct ctx *ctx, const struct mixture_in *in, struct mixture *m) {
    size_t d = in->d;
    if (d > MIXTURE_MAX_COVARIANCE_D)
        return ctx_fail(ctx, STATUS_INVALID, "/model/covariances",
                        "Covariances are taken up to %d dimensions, these have %zu; want stds instead.",
                        MIXTURE_MAX_COVARIANCE_D, d);
    enum status status = check_rows(ctx, "covariances", in->covariances, in->k, d * d);
    if (status != STATUS_OK)
        return status;
    double *axes = ctx_alloc(ctx, in->k * d, d * sizeof *axes), *variance = ctx_alloc(ctx, in->k, d * sizeof *variance);
    double *room = ctx_alloc(ctx, d, d * sizeof *room);
    if (!axes || !variance || !room)
        return STATUS_NO_MEMORY;
    for (size_t c = 0; c < in->k && status == STATUS_OK; c++) {
        status = find_axes(ctx, in->covariances + c * d * d, c, d, room, axes + c * d * d, variance + c * d);
        if (status == STATUS_OK)
            status = ctx_stopped(ctx);
    }
    m->axes = axes;
    m->variance = variance;
    return status;
}

static enum status take_stds(struct ctx *ctx, const struct mixture_in *in, struct mixture *m) {
    enum status status = check_stds(ctx, in);
    if (status != STATUS_OK)
        return status;
    size_t n = in->n_stds > in->k ? in->n_stds : in->k;
    double *variance = ctx_alloc(ctx, n, sizeof *variance);
    if (!variance)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        double s = in->stds[in->n_stds == 1 ? 0 : i];
        variance[i] = s * s;
    }
    m->variance = variance;
    return STATUS_OK;
}

/* Only quotients of weights matter, so they are taken relative to the greatest rather than to their sum, which may
 * overflow. */
static enum status take_weights(struct ctx *ctx, const struct mixture_in *in, struct mixture *m) {
    double *ln_weight = ctx_zalloc(ctx, in->k, sizeof *ln_weight);
    if (!ln_weight)
        return STATUS_NO_MEMORY;
    double most = -DBL_MAX;
    for (size_t c = 0; in->weights && c < in->k; c++) {
        ln_weight[c] = in->weights[c] > 0 ? elementary_log(in->weights[c]) : MIXTURE_NEVER;
        most = ln_weight[c] > most ? ln_weight[c] : most;
    }
    for (size_t c = 0; in->weights && c < in->k; c++)
        ln_weight[c] -= most;
    m->ln_weight = ln_weight;
    return STATUS_OK;
}

static bool all_alike(const double *values, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

/* Fitted to bench/sample.c on a 3 GHz x86-64 server with AVX2; without it all takes twice as long. What limits and thread
 * shares are computed from must not depend on the machine. */
double mixture_cost(size_t k, size_t d, enum mixture_shape shape) {
    double parts = (double)k, axes = (double)d;
    switch (shape) {
    case MIXTURE_ROUND: return parts * (2.2 + 0.12 * axes);
    case MIXTURE_AXES: return parts * (5 + 1.25 * axes);
    case MIXTURE_FULL: break;
    }
    return parts * (6 + 1.2 * axes + 0.48 * axes * axes);
}

/* Below this a variance counts as none: there is no density at sigma = 0. */
#define LEAST_VARIANCE 1e-30

static bool all_above(const double *values, size_t n, double least) {
    for (size_t i = 0; i < n; i++)
        if (!(values[i] >= least))
            return false;
    return true;
}

static double ln_total(const struct mixture *m) {
    double sum = 0;
    for (size_t c = 0; c < m->k; c++)
        sum += elementary_exp(m->ln_weight[c]);
    return elementary_log(sum);
}

/* A set that has no table here takes the nearest below. */
static const struct mixture_kernels *kernels_for(enum isa isa) {
    switch (isa_plain(isa)) {
#if defined(__x86_64__)
    case ISA_AVX2: return &mixture_kernels_avx2;
    case ISA_AVX512: return &mixture_kernels_avx512;
#endif
    default: return &mixture_kernels_ref;
    }
}

/* From this many dimensions on distances may be summed by products, and parts screened. */
enum { EXPAND_D = 16 };

/* What all parts beyond the cut weigh together, of the greatest: so little that no sum notices. */
#define LN_UNHEARD -40

/* lg_weights: to base 2, with as many more that never count as a screen looks at. */
static double *lg_weights(struct ctx *ctx, const struct mixture *m) {
    double *lg_weight = ctx_alloc(ctx, m->k + SCREEN_BLOCK, sizeof *lg_weight);
    for (size_t c = 0; lg_weight && c < m->k + SCREEN_BLOCK; c++)
        lg_weight[c] = c < m->k ? LG_E * m->ln_weight[c] : MIXTURE_NEVER;
    return lg_weight;
}

/* measure finds what the kernel of round parts wants to know: weights to base 2, the squares of the means. */
static enum status measure(struct ctx *ctx, struct mixture *m) {
    size_t d = m->base.d;
    double *lg_weight = lg_weights(ctx, m), *norm2 = ctx_zalloc(ctx, m->k, sizeof *norm2);
    if (!lg_weight || !norm2)
        return STATUS_NO_MEMORY;
    m->least_variance = m->variance[0];
    for (size_t c = 0; c < m->k; c++) {
        m->least_variance = m->variance[c] < m->least_variance ? m->variance[c] : m->least_variance;
        for (size_t j = 0; j < d; j++)
            norm2[c] += m->means[c * d + j] * m->means[c * d + j];
        m->reach2 = norm2[c] > m->reach2 ? norm2[c] : m->reach2;
    }
    m->lg_weight = lg_weight;
    m->norm2 = d >= EXPAND_D ? norm2 : NULL;
    m->cut = LG_E * (elementary_log((double)m->k) - LN_UNHEARD);
    if (d < EXPAND_D || m->k < SCREEN_LEAST || m->k > SCREEN_GREATEST)
        return STATUS_OK;
    return mixture_screen_make(ctx, m->means, m->k, d, &m->screen);
}

static size_t round_scratch(const struct mixture *m) {
    return mixture_level_numbers(m) + 2 * MIXTURE_ROUND_TILE * m->base.d +
           (m->screen ? mixture_screen_rows(m->k) * mixture_screen_numbers(m->screen, m->k) : 0);
}

static size_t oval_scratch(const struct mixture *m) {
    return m->k + m->base.d * (1 + 2 * MIXTURE_TILE + 2 * MOST_LANES) + m->k * MIXTURE_TILE;
}

static size_t each_scratch(const struct mixture *m) { return 9 * m->base.d * MOST_LANES; }

static enum status choose_kernel(struct ctx *ctx, struct mixture *m, bool round) {
    const struct mixture_kernels *kernels = kernels_for(ctx->isa);
    m->round = round;
    m->alike = round && all_alike(m->variance, m->k);
    enum status status = round ? measure(ctx, m) : STATUS_OK;
    m->ln_total = ln_total(m);
    m->base.each = kernels->each;
    m->base.gives = EACH_TRACE | EACH_VJV | EACH_DENSITY;
    m->base.smooth = all_above(m->variance, round ? m->k : m->k * m->base.d, LEAST_VARIANCE);
    m->base.each_scratch = each_scratch(m);
    m->base.eval = round ? kernels->round : kernels->oval;
    m->base.together = round ? MIXTURE_ROUND_TILE : MIXTURE_TILE;
    m->base.scratch = round ? round_scratch(m) : oval_scratch(m);
    m->base.cost = mixture_cost(m->k, m->base.d, round ? MIXTURE_ROUND : m->axes ? MIXTURE_FULL : MIXTURE_AXES);
    return status;
}

static enum status build(struct ctx *ctx, const struct mixture_in *in, const struct denoiser **out) {
    struct mixture *m = ctx_zalloc(ctx, 1, sizeof *m);
    if (!m)
        return STATUS_NO_MEMORY;
    m->base.d = in->d;
    m->k = in->k;
    m->means = in->means;
    enum status status = take_weights(ctx, in, m);
    if (status == STATUS_OK)
        status = in->covariances ? take_covariances(ctx, in, m) : take_stds(ctx, in, m);
    if (status != STATUS_OK)
        return status;
    *out = &m->base;
    return choose_kernel(ctx, m, !in->covariances && in->n_stds <= in->k);
}

enum status mixture_make(struct ctx *ctx, const struct mixture_in *in, const struct denoiser **out) {
    enum status status = check_rows(ctx, "means", in->means, in->k, in->d);
    if (status == STATUS_OK && in->weights)
        status = check_weights(ctx, in);
    return status == STATUS_OK ? build(ctx, in, out) : status;
}

enum status points_make(struct ctx *ctx, const double *points, size_t n, size_t d, double bandwidth,
                        const struct denoiser **out) {
    if (!(bandwidth >= 0 && bandwidth <= MIXTURE_MAX_VALUE))
        return ctx_fail(ctx, STATUS_INVALID, "/model/bandwidth", "model.bandwidth is %.9g, want 0 to %g.", bandwidth,
                        MIXTURE_MAX_VALUE);
    enum status status = check_rows(ctx, "points", points, n, d);
    const struct mixture_in in = {.k = n, .d = d, .means = points, .stds = &bandwidth, .n_stds = 1};
    return status == STATUS_OK ? build(ctx, &in, out) : status;
}
