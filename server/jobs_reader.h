/* jobs_reader.h - the events of a job on their way to one client: GET /v1/jobs/{id}/events.
 *
 *      worker of the pool                  loop
 *      reader_open --(parked exchange)--> reader_reply -> reader_read -> chunks
 *                                           ^   with nothing to send the connection is suspended
 *      who changes the job ---- wake -------+   until the job changes, or a comment is due
 *
 * What is sent is made when it is read, from the job's events as they are then: a slow reader holds up nobody, and
 * misses what the log has dropped meanwhile. The events of a job that had ended before come from the file.
 * Lock: that of the table of jobs, after the watchdog's and before that of a loop. */
#ifndef SOLVENT_JOBS_READER_H
#define SOLVENT_JOBS_READER_H

#include <microhttpd.h>

#include "server/jobs.h"

struct exchange;
struct reader;

/* reader_open begins to listen to a ticket, whose reference it takes, behind the event `after` ("": from the first that
 * is kept). May wait for the disk. NULL: no memory (the reference is released). */
struct reader *reader_open(struct jobs *jobs, struct ticket *ticket, const char *after);

/* reader_is_over: the client has all of it already. */
bool reader_is_over(const struct reader *reader);

void reader_close(struct reader *reader); /* NULL is fine */

/* reader_begin is for the loop: x->job->reader is read by reader_read from now on (a content reader of libmicrohttpd,
 * whose cls is x). */
void reader_begin(struct exchange *x);
ssize_t reader_read(void *cls, uint64_t pos, char *to, size_t max);

#endif
