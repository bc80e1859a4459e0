#include "tests/fuzz/check.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "handlers/npy.h"
#include "tests/support/host.h"

/* Above LONGEST_RUN (a quarter of a second under a sanitizer) a request is only run with its stop flag up. */
static const uint64_t LONGEST_RUN_NS = 20 * 1000 * 1000;
enum { LONGEST_RUN_MS = 500 };
enum { ARENA = 64 << 20, ANSWER = 64 << 20 };

static bool fail(char why[512], const char *what, const char *detail) {
    snprintf(why, 512, "%s: %.400s", what, detail);
    return false;
}

static bool fail_of(char why[512], const char *what, const struct buf *text) {
    snprintf(why, 512, "%s: %.*s", what, (int)(text->n < 400 ? text->n : 400), text->n ? text->data : "");
    return false;
}

static bool is_json(const struct buf *b, json_t **tree, char why[512]) {
    json_error_t error;
    *tree = json_loadb(b->data ? b->data : "", b->n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    return *tree || fail(why, "not JSON", error.text);
}

static bool document_holds(const struct buf *b, int http, char why[512]) {
    static const char *const TEXTS[] = {"type", "title", "detail", "code", NULL};
    json_t *tree;
    if (!is_json(b, &tree, why))
        return false;
    bool holds = json_integer_value(json_object_get(tree, "status")) == http;
    for (size_t i = 0; TEXTS[i]; i++) {
        const char *text = json_string_value(json_object_get(tree, TEXTS[i]));
        holds = holds && text && *text;
    }
    json_decref(tree);
    return holds || fail_of(why, "a problem document without one of its members", b);
}

static bool is_sentence(const char *text) {
    size_t n = strlen(text);
    return n > 1 && strchr(".?!", text[n - 1]);
}

static bool problem_holds(const struct call *call, char why[512]) {
    if (call->status == STATUS_INTERNAL || call->http < 400 || call->http == 500)
        return fail(why, "a failure that is our own", call->errors[0].detail);
    if (call->n_errors == 0 || call->n_errors > CALL_MAX_ERRORS)
        return fail(why, "a failure without an error", "");
    for (size_t i = 0; i < call->n_errors; i++) {
        const struct error *error = &call->errors[i];
        if (!is_sentence(error->detail))
            return fail(why, "an error that is no sentence", error->detail);
        if (error->pointer[0] && error->pointer[0] != '/')
            return fail(why, "a place that is no JSON Pointer", error->pointer);
    }
    struct buf b;
    buf_init(&b, 1 << 20);
    call_problem(call, "fuzz", &b);
    bool holds = !b.failed && document_holds(&b, call->http, why);
    buf_release(&b);
    return holds;
}

static void begin(struct call *call, const struct endpoint *endpoint, const struct request *request) {
    call_init(call, endpoint, &test_host);
    if (call->ctx.cap > ARENA)
        call->ctx.cap = ARENA;
    call->request = *request;
}

/* The server gives every request a deadline, and so does this: what is slow must listen. */
static atomic_int stop;

static void on_alarm(int signal) {
    (void)signal;
    atomic_store(&stop, STOP_DEADLINE);
}

static void set_deadline(long ms) {
    struct itimerval timer = {.it_value = {.tv_usec = ms * 1000}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* answer_holds answers a decoded call. `out` holds the answer, or is empty where the call was refused. */
static bool answer_holds(struct call *call, const char *accept, struct buf *out, char why[512]) {
    atomic_store(&stop, call_cost(call) > LONGEST_RUN_NS ? STOP_CANCEL : STOP_NONE);
    call->ctx.stop = &stop;
    enum media media;
    struct sink sink = {.out = *out, .full = SIZE_MAX};
    enum status status = call_media(call, accept, &media);
    set_deadline(LONGEST_RUN_MS);
    if (status == STATUS_OK)
        status = call_stream(call, media, &sink);
    set_deadline(0);
    *out = sink.out;
    if (status != STATUS_OK) {
        buf_clear(out);
        out->failed = false;
        return problem_holds(call, why);
    }
    if (media == MEDIA_NPY) {
        struct array a;
        return npy_read(&call->ctx, out->data, out->n, &a) == STATUS_OK || fail(why, "not npy", call->ctx.err.detail);
    }
    if (media == MEDIA_PNG)
        return (out->n > 8 && memcmp(out->data, "\x89PNG", 4) == 0) || fail(why, "not png", "");
    json_t *tree = NULL;
    if (media == MEDIA_JSON && !is_json(out, &tree, why))
        return false;
    json_decref(tree);
    return true;
}

/* canonical_holds sends the canonical request of the first call on the same way, and compares. */
static bool canonical_holds(const struct call *first, const struct buf *text, const char *accept,
                            const struct buf *answer, char why[512]) {
    struct buf again, same;
    buf_init(&again, ANSWER), buf_init(&same, ANSWER);
    struct call call;
    bool holds = true;
    begin(&call, first->endpoint, &(struct request){.query = "", .body = text->data ? text->data : "", .n = text->n});
    if (text->n > 0) {
        if (call_decode(&call) != STATUS_OK)
            holds = fail(why, "the canonical request is refused", call.errors[0].detail);
        else if (!call_canonical(&call, &again) || again.n != text->n || memcmp(again.data, text->data, text->n) != 0)
            holds = fail_of(why, "the canonical request changes", text);
        else if (answer->n > 0 && !first->partial)
            holds = answer_holds(&call, accept, &same, why) &&
                    (call.partial || call.status == STATUS_TIMED_OUT || /* it came to its end the first time alone */
                     (same.n == answer->n && memcmp(same.data, answer->data, same.n) == 0) ||
                     fail_of(why, "the canonical request has another answer", text));
    }
    call_release(&call);
    buf_release(&again), buf_release(&same);
    return holds;
}

bool sample_is_target(const struct endpoint *endpoint) {
    return !endpoint->input && (endpoint->path || endpoint->query);
}

static struct request request_of(const struct sample *sample, char *body) {
    struct request request = {.query = sample->query, .media = sample->media, .body = body, .n = sample->n};
    if (sample_is_target(sample->endpoint)) {
        test_target(&request, body);
        request.body = "", request.n = 0;
    }
    return request;
}

static bool check_copy(const struct sample *sample, char *body, int *http, char why[512]) {
    struct call call;
    struct buf answer, text;
    struct request request = request_of(sample, body);
    buf_init(&answer, ANSWER), buf_init(&text, ANSWER);
    begin(&call, sample->endpoint, &request);
    bool holds;
    if (call_decode(&call) != STATUS_OK)
        holds = problem_holds(&call, why);
    else if (!call_canonical(&call, &text))
        holds = fail(why, "no canonical request", call.errors[0].detail);
    else
        holds = answer_holds(&call, sample->accept, &answer, why) &&
                (sample->endpoint->cache == CACHE_NEVER || canonical_holds(&call, &text, sample->accept, &answer, why));
    *http = call.http;
    call_release(&call);
    buf_release(&answer), buf_release(&text);
    return holds;
}

bool check_sample(const struct sample *sample, int *http, char why[512]) {
    why[0] = '\0';
    size_t size = sample->n + sample_is_target(sample->endpoint); /* the exact one: a byte read past the end is seen */
    char *body = malloc(size);
    if (size > 0 && !body)
        return fail(why, "no memory for the sample", "");
    if (sample->n > 0)
        memcpy(body, sample->body, sample->n);
    if (size > sample->n)
        body[sample->n] = '\0';
    bool holds = check_copy(sample, body, http, why);
    free(body);
    return holds;
}
