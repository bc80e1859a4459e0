/* bisect.h - binary search: bounds, ranges, nearest values, rotated arrays and peaks; one target or millions.
 *
 * Source: D. E. Knuth, TAOCP 3, 6.2.1 (search by halving). CPython's bisect for the meaning of lower and upper bounds
 * on [lo, hi). Batches: P. Khuong and P. Morin, Array Layouts for Comparison-Based Searching (2017), for the branchless
 * kernel; here a group of targets goes down in step, so that their cache misses overlap, and many targets are
 * sorted first, so that groups stay in one part of the values.
 *
 * Order: integers and reals by value, exactly, also against each other (2^53 + 1 is not 2^53; -0.0 equals 0.0); strings
 * by Unicode code point, which is the order of their UTF-8 bytes.
 *
 * Cost: O(log n) a target; O(n) more for `check`. A rotated array takes O(log n) where its values differ and O(n) at
 * worst where they repeat. Measured: 10^6 random targets in 10^7 integers take a third of the time of as many
 * branchless searches one after the other.
 * Memory: 24 bytes a target, and what sorting them takes (sort.h) where that pays.
 * Threads: reentrant; batches run on the host's threads. Same input, same bytes. */
#ifndef SOLVENT_BISECT_H
#define SOLVENT_BISECT_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

enum bisect_mode {
    BISECT_LOWER,   /* the first index whose value is not below the target; hi where there is none */
    BISECT_UPPER,   /* the first index whose value is above the target; hi where there is none */
    BISECT_EXACT,   /* the first index of an equal value; -1: none */
    BISECT_NEAREST, /* the first index of the value at the least distance, of two the lower value; -1: no values */
    BISECT_RANGE,   /* [lower, upper) */
    BISECT_ROTATED, /* the least index of an equal value in a sorted array that was rotated; -1: none */
    BISECT_PEAK,    /* no target: an index whose neighbours are not above it; -1: no values */
};

/* Their names ("lower_bound", ...), in the order of the enum; ends with NULL. */
extern const char *const bisect_mode_names[];

/* One search after the other; groups of searches in step; groups of targets that were sorted first. */
enum bisect_algorithm { BISECT_HALVING, BISECT_GROUPS, BISECT_SORTED_GROUPS };
extern const char *const bisect_algorithm_names[]; /* ends with NULL */

struct bisect_in {
    struct array values;  /* flat; INT, REAL (finite) or STRING; borrowed */
    struct array targets; /* strings for strings, numbers for numbers; KIND_NONE: no target (ROTATED, PEAK) */
    enum bisect_mode mode;
    size_t lo, hi;       /* lo <= hi <= values.n: where to look */
    bool check;          /* find out whether [lo, hi) has the order that the mode wants; PEAK wants none */
    struct trace *trace; /* of at most one target; NULL: none */
};

struct bisect_out {
    int64_t *index; /* [targets.n], or one (ROTATED: the pivot; PEAK); in the arena */
    int64_t *end;   /* RANGE: [targets.n]; else NULL */
    int64_t
        *found;    /* [targets.n] 1 where [lo, hi) has an equal value, else 0; PEAK: one, 0 where there are no values */
    int64_t pivot; /* ROTATED: where the sorted order begins (behind the descent, else lo); -1: no values */
    enum bisect_algorithm algorithm; /* that was used */
    const char *why;                 /* a sentence: what it was chosen by */
};

/* bisect_solve searches. Errors: INVALID at /values/i (check: the place of the first descent, of the second for
 * ROTATED), /target (a kind that the values have not, a distance of strings); NO_MEMORY, CANCELLED, TIMED_OUT. With
 * check false and values out of order the answer is some index in lo .. hi or -1. */
enum status bisect_solve(struct ctx *ctx, const struct bisect_in *in, struct bisect_out *out) MUST_CHECK;

#endif
