/* call.h - one request on its way through an endpoint, without any HTTP: decode -> cost -> run -> encode.
 *
 *     struct call call;
 *     call_init(&call, endpoint, &host);
 *     call.request = (struct request){.query = "", .media = "application/json", .body = text, .n = length};
 *     if (call_decode(&call) == STATUS_OK && call_run(&call) == STATUS_OK && call_encode(&call, MEDIA_JSON, &out) ==
 * STATUS_OK) send out; else call_problem(&call, request_id, &out), send out with call.http; call_release(&call);
 *
 * Threads: a call belongs to one thread at a time; it may be decoded on one and run on another. */
#ifndef SOLVENT_CALL_H
#define SOLVENT_CALL_H

#include "handlers/endpoint.h"
#include "handlers/model_store.h"
#include "handlers/sink.h"

/* Media types that an answer can have. */
#define MEDIA_LIST(X)                                         \
    X(JSON, "application/json")                               \
    X(NPY, "application/x-npy")                               \
    X(PNG, "image/png")                                       \
    X(NDJSON, "application/x-ndjson")                         \
    X(SSE, "text/event-stream")                               \
    X(PROBLEM, "application/problem+json")                    \
    X(TEXT, "text/plain; charset=utf-8")                      \
    X(PROMETHEUS, "text/plain; version=0.0.4; charset=utf-8") \
    X(HTML, "text/html; charset=utf-8")
enum media {
#define X(name, text) MEDIA_##name,
    MEDIA_LIST(X)
#undef X
};
const char *media_text(enum media media);
enum media media_named(const char *text); /* MEDIA_JSON where it names none */

/* What the host's process does, for GET /v1/runtime/threads. Texts and list lie in the call's arena. */
enum runtime_role { THREAD_MAIN, THREAD_LOOP, THREAD_WORKER, THREAD_WATCHDOG, THREAD_WRITER, THREAD_JOB, THREAD_OTHER };
enum runtime_state { STATE_RUNNING, STATE_SLEEPING, STATE_WAITING, STATE_STOPPED, STATE_ENDING };
enum { RUNTIME_NAME = 64 };
struct runtime_thread {
    int64_t id, cpu_ms, busy_ms;
    int role, state;
    bool busy; /* a worker with a request: route, request_id and busy_ms tell of it */
    struct str name, route, request_id;
};
struct runtime {
    int64_t process, uptime_ms;
    struct list threads; /* of struct runtime_thread */
};

struct job_report; /* job_report.h */
struct call;

/* What GET /v1/jobs asks for. */
struct job_filter {
    int state;      /* index into job_states; below 0: any */
    int64_t before; /* jobs older than that number */
    size_t limit;
};

/* The jobs of a host. Memory is taken from the call's arena. Errors: NOT_FOUND, UNREADY where the jobs' file cannot be
 * used, NO_MEMORY. */
struct host_jobs {
    enum status (*find)(void *self, struct call *call, const char *id, struct job_report *out);
    /* cancel ends a job, or forgets one that has ended. */
    enum status (*cancel)(void *self, struct call *call, const char *id, struct job_report *out);
    /* list gives reports, the newest first; *next gets the number to go on before, 0 where there are no more. */
    enum status (*list)(void *self, struct call *call, const struct job_filter *filter, struct list *out,
                        int64_t *next);
    /* result writes the answer or the problem as it was kept, and sets call->media and call->kept_http. */
    enum status (*result)(void *self, struct call *call, const char *id, struct buf *out);
    /* making fails where a job that has not ended makes what is so called (call->makes). Errors: CONFLICT (it names
     * the job). */
    enum status (*making)(void *self, struct call *call, struct str name);
};

/* What a job lends to the call that it runs. */
struct call_job {
    void (*share)(struct call_job *self, double share);
    bool (*save)(struct call_job *self, const void *p, size_t n);
    bool (*saved)(struct call_job *self, struct buf *out);
};

