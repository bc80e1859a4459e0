#include "core/diffusion/diagnostics.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/normal.h"
#include "core/base/workspace.h"

enum { BATCHES = 10, MOST_IN_BATCH = 1000, SLICES = 32 };
#define MOST_DISTANCES 1e8 /* numbers compared in a batch, per pair of sets */
#define MOST_NUMBERS 1e6   /* in a set of a batch */

struct batch {
    double sliced, baseline, energy;
};

struct run {
    struct ctx *ctx;
    const struct mixture_truth *truth;
    uint64_t seed;
    const double *samples;
    size_t d, m, slices;
    const double *directions; /* [slices][d], of length 1 */
    struct batch batches[BATCHES];
    double *shares, *squares; /* [BATCHES][parts]: sums over a batch of the posterior and its square; NULL */
    struct workspaces spaces;
};

size_t diagnostics_batch(size_t count, size_t d) {
    size_t m = count / BATCHES < MOST_IN_BATCH ? count / BATCHES : MOST_IN_BATCH;
    while (m > 2 && ((double)m * (double)m * (double)d > MOST_DISTANCES || (double)(m * d) > MOST_NUMBERS))
        m = m * 7 / 8;
    return m < 2 ? 2 : m;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void project(const struct run *run, const double *x, const double *direction, double *out) {
    for (size_t i = 0; i < run->m; i++) {
        out[i] = 0;
        for (size_t j = 0; j < run->d; j++)
            out[i] += direction[j] * x[i * run->d + j];
    }
    qsort(out, run->m, sizeof *out, ascending);
}

static double mean_square(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum / (double)n;
}

/* room[3 m] */
static void compare_slices(const struct run *run, const double *x, const double *y, const double *z, double *room,
                           struct batch *out) {
    double *of_x = room, *of_y = room + run->m, *of_z = room + 2 * run->m, xy = 0, zy = 0;
    for (size_t s = 0; s < run->slices; s++) {
        const double *direction = run->directions + s * run->d;
        project(run, x, direction, of_x);
        project(run, y, direction, of_y);
        project(run, z, direction, of_z);
        xy += mean_square(run->m, of_x, of_y);
        zy += mean_square(run->m, of_z, of_y);
    }
    out->sliced = sqrt(xy / (double)run->slices);
    out->baseline = sqrt(zy / (double)run->slices);
}

static double distance(size_t d, const double *a, const double *b) { return sqrt((double)d * mean_square(d, a, b)); }

/* within is the mean distance of two different members. */
static double within(const struct run *run, const double *x) {
    size_t d = run->d, m = run->m;
    double sum = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < i; j++)
            sum += distance(d, x + i * d, x + j * d);
    return 2 * sum / ((double)m * (double)(m - 1));
}

static double between(const struct run *run, const double *x, const double *y) {
    size_t d = run->d, m = run->m;
    double sum = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            sum += distance(d, x + i * d, y + j * d);
    return sum / ((double)m * (double)m);
}

/* room[parts + 2 d] */
static void add_shares(const struct run *run, size_t batch, const double *x, double *room) {
    size_t parts = mixture_truth_parts(run->truth);
    double *share = run->shares + batch * parts, *square = run->squares + batch * parts;
    for (size_t i = 0; i < run->m; i++) {
        mixture_truth_posterior(run->truth, x + i * run->d, room, room + parts);
        for (size_t c = 0; c < parts; c++) {
            share[c] += room[c];
            square[c] += room[c] * room[c];
        }
    }
}

static void judge_batch(void *arg, size_t batch) {
    struct run *run = arg;
    size_t d = run->d, m = run->m;
    if (ctx_stop(run->ctx) != STOP_NONE)
        return;
    size_t mine = workspaces_take(&run->spaces);
    const double *x = run->samples + batch * m * d;
    double *y = run->spaces.pieces[mine], *z = y + m * d, *room = z + m * d;
    mixture_truth_draw(run->truth, run->seed, 0, batch * m, m, y, room);
    mixture_truth_draw(run->truth, run->seed, 1, batch * m, m, z, room);
    compare_slices(run, x, y, z, room, &run->batches[batch]);
    run->batches[batch].energy = 2 * between(run, x, y) - within(run, x) - within(run, y);
    if (run->shares)
        add_shares(run, batch, x, room);
    workspaces_give(&run->spaces, mine);
}

