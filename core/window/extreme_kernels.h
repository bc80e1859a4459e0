/* extreme_kernels.h - private to core/window: sliding extremes, one table for each instruction set. They only compare, so
 * all of them give the same bytes. */
#ifndef SOLVENT_EXTREME_KERNELS_H
#define SOLVENT_EXTREME_KERNELS_H

#include "core/window/sliding_parts.h"

enum { SMALL_K = 20 }; /* up to here two or three passes do; blocks would be short */

/* The extremes of all windows; values and out are int64_t or double. CANCELLED, TIMED_OUT, NO_MEMORY. */
typedef enum status extreme_kernel(struct ctx *ctx, const void *values, const struct windows *w, void *out);

struct extreme_kernels {
    extreme_kernel *of[2][2]; /* [real][least] */
};

extern const struct extreme_kernels extreme_ref, extreme_avx2;

#endif
