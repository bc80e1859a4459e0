#include "core/tensor/product_parts.h"

#include <string.h>

#include "core/base/half_float.h"

/* Multiply-adds that are worth a piece of their own, about 5 us, and the fewest tiles that pay for fetching a panel. */
enum { PIECE_WORK = 1 << 18, PIECE_TILES = 8 };

size_t matrix_floats(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns) {
    size_t whole = columns / k->columns * k->columns, rest = columns - whole;
    return (whole + (rest ? tile_for(k, rest).columns : 0)) * segments * depth;
}

/* pack_turned fills a block whose columns are rows of w, of which there are n. */
static void pack_turned(const struct tensor_kernels *k, size_t n, size_t wide, size_t depth, const float *w,
                        float *panel) {
    if (n < wide)
        memset(panel, 0, depth * wide * sizeof *panel);
    k->transpose(n, depth, w, depth, panel, wide);
}

void matrix_pack(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                 float *panels) {
    for (size_t first = 0, wide; first < columns; first += wide) {
        wide = tile_for(k, columns - first).columns;
        if (segments == 1) {
            pack_turned(k, columns - first < wide ? columns - first : wide, wide, depth, w + first * depth, panels);
            panels += depth * wide;
            continue;
        }
        for (size_t s = 0; s < segments; s++)
            for (size_t i = 0; i < depth; i++)
                for (size_t j = first; j < first + wide; j++)
                    *panels++ = j < columns ? w[(j * depth + i) * segments + s] : 0;
    }
}

void matrix_halve(const float *x, size_t n, uint16_t *halves) {
    for (size_t i = 0; i < n; i++)
        halves[i] = bf16_of_float(x[i]);
}

/* pack_taps fills one row of a block, in the order of w, from n columns. */
static void pack_taps(size_t n, size_t wide, size_t segments, size_t apart, const float *w, size_t taps,
                      const size_t *tap, float *row) {
    for (size_t j = 0; j < wide; j++, w += taps)
        for (size_t s = 0; s < segments; s++)
            row[s * apart + j] = j < n ? w[tap[s]] : 0;
}

/* pack_row copies n numbers and fills the block with zeros, a few at a time: rows are short. */
static void pack_row(size_t n, size_t wide, const float *from, float *row) {
    enum { FEW = 16 };
    size_t j = 0;
    for (; j + FEW <= n; j += FEW)
        memcpy(row + j, from + j, FEW * sizeof *row);
    for (; j < wide; j++)
        row[j] = j < n ? from[j] : 0;
}

void matrix_pack_across(const struct tensor_kernels *k, size_t segments, size_t depth, size_t columns, const float *w,
                        size_t taps, const size_t *tap, float *panels) {
    for (size_t first = 0, wide; first < columns; first += wide, panels += segments * depth * wide) {
        wide = tile_for(k, columns - first).columns;
        size_t n = columns - first < wide ? columns - first : wide;
        for (size_t i = 0; i < depth; i++) {
            const float *from = w + (i * columns + first) * taps;
            if (taps > 1)
                pack_taps(n, wide, segments, depth * wide, from, taps, tap, panels + i * wide);
            else if (segments)
                pack_row(n, wide, from, panels + i * wide);
        }
    }
}

/* The rows of one piece: `rows` of them from its number times that on, in the blocks of columns of its own. */
struct job {
    const struct tensor_kernels *k;
    const struct product *p;
    struct tile_shape tile;    /* but for slim ones */
    size_t rows, total;        /* rows a piece, and in all */
    size_t blocks, all_blocks; /* blocks a piece, and in all */
    size_t pieces_down;
};

/* finish_together is how many rows from i on are finished in one call: those with the same gate. */
static size_t finish_together(const struct product *p, const struct product_rows *r, size_t i) {
    size_t n = 1;
    while (i + n < r->n && (!p->gate || r->image[i + n] == r->image[i]))
        n++;
    return n;
}

/* What is to be rounded is finished where it is. */
void product_finish(const struct tensor_kernels *k, const struct product *p, size_t column, size_t columns,
                    struct product_rows *r) {
    struct finish_rows f = {.n = p->b->columns - column < columns ? p->b->columns - column : columns,
                            .pitch = columns,
                            .bias = p->bias ? p->bias + column : NULL,
                            .scale = p->scale,
                            .activation = p->activation,
                            .keep_slope = p->keep_slope};
    for (size_t i = 0; p->out.halves && i < r->n; i++)
        r->out[i] = r->sums + i * columns;
    for (size_t i = 0; i < r->n; i += f.rows) {
        f.rows = finish_together(p, r, i);
        f.x = r->sums + i * columns;
        f.out = r->out + i;
        f.residual = p->residual.data ? r->residual + i : NULL;
        f.vector = p->vector ? r->vector + i : NULL;
        f.gate = p->gate ? p->gate + r->image[i] * p->gate_step + column : NULL;
        f.keep = p->keep.data ? r->keep + i : NULL;
        k->finish_rows(&f);
    }
    for (size_t i = 0; p->out.halves && i < r->n; i++)
        p->half->narrow(f.n, r->out[i], r->halves[i]);
}

/* The rows of a tile's factor. */
struct factor {
    const float *in[TILE_ROWS_MAX];
    const uint16_t *halves[TILE_ROWS_MAX];
};

/* even is the distance of rows that lie side by side: pixels of one line or, where images have one pixel, images. */
static size_t even(const struct places *to, bool alone) { return alone ? to->image_step : to->step; }

