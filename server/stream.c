#include "server/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "server/beat.h"
#include "server/clock.h"
#include "server/exchange.h"
#include "server/flight.h"
#include "server/loop.h"
#include "server/metrics.h"

enum {
    PIECE = 64 << 10,
    KEPT_MAX = 1 << 20,
    LOOK_MS = 20, /* how soon a waiting worker sees that its job was cancelled */
};
#define ANSWER_MAX ((size_t)1 << 30) /* of what is written between two lines */

struct stream {
    struct sink sink; /* first. The worker's; the reader's where `offered` */
    struct job *job;  /* it owns the stream */
    bool events;

    /* The worker's. */
    bool open;         /* known to be */
    bool closed;       /* stream_end was called */
    int64_t since_ns;  /* of the first line, or of the last piece; 0: no line yet */
    int64_t waited_ns; /* in all */
    struct buf kept;

    pthread_mutex_t mutex;
    pthread_cond_t taken; /* on the monotonic clock */
    struct exchange *reader;
    struct buf sending;
    size_t at;    /* bytes of `sending` that are sent */
    bool offered; /* sink.out is to be sent next */
    bool parked;  /* the connection is suspended; who clears this delivers the reader */
    bool beat;    /* a comment is due */
    bool ended;   /* nothing comes after what there is */
    bool gone;    /* nobody reads */
};

static bool send_lines(struct sink *sink);

struct stream *stream_new(struct job *job) {
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->job = job;
    s->events = job->media == MEDIA_SSE;
    s->sink = (struct sink){.full = PIECE, .hungry = true, .send = send_lines};
    buf_init(&s->sink.out, ANSWER_MAX);
    buf_init(&s->sending, ANSWER_MAX);
    buf_init(&s->kept, KEPT_MAX);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->taken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->mutex, NULL);
    return s;
}

