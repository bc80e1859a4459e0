/* combination_walk.h - the combinations one after the other, from any of them on; no step runs into nothing.
 *
 *     struct combination_walk walk;
 *     if (combination_begin(ctx, &plan, &walk) != STATUS_OK) ...
 *     while (combination_next(&walk))
 *         use(walk.row, walk.depth);
 *
 * For each rest and state of the length, `last` holds the last position at which a combination of the rest can begin;
 * hence whether a choice leads anywhere is one look-up, and there is no search where there is nothing to find.
 *
 * Cost: begin O(n T D) at worst, mostly O(T D); next O(n) for each part that differs from the last combination.
 * Memory: 4 T D bytes, and 16 for each part of the longest combination. */
#ifndef SOLVENT_COMBINATION_WALK_H
#define SOLVENT_COMBINATION_WALK_H

#include "core/combine/combination_plan.h"

struct combination_walk {
    const struct combination_plan *plan; /* borrowed */
    int32_t *last;                       /* [(target + 1) * states]; -1: nothing makes this rest */
    size_t *next;                        /* [n] the first position of another candidate that is greater */
    size_t *first;                       /* [n] the first position of the same candidate */
    size_t *at;                          /* [depth] positions of the combination */
    int64_t *row;                        /* [depth] its values or indices: what combination_next found */
    size_t start;                        /* state of the length that it begins with */
    size_t depth, rest;
    size_t kept; /* numbers of the row that combination_next left as they were */
    bool begun;
};

/* combination_begin stands before the first. Errors: TOO_LARGE at /target, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_begin(struct ctx *ctx, const struct combination_plan *plan,
                              struct combination_walk *walk) MUST_CHECK;

/* combination_next goes to the next; false, and again false, past the last. */
bool combination_next(struct combination_walk *walk);

/* combination_seek goes to the combination of these tokens, as if combination_next had found it; false, and the walk
 * stands before the first, where it is none of the combinations. */
bool combination_seek(struct combination_walk *walk, const int64_t *tokens, size_t n);

#endif
