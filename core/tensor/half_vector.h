/* half_vector.h - the kernels of half.h for an instruction set with vectors, included once by each half_<set>.c, which
 * defines
 *     LANES, ROWS, VECTORS, SLIM_ROWS       as for tensor_vector.h
 *     TABLE, SET                            the table's name and the enum isa
 * and one of
 *     DOT(acc, pair, weights)    acc + pair * weights, two products a lane of each vuint
 *     FMA(a, b, c)               a * b + c, rounded once; then a pair's two are added one after the other */

#include "core/tensor/half.h"
#include "core/tensor/half_narrow.h"

enum { COLUMNS = LANES * VECTORS, SEVERAL = 4 };

typedef unsigned words_anywhere __attribute__((vector_size(LANES * 4), aligned(2), may_alias));
typedef unsigned word_anywhere __attribute__((aligned(2), may_alias));

#ifdef DOT
#define JOINED 2
#define MULTIPLY DOT
#else
#define JOINED 1
#define MULTIPLY(acc, a, b) FMA((vec)(a), (vec)(b), acc)
INLINE vec dot(vec acc, vuint pair, vuint weights) {
    acc = FMA((vec)(pair << 16), (vec)(weights << 16), acc);
    return FMA((vec)(pair & 0xffff0000u), (vec)(weights & 0xffff0000u), acc);
}
#define DOT dot
#endif

#include "core/tensor/half_outer.h"

INLINE vuint pair_at(const uint16_t *p) { return *(const word_anywhere *)p - (vuint){0}; }
INLINE vuint weights_at(const uint16_t *p) { return *(const words_anywhere *)p; }

/* A tile's sums, and where its rows go on. */
struct sums {
    vec acc[TILE_ROWS_MAX][VECTORS];
    const uint16_t *a[TILE_ROWS_MAX];
};

/* add_pairs adds n pairs, from place k of the rows on, to all sums. */
INLINE void add_pairs(struct sums *s, size_t k, const uint16_t *pairs, const size_t rows, const size_t vectors,
                      const size_t n) {
    vuint column[SEVERAL * VECTORS];
#pragma GCC unroll 8
    for (size_t j = 0; j < n * vectors; j++)
        column[j] = weights_at(pairs + j * LANES * 2);
#pragma GCC unroll 32
    for (size_t i = 0; i < rows; i++) {
        const uint16_t *x = s->a[i] + k;
#pragma GCC unroll 4
        for (size_t e = 0; e < n; e++) {
            vuint pair = pair_at(x + 2 * e);
#pragma GCC unroll 4
            for (size_t j = 0; j < vectors; j++)
                s->acc[i][j] = DOT(s->acc[i][j], pair, column[e * vectors + j]);
        }
    }
}

/* add_last adds the last number of an odd depth: what lies behind it is not the row's. */
INLINE void add_last(struct sums *s, size_t k, const uint16_t *pairs, const size_t rows, const size_t vectors) {
#pragma GCC unroll 32
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            s->acc[i][j] = DOT(s->acc[i][j], (unsigned)s->a[i][k] - (vuint){0}, weights_at(pairs + j * LANES * 2));
}

/* tile_of: a slim tile has more rows than there are registers for their addresses, so each that is loaded serves
 * several pairs. */
INLINE void tile_of(const struct tile *t, const size_t rows, const size_t vectors) {
    const size_t wide = vectors * LANES * 2, together = vectors == 1 ? SEVERAL : 1;
    const uint16_t *pairs = t->pairs;
    struct sums sums;
#pragma GCC unroll 32
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            sums.acc[i][j] = (vec){0};
    for (size_t s = 0; s < t->segments; s++) {
        size_t k = 0;
#pragma GCC unroll 32
        for (size_t i = 0; i < rows; i++)
            sums.a[i] = t->a_halves[i] + t->segment[s];
        for (; k + 2 * together <= t->depth; k += 2 * together, pairs += together * wide)
            add_pairs(&sums, k, pairs, rows, vectors, together);
        for (; together > 1 && k + 2 <= t->depth; k += 2, pairs += wide)
            add_pairs(&sums, k, pairs, rows, vectors, 1);
        if (k < t->depth) {
            add_last(&sums, k, pairs, rows, vectors);
            pairs += wide;
        }
    }
#pragma GCC unroll 32
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++)
            store(t->out + i * t->pitch + j * LANES, sums.acc[i][j]);
}

#define CASE(n)                                         \
    case n:                                             \
        if ((n) <= MOST)                                \
            tile_of(t, (n) <= MOST ? (n) : MOST, WIDE); \
        break;

static void tile(const struct tile *t) {
    enum { MOST = ROWS, WIDE = VECTORS };
    switch (t->rows) {
        EACH_ROWS
    default: break;
    }
}

static void slim_tile(const struct tile *t) {
    enum { MOST = SLIM_ROWS, WIDE = 1 };
    switch (t->rows) {
        EACH_ROWS
    default: break;
    }
}

const struct half_kernels TABLE = {
    .isa = SET,
    .step = 2,
    .tile = {ROWS, COLUMNS, tile},
    .slim = {SLIM_ROWS, LANES, slim_tile},
    .narrow = narrow,
    .outer = outer,
};
