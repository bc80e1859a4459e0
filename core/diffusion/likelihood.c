#include "core/diffusion/likelihood.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/normal.h"
#include "core/base/workspace.h"

#define LN_TAU 1.8378770664093453 /* ln 2 pi */

enum { ROWS = 64 }; /* points whose density is found in one go */

struct density {
    struct ctx *ctx;
    const struct denoiser *denoiser;
    const struct path_point *at;
    double scale; /* x = scale * points */
    const double *points;
    size_t n, rows;
    double *out;
    struct workspaces spaces;
};

static void density_chunk(void *arg, size_t index) {
    struct density *run = arg;
    size_t d = run->denoiser->d, first = index * run->rows, left = run->n - first;
    size_t rows = left < run->rows ? left : run->rows;
    if (ctx_stop(run->ctx) != STOP_NONE)
        return;
    size_t mine = workspaces_take(&run->spaces);
    struct path_point *at = run->spaces.pieces[mine];
    double *x = (double *)(void *)(at + run->rows), *scratch = x + run->rows * d;
    for (size_t r = 0; r < rows; r++)
        at[r] = *run->at;
    for (size_t i = 0; i < rows * d; i++)
        x[i] = run->scale * run->points[first * d + i];
    const struct denoiser_each q = {.at = at, .rows = rows, .x = x, .density = run->out + first};
    denoiser_each(run->denoiser, &q, scratch);
    workspaces_give(&run->spaces, mine);
}

/* density_of writes the log density in x of scale * points. */
static enum status density_of(struct ctx *ctx, const struct denoiser *denoiser, const struct path_point *at,
                              double scale, const double *points, size_t n, double *out) {
    size_t rows = n < ROWS ? n : ROWS, d = denoiser->d;
    struct density run = {ctx, denoiser, at, scale, points, n, rows, out, {0}};
    size_t bytes =
        rows * sizeof(struct path_point) + (rows * d + denoiser_each_scratch(denoiser, rows)) * sizeof(double);
    enum status status = workspaces_make(ctx, 1, bytes, &run.spaces);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, (n + rows - 1) / rows, density_chunk, &run);
    return ctx_stopped(ctx);
}

enum status likelihood_density(struct ctx *ctx, const struct denoiser *denoiser, const struct path_point *at,
                               const double *points, size_t n, double *out) {
    enum status status = density_of(ctx, denoiser, at, at->alpha, points, n, out);
    double ln = (double)denoiser->d * elementary_log(at->alpha);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        out[i] += ln;
    return status;
}

static void draw_probe(const struct likelihood_in *in, size_t point, size_t probe, double *out) {
    size_t d = in->denoiser->d;
    normal_rows(in->seed, NORMAL_PROBE, (uint32_t)probe, point, 1, d, out);
    for (size_t j = 0; in->probe == PROBE_RADEMACHER && j < d; j++)
        out[j] = out[j] < 0 ? -1 : 1;
}

/* Every probe of every point is a sample of its own. */
struct solves {
    size_t each, n; /* of a point, in all */
    double *x, *probes;
};

static enum status prepare(struct ctx *ctx, const struct likelihood_in *in, struct solves *s) {
    size_t d = in->denoiser->d;
    s->each = in->method == LIKELIHOOD_HUTCHINSON ? in->probes : 1;
    s->n = in->n * s->each;
    s->x = ctx_alloc(ctx, s->n, d * sizeof *s->x);
    s->probes = in->method == LIKELIHOOD_HUTCHINSON ? ctx_alloc(ctx, s->n, d * sizeof *s->probes) : NULL;
    if (!s->x || (in->method == LIKELIHOOD_HUTCHINSON && !s->probes))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < d; j++)
            s->x[i * d + j] = in->from.alpha * in->points[i / s->each * d + j];
        if (s->probes)
            draw_probe(in, i / s->each, i % s->each, s->probes + i * d);
    }
    return STATUS_OK;
}

