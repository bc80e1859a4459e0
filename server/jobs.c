#include "server/jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "handlers/call.h"
#include "server/jobs_report.h"
#include "server/jobs_table.h"
#include "server/machine.h"

int64_t table_now(struct jobs *jobs) { return jobs->options.now_ms(jobs->options.self); }

void table_say(struct jobs *jobs, const char *level, const char *text) {
    if (jobs->options.log)
        jobs->options.log(jobs->options.self, level, text);
}

/* -- tickets -- */

static struct ticket *ticket_new(const struct stored *row) {
    struct ticket *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->refs = 1;
    t->job = *row;
    t->share = -1;
    event_log_init(&t->log, (uint64_t)row->events);
    buf_init(&t->last, SIZE_MAX / 2);
    return t;
}

void table_drop(struct ticket *t) {
    if (--t->refs)
        return;
    event_log_release(&t->log);
    buf_release(&t->last);
    free(t);
}

static void list_ticket(struct jobs *jobs, struct ticket *t) {
    t->listed = true;
    t->older = jobs->newest;
    *(t->older ? &t->older->newer : &jobs->oldest) = t;
    jobs->newest = t;
    jobs->n++;
    jobs->bytes += (uint64_t)t->job.bytes;
}

/* unlist_ticket drops the table's reference. */
static void unlist_ticket(struct jobs *jobs, struct ticket *t) {
    *(t->older ? &t->older->newer : &jobs->oldest) = t->newer;
    *(t->newer ? &t->newer->older : &jobs->newest) = t->older;
    t->older = t->newer = NULL;
    t->listed = false;
    jobs->n--;
    jobs->bytes -= (uint64_t)t->job.bytes;
    table_wake(t);
    table_drop(t);
}

void table_wake(struct ticket *t) {
    for (struct listener *l = t->listeners; l; l = l->next)
        l->wake(l);
}

void table_wake_all(struct jobs *jobs) {
    for (struct ticket *t = jobs->oldest; t; t = t->newer)
        table_wake(t);
}

static bool has_ended(const struct ticket *t) { return t->job.state >= JOB_DONE; }

void table_quiet(struct ticket *t) {
    if (!has_ended(t) || t->listeners)
        return;
    event_log_release(&t->log);
    buf_release(&t->last);
}

struct stored table_copy(struct jobs *jobs, struct ticket *t) {
    pthread_mutex_lock(&jobs->mutex);
    struct stored row = t->job;
    pthread_mutex_unlock(&jobs->mutex);
    return row;
}

void table_put(struct jobs *jobs, struct ticket *t, const struct stored *row) {
    pthread_mutex_lock(&jobs->mutex);
    if (t->listed)
        jobs->bytes += (uint64_t)row->bytes - (uint64_t)t->job.bytes;
    t->job = *row;
    table_quiet(t);
    table_wake_all(jobs);
    pthread_mutex_unlock(&jobs->mutex);
}

/* -- the end of a job -- */

/* leave_to_tidy has an idle worker remove what is of no use any more. */
static void leave_to_tidy(struct jobs *jobs) {
    atomic_store(&jobs->untidy, true);
    pthread_mutex_lock(&jobs->mutex);
    pthread_cond_signal(&jobs->news);
    pthread_mutex_unlock(&jobs->mutex);
}

bool table_tidy(struct jobs *jobs) {
    bool more = false;
    if (!jobs->store.db || !atomic_load(&jobs->untidy))
        return false;
    if (!store_tidy(&jobs->store, &more) || !more) /* where it cannot be written, the next end tries again */
        atomic_store(&jobs->untidy, false);
    return more;
}

/* write_end writes the row and what is kept of the job in place of what was. */
static bool write_end(struct jobs *jobs, struct stored *row, const void *body, size_t n, const struct buf *events,
                      const struct buf *last) {
    struct jobs_store *store = &jobs->store;
    row->bytes += (int64_t)last->n;
    bool good = store_begin(store);
    good = store_end(store, good && store_update(store, row) && store_put(store, row->seq, PART_RESULT, body, n) &&
                                store_put(store, row->seq, PART_EVENTS, events->data, events->n) &&
                                store_put(store, row->seq, PART_LAST, last->data, last->n));
    if (good)
        leave_to_tidy(jobs);
    return good;
}

