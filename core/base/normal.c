#include "core/base/normal.h"

#include <math.h>

#include "core/base/elementary.h"
#include "core/base/philox.h"

enum { PAIRS = 64 };

/* Pairs wait here until there are enough for the vector forms. */
struct pairs {
    size_t n;
    double radius[PAIRS], angle[PAIRS], sine[PAIRS];
    double *to[PAIRS];
    size_t width[PAIRS]; /* 2, or 1 where the sample has an odd number of elements */
};

static void flush(struct pairs *p) {
    elementary_log_n(p->radius, p->n);
    elementary_sincospi_n(p->angle, p->sine, p->n);
    for (size_t i = 0; i < p->n; i++) {
        double r = sqrt(-2 * p->radius[i]);
        p->to[i][0] = r * p->angle[i];
        if (p->width[i] > 1)
            p->to[i][1] = r * p->sine[i];
    }
    p->n = 0;
}

static inline void add(struct pairs *p, const uint32_t words[2], double *to, size_t width) {
    size_t i = p->n++;
    p->radius[i] = ((double)words[0] + 0.5) * 0x1p-32;
    p->angle[i] = ((double)words[1] + 0.5) * 0x1p-31; /* in half turns */
    p->to[i] = to;
    p->width[i] = width;
    if (p->n == PAIRS)
        flush(p);
}

void normal_rows(uint64_t seed, uint32_t stream, uint32_t step, size_t first, size_t rows, size_t d, double *out) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    struct pairs pairs;
    pairs.n = 0;
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < d; j += 4) {
            const uint32_t counter[4] = {(uint32_t)(j / 4), (uint32_t)(first + row), step, stream};
            uint32_t words[4];
            philox4x32(key, counter, words);
            double *to = out + row * d + j;
            add(&pairs, words, to, d - j > 1 ? 2 : 1);
            if (d - j > 2)
                add(&pairs, words + 2, to + 2, d - j > 3 ? 2 : 1);
        }
    flush(&pairs);
}
