#include "core/diffusion/denoiser.h"

#include <math.h>

#define STEP 1e-4 /* of sigma, the scale on which D bends */

/* Row r of a query, at x instead of its own x. */
static void one(const struct denoiser *self, const struct denoiser_each *q, size_t r, const double *x, double *out,
                double *scratch) {
    const struct told told = {.classes = q->classes ? q->classes + r : NULL};
    if (!self->each) {
        denoiser_eval(self, &q->at[r], &told, 1, x, out, scratch);
        return;
    }
    const struct denoiser_each row = {.at = &q->at[r], .classes = told.classes, .rows = 1, .x = x, .D = out};
    self->each(self, &row, scratch);
}

/* A unit vector e_j needs no vector: v NULL. */
static double along(size_t d, const double *v, size_t j, const double *D) {
    double sum = 0;
    if (!v)
        return D[j];
    for (size_t i = 0; i < d; i++)
        sum += v[i] * D[i];
    return sum;
}

/* directional is v' J v by central differences; room[2 d]. */
static double directional(const struct denoiser *self, const struct denoiser_each *q, size_t r, const double *v,
                          size_t j, double *room, double *scratch) {
    size_t d = self->d;
    const double *x = q->x + r * d;
    double *moved = room, *D = room + d, norm = 0, sides[2];
    for (size_t i = 0; v && i < d; i++)
        norm += v[i] * v[i];
    if (v && norm == 0)
        return 0;
    double step = STEP * q->at[r].sigma / (v ? sqrt(norm / (double)d) : 1);
    for (int side = 0; side < 2; side++) {
        double by = side ? -step : step;
        for (size_t i = 0; i < d; i++)
            moved[i] = x[i] + by * (v ? v[i] : i == j ? 1.0 : 0.0);
        one(self, q, r, moved, D, scratch);
        sides[side] = along(d, v, j, D);
    }
    return (sides[0] - sides[1]) / (2 * step);
}

static void differ(const struct denoiser *self, const struct denoiser_each *q, double *room, double *scratch) {
    size_t d = self->d;
    for (size_t r = 0; q->vJv && !(self->gives & EACH_VJV) && r < q->rows; r++)
        q->vJv[r] = directional(self, q, r, q->v + r * d, 0, room, scratch);
    for (size_t r = 0; q->trace && !(self->gives & EACH_TRACE) && r < q->rows; r++) {
        q->trace[r] = 0;
        for (size_t j = 0; j < d; j++)
            q->trace[r] += directional(self, q, r, NULL, j, room, scratch);
    }
}

void denoiser_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    double *room = scratch, *rest = scratch + 2 * self->d;
    struct denoiser_each able = *q;
    able.vJv = self->gives & EACH_VJV ? q->vJv : NULL;
    able.trace = self->gives & EACH_TRACE ? q->trace : NULL;
    if (self->each)
        self->each(self, &able, rest);
    else
        for (size_t r = 0; q->D && r < q->rows; r++)
            one(self, q, r, q->x + r * self->d, q->D + r * self->d, rest);
    differ(self, q, room, rest);
}

size_t denoiser_each_scratch(const struct denoiser *self, size_t rows) {
    size_t own = self->each ? self->each_scratch + rows * self->each_scratch_row : denoiser_scratch(self, 1);
    return 2 * self->d + own;
}
