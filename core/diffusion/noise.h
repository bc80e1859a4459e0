/* noise.h - where a solver's standard normal numbers come from. */
#ifndef SOLVENT_NOISE_H
#define SOLVENT_NOISE_H

#include "core/base/normal.h"

struct noise {
    uint64_t seed;
    /* fill draws out[rows][d] for samples first .. first + rows - 1 (normal.h). Threads: called from several at
     * once. */
    void (*fill)(const struct noise *self, enum normal_stream stream, size_t step, size_t first, size_t rows, size_t d,
                 double *out);
};

/* noise_of_seed is Philox under a seed. */
struct noise noise_of_seed(uint64_t seed);

#endif
