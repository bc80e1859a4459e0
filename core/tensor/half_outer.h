/* half_outer.h - half_kernels.outer by vectors of LANES, for half_vector.h and half_amx.c, which define
 *     JOINED                  pixels that one product takes: 2, or 1
 *     MULTIPLY(acc, a, b)     acc + a * b: of 2, by pairs of bfloat16; of 1, as floats
 * Pixels are joined as products take them before they meet: what a block of columns has, once for all rows. */
#ifndef SOLVENT_HALF_OUTER_H
#define SOLVENT_HALF_OUTER_H

#include <stdbool.h>
#include <string.h>

#include "core/tensor/half.h"
#include "core/tensor/vector.h"

enum { OUTER_ROWS = 8, OUTER_VECTORS = 2, OUTER_PIXELS = 256, OUTER_JOINTS = OUTER_PIXELS / JOINED };

/* Some pixels of some lines: whole lines, or a part of one. */
struct part {
    size_t line, lines, pixel, pixels;
};

typedef uint32_t words __attribute__((vector_size(4 * OUTER_ROWS)));

/* What rows and columns have of them; a joint has one or two pixels. */
struct joined {
    size_t n;
    words a[OUTER_JOINTS];
    vuint b[OUTER_JOINTS][OUTER_VECTORS];
};

/* load_some reads the first n <= LANES of what lies there, and zeros behind them. */
INLINE vuint load_some(const uint16_t *p, size_t n) {
    if (n >= LANES)
        return __builtin_convertvector(*(const halves_anywhere *)p, vuint);
    uint16_t near[LANES] = {0};
    memcpy(near, p, n * sizeof *p);
    return __builtin_convertvector(*(const halves_anywhere *)near, vuint);
}

INLINE words load_rows(const uint16_t *p, const size_t rows) {
    typedef uint16_t row_halves __attribute__((vector_size(2 * OUTER_ROWS)));
    row_halves near = {0};
    memcpy(&near, p, rows * sizeof *p);
    return __builtin_convertvector(near, words);
}

#if JOINED == 2
#define JOINT(first, last) ((first) | (last) << 16)
#else
#define JOINT(first, last) ((last) << 16) /* that pixel as floats */
#endif

INLINE void join_columns(const struct outer *o, const struct part *part, size_t column, const size_t vectors,
                         size_t left, struct joined *to) {
    to->n = 0;
    for (size_t l = part->line; l < part->line + part->lines; l++) {
        const uint16_t *b = o->b_halves + l * o->b_line + part->pixel * o->b_step + column;
        for (size_t p = 0; p < part->pixels; p += JOINED, b += JOINED * o->b_step, to->n++)
#pragma GCC unroll 2
            for (size_t j = 0; j < vectors; j++) {
                const size_t n = left - j * LANES;
                vuint last =
                    p + JOINED <= part->pixels ? load_some(b + (JOINED - 1) * o->b_step + j * LANES, n) : (vuint){0};
                to->b[to->n][j] = JOINT(load_some(b + j * LANES, n), last);
            }
    }
}

INLINE void join_rows(const struct outer *o, const struct part *part, size_t row, const size_t rows,
                      struct joined *to) {
    size_t n = 0;
    for (size_t l = part->line; l < part->line + part->lines; l++) {
        const uint16_t *a = o->a_halves + l * o->a_line + part->pixel * o->a_step + row;
        for (size_t p = 0; p < part->pixels; p += JOINED, a += JOINED * o->a_step, n++) {
            const bool whole = p + JOINED <= part->pixels;
            words last = whole ? load_rows(a + (JOINED - 1) * o->a_step, rows) : (words){0};
            to->a[n] = JOINT(load_rows(a, rows), last);
        }
    }
}

INLINE void add_to(float *to, vec sums, size_t n) {
    if (n >= LANES)
        store(to, load(to) + sums);
    for (size_t l = 0; n < LANES && l < n; l++)
        to[l] += sums[l];
}

INLINE void outer_tile(const struct joined *of, const size_t rows, const size_t vectors, size_t left, float *out,
                       size_t pitch) {
    vec acc[OUTER_ROWS][OUTER_VECTORS] = {0};
    for (size_t p = 0; p < of->n; p++) {
        const uint32_t *row = (const uint32_t *)&of->a[p];
#pragma GCC unroll 8
        for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
            for (size_t j = 0; j < vectors; j++)
                acc[i][j] = MULTIPLY(acc[i][j], row[i] - (vuint){0}, of->b[p][j]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < vectors; j++)
            add_to(out + i * pitch + j * LANES, acc[i][j], left - j * LANES);
}

INLINE void outer_rows(const struct outer *o, const struct part *part, size_t column, const size_t vectors,
                       size_t left) {
    struct joined of;
    float *out = o->out + column;
    join_columns(o, part, column, vectors, left, &of);
    size_t row = 0;
    for (; row + OUTER_ROWS <= o->rows; row += OUTER_ROWS) {
        join_rows(o, part, row, OUTER_ROWS, &of);
        outer_tile(&of, OUTER_ROWS, vectors, left, out + row * o->pitch, o->pitch);
    }
    for (; row < o->rows; row++) {
        join_rows(o, part, row, 1, &of);
        outer_tile(&of, 1, vectors, left, out + row * o->pitch, o->pitch);
    }
}

static void outer_part(const struct outer *o, const struct part *part) {
    size_t column = 0;
    for (; column + OUTER_VECTORS * LANES <= o->columns; column += OUTER_VECTORS * LANES)
        outer_rows(o, part, column, OUTER_VECTORS, OUTER_VECTORS * LANES);
    for (; column + LANES <= o->columns; column += LANES)
        outer_rows(o, part, column, 1, LANES);
    if (column < o->columns)
        outer_rows(o, part, column, 1, o->columns - column);
}

static void outer(const struct outer *o) {
    const size_t joints = (o->pixels + JOINED - 1) / JOINED, most = joints < OUTER_JOINTS ? OUTER_JOINTS / joints : 1;
    struct part part;
    for (part.line = 0; part.line < o->lines; part.line += part.lines) {
        part.lines = o->lines - part.line < most ? o->lines - part.line : most;
        for (part.pixel = 0; part.pixel < o->pixels; part.pixel += part.pixels) {
            part.pixels = o->pixels - part.pixel < OUTER_PIXELS ? o->pixels - part.pixel : OUTER_PIXELS;
            outer_part(o, &part);
        }
    }
}

#endif