static void copy_events(struct jobs *jobs, const struct ticket *t, struct buf *out) {
    size_t n;
    pthread_mutex_lock(&jobs->mutex);
    const char *text = event_log_from(&t->log, 0, &n);
    buf_add(out, text, n);
    pthread_mutex_unlock(&jobs->mutex);
}

/* end_ticket gives the last event to the ticket, before its state tells of the end. */
static void end_ticket(struct jobs *jobs, struct ticket *t, const struct stored *row, struct buf *last) {
    pthread_mutex_lock(&jobs->mutex);
    buf_release(&t->last);
    t->last = *last;
    pthread_mutex_unlock(&jobs->mutex);
    *last = (struct buf){0};
    table_put(jobs, t, row);
}

bool table_finish(struct jobs *jobs, struct ticket *t, struct stored *row, const void *body, size_t n) {
    struct buf events, last;
    buf_init(&events, SIZE_MAX / 2);
    buf_init(&last, SIZE_MAX / 2);
    row->ended = table_now(jobs);
    copy_events(jobs, t, &events);
    row->result_bytes = (int64_t)n;
    row->bytes = (int64_t)(n + events.n);
    struct look look = {
        .job = *row, .now = row->ended, .expires = row->ended + jobs->options.ttl_ms, .share = -1, .left_s = -1};
    jobs_report_event(&look, body, n, &last);
    bool good = !events.failed && !last.failed;
    if (!good)
        snprintf(jobs->store.why, sizeof jobs->store.why, "There is no memory to end a job.");
    good = good && write_end(jobs, row, body, n, &events, &last);
    if (good)
        end_ticket(jobs, t, row, &last);
    buf_release(&events);
    buf_release(&last);
    return good;
}

/* -- opening -- */

static bool take_row(void *self, const struct stored *row) {
    struct jobs *jobs = self;
    struct ticket *t = ticket_new(row);
    if (!t)
        snprintf(jobs->store.why, sizeof jobs->store.why, "There is no memory for the jobs of the file.");
    if (t) {
        pthread_mutex_lock(&jobs->mutex);
        list_ticket(jobs, t);
        pthread_mutex_unlock(&jobs->mutex);
    }
    return t != NULL;
}

/* give_up ends a job under which the process has died too often. */
static bool give_up(struct jobs *jobs, struct ticket *t) {
    struct stored row = table_copy(jobs, t);
    struct buf problem;
    char detail[160];
    snprintf(detail, sizeof detail,
             "The service ended %lld times while it worked on this job, which is not begun again.",
             (long long)row.attempts);
    buf_init(&problem, 1 << 16);
    problem_write(&problem, NULL, 500, "internal", row.request_id, detail);
    row.state = JOB_FAILED;
    row.http = 500;
    snprintf(row.result_media, sizeof row.result_media, "%s", media_text(MEDIA_PROBLEM));
    bool good = !problem.failed && table_finish(jobs, t, &row, problem.data, problem.n);
    buf_release(&problem);
    return good;
}

/* recover queues again what was running when the process died. */
static bool recover(struct jobs *jobs) {
    bool good = true;
    for (struct ticket *t = jobs->oldest; t && good; t = t->newer) {
        struct stored row = table_copy(jobs, t);
        if (row.state != JOB_RUNNING)
            continue;
        if (row.attempts >= JOBS_ATTEMPTS) {
            good = give_up(jobs, t);
            continue;
        }
        row.state = JOB_QUEUED;
        good = store_update(&jobs->store, &row);
        table_put(jobs, t, &row);
    }
    return good;
}

