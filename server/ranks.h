/* ranks.h - the processes that mpirun started together, as a team (team.h). With ranks_sum.h the only place for MPI.
 *
 * A process that was not started so never initialises MPI. A rank that dies, or an error of MPI, ends all of them, and so
 * does one that is not heard of for too long. */
#ifndef SOLVENT_RANKS_H
#define SOLVENT_RANKS_H

#include "core/base/ctx.h"
#include "core/train/team.h"

/* Long sums. What a rank sends and receives is 2 (ranks - 1) / ranks times the bytes summed, which is the least (Patarasu
 * and Yuan 2009): over seconds that is the bandwidth of the bus between them, whatever their number. */
struct ranks_traffic {
    uint64_t sums, parts;
    double bytes;
    double seconds, waited; /* from a sum's first part to its last, and of these those in sum_end */
};

bool ranks_built(void); /* this build has MPI */

/* ranks_open joins the others; *team NULL: there are none. To be closed, in *ctx.
 * Errors: INVALID (this build has no MPI, and others were started with this process), NO_MEMORY. */
enum status ranks_open(struct ctx *ctx, struct team **team) MUST_CHECK;
void ranks_close(struct team *team); /* waits for the others; NULL: does nothing */

/* ranks_patience: where nothing has come from the others for so long, in a call that waits for them, it says so and ends
 * all ranks. It is half an hour before. NULL: does nothing. */
void ranks_patience(struct team *team, int64_t seconds);

/* ranks_here is how many of them share this machine; of NULL 1. */
unsigned ranks_here(const struct team *team);

struct ranks_traffic ranks_traffic(const struct team *team);

#endif
