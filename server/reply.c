#include "server/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "server/jobs_reader.h"
#include "server/key.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/stream.h"

enum {
    TAG_BYTES = KEY_HEX + 3,
    TIMING_BYTES = 128,
    PROBLEM_MAX = 64 << 10,
    DETAIL_MAX = 192,
    RETRY_MAX = 60,
    STREAM_BLOCK = 32 << 10
};

#define NO_STORE "no-store"
/* A POST here is a function of its body, so its answer stays right; it may change only with the version of the service.
 * What a GET gives (documents) is asked for again each time, and answered 304. */
#define KEEP_POST "private, max-age=86400"
#define KEEP_GET "no-cache"
#define EXPOSED "Cache-Status, ETag, Location, Preference-Applied, Retry-After, Server-Timing, X-Request-Id"
#define SENT "Accept, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-Id"

static void put(struct MHD_Response *r, const char *name, const char *value) {
    (void)MHD_add_response_header(r, name, value); /* without memory the header is left out, the answer is not */
}

static void put_cors(struct exchange *x, struct MHD_Response *r) {
    const char *allowed = origin_allowed(x->loop->server->options.cors_origin, x->heads.origin);
    if (!allowed)
        return;
    put(r, "Access-Control-Allow-Origin", allowed);
    if (x->heads.origin) {
        put(r, "Access-Control-Expose-Headers", EXPOSED);
        put(r, "Timing-Allow-Origin", allowed);
    }
}

/* put_location says where a request is worked on, and that it was asked to be. */
static void put_location(struct exchange *x, struct MHD_Response *r) {
    put(r, "Location", x->job->location);
    if (x->heads.async)
        put(r, "Preference-Applied", "respond-async");
}