static void unload(struct jobs *jobs) {
    pthread_mutex_lock(&jobs->mutex);
    for (struct ticket *t = jobs->oldest, *newer; t; t = newer) {
        newer = t->newer;
        unlist_ticket(jobs, t);
    }
    pthread_mutex_unlock(&jobs->mutex);
}

bool table_open(struct jobs *jobs) {
    struct jobs_store *store = &jobs->store;
    if (store->db)
        return true;
    if (store_open(store, jobs->options.path) && store_each(store, take_row, jobs) && recover(jobs)) {
        if (jobs->told)
            table_say(jobs, "info", "The jobs' file can be used again.");
        jobs->told = false;
        atomic_store(&jobs->untidy, true); /* a process that died may have left parts */
        return true;
    }
    unload(jobs);
    store_close(store);
    if (!jobs->told)
        table_say(jobs, "error", store->why);
    jobs->told = true;
    return false;
}

struct jobs *jobs_open(const struct jobs_options *options) {
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return NULL;
    jobs->options = *options;
    jobs->options.path = jobs->path = strdup(options->path);
    if (!jobs->path) {
        free(jobs);
        return NULL;
    }
    pthread_mutex_init(&jobs->file, NULL);
    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_lock(&jobs->file);
    (void)table_open(jobs);
    pthread_mutex_unlock(&jobs->file);
    jobs_sweep(jobs);
    return jobs;
}

void jobs_close(struct jobs *jobs) {
    if (!jobs)
        return;
    unload(jobs);
    store_close(&jobs->store);
    pthread_cond_destroy(&jobs->news);
    pthread_mutex_destroy(&jobs->mutex);
    pthread_mutex_destroy(&jobs->file);
    free(jobs->path);
    free(jobs);
}

/* -- expiry -- */

static bool is_expired(struct jobs *jobs, const struct ticket *t, int64_t now) {
    return has_ended(t) && t->job.ended + jobs->options.ttl_ms <= now;
}

static struct ticket *find_expired(struct jobs *jobs, int64_t now) {
    pthread_mutex_lock(&jobs->mutex);
    struct ticket *t = jobs->oldest;
    while (t && !is_expired(jobs, t, now))
        t = t->newer;
    pthread_mutex_unlock(&jobs->mutex);
    return t;
}

bool table_forget(struct jobs *jobs, struct ticket *t) {
    struct jobs_store *store = &jobs->store;
    bool good = store_begin(store);
    if (!store_end(store, good && store_forget(store, t->job.seq)))
        return false;
    leave_to_tidy(jobs);
    pthread_mutex_lock(&jobs->mutex);
    if (t->listed)
        unlist_ticket(jobs, t);
    pthread_mutex_unlock(&jobs->mutex);
    return true;
}

static void sweep(struct jobs *jobs) {
    int64_t now = table_now(jobs);
    for (struct ticket *t; jobs->store.db && (t = find_expired(jobs, now));)
        if (!table_forget(jobs, t))
            break; /* it is not shown; the next sweep tries again */
}

void jobs_sweep(struct jobs *jobs) {
    pthread_mutex_lock(&jobs->file);
    (void)table_open(jobs);
    sweep(jobs);
    while (table_tidy(jobs)) { /* others may have the file in between */
        pthread_mutex_unlock(&jobs->file);
        pthread_mutex_lock(&jobs->file);
    }
    pthread_mutex_unlock(&jobs->file);
}

/* -- submitting -- */

static struct ticket *find_key(struct jobs *jobs, const char *key) {
    struct ticket *t = *key ? jobs->newest : NULL;
    while (t && strcmp(t->job.key, key) != 0)
        t = t->older;
    return t;
}

struct ticket *table_maker(struct jobs *jobs, const char *name) {
    struct ticket *t = *name ? jobs->oldest : NULL;
    while (t && (has_ended(t) || strcmp(t->job.makes, name) != 0))
        t = t->newer;
    return t;
}

static size_t submitted_bytes(const struct submission *s) { return s->n + (s->query ? strlen(s->query) : 0); }

