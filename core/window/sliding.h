/* sliding.h - one figure for every window of k neighbours: extreme, range, sum, mean, median.
 *
 * Windows: the window of position p has k values; p is its last (trailing), its first (leading) or its middle one
 * (centered: k/2 of them lie before p). It is cut at the ends of the array. Given are the windows that keep at least
 * min_count values, ascending, of those every step-th, the first included.
 *
 * Answers: max, min, median_low and median_high are elements; argmax and argmin are indices of the first extreme
 *          element, and max is the element there (so of equal zeros the first decides the sign). range is max - min.
 *          sum is exact for integers; of reals it is the exact sum rounded once, whatever the order and the
 *          cancellation; mean is the exact sum over the count, rounded once, for both. median of an even count is the
 *          exact mean of the middle two, rounded once.
 * Kinds:   argmax, argmin INT; mean REAL; median REAL, but INT where the values are INT and all counts are odd; all
 *          others as the values.
 * Source:  extremes: van Herk 1992, Gil and Werman 1993, on vectors (extreme_body.h), so that neither k nor the order
 *          of the values matters; of small k the joins of a few shifted copies. Sums: fixed point in 128 bits where the
 *          values' exponents allow, else the small superaccumulator of Neal 2015. Median: ranks of a stretch of values
 *          by one sort, members as a bit set of ranks under a tree of 64-way summaries; the middle moves by at most two
 *          members a step; small windows are kept in order themselves (median_table.h). Extremes and small medians
 *          come by instruction set.
 * Cost:    O(n) whatever k; median O(n) sorting steps (sort.h) and O(log k / 6) a step, or O(k) where k is small.
 * Memory:  the answer, 20 KB and at most 3 k values; range one more answer; median about 200 bytes for each of 4 k values.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_SLIDING_H
#define SOLVENT_SLIDING_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

enum sliding_operation {
    SLIDING_MAX,
    SLIDING_MIN,
    SLIDING_RANGE,
    SLIDING_SUM,
    SLIDING_MEAN,
    SLIDING_MEDIAN,
    SLIDING_MEDIAN_LOW,
    SLIDING_MEDIAN_HIGH,
    SLIDING_ARGMAX,
    SLIDING_ARGMIN,
};
extern const char *const sliding_operation_names[]; /* in the order of the enum; ends with NULL */

enum sliding_align { SLIDING_TRAILING, SLIDING_CENTERED, SLIDING_LEADING };
extern const char *const sliding_align_names[]; /* ends with NULL */

/* How: extremes by doubling or in blocks; sums in 128 bits, of integers or of reals in fixed point, or digit by digit;
 * medians by ranks, or by a small window in order. */
enum sliding_algorithm {
    SLIDING_DOUBLING,
    SLIDING_BLOCKS,
    SLIDING_INTEGERS,
    SLIDING_FIXED_POINT,
    SLIDING_DIGITS,
    SLIDING_RANKS,
    SLIDING_ORDERED,
};
extern const char *const sliding_algorithm_names[]; /* ends with NULL */

struct sliding_in {
    struct array values; /* INT or REAL (finite), one dimension, 1 .. 2^31 - 1 of them; borrowed */
    int64_t k;           /* 1 .. n; beyond that where min_count is at most n */
    int64_t step;        /* >= 1 */
    int64_t min_count;   /* 1 .. k */
    enum sliding_operation operation;
    enum sliding_align align;
};

struct sliding_out {
    struct array values;              /* in the arena; at least one */
    int64_t first;                    /* position of values[0]; values[j] is that of first + j * step */
    enum sliding_algorithm algorithm; /* that was used */
    const char *why;                  /* a sentence: what it was chosen by */
};

/* sliding_solve computes. trace (may be NULL) gets the textbook's steps; `at` are indices in the values:
 *   max, min, argmax, argmin   the monotone queue: "push" (at the back), "pop" (from the back), "expire" (from the
 *                              front); the front is the answer.
 *   range                      two of them, and the variable queue says which: "max" or "min".
 *   sum, mean                  "leave" and "enter", with the exact sum of those inside so far, rounded (null: beyond).
 *   median, _low, _high        the window in order: "enter" at a place of it, "leave" from a place.
 *   all                        "answer" for each window: at the element that it is (range, median: at two of them; sum,
 *                              mean: none), with position, from .. to (the first and the last index) and value.
 * Errors: INVALID at /k, /step, /min_count, /values (a sum or a range beyond 64 bits or beyond the doubles;
 * dimensions); TOO_LARGE, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status sliding_solve(struct ctx *ctx, const struct sliding_in *in, struct trace *trace,
                          struct sliding_out *out) MUST_CHECK;

#endif
