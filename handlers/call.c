#include "handlers/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "handlers/decode.h"
#include "handlers/encode.h"
#include "handlers/npy.h"
#include "handlers/npy_answer.h"
#include "handlers/route.h"
#include "handlers/trace_fields.h"

enum { DEFAULT_MAX_MEMORY = 1 << 30 };

const char *media_text(enum media media) {
    static const char *const texts[] = {
#define X(name, text) text,
        MEDIA_LIST(X)
#undef X
    };
    return texts[media];
}

enum media media_named(const char *text) {
    for (enum media m = 0; m <= MEDIA_HTML; m++)
        if (strcmp(media_text(m), text) == 0)
            return m;
    return MEDIA_JSON;
}

bool endpoint_may_be_job(const struct endpoint *endpoint) {
    return strcmp(endpoint->method, "POST") == 0 && (endpoint->job_only || endpoint->cost);
}

bool endpoint_has_lines(const struct endpoint *endpoint) {
    bool lines = endpoint->ndjson_output;
    for (const struct field *f = endpoint->output; f && f->name; f++)
        lines = lines || f->type == FIELD_TRACE;
    return lines;
}

void call_init(struct call *call, const struct endpoint *endpoint, const struct host *host) {
    size_t host_memory = host->max_memory ? host->max_memory : DEFAULT_MAX_MEMORY;
    memset(call, 0, offsetof(struct call, errors));
    call->endpoint = endpoint;
    call->host = host;
    call->http = 200;
    ctx_init(&call->ctx,
             endpoint->max_memory && endpoint->max_memory < host_memory ? endpoint->max_memory : host_memory);
    call->ctx.isa = host->isa;
    call->ctx.spare = host->spare;
}

void call_release(struct call *call) {
    if (call->params && call->endpoint->release)
        call->endpoint->release(call->params);
    call->params = call->result = NULL;
    call_drop_models(call);
    ctx_release(&call->ctx);
}

void call_again(struct call *call) {
    const struct call old = *call;
    call_release(call);
    call_init(call, old.endpoint, old.host);
    call->ctx.stop = old.ctx.stop;
    call->ctx.parallel = old.ctx.parallel;
    call->request = old.request;
    call->media = old.media;
}

static int http_of(enum status status) {
    static const int codes[] = {
#define X(name, code, http) http,
        STATUS_LIST(X)
#undef X
    };
    return codes[status];
}

static const char *code_of(enum status status) {
    static const char *const codes[] = {
#define X(name, code, http) code,
        STATUS_LIST(X)
#undef X
    };
    return codes[status];
}

/* settle records a status that some step came to; where the step left its error in ctx->err, it becomes the call's. */
static enum status settle(struct call *call, enum status status) {
    call->status = status;
    call->http = status == STATUS_OK && call->kept_http ? call->kept_http : http_of(status);
    if (status != STATUS_OK && call->n_errors == 0)
        call->errors[call->n_errors++] = call->ctx.err;
    return status;
}

enum status(call_fail)(struct call *call, enum status status, const char *pointer, const char *format, ...) {
    snprintf(call->ctx.err.pointer, sizeof call->ctx.err.pointer, "%s", pointer);
    va_list args;
    va_start(args, format);
    error_detail(&call->ctx.err, 0, format, args);
    va_end(args);
    call->n_errors = 0;
    return settle(call, status);
}

/* media_is compares the type without its parameters. */
static bool media_is(const char *media, const char *type) {
    size_t n = strlen(type);
    return strncasecmp(media, type, n) == 0 &&
           (media[n] == '\0' || media[n] == ';' || media[n] == ' ' || media[n] == '\t');
}

/* application/x-www-form-urlencoded is what `curl -d` says of any text. */
static bool is_json_media(const char *media) {
    return !media || media_is(media, "application/json") || media_is(media, "text/json") ||
           media_is(media, "application/x-www-form-urlencoded");
}

