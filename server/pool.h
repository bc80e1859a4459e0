/* pool.h - worker threads with a bounded queue, which also help each other inside a task (parallel_for).
 *
 *     struct pool *pool = pool_open(4, 256);
 *     if (!pool_push(pool, &task)) ...          the queue is full
 *     ctx.parallel = pool_parallel(pool);       tasks may call parallel_for
 *     pool_close(pool);                         runs what is queued, then joins
 *
 * Quick and slow tasks: of several workers one never takes a slow task, so that quick ones need not wait for slow ones
 * to end. Within each kind the order is that of arrival; a free worker prefers a quick task, then to help, then a slow
 * task.
 *
 * parallel_for: the caller works through the indices itself; workers without a task join in, and leave between two
 * indices when a quick task comes. The caller begins with the first index and the others with the last. Who has joined in
 * watches for the next loop, for 50 us at most, before it sleeps; only while some task runs, none waits, and at least half
 * of the workers have none. It never waits for a worker that has not joined, so it cannot lock up when it is
 * nested or when all are busy.
 *
 * Threads: every function but pool_close may be called from any thread. */
#ifndef SOLVENT_POOL_H
#define SOLVENT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ctx.h"

struct pool;

/* A task is embedded in what it works on; it belongs to the pool from push until run is called (or pool_remove gives it
 * back). */
struct pool_task {
    struct pool_task *next, *prev;
    void (*run)(struct pool_task *task, unsigned worker); /* worker: 0 .. workers-1 */
    bool slow;                                            /* predicted to take long */
    bool queued;
};

/* pool_open starts the threads; workers may be 0 where only parallel_for of the caller is wanted. NULL: no memory or no
 * threads. */
struct pool *pool_open(unsigned workers, size_t capacity);
/* pool_open_helpers is for parallel_for alone, from threads outside of it: `helpers` threads, named name-0 and so on, each of
 * which calls `begin` first. */
struct pool *pool_open_helpers(unsigned helpers, const char *name, void (*begin)(void));
void pool_close(struct pool *pool);

/* pool_push appends a task; false where `capacity` tasks wait already. */
bool pool_push(struct pool *pool, struct pool_task *task);

/* pool_full tells whether a push would fail just now. */
bool pool_full(struct pool *pool);

/* pool_remove takes a task back that no worker has begun; false where one has. */
bool pool_remove(struct pool *pool, struct pool_task *task);

/* pool_parallel is what to set ctx.parallel to. `threads` counts the workers, and one more where the queue has no room:
 * then only threads from outside can call. */
struct parallel *pool_parallel(struct pool *pool);

/* pool_worker is the index of the worker that calls it; -1: the thread is none. */
int pool_worker(void);

/* pool_wait_ns predicts when all that is queued now has been begun: tasks in the queue times how long the last ones
 * ran, over the workers. 0 before a task has ended. */
int64_t pool_wait_ns(struct pool *pool);

struct pool_stats {
    size_t workers, busy, queued, capacity; /* busy: running a task or helping one */
};
void pool_stats(struct pool *pool, struct pool_stats *out);

#endif
