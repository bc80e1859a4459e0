/* median_kernels.h - private to core/window: medians of small windows, one table for each instruction set. They only
 * compare, so all of them give the same bytes. */
#ifndef SOLVENT_MEDIAN_KERNELS_H
#define SOLVENT_MEDIAN_KERNELS_H

#include <string.h>

#include "core/base/mean.h"
#include "core/window/sliding_parts.h"

struct median_kernels {
    int64_t most; /* the greatest k that it serves; beyond, ranks are faster */
    enum status (*slide)(struct ctx *ctx, const struct array *values, const struct windows *w,
                         enum sliding_operation which, bool real, void *out);
};

extern const struct median_kernels median_ref, median_avx2;

/* median_put writes answer j of a window whose middle two are middle[0] and middle[1], of an odd count both the same. */
static inline void median_put(const struct value middle[2], enum sliding_operation which, bool real, void *out,
                              size_t j) {
    const struct value *low = &middle[which == SLIDING_MEDIAN_HIGH], *high = &middle[which != SLIDING_MEDIAN_LOW];
    if (!real)
        ((int64_t *)out)[j] = low->i;
    else if (low->kind == KIND_INT)
        ((double *)out)[j] = mean_of_ints(low->i, high->i);
    else
        ((double *)out)[j] = memcmp(&low->r, &high->r, 8) == 0 ? low->r : mean_of_reals(low->r, high->r);
}

#endif
