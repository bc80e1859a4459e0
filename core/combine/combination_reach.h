/* combination_reach.h - which rests are sums of candidates at all, as a set of bits, whatever the length.
 *
 * Cost: O(n T / 64), times log(T / part) with reuse: a small part of what listing or counting takes. Where the target
 * is not among them, nothing else is done. */
#ifndef SOLVENT_COMBINATION_REACH_H
#define SOLVENT_COMBINATION_REACH_H

#include "core/combine/combination_plan.h"

/* combination_reach gives the set: rest r is bit r % 64 of word r / 64. In the arena.
 * Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_reach(struct ctx *ctx, const struct combination_plan *plan, uint64_t **reach) MUST_CHECK;

static inline bool combination_reaches(const uint64_t *reach, size_t rest) { return reach[rest / 64] >> rest % 64 & 1; }

#endif
