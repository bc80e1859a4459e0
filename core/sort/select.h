/* select.h - the k-th smallest or largest, without sorting.
 *
 * Order:   that of sort.h (reals: -0.0 before 0.0; strings by code point). Ranks are 1-based and count repeats, or with
 *          `distinct` do not (then -0.0 and 0.0 are one value: -0.0 when counting from the smallest, 0.0 from the
 *          largest).
 * Source:  Floyd and Rivest 1975 (a sample brackets the answer), in the form that reads the values once and keeps what
 *          lies in the bracket. Differs: where the bracket misses or holds too much, digits decide (a histogram of 11
 *          bits, then only its bucket): O(n) whatever the input, so there is no bad one. Strings: so for each eight
 *          bytes, among those that agree before.
 * Cost:    about one reading of the values and n / 8 keys of memory for each k; more than SELECT_MANY ks, and
 *          `distinct`, sort. Strings: O(n + bytes of those that agree with the answer).
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_SELECT_H
#define SOLVENT_SELECT_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum { SELECT_MANY = 6 };

/* SELECT: each k by itself. SORT: once, and then all of them are there. */
enum select_algorithm { SELECT_AUTO, SELECT_SELECT, SELECT_SORT };

/* "auto", "select", "sort"; ends with NULL. */
extern const char *const select_algorithm_names[];

struct select_in {
    struct array values; /* INT, REAL (finite) or STRING, one dimension, fewer than 2^32; borrowed */
    const int64_t *ks;   /* [n_ks], each 1 .. n; borrowed */
    size_t n_ks;
    bool single;   /* errors point at /k, not at /ks/i */
    bool smallest; /* else largest */
    bool distinct; /* rank among distinct values */
    enum select_algorithm algorithm;
};

struct select_choice {
    enum select_algorithm algorithm; /* never AUTO */
    const char *why;                 /* a sentence: what AUTO went by; NULL where the caller chose */
};

/* select_choose tells what select_solve takes: by the number of ks, distinct and algorithm alone. */
struct select_choice select_choose(const struct select_in *in);

/* select_check refuses SELECT with distinct. Errors: INVALID at /algorithm. */
enum status select_check(struct ctx *ctx, enum select_algorithm algorithm, bool distinct) MUST_CHECK;

/* select_solve gives the ks[i]-th value for every i, as an array of n_ks in the request's arena (strings point into the
 * input). Errors: INVALID (a k below 1 or above the number of (distinct) values, at /k or /ks/i; as select_check),
 * TOO_LARGE, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status select_solve(struct ctx *ctx, const struct select_in *in, struct array *out) MUST_CHECK;

/* select_places gives for each element of `found`, which are elements of in->values, the first index where it stands
 * there, as INT in the arena. (-0.0 and 0.0 stand at places of their own.) Cost: a reading of the values for each, or
 * for more than SELECT_MANY a stable sort. Errors: TOO_LARGE, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status select_places(struct ctx *ctx, const struct array *values, const struct array *found,
                          struct array *out) MUST_CHECK;

#endif