static enum status decode_npy(struct call *call) {
    struct array array;
    enum status status = npy_read(&call->ctx, call->request.body, call->request.n, &array);
    if (status != STATUS_OK) {
        if (status == STATUS_INVALID) { /* the pointer of npy.h is an index into the array */
            char pointer[sizeof call->ctx.err.pointer];
            snprintf(pointer, sizeof pointer, "/%s%.100s", call->endpoint->npy_input, call->ctx.err.pointer);
            memcpy(call->ctx.err.pointer, pointer, sizeof pointer);
        }
        return status;
    }
    struct buf text;
    buf_init(&text, 1 << 18);
    status = query_json(call, call->endpoint->input, call->request.query ? call->request.query : "", &text);
    if (status == STATUS_OK)
        status = decode_json(call, text.data, text.n, &array);
    buf_release(&text);
    return status;
}

static enum status decode_query(struct call *call) {
    struct buf text;
    buf_init(&text, 1 << 18);
    enum status status = query_json(call, call->endpoint->query, call->request.query ? call->request.query : "", &text);
    if (status == STATUS_OK)
        status = decode_json(call, text.data, text.n, NULL);
    buf_release(&text);
    return status;
}

static enum status decode_body(struct call *call) {
    const struct endpoint *endpoint = call->endpoint;
    const char *media = call->request.media;
    if (media && endpoint->npy_input && media_is(media, "application/x-npy"))
        return decode_npy(call);
    if (!is_json_media(media))
        return call_fail(call, STATUS_UNSUPPORTED, "", "The body is %.80s, want application/json%s.", media,
                         endpoint->npy_input ? " or application/x-npy" : "");
    if (call->request.query && *call->request.query)
        return call_fail(call, STATUS_INVALID, "",
                         "The query string \"%.60s\" would be ignored; put its parameters into the JSON body.",
                         call->request.query);
    return decode_json(call, call->request.body ? call->request.body : "", call->request.n, NULL);
}

enum status call_decode(struct call *call) {
    const struct endpoint *endpoint = call->endpoint;
    if (!endpoint->input && !endpoint->path && !endpoint->query)
        return settle(call, STATUS_OK);
    call->params = ctx_zalloc(&call->ctx, 1, endpoint->params_size);
    enum status status = call->params ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK && endpoint->path)
        status = route_decode(call);
    if (status == STATUS_OK && (endpoint->input || endpoint->query))
        status = endpoint->input ? decode_body(call) : decode_query(call);
    if (status == STATUS_OK && endpoint->prepare && ctx_stop(&call->ctx) == STOP_CANCEL)
        status = ctx_stopped(&call->ctx);
    if (status == STATUS_OK && endpoint->prepare)
        status = endpoint->prepare(call, call->params);
    return settle(call, status);
}

/* SplitMix64; the state is a plain counter. */
static uint64_t next_seed(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) >> 11;
}

uint64_t call_draw(struct call *call) {
    return call->seeds ? next_seed(call->seeds) : call->host->draw_seed(call->host->self);
}

void call_share(struct call *call, double share) {
    if (call->job)
        call->job->share(call->job, share);
}

bool call_save(struct call *call, const void *p, size_t n) { return call->job && call->job->save(call->job, p, n); }

bool call_saved(struct call *call, struct buf *out) { return call->job && call->job->saved(call->job, out); }

uint64_t call_cost(const struct call *call) { return call->endpoint->cost ? call->endpoint->cost(call->params) : 0; }

bool call_canonical(const struct call *call, struct buf *out) {
    if (call->endpoint->canonical)
        call->endpoint->canonical(call->params, out);
    else if (call->endpoint->input)
        encode_fields(out, call->endpoint->input, call->params);
    return !out->failed;
}

