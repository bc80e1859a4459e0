/* answer_fraction.h - private to answer.c: the least fraction that holds, among those of 0 .. 1 whose denominators are
 * at most the greatest value.
 *
 * Method: two neighbours of a Farey sequence, one that fails and one that holds, draw together: each in turn goes
 * towards the other by as many mediants as leave it on its side, found by doubling and halving. No fraction of the
 * denominators allowed is left between them at the end, so they are the proof.
 * Source: R. L. Graham, D. E. Knuth, O. Patashnik, Concrete Mathematics, 4.5 (the Stern-Brocot tree).
 * Cost: at most ANSWER_MAX_EVALUATIONS evaluations: about 3 log2 of the greatest value. Threads: reentrant. */
#ifndef SOLVENT_ANSWER_FRACTION_H
#define SOLVENT_ANSWER_FRACTION_H

#include "core/search/answer_search.h"

/* answer_fraction searches. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status answer_fraction(struct answer_search *s, struct answer_out *out) MUST_CHECK;

#endif
