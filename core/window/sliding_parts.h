/* sliding_parts.h - private to core/window: where the windows lie, and the kernels behind sliding_solve. */
#ifndef SOLVENT_SLIDING_PARTS_H
#define SOLVENT_SLIDING_PARTS_H

#include "core/window/sliding.h"

/* Window j starts at start + j * step, perhaps before the array, and has k places; those inside of 0 .. n-1 count. */
struct windows {
    int64_t n, k, start, step;
    size_t count; /* of windows, >= 1 */
};

static inline int64_t window_begin(const struct windows *w, size_t j) { return w->start + (int64_t)j * w->step; }
/* window_low and window_high are the first and the last index that is inside of the array. */
static inline int64_t window_low(const struct windows *w, size_t j) {
    int64_t begin = window_begin(w, j);
    return begin < 0 ? 0 : begin;
}
static inline int64_t window_high(const struct windows *w, size_t j) {
    int64_t last = window_begin(w, j) + w->k - 1;
    return last < w->n ? last : w->n - 1;
}

static inline bool sliding_is_least(enum sliding_operation op) { return op == SLIDING_MIN || op == SLIDING_ARGMIN; }

/* sliding_extreme_algorithm tells what sliding_extreme takes. */
enum sliding_algorithm sliding_extreme_algorithm(const struct windows *w);

/* sliding_extreme writes the extreme element of each window; out: int64_t or double [w->count]. */
enum status sliding_extreme(struct ctx *ctx, const struct array *values, const struct windows *w, bool least,
                            void *out) MUST_CHECK;

/* sliding_arg writes the index of the first extreme element of each window. */
enum status sliding_arg(struct ctx *ctx, const struct array *values, const struct windows *w, bool least,
                        int64_t *out) MUST_CHECK;

/* sliding_sum writes sums (INT or REAL as the values) or means (REAL), and says how. */
enum status sliding_sum(struct ctx *ctx, const struct array *values, const struct windows *w, bool mean, void *out,
                        enum sliding_algorithm *used) MUST_CHECK;

/* sliding_median_algorithm tells what sliding_median takes: the same with every set of instructions. */
enum sliding_algorithm sliding_median_algorithm(const struct windows *w);

/* sliding_median writes medians; out is INT or REAL as sliding.h says (`real`). */
enum status sliding_median(struct ctx *ctx, const struct array *values, const struct windows *w,
                           enum sliding_operation which, bool real, void *out) MUST_CHECK;

/* sliding_trace records how the textbook comes to the figures of `out`: sliding.h lists the steps. */
enum status sliding_trace(struct ctx *ctx, const struct sliding_in *in, const struct windows *w,
                          const struct sliding_out *out, struct trace *t) MUST_CHECK;

#endif