/* What the host (the server, `solvent call`, a test) lends to endpoints. Every function may be called from any
 * thread. */
struct host {
    void *self;
    uint64_t (*draw_seed)(void *self);                                        /* below 2^53 */
    struct model_store *models;                                               /* the named ones; NULL: there are none */
    void (*metrics)(void *self, struct buf *out);                             /* Prometheus text; NULL: no metrics */
    bool (*ready)(void *self, const char **why);                              /* NULL: ready */
    enum status (*runtime)(void *self, struct ctx *ctx, struct runtime *out); /* NULL: it does not tell */
    /* answer answers a decoded call as JSON, with what the host remembers; NULL: as call_run and call_encode do. */
    enum status (*answer)(void *self, struct call *call, struct buf *out);
    int64_t (*now_ns)(void *self); /* a clock that only goes forward; NULL: there is none */
    const struct host_jobs *jobs;  /* NULL: it keeps none */
    enum isa isa;                  /* the calls' kernels */
    struct spare *spare;           /* the calls' large memory (spare.h); NULL: the system's */
    size_t max_memory;             /* bytes of a request's arena where the endpoint names none */
};

struct request {
    const char *path;  /* as it came, percent-encoded, without the query; NULL will do where the route has no parameter.
                          Borrowed */
    const char *query; /* the part behind '?', still percent-encoded; "" if none. Borrowed */
    const char *media; /* Content-Type; NULL: JSON. Borrowed */
    const char *body;  /* borrowed until call_release */
    size_t n;
};

enum { CALL_MAX_ERRORS = 8 };

struct call {
    const struct endpoint *endpoint;
    const struct host *host;
    struct ctx ctx; /* its stop flag and threads are set by the host after call_init */
    struct request request;
    void *params, *result; /* in the arena, after decode and run */
    enum media media;      /* after call_media: the type of the answer; else JSON */
    int64_t time_limit_ms; /* after decode: what the request asked for; 0: the host's default */
    int64_t deadline_ns;   /* of host->now_ns: when the host will stop it; the host's to set before run. 0: unknown */
    bool
        hasty; /* before decode: where decoding would have to read a model's files, it ends with UNREADY and sets ... */
    bool later;       /* ... this: call_again, and decode on a thread that may wait */
    struct str makes; /* after decode: the model that run() makes, which no two jobs may do at once; n 0: none */
    bool impure;      /* after decode: the body alone does not determine the answer (a drawn seed, a named model) */
    bool partial;     /* after run: cut or chosen by a time limit; must not be cached */
    struct kept_model *models; /* given back by call_release */
    enum graph_dtype dtype;    /* of the networks that it loads: run's to set before */
    struct sink *events;       /* while run works: where call_progress writes; NULL: nobody listens */
    uint64_t *seeds;      /* the state that drawn seeds come from, so that they can be drawn again; NULL: the host */
    struct call_job *job; /* NULL: somebody waits for the answer */
    int kept_http;        /* of write(): the status of what was kept; 0: none was */
    int http;             /* the status of the answer: 200, or that of the problem */
    enum status status;
    size_t n_errors; /* when decode failed: errors[0 .. n_errors-1]; when run failed: one */
    struct error errors[CALL_MAX_ERRORS];
};

void call_init(struct call *call, const struct endpoint *endpoint, const struct host *host);
void call_release(struct call *call);

/* call_again makes a call that was not run as it was after call_init, with its request, its media and its host's settings. */
void call_again(struct call *call);

/* call_decode reads the request into call->params. Errors: NOT_FOUND, SYNTAX, UNSUPPORTED, INVALID, NO_MEMORY, CANCELLED; all
 * wrong fields are reported at once, up to CALL_MAX_ERRORS. */
enum status call_decode(struct call *call) MUST_CHECK;

/* call_cost predicts the nanoseconds of call_run on one thread. After decode. */
uint64_t call_cost(const struct call *call);