/* judge decides over a submission; with both locks held. */
static enum verdict judge(struct jobs *jobs, const struct submission *s, struct ticket **out, char *why) {
    const struct jobs_options *o = &jobs->options;
    struct ticket *same = find_key(jobs, s->job.key);
    if (same && key_equal(&same->job.digest, &s->job.digest)) {
        *out = same;
        same->refs++;
        return VERDICT_SAME;
    }
    if (same)
        return snprintf(why, JOBS_WHY, "The Idempotency-Key \"%.80s\" stands for another request; want a new one.",
                        s->job.key),
               VERDICT_CLASH;
    const struct ticket *maker = table_maker(jobs, s->job.makes);
    if (maker)
        return snprintf(why, JOBS_WHY, "The job %s makes the model %s already; DELETE that one, or want another name.",
                        maker->job.id, s->job.makes),
               VERDICT_MAKING;
    if (jobs->n >= o->max)
        return snprintf(why, JOBS_WHY,
                        "There are %zu jobs, as many as the server keeps (its option --jobs-max); DELETE "
                        "some that have ended, or try again later.",
                        jobs->n),
               VERDICT_FULL;
    if (submitted_bytes(s) > o->bytes)
        return snprintf(
                   why, JOBS_WHY,
                   "The request has %zu bytes, and all jobs together may hold %llu (the server's option --jobs-bytes).",
                   submitted_bytes(s), (unsigned long long)o->bytes),
               VERDICT_HUGE;
    if (jobs->bytes + submitted_bytes(s) > o->bytes)
        return snprintf(why, JOBS_WHY,
                        "The jobs would hold more than the %llu bytes that the server keeps (its option "
                        "--jobs-bytes); DELETE some that have ended, or try again later.",
                        (unsigned long long)o->bytes),
               VERDICT_LARGE;
    return VERDICT_TAKEN;
}

static bool insert(struct jobs_store *store, struct stored *row, const struct submission *s) {
    bool good = store_begin(store) && store_insert(store, row) &&
                store_put(store, row->seq, PART_REQUEST, s->n ? s->body : "", s->n);
    if (good && s->query && *s->query)
        good = store_put(store, row->seq, PART_QUERY, s->query, strlen(s->query));
    return store_end(store, good);
}

static struct ticket *add(struct jobs *jobs, const struct submission *s) {
    struct stored row = s->job;
    snprintf(row.id, sizeof row.id, "%016llx", (unsigned long long)machine_random());
    row.state = JOB_QUEUED;
    row.created = table_now(jobs);
    row.bytes = row.asked = (int64_t)submitted_bytes(s);
    row.events = 1;
    struct ticket *t = ticket_new(&row);
    if (t && !insert(&jobs->store, &row, s)) {
        table_drop(t);
        return NULL;
    }
    if (!t)
        return snprintf(jobs->store.why, sizeof jobs->store.why, "There is no memory for another job."), NULL;
    t->job.seq = row.seq;
    t->refs++;
    pthread_mutex_lock(&jobs->mutex);
    list_ticket(jobs, t);
    pthread_cond_signal(&jobs->news);
    pthread_mutex_unlock(&jobs->mutex);
    return t;
}

enum verdict jobs_submit(struct jobs *jobs, const struct submission *s, struct ticket **out, char why[JOBS_WHY]) {
    enum verdict verdict = VERDICT_BROKEN;
    *out = NULL;
    pthread_mutex_lock(&jobs->file);
    if (table_open(jobs)) {
        sweep(jobs);
        while (table_tidy(jobs)) /* where workers are busy, or the file would grow without bounds */
            continue;
        pthread_mutex_lock(&jobs->mutex);
        verdict = judge(jobs, s, out, why);
        pthread_mutex_unlock(&jobs->mutex);
        if (verdict == VERDICT_TAKEN && !(*out = add(jobs, s)))
            verdict = VERDICT_BROKEN;
    }
    if (verdict == VERDICT_BROKEN)
        snprintf(why, JOBS_WHY, "%s", jobs->store.why);
    pthread_mutex_unlock(&jobs->file);
    return verdict;
}
