/* job.h - one computation and all who wait for it. Knows no HTTP.
 *
 * A job is made on a loop, perhaps decoded and even run there; or it is pushed to the pool and ends by handing its
 * waiters back to their loops (flight.h). It is shared by reference: each waiter holds one, and so does whoever runs
 * it. */
#ifndef SOLVENT_JOB_H
#define SOLVENT_JOB_H

#include "server/negotiate.h"
#include "server/server.h"

struct exchange;
struct reader;
struct stream;

/* What the cache had to do with an answer. */
enum found { FOUND_BYPASS, FOUND_MEMORY, FOUND_DISK, FOUND_MISS, FOUND_STORED };

enum {
    JOB_SMALL = 4 << 10,   /* bodies up to here are decoded on the loop, and looked up by their canonical form too */
    JOB_HASHED = 16 << 10, /* bodies up to here are hashed on the loop; larger ones on a worker, where it pays */
};

struct job {
    struct pool_task task; /* first: the pool gives it back */
    struct watch watch;    /* the deadline while it runs */
    struct server *server;
    char id[ID_MAX + 1]; /* of the request that it was made for */
    atomic_uint refs;
    atomic_int stop; /* enum stop */

    /* Under the lock of the flights. */
    struct exchange *waiters;
    struct job *same_bucket, *older, *newer;
    bool in_flight; /* others may join */
    bool listed;
    bool open;    /* the stream was given to its reader */
    bool settled; /* it will not be any more */

    /* Set by the loop. */
    struct call call;
    char *path, *body, *query; /* owned; what call.request borrows */
    char content_type[128];
    bool gzip;    /* the client takes it */
    bool decoded; /* call_decode went well */
    bool keyed;   /* `key` is known */
    struct key key;
    enum media media;      /* of the answer */
    bool want_key;         /* the client asks If-None-Match: a key is worth its hashing */
    size_t reserved;       /* of server->memory */
    struct stream *stream; /* owned; NULL: the answer is sent when it is whole */
    size_t answer_max;     /* bytes */
    int64_t limit_ms;      /* time to compute it, unless the request asks for less */
    bool async;            /* it becomes one of the jobs of jobs.h; the answer is where to find that */
    char *header; /* owned: then the Idempotency-Key; of endpoints that are `live` the Last-Event-ID. NULL: none */
    const char *refused; /* the queue was full after all: a code for reply_refusal */
    int64_t queued_ns;

    struct reader *reader; /* owned: of a `live` endpoint, what sends its events */
    char location[64];     /* of a 202 */

    /* The outcome; written before the waiters are handed back. Without an answer, call says why. */
    struct answer *answer;
    enum found found;
    int64_t queue_ns, solve_ns, encode_ns; /* how long each took; -1: did not happen */
};

/* job_new makes a job with one reference, ready for call_media and call_decode, in `memory` (from job_end) or, where
 * that is NULL, in new memory. NULL: there is none. */
struct job *job_new(struct server *server, const struct endpoint *endpoint, void *memory);
static inline void job_keep(struct job *job) { atomic_fetch_add_explicit(&job->refs, 1, memory_order_relaxed); }
void job_drop(struct job *job);

/* job_end drops a job that nobody else has seen, and returns its memory for another. */
void *job_end(struct job *job);

/* job_key computes the first key: of the build, the endpoint and all of the request that the answer's bytes depend
 * on. */
void job_key(struct job *job);

/* job_cacheable: the endpoint's answers are functions of the request. */
static inline bool job_cacheable(const struct job *job) { return job->call.endpoint->cache == CACHE_BY_COST; }

/* job_pure: the answer that there is may be sent again for the same request. */
static inline bool job_pure(const struct job *job) {
    return job->answer && job_cacheable(job) && !job->call.impure && !job->answer->partial;
}

/* job_estimate guesses the bytes that it needs beside its body. */
size_t job_estimate(const struct job *job);

/* job_answer looks a job of jobs.h up or computes it, on this thread, which has the cache's connection `reader`;
 * afterwards answer is set, or call.status. */
void job_answer(struct job *job, unsigned reader);

/* job_solve runs and encodes a decoded call on this thread; afterwards answer is set, or call.status. */
void job_solve(struct job *job);

/* job_answer_item is host.answer (self: the server): one request of several in a job, looked up and kept as if it had
 * come alone, plain JSON. */
enum status job_answer_item(void *self, struct call *call, struct buf *out);

/* job_compressible: the answer is to be compressed before it is sent (job_work does; the loop must not). */
bool job_compressible(const struct job *job);

/* job_store keeps the answer in the cache where that pays. */
void job_store(struct job *job);

/* job_work is the pool's task: whatever is left to do, then flight_finish. */
void job_work(struct pool_task *task, unsigned worker);

#endif
