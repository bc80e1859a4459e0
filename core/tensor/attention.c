#include "core/tensor/attention.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/elementary.h"

enum {
    BLOCKS = 4,           /* of a tile's columns: the keys that are visited at once */
    PIECE_WORK = 1 << 20, /* multiply-adds that are worth a piece of their own */
};

struct attention_job {
    const struct tensor_kernels *k;
    const struct attention *a;
    size_t blocks, keys;  /* blocks of keys in all; the tokens rounded up to whole ones */
    size_t wide;          /* d rounded up to whole columns */
    size_t pieces;        /* of a head */
    float *keys_packed;   /* [images * heads][blocks][d][columns] */
    float *values_packed; /* [images * heads][columns of a tile: wide in all][keys][these columns] */
};

static size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by; }

static size_t wide_of(const struct tensor_kernels *k, size_t d) {
    size_t whole = d / k->columns * k->columns;
    return d > whole ? whole + tile_for(k, d - whole).columns : whole;
}

size_t attention_scratch(const struct tensor_kernels *k, size_t images, size_t tokens, size_t heads, size_t d) {
    size_t keys = ceiling(tokens, k->columns) * k->columns;
    return images * heads * keys * (d + wide_of(k, d));
}

/* pack_keys and pack_values pack a block, the keys from `first` on. */
static void pack_keys(const struct attention_job *job, size_t first, const float *k, float *to) {
    const struct attention *a = job->a;
    size_t columns = job->k->columns;
    for (size_t t = 0; t < columns; t++)
        for (size_t c = 0; c < a->d; c++)
            to[c * columns + t] = first + t < a->tokens ? k[(first + t) * a->step + c] : 0;
}

static void pack_values(const struct attention_job *job, size_t first, const float *v, float *to) {
    const struct attention *a = job->a;
    for (size_t from = 0, columns; from < job->wide; from += columns, to += job->keys * columns) {
        columns = tile_for(job->k, a->d - from).columns;
        size_t n = a->d - from < columns ? a->d - from : columns;
        for (size_t t = first; t < first + job->k->columns; t++) {
            size_t own = t < a->tokens ? n : 0;
            memcpy(to + t * columns, v + t * a->step + from, own * sizeof *to);
            memset(to + t * columns + own, 0, (columns - own) * sizeof *to);
        }
    }
}

static void pack_block(void *arg, size_t i) {
    const struct attention_job *job = arg;
    const struct attention *a = job->a;
    size_t head = i / job->blocks, first = i % job->blocks * job->k->columns;
    size_t from = head / a->heads * a->tokens * a->step + head % a->heads * a->d;
    pack_keys(job, first, a->k + from, job->keys_packed + (head * job->keys + first) * a->d);
    pack_values(job, first, a->v + from, job->values_packed + head * job->keys * job->wide);
}

