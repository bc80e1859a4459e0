#include "core/diffusion/sampler.h"

#include <string.h>

#include "core/base/workspace.h"

enum { SCRATCH_MAX = 4 << 20 }; /* doubles that the calls of a chunk may need */

struct run {
    const struct sampler_in *in;
    struct sampler_out *out;
    const struct ctx *ctx;
    size_t chunk, n_chunks; /* samples a chunk: fixes the work between two looks at ctx_stop, no bits depend on it */
    /* A space holds the slots of one chunk. Watched runs have one for each chunk, since all of them take a step before
     * any takes the next; others have as many as bodies may run at once, and a chunk takes any that is free. */
    bool stepwise;
    double **spaces; /* [n_spaces] slots */
    size_t n_spaces;
    size_t scratch_d;          /* doubles of the denoiser's scratch, behind which z lies */
    struct workspaces scratch; /* with z: the noise that an operation draws */
    double *x;                 /* watched: [count][d], the states after the last step taken */
    double *D;                 /* stepwise: [count][d], the first D of the last step taken that has one */
    double *D_next;            /* that of the step that is being taken; of the last one the samples, unless watched */
    size_t step;               /* stepwise: the step that is being taken */
    atomic_size_t did;         /* the chunks that have taken it */
    size_t last;               /* how many steps are to be taken */
};

static size_t chunk_first(const struct run *run, size_t chunk) { return chunk * run->chunk; }

static struct plan_run prepare(const struct run *run, size_t chunk, size_t space, size_t scratch) {
    const struct sampler_in *in = run->in;
    size_t first = chunk_first(run, chunk), left = in->count - first;
    struct plan_run p = {
        .plan = in->plan,
        .denoiser = in->denoiser,
        .told = told_from(&(struct told){in->given, in->classes}, first, in->denoiser->d),
        .noise = in->noise,
        .known = in->known,
        .first = first,
        .rows = left < run->chunk ? left : run->chunk,
        .slots = run->spaces[space],
        .scratch = run->scratch.pieces[scratch],
    };
    p.z = p.scratch + run->scratch_d;
    return p;
}

static void record(const struct run *run, size_t point, const struct plan_run *p, size_t vector) {
    size_t d = run->in->denoiser->d;
    if (run->out->trajectory)
        memcpy(run->out->trajectory + (point * run->in->count + p->first) * d, plan_vector(p, vector),
               p->rows * d * sizeof(double));
}

static void start(const struct run *run, const struct plan_run *p) {
    const struct sampler_in *in = run->in;
    size_t d = in->denoiser->d;
    double *x = p->slots;
    if (in->latents)
        memcpy(x, in->latents + p->first * d, p->rows * d * sizeof *x);
    else
        in->noise->latent(in->noise, p->first, p->rows, d, x);
    for (size_t i = 0; i < p->rows * d; i++)
        x[i] *= in->plan->start_sigma;
    for (size_t r = 0; in->init && r < p->rows; r++) {
        const double *init = in->init + (in->n_init == 1 ? 0 : p->first + r) * d;
        for (size_t j = 0; j < d; j++)
            x[r * d + j] += in->plan->start_alpha * init[j];
    }
    record(run, 0, p, 0);
}

static void keep(const struct run *run, const struct plan_run *p, size_t vector, double *all) {
    size_t d = run->in->denoiser->d;
    memcpy(all + p->first * d, plan_vector(p, vector), p->rows * d * sizeof *all);
}

/* A chunk goes all the way. */
static void whole_chunk(void *arg, size_t chunk) {
    struct run *run = arg;
    const struct plan *plan = run->in->plan;
    size_t mine = workspaces_take(&run->scratch);
    const struct plan_run p = prepare(run, chunk, mine, mine);
    start(run, &p);
    size_t i = 0;
    for (; i < plan->n_steps && ctx_stop(run->ctx) == STOP_NONE; i++) {
        plan_run_ops(&p, plan->steps[i].first, plan->steps[i].end);
        record(run, i + 1, &p, plan->steps[i].state);
    }
    if (i == plan->n_steps)
        keep(run, &p, plan->result, run->out->samples);
    workspaces_give(&run->scratch, mine);
}

