#include "core/tensor/half.h"

const struct half_kernels *half_kernels_for(enum isa isa) {
    switch (isa) {
#if defined(__x86_64__)
    case ISA_AVX2: return &half_avx2;
    case ISA_AVX512: return &half_avx512;
    case ISA_AVX512BF16: return &half_avx512bf16;
    case ISA_AMX: return &half_amx;
#elif defined(__aarch64__)
    case ISA_NEON: return &half_neon;
#endif
    default: return &half_ref;
    }
}

/* -- Packing -- */

static size_t filled(const struct half_kernels *h, size_t depth) { return (depth + h->step - 1) / h->step * h->step; }

size_t half_size(const struct half_kernels *h, size_t segments, size_t depth, size_t columns) {
    size_t whole = columns / h->tile.columns * h->tile.columns, rest = columns - whole;
    return (whole + (rest ? half_tile_for(h, rest).columns : 0)) * segments * filled(h, depth);
}

/* A matrix in a file: number (s, i, j) of segment, depth and column is w[i * depth_step + j * column_step + tap[s]]. */
struct source {
    const float *w;
    size_t depth, columns, depth_step, column_step;
};

/* pack_segment fills a block's columns, `wide` from `first` on, for one segment. */
static uint16_t *pack_segment(const struct half_kernels *h, const struct source *from, size_t tap, size_t first,
                              size_t wide, uint16_t *pairs) {
    for (size_t i = 0; i < filled(h, from->depth); i += 2, pairs += 2 * wide) {
        float row[2 * TILE_COLUMNS_MAX] = {0};
        for (size_t j = first; j < first + wide && j < from->columns; j++)
            for (size_t e = 0; e < 2 && i + e < from->depth; e++)
                row[2 * (j - first) + e] = from->w[(i + e) * from->depth_step + j * from->column_step + tap];
        h->narrow(2 * wide, row, pairs);
    }
    return pairs;
}

void half_pack(const struct half_kernels *h, size_t segments, size_t depth, size_t columns, const float *w,
               uint16_t *pairs) {
    const struct source from = {w, depth, columns, segments, depth * segments};
    for (size_t first = 0, wide; first < columns; first += wide) {
        wide = half_tile_for(h, columns - first).columns;
        for (size_t s = 0; s < segments; s++)
            pairs = pack_segment(h, &from, s, first, wide, pairs);
    }
}

void half_pack_across(const struct half_kernels *h, size_t segments, size_t depth, size_t columns, const float *w,
                      size_t taps, const size_t *tap, uint16_t *pairs) {
    const struct source from = {w, depth, columns, columns * taps, taps};
    for (size_t first = 0, wide; first < columns; first += wide) {
        wide = half_tile_for(h, columns - first).columns;
        for (size_t s = 0; s < segments; s++)
            pairs = pack_segment(h, &from, tap[s], first, wide, pairs);
    }
}

/* -- Rows -- */

enum { LINE_FLOATS = 2048 }; /* that are rounded while they are near */

void half_affine(const struct tensor_kernels *k, const struct half_kernels *h, size_t pixels, size_t n, const float *x,
                 size_t x_step, const float *factor, const float *offset, enum activation activation, uint16_t *out,
                 size_t out_step) {
    float line[LINE_FLOATS];
    for (size_t c = 0; c < n; c += LINE_FLOATS) {
        size_t wide = n - c < LINE_FLOATS ? n - c : LINE_FLOATS, most = LINE_FLOATS / wide;
        for (size_t p = 0; p < pixels; p += most) {
            size_t some = pixels - p < most ? pixels - p : most;
            k->affine(some, wide, x + p * x_step + c, x_step, factor + c, offset + c, activation, line, wide);
            for (size_t i = 0; i < some; i++)
                h->narrow(wide, line + i * wide, out + (p + i) * out_step + c);
        }
    }
}
