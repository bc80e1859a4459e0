#include "core/base/torch_random.h"
#include "core/diffusion/noise.h"

enum { MOST = 64 * 1000 * 1000 }; /* numbers that are drawn ahead */

static void copy(const struct noise *self, size_t vector, size_t first, size_t rows, size_t d, double *out) {
    const struct noise_torch *torch = (const struct noise_torch *)(const void *)self;
    const float *z = torch->z + (vector * torch->count + first) * d;
    for (size_t i = 0; i < rows * d; i++)
        out[i] = (double)z[i];
}

static void latent(const struct noise *self, size_t first, size_t rows, size_t d, double *out) {
    copy(self, 0, first, rows, d, out);
}

static void fill(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows, size_t d,
                 double *out, double *room) {
    (void)plan, (void)room;
    copy(self, 1 + index, first, rows, d, out);
}

enum status noise_of_torch(struct ctx *ctx, uint64_t seed, const struct plan *plan, size_t count, size_t d,
                           bool latents, struct noise_torch *out) {
    const size_t each = count * d, vectors = 1 + plan->n_draws;
    if (plan->bridges)
        return ctx_fail(ctx, STATUS_INVALID, "/noise",
                        "This solver follows one Brownian path, which PyTorch's generator does not draw; want noise "
                        "\"philox\", or a sampler without brownian.");
    if ((double)each * (double)vectors > MOST)
        return ctx_fail(
            ctx, STATUS_TOO_LARGE, "/noise",
            "PyTorch's numbers are drawn ahead, here %.0f of them, want at most %d: fewer samples or steps, "
            "or noise \"philox\".",
            (double)each * (double)vectors, MOST);
    *out = (struct noise_torch){{seed, latent, fill}, count, ctx_zalloc(ctx, each * vectors, sizeof(float))};
    struct torch_random random;
    if (!out->z)
        return STATUS_NO_MEMORY;
    torch_random_seed(&random, seed);
    for (size_t i = latents ? 0 : 1; i < vectors; i++)
        torch_random_normal(&random, out->z + i * each, each);
    return STATUS_OK;
}
