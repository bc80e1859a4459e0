/* product_parts.h - what product.c shares with winograd.c: places moved on row by row, and how rows of sums end. */
#ifndef SOLVENT_PRODUCT_PARTS_H
#define SOLVENT_PRODUCT_PARTS_H

#include "core/tensor/product.h"

static inline size_t ceiling(size_t n, size_t by) { return (n + by - 1) / by; }

/* A row's place, moved on from row to row without a division. */
struct place {
    size_t image, y, x;
};

static inline struct place place_of(size_t row, size_t height, size_t width) {
    return (struct place){row / width / height, row / width % height, row % width};
}

static inline void place_next(struct place *at, size_t height, size_t width) {
    if (++at->x < width)
        return;
    at->x = 0;
    if (++at->y < height)
        return;
    at->y = 0;
    at->image++;
}

static inline size_t place_offset(const struct places *to, const struct place *at) {
    return at->image * to->image_step + at->y * to->row_step + at->x * to->step;
}
static inline float *place_in(const struct places *to, const struct place *at) {
    return to->data + place_offset(to, at);
}

/* Rows of sums, and where what comes of them goes. */
struct product_rows {
    size_t n, image[TILE_ROWS_MAX];
    const float *residual[TILE_ROWS_MAX], *vector[TILE_ROWS_MAX];
    uint16_t *halves[TILE_ROWS_MAX];
    float *out[TILE_ROWS_MAX], *keep[TILE_ROWS_MAX], sums[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
};

/* product_to adds a row: results from `column` on at a place. */
static inline void product_to(const struct product *p, const struct place *at, size_t column, struct product_rows *r) {
    const size_t i = r->n++;
    r->image[i] = at->image;
    if (p->out.halves)
        r->halves[i] = p->out.halves + place_offset(&p->out, at) + column;
    else
        r->out[i] = place_in(&p->out, at) + column;
    if (p->residual.data)
        r->residual[i] = place_in(&p->residual, at) + column;
    if (p->keep.data)
        r->keep[i] = place_in(&p->keep, at) + column;
    if (p->vector)
        r->vector[i] = p->vector + at->image * p->vector_step + column;
}

/* product_finish ends rows of `columns` sums, results from `column` on; the sums may be lost. */
void product_finish(const struct tensor_kernels *k, const struct product *p, size_t column, size_t columns,
                    struct product_rows *r);

#endif
