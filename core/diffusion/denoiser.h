/* denoiser.h - D(x, t) = E[x0 | x_t = x]: all that a solver asks of a model, whether it is a formula or a network.
 * Guidance, clipping and the like are denoisers too, around others. */
#ifndef SOLVENT_DENOISER_H
#define SOLVENT_DENOISER_H

#include "core/diffusion/path.h"

/* What a model is told of rows beside x; members that are NULL, as the whole may be: nothing. */
struct told {
    const double *given; /* [rows][d] numbers of the data that are known, NaN where they are not: for networks that were
                           * trained to be told (network.h), which answer E[x0 | x, given]; others do not look at them */
    const int64_t *classes; /* [rows] of a network its class (network.h), of several denoisers that are one, which
                           * (conditional.h); else it is what the denoiser was made for */
};

/* told_from is that of the rows from one on, of d numbers each. */
static inline struct told told_from(const struct told *told, size_t row, size_t d) {
    return (struct told){.given = told && told->given ? told->given + row * d : NULL,
                         .classes = told && told->classes ? told->classes + row : NULL};
}

/* Rows that each lie at a point of their own, and what is wanted of them; NULL: it is not. */
struct denoiser_each {
    const struct path_point *at; /* [rows]; sigma > 0 (0 too where only density is wanted and the denoiser is smooth) */
    const int64_t *classes;      /* [rows] or NULL: as of struct told */
    size_t rows;
    const double *x; /* [rows][d] */
    double *D;       /* [rows][d] */
    double *trace;   /* [rows] the trace of J = dD/dx */
    const double *v; /* [rows][d], with vJv: directions */
    double *vJv;     /* [rows] v' J v: a network gives it by one pass backward (v' J) or forward (J v) */
    double *density; /* [rows] the log density of x at its point; of denoisers that give it */
};

enum { EACH_TRACE = 1, EACH_VJV = 2, EACH_DENSITY = 4 };

struct denoiser {
    size_t d;           /* numbers a sample */
    size_t scratch;     /* doubles that eval needs beside its arguments, whatever the rows */
    size_t scratch_row; /* and for each row */
    double cost;        /* rough nanoseconds a row, for splitting the work */
    size_t together;    /* so many rows cost less in one call than in several; 0: as many as there are */

    /* eval writes D of x[rows][d] to out[rows][d]; they do not overlap. at->sigma > 0. A row's result does not depend on
     * the rows beside it.
     * Threads: called from several at once, each with its own scratch[]. */
    void (*eval)(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch);

    /* As eval, and spread[rows][d]: what a network says beside its prediction, of the variance of a reverse step (Nichol,
     * Dhariwal 2021, sec. 3.1). NULL: it says nothing. Its scratch is eval's. */
    void (*eval_spread)(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                        const double *x, double *out, double *spread, double *scratch);

    /* The same model without guidance, for solvers that move in its direction (CFG++), who tell it no class. NULL: this
     * one is. Its scratch is no larger. */
    const struct denoiser *unguided;

    /* each is eval where every row has its own point, for solvers with steps of their own and for likelihoods. It
     * always gives D, and beyond that what `gives` says. NULL: denoiser_each asks eval, row by row. */
    void (*each)(const struct denoiser *self, const struct denoiser_each *q, double *scratch);
    unsigned gives;          /* mask of EACH_* */
    bool smooth;             /* with EACH_DENSITY: the data have a density, so that sigma may be 0 there */
    size_t each_scratch;     /* doubles that each needs */
    size_t each_scratch_row; /* and for each row */
};

/* denoiser_eval writes D of x[rows][d] to out[rows][d]. */
static inline void denoiser_eval(const struct denoiser *self, const struct path_point *at, const struct told *told,
                                 size_t rows, const double *x, double *out, double *scratch) {
    self->eval(self, at, told, rows, x, out, scratch);
}

/* denoiser_scratch is the doubles that eval needs for so many rows. */
static inline size_t denoiser_scratch(const struct denoiser *self, size_t rows) {
    return self->scratch + rows * self->scratch_row;
}

/* denoiser_each answers a query; whatever `each` does not give, density excepted, comes from central differences over
 * 1e-4 sigma: two calls a direction, 2 d a trace, about seven digits. A row's result does not depend on the rows beside
 * it. Threads: as of eval. */
void denoiser_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch);

/* denoiser_each_scratch is the doubles that denoiser_each needs for so many rows. */
size_t denoiser_each_scratch(const struct denoiser *self, size_t rows);

#endif
