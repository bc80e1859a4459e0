/* mixture_rows_body.h - rows to lanes and back. For the kernels' bodies. */
#ifndef SOLVENT_MIXTURE_ROWS_BODY_H
#define SOLVENT_MIXTURE_ROWS_BODY_H

#include "core/base/lanes.h"
#include "core/diffusion/mixture_parts.h"

enum { GROUPS = MIXTURE_TILE / LANES, ROUND_GROUPS = MIXTURE_ROUND_TILE / LANES };

/* gather_from transposes rows, times `by`, from row[LANES]. */
static inline void gather_from(size_t d, double by, const double *const *restrict row, vec *restrict to) {
    for (size_t j = 0; j < d; j++) {
        vec v = {0};
        for (size_t l = 0; l < LANES; l++)
            v[l] = row[l][j];
        to[j] = v * by;
    }
}

/* gather does so for rows that follow each other; lanes beyond the last repeat it, which costs nothing extra. */
static inline void gather(size_t d, size_t rows, double by, const double *restrict x, vec *restrict to) {
    if (d == 2 && rows >= LANES) {
        const vec a = *(const vec *)x * by, b = *(const vec *)(x + LANES) * by;
        to[0] = vec_even(a, b), to[1] = vec_odd(a, b);
        return;
    }
    for (size_t j = 0; rows == 1 && j < d; j++)
        to[j] = vec_of(x[j]) * by;
    if (rows == 1)
        return;
    const double *row[LANES];
    for (size_t l = 0; l < LANES; l++)
        row[l] = x + (l < rows ? l : rows - 1) * d;
    gather_from(d, by, row, to);
}

/* scatter_to and scatter are the way back: lanes beyond the last row are not written. */
static inline void scatter_to(size_t d, size_t n, const vec *restrict from, double *const *restrict row) {
    for (size_t l = 0; l < n && l < LANES; l++)
        for (size_t j = 0; j < d; j++)
            row[l][j] = from[j][l];
}

static inline void scatter(size_t d, size_t rows, const vec *restrict from, double *restrict out) {
    if (d == 2 && rows >= LANES) {
        *(vec *)out = vec_low(from[0], from[1]), *(vec *)(out + LANES) = vec_high(from[0], from[1]);
        return;
    }
    double *row[LANES];
    for (size_t l = 0; l < LANES; l++)
        row[l] = out + (l < rows ? l : 0) * d;
    scatter_to(d, rows, from, row);
}

#endif
