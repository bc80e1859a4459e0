/* jobs_store.h - jobs in SQLite. (Private to jobs.c and tests.)
 *
 * A file of its own beside the cache's: a job is a promise, and nothing evicts it. One process has the file at a time
 * (locking_mode EXCLUSIVE; a killed one leaves no lock behind), or two would run the same jobs. What a call here
 * returned from is on the disk (synchronous FULL). PRAGMA user_version is STORE_VERSION; an older file is brought up.
 *
 *     jobs     a row a job: struct stored, and `digest` of its request
 *     parts    the bytes of a job: seq * 8 + enum part -> body, and a digest of both (NULL: an older version wrote it)
 *
 * Threads: one at a time. Errors: false, and store->why is a sentence. */
#ifndef SOLVENT_JOBS_STORE_H
#define SOLVENT_JOBS_STORE_H

#include <sqlite3.h>

#include "core/base/buf.h"
#include "server/key.h"

enum {
    STORE_VERSION = 3,              /* 1 had no `makes`, 2 no digests of parts */
    STORE_APPLICATION = 0x536c766a, /* "Slvj" */
    STORE_ID = 16,
    STORE_WORD = 128, /* of a header's text */
    STORE_REQUEST = 129,
    STORE_PATH = 256,
    STORE_KEY = 256,
    STORE_MAKES = 65,
};

/* name of the state, as the file and clients have it */
#define JOB_STATE_LIST(X) \
    X(QUEUED, "queued") X(RUNNING, "running") X(DONE, "done") X(FAILED, "failed") X(CANCELLED, "cancelled")
enum job_state {
#define X(name, text) JOB_##name,
    JOB_STATE_LIST(X)
#undef X
        N_JOB_STATES
};

enum part {
    PART_REQUEST,
    PART_QUERY,
    PART_CHECKPOINT, /* up to here: only of jobs that have not ended */
    PART_RESULT,     /* the answer or the problem */
    PART_EVENTS,     /* as an event_log has them */
    PART_LAST,       /* the event that tells of the end */
};

/* Times are milliseconds since 1970; 0: not yet. */
struct stored {
    int64_t seq; /* grows with every job; 0: not stored yet */
    char id[STORE_ID + 1];
    char path[STORE_PATH]; /* of the endpoint that was asked, with its parameters */
    char request_id[STORE_REQUEST], content_type[STORE_WORD];
    char key[STORE_KEY];     /* Idempotency-Key; "": none */
    struct key digest;       /* of the request, to tell another one under the same key */
    char media[64];          /* of the answer that was asked for */
    char makes[STORE_MAKES]; /* the model that it makes; "": none */
    int64_t seed;            /* what its seeds are drawn from */
    int64_t cost_ns;         /* predicted */
    int state;               /* enum job_state */
    int64_t attempts;        /* how often it was begun */
    int64_t created, started, ended;
    int64_t http;          /* of the answer or the problem; 0: there is none yet */
    char result_media[64]; /* of PART_RESULT; "": there is none */
    int64_t result_bytes;  /* of PART_RESULT */
    int64_t bytes;         /* of all its parts */
    int64_t asked;         /* of its request and query alone */
    int64_t events;        /* number of the next event after the checkpoint */
};

struct jobs_store {
    sqlite3 *db;
    char why[512];
};

/* store_open opens or makes the file; "" is memory. */
bool store_open(struct jobs_store *store, const char *path);
void store_close(struct jobs_store *store); /* one that is not open is fine */

/* store_begin and store_end make one transaction of the calls between them; good false: none of it happens. store_end
 * is false where it was not, or could not be written. */
bool store_begin(struct jobs_store *store);
bool store_end(struct jobs_store *store, bool good);

/* store_insert writes a new job, without parts, and sets job->seq. */
bool store_insert(struct jobs_store *store, struct stored *job);
/* store_update writes what changes of a job: state, attempts, times, http, result_media, bytes,
 * events. */
bool store_update(struct jobs_store *store, const struct stored *job);
/* store_forget removes the row; the parts stay for store_tidy. */
bool store_forget(struct jobs_store *store, int64_t seq);
/* store_tidy removes one part that nobody reads any more: of no job, or what was asked of one that has ended. Large parts
 * take a while, which is why it is not done where a client waits. *more: there was one. */
bool store_tidy(struct jobs_store *store, bool *more);
/* store_each calls `take` for every job, in the order of their seq, until it says false; numbers that no job has are an
 * error. */
bool store_each(struct jobs_store *store, bool (*take)(void *self, const struct stored *job), void *self);

/* store_put writes a part in place of what there was; p NULL: it goes. */
bool store_put(struct jobs_store *store, int64_t seq, enum part part, const void *p, size_t n);
/* store_get appends a part to `out`; *found: there is one. One that is not as it was written is an error. */
bool store_get(struct jobs_store *store, int64_t seq, enum part part, struct buf *out, bool *found);

#endif
