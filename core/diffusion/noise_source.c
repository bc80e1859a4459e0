#include "core/base/epoch_order.h"
#include "core/diffusion/noise.h"

static void latent(const struct noise *self, size_t first, size_t rows, size_t d, double *out) {
    const struct noise_source *s = (const struct noise_source *)self;
    for (size_t i = 0; i < rows; i++) {
        const float *point = s->points + epoch_order_at(self->seed, s->n, first + i) * d;
        for (size_t j = 0; j < d; j++)
            out[i * d + j] = (double)point[j];
    }
}

struct noise_source noise_of_source(enum isa isa, uint64_t seed, const float *points, size_t n) {
    struct noise_source s = {noise_of_seed(isa, seed), points, n};
    s.base.latent = latent;
    return s;
}