/* queue adds what every answer has, and queues it. A NULL response (no memory) closes the connection. */
static enum MHD_Result queue(struct exchange *x, int http, struct MHD_Response *r, size_t bytes) {
    if (!r)
        return MHD_NO;
    put(r, "X-Request-Id", x->id);
    put_cors(x, r);
    if (http == 202)
        put_location(x, r);
    if (server_phase(x->loop->server) != PHASE_SERVING)
        put(r, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(x->mhd, (unsigned)http, r);
    MHD_destroy_response(r);
    if (result == MHD_YES) {
        x->state = EXCHANGE_ANSWERED;
        x->status = http;
        x->bytes_out = bytes;
        if (x->conn)
            x->conn->phase = CONN_SENDING;
    }
    return result;
}

/* -- problems -- */

static struct MHD_Response *problem_response(struct buf *b) {
    if (b->failed) {
        buf_release(b);
        return NULL;
    }
    struct MHD_Response *r = MHD_create_response_from_buffer(b->n, b->data, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        buf_release(b);
        return NULL;
    }
    put(r, "Content-Type", media_text(MEDIA_PROBLEM));
    put(r, "Cache-Control", NO_STORE);
    return r;
}

struct refusal {
    const char *code;
    int http, rejection;
    const char *detail;
};
static const struct refusal REFUSALS[] = {
#define X(code, http, rejection, detail) {code, http, rejection, detail},
    REFUSAL_LIST(X)
#undef X
};

/* put_retry says when what waits now will have been begun, in whole seconds from 1 to RETRY_MAX. A client that comes
 * back too early is refused at next to no cost. */
static void put_retry(struct MHD_Response *r, struct server *server) {
    char text[24];
    int64_t seconds = (pool_wait_ns(server->pool) + NS_PER_S - 1) / NS_PER_S;
    snprintf(text, sizeof text, "%d", (int)(seconds < 1 ? 1 : seconds > RETRY_MAX ? RETRY_MAX : seconds));
    put(r, "Retry-After", text);
}

/* detail_of names the limit where there is one. */
static const char *detail_of(struct exchange *x, const struct refusal *refusal, char text[DETAIL_MAX]) {
    const struct options *o = &x->loop->server->options;
    if (!strcmp(refusal->code, "body_too_large"))
        snprintf(text, DETAIL_MAX,
                 "The body is larger than the %lld bytes that the server takes (its option --max-body).",
                 (long long)o->max_body);
    else if (!strcmp(refusal->code, "queue_full"))
        snprintf(text, DETAIL_MAX, "%lld requests are waiting, as many as the server queues; try again later.",
                 (long long)o->queue);
    else
        return refusal->detail;
    return text;
}

enum MHD_Result reply_refusal(struct exchange *x, const char *code) {
    const struct refusal *refusal = REFUSALS;
    while (strcmp(refusal->code, code) != 0)
        refusal++;
    if (refusal->rejection >= 0)
        metrics_rejected(x->loop->server->metrics, (enum rejection)refusal->rejection);
    char detail[DETAIL_MAX];
    struct buf b;
    buf_init(&b, PROBLEM_MAX);
    problem_write(&b, x->endpoint, refusal->http, code, x->id, detail_of(x, refusal, detail));
    size_t n = b.n;
    struct MHD_Response *r = problem_response(&b);
    if (r && refusal->http == 405)
        put(r, "Allow", x->allow);
    if (r && refusal->http == 503)
        put_retry(r, x->loop->server);
    return queue(x, refusal->http, r, n);
}

static enum MHD_Result reply_problem(struct exchange *x, const struct call *call) {
    struct buf b;
    buf_init(&b, PROBLEM_MAX);
    call_problem(call, x->id, &b);
    size_t n = b.n;
    struct MHD_Response *r = problem_response(&b);
    if (r && (call->status == STATUS_CANCELLED || call->status == STATUS_UNREADY || call->status == STATUS_FULL))
        put_retry(r, x->loop->server); /* not where the time limit was reached: it would be again */
    if (call->status == STATUS_INTERNAL)
        log_message(x->loop->server->log, "error", "Request %s: %s", x->id, call->errors[0].detail);
    return queue(x, call->http, r, n);
}

enum MHD_Result reply_left(struct exchange *x) {
    struct buf b;
    buf_init(&b, PROBLEM_MAX);
    problem_write(
        &b, x->endpoint, 503, "cancelled", x->id,
        "The client closed its side of the connection, so the computation was stopped; keep it open until the answer.");
    size_t n = b.n;
    struct MHD_Response *r = problem_response(&b);
    if (r)
        put(r, "Connection", "close");
    return queue(x, 503, r, n);
}

/* -- answers -- */

static void make_tag(char tag[TAG_BYTES], const struct key *key) {
    tag[0] = '"';
    key_hex(key, tag + 1);
    tag[TAG_BYTES - 2] = '"';
    tag[TAG_BYTES - 1] = '\0';
}

static const char *keep_text(const struct exchange *x) { return *x->method == 'P' ? KEEP_POST : KEEP_GET; }

static void put_tagged(struct exchange *x, struct MHD_Response *r, const char *tag) {
    put(r, "ETag", tag);
    put(r, "Cache-Control", keep_text(x));
    put(r, "Vary",
        strcmp(x->loop->server->options.cors_origin, "*") ? "Accept, Accept-Encoding, Origin"
                                                          : "Accept, Accept-Encoding");
}

bool reply_unchanged(struct exchange *x, const struct key *key, bool any, enum MHD_Result *result) {
    char tag[TAG_BYTES];
    if (!x->heads.if_none_match)
        return false;
    make_tag(tag, key);
    if (!etag_matches(x->heads.if_none_match, tag, any))
        return false;
    struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (r)
        put_tagged(x, r, tag);
    x->cache = "unchanged";
    *result = queue(x, 304, r, 0);
    return true;
}

static void free_answer(void *answer) { answer_drop(answer); }

static struct MHD_Response *answer_response(struct answer *answer) {
    struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback_cls(answer->n, answer->body,
                                                                                    free_answer, answer_keep(answer));
    if (!r) {
        answer_drop(answer);
        return NULL;
    }
    put(r, "Content-Type", media_text((enum media)answer->media));
    if (answer->gzip)
        put(r, "Content-Encoding", "gzip");
    return r;
}

/* reply_answer sends an answer; key NULL: it may not be used again. */
static enum MHD_Result reply_answer(struct exchange *x, struct answer *answer, const struct key *key,
                                    const char *cache_status, const char *timing) {
    enum MHD_Result result;
    if (key && answer->http == 200 && reply_unchanged(x, key, true, &result))
        return result;
    struct MHD_Response *r = answer_response(answer);
    if (!r)
        return MHD_NO;
    if (key) {
        char tag[TAG_BYTES];
        make_tag(tag, key);
        put_tagged(x, r, tag);
    } else {
        put(r, "Cache-Control", NO_STORE);
    }
    if (cache_status)
        put(r, "Cache-Status", cache_status);
    if (timing)
        put(r, "Server-Timing", timing);
    return queue(x, answer->http, r, answer->n);
}

enum MHD_Result reply_cached(struct exchange *x, const struct job *job, struct answer *answer) {
    x->cache = "hit";
    return reply_answer(x, answer, &job->key, "solvent; hit", NULL);
}

/* cache_status says it as RFC 9211 does; x->cache gets the word for the log. */
static const char *cache_status(struct exchange *x, const struct job *job) {
    static const struct {
        const char *word, *status;
    } says[] = {
        [FOUND_BYPASS] = {NULL, NULL},
        [FOUND_MEMORY] = {"hit", "solvent; hit"},
        [FOUND_DISK] = {"hit-disk", "solvent; hit; detail=disk"},
        [FOUND_MISS] = {"miss", "solvent; fwd=miss"},
        [FOUND_STORED] = {"stored", "solvent; fwd=miss; stored"},
    };
    x->cache = x->collapsed ? "collapsed" : says[job->found].word;
    return x->collapsed ? "solvent; fwd=miss; collapsed" : says[job->found].status;
}

/* add_timing appends `name;dur=1.234` in milliseconds. */
static size_t add_timing(char *to, size_t at, const char *name, int64_t ns) {
    if (ns < 0)
        return at;
    return at + (size_t)snprintf(to + at, TIMING_BYTES - at, "%s%s;dur=%lld.%03d", at ? ", " : "", name,
                                 (long long)(ns / 1000000), (int)(ns / 1000 % 1000));
}

enum MHD_Result reply_job(struct exchange *x, struct job *job) {
    x->queue_ns = job->queue_ns;
    x->solve_ns = job->solve_ns;
    if (!job->answer)
        return reply_problem(x, &job->call);
    const char *status = cache_status(x, job);
    if (job->found == FOUND_BYPASS) /* health and the like: not a word more than needed */
        return reply_answer(x, job->answer, NULL, NULL, NULL);
    char timing[TIMING_BYTES];
    size_t at = add_timing(timing, 0, "queue", job->queue_ns);
    at = add_timing(timing, at, "solve", job->solve_ns);
    at = add_timing(timing, at, "encode", job->encode_ns);
    return reply_answer(x, job->answer, job->keyed && job_pure(job) ? &job->key : NULL, status, at ? timing : NULL);
}

enum MHD_Result reply_stream(struct exchange *x) {
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, x, NULL);
    if (!r)
        return MHD_NO;
    put(r, "Content-Type", media_text(x->job->media));
    put(r, "Cache-Control", NO_STORE); /* whether it will be whole is not known yet */
    put(r, "Cache-Status", "solvent; fwd=miss");
    put(r, "X-Accel-Buffering", "no"); /* what nginx understands */
    x->cache = "stream";
    stream_begin(x);
    return queue(x, 200, r, 0);
}

