/* noise.h - where a sampler's standard normal numbers come from. */
#ifndef SOLVENT_NOISE_H
#define SOLVENT_NOISE_H

#include "core/base/normal.h"
#include "core/diffusion/plan.h"

struct noise {
    uint64_t seed;
    /* latent draws the first states out[rows][d] of samples first .. first + rows - 1; fill draws what a plan's draw
     * `index` stands for. Threads: called from several at once. */
    void (*latent)(const struct noise *self, size_t first, size_t rows, size_t d, double *out);
    void (*fill)(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows, size_t d,
                 double *out);
};

/* noise_of_seed is Philox under a seed (normal.h): draw i of a plan has step i of the stream NORMAL_STEP. */
struct noise noise_of_seed(uint64_t seed);

#endif
