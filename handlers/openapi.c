#include <stdio.h>

#include "handlers/call.h"
#include "handlers/encode.h"
#include "handlers/job_report.h"
#include "handlers/schema.h"

#define PROBLEM_REF(status, text)              \
    ",\"" status "\":{\"description\":\"" text \
    "\",\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}"

static const char INFO[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Solvent\",\"version\":\"" SOLVENT_VERSION
    "\",\"summary\":\"Exact answers to classic algorithm problems, and samples from diffusion and flow models.\","
    "\"description\":\"An answer is a pure function of its request: the same request gives the same bytes. POST bodies "
    "are JSON; errors are "
    "RFC 9457 problem documents whose pointers name the wrong fields.\","
    "\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},\"servers\":[{\"url\":\"/\"}],\"security\":[],\"paths\":{";

/* It ends where the schema of a job's report is to stand. */
static const char COMPONENTS[] =
    "},\"components\":{\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457.\",\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
    "\"detail\":{\"type\":\"string\",\"description\":\"One full sentence: what is wrong and what was wanted.\"},"
    "\"code\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"pointer\":{\"type\":\"string\",\"description\":\"JSON Pointer to the "
    "field.\"},\"detail\":{\"type\":\"string\"}},"
    "\"required\":[\"pointer\",\"detail\"]}}},"
    "\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\",\"request_id\",\"errors\"]},\"Job\":";

/* method_text is the method as OpenAPI writes it, in small letters. */
static void method_text(struct buf *out, const struct endpoint *e) {
    for (const char *c = e->method; *c; c++)
        buf_byte(out, (char)(*c | 32));
}

/* operation_id is the route's words: "/v1/solve/kth-largest" -> "post_v1_solve_kth_largest", "/v1/models/{id}" ->
 * "get_v1_models_id". */
static void operation_id(struct buf *out, const struct endpoint *e) {
    method_text(out, e);
    for (const char *c = e->route; *c; c++)
        if (*c != '{' && *c != '}')
            buf_byte(out, (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ? *c : '_');
}

static void description(struct buf *out, const struct endpoint *e) {
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_text(&text, e->doc);
    if (e->source)
        buf_printf(&text, "\n\nSource: %s", e->source);
    encode_string(out, text.data, text.n);
    buf_release(&text);
}

/* parameters writes those of the path or of the query; `between` stands before the first. Returns what stands before the
 * next. */
static const char *parameters(struct buf *out, const struct field *fields, const char *in, const char *between) {
    for (const struct field *f = fields; f && f->name; f++, between = ",") {
        buf_printf(out, "%s{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s,\"schema\":", between, f->name, in,
                   f->required ? "true" : "false");
        schema_field(out, f, true);
        buf_byte(out, '}');
    }
    return between;
}

/* job_headers are those that make a job of a request. */
static void job_headers(struct buf *out, const char *between) {
    buf_text(out, between);
    buf_text(out,
             "{\"name\":\"Prefer\",\"in\":\"header\",\"required\":false,\"description\":\"respond-async: answer 202 "
             "at once, and work on it as a job (RFC 7240).\",\"schema\":{\"type\":\"string\"}},"
             "{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,\"description\":\"Of a job: the same "
             "request under the same key is the same job.\",\"schema\":{\"type\":\"string\",\"minLength\":1,"
             "\"maxLength\":255}}");
}

/* job_answer is what a request is answered that becomes a job. */
static void job_answer(struct buf *out) {
    buf_text(out, ",\"202\":{\"description\":\"It is a job now, which Location tells of.\",\"headers\":{\"Location\":{"
                  "\"schema\":{\"type\":\"string\"}},\"Preference-Applied\":{\"schema\":{\"type\":\"string\"}}},"
                  "\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Job\"}}}}");
}

static void all_parameters(struct buf *out, const struct endpoint *e) {
    if (!e->path && !e->query && !endpoint_may_be_job(e))
        return;
    buf_text(out, ",\"parameters\":[");
    const char *between = parameters(out, e->path, "path", "");
    between = parameters(out, e->query, "query", between);
    if (endpoint_may_be_job(e))
        job_headers(out, between);
    buf_byte(out, ']');
}

static void request_body(struct buf *out, const struct endpoint *e) {
    buf_text(out, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":");
    schema_fields(out, e->input, e->rules, NULL, true);
    if (e->example)
        buf_printf(out, ",\"example\":%s", e->example);
    buf_byte(out, '}');
    if (e->npy_input) {
        buf_text(out, ",\"application/x-npy\":{\"schema\":{\"type\":\"string\",\"contentMediaType\":\"application/"
                      "x-npy\",\"description\":");
        struct buf text;
        buf_init(&text, 1024);
        buf_printf(&text,
                   "The field %s as little-endian i4, i8, f4 or f8 in C order. All other fields then come in the "
                   "query, those of an object with a dot (trace.max_steps=3), arrays as JSON.",
                   e->npy_input);
        encode_string(out, text.data, text.n);
        buf_release(&text);
        buf_text(out, "}}");
    }
    buf_text(out, "}}");
}

/* text_content opens a member of `content` whose schema is a text, described; the caller closes it with '}'. */
static void text_content(struct buf *out, enum media media, const char *description) {
    buf_byte(out, ',');
    encode_text(out, media_text(media));
    buf_text(out, ":{\"schema\":{\"type\":\"string\",\"description\":");
    encode_text(out, description);
    buf_byte(out, '}');
}

static void other_lines(struct buf *out, const struct endpoint *e) {
    char text[512];
    if (!endpoint_has_lines(e))
        return;
    snprintf(text, sizeof text,
             "One JSON text a line: the %s%s (with a trace, its steps), then an object of \"done\": true and all other "
             "members. \"done\": false in its place has the problem document as \"error\".",
             e->ndjson_output ? "elements of " : "steps of the trace", e->ndjson_output ? e->ndjson_output : "");
    text_content(out, MEDIA_NDJSON, text);
    buf_byte(out, '}');
}

static void answer_content(struct buf *out, const struct endpoint *e) {
    const char *media = e->media ? e->media : media_text(MEDIA_JSON);
    buf_text(out, "\"content\":{");
    encode_text(out, media);
    buf_text(out, ":{\"schema\":");
    if (e->output)
        schema_fields(out, e->output, NULL, NULL, false);
    else
        buf_text(out, e->media ? "{\"type\":\"string\"}" : "{\"type\":\"object\"}");
    if (e->answer)
        buf_printf(out, ",\"example\":%s", e->answer);
    buf_byte(out, '}');
    if (e->npy_output)
        buf_text(
            out,
            ",\"application/x-npy\":{\"schema\":{\"type\":\"string\",\"contentMediaType\":\"application/x-npy\"}}");
    if (e->picture)
        buf_text(out, ",\"image/png\":{\"schema\":{\"type\":\"string\",\"contentMediaType\":\"image/png\"}}");
    other_lines(out, e);
    if (e->progress) {
        text_content(out, MEDIA_SSE,
                     "Server-sent events: progress, whose data are as x-progress says, and in the end one `done`, "
                     "whose data is the "
                     "application/json answer, or one `error`, whose data is a problem document.");
        buf_text(out, ",\"x-progress\":");
        schema_fields(out, e->progress, NULL, NULL, false);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static void operation(struct buf *out, const struct endpoint *e) {
    buf_byte(out, '"');
    method_text(out, e);
    buf_text(out, "\":{\"operationId\":\"");
    operation_id(out, e);
    buf_text(out, "\",\"summary\":");
    encode_text(out, e->title);
    buf_text(out, ",\"description\":");
    description(out, e);
    all_parameters(out, e);
    if (e->input)
        request_body(out, e);
    buf_text(out, ",\"responses\":{\"200\":{\"description\":\"The answer.\",");
    answer_content(out, e);
    buf_byte(out, '}');
    if (endpoint_may_be_job(e))
        job_answer(out);
    if (e->cache != CACHE_NEVER)
        buf_text(out, ",\"304\":{\"description\":\"The client's copy (If-None-Match) is the answer.\"}");
    if (e->changes)
        buf_text(out, PROBLEM_REF("403", "It is not for clients to change.")
                          PROBLEM_REF("409", "Something that is there is in the way, and is named."));
    if (e->path)
        buf_text(out, PROBLEM_REF("404", "The path names nothing that there is."));
    if (e->query)
        buf_text(out, PROBLEM_REF("422", "A parameter of the query is wrong; the pointer names it."));
    if (e->input)
        buf_text(out, PROBLEM_REF("400", "The body is not JSON.")
                          PROBLEM_REF("413", "The body, the work or the answer passes a limit, which is named.")
                              PROBLEM_REF("415", "The body's media type or layout is not read.")
                                  PROBLEM_REF("422", "A field is wrong; the pointer names it."));
    buf_text(out, PROBLEM_REF("406", "No representation that the client takes.")
                      PROBLEM_REF("503", "The service is full, drains or ran out of time; see Retry-After."));
    buf_text(out, "}}");
}

/* Endpoints of one route stand together in `paths`; endpoints[] is ordered by file name, so look for later ones of the
 * same route. */
static bool is_first_of_route(const struct endpoint *const *e) {
    for (const struct endpoint *const *before = endpoints; before < e; before++)
        if (strcmp((*before)->route, (*e)->route) == 0)
            return false;
    return true;
}

void openapi_write(struct buf *out) {
    buf_text(out, INFO);
    const char *between = "";
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!is_first_of_route(e))
            continue;
        buf_text(out, between);
        between = ",";
        encode_text(out, (*e)->route);
        buf_text(out, ":{");
        operation(out, *e);
        for (const struct endpoint *const *more = e + 1; *more; more++)
            if (strcmp((*more)->route, (*e)->route) == 0) {
                buf_byte(out, ',');
                operation(out, *more);
            }
        buf_byte(out, '}');
    }
    buf_text(out, COMPONENTS);
    schema_fields(out, job_report_fields, NULL, NULL, false);
    buf_text(out, "}}}");
}
