/* gap.h - the greatest gap between neighbours in sorted order, without sorting.
 *
 * Order:   that of sort.h (reals: -0.0 before 0.0). Of equal gaps the lower pair comes first.
 * Source:  Gonzalez 1975, in the form of Preparata and Shamos, Computational Geometry (1985), 6.4: among more buckets
 *          than gaps no bucket can hold a greatest gap, so only the least and the greatest value of each matter.
 * Differs: many values are first distributed to stretches of buckets that fit a cache. More than one gap: the values
 *          are sorted, since lesser gaps do lie within buckets.
 * Exact:   gaps of integers are unsigned and of 64 bits. Gaps of reals are compared exactly (the difference and its
 *          rounding error, Dekker 1971) and given as the nearest double.
 * Cost:    buckets O(n), 16 bytes a bucket of at most 2 n, or of one stretch, and 8 n for the distribution; sort as
 *          sort.h, and O(n log k) for the k greatest.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_GAP_H
#define SOLVENT_GAP_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

enum gap_algorithm { GAP_AUTO, GAP_BUCKETS, GAP_SORT };

/* "auto", "buckets", "sort"; ends with NULL. */
extern const char *const gap_algorithm_names[];

struct gap_in {
    struct array values; /* INT or REAL (finite), one dimension, fewer than 2^32; borrowed */
    size_t top;          /* 0: the greatest alone; else so many of the greatest */
    enum gap_algorithm algorithm;
    struct trace *trace; /* NULL: nobody watches; else it was begun with the values */
};

/* Two neighbours in sorted order. */
struct gap {
    struct value gap; /* high - low: INT; above INT64_MAX a STRING of its digits; REAL for reals */
    struct value low, high;
};

struct gap_out {
    struct gap greatest; /* fewer than two values: the gap is 0, and low and high are of KIND_NONE */
    const char *why;     /* a sentence: what AUTO went by; NULL where the caller chose */
    struct gap *gaps;    /* [n_gaps] with top: the greatest first; in the arena. There are n - 1 at most */
    size_t n_gaps;
    enum gap_algorithm algorithm; /* that was used; never AUTO */
};

/* gap_solve finds them.
 * Trace: buckets: "place" at each value with its bucket, "compare" at the greatest value of a bucket and the least of
 * the next one in use; sort: "compare" at all neighbours. Both with low, high and gap; "best" follows where it is
 * greater than those before.
 * Errors: INVALID at /values (more than one dimension; a gap that no double holds), /algorithm (buckets with top > 1);
 * TOO_LARGE (2^32 values), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status gap_solve(struct ctx *ctx, const struct gap_in *in, struct gap_out *out) MUST_CHECK;

#endif
