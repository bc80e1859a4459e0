#include "core/tensor/winograd.h"

#include <string.h>

#include "core/tensor/product_parts.h"

enum {
    SIDE = 2,                     /* of a tile's results */
    RESULTS = SIDE * SIDE,        /* of a tile */
    PLACES = WINOGRAD_PLACES,     /* of a tile, where matrices are multiplied */
    TILES = 48,                   /* of a piece, at most */
    TRANSFORMED_FLOATS = 1 << 17, /* of a piece: its tiles transformed, half of a core's own cache */
    PAD = 16                      /* between places, which else would share the lines of a cache */
};

/* Measured with AVX2 and AVX-512: 1.2 times the direct sums with 16 channels, 1.4 to 1.7 with 32, 1.7 to 2.1 from 64 on;
 * less than they with 8 channels, with 2x2 pixels and (AVX2) with 1024 channels. With products of bfloat16 (AVX-512) 1.7
 * to 1.9 times from 128 channels on; with 16 to 64 a network gains nothing, and loses digits. */
bool winograd_pays(size_t height, size_t width, size_t in, size_t out, bool half) {
    size_t tiles = ceiling(height, SIDE) * ceiling(width, SIDE);
    return height * width >= 16 && 2 * 9 * height * width >= 3 * PLACES * tiles && in >= (half ? 128 : 16) &&
           in <= 512 && out >= (half ? 64 : 16);
}

/* -- Weights: G g G', in double precision -- */

static void spread(const double *g, size_t step, double *to, size_t to_step) {
    double a = g[0], b = g[step], c = g[2 * step];
    to[0] = a;
    to[to_step] = (a + b + c) / 2;
    to[2 * to_step] = (a - b + c) / 2;
    to[3 * to_step] = c;
}

void winograd_weights(size_t n, const float *w, float *to) {
    for (size_t i = 0; i < n; i++, w += 9, to += PLACES) {
        double g[9], rows[12], all[PLACES];
        for (size_t k = 0; k < 9; k++)
            g[k] = (double)w[k];
        for (size_t x = 0; x < 3; x++)
            spread(g + x, 3, rows + x, 3);
        for (size_t y = 0; y < 4; y++)
            spread(rows + 3 * y, 1, all + 4 * y, 1);
        for (size_t k = 0; k < PLACES; k++)
            to[k] = (float)all[k];
    }
}

void winograd_kernels(size_t n, const float *w, float *to) {
    for (size_t i = 0; i < n; i++, w += PLACES, to += 9) {
        double rows[12];
        for (size_t x = 0; x < 4; x++) {
            rows[x] = (double)w[x];
            rows[4 + x] = (double)w[4 + x] - (double)w[8 + x];
            rows[8 + x] = (double)w[12 + x];
        }
        for (size_t y = 0; y < 3; y++) {
            to[3 * y] = (float)rows[4 * y];
            to[3 * y + 1] = (float)(rows[4 * y + 1] - rows[4 * y + 2]);
            to[3 * y + 2] = (float)rows[4 * y + 3];
        }
    }
}

/* -- Runs -- */

/* A piece is some tiles in some blocks of columns. */
struct winograd_job {
    const struct tensor_kernels *k;
    const struct product *p;
    size_t down, across;       /* tiles of an image */
    size_t tiles, total;       /* tiles a piece, and in all */
    size_t columns;            /* of a block */
    size_t blocks, all_blocks; /* blocks a piece, and in all */
    size_t pieces_down;
};

/* Tiles of a piece: from one on, so many; transformed they lie [places][tiles][depth], places `apart`. */
struct group {
    struct place first;
    size_t tiles, apart;
    const float *row[TILES];         /* of the first place */
    const uint16_t *half_row[TILES]; /* the same, of what is rounded */
    size_t segment[PLACES];
};

/* transform writes a group's tiles, those of a row of tiles at a time. What would be behind the border of zeros is read
 * in it: no result needs it. */
static void transform(const struct winograd_job *job, const struct group *g, float *to) {
    const struct product *p = job->p;
    struct place at = g->first;
    struct winograd_tiles line = {.step = p->in.step, .n = p->b->depth, .apart = g->apart};
    for (size_t done = 0; done < g->tiles; done += line.tiles) {
        size_t left = g->tiles - done, row = job->across - at.x;
        line.tiles = left < row ? left : row;
        line.last = p->width + 1 - SIDE * at.x;
        line.out = to + done * line.n;
        for (size_t y = 0; y < 4; y++) {
            size_t own = SIDE * at.y + y, last = p->height + 1;
            line.row[y] = place_in(&p->in, &(struct place){at.image, own < last ? own : last, SIDE * at.x});
        }
        job->k->winograd_in(&line);
        at.x += line.tiles - 1;
        place_next(&at, job->down, job->across);
    }
}

/* The weights of a block of columns, `place` numbers for each place. */
struct block {
    struct tile_shape shape;
    const float *panel;
    const uint16_t *pairs; /* where products are of bfloat16 */
    size_t place;
};

static struct block block_at(const struct winograd_job *job, size_t column) {
    const struct matrix *b = job->p->b;
    const struct half_kernels *half = job->p->half;
    struct block block = {.shape = b->pairs ? half_tile_for(half, b->columns - column)
                                            : tile_for(job->k, b->columns - column)};
    if (b->pairs) {
        block.pairs = b->pairs + half_size(half, PLACES, b->depth, column);
        block.place = half_size(half, 1, b->depth, block.shape.columns);
    } else {
        block.panel = b->panels + column * PLACES * b->depth;
        block.place = b->depth * block.shape.columns;
    }
    return block;
}