/* note_trace_format tells the answer's trace how the request wants it written. */
static void note_trace_format(struct call *call) {
    const struct trace_params *asked = NULL;
    for (const struct field *f = call->endpoint->input; f && f->name; f++)
        if (f->type == FIELD_OBJECT && f->fields == trace_fields)
            asked = (const struct trace_params *)(const void *)((const char *)call->params + f->offset);
    for (const struct field *f = call->endpoint->output; asked && f && f->name; f++)
        if (f->type == FIELD_TRACE)
            ((struct trace *)(void *)((char *)call->result + f->offset))->commands = asked->format == TRACE_COMMANDS;
}

/* run makes the result, by the endpoint's stream() where there is a sink. */
static enum status run(struct call *call, struct sink *sink) {
    const struct endpoint *endpoint = call->endpoint;
    call->result = ctx_zalloc(&call->ctx, 1, endpoint->result_size ? endpoint->result_size : 1);
    if (!call->result)
        return settle(call, STATUS_NO_MEMORY);
    return settle(call, sink ? endpoint->stream(call, call->params, call->result, sink)
                             : endpoint->run(call, call->params, call->result));
}

enum status call_run(struct call *call) {
    if (!call->endpoint->run)
        return settle(call, STATUS_OK);
    enum status status = run(call, NULL);
    if (status == STATUS_OK)
        note_trace_format(call);
    return status;
}

enum status call_run_streaming(struct call *call, struct sink *sink) { return run(call, sink); }

/* Accept (RFC 9110, 12.5.1): the quality of a media type is that of the most specific range that matches it. */
struct range {
    const char *type;
    size_t n;
    double q;
};

static const char *next_range(const char *p, struct range *range) {
    p += strspn(p, " \t,");
    range->type = p;
    range->n = strcspn(p, ";, \t");
    range->q = 1;
    p += range->n;
    size_t rest = strcspn(p, ",");
    for (const char *c = p; c < p + rest; c++) {
        if (*c != ';')
            continue;
        c += 1 + strspn(c + 1, " \t");
        if ((*c | 32) == 'q' && c[1] == '=') { /* 0, 1, 0.5, ...: no locale, no strtod */
            range->q = c[2] == '1';
            double unit = 0.1;
            for (const char *digit = c + 4; c[2] && c[3] == '.' && *digit >= '0' && *digit <= '9'; digit++, unit /= 10)
                range->q += unit * (*digit - '0');
        }
        c--;
    }
    return p + rest;
}

static double quality(const char *accept, const char *media) {
    size_t n = strcspn(media, ";"), slash = strcspn(media, "/");
    double q = 0;
    int specific = 0;
    struct range r;
    for (const char *p = next_range(accept, &r); r.n; p = next_range(p, &r)) {
        int match = 0;
        if (r.n == n && strncasecmp(r.type, media, n) == 0)
            match = 3;
        else if (r.n == slash + 2 && strncasecmp(r.type, media, slash + 1) == 0 && r.type[slash + 1] == '*')
            match = 2;
        else if (r.n == 3 && memcmp(r.type, "*/*", 3) == 0)
            match = 1;
        if (match > specific) {
            specific = match;
            q = r.q;
        }
    }
    return q;
}

static enum status choose_media(struct call *call, const char *accept, enum media *media) {
    const struct endpoint *endpoint = call->endpoint;
    const char *own = endpoint->media ? endpoint->media : media_text(MEDIA_JSON);
    *media = media_named(own);
    if (!accept || !*accept || strcmp(own, MEDIA_KEPT) == 0)
        return STATUS_OK;
    const struct {
        bool offered;
        enum media media;
    } others[] = {{endpoint->npy_output, MEDIA_NPY},
                  {endpoint_has_lines(endpoint), MEDIA_NDJSON},
                  {endpoint->picture, MEDIA_PNG},
                  {endpoint->progress, MEDIA_SSE}};
    double best = quality(accept, own);
    char all[128];
    size_t at = (size_t)snprintf(all, sizeof all, "%s", own);
    for (size_t i = 0; i < COUNT_OF(others); i++) { /* the endpoint's own type wins a tie */
        if (!others[i].offered)
            continue;
        double q = quality(accept, media_text(others[i].media));
        if (q > best) {
            best = q;
            *media = others[i].media;
        }
        at += (size_t)snprintf(all + at, sizeof all - at, " or %s", media_text(others[i].media));
    }
    if (best > 0)
        return STATUS_OK;
    return call_fail(call, STATUS_NOT_ACCEPTABLE, "", "Accept is \"%.80s\", but the answer can only be %s.", accept,
                     all);
}

