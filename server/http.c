#include "server/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "server/exchange.h"
#include "server/flight.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/receive.h"
#include "server/reply.h"
#include "server/stream.h"

enum {
    INLINE_NS = 20 * 1000, /* predicted to take less: computed on the loop, since handing over costs as much */
    SLOW_NS = 100 * 1000 * 1000,
    SLOW_BYTES = 4 << 20,
    SLOW_STREAM_NS = 1000 * 1000, /* longer ones pass what is buffered: then the worker waits for a slow reader */
};

static struct exchange *watched(struct watch *watch) {
    return (struct exchange *)((char *)watch - offsetof(struct exchange, watch));
}

/* on_parked: the client left; or it is time for the first sign of life of a stream of events. */
static void on_parked(struct watch *watch, enum watch_event event) {
    struct exchange *x = watched(watch);
    struct flights *flights = x->loop->server->flights;
    if (event == WATCH_GONE)
        flight_leave(flights, x);
    else
        (void)flight_open(flights, x->job);
}

/* is_slow: others should not have to wait for it. What is not decoded yet is judged by its length. */
static bool is_slow(const struct job *job) {
    uint64_t limit = job->stream ? SLOW_STREAM_NS : SLOW_NS;
    return job->decoded ? call_cost(&job->call) > limit : job->stream || job->call.request.n > SLOW_BYTES;
}

/* begins_streams gives the job a stream where its answer may be sent while it is computed; false: there is
 * no memory. */
static bool begins_stream(struct job *job) {
    return job->async || job->call.endpoint->live || !call_streams(&job->call, job->media) ||
           (job->stream = stream_new(job));
}

/* park consumes the job. */
static enum MHD_Result park(struct exchange *x, struct job *job) {
    struct server *server = x->loop->server;
    size_t more = job_estimate(job);
    const char *refused = NULL;
    if (!begins_stream(job))
        refused = "no_memory";
    else if (pool_full(server->pool) && !flight_has(server->flights, job))
        refused = "queue_full";
    else if (!server_reserve(server, more))
        refused = "busy";
    if (refused) {
        job_drop(job);
        return reply_refusal(x, refused);
    }
    job->reserved = more + x->reserved;
    x->reserved = 0;
    job->queued_ns = clock_ns();
    snprintf(job->id, sizeof job->id, "%s", x->id);
    job->task.slow = is_slow(job);
    x->state = EXCHANGE_PARKED;
    loop_suspend(x);
    bool joined = flight_enter(server->flights, job, x) != NULL;
    loop_watch(x, job->media == MEDIA_SSE ? clock_ns() + server->options.heartbeat * NS_PER_MS : INT64_MAX, on_parked);
    if (joined) {
        metrics_collapsed(server->metrics);
    } else if (pool_push(server->pool, &job->task)) {
        return MHD_YES; /* the worker's now */
    } else {            /* another loop took the last place */
        job->refused = "queue_full";
        flight_finish(server->flights, job);
    }
    server_unreserve(server, job->reserved);
    job_drop(job);
    return MHD_YES;
}

/* end_job drops a job that was not parked. Its memory is kept for the next one: most requests end so. */
static void end_job(struct exchange *x, struct job *job) {
    free(x->loop->spare_job);
    x->loop->spare_job = job_end(job);
}

static enum MHD_Result reply_and_end(struct exchange *x, struct job *job) {
    enum MHD_Result result = reply_job(x, job);
    end_job(x, job);
    return result;
}

/* begin_job moves the request from the exchange to a new job; NULL: no memory. */
static struct job *begin_job(struct exchange *x) {
    struct job *job = job_new(x->loop->server, x->endpoint, x->loop->spare_job);
    x->loop->spare_job = NULL;
    if (!job)
        return NULL;
    if (x->endpoint->path && !(job->path = strdup(x->path))) {
        job_drop(job);
        return NULL;
    }
    job->body = x->body;
    job->query = x->query;
    x->body = x->query = NULL;
    job->gzip = accepts_gzip(x->heads.accept_encoding);
    job->want_key = x->heads.if_none_match != NULL;
    if (x->heads.content_type) {
        strncpy(job->content_type, x->heads.content_type, sizeof job->content_type - 1);
        job->call.request.media = job->content_type;
    }
    job->call.request.path = job->path;
    job->call.request.query = job->query ? job->query : "";
    job->call.request.body = job->body ? job->body : "";
    job->call.request.n = job->body ? x->n : 0;
    return job;
}

/* look_up answers what is known already. */
static bool look_up(struct exchange *x, struct job *job, enum MHD_Result *result) {
    if (!job_cacheable(job) || job->call.request.n > JOB_HASHED)
        return false;
    job_key(job);
    if (reply_unchanged(x, &job->key, false, result))
        return true;
    struct answer *answer = cache_memory(x->loop->server->cache, &job->key);
    if (!answer)
        return false;
    *result = reply_cached(x, job, answer);
    answer_drop(answer);
    return true;
}

/* asks_job: the request is to become a job. A stream of events tells its client all the while anyway. */
static bool asks_job(const struct exchange *x, const struct job *job) {
    if (!x->loop->server->jobs || !endpoint_may_be_job(x->endpoint))
        return false;
    return x->endpoint->job_only || (x->heads.async && job->media != MEDIA_SSE);
}

