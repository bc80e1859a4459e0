/* What workers do with jobs. */
#include <stdio.h>
#include <time.h>

#include "core/base/ctx.h"
#include "handlers/call.h"
#include "server/clock.h"
#include "server/jobs.h"
#include "server/jobs_table.h"

enum { SWEEP_S = 5, RETRY_S = 1 };

static struct ticket *find_queued(struct jobs *jobs) {
    struct ticket *t = jobs->oldest;
    while (t && t->job.state != JOB_QUEUED)
        t = t->newer;
    return t;
}

/* await_queued waits until there is something to take or to sweep; false: the end. */
static bool await_queued(struct jobs *jobs) {
    jobs_lock(jobs);
    if (!jobs->stopping && !find_queued(jobs) && !atomic_load(&jobs->untidy)) {
        struct timespec until = clock_spec(clock_ns() + SWEEP_S * NS_PER_S);
        pthread_cond_timedwait(&jobs->news, &jobs->mutex, &until);
    }
    bool more = !jobs->stopping;
    jobs_unlock(jobs);
    return more;
}

/* rest waits where the file does not let a job begin. */
static void rest(struct jobs *jobs) {
    struct timespec until = clock_spec(clock_ns() + RETRY_S * NS_PER_S);
    jobs_lock(jobs);
    if (!jobs->stopping)
        pthread_cond_timedwait(&jobs->news, &jobs->mutex, &until);
    jobs_unlock(jobs);
}

/* begin writes that the job runs; with the file's lock held. */
static bool begin(struct jobs *jobs, struct ticket *t) {
    struct stored row = table_copy(jobs, t);
    row.state = JOB_RUNNING;
    row.attempts++;
    row.started = table_now(jobs);
    if (!store_update(&jobs->store, &row))
        return false;
    jobs_lock(jobs);
    event_log_release(&t->log);
    event_log_init(&t->log, (uint64_t)row.events);
    t->share = -1;
    jobs_unlock(jobs);
    table_put(jobs, t, &row);
    return true;
}

/* take_one gives the first of the queue, begun, or NULL. */
static struct ticket *take_one(struct jobs *jobs) {
    bool broken = false;
    pthread_mutex_lock(&jobs->file);
    struct ticket *t = NULL;
    if (table_open(jobs)) {
        jobs_lock(jobs);
        t = jobs->stopping ? NULL : find_queued(jobs);
        if (t)
            t->refs++;
        jobs_unlock(jobs);
    }
    broken = !jobs->store.db || (t && !begin(jobs, t));
    pthread_mutex_unlock(&jobs->file);
    if (broken && t)
        jobs_release(jobs, t);
    if (broken)
        rest(jobs);
    return broken ? NULL : t;
}

struct ticket *jobs_take(struct jobs *jobs) {
    struct ticket *t = NULL;
    while (!t && await_queued(jobs)) {
        t = take_one(jobs);
        if (!t)
            jobs_sweep(jobs);
    }
    return t;
}

void jobs_attach(struct jobs *jobs, struct ticket *t, atomic_int *stop) {
    jobs_lock(jobs);
    t->stop = stop;
    if (stop && (jobs->stopping || t->job.state != JOB_RUNNING)) /* it was too late to be told */
        atomic_store(stop, STOP_CANCEL);
    jobs_unlock(jobs);
}

void jobs_share(struct jobs *jobs, struct ticket *t, double share) {
    jobs_lock(jobs);
    t->share = share;
    jobs_unlock(jobs);
}

void jobs_event(struct jobs *jobs, struct ticket *t, const char *event, size_t n) {
    jobs_lock(jobs);
    if (t->job.state == JOB_RUNNING) {
        event_log_add(&t->log, event, n);
        table_wake(t);
    }
    jobs_unlock(jobs);
}

bool jobs_save(struct jobs *jobs, struct ticket *t, const void *p, size_t n) {
    struct jobs_store *store = &jobs->store;
    pthread_mutex_lock(&jobs->file);
    jobs_lock(jobs);
    struct stored row = t->job;
    row.events = (int64_t)event_log_next(&t->log);
    row.bytes = row.asked + (int64_t)n;
    row.attempts = 1; /* it has come further than the process that died under it before */
    bool good =
        row.state == JOB_RUNNING && jobs->bytes - (uint64_t)t->job.bytes + (uint64_t)row.bytes <= jobs->options.bytes;
    jobs_unlock(jobs);
    good = good && store_begin(store);
    good = good &&
           store_end(store, store_put(store, row.seq, PART_CHECKPOINT, n ? p : "", n) && store_update(store, &row));
    if (good)
        table_put(jobs, t, &row);
    pthread_mutex_unlock(&jobs->file);
    return good;
}