/* draw_directions: in one dimension there is but one. */
static enum status draw_directions(struct ctx *ctx, struct run *run) {
    run->slices = run->d == 1 ? 1 : SLICES;
    double *to = ctx_alloc(ctx, run->slices, run->d * sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    normal_rows(run->seed, NORMAL_SLICE, 0, 0, run->slices, run->d, to);
    for (size_t s = 0; s < run->slices; s++) {
        double norm = 0, *row = to + s * run->d;
        for (size_t j = 0; j < run->d; j++)
            norm += row[j] * row[j];
        for (size_t j = 0; j < run->d; j++)
            row[j] /= sqrt(norm);
    }
    run->directions = to;
    return STATUS_OK;
}

static enum status allocate(struct ctx *ctx, struct run *run) {
    size_t parts = mixture_truth_parts(run->truth), told = parts <= DIAGNOSTICS_MAX_PARTS ? parts : 0;
    size_t room = 3 * run->m > told + 2 * run->d ? 3 * run->m : told + 2 * run->d;
    enum status status = draw_directions(ctx, run);
    if (status == STATUS_OK && told) {
        run->shares = ctx_zalloc(ctx, 2 * BATCHES * told, sizeof *run->shares);
        run->squares = run->shares ? run->shares + BATCHES * told : NULL;
        status = run->shares ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return status == STATUS_OK ? workspaces_make(ctx, 2 * run->m * run->d + room, sizeof(double), &run->spaces)
                               : status;
}

/* mean_of averages a number over the batches and gives the standard error of that. */
static double mean_of(const double *values, double *error) {
    double mean = 0, square = 0;
    for (int b = 0; b < BATCHES; b++)
        mean += values[b] / BATCHES;
    for (int b = 0; b < BATCHES; b++)
        square += (values[b] - mean) * (values[b] - mean);
    *error = sqrt(square / (BATCHES - 1) / BATCHES);
    return mean;
}

static void summarise_distances(const struct run *run, struct diagnostics *out) {
    double sliced[BATCHES], baseline[BATCHES], excess[BATCHES], energy[BATCHES], unused;
    for (int b = 0; b < BATCHES; b++) {
        sliced[b] = run->batches[b].sliced;
        baseline[b] = run->batches[b].baseline;
        excess[b] = sliced[b] - baseline[b];
        energy[b] = run->batches[b].energy;
    }
    out->sliced.value = mean_of(sliced, &out->sliced.standard_error);
    out->sliced.baseline = mean_of(baseline, &unused);
    mean_of(excess, &out->sliced.excess_error);
    out->energy.value = mean_of(energy, &out->energy.standard_error);
}

static enum status summarise_shares(struct ctx *ctx, const struct run *run, struct diagnostics *out) {
    size_t parts = mixture_truth_parts(run->truth);
    double n = (double)out->used;
    out->parts = parts;
    out->weights = mixture_truth_weights(run->truth);
    out->share = ctx_zalloc(ctx, parts, 2 * sizeof *out->share);
    if (!out->share)
        return STATUS_NO_MEMORY;
    out->error = out->share + parts;
    for (size_t c = 0; c < parts; c++) {
        double square = 0;
        for (size_t b = 0; b < BATCHES; b++) {
            out->share[c] += run->shares[b * parts + c];
            square += run->squares[b * parts + c];
        }
        out->share[c] /= n;
        double variance = square / n - out->share[c] * out->share[c];
        out->error[c] = variance > 0 ? sqrt(variance / (n - 1)) : 0;
    }
    return STATUS_OK;
}

enum status diagnostics_run(struct ctx *ctx, const struct denoiser *mixture, uint64_t seed, const double *samples,
                            size_t count, struct diagnostics *out) {
    struct run run = {.ctx = ctx, .seed = seed, .samples = samples, .d = mixture->d};
    run.m = diagnostics_batch(count, mixture->d);
    *out = (struct diagnostics){.used = BATCHES * run.m};
    enum status status = mixture_truth_make(ctx, mixture, &run.truth);
    if (status == STATUS_OK)
        status = allocate(ctx, &run);
    if (status != STATUS_OK)
        return status;
    parallel_for(ctx, BATCHES, judge_batch, &run);
    status = ctx_stopped(ctx);
    if (status != STATUS_OK)
        return status;
    summarise_distances(&run, out);
    return run.shares ? summarise_shares(ctx, &run, out) : STATUS_OK;
}
