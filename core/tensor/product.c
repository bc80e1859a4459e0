#include "core/tensor/product.h"

#include <string.h>

enum { PIECE_WORK = 1 << 19 }; /* multiply-adds that are worth a piece of their own */

static size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by; }

size_t matrix_floats(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns) {
    return ceiling(columns, k->columns) * k->columns * segments * depth;
}

void matrix_pack(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                 float *panels) {
    for (size_t first = 0; first < columns; first += k->columns)
        for (size_t s = 0; s < segments; s++)
            for (size_t i = 0; i < depth; i++)
                for (size_t j = first; j < first + k->columns; j++)
                    *panels++ = j < columns ? w[(j * depth + i) * segments + s] : 0;
}

/* pack_taps fills one row of a block, in the order of w, from n columns. */
static void pack_taps(size_t n, size_t wide, size_t segments, size_t apart, const float *w, size_t taps,
                      const size_t *tap, float *row) {
    for (size_t j = 0; j < wide; j++, w += taps)
        for (size_t s = 0; s < segments; s++)
            row[s * apart + j] = j < n ? w[tap[s]] : 0;
}

void matrix_pack_across(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                        size_t taps, const size_t *tap, float *panels) {
    for (size_t first = 0, wide; first < columns; first += wide, panels += segments * depth * wide) {
        wide = k->columns;
        size_t n = columns - first < wide ? columns - first : wide;
        for (size_t i = 0; i < depth; i++) {
            const float *from = w + (i * columns + first) * taps;
            if (taps > 1) {
                pack_taps(n, wide, segments, depth * wide, from, taps, tap, panels + i * wide);
            } else if (segments) {
                memcpy(panels + i * wide, from, n * sizeof *w);
                memset(panels + i * wide + n, 0, (wide - n) * sizeof *w);
            }
        }
    }
}

/* The rows of one piece: `rows` of them from its number times that on, in the blocks of columns of its own. */
struct job {
    const struct tensor_kernels *k;
    const struct product *p;
    size_t rows, total;        /* rows a piece, and in all */
    size_t blocks, all_blocks; /* blocks a piece, and in all */
    size_t pieces_down;
};

static float *at(const struct places *to, const struct product *p, size_t row) {
    size_t x = row % p->width, y = row / p->width % p->height, image = row / p->width / p->height;
    return to->data + image * to->image_step + y * to->row_step + x * to->step;
}

static void finish_rows(const struct job *job, size_t first, size_t rows, size_t block, const float *sums) {
    const struct product *p = job->p;
    size_t column = block * job->k->columns, n = p->b->columns - column;
    n = n < job->k->columns ? n : job->k->columns;
    for (size_t i = 0; i < rows; i++) {
        size_t row = first + i, image = row / p->width / p->height;
        struct finish f = {
            .bias = p->bias ? p->bias + column : NULL,
            .vector = p->vector ? p->vector + image * p->vector_step + column : NULL,
            .gate = p->gate ? p->gate + image * p->gate_step + column : NULL,
            .residual = p->residual.data ? at(&p->residual, p, row) + column : NULL,
            .scale = p->scale,
            .activation = p->activation,
        };
        job->k->finish(&f, n, sums + i * job->k->columns, at(&p->out, p, row) + column);
    }
}

static void run_piece(void *arg, size_t piece) {
    const struct job *job = arg;
    const struct product *p = job->p;
    size_t first = piece % job->pieces_down * job->rows, end = first + job->rows;
    size_t block = piece / job->pieces_down * job->blocks, last = block + job->blocks;
    end = end < job->total ? end : job->total;
    last = last < job->all_blocks ? last : job->all_blocks;
    float sums[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
    const float *a[TILE_ROWS_MAX];
    struct tile tile = {.a = a, .segment = p->segment, .segments = p->b->segments, .depth = p->b->depth, .out = sums};
    for (; block < last; block++) {
        tile.panel = p->b->panels + block * job->k->columns * p->b->segments * p->b->depth;
        for (size_t row = first; row < end; row += tile.rows) {
            tile.rows = end - row < job->k->rows ? end - row : job->k->rows;
            for (size_t i = 0; i < tile.rows; i++)
                a[i] = at(&p->in, p, row + i);
            job->k->tile(&tile);
            finish_rows(job, row, tile.rows, block, sums);
        }
    }
}

void product_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *p) {
    struct job job = {
        .k = k, .p = p, .total = p->images * p->height * p->width, .all_blocks = ceiling(p->b->columns, k->columns)};
    size_t depth = p->b->segments * p->b->depth, tile_work = depth * k->rows * k->columns;
    size_t tiles = ceiling(PIECE_WORK, tile_work ? tile_work : 1), down = ceiling(job.total, k->rows);
    /* A piece is a block of columns and so many tiles of rows; few rows take more columns. */
    size_t most = tiles < 32 ? 32 : tiles;
    size_t height = down < most ? down : most;
    job.rows = (height ? height : 1) * k->rows;
    job.blocks = ceiling(tiles, height ? height : 1);
    job.pieces_down = ceiling(job.total, job.rows);
    parallel_for(ctx, job.pieces_down * ceiling(job.all_blocks, job.blocks), run_piece, &job);
}
