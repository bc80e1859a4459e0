#include "core/diffusion/noise.h"

static void latent(const struct noise *self, size_t first, size_t rows, size_t d, double *out) {
    normal_rows(self->seed, NORMAL_LATENT, 0, first, rows, d, out);
}

static void fill(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows, size_t d,
                 double *out) {
    (void)plan;
    normal_rows(self->seed, NORMAL_STEP, (uint32_t)index, first, rows, d, out);
}

struct noise noise_of_seed(uint64_t seed) {
    return (struct noise){.seed = seed, .latent = latent, .fill = fill};
}
