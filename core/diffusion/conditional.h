/* conditional.h - several denoisers as one: each row is answered by the one that its class names.
 * Rows of one class are asked for together, so a call costs what its parts do, and the copies of its rows. A row's
 * bits are those that its own denoiser gives.
 * Threads: as of the parts. */
#ifndef SOLVENT_CONDITIONAL_H
#define SOLVENT_CONDITIONAL_H

#include "core/diffusion/denoiser.h"

struct conditional_part {
    int64_t class;
    const struct denoiser *denoiser; /* borrowed */
};

/* conditional_make prepares the denoiser in ctx, of parts[n] of one d in rising order of their classes, no two alike;
 * n >= 1, the list is borrowed. It is to be told a class of every row, one of these. Errors: NO_MEMORY. */
enum status conditional_make(struct ctx *ctx, const struct conditional_part *parts, size_t n,
                             const struct denoiser **out) MUST_CHECK;

#endif