static void start_chunk(void *arg, size_t chunk) {
    struct run *run = arg;
    size_t mine = workspaces_take(&run->scratch);
    const struct plan_run p = prepare(run, chunk, chunk, mine);
    start(run, &p);
    if (run->last == 0)
        keep(run, &p, 0, run->x ? run->x : run->D_next);
    workspaces_give(&run->scratch, mine);
}

static void step_chunk(void *arg, size_t chunk) {
    struct run *run = arg;
    const struct plan_step *step = &run->in->plan->steps[run->step];
    if (ctx_stop(run->ctx) != STOP_NONE)
        return;
    size_t mine = workspaces_take(&run->scratch);
    const struct plan_run p = prepare(run, chunk, chunk, mine);
    plan_run_ops(&p, step->first, step->end);
    record(run, run->step + 1, &p, step->state);
    const bool ends = run->step + 1 == run->last && !run->in->stop_after;
    if (run->x || ends)
        keep(run, &p, step->state, run->x ? run->x : run->D_next);
    if (step->D && (run->x || !ends))
        keep(run, &p, step->D, run->D_next);
    workspaces_give(&run->scratch, mine);
    atomic_fetch_add_explicit(&run->did, 1, memory_order_relaxed);
}

/* take_step: false where a stop came before all chunks had begun it. Then it was not taken, though the states of some
 * are those after it: of a run that was stopped only the D of the step before it is answered. */
static bool take_step(struct ctx *ctx, struct run *run) {
    atomic_store_explicit(&run->did, 0, memory_order_relaxed);
    parallel_for(ctx, run->n_chunks, step_chunk, run);
    if (atomic_load_explicit(&run->did, memory_order_relaxed) < run->n_chunks)
        return false;
    const bool ends = run->step + 1 == run->last && !run->in->stop_after;
    if (run->in->plan->steps[run->step].D && (run->x || !ends)) {
        double *D = run->D;
        run->D = run->D_next;
        run->D_next = D;
    }
    return true;
}

/* in_time: the caller's time is not over; one step is taken in any case. */
static bool in_time(const struct run *run) {
    const struct time_limit *limit = run->in->limit;
    return !limit || !limit->over(limit->self) || run->step == 0;
}

static void run_stepwise(struct ctx *ctx, struct run *run) {
    const struct sampler_in *in = run->in;
    parallel_for(ctx, run->n_chunks, start_chunk, run);
    for (; run->step < run->last && in_time(run) && take_step(ctx, run); run->step++)
        if (in->watch && ctx_stop(ctx) != STOP_CANCEL)
            in->watch->step(in->watch->self, run->step, run->x, in->plan->steps[run->step].D ? run->D : NULL);
    run->out->steps_done = run->step;
}

/* chunk_rows: eight chunks or more, so that threads share a small request; a call of the network in milliseconds, so
 * that a stop is seen soon; and full groups of rows. */
static size_t chunk_rows(const struct denoiser *denoiser, size_t count) {
    const double nanoseconds = 4e6;
    size_t rows = 1024;
    while (rows > 128 && rows * denoiser->d > 2048) /* the vectors of a chunk stay in the first caches */
        rows /= 2;
    while (rows > 16 && rows * 8 > count)
        rows /= 2;
    const size_t least = denoiser->together > 16 ? denoiser->together : 16;
    while (rows > least && (double)rows * denoiser->cost > nanoseconds)
        rows /= 2;
    rows = rows < count ? rows : count;
    while (rows > 1 && denoiser_scratch(denoiser, rows) > SCRATCH_MAX) /* networks */
        rows /= 2;
    return rows;
}

static size_t z_numbers(const struct run *run) {
    return (run->in->plan->bridges ? 1 + (size_t)NOISE_ROOM : 1) * run->chunk * run->in->denoiser->d;
}

