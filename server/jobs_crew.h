/* jobs_crew.h - the threads that work on jobs: --job-workers of them, and helpers for what they do in parallel, one
 * fewer than there are workers for requests.
 *
 * All run at a lower priority (nice 10, batch scheduling), and the pool of requests does not help them: a request that
 * somebody waits for has the processor when it wants it. An answer is looked up first, and kept like any other. */
#ifndef SOLVENT_JOBS_CREW_H
#define SOLVENT_JOBS_CREW_H

#include <stdbool.h>

struct crew;
struct server;

/* crew_open starts the threads of server->jobs. NULL: no memory or no threads. */
struct crew *crew_open(struct server *server);

/* crew_idle says whether all of them have ended, after jobs_stop. */
bool crew_idle(struct crew *crew);

void crew_close(struct crew *crew); /* after jobs_stop; waits for their end. NULL is fine */

#endif