/* The state of a tile of queries. */
struct queries {
    const float *q[TILE_ROWS_MAX];
    size_t rows;
    float max[TILE_ROWS_MAX], sum[TILE_ROWS_MAX];
    float keep[TILE_ROWS_MAX], by[TILE_ROWS_MAX]; /* what becomes of the output so far, and of the new one */
    float *out[TILE_ROWS_MAX];
    float scores[TILE_ROWS_MAX][BLOCKS * TILE_COLUMNS_MAX];
    float block[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
};

static const size_t ORIGIN[1];

/* score fills scores[row][0 .. BLOCKS * columns - 1] for keys from block `first` on; gives how many are keys. */
static size_t score(const struct attention_job *job, size_t head, size_t first, struct queries *s) {
    size_t columns = job->k->columns, n = 0;
    struct tile tile = {.a = s->q,
                        .rows = s->rows,
                        .segment = ORIGIN,
                        .segments = 1,
                        .depth = job->a->d,
                        .pitch = BLOCKS * TILE_COLUMNS_MAX};
    for (size_t b = first; b < first + BLOCKS && b < job->blocks; b++, n += columns) {
        tile.panel = job->keys_packed + (head * job->blocks + b) * columns * job->a->d;
        tile.out = s->scores[0] + n;
        job->k->tile(&tile);
    }
    size_t left = job->a->tokens - first * columns;
    return n < left ? n : left;
}

/* weigh adds the values of `n` keys from key `first` on, weighted by the scores, to what is kept of the output. */
static void weigh(const struct attention_job *job, size_t head, size_t first, size_t n, struct queries *s) {
    const float *weights[TILE_ROWS_MAX];
    for (size_t i = 0; i < s->rows; i++)
        weights[i] = s->scores[i];
    struct tile tile = {.a = weights, .rows = s->rows, .segment = ORIGIN, .segments = 1, .depth = n, .out = s->block};
    for (size_t c = 0; c < job->a->d; c += job->k->columns) {
        struct tile_shape shape = tile_for(job->k, job->a->d - c);
        size_t m = job->a->d - c < shape.columns ? job->a->d - c : shape.columns;
        tile.panel = job->values_packed + head * job->keys * job->wide + c * job->keys + first * shape.columns;
        tile.pitch = shape.columns;
        shape.run(&tile);
        for (size_t i = 0; i < s->rows; i++)
            job->k->blend(m, s->keep[i], s->block + i * shape.columns, s->by[i], s->out[i] + c);
    }
}

/* soften turns the scores of n keys into weights; those of the last keys know the sum that divides them all. */
static void soften(const struct attention_job *job, size_t n, bool first, bool last, struct queries *s) {
    const float scale = 1 / sqrtf((float)job->a->d);
    for (size_t i = 0; i < s->rows; i++) {
        float before = s->max[i], sum = job->k->softmax_part(n, s->scores[i], scale, &s->max[i]);
        s->keep[i] = first ? 0 : (float)elementary_exp((double)before - (double)s->max[i]);
        s->sum[i] = first ? sum : s->sum[i] * s->keep[i] + sum;
        s->by[i] = last ? 1 / s->sum[i] : 1;
    }
}

static void attend(const struct attention_job *job, size_t head, size_t token, size_t rows) {
    const struct attention *a = job->a;
    struct queries s;
    size_t image = head / a->heads, column = head % a->heads * a->d;
    s.rows = rows;
    for (size_t i = 0; i < rows; i++) {
        s.q[i] = a->q + (image * a->tokens + token + i) * a->step + column;
        s.out[i] = a->out + (image * a->tokens + token + i) * a->heads * a->d + column;
        s.max[i] = -INFINITY;
    }
    for (size_t block = 0; block < job->blocks; block += BLOCKS) {
        size_t n = score(job, head, block, &s);
        soften(job, n, block == 0, block + BLOCKS >= job->blocks, &s);
        weigh(job, head, block * job->k->columns, n, &s);
    }
}

static void attend_piece(void *arg, size_t i) {
    const struct attention_job *job = arg;
    size_t head = i / job->pieces, piece = i % job->pieces;
    size_t token = job->a->tokens * piece / job->pieces, end = job->a->tokens * (piece + 1) / job->pieces, rows;
    for (size_t tiles = ceiling(end - token, job->k->rows); tiles > 0; tiles--, token += rows) {
        rows = ceiling(end - token, tiles);
        attend(job, head, token, rows);
    }
}

/* pieces_of a head are about as large as each other. */
static size_t pieces_of(const struct attention *a, size_t rows) {
    size_t work = 2 * a->tokens * a->d, each = ceiling(PIECE_WORK, work ? work : 1);
    return ceiling(a->tokens, each < rows ? rows : each);
}

void attention_run(struct ctx *ctx, const struct tensor_kernels *k, const struct attention *a, float *scratch) {
    struct attention_job job = {.k = k, .a = a, .blocks = ceiling(a->tokens, k->columns)};
    job.keys = job.blocks * k->columns;
    job.wide = wide_of(k, a->d);
    job.keys_packed = scratch;
    job.values_packed = scratch + a->images * a->heads * job.keys * a->d;
    job.pieces = pieces_of(a, k->rows);
    parallel_for(ctx, a->images * a->heads * job.blocks, pack_block, &job);
    parallel_for(ctx, a->images * a->heads * job.pieces, attend_piece, &job);
}
