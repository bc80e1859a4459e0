#include "core/diffusion/noise.h"

#include <math.h>
#include <string.h>

static void latent(const struct noise *self, size_t first, size_t rows, size_t d, double *out) {
    self->normal(self->seed, NORMAL_LATENT, 0, first, rows, d, out);
}

enum { HALVINGS = 52 };

static void node(const struct noise *self, uint64_t n, size_t first, size_t rows, size_t d, double *out) {
    self->normal(self->seed, NORMAL_BRIDGE + (uint32_t)(n >> 32 << 8), (uint32_t)n, first, rows, d, out);
}

/* brownian writes W(u) of every number to `out`. */
static void brownian(const struct noise *self, double u, size_t first, size_t rows, size_t d, double *room,
                     double *out) {
    size_t size = rows * d;
    double *low = room, *high = room + size, *middle = room + 2 * size, from = 0, to = 1;
    memset(low, 0, size * sizeof *low);
    node(self, 0, first, rows, d, high);
    uint64_t n = 1;
    for (int i = 0; i < HALVINGS && u > from && u < to; i++) {
        double at = (from + to) / 2, spread = sqrt((to - from) / 4);
        node(self, n, first, rows, d, middle);
        for (size_t j = 0; j < size; j++)
            middle[j] = (low[j] + high[j]) / 2 + spread * middle[j];
        double **replaced = u < at ? &high : &low, *old = *replaced;
        *replaced = middle;
        middle = old;
        *(u < at ? &to : &from) = at;
        n = 2 * n + (u < at ? 0 : 1);
    }
    double share = (u - from) / (to - from);
    for (size_t j = 0; j < size; j++)
        out[j] = low[j] + share * (high[j] - low[j]);
}

static void bridge(const struct noise *self, const struct plan_draw *draw, size_t first, size_t rows, size_t d,
                   double *out, double *room) {
    double scale = 1 / sqrt(fabs(draw->to - draw->from));
    brownian(self, draw->to, first, rows, d, room, out);
    brownian(self, draw->from, first, rows, d, room, room);
    for (size_t j = 0; j < rows * d; j++)
        out[j] = scale * (out[j] - room[j]);
}

static void fill(const struct noise *self, const struct plan *plan, size_t index, size_t first, size_t rows, size_t d,
                 double *out, double *room) {
    const struct plan_draw *draw = &plan->draws[index];
    if (draw->from != draw->to)
        bridge(self, draw, first, rows, d, out, room);
    else
        self->normal(self->seed, NORMAL_STEP, (uint32_t)index, first, rows, d, out);
}

struct noise noise_of_seed(enum isa isa, uint64_t seed) {
    return (struct noise){.seed = seed, .latent = latent, .fill = fill, .normal = normal_rows_for(isa)};
}
