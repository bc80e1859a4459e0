/* winograd_vector.h - the part of tensor_vector.h that is winograd.h's: the transforms of tiles and of results. */
#ifndef SOLVENT_WINOGRAD_VECTOR_H
#define SOLVENT_WINOGRAD_VECTOR_H

/* between is B' times four. */
INLINE void between(vec *a, vec *b, vec *c, vec *d) {
    vec second = *b;
    *a -= *c;
    *b += *c;
    *c -= second;
    *d = second - *d;
}

/* tile_in transforms m channels of a tile, whose pixels are in columns at[4] of the rows. */
INLINE void tile_in(const struct winograd_tiles *t, const size_t *at, size_t i, size_t m, float *out) {
    vec d[4][4];
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++)
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            d[y][x] = load_n(t->row[y] + at[x] + i, m);
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++)
        between(&d[0][x], &d[1][x], &d[2][x], &d[3][x]);
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++) {
        between(&d[y][0], &d[y][1], &d[y][2], &d[y][3]);
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            store_n(out + (4 * y + x) * t->apart + i, d[y][x], m);
    }
}

static void winograd_in(const struct winograd_tiles *t) {
    for (size_t tile = 0; tile < t->tiles; tile++) {
        size_t at[4], i = 0;
        for (size_t k = 0; k < 4; k++)
            at[k] = (2 * tile + k < t->last ? 2 * tile + k : t->last) * t->step;
        for (; i + LANES <= t->n; i += LANES)
            tile_in(t, at, i, LANES, t->out + tile * t->n);
        if (i < t->n)
            tile_in(t, at, i, t->n - i, t->out + tile * t->n);
    }
}

INLINE void results_of(size_t n, const float *m, size_t apart, size_t lanes, float *out) {
    vec rows[2][4];
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) {
        const float *column = m + k * apart;
        vec b = load_n(column + 4 * apart, lanes), c = load_n(column + 8 * apart, lanes);
        rows[0][k] = load_n(column, lanes) + b + c;
        rows[1][k] = b - c - load_n(column + 12 * apart, lanes);
    }
#pragma GCC unroll 2
    for (size_t k = 0; k < 2; k++) {
        store_n(out + 2 * k * n, rows[k][0] + rows[k][1] + rows[k][2], lanes);
        store_n(out + (2 * k + 1) * n, rows[k][1] - rows[k][2] - rows[k][3], lanes);
    }
}

static void winograd_out(size_t n, const float *m, size_t apart, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        results_of(n, m + i, apart, LANES, out + i);
    if (i < n)
        results_of(n, m + i, apart, n - i, out + i);
}

#endif
