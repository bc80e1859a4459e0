/* serve.h - `solvent serve`: opens everything, serves until told to end, closes everything.
 *
 * SIGTERM, SIGINT: no new connections; what is in progress is finished, for --drain at most, then cancelled; exit code
 * 0. Again: ends at once. SIGHUP: opens the log anew and reads the models again. */
#ifndef SOLVENT_SERVE_H
#define SOLVENT_SERVE_H

struct options;

/* serve returns the exit code of the process: 0, or 1 where something could not be opened (said on standard error). */
int serve(struct options *options);

#endif
