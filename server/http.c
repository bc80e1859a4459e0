#include "server/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/clock.h"
#include "server/exchange.h"
#include "server/flight.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/reply.h"

enum {
    INLINE_NS = 20 * 1000, /* predicted to take less: computed on the loop, since handing over costs as much */
    SLOW_NS = 100 * 1000 * 1000,
    SLOW_BYTES = 4 << 20,
    SPARES_MAX = 64,
    BODY_FIRST = 4 << 10,    /* first room for a body of unknown length */
    BODY_TRUSTED = 1 << 20,  /* a Content-Length is believed up to here; beyond, room grows as bytes arrive */
    BODY_COUNTED = 64 << 10, /* smaller bodies are not counted as memory in use */
    BODY_DRAINED = 1 << 20,  /* so much of a body over the limit is read, to answer 413, before the line is cut */
    ESTIMATE_BASE = 1 << 20, /* of what a request uses beyond its body ... */
    ESTIMATE_FACTOR = 24,    /* ... and this many times its body */
    SEND_BYTES_A_MS = 16,    /* the slowest reader that is put up with */
};

/* -- the beginning -- */

static struct exchange *new_exchange(struct loop *loop) {
    struct exchange *x = loop->spares;
    if (x) {
        loop->spares = x->next;
        loop->n_spares--;
    } else if (!(x = malloc(sizeof *x))) {
        return NULL;
    }
    memset(x, 0, offsetof(struct exchange, allow));
    x->allow[0] = x->id[0] = x->path[0] = '\0';
    x->queue_ns = x->solve_ns = -1;
    x->loop = loop;
    return x;
}

static void free_exchange(struct loop *loop, struct exchange *x) {
    job_drop(x->job);
    free(x->body);
    free(x->query);
    if (loop->n_spares >= SPARES_MAX) {
        free(x);
        return;
    }
    x->next = loop->spares;
    loop->spares = x;
    loop->n_spares++;
}

void http_free_spares(struct loop *loop) {
    while (loop->spares) {
        struct exchange *x = loop->spares;
        loop->spares = x->next;
        free(x);
    }
    free(loop->spare_job);
}

/* take_target splits the request target. The path stays percent-encoded: no route has anything to decode, and "%00"
 * must not end it. */
static void take_target(struct exchange *x, const char *uri) {
    if (!strncasecmp(uri, "http://", 7) || !strncasecmp(uri, "https://", 8)) { /* absolute form, as to a proxy */
        uri = strstr(uri, "//") + 2;
        uri += strcspn(uri, "/?");
    }
    size_t n = strcspn(uri, "?");
    const char *query = uri[n] ? uri + n + 1 : "";
    if (n >= EXCHANGE_PATH)
        n = EXCHANGE_PATH - 1; /* longer than any route: not found, and logged as far as it goes */
    memcpy(x->path, uri, n);
    x->path[n] = '\0';
    if (*query)
        x->query = strdup(query);
}

void *http_line(void *cls, const char *uri, struct MHD_Connection *mhd) {
    struct loop *loop = cls;
    struct exchange *x = new_exchange(loop);
    if (!x)
        return NULL;
    x->mhd = mhd;
    x->begun_ns = clock_ns();
    x->conn = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    take_target(x, uri);
    if (x->conn)
        conn_phase(loop, x->conn, CONN_RECEIVING, loop->server->options.header_timeout);
    metrics_begin(loop->server->metrics);
    return x;
}

/* -- the headers -- */

struct head_name {
    const char *name;
    size_t n, value, count; /* offsets in struct heads; count 0: not counted */
};
#define HEAD(text, member) \
    { text, sizeof text - 1, offsetof(struct heads, member), 0 }
#define HEAD_COUNTED(text, member, count) \
    { text, sizeof text - 1, offsetof(struct heads, member), offsetof(struct heads, count) }
static const struct head_name HEADS[] = {
    HEAD("Accept", accept),
    HEAD("Accept-Encoding", accept_encoding),
    HEAD("Content-Encoding", content_encoding),
    HEAD("Content-Type", content_type),
    HEAD("If-None-Match", if_none_match),
    HEAD("Origin", origin),
    HEAD("X-Request-Id", request_id),
    HEAD("Access-Control-Request-Method", preflight),
    HEAD("Expect", expect),
    HEAD_COUNTED("Host", host, n_host),
    HEAD_COUNTED("Content-Length", length, n_length),
    HEAD_COUNTED("Transfer-Encoding", transfer, n_transfer),
};