/* side_by_side adds n such rows from a place on, results from `column` on. */
static void side_by_side(const struct product *p, const struct place *at, bool alone, size_t column, size_t n,
                         struct factor *a, struct product_rows *r) {
    const size_t first = r->n, end = first + n;
    product_to(p, at, column, r);
    r->n = end;
#define EVENLY(list, apart)                                  \
    for (size_t i = first + 1, step = (apart); i < end; i++) \
    (list)[i] = (list)[i - 1] + step
    if (p->gate)
        EVENLY(r->image, alone);
    if (p->in.halves) {
        a->halves[first] = p->in.halves + place_offset(&p->in, at);
        EVENLY(a->halves, even(&p->in, alone));
    } else {
        a->in[first] = place_in(&p->in, at);
        EVENLY(a->in, even(&p->in, alone));
    }
    if (p->out.halves)
        EVENLY(r->halves, even(&p->out, alone));
    else
        EVENLY(r->out, even(&p->out, alone));
    if (p->residual.data)
        EVENLY(r->residual, even(&p->residual, alone));
    if (p->keep.data)
        EVENLY(r->keep, even(&p->keep, alone));
    if (p->vector)
        EVENLY(r->vector, alone ? p->vector_step : 0);
#undef EVENLY
}

/* gather finds the places of the next n rows, results from `column` on. */
static void gather(const struct product *p, struct place *at, size_t column, size_t n, struct factor *a,
                   struct product_rows *r) {
    const bool alone = p->height * p->width == 1;
    for (r->n = 0; r->n < n;) {
        const size_t left = n - r->n, line = alone ? left : p->width - at->x, some = line < left ? line : left;
        side_by_side(p, at, alone, column, some, a, r);
        *(alone ? &at->image : &at->x) += some - 1;
        place_next(at, p->height, p->width);
    }
}

/* Some rows of one block of columns, whose panel is that of `b`, of one block. */
struct block {
    const struct job *job;
    struct matrix b;
    struct tile_shape shape;
    size_t column, first, end;
};

/* bare: results are sums alone, which a tile may write where they go, for their rows are at one distance. */
static bool bare(const struct block *block) {
    const struct product *p = block->job->p;
    const struct places *to = &p->out;
    const bool even_rows = p->height * p->width == 1 ||
                           (to->row_step == p->width * to->step && to->image_step == p->height * to->row_step);
    return even_rows && to->data && !p->bias && !p->vector && !p->gate && !p->residual.data && !p->keep.data &&
           p->scale == 1 && p->activation == ACTIVATION_NONE &&
           block->column + block->shape.columns <= block->b.columns;
}

/* run_tiles computes them in tiles that are about as high as each other. */
static void run_tiles(const struct block *block) {
    const struct product *p = block->job->p;
    size_t first = block->first;
    struct factor a;
    struct product_rows r;
    struct place at = place_of(first, p->height, p->width);
    struct tile tile = {.a = a.in,
                        .segment = p->segment,
                        .segments = block->b.segments,
                        .depth = block->b.depth,
                        .panel = block->b.panels,
                        .halves = block->b.halves,
                        .out = r.sums,
                        .pitch = block->shape.columns,
                        .a_halves = a.halves,
                        .pairs = block->b.pairs};
    const bool ended = bare(block);
    if (ended)
        tile.pitch = even(&p->out, p->height * p->width == 1);
    for (size_t tiles = ceiling(block->end - first, block->shape.rows); tiles > 0; tiles--, first += tile.rows) {
        tile.rows = ceiling(block->end - first, tiles);
        gather(p, &at, block->column, tile.rows, &a, &r);
        if (ended)
            tile.out = r.out[0];
        block->shape.run(&tile);
        if (!ended)
            product_finish(block->job->k, p, block->column, block->shape.columns, &r);
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
    struct block block = {.job = job, .b = *job->p->b, .column = i * job->tile.columns, .first = first, .end = end};
    size_t left = block.b.columns - block.column;
    if (block.b.pairs) {
        block.b.pairs += half_size(job->p->half, block.b.segments, block.b.depth, block.column);
        block.shape = half_tile_for(job->p->half, left);
        run_tiles(&block);
        return;
    }
    size_t panel = block.column * block.b.segments * block.b.depth;
    block.shape = tile_for(job->k, left);
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

void product_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *p) {
    struct job job = {.k = k,
                      .p = p,
                      .tile = p->b->pairs ? p->half->tile : (struct tile_shape){k->rows, k->columns, k->tile},
                      .total = p->images * p->height * p->width};
    job.all_blocks = ceiling(p->b->columns, job.tile.columns);
    size_t depth = p->b->segments * p->b->depth, tile_work = depth * job.tile.rows * job.tile.columns;
    size_t tiles = ceiling(PIECE_WORK, tile_work ? tile_work : 1), down = ceiling(job.total, job.tile.rows);
    /* A piece is a block of columns and so many tiles of rows; few rows take more columns. All are about as large. */
    size_t most = tiles < PIECE_TILES ? PIECE_TILES : tiles;
    size_t height = down ? ceiling(down, ceiling(down, most)) : 1, across = job.all_blocks * height / tiles;
    job.rows = height * job.tile.rows;
    job.blocks = ceiling(job.all_blocks, across ? across : 1);
    job.pieces_down = ceiling(job.total, job.rows);
    parallel_for(ctx, job.pieces_down * ceiling(job.all_blocks, job.blocks), run_piece, &job);
}
