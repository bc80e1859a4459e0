/* rank_set.h - a set of integers 0 .. n-1 with its next and previous members: bits under a tree of 64-way summaries.
 * Cost: O(log n / log 64) each. Threads: reentrant. */
#ifndef SOLVENT_RANK_SET_H
#define SOLVENT_RANK_SET_H

#include "core/base/ctx.h"

enum { RANK_SET_LEVELS = 6 };

struct rank_set {
    uint64_t *level[RANK_SET_LEVELS]; /* level[0] the members; bit i of level[l+1]: word i of level[l] is not 0 */
    unsigned levels;
};

/* rank_set_init makes the empty set of 0 .. n-1; n >= 1, at most 2^36. Errors: NO_MEMORY. */
enum status rank_set_init(struct ctx *ctx, struct rank_set *s, size_t n) MUST_CHECK;

void rank_set_add(struct rank_set *s, size_t i);
void rank_set_remove(struct rank_set *s, size_t i);

/* rank_set_next is the least member above i, rank_set_previous the greatest below; SIZE_MAX where there is none. */
size_t rank_set_next(const struct rank_set *s, size_t i);
size_t rank_set_previous(const struct rank_set *s, size_t i);

#endif
