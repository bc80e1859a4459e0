/* flight.h - the requests that are parked, and which computation each waits for. Equal requests share one (coalescing).
 *
 * One lock guards, for every job, its list of waiters: a waiter is taken off it exactly once, by whoever finishes the
 * job or by the watchdog when the client has left, and then handed to its loop. The last waiter that leaves cancels the
 * job. */
#ifndef SOLVENT_FLIGHT_H
#define SOLVENT_FLIGHT_H

#include <stdbool.h>

struct exchange;
struct job;
struct flights;

struct flights *flights_new(void); /* NULL: no memory */
void flights_free(struct flights *flights);

/* flight_enter makes x wait: for an equal job in flight (returned; `job` is the caller's to drop, and x has a reference
 * to the other), or for `job` itself, which others may join from now on if it is keyed and pure (NULL is returned; x
 * has a reference). */
struct job *flight_enter(struct flights *flights, struct job *job, struct exchange *x);

/* flight_has tells whether `job` could join another just now. */
bool flight_has(struct flights *flights, const struct job *job);

/* flight_merge: a job that got its key on a worker hands its waiters to an equal one in flight, if there is one (true),
 * or becomes one that others may join. */
bool flight_merge(struct flights *flights, struct job *job);

/* flight_open hands the waiter of a job that goes on to its loop, which answers with the job's stream; false: it has
 * left, or the job is settled. flight_settle says whether that has happened; if not, it will not. */
bool flight_open(struct flights *flights, struct job *job);
bool flight_settle(struct flights *flights, struct job *job);

/* flight_cancel stops a job that was opened and whose reader has left; the caller sees to it that the job lives on. */
void flight_cancel(struct flights *flights, struct job *job);

/* flight_finish hands all waiters of a job to their loops. */
void flight_finish(struct flights *flights, struct job *job);

/* flight_leave: the client of x left. x goes back to its loop with x->left set, unless it is on its way there
 * already. */
void flight_leave(struct flights *flights, struct exchange *x);

/* flights_cancel stops every job. */
void flights_cancel(struct flights *flights);

#endif