static enum MHD_Result take_head(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct heads *heads = cls;
    (void)kind;
    size_t n = strlen(name);
    for (size_t i = 0; i < COUNT_OF(HEADS); i++) {
        const struct head_name *h = &HEADS[i];
        if (h->n != n || strcasecmp(h->name, name))
            continue;
        const char **at = (const char **)(void *)((char *)heads + h->value);
        if (!*at) /* the first of several counts */
            *at = value ? value : "";
        if (h->count)
            ++*(unsigned *)(void *)((char *)heads + h->count);
        break;
    }
    return MHD_YES;
}

/* ambiguous: another server on the way could see the end of this body elsewhere (request smuggling). RFC 9112, 6.3. */
static bool ambiguous(struct heads *h) {
    if (h->n_length > 1 || h->n_transfer > 1 || (h->n_length && h->n_transfer))
        return true;
    if (h->transfer && strcasecmp(h->transfer, "chunked"))
        return true;
    for (const char *p = h->length; p && (*p || p == h->length); p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(h->content_length, 10, &h->content_length) ||
            __builtin_add_overflow(h->content_length, (unsigned)(*p - '0'), &h->content_length))
            return true;
    return false;
}

static void take_id(struct exchange *x) {
    struct server *server = x->loop->server;
    if (id_usable(x->heads.request_id))
        strcpy(x->id, x->heads.request_id);
    else
        id_make(x->id, server->id_seed, atomic_fetch_add_explicit(&server->next_id, 1, memory_order_relaxed));
}

/* refusal_at_once names what must end the connection before its body is read. */
static const char *refusal_at_once(struct exchange *x) {
    if (ambiguous(&x->heads))
        return "ambiguous_length";
    if (x->heads.n_host > 1)
        return "ambiguous_host";
    if (x->heads.content_length > (uint64_t)x->loop->server->options.max_body)
        return "body_too_large";
    return NULL;
}

/* refusal_later names what can wait for the end of the body, so that the connection lives on. */
static const char *refusal_later(struct exchange *x) {
    if (!strcmp(x->method, "OPTIONS"))
        return NULL;
    if (!x->endpoint)
        return x->allow[0] ? "method_not_allowed" : "not_found";
    if (x->heads.content_encoding && strcasecmp(x->heads.content_encoding, "identity"))
        return "encoded_body";
    return NULL;
}

static enum MHD_Result on_heads(struct exchange *x, const char *method) {
    x->state = EXCHANGE_BODY;
    x->method = method;
    x->endpoint = endpoint_find(method, x->path, x->allow);
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, take_head, &x->heads);
    take_id(x);
    conn_phase(x->loop, x->conn, CONN_RECEIVING, x->loop->server->options.body_timeout);
    const char *refused = refusal_at_once(x);
    if (refused)
        return reply_refusal(x, refused);
    x->refused = refusal_later(x);
    if (x->refused && x->heads.expect) /* it asks before it sends the body: spare it that */
        return reply_refusal(x, x->refused);
    return MHD_YES;
}

/* -- the body -- */

static void throw_body(struct exchange *x, const char *why) {
    free(x->body);
    x->body = NULL;
    x->size = 0;
    server_unreserve(x->loop->server, x->reserved);
    x->reserved = 0;
    x->refused = why;
}

static bool grow_body(struct exchange *x, size_t n) {
    size_t size = x->size;
    if (!size)
        size = x->heads.content_length == 0             ? BODY_FIRST
               : x->heads.content_length < BODY_TRUSTED ? (size_t)x->heads.content_length
                                                        : BODY_TRUSTED;
    while (size < n)
        size *= 2;
    if (size > BODY_COUNTED) {
        if (!server_reserve(x->loop->server, size - x->reserved))
            return false;
        x->reserved = size;
    }
    char *body = realloc(x->body, size);
    if (!body)
        return false;
    x->body = body;
    x->size = size;
    return true;
}

static enum MHD_Result on_body(struct exchange *x, const char *data, size_t n) {
    size_t limit = (size_t)x->loop->server->options.max_body, at = x->n;
    bool kept = !x->refused && x->endpoint && x->endpoint->input;
    x->n += n;
    if (x->n > limit) {
        if (kept)
            throw_body(x, "body_too_large");
        else if (!x->refused)
            x->refused = "body_too_large";
        return x->n > limit + BODY_DRAINED ? MHD_NO : MHD_YES;
    }
    if (!kept)
        return MHD_YES;
    if (x->n > x->size && !grow_body(x, x->n)) {
        throw_body(x, "busy");
        return MHD_YES;
    }
    memcpy(x->body + at, data, n);
    return MHD_YES;
}

