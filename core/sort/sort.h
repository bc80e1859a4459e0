/* sort.h - sorts integers, reals and strings; the order, and the permutation that makes it.
 *
 * Order:   integers by value; reals by value with -0.0 before 0.0 (a total order; there are no NaN); strings by Unicode
 *          code point, which is the order of their UTF-8 bytes. `descending` is the exact reverse of values, yet equal
 *          values keep their input order.
 * Unique:  keeps the first of equal values. -0.0 and 0.0 are equal numbers here, so the one that sorts first is kept:
 *          -0.0 ascending, 0.0 descending. Its index is that of its first occurrence.
 * Sources: counting, radix, bucket: Knuth, TAOCP 3, 5.2 and 5.2.5; heap: Wegener 1993 (bottom-up); merge: Munro and
 *          Wild 2018 (powersort, natural runs); quick: Musser 1997 (introsort) with the equal-element and bad-partition
 *          rules of Peters 2021 (pdqsort); strings by radix: McIlroy, Bostic, McIlroy 1993, with eight cached bytes a
 *          string.
 * Cost:    counting O(n + range); radix O(n * digits that vary), mostly only of those that tell values apart, strings
 *          O(bytes that tell them apart); all others O(n log n) at worst, merge O(n log runs), bucket O(n) when the
 *          values spread evenly.
 * Memory:  at most 2 n keys of 8 bytes (16 with indices of wide numbers, or strings), plus the answer; radix of numbers
 *          works in the answer's memory, and needs more only for values that crowd, or beyond some 10^7 of them.
 * Threads: reentrant; radix of numbers works on all the host's. Same input, same bytes. */
#ifndef SOLVENT_SORT_H
#define SOLVENT_SORT_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum sort_algorithm { SORT_AUTO, SORT_COUNTING, SORT_RADIX, SORT_BUCKET, SORT_HEAP, SORT_MERGE, SORT_QUICK };

/* Their names ("auto", "counting", ...), in the order of the enum; ends with NULL. */
extern const char *const sort_algorithm_names[];

/* Counting sort is refused where max - min is not below the greater of these: SORT_COUNTING_MIN, and
 * SORT_COUNTING_PER_VALUE for each value. (A table of the first has 16 MiB.) */
enum { SORT_COUNTING_MIN = 1 << 22, SORT_COUNTING_PER_VALUE = 8 };

struct sort_in {
    struct array values; /* INT, REAL (finite) or STRING, one dimension, fewer than 2^32; borrowed */
    bool descending;
    bool argsort; /* also give the indices */
    bool unique;  /* drop all but the first of equal values */
    enum sort_algorithm algorithm;
};

/* What was done: equal for equal input, so part of the answer. */
struct sort_stats {
    int64_t n;           /* values that came in */
    int64_t comparisons; /* of two values while sorting (the look for runs of `auto` is none) */
    int64_t moves;       /* values written while sorting */
    int64_t passes;      /* distributions: by a digit, counting, bucket; of radix those of groups count too */
};

struct sort_out {
    struct array values;           /* in the request's arena; strings point into the input */
    struct array indices;          /* INT, 0-based positions in the input; KIND_NONE unless argsort */
    enum sort_algorithm algorithm; /* the one that was used; never AUTO */
    const char *why;               /* a sentence: what AUTO went by; NULL where the caller chose */
    struct sort_stats stats;
};

/* sort_solve sorts.
 * Errors: INVALID at /values (more than one dimension), /algorithm (counting of strings, of fractional reals or of too
 * wide a range); TOO_LARGE (2^32 values or more), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status sort_solve(struct ctx *ctx, const struct sort_in *in, struct sort_out *out) MUST_CHECK;

#endif
