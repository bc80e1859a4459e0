/* jobs.h - work that goes on without its client: what is asked with `Prefer: respond-async`, and what became of it.
 *
 *                submit            take                 end
 *     (client) ----------> queued ------> running -----------------> done | failed
 *                            |              |  ^ requeue: the service ends, or was killed
 *                            +--- cancel ---+-----------------------> cancelled
 *
 * Every change is on the disk (jobs_store.h) before anyone is told of it, but for progress and events, which a second
 * run tells of again. Queued jobs are taken in the order they came. One that ended expires after ttl_ms; one that was
 * running when the process died is queued again, JOBS_ATTEMPTS times at most without a new checkpoint.
 *
 * A ticket is a job as the table has it, held by reference: by the table, by who runs it and by who listens to it.
 * Knows no HTTP. Threads: every function but jobs_close may be called from any thread; those that write may wait for
 * the disk. Locks: that of the file, then that of the table, in which listeners are woken. */
#ifndef SOLVENT_JOBS_H
#define SOLVENT_JOBS_H

#include <stdatomic.h>

#include "server/event_log.h"
#include "server/jobs_store.h"

enum { JOBS_ATTEMPTS = 5, JOBS_WHY = 512 };

struct jobs_options {
    const char *path;              /* "": in memory, and gone with the process */
    size_t max;                    /* jobs, in whatever state */
    uint64_t bytes;                /* of all their parts */
    int64_t ttl_ms;                /* how long one that ended is kept */
    unsigned workers;              /* how many will run at once, for estimates */
    int64_t (*now_ms)(void *self); /* milliseconds since 1970 */
    void (*log)(void *self, const char *level, const char *text);
    void *self; /* of both */
};

struct jobs;
struct ticket;

/* jobs_open never fails but for want of memory (NULL). A file that cannot be used is tried again at every submission
 * and every second; meanwhile there are no jobs, and submissions are refused. */
struct jobs *jobs_open(const struct jobs_options *options);
void jobs_close(struct jobs *jobs); /* no ticket may be held any more */

/* -- clients -- */

struct submission {
    struct stored job; /* path, request_id, content_type, key, digest, media, makes, seed and cost_ns are to be set */
    const char *query; /* NULL: none */
    const void *body;
    size_t n;
};

enum verdict {
    VERDICT_TAKEN,
    VERDICT_SAME,   /* a job with this key and this request was there already */
    VERDICT_CLASH,  /* one with this key and another request was */
    VERDICT_MAKING, /* one that has not ended makes the same */
    VERDICT_FULL,   /* there are `max` jobs */
    VERDICT_LARGE,  /* they would hold more than `bytes` */
    VERDICT_HUGE,   /* it alone would */
    VERDICT_BROKEN, /* the file cannot be used */
};

/* jobs_submit queues a job, or finds the one with its key. *out is a reference where TAKEN or SAME; else why is a
 * sentence. */
enum verdict jobs_submit(struct jobs *jobs, const struct submission *submission, struct ticket **out,
                         char why[JOBS_WHY]);

/* A job at one moment. */
struct look {
    struct stored job;
    int64_t now, expires; /* expires 0: not while it has not ended */
    size_t before;        /* while queued: how many jobs are before it, running ones not counted */
    double share;         /* of its work that is done, 0 .. 1; below 0: not known */
    double left_s;        /* until it ends, at a guess; below 0: not known */
};
void jobs_look(struct jobs *jobs, struct ticket *ticket, struct look *out);

/* jobs_find gives a reference; NULL: there is none of that id (any more). */
struct ticket *jobs_find(struct jobs *jobs, const char *id);
void jobs_release(struct jobs *jobs, struct ticket *ticket);

/* jobs_making finds a job that has not ended and makes what is so called; false: there is none. */
bool jobs_making(struct jobs *jobs, const char *name, char id[STORE_ID + 1]);

/* jobs_list looks at the newest jobs older than number `before` (INT64_MAX: all), of one state (below 0: any), at most
 * n; *more: there are older ones. Returns how many. */
size_t jobs_list(struct jobs *jobs, int64_t before, int state, struct look *out, size_t n, bool *more);

/* jobs_cancel cancels a job that has not ended (one that runs is told to stop, and nobody waits for it), or forgets one
 * that has. *out is what it was and, if cancelled, is. false: why is a sentence. */
bool jobs_cancel(struct jobs *jobs, struct ticket *ticket, struct look *out, bool *forgotten, char why[JOBS_WHY]);

/* jobs_read appends a part of a job; false: it cannot be read. *found: there is one. */
bool jobs_read(struct jobs *jobs, struct ticket *ticket, enum part part, struct buf *out, bool *found);

/* jobs_sweep forgets what has expired; it happens by itself too, every few seconds. */
void jobs_sweep(struct jobs *jobs);

void jobs_count(struct jobs *jobs, size_t counts[N_JOB_STATES], uint64_t *bytes);

/* A listener is woken, with the table locked, whenever there may be something new to tell of its ticket. */
struct listener {
    struct listener *next, *prev;
    struct ticket *ticket; /* a reference */
    void (*wake)(struct listener *self);
};
void jobs_listen(struct jobs *jobs, struct listener *listener);
/* jobs_leave also releases the ticket. */
void jobs_leave(struct jobs *jobs, struct listener *listener);

/* jobs_lock and jobs_unlock are for what a listener's wake() must not run into. In between: the four below. */
void jobs_lock(struct jobs *jobs);
void jobs_unlock(struct jobs *jobs);
const struct event_log *ticket_log(const struct ticket *ticket);
const struct buf *ticket_last(const struct ticket *ticket); /* the event of its end; empty: none yet, or in PART_LAST */
void ticket_look(struct jobs *jobs, const struct ticket *ticket, struct look *out);
bool jobs_stopping_now(const struct jobs *jobs);

/* -- workers -- */

/* jobs_take waits for a queued job and begins it; the caller has a reference, and ends it. NULL: jobs_stop was
 * called. */
struct ticket *jobs_take(struct jobs *jobs);

/* jobs_attach tells where to write STOP_CANCEL when the job is to stop; NULL: nowhere any more. */
void jobs_attach(struct jobs *jobs, struct ticket *ticket, atomic_int *stop);

/* jobs_share and jobs_event tell how far a running job is; the event is what event_log_add takes. */
void jobs_share(struct jobs *jobs, struct ticket *ticket, double share);
void jobs_event(struct jobs *jobs, struct ticket *ticket, const char *event, size_t n);

/* jobs_save keeps a running job's checkpoint in place of the last one; the next run gets it by jobs_read, and its
 * events go on from here. false: it could not be kept. */
bool jobs_save(struct jobs *jobs, struct ticket *ticket, const void *p, size_t n);

struct outcome {
    bool stopped;      /* it came to nothing because of the stop */
    int http;          /* 200: done, else failed */
    const char *media; /* of the body: the answer, or the problem */
    const void *body;
    size_t n;
};
/* jobs_end ends a running job and releases it. What does not fit, or cannot be written, becomes a failure; one that was
 * stopped because the service ends is queued again; one that was cancelled stays so. */
void jobs_end(struct jobs *jobs, struct ticket *ticket, const struct outcome *outcome);

/* jobs_stop has running jobs stop, and lets no more begin; listeners are woken, and jobs_stopping_now tells them. */
void jobs_stop(struct jobs *jobs);
bool jobs_stopping(struct jobs *jobs);

#endif