/* -- the answer -- */

static struct exchange *watched(struct watch *watch) {
    return (struct exchange *)((char *)watch - offsetof(struct exchange, watch));
}

static void on_gone(struct watch *watch, enum watch_event event) {
    (void)event;
    struct exchange *x = watched(watch);
    flight_leave(x->loop->server->flights, x);
}

/* estimate guesses what a request will need beside its body. */
static size_t estimate(const struct job *job) {
    size_t n = ESTIMATE_BASE + ESTIMATE_FACTOR * job->call.request.n;
    return n < job->call.ctx.cap ? n : job->call.ctx.cap;
}

/* is_slow: others should not have to wait for it. What is not decoded yet is judged by its length. */
static bool is_slow(const struct job *job) {
    return job->decoded ? call_cost(&job->call) > SLOW_NS : job->call.request.n > SLOW_BYTES;
}

/* suspend takes the connection out of the loop's hands; only then may others see the exchange. */
static void suspend(struct exchange *x) {
    MHD_suspend_connection(x->mhd);
    x->state = EXCHANGE_PARKED;
    x->loop->n_parked++;
    conn_phase(x->loop, x->conn, CONN_PARKED, -1);
    x->watch = (struct watch){.fd = x->conn->fd, .deadline_ns = INT64_MAX, .fire = on_gone};
}

/* park consumes the job. */
static enum MHD_Result park(struct exchange *x, struct job *job) {
    struct server *server = x->loop->server;
    size_t more = estimate(job);
    const char *refused = NULL;
    if (pool_full(server->pool) && !flight_has(server->flights, job))
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
    job->task.slow = is_slow(job);
    suspend(x);
    bool joined = flight_enter(server->flights, job, x) != NULL;
    watchdog_add(server->dog, &x->watch);
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
    job->body = x->body;
    job->query = x->query;
    x->body = x->query = NULL;
    job->gzip = accepts_gzip(x->heads.accept_encoding);
    job->want_key = x->heads.if_none_match != NULL;
    if (x->heads.content_type) {
        strncpy(job->content_type, x->heads.content_type, sizeof job->content_type - 1);
        job->call.request.media = job->content_type;
    }
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
    if (look_up(x, job, &result)) {
        end_job(x, job);
        return result;
    }
    if (job->call.request.n > JOB_SMALL)
        return park(x, job);
    if (call_decode(&job->call) != STATUS_OK)
        return reply_and_end(x, job);
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
    return reply_job(x, x->job);
}

enum MHD_Result http_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                             const char *version, const char *data, size_t *data_size, void **context) {
    struct exchange *x = *context;
    (void)cls, (void)mhd, (void)url, (void)version;
    if (!x || !x->conn) /* there was no memory to begin it */
        return MHD_NO;
    if (x->state == EXCHANGE_LINE)
        return on_heads(x, method);
    if (*data_size) {
        size_t n = *data_size;
        *data_size = 0;
        return on_body(x, data, n);
    }
    if (x->state == EXCHANGE_ANSWERED)
        return MHD_YES;
    enum MHD_Result result = x->state == EXCHANGE_PARKED ? on_resumed(x) : on_end(x);
    if (x->state == EXCHANGE_ANSWERED)
        conn_phase(x->loop, x->conn, CONN_SENDING,
                   x->loop->server->options.body_timeout + (int64_t)(x->bytes_out / SEND_BYTES_A_MS));
    return result;
}

/* -- the end -- */

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
    int64_t ns = clock_ns() - x->begun_ns;
    const struct options *o = &loop->server->options;
    metrics_request(loop->server->metrics, metrics_route(x->endpoint), x->method ? x->method : "", x->status, ns);
    if (!x->id[0] && x->state == EXCHANGE_LINE)
        take_id(x);
    if (x->conn) {
        log_exchange(x, ns, code != MHD_REQUEST_TERMINATED_COMPLETED_OK || x->left);
        conn_phase(loop, x->conn, CONN_WAITING, o->idle_timeout + o->header_timeout);
    }
    server_unreserve(loop->server, x->reserved);
    free_exchange(loop, x);
}
