/* Plain C: what is meant by each kernel. */
#include <string.h>

#include "core/tensor/half.h"

enum { ROWS = 4, COLUMNS = 8, SLIM_ROWS = 8, SLIM_COLUMNS = 4 };

static void narrow(size_t n, const float *x, uint16_t *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        if ((bits & 0x7fffffff) > 0x7f800000)
            out[i] = (uint16_t)(bits >> 16 | 0x40); /* or what tells NaN from infinity might be cut off */
        else
            out[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}

static float wide(uint16_t half) {
    float x;
    uint32_t bits = (uint32_t)half << 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void tile_of(const struct tile *t, size_t columns) {
    for (size_t i = 0; i < t->rows; i++) {
        float sum[COLUMNS] = {0};
        const uint16_t *pairs = t->pairs;
        for (size_t s = 0; s < t->segments; s++, pairs += (t->depth + 1) / 2 * 2 * columns)
            for (size_t k = 0; k < t->depth; k++)
                for (size_t j = 0; j < columns; j++)
                    sum[j] += wide(t->a_halves[i][t->segment[s] + k]) * wide(pairs[(k / 2 * columns + j) * 2 + k % 2]);
        memcpy(t->out + i * t->pitch, sum, columns * sizeof *sum);
    }
}

static void tile(const struct tile *t) { tile_of(t, COLUMNS); }
static void slim_tile(const struct tile *t) { tile_of(t, SLIM_COLUMNS); }

const struct half_kernels half_ref = {
    .isa = ISA_REF,
    .step = 2,
    .tile = {ROWS, COLUMNS, tile},
    .slim = {SLIM_ROWS, SLIM_COLUMNS, slim_tile},
    .narrow = narrow,
};
