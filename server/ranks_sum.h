/* ranks_sum.h - a long sum over all ranks, whose parts go on their way as they come to be; for ranks.c, where there is MPI.
 *
 *     ranks_sum_begin(s, values, n)
 *     ranks_sum_made(s, k), ranks_sum_advance(s) ...      again and again; from any thread, one at a time
 *     ranks_sum_made(s, n); while (!ranks_sum_done(s)) ranks_sum_advance(s);
 *
 * Every rank adds up a share of each part: it gets the others' numbers for it, adds them in the order of the ranks, and
 * gives the sums to all. That is a reduce-scatter and an allgather (Thakur, Rabenseifner, Gropp 2005, section 4.5), in which
 * each rank sends 2 (ranks - 1) / ranks times the bytes, the least there is. The bits depend on how many ranks there are
 * and on nothing else: not on the parts, on what MPI chooses, or on when what arrives. */
#ifndef SOLVENT_RANKS_SUM_H
#define SOLVENT_RANKS_SUM_H

#include "core/base/ctx.h"

struct ranks_sum;

/* ranks_sum_open makes one in *ctx; all ranks call it together, after MPI_Init. To be closed before MPI_Finalize.
 * Errors: NO_MEMORY. */
enum status ranks_sum_open(struct ctx *ctx, struct ranks_sum **out) MUST_CHECK;
void ranks_sum_close(struct ranks_sum *s);

void ranks_sum_begin(struct ranks_sum *s, float *values, size_t n); /* borrows values[n] */
void ranks_sum_made(struct ranks_sum *s, size_t k);                 /* values[0 .. k) are final here */

/* ranks_sum_advance begins what can begin, and looks after what has arrived; false: nothing has changed. */
bool ranks_sum_advance(struct ranks_sum *s);

bool ranks_sum_begun(const struct ranks_sum *s); /* a part is on its way, or was */
bool ranks_sum_done(const struct ranks_sum *s);  /* values[n] are the sums */

size_t ranks_sum_length(const struct ranks_sum *s); /* n */
size_t ranks_sum_parts(const struct ranks_sum *s);  /* in how many */

#endif
