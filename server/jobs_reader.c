#include "server/jobs_reader.h"

#include <stdlib.h>

#include "server/beat.h"
#include "server/clock.h"
#include "server/exchange.h"
#include "server/jobs_report.h"
#include "server/loop.h"

#define LAST_ID "end"

struct reader {
    struct listener listener; /* first */
    struct jobs *jobs;
    bool over; /* nothing comes behind what the client has */

    /* Under the lock of the table, from reader_begin on. */
    struct exchange *x; /* NULL: not begun */
    struct buf sending;
    size_t at;         /* bytes of `sending` that are sent */
    uint64_t next;     /* number of the next event to send */
    int told_state;    /* of the last event `state`; below 0: none */
    size_t told_place; /* and what it said of the place in the queue */
    bool last;         /* the last event is in `sending`, or sent */
    bool parked;       /* the connection is suspended; who clears this delivers x */
    bool beat, gone;
};

static void unpark(struct reader *r) {
    if (r->parked)
        loop_deliver(r->x->loop, r->x);
    r->parked = false;
}

static void wake(struct listener *listener) { unpark((struct reader *)listener); }

/* -- opening -- */

/* number_after is the number of the event behind the one that a Last-Event-ID names; 1 where it names none. */
static uint64_t number_after(const char *id) {
    char *end;
    unsigned long long n = strtoull(id, &end, 10);
    end += strspn(end, " \t"); /* which are no part of a header's value */
    return *id >= '0' && *id <= '9' && !*end && n < UINT64_MAX ? n + 1 : 1;
}

/* has_ended_quietly: the events are in the file alone. */
static bool has_ended_quietly(struct reader *r) {
    struct look look;
    jobs_lock(r->jobs);
    ticket_look(r->jobs, r->listener.ticket, &look);
    bool quiet = look.job.state >= JOB_DONE && ticket_last(r->listener.ticket)->n == 0;
    jobs_unlock(r->jobs);
    return quiet;
}

/* load makes what is to be sent of the file; what cannot be read is left out. */
static void load(struct reader *r) {
    struct buf text;
    struct event_log log;
    bool found;
    size_t n;
    buf_init(&text, SIZE_MAX / 2);
    if (jobs_read(r->jobs, r->listener.ticket, PART_EVENTS, &text, &found) && found &&
        event_log_read(&log, text.data ? text.data : "", text.n)) {
        const char *events = event_log_from(&log, r->next, &n);
        buf_add(&r->sending, events, n);
        event_log_release(&log);
    }
    buf_release(&text);
    (void)jobs_read(r->jobs, r->listener.ticket, PART_LAST, &r->sending, &found);
    r->last = true;
}

struct reader *reader_open(struct jobs *jobs, struct ticket *ticket, const char *after) {
    struct reader *r = calloc(1, sizeof *r);
    if (!r) {
        jobs_release(jobs, ticket);
        return NULL;
    }
    *r = (struct reader){
        .listener = {.ticket = ticket, .wake = wake}, .jobs = jobs, .next = number_after(after), .told_state = -1};
    buf_init(&r->sending, SIZE_MAX / 2);
    jobs_listen(jobs, &r->listener); /* from here on the events of an end stay in memory */
    if (!strcmp(after, LAST_ID))
        r->over = true;
    else if (has_ended_quietly(r))
        load(r);
    return r;
}

bool reader_is_over(const struct reader *r) { return r->over; }

void reader_close(struct reader *r) {
    if (!r)
        return;
    jobs_leave(r->jobs, &r->listener);
    buf_release(&r->sending);
    free(r);
}

/* -- sending -- */

/* add_state tells how things stand with a job that has not ended, where that is news. */
static void add_state(struct reader *r, const struct look *look) {
    if (look->job.state >= JOB_DONE || (look->job.state == r->told_state && look->before == r->told_place))
        return;
    jobs_report_state(look, &r->sending);
    r->told_state = look->job.state;
    r->told_place = look->before;
}

static void add_events(struct reader *r) {
    const struct event_log *log = ticket_log(r->listener.ticket);
    size_t n;
    const char *text = event_log_from(log, r->next, &n);
    buf_add(&r->sending, text, n);
    if (r->next < event_log_next(log))
        r->next = event_log_next(log);
}

/* add_last: of an end that could not be written there is no event, and one is made here. */
static void add_last(struct reader *r, const struct look *look) {
    const struct buf *last = ticket_last(r->listener.ticket);
    if (last->n)
        buf_add(&r->sending, last->data, last->n);
    else
        jobs_report_event(look, NULL, 0, &r->sending);
    r->last = true;
}

/* fill makes what is to be sent next. */
static void fill(struct reader *r) {
    struct look look;
    buf_clear(&r->sending);
    r->at = 0;
    if (r->last)
        return;
    ticket_look(r->jobs, r->listener.ticket, &look);
    add_state(r, &look);
    add_events(r);
    if (look.job.state >= JOB_DONE)
        add_last(r, &look);
}

static size_t take(struct reader *r, char *to, size_t max) {
    size_t n = r->sending.n - r->at;
    n = n < max ? n : max;
    if (n)
        memcpy(to, r->sending.data + r->at, n);
    r->at += n;
    return n;
}

/* read_some gives bytes, 0 where the connection is to be suspended, or an end; with the table locked. */
static ssize_t read_some(struct reader *r, char *to, size_t max, bool *fresh) {
    *fresh = r->at == r->sending.n;
    if (*fresh)
        fill(r);
    size_t n = take(r, to, max);
    if (r->gone || r->sending.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == 0)
        n = beat_take(&r->beat, to, max);
    if (n > 0)
        return (ssize_t)n;
    if (r->last || jobs_stopping_now(r->jobs))
        return MHD_CONTENT_READER_END_OF_STREAM;
    return 0;
}

static void on_watch(struct watch *watch, enum watch_event event) {
    struct exchange *x = (struct exchange *)((char *)watch - offsetof(struct exchange, watch));
    struct reader *r = x->job->reader;
    jobs_lock(r->jobs);
    if (event == WATCH_GONE)
        r->gone = true;
    else
        r->beat = true;
    unpark(r);
    jobs_unlock(r->jobs);
}

void reader_begin(struct exchange *x) {
    struct reader *r = x->job->reader;
    jobs_lock(r->jobs);
    r->x = x;
    jobs_unlock(r->jobs);
}

ssize_t reader_read(void *cls, uint64_t pos, char *to, size_t max) {
    (void)pos;
    struct exchange *x = cls;
    struct reader *r = x->job->reader;
    const struct options *o = &x->loop->server->options;
    bool fresh;
    jobs_lock(r->jobs);
    ssize_t n = read_some(r, to, max, &fresh);
    r->parked = n == 0;
    if (r->parked)
        loop_suspend(x);
    jobs_unlock(r->jobs);
    if (n == 0)
        loop_watch(x, clock_ns() + o->heartbeat * NS_PER_MS, on_watch);
    else if (n > 0 && fresh)
        conn_phase(x->loop, x->conn, CONN_SENDING, o->body_timeout + (int64_t)(r->sending.n / SEND_BYTES_A_MS));
    if (n > 0)
        x->bytes_out += (uint64_t)n;
    return n;
}