/* call_canonical writes the request as it was understood: every field in the descriptor's order with its default, the
 * seed that was drawn, a model in place of its name. Equal texts have equal answers. Empty for an endpoint without
 * input. The path and the query of one without a body are no part of it. After decode, before run. false: `out` has no room for it, which is no failure of the call. */
bool call_canonical(const struct call *call, struct buf *out) MUST_CHECK;

/* call_run computes. Errors: whatever the endpoint's run() says. */
enum status call_run(struct call *call) MUST_CHECK;

/* call_run_streaming is call_run by the endpoint's stream(). A part of call_stream. */
enum status call_run_streaming(struct call *call, struct sink *sink) MUST_CHECK;

/* call_media chooses the answer's media type from an Accept header (NULL: anything), and keeps it in call->media;
 * NOT_ACCEPTABLE names what there is. */
enum status call_media(struct call *call, const char *accept, enum media *media) MUST_CHECK;

/* call_encode writes the answer. */
enum status call_encode(struct call *call, enum media media, struct buf *out) MUST_CHECK;

/* call_streams says whether an answer of this type is written to a sink, as it is computed or as it is read. */
bool call_streams(const struct call *call, enum media media);

/* call_stream is call_run and call_encode in one: it writes the answer to the sink, line by line or event by event
 * where that is the media type. The bytes are those of call_encode, but for the events before "done". Errors: those of
 * call_run and call_encode; CANCELLED where nobody reads any more. */
enum status call_stream(struct call *call, enum media media, struct sink *sink) MUST_CHECK;

/* call_stream_problem ends a stream that failed after bytes of it had left: {"done":false,"error":{the document}} as
 * the last line, or an event "error" with the document. What is not a whole line goes. */
void call_stream_problem(const struct call *call, enum media media, const char *request_id, struct sink *sink);

/* call_progress tells those who listen that run() has come so far: an event of that name, with `data` as the endpoint's
 * `progress` fields describe it. Cheap where nobody does. Which events there are must depend on the request alone. */
void call_progress(struct call *call, const char *event, const void *data);

/* call_share tells how much of the work is done, 0 to 1; from any of the call's threads. */
void call_share(struct call *call, double share);

/* call_save keeps a checkpoint of n bytes in place of the last one; false: there is no job to keep it, or it could not
 * be kept, and the work goes on. call_saved appends the one that an earlier run of this job kept; false: there is
 * none. */
bool call_save(struct call *call, const void *p, size_t n);
bool call_saved(struct call *call, struct buf *out);

/* call_draw gives a seed below 2^53. */
uint64_t call_draw(struct call *call);

/* call_fail records a failure from outside the endpoint (a limit of the host, say) and returns status. */
enum status call_fail(struct call *call, enum status status, const char *pointer, const char *format, ...)
    PRINTF_LIKE(4, 5);
#ifdef __clang_analyzer__ /* as for ctx_fail */
#define call_fail(call, code, ...) ((void)call_fail(call, code, __VA_ARGS__), (code))
#endif

/* call_problem writes the RFC 9457 document of the failure; call->http is its status. */
void call_problem(const struct call *call, const char *request_id, struct buf *out);

/* problem_write writes the document of a failure that has no call (no such route, a body over the limit, ...), at an
 * endpoint (NULL: at none). `code` is a word for programs ("not_found"), `detail` a full sentence. */
void problem_write(struct buf *out, const struct endpoint *endpoint, int http, const char *code, const char *request_id,
                   const char *detail);

/* model_check says whether the n bytes at text are a model that requests can call by name; if not, *why tells what is
 * wrong. */
bool model_check(const char *text, size_t n, struct error *why);

/* The API described: OpenAPI 3.1 as JSON, and the page docs/api.md. */
void openapi_write(struct buf *out);
void api_markdown_write(struct buf *out);

#endif
