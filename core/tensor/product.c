#include "core/tensor/product.h"

#include <string.h>

enum { PIECE_WORK = 1 << 19 }; /* multiply-adds that are worth a piece of their own */

static size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by; }

size_t matrix_floats(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns) {
    size_t whole = columns / k->columns * k->columns, rest = columns - whole;
    return (whole + (rest ? tile_for(k, rest).columns : 0)) * segments * depth;
}

void matrix_pack(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                 float *panels) {
    for (size_t first = 0; first < columns; first += k->columns) {
        size_t wide = tile_for(k, columns - first).columns;
        for (size_t s = 0; s < segments; s++)
            for (size_t i = 0; i < depth; i++)
                for (size_t j = first; j < first + wide; j++)
                    *panels++ = j < columns ? w[(j * depth + i) * segments + s] : 0;
    }
}

void matrix_halve(const float *x, size_t n, uint16_t *halves) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        halves[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
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
        wide = tile_for(k, columns - first).columns;
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
    struct places vector;
    size_t rows, total;        /* rows a piece, and in all */
    size_t blocks, all_blocks; /* blocks a piece, and in all */
    size_t pieces_down;
};

/* A row's place, moved on from row to row without a division. */
struct row {
    size_t image, y, x;
};

static struct row row_at(const struct product *p, size_t row) {
    return (struct row){row / p->width / p->height, row / p->width % p->height, row % p->width};
}

static void next(const struct product *p, struct row *row) {
    if (++row->x < p->width)
        return;
    row->x = 0;
    if (++row->y < p->height)
        return;
    row->y = 0;
    row->image++;
}

static float *at(const struct places *to, const struct row *row, size_t column) {
    return to->data + row->image * to->image_step + row->y * to->row_step + row->x * to->step + column;
}

