/* jobs_table.h - the table behind jobs.h. (Private to jobs.c and jobs_run.c.)
 *
 * Two locks, taken in this order: `file` guards the store and every change of a job's row; `mutex` guards the table. A
 * change is made in a copy of the row, written, and then put into the table; so what the table says is on the disk. */
#ifndef SOLVENT_JOBS_TABLE_H
#define SOLVENT_JOBS_TABLE_H

#include <pthread.h>

#include "server/jobs.h"

struct ticket {
    struct ticket *older, *newer;
    unsigned refs;
    bool listed; /* in the table */
    struct stored job;
    double share;
    atomic_int *stop; /* of who runs it; NULL: nobody, or it does not listen yet */
    struct event_log log;
    struct buf last; /* the event that tells of its end, while someone listens */
    struct listener *listeners;
};

struct jobs {
    struct jobs_options options;
    char *path; /* what options.path points to */
    pthread_mutex_t file;
    struct jobs_store store; /* db NULL: it cannot be used now */
    bool told;               /* the log knows */
    atomic_bool untidy;      /* there may be parts for store_tidy */

    pthread_mutex_t mutex;
    pthread_cond_t news; /* something to take, or the end; on the monotonic clock */
    struct ticket *oldest, *newest;
    size_t n;
    uint64_t bytes;
    bool stopping;
};

int64_t table_now(struct jobs *jobs);
void table_say(struct jobs *jobs, const char *level, const char *text);

/* With the mutex held. table_drop releases a reference. table_wake wakes the listeners of a ticket; table_wake_all
 * those of all, since the places in the queue have changed. table_quiet frees the events of one that ended, when nobody
 * listens: they are in the file. */
void table_drop(struct ticket *ticket);
void table_wake(struct ticket *ticket);
void table_wake_all(struct jobs *jobs);
void table_quiet(struct ticket *ticket);

/* table_maker is the job that has not ended and makes what is so called; NULL: none does. With the mutex held. */
struct ticket *table_maker(struct jobs *jobs, const char *name);

/* table_open opens the file where it is not open, and loads what it holds; with the file's lock held. */
bool table_open(struct jobs *jobs);

/* table_put puts a changed row into the table: with the file's lock held, the mutex not. */
void table_put(struct jobs *jobs, struct ticket *ticket, const struct stored *row);

/* table_copy reads a row. */
struct stored table_copy(struct jobs *jobs, struct ticket *ticket);

/* table_tidy removes a part that is of no use any more; false: there is none. With the file's lock held. */
bool table_tidy(struct jobs *jobs);

/* table_forget takes a job off the disk and out of the table; with the file's lock held. */
bool table_forget(struct jobs *jobs, struct ticket *ticket);

/* table_finish writes the end of a job whose row says how it ended: its last event, what was kept of it (body NULL:
 * nothing), and no request any more. false: it could not be written. With the file's lock held. */
bool table_finish(struct jobs *jobs, struct ticket *ticket, struct stored *row, const void *body, size_t n);

#endif
