/* combination.h - combination sums: the multisets (or sequences) of candidates with a given sum, listed and counted.
 *
 * Kinds:   reuse: each candidate any number of times (combination sum I; equal candidates are one). Without reuse: each
 *          listed candidate once, equal ones are that many copies (II). ordered, with reuse: sequences, counted apart
 *          when their orders differ (IV). distinct: equal candidates are different items, in any of these.
 * Order:   combinations are nondecreasing lists; lists (and sequences) come in lexicographic order of their values, and
 *          of distinct items of equal value by index; or in its reverse; or by length, and then lexicographically.
 * Source:  counting by generating functions: Polya and Szego, Problems and Theorems in Analysis I, part 1, 1-3; Knuth,
 *          TAOCP 4A, 7.2.1.4 (partitions). Backtracking in lexicographic order: Knuth, TAOCP 4B, 7.2.2. Widths of the
 *          numbers: the lattice points of a simplex are at most the volume of one that is larger by one cell.
 * Differs: the table of a candidate is undone in place (its factor 1/(1 - x^c) is divided out again), so that ranks
 *          need one row, not one for each candidate.
 * Lengths: a second index counts the parts that are still wanted (min_length alone) or still allowed; by length, those
 *          that follow.
 * Cost:    with T the target over the candidates' common divisor, D the states of the length (1 without limits), n
 *          candidates, w limbs of a count: count O(n T D w), offset the same once more; listing O(n T D) once and then
 *          O(n) at worst for each choice, every one of which leads to a combination.
 * Modules: combination (pages), _plan (input), _reach (sums that there are), _walk (the iterator), _count (counts,
 *          ranks), _cursor; wide (numbers).
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_COMBINATION_H
#define SOLVENT_COMBINATION_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"
#include "core/combine/combination_plan.h"

enum {
    COMBINATION_MAX_LIMIT = 1000 * 1000,
    COMBINATION_PAGE_VALUES = 1 << 23, /* a page ends with the combination that reaches as many values */
    COMBINATION_MAX_CURSOR = 1 << 22,  /* bytes */
};

struct combination_page {
    bool list;           /* give combinations */
    bool count;          /* count them all */
    int64_t limit;       /* combinations at most, 1 .. COMBINATION_MAX_LIMIT (see row) */
    struct str cursor;   /* of an earlier page; p NULL: none. Borrowed */
    struct value offset; /* the rank of the first, INT >= 0 or decimal digits; KIND_NONE: 0. Not beside a cursor */
    struct trace *trace; /* NULL: nobody watches. Begun by this module */
    size_t max_steps;

    /* row gets each combination as it is found, and none is kept: then the page ends at `limit` alone, which may be any.
     * The first `kept` of its values are those of the call before. A status but OK ends it all. NULL: they are kept, in
     * out->rows */
    enum status (*row)(void *self, const int64_t *values, size_t n, size_t kept);
    void *row_self;
};

struct combination_out {
    struct rows rows;       /* in the arena; start NULL: not listed */
    struct value count;     /* INT up to 2^53, else STRING of digits; KIND_NONE: not counted */
    struct str next_cursor; /* p NULL: there are no more */
    bool cut;               /* ctx_stop ended the page before its time: at a deadline */
};

/* combination_solve gives a page of combinations, their count, or both. An offset past the end gives an empty page.
 * Errors: those of combination_plan_make; INVALID at /cursor (not one of these combinations), /offset; TOO_LARGE at
 * /target (a table past its limit), at /trace; NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_solve(struct ctx *ctx, const struct combination_in *in, const struct combination_page *page,
                              struct combination_out *out) MUST_CHECK;

#endif
