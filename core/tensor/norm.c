#include "core/tensor/norm.h"

#include <math.h>
#include <string.h>

enum { PIECE_FLOATS = 1 << 13, PIECES_MAX = 16 }; /* numbers that are worth two pieces; pieces of an image */

/* Rows of pixels that are summed together; sums of sums come in a fixed order. */
static size_t rows_of(const struct group_norm *g) {
    size_t wanted = 2 * (g->height * g->width * g->channels / PIECE_FLOATS);
    size_t pieces = wanted < 1 ? 1 : wanted < PIECES_MAX ? wanted : PIECES_MAX;
    return (g->height + pieces - 1) / pieces;
}

static size_t pieces_of(const struct group_norm *g) { return (g->height + rows_of(g) - 1) / rows_of(g); }

/* Scratch: [images][pieces][2][channels] sums and squares, then [images][2][channels] factors and offsets. */
struct group_job {
    const struct tensor_kernels *k;
    const struct group_norm *g;
    double *sums;
    float *lines;
    size_t pieces, rows; /* of an image, of a piece */
};

size_t group_norm_scratch(const struct group_norm *g) {
    return g->images * g->channels * 2 * (pieces_of(g) * sizeof(double) + sizeof(float));
}

static const float *pixel(const struct places *p, size_t image, size_t y) {
    return p->data + image * p->image_step + y * p->row_step;
}

static void sum_piece(void *arg, size_t i) {
    const struct group_job *job = arg;
    const struct group_norm *g = job->g;
    size_t image = i / job->pieces, y = i % job->pieces * job->rows;
    size_t end = y + job->rows < g->height ? y + job->rows : g->height;
    double *sum = job->sums + i * 2 * g->channels;
    memset(sum, 0, 2 * g->channels * sizeof *sum);
    for (; y < end; y++) /* the image's first pixel is about where its numbers lie */
        job->k->moments(g->width, g->in.step, g->channels, pixel(&g->in, image, y), pixel(&g->in, image, 0), sum,
                        sum + g->channels);
}

/* settle turns an image's sums into a factor and an offset for each channel. */
static void settle_group(const struct group_job *job, size_t image, size_t group, size_t n) {
    const struct group_norm *g = job->g;
    const size_t first = group * n;
    const float *shift = pixel(&g->in, image, 0);
    double *sum = job->sums + image * job->pieces * 2 * g->channels, *square = sum + g->channels;
    double pixels = (double)(g->height * g->width), mean = 0, spread = 0;
    for (size_t c = first; c < first + n; c++) {
        for (size_t p = 1; p < job->pieces; p++) {
            sum[c] += sum[p * 2 * g->channels + c];
            square[c] += square[p * 2 * g->channels + c];
        }
        mean += (double)shift[c] + sum[c] / pixels;
    }
    mean /= (double)n;
    for (size_t c = first; c < first + n; c++) {
        double off = (double)shift[c] + sum[c] / pixels - mean;
        double own = square[c] - sum[c] * sum[c] / pixels;
        spread += (own > 0 ? own : 0) + pixels * off * off;
    }
    double factor = 1 / sqrt(spread / (pixels * (double)n) + (double)g->eps);
    if (g->statistics) {
        float *own = g->statistics + 2 * (image * g->groups + group);
        own[0] = (float)mean;
        own[1] = (float)factor;
    }
    float *lines = job->lines + image * 2 * g->channels;
    for (size_t c = first; c < first + n; c++) {
        double a = factor * (double)g->weight[c], b = (double)g->bias[c] - mean * a;
        if (g->scale) {
            double scale = 1 + (double)g->scale[image * g->vector_step + c];
            a *= scale;
            b = b * scale + (double)g->shift[image * g->vector_step + c];
        }
        lines[c] = (float)a;
        lines[g->channels + c] = (float)b;
    }
}

static void settle(void *arg, size_t image) {
    const struct group_job *job = arg;
    size_t n = job->g->channels / job->g->groups;
    for (size_t group = 0; group < job->g->groups; group++)
        settle_group(job, image, group, n);
}

static void apply_piece(void *arg, size_t i) {
    const struct group_job *job = arg;
    const struct group_norm *g = job->g;
    size_t image = i / job->pieces, y = i % job->pieces * job->rows;
    size_t end = y + job->rows < g->height ? y + job->rows : g->height;
    const float *lines = job->lines + image * 2 * g->channels;
    for (; y < end; y++) {
        const size_t to = image * g->out.image_step + y * g->out.row_step;
        if (g->out.halves)
            half_affine(job->k, g->half, g->width, g->channels, pixel(&g->in, image, y), g->in.step, lines,
                        lines + g->channels, g->activation, g->out.halves + to, g->out.step);
        else
            job->k->affine(g->width, g->channels, pixel(&g->in, image, y), g->in.step, lines, lines + g->channels,
                           g->activation, g->out.data + to, g->out.step);
    }
}

void group_norm_run(struct ctx *ctx, const struct tensor_kernels *k, const struct group_norm *g, void *scratch) {
    struct group_job job = {.k = k, .g = g, .sums = scratch, .pieces = pieces_of(g), .rows = rows_of(g)};
    job.lines = (float *)(job.sums + g->images * job.pieces * 2 * g->channels);
    parallel_for(ctx, g->images * job.pieces, sum_piece, &job);
    parallel_for(ctx, g->images, settle, &job);
    parallel_for(ctx, g->images * job.pieces, apply_piece, &job);
}

struct layer_job {
    const struct tensor_kernels *k;
    const struct layer_norm *l;
};

enum { TOKENS_PIECE = 64 };

static void norm_token(const struct layer_job *job, size_t image, size_t row) {
    const struct layer_norm *l = job->l;
    const struct standard s = {.eps = l->eps,
                               .weight = l->weight,
                               .bias = l->bias,
                               .scale = l->scale ? l->scale + image * l->vector_step : NULL,
                               .shift = l->scale ? l->shift + image * l->vector_step : NULL};
    float line[LAYER_HALF_MAX];
    float *out = l->out_halves ? line : l->out + row * l->n;
    job->k->standardise(&s, l->n, l->in + row * l->n, out);
    if (l->out_halves)
        l->half->narrow(l->n, out, l->out_halves + row * l->n);
}

static void norm_tokens(void *arg, size_t piece) {
    const struct layer_job *job = arg;
    size_t rows = job->l->images * job->l->tokens, first = piece * TOKENS_PIECE;
    for (size_t row = first; row < first + TOKENS_PIECE && row < rows; row++)
        norm_token(job, row / job->l->tokens, row);
}

void layer_norm_run(struct ctx *ctx, const struct tensor_kernels *k, const struct layer_norm *l) {
    struct layer_job job = {k, l};
    parallel_for(ctx, (l->images * l->tokens + TOKENS_PIECE - 1) / TOKENS_PIECE, norm_tokens, &job);
}
