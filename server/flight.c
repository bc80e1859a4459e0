#include "server/flight.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/exchange.h"
#include "server/loop.h"
#include "server/metrics.h"

enum { BUCKETS = 1024 };

struct flights {
    pthread_mutex_t mutex;
    struct job *jobs;             /* all that have waiters */
    struct job *buckets[BUCKETS]; /* those that others may join */
};

struct flights *flights_new(void) {
    struct flights *flights = calloc(1, sizeof *flights);
    if (flights)
        pthread_mutex_init(&flights->mutex, NULL);
    return flights;
}

void flights_free(struct flights *flights) {
    if (flights)
        pthread_mutex_destroy(&flights->mutex);
    free(flights);
}

static struct job **bucket(struct flights *flights, const struct key *key) {
    unsigned h;
    memcpy(&h, key->b, sizeof h);
    return &flights->buckets[h % BUCKETS];
}

static bool joinable(const struct job *job) {
    return job->keyed && job->decoded && !job->call.impure && !job->stream; /* a stream has one reader */
}

static struct job *find_equal(struct flights *flights, const struct key *key) {
    struct job *job = *bucket(flights, key);
    while (job && !key_equal(&job->key, key))
        job = job->same_bucket;
    return job;
}

static void publish(struct flights *flights, struct job *job) {
    struct job **at = bucket(flights, &job->key);
    job->same_bucket = *at;
    *at = job;
    job->in_flight = true;
}

static void unpublish(struct flights *flights, struct job *job) {
    if (!job->in_flight)
        return;
    struct job **at = bucket(flights, &job->key);
    while (*at != job)
        at = &(*at)->same_bucket;
    *at = job->same_bucket;
    job->in_flight = false;
}

static void list_job(struct flights *flights, struct job *job) {
    job->older = flights->jobs;
    job->newer = NULL;
    if (job->older)
        job->older->newer = job;
    flights->jobs = job;
    job->listed = true;
}

static void unlist_job(struct flights *flights, struct job *job) {
    if (!job->listed)
        return;
    *(job->newer ? &job->newer->older : &flights->jobs) = job->older;
    if (job->older)
        job->older->newer = job->newer;
    job->listed = false;
}

/* attach consumes one reference to the job. */
static void attach(struct job *job, struct exchange *x) {
    x->job = job;
    x->prev = NULL;
    x->next = job->waiters;
    if (x->next)
        x->next->prev = x;
    job->waiters = x;
    x->waiting = true;
}

static void detach(struct exchange *x) {
    *(x->prev ? &x->prev->next : &x->job->waiters) = x->next;
    if (x->next)
        x->next->prev = x->prev;
    x->waiting = false;
}

struct job *flight_enter(struct flights *flights, struct job *job, struct exchange *x) {
    pthread_mutex_lock(&flights->mutex);
    struct job *equal = joinable(job) ? find_equal(flights, &job->key) : NULL;
    if (!equal) {
        list_job(flights, job);
        if (joinable(job))
            publish(flights, job);
    }
    job_keep(equal ? equal : job);
    attach(equal ? equal : job, x);
    x->collapsed = equal != NULL;
    pthread_mutex_unlock(&flights->mutex);
    return equal;
}

bool flight_has(struct flights *flights, const struct job *job) {
    pthread_mutex_lock(&flights->mutex);
    bool has = joinable(job) && find_equal(flights, &job->key);
    pthread_mutex_unlock(&flights->mutex);
    return has;
}

bool flight_merge(struct flights *flights, struct job *job) {
    if (!joinable(job))
        return false;
    pthread_mutex_lock(&flights->mutex);
    struct job *equal = find_equal(flights, &job->key);
    bool merges = equal && equal != job;
    while (merges && job->waiters) {
        struct exchange *x = job->waiters;
        detach(x);
        job_keep(equal);
        attach(equal, x);
        x->collapsed = true;
        job_drop(job); /* x's reference; the runner holds another */
    }
    if (merges)
        unlist_job(flights, job);
    else if (!equal && job->waiters)
        publish(flights, job);
    pthread_mutex_unlock(&flights->mutex);
    return merges;
}

bool flight_open(struct flights *flights, struct job *job) {
    pthread_mutex_lock(&flights->mutex);
    struct exchange *x = job->settled ? NULL : job->waiters;
    if (x) {
        detach(x);
        job->open = true;
    }
    bool open = job->open;
    pthread_mutex_unlock(&flights->mutex);
    if (x)
        loop_deliver(x->loop, x);
    return open;
}

bool flight_settle(struct flights *flights, struct job *job) {
    pthread_mutex_lock(&flights->mutex);
    job->settled = true;
    bool open = job->open;
    pthread_mutex_unlock(&flights->mutex);
    return open;
}

void flight_finish(struct flights *flights, struct job *job) {
    pthread_mutex_lock(&flights->mutex);
    unpublish(flights, job);
    unlist_job(flights, job);
    struct exchange *x = job->waiters;
    job->waiters = NULL;
    for (struct exchange *w = x; w; w = w->next)
        w->waiting = false;
    pthread_mutex_unlock(&flights->mutex);
    while (x) {
        struct exchange *next = x->next; /* x belongs to its loop once it is delivered */
        loop_deliver(x->loop, x);
        x = next;
    }
}

/* cancel ends a job that nobody waits for. One that no worker has begun leaves the queue at once; true: then the caller
 * drops its reference and returns its memory. */
static bool cancel(struct flights *flights, struct job *job) {
    unpublish(flights, job);
    unlist_job(flights, job);
    atomic_store_explicit(&job->stop, STOP_CANCEL, memory_order_relaxed);
    metrics_cancelled(job->server->metrics);
    return pool_remove(job->server->pool, &job->task);
}

/* drop_unqueued does what a worker would have done in the end. */
static void drop_unqueued(struct job *job) {
    if (!job)
        return;
    server_unreserve(job->server, job->reserved);
    job_drop(job);
}

void flight_leave(struct flights *flights, struct exchange *x) {
    pthread_mutex_lock(&flights->mutex);
    struct job *unqueued = NULL;
    bool waited = x->waiting;
    if (waited) {
        detach(x);
        x->left = true;
        if (!x->job->waiters && cancel(flights, x->job))
            unqueued = x->job;
    }
    pthread_mutex_unlock(&flights->mutex);
    drop_unqueued(unqueued); /* x still has its own reference */
    if (waited)
        loop_deliver(x->loop, x);
}

void flight_cancel(struct flights *flights, struct job *job) {
    pthread_mutex_lock(&flights->mutex);
    bool unqueued = cancel(flights, job);
    pthread_mutex_unlock(&flights->mutex);
    drop_unqueued(unqueued ? job : NULL);
}

void flights_cancel(struct flights *flights) {
    pthread_mutex_lock(&flights->mutex);
    for (struct job *job = flights->jobs; job; job = job->older)
        atomic_store_explicit(&job->stop, STOP_CANCEL, memory_order_relaxed);
    pthread_mutex_unlock(&flights->mutex);
}
