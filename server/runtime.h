/* runtime.h - what the threads of this process are and do, for GET /v1/runtime/threads.
 *
 * Workers say what they begin and end; the rest is asked of the system (/proc/self/task), so all threads are seen,
 * those of libraries too. Roles go by the names that threads are given at their start.
 * Threads: every function may be called from any thread. */
#ifndef SOLVENT_RUNTIME_H
#define SOLVENT_RUNTIME_H

#include "handlers/call.h"

struct working;

/* working_new keeps what `workers` workers do, and behind them those of jobs. NULL: no memory. */
struct working *working_new(unsigned workers, unsigned job_workers);
void working_free(struct working *working);

/* A worker says what it begins (both texts are copied), and when it has ended. */
void working_begin(struct working *working, unsigned worker, const char *route, const char *id);
void working_end(struct working *working, unsigned worker);

/* runtime_read fills out from the system; working NULL: nobody says what workers do. Memory is taken from ctx. Errors:
 * NO_MEMORY. Where /proc cannot be read, there are no threads in it. */
enum status runtime_read(struct working *working, struct ctx *ctx, struct runtime *out) MUST_CHECK;

#endif
