/* median_kernels.h - private to core/window: medians of small windows, one table for each instruction set. They only
 * compare, so all of them give the same bytes. */
#ifndef SOLVENT_MEDIAN_KERNELS_H
#define SOLVENT_MEDIAN_KERNELS_H

#include <string.h>

#include "core/base/mean.h"
#include "core/window/sliding_parts.h"

/* Up to here a step costs less than one of ranks, with every set. */
enum { MEDIAN_SMALL_K = 32, MEDIAN_LANES = 4 };

/* The medians of all windows of at most MEDIAN_SMALL_K values. CANCELLED, TIMED_OUT. */
typedef enum status median_kernel(struct ctx *ctx, const struct array *values, const struct windows *w,
                                  enum sliding_operation which, bool real, void *out);

extern median_kernel median_ref, median_avx2;

/* A window in order, as keys. ABSENT, the greatest key, stands behind it for what is not there, and the least before
 * it. Each file of kernels has its exchange(window, old, x), which takes one `old` out and puts x in: ABSENT is the
 * `old` of a window that grows, and the x of one that shrinks. */
#define ABSENT INT64_MAX
struct ordered {
    _Alignas(32) int64_t room[2][MEDIAN_LANES + MEDIAN_SMALL_K + MEDIAN_LANES]; /* the window begins at MEDIAN_LANES */
    int turn;                                                                   /* which of them it is in */
    size_t width;                                                               /* k, in whole lanes */
};

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
