/* half_tiles.h - a tile of half.h by a unit that multiplies tiles of 16 rows of 64 bytes, included once by half_amx.c and by
 * the test, which define (t, c, a, b literals 0 .. 7; strides in bytes)
 *     TILES_CONFIGURE(config)        struct tiles_config says how many rows each tile has
 *     TILES_RELEASE()
 *     TILE_ZERO(t), TILE_LOAD(t, p, stride), TILE_STORE(t, p, stride)
 *     TILE_DOT(c, a, b)              c[m][n] += sum over k < 16, e < 2 of a[m][2 k + e] * b[k][2 n + e]
 * Source: Intel SDM vol. 1, ch. 18. */

#include <stdbool.h>
#include <string.h>

#include "core/tensor/half.h"

enum { TILE_SIDE = 16, TILE_DEPTH = 2 * TILE_SIDE, TILES_ROWS = 2 * TILE_SIDE, TILES_COLUMNS = 2 * TILE_SIDE };

/* As LDTILECFG reads it. */
struct tiles_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Up to 16 rows of a tile's factor, and how far they are apart where that is always as far. */
struct tile_rows {
    const uint16_t *const *a;
    size_t n, bytes_apart;
    bool even;
};

static struct tile_rows tile_rows(const uint16_t *const *a, size_t n) {
    struct tile_rows r = {a, n, 0, true};
    for (size_t i = 1; i < n; i++) {
        size_t apart = (size_t)((const char *)a[i] - (const char *)a[i - 1]);
        r.even &= i == 1 || apart == r.bytes_apart;
        r.bytes_apart = apart;
    }
    return r;
}

/* What a tile is loaded from. */
struct tile_source {
    const uint16_t *p;
    size_t bytes_apart;
};

/* source_of gives `depth` numbers of each row, from number `at` on; where they do not lie as a tile is loaded, copied to
 * `near` with zeros behind them. */
static struct tile_source source_of(const struct tile_rows *r, size_t at, size_t depth,
                                    uint16_t near[TILE_SIDE][TILE_DEPTH]) {
    if (r->even && depth >= TILE_DEPTH)
        return (struct tile_source){r->a[0] + at, r->bytes_apart};
    size_t some = depth < TILE_DEPTH ? depth : TILE_DEPTH;
    for (size_t i = 0; i < r->n; i++) {
        memcpy(near[i], r->a[i] + at, some * sizeof **near);
        memset(near[i] + some, 0, (TILE_DEPTH - some) * sizeof **near);
    }
    return (struct tile_source){near[0], sizeof *near};
}

/* Tiles 0 to 3 are the sums, [row][column] of two by two; 4 and 5 the rows; 6 and 7 the columns. */
static void configure(size_t upper, size_t lower) {
    struct tiles_config c = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        c.row_bytes[t] = 2 * TILE_DEPTH;
        c.rows[t] = (uint8_t)(t >= 6 ? TILE_SIDE : t == 2 || t == 3 || t == 5 ? lower : upper);
        c.row_bytes[t] = c.rows[t] ? c.row_bytes[t] : 0;
    }
    TILES_CONFIGURE(&c);
}

/* add_depth adds up to 32 products to each sum. */
static inline void add_depth(const struct tile_rows *upper, const struct tile_rows *lower, size_t at, size_t depth,
                             const uint16_t *pairs, const bool wide) {
    uint16_t near[2][TILE_SIDE][TILE_DEPTH];
    const size_t apart = (wide ? 2 : 1) * 2 * TILE_DEPTH;
    struct tile_source rows = source_of(upper, at, depth, near[0]);
    TILE_LOAD(4, rows.p, rows.bytes_apart);
    TILE_LOAD(6, pairs, apart);
    TILE_DOT(0, 4, 6);
    if (wide) {
        TILE_LOAD(7, pairs + TILE_DEPTH, apart);
        TILE_DOT(1, 4, 7);
    }
    if (!lower->n)
        return;
    rows = source_of(lower, at, depth, near[1]);
    TILE_LOAD(5, rows.p, rows.bytes_apart);
    TILE_DOT(2, 5, 6);
    if (wide)
        TILE_DOT(3, 5, 7);
}

static inline void zero_sums(const bool low, const bool wide) {
    TILE_ZERO(0);
    if (wide)
        TILE_ZERO(1);
    if (low)
        TILE_ZERO(2);
    if (low && wide)
        TILE_ZERO(3);
}

static inline void store_sums(const struct tile *t, const bool low, const bool wide) {
    const size_t pitch = t->pitch * sizeof *t->out;
    TILE_STORE(0, t->out, pitch);
    if (wide)
        TILE_STORE(1, t->out + TILE_SIDE, pitch);
    if (low)
        TILE_STORE(2, t->out + TILE_SIDE * t->pitch, pitch);
    if (low && wide)
        TILE_STORE(3, t->out + TILE_SIDE * t->pitch + TILE_SIDE, pitch);
}

static inline void tile_of(const struct tile *t, const bool wide) {
    const size_t rows = t->rows < TILE_SIDE ? t->rows : TILE_SIDE;
    const struct tile_rows upper = tile_rows(t->a_halves, rows);
    const struct tile_rows lower = tile_rows(t->a_halves + rows, t->rows - rows);
    const uint16_t *pairs = t->pairs;
    configure(upper.n, lower.n);
    zero_sums(lower.n > 0, wide);
    for (size_t s = 0; s < t->segments; s++)
        for (size_t k = 0; k < t->depth; k += TILE_DEPTH, pairs += (wide ? 2 : 1) * TILE_SIDE * TILE_DEPTH)
            add_depth(&upper, &lower, t->segment[s] + k, t->depth - k, pairs, wide);
    store_sums(t, lower.n > 0, wide);
    TILES_RELEASE();
}

static void tile(const struct tile *t) { tile_of(t, true); }
static void slim_tile(const struct tile *t) { tile_of(t, false); }
