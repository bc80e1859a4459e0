/* guidance.h - two denoisers made one: what a condition asks for, exaggerated.
 *     D = D_ref + scale (D_good - D_ref)
 * ref the unconditional model (classifier-free guidance: Ho, Salimans 2022) or a worse one (autoguidance: Karras et al.
 * 2024). Outside low <= k <= high, D is D_good (guidance interval: Kynkaanniemi et al. 2024). With rescale phi, D is
 * multiplied by phi std(D_good) / std(D) + 1 - phi, std over the numbers of one sample (Lin et al. 2024, sec. 3.4).
 * Cost: both, within the interval. Threads: as of its parts. */
#ifndef SOLVENT_GUIDANCE_H
#define SOLVENT_GUIDANCE_H

#include "core/diffusion/denoiser.h"

struct guidance_in {
    const struct denoiser *good, *ref; /* of one d; borrowed */
    double scale;                      /* finite; 1: D_good alone */
    double rescale;                    /* 0 .. 1 */
    double low, high;                  /* in k, low <= high; high may be infinite */
};

/* guidance_make prepares the denoiser in ctx. Errors: NO_MEMORY. */
enum status guidance_make(struct ctx *ctx, const struct guidance_in *in, const struct denoiser **out) MUST_CHECK;

#endif