enum MHD_Result reply_events(struct exchange *x) {
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, reader_read, x, NULL);
    if (!r)
        return MHD_NO;
    put(r, "Content-Type", media_text(MEDIA_SSE));
    put(r, "Cache-Control", NO_STORE);
    put(r, "X-Accel-Buffering", "no"); /* what nginx understands */
    reader_begin(x);
    return queue(x, 200, r, 0);
}

/* -- OPTIONS -- */

/* allowed_methods asks for the methods of a path by way of one that no endpoint has. */
static bool allowed_methods(struct exchange *x) {
    if (!strcmp(x->path, "*"))
        strcpy(x->allow, "GET, HEAD, POST, OPTIONS");
    else if (!x->endpoint)
        (void)endpoint_find("OPTIONS", x->path, x->allow);
    return x->allow[0] != '\0';
}

enum MHD_Result reply_options(struct exchange *x) {
    if (!allowed_methods(x))
        return reply_refusal(x, "not_found");
    struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    put(r, "Allow", x->allow);
    if (x->heads.origin && x->heads.preflight &&
        origin_allowed(x->loop->server->options.cors_origin, x->heads.origin)) {
        put(r, "Access-Control-Allow-Methods", x->allow);
        put(r, "Access-Control-Allow-Headers", SENT);
        put(r, "Access-Control-Max-Age", "86400");
    }
    put(r, "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    return queue(x, 204, r, 0);
}
