/* ranks.h - the processes that mpirun started together, as a team (team.h). The only place for MPI.
 *
 * A process that was not started so never initialises MPI. A rank that dies, or an error of MPI, ends all of them. */
#ifndef SOLVENT_RANKS_H
#define SOLVENT_RANKS_H

#include "core/base/ctx.h"
#include "core/train/team.h"

/* Sums of gradients. What a rank sends and receives at least is 2 (ranks - 1) / ranks times the bytes summed (Patarasu and
 * Yuan 2009): over seconds that is the bandwidth of the bus between them, whatever their number. */
struct ranks_traffic {
    uint64_t sums;
    double bytes, seconds;
};

bool ranks_built(void); /* this build has MPI */

/* ranks_open joins the others; *team NULL: there are none. To be closed, in *ctx.
 * Errors: INVALID (this build has no MPI, and others were started with this process), NO_MEMORY. */
enum status ranks_open(struct ctx *ctx, struct team **team) MUST_CHECK;
void ranks_close(struct team *team); /* waits for the others; NULL: does nothing */

/* ranks_here is how many of them share this machine; of NULL 1. */
unsigned ranks_here(const struct team *team);

struct ranks_traffic ranks_traffic(const struct team *team);

#endif
