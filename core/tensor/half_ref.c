/* Plain C: what is meant by each kernel. */
#include <string.h>

#include "core/base/half_float.h"
#include "core/tensor/half.h"

enum { ROWS = 4, COLUMNS = 8, SLIM_ROWS = 8, SLIM_COLUMNS = 4 };

static void narrow(size_t n, const float *x, uint16_t *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = bf16_of_float(x[i]);
}

static void tile_of(const struct tile *t, size_t columns) {
    for (size_t i = 0; i < t->rows; i++) {
        float sum[COLUMNS] = {0};
        const uint16_t *pairs = t->pairs;
        for (size_t s = 0; s < t->segments; s++, pairs += (t->depth + 1) / 2 * 2 * columns)
            for (size_t k = 0; k < t->depth; k++)
                for (size_t j = 0; j < columns; j++)
                    sum[j] += float_of_bf16(t->a_halves[i][t->segment[s] + k]) *
                              float_of_bf16(pairs[(k / 2 * columns + j) * 2 + k % 2]);
        memcpy(t->out + i * t->pitch, sum, columns * sizeof *sum);
    }
}

static void tile(const struct tile *t) { tile_of(t, COLUMNS); }
static void slim_tile(const struct tile *t) { tile_of(t, SLIM_COLUMNS); }

static void outer(const struct outer *o) { backward_ref.outer(o); }

const struct half_kernels half_ref = {
    .isa = ISA_REF,
    .step = 2,
    .tile = {ROWS, COLUMNS, tile},
    .slim = {SLIM_ROWS, SLIM_COLUMNS, slim_tile},
    .narrow = narrow,
    .outer = outer,
};
