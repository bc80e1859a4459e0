/* tile_vector.h - the part of tensor_vector.h that multiplies: its tiles, wide, slim and thin. */
#ifndef SOLVENT_TILE_VECTOR_H
#define SOLVENT_TILE_VECTOR_H

INLINE vec weights(const struct tile *t, size_t at, const bool halves) {
    return halves ? load_halves(t->halves + at) : load(t->panel + at);
}

INLINE float weight(const struct tile *t, size_t at, const bool halves) {
    return halves ? widened(t->halves[at]) : t->panel[at];
}

INLINE void tile_of(const struct tile *t, const size_t rows, const size_t vectors, const bool halves) {
    vec acc[TILE_ROWS_MAX][VECTORS];
#pragma GCC unroll 24
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            acc[i][j] = (vec){0};
    size_t at = 0;
    for (size_t s = 0; s < t->segments; s++) {
        const float *a[TILE_ROWS_MAX];
#pragma GCC unroll 24
        for (size_t i = 0; i < rows; i++)
            a[i] = t->a[i] + t->segment[s];
        size_t k = 0;
        /* A slim tile has more rows than there are registers for their addresses: several k for each that is loaded. */
        for (; vectors == 1 && k + SEVERAL <= t->depth; k += SEVERAL, at += SEVERAL * LANES) {
            vec column[SEVERAL];
#pragma GCC unroll 4
            for (size_t j = 0; j < SEVERAL; j++)
                column[j] = weights(t, at + j * LANES, halves);
#pragma GCC unroll 24
            for (size_t i = 0; i < rows; i++) {
                const float *x = a[i] + k;
#pragma GCC unroll 4
                for (size_t j = 0; j < SEVERAL; j++)
                    acc[i][0] = FMA(splat(x[j]), column[j], acc[i][0]);
            }
        }
        for (; k < t->depth; k++, at += vectors * LANES) {
            vec column[VECTORS];
#pragma GCC unroll 4
            for (size_t j = 0; j < vectors; j++)
                column[j] = weights(t, at + j * LANES, halves);
#pragma GCC unroll 24
            for (size_t i = 0; i < rows; i++) {
                vec x = splat(a[i][k]);
#pragma GCC unroll 4
                for (size_t j = 0; j < vectors; j++)
                    acc[i][j] = FMA(x, column[j], acc[i][j]);
            }
        }
    }
#pragma GCC unroll 24
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            store(t->out + i * t->pitch + j * LANES, acc[i][j]);
}

/* EACH_TILE is a function for tiles of 1 to `most` rows. */
#define EACH_TILE(name, most, vectors, halves)                 \
    static void name(const struct tile *t) {                   \
        enum { MOST = most, WIDE = vectors, HALVES = halves }; \
        switch (t->rows) {                                     \
            EACH_ROWS                                          \
        default: break;                                        \
        }                                                      \
    }
#define CASE(n)                                                      \
    case n:                                                          \
        if ((n) <= MOST)                                             \
            tile_of(t, (n) <= MOST ? (n) : MOST, WIDE, HALVES != 0); \
        break;
EACH_TILE(tile_floats, ROWS, VECTORS, 0)
EACH_TILE(tile_halves, ROWS, VECTORS, 1)
EACH_TILE(slim_floats, SLIM_ROWS, 1, 0)
EACH_TILE(slim_halves, SLIM_ROWS, 1, 1)
#undef CASE

/* thin_of is for one column: lanes go over the depth, and meet at the end. */
INLINE void thin_of(const struct tile *t, size_t first, const bool halves) {
    enum { TOGETHER = 4 };
    vec acc[TOGETHER] = {{0}};
    float rest[TOGETHER] = {0};
    const float *rows[TOGETHER];
    size_t n = t->rows - first < TOGETHER ? t->rows - first : TOGETHER, at = 0;
    for (size_t i = 0; i < TOGETHER; i++)
        rows[i] = t->a[first + (i < n ? i : 0)];
    for (size_t s = 0; s < t->segments; s++, at += t->depth) {
        size_t k = 0, from = t->segment[s];
        for (; k + LANES <= t->depth; k += LANES) {
            vec w = weights(t, at + k, halves);
#pragma GCC unroll 4
            for (size_t i = 0; i < TOGETHER; i++)
                acc[i] = FMA(load(rows[i] + from + k), w, acc[i]);
        }
        for (; k < t->depth; k++)
            for (size_t i = 0; i < TOGETHER; i++)
                rest[i] += rows[i][from + k] * weight(t, at + k, halves);
    }
    for (size_t i = 0; i < n; i++)
        t->out[(first + i) * t->pitch] = (float)total(acc[i]) + rest[i];
}

static void thin_tile(const struct tile *t) {
    for (size_t first = 0; first < t->rows; first += 4)
        t->panel ? thin_of(t, first, false) : thin_of(t, first, true);
}

static void tile(const struct tile *t) { t->panel ? tile_floats(t) : tile_halves(t); }
static void slim_tile(const struct tile *t) { t->panel ? slim_floats(t) : slim_halves(t); }

#endif