/* park_with parks a request with a copy of a header that it needs. */
static enum MHD_Result park_with(struct exchange *x, struct job *job, const char *header) {
    if (header && !(job->header = strdup(header))) {
        end_job(x, job);
        return reply_refusal(x, "no_memory");
    }
    return park(x, job);
}

static enum MHD_Result become_job(struct exchange *x, struct job *job) {
    const char *key = x->heads.idempotency_key;
    if (key && !key_usable(key)) {
        (void)call_fail(
            &job->call, STATUS_INVALID, "",
            "The Idempotency-Key is empty, too long or not plain; want 1 to %d visible characters of ASCII.",
            IDEMPOTENCY_KEY_MAX);
        return reply_and_end(x, job);
    }
    job->async = true;
    if (job->media == MEDIA_SSE) /* the events of a job are asked for elsewhere */
        job->media = job->call.media = MEDIA_JSON;
    return park_with(x, job, key);
}

/* on_end has the whole request: it answers what is known, wrong or cheap, and parks the rest. */
static enum MHD_Result on_end(struct exchange *x) {
    if (x->refused)
        return reply_refusal(x, x->refused);
    if (!strcmp(x->method, "OPTIONS"))
        return reply_options(x);
    struct job *job = begin_job(x);
    if (!job)
        return reply_refusal(x, "no_memory");
    enum MHD_Result result;
    if (call_media(&job->call, x->heads.accept, &job->media) != STATUS_OK)
        return reply_and_end(x, job);
    if (asks_job(x, job))
        return become_job(x, job);
    if (x->endpoint->live)
        return park_with(x, job, x->heads.last_event_id);
    if (look_up(x, job, &result)) {
        end_job(x, job);
        return result;
    }
    if (job->call.request.n > JOB_SMALL)
        return park(x, job);
    job->call.hasty = true;
    if (call_decode(&job->call) != STATUS_OK && !job->call.later)
        return reply_and_end(x, job);
    if (job->call.later) { /* the files of a model are to be read first */
        call_again(&job->call);
        return park(x, job);
    }
    job->decoded = true;
    if (call_cost(&job->call) >= INLINE_NS)
        return park(x, job);
    job_solve(job);
    if (job_compressible(job))
        return park(x, job);
    job->found = job_cacheable(job) ? FOUND_MISS : FOUND_BYPASS;
    job_store(job);
    return reply_and_end(x, job);
}

static enum MHD_Result on_resumed(struct exchange *x) {
    if (x->left)
        return reply_left(x);
    if (x->job->refused)
        return reply_refusal(x, x->job->refused);
    if (x->job->reader && !x->job->answer)
        return reply_events(x);
    return x->job->open ? reply_stream(x) : reply_job(x, x->job);
}

void *http_line(void *cls, const char *uri, struct MHD_Connection *mhd) { return receive_line(cls, uri, mhd); }

enum MHD_Result http_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                             const char *version, const char *data, size_t *data_size, void **context) {
    struct exchange *x = *context;
    (void)cls, (void)mhd, (void)url, (void)version;
    if (!x || !x->conn) /* there was no memory to begin it */
        return MHD_NO;
    if (x->state == EXCHANGE_LINE)
        return receive_heads(x, method);
    if (*data_size) {
        size_t n = *data_size;
        *data_size = 0;
        return receive_body(x, data, n);
    }
    if (x->state == EXCHANGE_ANSWERED)
        return MHD_YES;
    enum MHD_Result result = x->state == EXCHANGE_PARKED ? on_resumed(x) : on_end(x);
    if (x->state == EXCHANGE_ANSWERED)
        conn_phase(x->loop, x->conn, CONN_SENDING,
                   x->loop->server->options.body_timeout + (int64_t)(x->bytes_out / SEND_BYTES_A_MS));
    return result;
}

static double ms_of(int64_t ns) { return ns >= 0 ? (double)ns / NS_PER_MS : -1; }

static void log_exchange(struct exchange *x, int64_t ns, bool cut) {
    struct loop *loop = x->loop;
    if (!log_on(loop->server->log))
        return;
    struct log_request r = {
        .id = x->id,
        .client = x->conn->client,
        .method = x->method ? x->method : "",
        .path = x->path,
        .status = x->status,
        .ms = (double)ns / NS_PER_MS,
        .queue_ms = ms_of(x->queue_ns),
        .solve_ms = ms_of(x->solve_ns),
        .bytes_in = x->n,
        .bytes_out = x->bytes_out,
        .cache = x->cache,
        .cut = cut,
    };
    log_request(&loop->lines, &r);
}

void http_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code) {
    struct loop *loop = cls;
    struct exchange *x = *context;
    (void)mhd;
    if (!x)
        return;
    *context = NULL;
    if (x->job && x->job->open) /* also where libmicrohttpd saw the end of the connection before the answer began */
        stream_leave(x);
    int64_t ns = clock_ns() - x->begun_ns;
    const struct options *o = &loop->server->options;
    metrics_request(loop->server->metrics, metrics_route(x->endpoint), x->method ? x->method : "", x->status, ns);
    if (!x->id[0] && x->state == EXCHANGE_LINE)
        receive_id(x);
    if (x->conn) {
        log_exchange(x, ns, code != MHD_REQUEST_TERMINATED_COMPLETED_OK || x->left);
        conn_phase(loop, x->conn, CONN_WAITING, o->idle_timeout + o->header_timeout);
    }
    server_unreserve(loop->server, x->reserved);
    exchange_free(loop, x);
}
