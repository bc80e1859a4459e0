#include "server/receive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/pages.h"
#include "server/clock.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/reply.h"

enum {
    SPARES_MAX = 64,
    BODY_FIRST = 4 << 10,    /* first room for a body of unknown length */
    BODY_TRUSTED = 1 << 20,  /* a Content-Length is believed up to here; beyond, room grows as bytes arrive */
    BODY_COUNTED = 64 << 10, /* smaller bodies are not counted as memory in use */
    BODY_DRAINED = 1 << 20,  /* so much of a body over the limit is read, to answer 413, before the line is cut */
};

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

void exchange_free(struct loop *loop, struct exchange *x) {
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

void exchange_free_spares(struct loop *loop) {
    while (loop->spares) {
        struct exchange *x = loop->spares;
        loop->spares = x->next;
        free(x);
    }
    free(loop->spare_job);
}

/* take_target splits the request target. The path stays percent-encoded until a route's parameters are read: "%00" must not
 * end it, nor "%2F" a segment. */
static void take_target(struct exchange *x, const char *uri) {
    if (!strncasecmp(uri, "http://", 7) || !strncasecmp(uri, "https://", 8)) { /* absolute form, as to a proxy */
        uri = strstr(uri, "//") + 2;
        uri += strcspn(uri, "/?");
    }
    size_t n = strcspn(uri, "?");
    const char *query = uri[n] ? uri + n + 1 : "";
    if (n >= EXCHANGE_PATH)
        n = EXCHANGE_PATH - 1; /* longer than any that there is: not found, and logged as far as it goes */
    memcpy(x->path, uri, n);
    x->path[n] = '\0';
    if (*query)
        x->query = strdup(query);
}

struct exchange *receive_line(struct loop *loop, const char *uri, struct MHD_Connection *mhd) {
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
    HEAD("Idempotency-Key", idempotency_key),
    HEAD("Last-Event-ID", last_event_id),
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
    heads->async |= n == strlen("Prefer") && !strcasecmp(name, "Prefer") && prefers_async(value);
    for (size_t i = 0; i < COUNT_OF(HEADS); i++) {
        const struct head_name *h = &HEADS[i];
        if (h->n != n || strcasecmp(h->name, name) != 0)
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
    if (h->transfer && strcasecmp(h->transfer, "chunked") != 0)
        return true;
    for (const char *p = h->length; p && (*p || p == h->length); p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(h->content_length, 10, &h->content_length) ||
            __builtin_add_overflow(h->content_length, (unsigned)(*p - '0'), &h->content_length))
            return true;
    return false;
}

void receive_id(struct exchange *x) {
    struct server *server = x->loop->server;
    if (id_usable(x->heads.request_id))
        snprintf(x->id, sizeof x->id, "%s", x->heads.request_id);
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
    if (x->heads.content_encoding && strcasecmp(x->heads.content_encoding, "identity") != 0)
        return "encoded_body";
    return NULL;
}

enum MHD_Result receive_heads(struct exchange *x, const char *method) {
    x->state = EXCHANGE_BODY;
    x->method = method;
    x->endpoint = endpoint_find(method, x->path, x->allow);
    MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, take_head, &x->heads);
    receive_id(x);
    conn_phase(x->loop, x->conn, CONN_RECEIVING, x->loop->server->options.body_timeout);
    const char *refused = refusal_at_once(x);
    if (refused)
        return reply_refusal(x, refused);
    x->refused = refusal_later(x);
    if (x->refused && x->heads.expect) /* it asks before it sends the body: spare it that */
        return reply_refusal(x, x->refused);
    return MHD_YES;
}

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
    pages_wish(body, size);
    x->body = body;
    x->size = size;
    return true;
}

enum MHD_Result receive_body(struct exchange *x, const char *data, size_t n) {
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