static enum status solve(struct ctx *ctx, const struct likelihood_in *in, const struct solves *s,
                         struct adaptive_out *out) {
    const struct adaptive_in flow = {
        .denoiser = in->denoiser,
        .path = in->path,
        .from = in->from,
        .to = in->to,
        .pair = ADAPTIVE_DOPRI5,
        .rtol = in->rtol,
        .atol = in->atol,
        .count = s->n,
        .x = s->x,
        .divergence = s->probes ? DIVERGENCE_PROBED : DIVERGENCE_EXACT,
        .probes = s->probes,
    };
    enum status status = adaptive_run(ctx, &flow, out);
    if (status == STATUS_INVALID)
        return ctx_fail(ctx, STATUS_INVALID, "/rtol",
                        "The way of point %zu does not reach the tolerances rtol = %.9g, atol = %.9g: its steps become "
                        "too short or too many, or its state leaves the doubles; want larger tolerances or sigma_min.",
                        out->failed / s->each, in->rtol, in->atol);
    return status;
}

/* prior_of writes the log density of the states x[n][d] at k_max. */
static enum status prior_of(struct ctx *ctx, const struct likelihood_in *in, const struct solves *s, double *out) {
    if (in->prior == PRIOR_MODEL)
        return density_of(ctx, in->denoiser, &in->to, 1, s->x, s->n, out);
    size_t d = in->denoiser->d;
    double std = path_prior_std(in->path, &in->to), constant = -(double)d * (0.5 * LN_TAU + elementary_log(std));
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < d; j++)
            sum += s->x[i * d + j] / std * (s->x[i * d + j] / std);
        out[i] = constant - 0.5 * sum;
    }
    return STATUS_OK;
}

/* summarise averages over the probes of each point. */
static enum status summarise(struct ctx *ctx, const struct likelihood_in *in, const struct solves *s, const double *all,
                             struct likelihood_out *out) {
    out->log_likelihood = ctx_alloc(ctx, in->n, sizeof *out->log_likelihood);
    out->standard_error = s->each > 1 ? ctx_alloc(ctx, in->n, sizeof *out->standard_error) : NULL;
    if (!out->log_likelihood || (s->each > 1 && !out->standard_error))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->n; i++) {
        const double *of = all + i * s->each, n = (double)s->each;
        double mean = 0, square = 0;
        for (size_t p = 0; p < s->each; p++)
            mean += of[p];
        mean /= n;
        for (size_t p = 0; p < s->each; p++)
            square += (of[p] - mean) * (of[p] - mean);
        out->log_likelihood[i] = mean;
        if (out->standard_error)
            out->standard_error[i] = sqrt(square / (n - 1) / n);
    }
    return STATUS_OK;
}

static double radius(const struct path_point *at) { return sqrt(at->alpha * at->alpha + at->sigma * at->sigma); }

enum status likelihood_run(struct ctx *ctx, const struct likelihood_in *in, struct likelihood_out *out) {
    struct solves s;
    struct adaptive_out flow;
    *out = (struct likelihood_out){0};
    enum status status = prepare(ctx, in, &s);
    if (status == STATUS_OK)
        status = solve(ctx, in, &s, &flow);
    if (status != STATUS_OK)
        return status;
    double *all = ctx_alloc(ctx, s.n, sizeof *all);
    status = all ? prior_of(ctx, in, &s, all) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    /* p(u) = p(x) r^d at both ends, and p(y) = p(x) alpha^d at k_min. */
    double ends = elementary_log(radius(&in->to)) - elementary_log(radius(&in->from)) + elementary_log(in->from.alpha);
    for (size_t i = 0; i < s.n; i++) {
        all[i] += flow.integral[i] + (double)in->denoiser->d * ends;
        out->calls += flow.calls[i];
        out->rejects += flow.rejects[i];
        out->most_calls = flow.calls[i] > out->most_calls ? flow.calls[i] : out->most_calls;
    }
    return summarise(ctx, in, &s, all, out);
}