static enum status allocate_spaces(struct ctx *ctx, struct run *run) {
    const size_t d = run->in->denoiser->d;
    run->scratch_d = (denoiser_scratch(run->in->denoiser, run->chunk) + 7) / 8 * 8;
    enum status status = workspaces_make(ctx, run->scratch_d + z_numbers(run), sizeof(double), &run->scratch);
    if (status != STATUS_OK)
        return status;
    run->n_spaces = run->stepwise ? run->n_chunks : run->scratch.n;
    run->spaces = ctx_alloc(ctx, run->n_spaces, sizeof *run->spaces);
    for (size_t i = 0; run->spaces && i < run->n_spaces; i++)
        if (!(run->spaces[i] = ctx_alloc(ctx, run->in->plan->n_slots * run->chunk, d * sizeof(double))))
            return STATUS_NO_MEMORY;
    return run->spaces ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status allocate(struct ctx *ctx, struct run *run) {
    const struct sampler_in *in = run->in;
    const size_t points = in->plan->n_steps + 1, row = in->denoiser->d * sizeof(double);
    enum status status = allocate_spaces(ctx, run);
    if (status != STATUS_OK)
        return status;
    if (!run->stepwise && !(run->out->samples = ctx_alloc(ctx, in->count, row)))
        return STATUS_NO_MEMORY;
    if (in->trajectory && !(run->out->trajectory = ctx_alloc(ctx, points * in->count, row)))
        return STATUS_NO_MEMORY;
    if (run->stepwise &&
        (!(run->D = ctx_zalloc(ctx, in->count, row)) || !(run->D_next = ctx_alloc(ctx, in->count, row))))
        return STATUS_NO_MEMORY;
    return in->watch && !(run->x = ctx_alloc(ctx, in->count, row)) ? STATUS_NO_MEMORY : STATUS_OK;
}

double sampler_bytes(const struct plan *plan, size_t count, size_t d) {
    return (double)(plan->n_slots + 2) * (double)count * (double)d * sizeof(double);
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

/* settle says how a run that may have been stopped ended. */
static enum status settle(struct ctx *ctx, struct run *run) {
    struct sampler_out *out = run->out;
    const struct sampler_in *in = run->in;
    const bool stopped = ctx_stop(ctx) == STOP_CANCEL || (ctx_stop(ctx) == STOP_DEADLINE && !run->stepwise);
    const bool whole = !stopped && out->steps_done == run->last;
    if (!whole && (!in->anytime || ctx_stop(ctx) == STOP_CANCEL || out->steps_done == 0))
        return ctx_stopped(ctx);
    out->cut = !whole;
    if (run->stepwise)
        out->samples = out->cut || in->stop_after ? run->D : run->x ? run->x : run->D_next;
    return STATUS_OK;
}

enum status sampler_run(struct ctx *ctx, const struct sampler_in *in, struct sampler_out *out) {
    size_t chunk = chunk_rows(in->denoiser, in->count);
    *out = (struct sampler_out){0};
    struct run run = {.in = in,
                      .out = out,
                      .ctx = ctx,
                      .chunk = chunk,
                      .n_chunks = (in->count + chunk - 1) / chunk,
                      .last = in->stop_after ? in->stop_after : in->plan->n_steps,
                      .stepwise = in->watch || in->anytime || in->stop_after};
    enum status status = allocate(ctx, &run);
    if (status != STATUS_OK)
        return status;
    if (run.stepwise) {
        run_stepwise(ctx, &run);
    } else {
        parallel_for(ctx, run.n_chunks, whole_chunk, &run);
        out->steps_done = in->plan->n_steps;
    }
    status = settle(ctx, &run);
    size_t n = in->count * in->denoiser->d;
    if (status == STATUS_OK)
        status = check_finite(ctx, in, out->samples, n);
    if (status == STATUS_OK && out->trajectory)
        status = check_finite(ctx, in, out->trajectory, n * (out->steps_done + 1));
    return status;
}
