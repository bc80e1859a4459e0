#include "core/tensor/attention.h"

#include <math.h>
#include <string.h>

#include "core/base/elementary.h"

enum {
    BLOCKS = 4,       /* of a tile's columns: the keys that are visited at once */
    TILES_PIECE = 16, /* tiles of queries a piece */
};

struct attention_job {
    const struct tensor_kernels *k;
    const struct attention *a;
    size_t blocks, keys;  /* blocks of keys in all; the tokens rounded up to whole ones */
    size_t wide;          /* d rounded up to whole columns */
    size_t pieces;        /* of a head */
    float *keys_packed;   /* [images * heads][blocks][d][columns] */
    float *values_packed; /* [images * heads][wide / columns][keys][columns] */
};

static size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by; }

size_t attention_scratch(const struct tensor_kernels *k, size_t images, size_t tokens, size_t heads, size_t d) {
    size_t keys = ceiling(tokens, k->columns) * k->columns, wide = ceiling(d, k->columns) * k->columns;
    return images * heads * keys * (d + wide);
}

static void pack_head(void *arg, size_t i) {
    const struct attention_job *job = arg;
    const struct attention *a = job->a;
    size_t columns = job->k->columns, from = i / a->heads * a->tokens * a->step + i % a->heads * a->d;
    float *to = job->keys_packed + i * job->keys * a->d;
    for (size_t first = 0; first < job->keys; first += columns)
        for (size_t c = 0; c < a->d; c++)
            for (size_t t = first; t < first + columns; t++)
                *to++ = t < a->tokens ? a->k[from + t * a->step + c] : 0;
    to = job->values_packed + i * job->keys * job->wide;
    for (size_t first = 0; first < job->wide; first += columns)
        for (size_t t = 0; t < job->keys; t++)
            for (size_t c = first; c < first + columns; c++)
                *to++ = t < a->tokens && c < a->d ? a->v[from + t * a->step + c] : 0;
}

/* The state of a tile of queries. */
struct queries {
    const float *q[TILE_ROWS_MAX];
    size_t rows;
    float max[TILE_ROWS_MAX], sum[TILE_ROWS_MAX];
    float scores[TILE_ROWS_MAX][BLOCKS * TILE_COLUMNS_MAX];
    float block[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
};

static const size_t ORIGIN[1];

/* score fills scores[row][0 .. BLOCKS * columns - 1] for keys from block `first` on; gives how many are keys. */
static size_t score(const struct attention_job *job, size_t head, size_t first, struct queries *s) {
    size_t columns = job->k->columns, n = 0;
    struct tile tile = {
        .a = s->q, .rows = s->rows, .segment = ORIGIN, .segments = 1, .depth = job->a->d, .out = s->block};
    for (size_t b = first; b < first + BLOCKS && b < job->blocks; b++, n += columns) {
        tile.panel = job->keys_packed + (head * job->blocks + b) * columns * job->a->d;
        job->k->tile(&tile);
        for (size_t i = 0; i < s->rows; i++)
            memcpy(s->scores[i] + n, s->block + i * columns, columns * sizeof(float));
    }
    size_t left = job->a->tokens - first * columns;
    return n < left ? n : left;
}

/* weigh adds the values of `n` keys from key `first` on, weighted by the scores, to out[row]. */
static void weigh(const struct attention_job *job, size_t head, size_t first, size_t n, struct queries *s,
                  const float *keep, float *const *out) {
    const float *weights[TILE_ROWS_MAX];
    for (size_t i = 0; i < s->rows; i++)
        weights[i] = s->scores[i];
    size_t columns = job->k->columns;
    struct tile tile = {.a = weights, .rows = s->rows, .segment = ORIGIN, .segments = 1, .depth = n, .out = s->block};
    for (size_t c = 0; c < job->a->d; c += columns) {
        tile.panel = job->values_packed + head * job->keys * job->wide + c * job->keys + first * columns;
        job->k->tile(&tile);
        size_t m = job->a->d - c < columns ? job->a->d - c : columns;
        for (size_t i = 0; i < s->rows; i++)
            job->k->blend(m, keep[i], s->block + i * columns, out[i] + c);
    }
}

static void attend(const struct attention_job *job, size_t head, size_t token, size_t rows) {
    const struct attention *a = job->a;
    const struct tensor_kernels *k = job->k;
    struct queries s = {.rows = rows};
    float *out[TILE_ROWS_MAX], keep[TILE_ROWS_MAX], scale = 1 / sqrtf((float)a->d);
    size_t image = head / a->heads, column = head % a->heads * a->d;
    for (size_t i = 0; i < rows; i++) {
        s.q[i] = a->q + (image * a->tokens + token + i) * a->step + column;
        out[i] = a->out + (image * a->tokens + token + i) * a->heads * a->d + column;
        memset(out[i], 0, a->d * sizeof(float));
        s.max[i] = -INFINITY;
    }
    for (size_t block = 0; block < job->blocks; block += BLOCKS) {
        size_t n = score(job, head, block, &s);
        for (size_t i = 0; i < rows; i++) {
            float before = s.max[i], sum = k->softmax_part(n, s.scores[i], scale, &s.max[i]);
            keep[i] = block ? (float)elementary_exp((double)before - (double)s.max[i]) : 0;
            s.sum[i] = s.sum[i] * keep[i] + sum;
        }
        weigh(job, head, block * k->columns, n, &s, keep, out);
    }
    for (size_t i = 0; i < rows; i++) {
        const struct finish f = {.scale = 1 / s.sum[i]};
        k->finish(&f, a->d, out[i], out[i]);
    }
}

static void attend_piece(void *arg, size_t i) {
    const struct attention_job *job = arg;
    size_t rows = job->k->rows, head = i / job->pieces, token = i % job->pieces * TILES_PIECE * rows;
    size_t end = token + TILES_PIECE * rows < job->a->tokens ? token + TILES_PIECE * rows : job->a->tokens;
    for (; token < end; token += rows)
        attend(job, head, token, end - token < rows ? end - token : rows);
}

void attention_run(struct ctx *ctx, const struct tensor_kernels *k, const struct attention *a, float *scratch) {
    struct attention_job job = {.k = k, .a = a, .blocks = ceiling(a->tokens, k->columns)};
    job.keys = job.blocks * k->columns;
    job.wide = ceiling(a->d, k->columns) * k->columns;
    job.keys_packed = scratch;
    job.values_packed = scratch + a->images * a->heads * job.keys * a->d;
    job.pieces = ceiling(a->tokens, TILES_PIECE * k->rows);
    parallel_for(ctx, a->images * a->heads, pack_head, &job);
    parallel_for(ctx, a->images * a->heads * job.pieces, attend_piece, &job);
}
