#include "core/nn/optimiser.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/tensor/backward.h"

enum { PIECE = 1 << 14, PIECES_TOGETHER = 1 << 10 };

struct optimiser_options optimiser_default(void) {
    return (struct optimiser_options){.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01};
}

enum status optimiser_new(struct ctx *ctx, size_t n, struct optimiser *out) {
    *out = (struct optimiser){.n = n,
                              .weights = ctx_zalloc(ctx, n, sizeof(float)),
                              .first = ctx_zalloc(ctx, n, sizeof(float)),
                              .second = ctx_zalloc(ctx, n, sizeof(float)),
                              .average = ctx_zalloc(ctx, n, sizeof(float))};
    return out->weights && out->first && out->second && out->average ? STATUS_OK : STATUS_NO_MEMORY;
}

struct job {
    const struct backward_kernels *k;
    struct optimiser *o;
    const float *gradient;
    struct adam adam;
    size_t piece; /* the first of those that are summed together */
    double squares[PIECES_TOGETHER];
};

static size_t size_of(const struct job *job, size_t first) {
    return job->o->n - first < PIECE ? job->o->n - first : PIECE;
}

static void square_piece(void *arg, size_t i) {
    struct job *job = arg;
    size_t first = (job->piece + i) * PIECE;
    job->squares[i] = job->k->squares(size_of(job, first), job->gradient + first);
}

static double norm_of(struct ctx *ctx, struct job *job) {
    size_t pieces = (job->o->n + PIECE - 1) / PIECE;
    double sum = 0;
    for (job->piece = 0; job->piece < pieces; job->piece += PIECES_TOGETHER) {
        size_t n = pieces - job->piece < PIECES_TOGETHER ? pieces - job->piece : PIECES_TOGETHER;
        parallel_for(ctx, n, square_piece, job);
        for (size_t i = 0; i < n; i++)
            sum += job->squares[i];
    }
    return sqrt(sum);
}

static void move(const struct job *job, size_t first, size_t end) {
    struct optimiser *o = job->o;
    if (first < end)
        job->k->adam(&job->adam, end - first, job->gradient + first, o->weights + first, o->first + first,
                     o->second + first, o->average + first);
}

/* step_piece leaves out the fixed numbers, which may lie in its middle. */
static void step_piece(void *arg, size_t i) {
    const struct job *job = arg;
    size_t first = i * PIECE, end = first + size_of(job, first);
    size_t until = job->o->fixed_first < end ? job->o->fixed_first : end;
    size_t from = job->o->fixed_end > first ? job->o->fixed_end : first;
    if (job->o->fixed_first >= job->o->fixed_end)
        until = from = first;
    move(job, first, until);
    move(job, from, end);
}

static double scale_of(const struct optimiser_options *options) { return options->scale > 0 ? options->scale : 1; }

static struct adam adam_of(const struct optimiser_options *options, double rate, double norm, uint64_t step) {
    double t = (double)step, limit = options->clip > 0 ? options->clip / (norm + 1e-6) : 1;
    double mean = (1 + t) / (10 + t), average = options->average < mean ? options->average : mean;
    double correction = 1 - elementary_pow(options->beta2, t);
    return (struct adam){.by_gradient = (float)((limit < 1 ? limit : 1) / scale_of(options)),
                         .beta1 = (float)options->beta1,
                         .rest1 = (float)(1 - options->beta1),
                         .beta2 = (float)options->beta2,
                         .rest2 = (float)(1 - options->beta2),
                         .keep = (float)(1 - rate * options->decay),
                         .rate = (float)(rate / (1 - elementary_pow(options->beta1, t))),
                         .by_second = (float)(1 / sqrt(correction)),
                         .eps = (float)options->eps,
                         .average = (float)average};
}

double optimiser_step(struct ctx *ctx, struct optimiser *o, const struct optimiser_options *options, double rate,
                      const float *gradient) {
    struct job job = {.k = tensor_kernels_for(ctx->isa)->backward, .o = o, .gradient = gradient};
    double norm = norm_of(ctx, &job) / scale_of(options);
    if (!isfinite(norm))
        return norm;
    job.adam = adam_of(options, rate, norm, ++o->step);
    parallel_for(ctx, (o->n + PIECE - 1) / PIECE, step_piece, &job);
    return norm;
}
