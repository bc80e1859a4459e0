/* transpose_vector.h - the part of tensor_vector.h that turns rows into columns, LANES by LANES numbers at a time. */
#ifndef SOLVENT_TRANSPOSE_VECTOR_H
#define SOLVENT_TRANSPOSE_VECTOR_H

/* What the upper and the lower of two vectors become where lanes l with bit `by` of the upper one change places with lanes
 * l ^ by of the lower. */
#define UPPER(l, by) ((l) & (by) ? LANES + ((l) ^ (by)) : (l))
#define LOWER(l, by) ((l) & (by) ? LANES + (l) : (l) ^ (by))

/* Vectors whose numbers differ in bit `by` change what lies in its lanes: after all bits, rows are columns. */
#define EXCHANGE(v, by)                                                                     \
    _Pragma("GCC unroll 16") for (size_t i = 0; i < LANES; i++) if (!(i & (by))) {          \
        const vec upper = __builtin_shufflevector(v[i], v[i | (by)], EACH_LANE(UPPER, by)); \
        v[i | (by)] = __builtin_shufflevector(v[i], v[i | (by)], EACH_LANE(LOWER, by));     \
        v[i] = upper;                                                                       \
    }

/* turn_block turns at most LANES by LANES numbers. */
INLINE void turn_block(size_t rows, size_t columns, const float *x, size_t x_pitch, float *out, size_t out_pitch) {
    vec v[LANES];
#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++)
        v[i] = i < rows ? load_n(x + i * x_pitch, columns) : splat(0);
    EXCHANGE(v, 1)
    EXCHANGE(v, 2)
#if LANES > 4
    EXCHANGE(v, 4)
#endif
#if LANES > 8
    EXCHANGE(v, 8)
#endif
#pragma GCC unroll 16
    for (size_t j = 0; j < LANES; j++)
        if (j < columns)
            store_n(out + j * out_pitch, v[j], rows);
}

static void transpose(size_t rows, size_t columns, const float *x, size_t x_pitch, float *out, size_t out_pitch) {
    for (size_t i = 0; i < rows; i += LANES)
        for (size_t j = 0; j < columns; j += LANES) {
            const float *from = x + i * x_pitch + j;
            float *to = out + j * out_pitch + i;
            if (i + LANES <= rows && j + LANES <= columns)
                turn_block(LANES, LANES, from, x_pitch, to, out_pitch);
            else
                turn_block(rows - i, columns - j, from, x_pitch, to, out_pitch);
        }
}

#endif
