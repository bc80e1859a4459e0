/* What clients ask of jobs that are there. */
#include <stdio.h>

#include "core/base/ctx.h"
#include "server/jobs.h"
#include "server/jobs_table.h"

void jobs_lock(struct jobs *jobs) { pthread_mutex_lock(&jobs->mutex); }
void jobs_unlock(struct jobs *jobs) { pthread_mutex_unlock(&jobs->mutex); }
const struct event_log *ticket_log(const struct ticket *t) { return &t->log; }
const struct buf *ticket_last(const struct ticket *t) { return &t->last; }

/* left_s guesses how long a job will still compute: by how far it has come, else by its predicted cost; below 0: by
 * nothing. */
static double left_s(const struct ticket *t, int64_t now) {
    double ran = t->job.state == JOB_RUNNING ? (double)(now - t->job.started) / 1e3 : 0;
    if (t->job.state == JOB_RUNNING && t->share > 0)
        return ran > 0 ? ran * (1 - t->share) / t->share : 0;
    if (t->job.cost_ns == 0)
        return -1;
    double left = (double)t->job.cost_ns / 1e9 - ran;
    return left > 0 ? left : 0;
}

void ticket_look(struct jobs *jobs, const struct ticket *t, struct look *out) {
    *out = (struct look){.job = t->job, .now = table_now(jobs), .share = t->job.state == JOB_RUNNING ? t->share : -1};
    if (t->job.ended)
        out->expires = t->job.ended + jobs->options.ttl_ms;
    out->left_s = t->job.state <= JOB_RUNNING ? left_s(t, out->now) : -1;
    if (t->job.state != JOB_QUEUED)
        return;
    double ahead_s = 0;
    bool known = out->left_s >= 0;
    for (const struct ticket *o = jobs->oldest; o != t; o = o->newer) {
        double left = o->job.state <= JOB_RUNNING ? left_s(o, out->now) : 0;
        out->before += o->job.state == JOB_QUEUED;
        known = known && left >= 0;
        ahead_s += left;
    }
    out->left_s = known ? out->left_s + ahead_s / (jobs->options.workers ? jobs->options.workers : 1) : -1;
}

void jobs_look(struct jobs *jobs, struct ticket *t, struct look *out) {
    jobs_lock(jobs);
    ticket_look(jobs, t, out);
    jobs_unlock(jobs);
}

/* is_there: what has expired is not, though it may not be swept yet. */
static bool is_there(const struct look *look) { return !look->expires || look->expires > look->now; }

struct ticket *jobs_find(struct jobs *jobs, const char *id) {
    struct look look;
    jobs_lock(jobs);
    struct ticket *t = jobs->newest;
    while (t && strcmp(t->job.id, id) != 0)
        t = t->older;
    if (t)
        ticket_look(jobs, t, &look);
    if (t && !is_there(&look))
        t = NULL;
    if (t)
        t->refs++;
    jobs_unlock(jobs);
    return t;
}

void jobs_release(struct jobs *jobs, struct ticket *t) {
    jobs_lock(jobs);
    table_drop(t);
    jobs_unlock(jobs);
}

bool jobs_making(struct jobs *jobs, const char *name, char id[STORE_ID + 1]) {
    jobs_lock(jobs);
    const struct ticket *t = table_maker(jobs, name);
    if (t)
        memcpy(id, t->job.id, STORE_ID + 1);
    jobs_unlock(jobs);
    return t != NULL;
}

size_t jobs_list(struct jobs *jobs, int64_t before, int state, struct look *out, size_t n, bool *more) {
    size_t found = 0;
    *more = false;
    jobs_lock(jobs);
    for (struct ticket *t = jobs->newest; t && !*more; t = t->older) {
        struct look look;
        if (t->job.seq >= before || (state >= 0 && t->job.state != state))
            continue;
        ticket_look(jobs, t, &look);
        if (!is_there(&look))
            continue;
        *more = found == n;
        if (!*more)
            out[found++] = look;
    }
    jobs_unlock(jobs);
    return found;
}

void jobs_count(struct jobs *jobs, size_t counts[N_JOB_STATES], uint64_t *bytes) {
    memset(counts, 0, N_JOB_STATES * sizeof *counts);
    jobs_lock(jobs);
    for (struct ticket *t = jobs->oldest; t; t = t->newer)
        counts[t->job.state]++;
    *bytes = jobs->bytes;
    jobs_unlock(jobs);
}

bool jobs_read(struct jobs *jobs, struct ticket *t, enum part part, struct buf *out, bool *found) {
    *found = false;
    pthread_mutex_lock(&jobs->file);
    bool gone = part <= PART_CHECKPOINT && table_copy(jobs, t).state >= JOB_DONE; /* if not from the disk yet */
    bool good = table_open(jobs) && (gone || store_get(&jobs->store, t->job.seq, part, out, found));
    pthread_mutex_unlock(&jobs->file);
    return good;
}

/* -- cancelling -- */

/* stop_at_once is what must not wait for the disk; it says whether the job had ended. */
static bool stop_at_once(struct jobs *jobs, struct ticket *t) {
    jobs_lock(jobs);
    bool ended = t->job.state >= JOB_DONE;
    if (!ended && t->stop)
        atomic_store(t->stop, STOP_CANCEL);
    jobs_unlock(jobs);
    return ended;
}

static bool cancel(struct jobs *jobs, struct ticket *t) {
    struct stored row = table_copy(jobs, t);
    if (row.state >= JOB_DONE) /* it ended while we waited for the file */
        return true;
    row.state = JOB_CANCELLED;
    return table_finish(jobs, t, &row, NULL, 0);
}

bool jobs_cancel(struct jobs *jobs, struct ticket *t, struct look *out, bool *forgotten, char why[JOBS_WHY]) {
    *forgotten = stop_at_once(jobs, t);
    pthread_mutex_lock(&jobs->file);
    bool good = table_open(jobs) && (*forgotten ? table_forget(jobs, t) : cancel(jobs, t));
    if (!good)
        snprintf(why, JOBS_WHY, "%s", jobs->store.why);
    jobs_look(jobs, t, out);
    pthread_mutex_unlock(&jobs->file);
    return good;
}

/* -- listening -- */

void jobs_listen(struct jobs *jobs, struct listener *l) {
    jobs_lock(jobs);
    l->prev = NULL;
    l->next = l->ticket->listeners;
    if (l->next)
        l->next->prev = l;
    l->ticket->listeners = l;
    jobs_unlock(jobs);
}

void jobs_leave(struct jobs *jobs, struct listener *l) {
    jobs_lock(jobs);
    *(l->prev ? &l->prev->next : &l->ticket->listeners) = l->next;
    if (l->next)
        l->next->prev = l->prev;
    table_quiet(l->ticket);
    table_drop(l->ticket);
    jobs_unlock(jobs);
}