enum status call_media(struct call *call, const char *accept, enum media *media) {
    enum status status = choose_media(call, accept, media);
    call->media = status == STATUS_OK ? *media : MEDIA_JSON;
    return status;
}

enum status call_encode(struct call *call, enum media media, struct buf *out) {
    out->parallel = call->ctx.parallel;
    if (call->endpoint->write) {
        enum status status = settle(call, call->endpoint->write(call, out));
        if (status != STATUS_OK)
            return status;
    } else if (media == MEDIA_NPY) {
        struct array array;
        enum status status = npy_answer(call, &array);
        if (status != STATUS_OK)
            return settle(call, status);
        npy_write(out, &array);
    } else if (media == MEDIA_PNG) {
        enum status status = settle(call, call->endpoint->picture(call, out));
        if (status != STATUS_OK)
            return status;
    } else if (media == MEDIA_NDJSON) {
        struct sink all = {.out = *out, .full = SIZE_MAX};
        (void)encode_lines(&all, call->endpoint->output, call->result, call->endpoint->ndjson_output);
        *out = all.out;
    } else {
        encode_fields(out, call->endpoint->output, call->result);
    }
    return out->failed ? call_fail(call, STATUS_TOO_LARGE, "", "The answer is larger than %zu bytes.", out->cap)
                       : STATUS_OK;
}

static const char *http_title(int http) {
    switch (http) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
    }
}

static void write_problem(struct buf *out, const struct problem *p, const struct endpoint *endpoint) {
    buf_printf(out, "{\"type\":\"urn:solvent:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":", p->code,
               http_title(p->http), p->http);
    encode_quoting(out, p->detail);
    buf_printf(out, ",\"code\":\"%s\",\"request_id\":", p->code);
    encode_quoting(out, p->request_id);
    buf_text(out, ",\"errors\":[");
    for (size_t i = 0; i < p->n; i++) {
        buf_text(out, i ? ",{\"pointer\":" : "{\"pointer\":");
        encode_quoting(out, p->errors[i].pointer);
        buf_text(out, ",\"detail\":");
        encode_quoting(out, p->errors[i].detail);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
    if (endpoint && endpoint->problem)
        endpoint->problem(p, out);
    buf_byte(out, '}');
}

void call_problem(const struct call *call, const char *request_id, struct buf *out) {
    const struct problem p = {call->http,   code_of(call->status), request_id, call->errors[0].detail,
                              call->errors, call->n_errors};
    write_problem(out, &p, call->endpoint);
}

void problem_write(struct buf *out, const struct endpoint *endpoint, int http, const char *code, const char *request_id,
                   const char *detail) {
    const struct problem p = {.http = http, .code = code, .request_id = request_id, .detail = detail};
    write_problem(out, &p, endpoint);
}

/* model_field finds the field that takes models, with its endpoint. */
static const struct field *model_field(const struct endpoint **endpoint) {
    for (const struct endpoint *const *e = endpoints; *e; e++)
        for (const struct field *f = (*e)->input; f && f->name; f++)
            if (f->role == ROLE_MODEL) {
                *endpoint = *e;
                return f;
            }
    return NULL;
}

bool model_check(const char *text, size_t n, struct error *why) {
    static const struct host nobody = {0};
    const struct endpoint *endpoint = NULL;
    const struct field *field = model_field(&endpoint);
    if (!field)
        return true;
    struct call call;
    call_init(&call, endpoint, &nobody);
    bool good = settle(&call, decode_model(&call, field, text, n)) == STATUS_OK;
    if (!good)
        *why = call.errors[0];
    call_release(&call);
    return good;
}