/* -- the end -- */

/* requeue leaves a job for the next process, as if it had not been begun. */
static bool requeue(struct jobs *jobs, struct ticket *t, struct stored *row) {
    row->state = JOB_QUEUED;
    row->attempts--;
    row->started = 0;
    if (!store_update(&jobs->store, row))
        return false;
    table_put(jobs, t, row);
    return true;
}

static bool fits(struct jobs *jobs, struct ticket *t, size_t n) {
    jobs_lock(jobs);
    bool fits = jobs->bytes - (uint64_t)t->job.bytes + n <= jobs->options.bytes;
    jobs_unlock(jobs);
    return fits;
}

/* finish_badly ends a job whose answer cannot be kept. */
static bool finish_badly(struct jobs *jobs, struct ticket *t, struct stored *row, int http, const char *code,
                         const char *why) {
    struct buf problem;
    buf_init(&problem, 1 << 16);
    problem_write(&problem, NULL, http, code, row->request_id, why);
    row->state = JOB_FAILED;
    row->http = http;
    snprintf(row->result_media, sizeof row->result_media, "%s", media_text(MEDIA_PROBLEM));
    bool good = !problem.failed && table_finish(jobs, t, row, problem.data, problem.n);
    buf_release(&problem);
    return good;
}

static bool finish(struct jobs *jobs, struct ticket *t, struct stored *row, const struct outcome *o) {
    char why[JOBS_WHY];
    if (!fits(jobs, t, o->n)) {
        snprintf(why, sizeof why,
                 "The answer has %zu bytes, with which the jobs would hold more than the %llu that the "
                 "server keeps (its option --jobs-bytes).",
                 o->n, (unsigned long long)jobs->options.bytes);
        return finish_badly(jobs, t, row, 413, "too_large", why);
    }
    row->state = o->http == 200 ? JOB_DONE : JOB_FAILED;
    row->http = o->http;
    snprintf(row->result_media, sizeof row->result_media, "%s", o->media);
    if (table_finish(jobs, t, row, o->n ? o->body : "", o->n))
        return true;
    snprintf(why, sizeof why, "%s", jobs->store.why);
    return finish_badly(jobs, t, row, 503, "not_ready", why);
}

/* settle is for an end that could not be written: this process knows it, the next one runs the job again. */
static void settle(struct jobs *jobs, struct ticket *t, struct stored *row) {
    table_say(jobs, "error", jobs->store.why);
    row->state = JOB_FAILED;
    row->http = 503;
    row->result_media[0] = '\0';
    row->ended = table_now(jobs);
    table_put(jobs, t, row);
}

/* write_outcome: what was stopped, though the service does not end, was cancelled by a client, who waits for the file. */
static bool write_outcome(struct jobs *jobs, struct ticket *t, struct stored *row, const struct outcome *o) {
    if (!o->stopped)
        return finish(jobs, t, row, o);
    row->state = JOB_CANCELLED;
    return table_finish(jobs, t, row, NULL, 0);
}

void jobs_end(struct jobs *jobs, struct ticket *t, const struct outcome *o) {
    jobs_attach(jobs, t, NULL);
    pthread_mutex_lock(&jobs->file);
    struct stored row = table_copy(jobs, t);
    if (row.state == JOB_RUNNING) { /* else it was cancelled */
        bool again = o->stopped && jobs_stopping(jobs);
        if (!(again ? requeue(jobs, t, &row) : write_outcome(jobs, t, &row, o)) && !again)
            settle(jobs, t, &row);
    }
    pthread_mutex_unlock(&jobs->file);
    jobs_release(jobs, t);
}

void jobs_stop(struct jobs *jobs) {
    jobs_lock(jobs);
    jobs->stopping = true;
    for (struct ticket *t = jobs->oldest; t; t = t->newer)
        if (t->stop)
            atomic_store(t->stop, STOP_CANCEL);
    table_wake_all(jobs);
    pthread_cond_broadcast(&jobs->news);
    jobs_unlock(jobs);
}

bool jobs_stopping_now(const struct jobs *jobs) { return jobs->stopping; }

bool jobs_stopping(struct jobs *jobs) {
    jobs_lock(jobs);
    bool stopping = jobs->stopping;
    jobs_unlock(jobs);
    return stopping;
}
