/* clip.h - a denoiser whose D is kept in the range of the data.
 * A fixed range: D is clipped to -range .. range (Ho, Jain, Abbeel 2020, their code's clip_denoised). A quantile (dynamic
 * thresholding, Saharia et al. 2022, sec. 2.3): s is the `quantile` of one sample's |D|, interpolated linearly between
 * neighbours and put into 1 .. most; D is clipped to -s .. s and divided by s.
 * Cost: O(d) a row, on average. Threads: as of what it is around. */
#ifndef SOLVENT_CLIP_H
#define SOLVENT_CLIP_H

#include "core/diffusion/denoiser.h"

struct clip_in {
    const struct denoiser *denoiser; /* borrowed */
    double range;                    /* > 0: the fixed range; 0: by the quantile */
    double quantile;                 /* 0 .. 1 */
    double most;                     /* >= 1 */
};

/* clip_row clips one sample row[d] so: to `range`, or where that is 0 by the quantile, with room[d]. */
void clip_row(size_t d, double range, double quantile, double most, double *row, double *room);

/* clip_make prepares the denoiser in ctx. Errors: NO_MEMORY. */
enum status clip_make(struct ctx *ctx, const struct clip_in *in, const struct denoiser **out) MUST_CHECK;

#endif
