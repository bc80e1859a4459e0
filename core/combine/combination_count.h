/* combination_count.h - how many combinations there are, and which is the r-th, without listing any.
 *
 * Unordered: entry (r, k) counts the ways to make rest r from state k of the length with the groups (equal candidates)
 * taken in so far. A group of part c, m copies at most, is the factor (1 - S^(m+1)) / (1 - S), where S moves by c and
 * by one state; both steps run in place, and both can be undone in place. Ordered: entry (r, k) is the sum over all
 * parts; neighbouring parts are added up once and slide along with r.
 *
 * Zeros are no groups: behind the target, entry target + z counts the ways to make it with the last z of them.
 *
 * Width: a count of solutions of sum c v = r is at most the product of the ways of all groups but one, and at most the
 * volume (r + sum c)^s / (s! prod c) over s groups that leave one out; a count of sequences at most x^r where
 * sum x^-c = 1. Limbs beyond a stage's bound are not touched.
 *
 * Memory: 8 T D w bytes; counting sequences keeps only as many rests as the greatest part. Cost: see combination.h. */
#ifndef SOLVENT_COMBINATION_COUNT_H
#define SOLVENT_COMBINATION_COUNT_H

#include "core/combine/combination_plan.h"

enum { COMBINATION_MAX_TABLE = 1 << 28 }; /* bytes of a table of counts */

struct combination_group {
    size_t part, copies, first; /* first: its first position */
    size_t width;               /* limbs of the counts once it is in */
};

struct combination_count {
    const struct combination_plan *plan; /* borrowed */
    size_t width;                        /* limbs of an entry */
    size_t n_groups;
    struct combination_group *group; /* [n_groups] ascending parts */
    size_t kept;                     /* rests that the table keeps, and entries of zeros behind them; ordered: entry r
                                      * lies at r mod kept */
    uint64_t *table;                 /* [kept][states][width] */
    const uint64_t *total;           /* [width] all combinations; in a place of its own */
};

/* combination_count_make counts. ranks: combination_unrank or combination_rank will follow, once.
 * Errors: TOO_LARGE at /target, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_count_make(struct ctx *ctx, const struct combination_plan *plan, bool ranks,
                                   struct combination_count *count) MUST_CHECK;

/* combination_unrank writes the tokens of combination number rank[width], from 0, which must be below the total;
 * values[*n] are in the arena. It destroys rank and the table. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_unrank(struct ctx *ctx, struct combination_count *count, uint64_t *rank, int64_t **values,
                               size_t *n) MUST_CHECK;

/* combination_rank gives in rank[width] how many combinations come before that of the tokens values[n], which must be one. It
 * destroys the table. Errors: CANCELLED, TIMED_OUT. */
enum status combination_rank(struct ctx *ctx, struct combination_count *count, const int64_t *values, size_t n,
                             uint64_t *rank) MUST_CHECK;

#endif
