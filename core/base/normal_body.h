/* normal_body.h - normal.h for the instruction set that it is compiled for: BLOCKS Philox blocks at a time, a block a lane.
 * NORMAL_ROWS names the function. */
#include <math.h>

#include "core/base/lanes.h"
#include "core/base/normal_rows.h"
#include "core/base/philox.h"

enum { BLOCKS = 64, VECS = BLOCKS / LANES };

/* Blocks that wait for the vector forms. Unused ones hold what they held. */
struct blocks {
    size_t n, halves;      /* halves of a block that some row needs: 1 where d < 3 */
    uint64_t part[BLOCKS]; /* element / 4 */
    uint64_t sample[BLOCKS];
    double *to[BLOCKS];   /* element 0 of the block */
    size_t width[BLOCKS]; /* elements of the block that the row has, up to 4 */
};

/* words draws the four words of each block: philox4x32, whose words are the lower halves of lanes here. */
static void words(const struct blocks *b, size_t i, uint64_t seed, uint32_t stream, uint32_t step, vec_bits out[4]) {
    const vec_bits m0 = vec_word(PHILOX_M0), m1 = vec_word(PHILOX_M1);
    vec_bits c0 = ((const vec_bits *)b->part)[i], c1 = ((const vec_bits *)b->sample)[i];
    vec_bits c2 = vec_word(step), c3 = vec_word(stream);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++, k0 += PHILOX_W0, k1 += PHILOX_W1) {
        const vec_bits p0 = vec_multiply32(c0, m0), p1 = vec_multiply32(c2, m1);
        c0 = (p1 >> 32) ^ c1 ^ (uint64_t)k0;
        c1 = p1;
        c2 = (p0 >> 32) ^ c3 ^ (uint64_t)k1;
        c3 = p0;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* centre is (word + 1/2) * by. */
static inline vec centre(vec_bits word, double by) {
    return ((vec_from_bits((word & 0xffffffffu) | 0x4330000000000000u) - 0x1p52) + 0.5) * by;
}

static void flush(struct blocks *b, uint64_t seed, uint32_t stream, uint32_t step) {
    vec radius[2][VECS], sine[2][VECS], cosine[2][VECS];
    for (size_t i = 0; i < VECS; i++) {
        vec_bits w[4];
        words(b, i, seed, stream, step, w);
        for (size_t h = 0; h < b->halves; h++) {
            radius[h][i] = -2 * vec_log_normal(centre(w[2 * h], 0x1p-32));
            vec_sincos_pi(centre(w[2 * h + 1], 0x1p-31), &sine[h][i], &cosine[h][i]); /* in half turns */
        }
    }
    for (size_t h = 0; h < b->halves; h++) {
        double *r = (double *)radius[h];
        for (size_t i = 0; i < BLOCKS; i++)
            r[i] = sqrt(r[i]);
        for (size_t i = 0; i < VECS; i++)
            sine[h][i] *= radius[h][i], cosine[h][i] *= radius[h][i];
    }
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->width[i]; j++)
            b->to[i][j] = ((const double *)(j % 2 ? sine : cosine)[j / 2])[i];
    b->n = 0;
}

void NORMAL_ROWS(uint64_t seed, uint32_t stream, uint32_t step, size_t first, size_t rows, size_t d, double *out) {
    struct blocks b = {.halves = d > 2 ? 2 : 1};
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < d; j += 4) {
            b.part[b.n] = j / 4;
            b.sample[b.n] = first + row;
            b.to[b.n] = out + row * d + j;
            b.width[b.n] = d - j < 4 ? d - j : 4;
            if (++b.n == BLOCKS)
                flush(&b, seed, stream, step);
        }
    if (b.n)
        flush(&b, seed, stream, step);
}