void stream_free(struct stream *s) {
    if (!s)
        return;
    buf_release(&s->sink.out);
    buf_release(&s->sending);
    buf_release(&s->kept);
    pthread_cond_destroy(&s->taken);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

struct sink *stream_sink(struct stream *s) {
    return &s->sink;
}
int64_t stream_waited(const struct stream *s) { return s->waited_ns; }

/* swap makes the worker's piece the one that is sent. */
static void swap(struct stream *s) {
    struct buf sent = s->sending;
    s->sending = s->sink.out;
    s->at = 0;
    s->sink.out = sent;
    buf_clear(&s->sink.out);
    s->sink.whole = 0;
}

/* unpark hands the reader back to its loop. */
static void unpark(struct stream *s) {
    if (s->parked)
        loop_deliver(s->reader->loop, s->reader);
    s->parked = false;
}

/* lose stops the work for want of a reader, whose reference keeps the job. */
static void lose(struct stream *s) {
    if (!s->gone && !s->ended)
        flight_cancel(s->job->server->flights, s->job);
    s->gone = true;
    pthread_cond_signal(&s->taken);
}

/* -- The worker -- */

/* coarse_ns is a clock of a few milliseconds' resolution, which costs next to nothing: it is read at every line. */
static int64_t coarse_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* is_due: events are sent at once; lines once some time has passed since the first of all, or since the last piece. */
static bool is_due(struct stream *s) {
    int64_t now = coarse_ns();
    if (!s->since_ns)
        s->since_ns = now;
    return s->events || now - s->since_ns >= s->job->server->options.stream_delay * NS_PER_MS;
}

/* keep copies the piece for the cache, as long as there is not too much of it. */
static void keep(struct stream *s) {
    buf_add(&s->kept, s->sink.out.data, s->sink.out.n);
    if (s->kept.failed) {
        buf_release(&s->kept);
        s->kept.failed = true;
    }
}

/* offer hands the piece over; true: it was taken at once. */
static bool offer(struct stream *s) {
    bool taken = s->at == s->sending.n;
    if (taken)
        swap(s);
    s->offered = !taken;
    atomic_store_explicit(&s->sink.hungry, false, memory_order_relaxed);
    unpark(s);
    return taken;
}

static void await_room(struct stream *s) {
    int64_t begun = clock_ns();
    while (s->offered && !s->gone && ctx_stop(&s->job->call.ctx) != STOP_CANCEL) {
        struct timespec until = clock_spec(clock_ns() + (int64_t)LOOK_MS * NS_PER_MS);
        pthread_cond_timedwait(&s->taken, &s->mutex, &until);
    }
    s->waited_ns += clock_ns() - begun;
}

/* send_lines is sink.send. */
static bool send_lines(struct sink *sink) {
    struct stream *s = (struct stream *)sink;
    if (!is_due(s) && sink->out.n < sink->full)
        return true;
    s->open = s->open || flight_open(s->job->server->flights, s->job);
    if (!s->open)
        return false;
    s->since_ns = coarse_ns();
    keep(s);
    pthread_mutex_lock(&s->mutex);
    if (!offer(s))
        await_room(s);
    bool wanted = !s->offered && !s->gone;
    s->offered = false; /* else what was not taken would be sent twice */
    pthread_mutex_unlock(&s->mutex);
    return wanted;
}

/* end_open offers what is left without waiting for it to be taken. */
static void end_open(struct stream *s) {
    pthread_mutex_lock(&s->mutex);
    if (s->sink.out.n)
        (void)offer(s);
    else
        unpark(s);
    s->ended = true;
    pthread_mutex_unlock(&s->mutex);
}

/* write_problem ends the stream with what went wrong. The status is 200 already, so the log alone tells of it. */
static void write_problem(struct stream *s) {
    struct job *job = s->job;
    call_stream_problem(&job->call, job->media, job->id, &s->sink);
    if (job->call.status == STATUS_INTERNAL)
        log_message(job->server->log, "error", "Request %s: %s", job->id, job->call.errors[0].detail);
}

void stream_end(struct stream *s, enum status status, struct buf *whole) {
    struct job *job = s->job;
    *whole = (struct buf){0};
    if (s->closed)
        return;
    s->closed = true;
    if (flight_settle(job->server->flights, job)) {
        if (status != STATUS_OK)
            write_problem(s);
        keep(s);
        if (status == STATUS_OK && !s->kept.failed) {
            *whole = s->kept;
            s->kept.data = NULL;
        }
        end_open(s);
    } else if (status == STATUS_OK) {
        *whole = s->sink.out;
        s->sink.out.data = NULL;
    }
}

/* -- The reader -- */

void stream_begin(struct exchange *x) {
    struct stream *s = x->job->stream;
    pthread_mutex_lock(&s->mutex);
    s->reader = x;
    pthread_mutex_unlock(&s->mutex);
    metrics_streamed(x->loop->server->metrics);
}

/* on_watch: the client left while there was nothing to send, or it is time for a sign of life. */
static void on_watch(struct watch *watch, enum watch_event event) {
    struct exchange *x = (struct exchange *)((char *)watch - offsetof(struct exchange, watch));
    struct stream *s = x->job->stream;
    pthread_mutex_lock(&s->mutex);
    if (event == WATCH_GONE)
        lose(s);
    else
        s->beat = true;
    unpark(s);
    pthread_mutex_unlock(&s->mutex);
}

/* take copies what is to be sent next, and gives its length. */
static size_t take(struct stream *s, char *to, size_t max) {
    if (s->at == s->sending.n && s->offered) {
        s->offered = false;
        swap(s);
        pthread_cond_signal(&s->taken);
    }
    size_t n = s->sending.n - s->at;
    n = n < max ? n : max;
    if (n)
        memcpy(to, s->sending.data + s->at, n);
    s->at += n;
    return n;
}

/* finish is the end of the stream, once all is sent. */
static ssize_t finish(struct exchange *x) {
    x->queue_ns = x->job->queue_ns; /* written before the end */
    x->solve_ns = x->job->solve_ns;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

ssize_t stream_read(void *cls, uint64_t pos, char *to, size_t max) {
    (void)pos;
    struct exchange *x = cls;
    struct stream *s = x->job->stream;
    pthread_mutex_lock(&s->mutex);
    bool fresh = s->at == s->sending.n;
    ssize_t n = s->gone ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)take(s, to, max);
    if (n == 0)
        n = (ssize_t)beat_take(&s->beat, to, max);
    if (n == 0 && s->ended)
        n = finish(x);
    s->parked = n == 0;
    if (s->parked) {
        atomic_store_explicit(&s->sink.hungry, true, memory_order_relaxed);
        loop_suspend(x);
    }
    pthread_mutex_unlock(&s->mutex);
    const struct options *o = &x->loop->server->options;
    if (n == 0)
        loop_watch(x, s->events ? clock_ns() + o->heartbeat * NS_PER_MS : INT64_MAX, on_watch);
    else if (n > 0 && fresh)
        conn_phase(x->loop, x->conn, CONN_SENDING, o->body_timeout + PIECE / SEND_BYTES_A_MS);
    if (n > 0)
        x->bytes_out += (uint64_t)n;
    return n;
}

void stream_leave(struct exchange *x) {
    struct stream *s = x->job->stream;
    pthread_mutex_lock(&s->mutex);
    lose(s);
    pthread_mutex_unlock(&s->mutex);
}
