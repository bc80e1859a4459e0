/* denoiser.h - D(x, t) = E[x0 | x_t = x]: all that a solver asks of a model, whether it is a formula or a network.
 * Guidance, clipping and the like are denoisers too, around others. */
#ifndef SOLVENT_DENOISER_H
#define SOLVENT_DENOISER_H

#include "core/diffusion/path.h"

struct denoiser {
    size_t d;           /* numbers a sample */
    size_t scratch;     /* doubles that eval needs beside its arguments, whatever the rows */
    size_t scratch_row; /* and for each row */
    double cost;        /* rough nanoseconds a row, for splitting the work */

    /* eval writes D of x[rows][d] to out[rows][d]; they do not overlap. at->sigma > 0. `condition` is what the model is
     * told beside x, NULL for the models here. A row's result does not depend on the rows beside it.
     * Threads: called from several at once, each with its own scratch[]. */
    void (*eval)(const struct denoiser *self, const struct path_point *at, const void *condition, size_t rows,
                 const double *x, double *out, double *scratch);

    /* The same model without guidance, for solvers that move in its direction (CFG++). NULL: this one is. Its scratch
     * is no larger. */
    const struct denoiser *unguided;
};

/* denoiser_eval writes D of x[rows][d] to out[rows][d]. */
static inline void denoiser_eval(const struct denoiser *self, const struct path_point *at, const void *condition,
                                 size_t rows, const double *x, double *out, double *scratch) {
    self->eval(self, at, condition, rows, x, out, scratch);
}

/* denoiser_scratch is the doubles that eval needs for so many rows. */
static inline size_t denoiser_scratch(const struct denoiser *self, size_t rows) {
    return self->scratch + rows * self->scratch_row;
}

#endif
