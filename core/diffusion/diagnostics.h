/* diagnostics.h - how far samples are from the data that a closed form describes.
 *
 * The first samples make ten batches, of at most 1000 each and fewer in high dimensions, that are compared with as many
 * draws of the data themselves. A distance is the mean over the batches, its standard error their spread.
 *
 * sliced   sliced Wasserstein distance, of order 2 (Bonneel et al. 2015): the root of the mean, over 32 random
 *          directions, of the squared distance of the projections, which are compared in order. Finite batches of equal
 *          distributions are some distance apart, too: `baseline` is that of a second set of draws
 * energy   2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely, Rizzo 2013), unbiased: 0 on average where the distributions are
 *          equal
 * shares   the posterior of each part, averaged over the samples of the batches: the weights where the distributions are
 *          equal
 *
 * Cost: about 10 (2 m^2 (d + 4) + 40 m (4 d + 60)) ns for batches of m; at most some two seconds. */
#ifndef SOLVENT_DIAGNOSTICS_H
#define SOLVENT_DIAGNOSTICS_H

#include "core/diffusion/mixture.h"

enum { DIAGNOSTICS_LEAST = 20, DIAGNOSTICS_MAX_PARTS = 1000 }; /* samples; parts whose shares are told */

struct diagnostics_distance {
    double value, standard_error;
    double baseline;     /* sliced: of data against data */
    double excess_error; /* sliced: the standard error of value - baseline */
};

struct diagnostics {
    size_t used; /* samples */
    struct diagnostics_distance sliced, energy;
    size_t parts;          /* 0: too many to tell */
    double *share, *error; /* [parts] and their standard errors; 0 where all samples agree */
    const double *weights; /* [parts] */
};

/* diagnostics_batch is the number of samples in a batch. */
size_t diagnostics_batch(size_t count, size_t d);

/* diagnostics_run judges samples[count][d], count >= DIAGNOSTICS_LEAST. The seed is the samples' own: the draws come from
 * streams of their own. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status diagnostics_run(struct ctx *ctx, const struct denoiser *mixture, uint64_t seed, const double *samples,
                            size_t count, struct diagnostics *out) MUST_CHECK;

#endif
