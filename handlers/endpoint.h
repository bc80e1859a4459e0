/* endpoint.h - an endpoint is one descriptor. handlers/ep_<name>.c defines `const struct endpoint ep_<name>`; make
 * lists the files, and nothing else is edited to add one. */
#ifndef SOLVENT_ENDPOINT_H
#define SOLVENT_ENDPOINT_H

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "handlers/field.h"

struct call;
struct sink;

/* A failure that is to be told. */
struct problem {
    int http;
    const char *code, *request_id, *detail; /* code: a word for programs; detail: a full sentence */
    const struct error *errors;
    size_t n;
};

enum cache_policy {
    CACHE_BY_COST, /* an answer that cost clearly more than a look-up is kept */
    CACHE_NEVER,   /* the answer is not a function of the request (health, metrics) */
};

struct endpoint {
    const char *method, *route; /* "POST", "/v1/solve/sort"; "GET", "/v1/models/{id}" */
    int version;                /* part of every cache key; raise it when an answer's bytes change */
    const char *title;          /* a few words */
    const char *doc;            /* paragraphs of Markdown for the API's documentation */
    const char *source;         /* paper or book; NULL: none */

    const struct field *path;  /* the route's {parameters}, in their order: STRING fields of params with max_items. A
                                 path that they do not fit is a 404. NULL: none */
    const struct field *query; /* what the query string holds, where there is no body; NULL: it is ignored */
    const struct field *input; /* NULL: the endpoint takes no body */
    const struct rule *rules;  /* which members of the request go together; NULL: none */
    size_t params_size;
    const struct field *output; /* NULL: write() makes the answer */
    size_t result_size;
    const char *target;  /* an example of the path and query; NULL: the route */
    const char *example; /* a request and its answer, byte for byte; the contract test replays it */
    const char *answer;

    const char *npy_input;     /* the ARRAY field that an application/x-npy body fills (the others come from the query);
                               NULL: none */
    const char *npy_output;    /* the ARRAY and LIST fields, by spaces apart, of which an application/x-npy answer holds
                                  the first that there is (npy_answer.h); NULL: none */
    const char *ndjson_output; /* the ARRAY, LIST or ROWS field of `output` that an application/x-ndjson answer gives
                                  line by line (encode_lines); no other member may be called "done". NULL: none */
    const struct field *progress; /* the data of the events that run() tells of with call_progress: then there is a
                                     text/event-stream answer too. NULL: none */

    size_t max_memory; /* bytes of the request's arena; 0: the host's default */
    enum cache_policy cache;

    /* prepare does what is left of decoding: it checks what fields cannot say, sees whether the call is impure. Errors
     * as of call_decode. release frees what params own outside of the arena; called once, whatever prepare came to.
     * canonical writes the request where its fields alone do not determine the answer. NULL: nothing to do. */
    enum status (*prepare)(struct call *call, void *params);
    void (*release)(void *params);
    void (*canonical)(const void *params, struct buf *out);

    /* cost predicts the nanoseconds that run() takes on one thread. NULL: nothing to speak of. */
    uint64_t (*cost)(const void *params);

    /* job_only: run() may take so long that it is a job always, not only where the client prefers that: the answer is
     * 202. It tells of its way by call_share, and may keep checkpoints (call_save). */
    bool job_only;

    /* changes: it changes what the host keeps: 403 where that is not for clients to change, 409 where something is in the
     * way. */
    bool changes;

    /* live: the host itself writes the answer, for as long as there is something to tell. */
    bool live;

    /* run fills `result` from `params`; both live in the call's arena (call->ctx). Sets call->partial where a time
     * limit cut it. */
    enum status (*run)(struct call *call, const void *params, void *result);

    /* stream is run() for an application/x-ndjson answer without a trace: it writes the lines of ndjson_output to the
     * sink as they are found, and all other members to `result`, for the last line. A sink_line that says no is a
     * reason to end: with ctx_stopped, or any status. NULL: the lines are written when run() has ended. */
    enum status (*stream)(struct call *call, const void *params, void *result, struct sink *sink);

    /* picture writes an image/png answer, which run() has drawn where call->media is MEDIA_PNG. NULL: there is none. */
    enum status (*picture)(struct call *call, struct buf *out);

    /* problem appends members to the problem documents of this endpoint, each with a comma before it. NULL: none. */
    void (*problem)(const struct problem *problem, struct buf *out);

    /* write makes an answer that is no JSON of `output` (then media names its type). Where that is MEDIA_KEPT, it sends
     * what was kept, whatever Accept says: it sets call->media and call->kept_http. */
    const char *media;
    enum status (*write)(struct call *call, struct buf *out);
};

/* All endpoints, in the order of their file names; ends with NULL. Made by the Makefile. */
extern const struct endpoint *const endpoints[];

/* endpoint_find returns the endpoint of a path (HEAD counts as GET; route.h), or NULL; then `allow` gets the methods that
 * the path does have, as an Allow header wants them, or "" where the path is unknown. No two endpoints of a method take
 * the same path. */
const struct endpoint *endpoint_find(const char *method, const char *path, char allow[64]);

#define MEDIA_KEPT "*/*"

/* endpoint_may_be_job: it does what may take long, and `Prefer: respond-async` makes a job of it. */
bool endpoint_may_be_job(const struct endpoint *endpoint);

/* endpoint_has_lines: there is an application/x-ndjson answer, of ndjson_output or of a trace. */
bool endpoint_has_lines(const struct endpoint *endpoint);

#endif