/* multiply gives the sums of a block: [places][tiles][columns]. */
static void multiply(const struct winograd_job *job, const struct group *g, const struct block *block, float *sums) {
    const struct tile_shape shape = block->shape;
    for (size_t s = 0; s < PLACES; s++) {
        struct tile tile = {
            .segment = &g->segment[s], .segments = 1, .depth = job->p->b->depth, .pitch = shape.columns};
        if (block->pairs)
            tile.pairs = block->pairs + s * block->place;
        else
            tile.panel = block->panel + s * block->place;
        size_t first = 0;
        for (size_t parts = ceiling(g->tiles, shape.rows); parts > 0; parts--, first += tile.rows) {
            tile.rows = ceiling(g->tiles - first, parts);
            tile.a = g->row + first;
            tile.a_halves = g->half_row + first;
            tile.out = sums + (s * g->tiles + first) * shape.columns;
            shape.run(&tile);
        }
    }
}

/* take_results adds a tile's results to the rows, those that are outside of the image left out. */
static void take_results(const struct winograd_job *job, const struct place *tile, size_t column, size_t columns,
                         struct product_rows *r) {
    const float *own = r->sums + r->n * columns;
    for (size_t k = 0; k < RESULTS; k++, own += columns) {
        const struct place to = {tile->image, SIDE * tile->y + k / SIDE, SIDE * tile->x + k % SIDE};
        if (to.y >= job->p->height || to.x >= job->p->width)
            continue;
        if (own != r->sums + r->n * columns)
            memcpy(r->sums + r->n * columns, own, columns * sizeof *own);
        product_to(job->p, &to, column, r);
    }
}

/* untransform ends the sums of a block, as many rows at a time as may be. */
static void untransform(const struct winograd_job *job, const struct group *g, size_t column, size_t columns,
                        const float *sums) {
    struct place at = g->first;
    struct product_rows r;
    r.n = 0;
    for (size_t t = 0; t < g->tiles; t++, place_next(&at, job->down, job->across)) {
        job->k->winograd_out(columns, sums + t * columns, g->tiles * columns, r.sums + r.n * columns);
        take_results(job, &at, column, columns, &r);
        if (r.n + RESULTS > TILE_ROWS_MAX || t + 1 == g->tiles) {
            product_finish(job->k, job->p, column, columns, &r);
            r.n = 0;
        }
    }
}

static void run_block(const struct winograd_job *job, const struct group *g, size_t i) {
    float sums[PLACES * TILES * TILE_COLUMNS_MAX];
    size_t column = i * job->columns;
    const struct block block = block_at(job, column);
    multiply(job, g, &block, sums);
    untransform(job, g, column, block.shape.columns, sums);
}

static void run_piece(void *arg, size_t piece) {
    const struct winograd_job *job = arg;
    float transformed[TRANSFORMED_FLOATS + PLACES * PAD];
    uint16_t halves[TRANSFORMED_FLOATS + PLACES * PAD];
    size_t first = piece % job->pieces_down * job->tiles, left = job->total - first, depth = job->p->b->depth;
    struct group g = {.first = place_of(first, job->down, job->across), .tiles = left < job->tiles ? left : job->tiles};
    g.apart = g.tiles * depth + PAD;
    for (size_t s = 0; s < PLACES; s++)
        g.segment[s] = s * g.apart;
    for (size_t t = 0; t < g.tiles; t++) {
        g.row[t] = transformed + t * depth;
        g.half_row[t] = halves + t * depth;
    }
    transform(job, &g, transformed);
    for (size_t s = 0; s < PLACES && job->p->b->pairs; s++)
        job->p->half->narrow(g.tiles * depth, transformed + g.segment[s], halves + g.segment[s]);
    size_t block = piece / job->pieces_down * job->blocks, last = block + job->blocks;
    for (; block < last && block < job->all_blocks; block++)
        run_block(job, &g, block);
}

void winograd_run(struct ctx *ctx, const struct tensor_kernels *k, const struct product *p) {
    struct winograd_job job = {.k = k,
                               .p = p,
                               .down = ceiling(p->height, SIDE),
                               .across = ceiling(p->width, SIDE),
                               .columns = p->b->pairs ? p->half->tile.columns : k->columns};
    job.all_blocks = ceiling(p->b->columns, job.columns);
    size_t threads = ctx->parallel ? ctx->parallel->threads : 1, most = TRANSFORMED_FLOATS / PLACES / p->b->depth;
    job.total = p->images * job.down * job.across;
    /* Pieces are about as large as each other, and as many for each thread. Tiles are transformed again for each part of
     * the columns, so these are parted only where there are few tiles. */
    size_t pieces = ceiling(job.total, most < TILES ? most : TILES);
    job.tiles = ceiling(job.total, pieces > threads ? ceiling(pieces, threads) * threads : pieces);
    job.pieces_down = ceiling(job.total, job.tiles);
    job.blocks = ceiling(job.all_blocks, ceiling(threads, job.pieces_down));
    parallel_for(ctx, job.pieces_down * ceiling(job.all_blocks, job.blocks), run_piece, &job);
}
