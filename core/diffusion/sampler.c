#include "core/diffusion/sampler.h"

#include <string.h>

/* What one chunk needs while it is worked on. There are as many as bodies may run at once. */
struct workspace {
    atomic_flag taken;
    double *work, *scratch;
};

struct run {
    const struct sampler_in *in;
    struct sampler_out *out;
    const struct ctx *ctx;
    size_t chunk; /* samples a chunk: fixes the work between two looks at ctx_stop, no bits depend on it */
    struct workspace *spaces;
    size_t n_spaces;
};

size_t sampler_calls(const struct solver *solver, const struct path_point *points, size_t steps) {
    size_t calls = 0;
    for (size_t i = 0; i < steps; i++)
        calls += solver->calls(&points[i], &points[i + 1]);
    return calls;
}

static struct workspace *take_workspace(struct run *run) {
    for (size_t i = 0;; i = (i + 1) % run->n_spaces)
        if (!atomic_flag_test_and_set_explicit(&run->spaces[i].taken, memory_order_acquire))
            return &run->spaces[i];
}

static void start(const struct run *run, size_t first, size_t rows, double *x) {
    const struct sampler_in *in = run->in;
    size_t d = in->denoiser->d;
    if (in->latents)
        memcpy(x, in->latents + first * d, rows * d * sizeof *x);
    else
        in->noise->fill(in->noise, NORMAL_LATENT, 0, first, rows, d, x);
    double std = path_prior_std(in->path, &in->points[0]);
    for (size_t i = 0; i < rows * d; i++)
        x[i] *= std;
}

static void record(const struct run *run, size_t point, size_t first, size_t rows, const double *x) {
    size_t d = run->in->denoiser->d;
    if (run->out->trajectory)
        memcpy(run->out->trajectory + (point * run->in->count + first) * d, x, rows * d * sizeof *x);
}

static void sample_chunk(struct run *run, size_t first, size_t rows, struct workspace *space) {
    const struct sampler_in *in = run->in;
    struct step step = {
        .path = in->path,
        .denoiser = in->denoiser,
        .noise = in->noise,
        .options = in->options,
        .steps = in->steps,
        .first = first,
        .rows = rows,
        .x = run->out->samples + first * in->denoiser->d,
        .work = space->work,
        .scratch = space->scratch,
    };
    start(run, first, rows, step.x);
    record(run, 0, first, rows, step.x);
    for (size_t i = 0; i < in->steps; i++) {
        if (ctx_stop(run->ctx) != STOP_NONE)
            return;
        step.index = i;
        step.from = in->points[i];
        step.to = in->points[i + 1];
        in->solver->step(&step);
        record(run, i + 1, first, rows, step.x);
    }
}

static void body(void *arg, size_t i) {
    struct run *run = arg;
    size_t first = i * run->chunk, left = run->in->count - first;
    struct workspace *space = take_workspace(run);
    sample_chunk(run, first, left < run->chunk ? left : run->chunk, space);
    atomic_flag_clear_explicit(&space->taken, memory_order_release);
}

/* chunk_rows: eight chunks or more, so that threads share a small request; a call of the network in milliseconds, so
 * that a stop is seen soon; and full groups of rows. */
static size_t chunk_rows(const struct denoiser *denoiser, size_t count) {
    const double nanoseconds = 4e6;
    size_t rows = 128;
    while (rows > 16 && rows * 8 > count)
        rows /= 2;
    while (rows > 8 && (double)rows * denoiser->cost > nanoseconds)
        rows /= 2;
    return rows;
}

static enum status allocate(struct ctx *ctx, struct run *run) {
    const struct sampler_in *in = run->in;
    size_t d = in->denoiser->d, rows = run->chunk < in->count ? run->chunk : in->count;
    run->n_spaces = ctx->parallel && ctx->parallel->threads > 1 ? ctx->parallel->threads : 1;
    run->spaces = ctx_alloc(ctx, run->n_spaces, sizeof *run->spaces);
    run->out->samples = ctx_alloc(ctx, in->count, d * sizeof(double));
    if (!run->spaces || !run->out->samples)
        return STATUS_NO_MEMORY;
    if (in->trajectory && !(run->out->trajectory = ctx_alloc(ctx, (in->steps + 1) * in->count, d * sizeof(double))))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < run->n_spaces; i++) {
        atomic_flag_clear(&run->spaces[i].taken);
        run->spaces[i].work = ctx_alloc(ctx, in->solver->vectors * rows, d * sizeof(double));
        run->spaces[i].scratch = ctx_alloc(ctx, in->denoiser->scratch, sizeof(double));
        if (!run->spaces[i].work || !run->spaces[i].scratch)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* Only latents and options near the ends of the doubles lead here: no infinity or NaN may pass for a sample. */
static enum status check_finite(struct ctx *ctx, const struct sampler_in *in, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(x[i] - x[i] == 0))
            return ctx_fail(ctx, STATUS_INVALID, in->latents ? "/latents" : "/sampler",
                            "The state of sample %zu left the range of double precision; want latents and options "
                            "nearer to 1.",
                            i / in->denoiser->d % in->count);
    return STATUS_OK;
}

enum status sampler_run(struct ctx *ctx, const struct sampler_in *in, struct sampler_out *out) {
    *out = (struct sampler_out){.network_calls = sampler_calls(in->solver, in->points, in->steps)};
    struct run run = {.in = in, .out = out, .ctx = ctx, .chunk = chunk_rows(in->denoiser, in->count)};
    enum status status = allocate(ctx, &run);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, (in->count + run.chunk - 1) / run.chunk, body, &run);
    status = ctx_stopped(ctx);
    size_t n = in->count * in->denoiser->d;
    if (status == STATUS_OK)
        status = check_finite(ctx, in, out->samples, n);
    if (status == STATUS_OK && out->trajectory)
        status = check_finite(ctx, in, out->trajectory, n * (in->steps + 1));
    return status;
}