/* The rows of a tile, and what comes of them. */
struct rows {
    size_t n, image[TILE_ROWS_MAX];
    float *in[TILE_ROWS_MAX], *residual[TILE_ROWS_MAX], *vector[TILE_ROWS_MAX], *out[TILE_ROWS_MAX],
        *keep[TILE_ROWS_MAX];
    float sums[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
};

/* place finds the places of rows first .. end - 1, which are side by side. */
static void place(const struct places *to, const struct row *row, size_t column, size_t first, size_t end,
                  float **list) {
    float *own = to->data ? at(to, row, column) : NULL;
    for (size_t i = first; own && i < end; i++, own += to->step)
        list[i] = own;
}

/* gather finds the places of the next n rows, results from `column` on. */
static void gather(const struct job *job, struct row *row, size_t column, size_t n, struct rows *r) {
    const struct product *p = job->p;
    r->n = n;
    for (size_t i = 0, end; i < n; i = end) {
        end = n - i < p->width - row->x ? n : i + p->width - row->x;
        place(&p->in, row, 0, i, end, r->in);
        place(&p->out, row, column, i, end, r->out);
        place(&p->residual, row, column, i, end, r->residual);
        place(&job->vector, row, column, i, end, r->vector);
        for (size_t k = i; k < end; k++)
            r->image[k] = row->image;
        row->x += end - i - 1;
        next(p, row);
    }
}

/* finish_together is how many rows from i on are finished in one call: those with the same gate. */
static size_t finish_together(const struct product *p, const struct rows *r, size_t i) {
    size_t n = 1;
    while (i + n < r->n && (!p->gate || r->image[i + n] == r->image[i]))
        n++;
    return n;
}

static const float *const *rows_of(const struct places *p, float *const *list) {
    return p->data ? (const float *const *)list : NULL;
}

/* finish ends rows of `columns` sums, or those whose sums with bias and vector are in `kept` already. */
static void finish(const struct job *job, size_t column, size_t columns, const struct rows *r, const float *kept) {
    const struct product *p = job->p;
    const float *const *residual = rows_of(&p->residual, r->residual), *const *vector =
                                                                           rows_of(&job->vector, r->vector);
    struct finish_rows f = {.n = p->b->columns - column < columns ? p->b->columns - column : columns,
                            .pitch = kept ? p->b->columns : columns,
                            .bias = p->bias && !kept ? p->bias + column : NULL,
                            .scale = p->scale,
                            .activation = p->activation};
    for (size_t i = 0; i < r->n; i += f.rows) {
        f.rows = finish_together(p, r, i);
        f.x = (kept ? kept : r->sums) + i * f.pitch;
        f.out = r->out + i;
        f.residual = residual ? residual + i : NULL;
        f.vector = vector && !kept ? vector + i : NULL;
        f.gate = p->gate ? p->gate + r->image[i] * p->gate_step + column : NULL;
        job->k->finish_rows(&f);
    }
}

/* keep writes what is before activation and gate to rows of all columns. */
static void keep(const struct job *job, size_t column, size_t columns, struct rows *r, float *to) {
    const struct product *p = job->p;
    for (size_t i = 0; i < r->n; i++)
        r->keep[i] = to + i * p->b->columns;
    job->k->finish_rows(&(struct finish_rows){.rows = r->n,
                                              .n = p->b->columns - column < columns ? p->b->columns - column : columns,
                                              .pitch = columns,
                                              .x = r->sums,
                                              .out = r->keep,
                                              .vector = rows_of(&job->vector, r->vector),
                                              .bias = p->bias ? p->bias + column : NULL,
                                              .scale = 1});
}

/* Some rows of one block of columns, whose panel is that of `b`, of one block. */
struct block {
    const struct job *job;
    struct matrix b;
    struct tile_shape shape;
    size_t column, first, end;
};

/* is_sum: what becomes of the block is but a sum, which its tiles make themselves. */
static bool is_sum(const struct block *block) {
    const struct product *p = block->job->p;
    return p->activation == ACTIVATION_NONE && !p->gate && !p->keep && p->scale == 1 &&
           p->b->columns - block->column >= block->shape.columns;
}

/* run_tiles computes them in tiles that are about as high as each other. */
static void run_tiles(const struct block *block) {
    const struct job *job = block->job;
    const struct product *p = job->p;
    size_t first = block->first;
    const bool sum = is_sum(block);
    struct rows r;
    struct row row = row_at(p, first);
    struct tile tile = {.a = (const float *const *)r.in,
                        .segment = p->segment,
                        .segments = block->b.segments,
                        .depth = block->b.depth,
                        .panel = block->b.panels,
                        .halves = block->b.halves,
                        .out = r.sums,
                        .pitch = block->shape.columns,
                        .to = sum ? r.out : NULL,
                        .bias = p->bias ? p->bias + block->column : NULL,
                        .vector = rows_of(&job->vector, r.vector),
                        .residual = rows_of(&p->residual, r.residual)};
    for (size_t tiles = ceiling(block->end - first, block->shape.rows); tiles > 0; tiles--, first += tile.rows) {
        float *kept = p->keep ? p->keep + first * p->b->columns + block->column : NULL;
        tile.rows = ceiling(block->end - first, tiles);
        gather(job, &row, block->column, tile.rows, &r);
        block->shape.run(&tile);
        if (kept)
            keep(job, block->column, block->shape.columns, &r, kept);
        if (!sum)
            finish(job, block->column, block->shape.columns, &r, kept);
    }
}

enum { WIDE_FLOATS = 1 << 17, WIDE_TILES = 4 };

/* run_widened widens the panel once for all of many tiles, where it stays in a core's own cache. */
static void run_widened(const struct block *block, size_t floats) {
    float panel[WIDE_FLOATS];
    struct block wide = *block;
    block->job->k->widen(floats, block->b.halves, panel);
    wide.b.panels = panel;
    run_tiles(&wide);
}

static void run_block(const struct job *job, size_t i, size_t first, size_t end) {
    struct block block = {.job = job, .b = *job->p->b, .column = i * job->k->columns, .first = first, .end = end};
    size_t panel = block.column * block.b.segments * block.b.depth;
    block.shape = tile_for(job->k, block.b.columns - block.column);
    size_t floats = block.shape.columns * block.b.segments * block.b.depth;
    if (!block.b.panels) {
        block.b.halves += panel;
        if (floats <= WIDE_FLOATS && end - first >= WIDE_TILES * block.shape.rows)
            run_widened(&block, floats);
        else
            run_tiles(&block);
        return;
    }
    block.b.panels += panel;
    run_tiles(&block);
}

static void run_piece(void *arg, size_t piece) {
    const struct job *job = arg;
    size_t first = piece % job->pieces_down * job->rows, end = first + job->rows;
    size_t block = piece / job->pieces_down * job->blocks, last = block + job->blocks;
    for (; block < last && block < job->all_blocks; block++)
        run_block(job, block, first, end < job->total ? end : job->total);
}

/* flat: images of one pixel are pixels of one image, where nothing is an image's own but a vector. */
static struct product flat(const struct product *p, struct places *vector) {
    struct product all = *p;
    *vector = (struct places){(float *)(uintptr_t)p->vector, p->vector_step, 0, 0};
    if (p->height * p->width != 1 || p->gate)
        return all;
    all.images = 1;
    all.width = p->images;
    struct places *const list[] = {&all.in, &all.out, &all.residual, vector};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        list[i]->step = list[i]->image_step;
    return all;
}

void product_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *product) {
    struct places vector;
    const struct product all = flat(product, &vector), *p = &all;
    struct job job = {.k = k,
                      .p = p,
                      .vector = vector,
                      .total = p->images * p->height * p->width,
                      .all_blocks = ceiling(p->b->columns, k->columns)};
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
