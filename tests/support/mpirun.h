/* mpirun.h - how tests start several processes. */
#ifndef SOLVENT_TEST_MPIRUN_H
#define SOLVENT_TEST_MPIRUN_H

#include <stdlib.h>

#include "server/ranks.h"

/* Ranks are more than cores, and root's in a container; they share a machine, and need not look for others. What MPI keeps to
 * its end is no leak of ours. */
#define MPIRUN                                                                                                    \
    "ASAN_OPTIONS=detect_leaks=0 timeout 60 mpirun --allow-run-as-root --oversubscribe --mca plm isolated --mca " \
    "pml ob1 --mca btl self,vader --mca mpi_yield_when_idle 1 --mca odls_base_sigkill_timeout 0 -n "

/* mpirun_here: this build has MPI, and there is an mpirun. */
static inline bool mpirun_here(void) { return ranks_built() && !system("mpirun --version > /dev/null 2>&1"); }

#endif
