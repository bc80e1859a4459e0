#include "core/diffusion/noise.h"

static void fill(const struct noise *self, enum normal_stream stream, size_t step, size_t first, size_t rows, size_t d,
                 double *out) {
    normal_rows(self->seed, (uint32_t)stream, (uint32_t)step, first, rows, d, out);
}

struct noise noise_of_seed(uint64_t seed) {
    return (struct noise){.seed = seed, .fill = fill};
}
