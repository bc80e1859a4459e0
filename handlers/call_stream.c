#include "handlers/call.h"
#include "handlers/encode.h"
#include "handlers/trace_fields.h"

/* asks_trace: the request has a `trace`. */
static bool asks_trace(const struct call *call) {
    for (const struct field *f = call->endpoint->input; f && f->name; f++)
        if (f->type == FIELD_OBJECT && f->fields == trace_fields)
            return *(const bool *)((const char *)call->params + f->present);
    return false;
}

bool call_streams(const struct call *call, enum media media) {
    return media == MEDIA_SSE || (media == MEDIA_NDJSON && endpoint_has_lines(call->endpoint));
}

/* -- Events -- */

static void begin_event(struct buf *out, const char *event) {
    buf_text(out, "event: ");
    buf_text(out, event);
    buf_text(out, "\ndata: "); /* JSON has no line break outside of strings, and in strings it is escaped */
}

static void end_event(struct buf *out) { buf_text(out, "\n\n"); }

void call_progress(struct call *call, const char *event, const void *data) {
    struct sink *sink = call->events;
    if (!sink)
        return;
    begin_event(&sink->out, event);
    encode_fields(&sink->out, call->endpoint->progress, data);
    end_event(&sink->out);
    (void)sink_line(sink); /* where nobody listens any more, the host has set ctx.stop */
}

/* run_telling runs and lets call_progress write. */
static enum status run_telling(struct call *call, struct sink *sink) {
    call->events = sink;
    enum status status = call_run(call);
    call->events = NULL;
    if (status != STATUS_OK)
        return status;
    begin_event(&sink->out, "done");
    status = call_encode(call, MEDIA_JSON, &sink->out);
    end_event(&sink->out);
    return status;
}

/* -- Lines -- */

static enum status run_streaming(struct call *call, struct sink *sink) {
    const struct endpoint *endpoint = call->endpoint;
    enum status status = call_run_streaming(call, sink);
    if (status == STATUS_OK)
        encode_last_line(&sink->out, endpoint->output, call->result, endpoint->ndjson_output);
    return status;
}

/* run_first writes the lines of an answer that is there in whole. */
static enum status run_first(struct call *call, struct sink *sink) {
    const struct endpoint *endpoint = call->endpoint;
    enum status status = call_run(call);
    if (status != STATUS_OK || encode_lines(sink, endpoint->output, call->result, endpoint->ndjson_output))
        return status;
    return call_fail(call, STATUS_CANCELLED, "", "The rest of the answer is not wanted any more.");
}

enum status call_stream(struct call *call, enum media media, struct sink *sink) {
    enum status status;
    if (media == MEDIA_SSE)
        status = run_telling(call, sink);
    else if (call_streams(call, media))
        status = call->endpoint->stream && !asks_trace(call) ? run_streaming(call, sink) : run_first(call, sink);
    else if ((status = call_run(call)) == STATUS_OK)
        status = call_encode(call, media, &sink->out);
    if (sink->out.failed)
        return call_fail(call, STATUS_TOO_LARGE, "", "The answer is larger than %zu bytes.", sink->out.cap);
    if (status == STATUS_OK)
        sink->whole = sink->out.n;
    return status;
}

void call_stream_problem(const struct call *call, enum media media, const char *request_id, struct sink *sink) {
    struct buf *out = &sink->out;
    out->n = sink->whole;
    out->failed = false;
    if (media == MEDIA_SSE)
        begin_event(out, "error");
    else
        buf_text(out, "{\"done\":false,\"error\":");
    call_problem(call, request_id, out);
    if (media == MEDIA_SSE)
        end_event(out);
    else
        buf_text(out, "}\n");
    sink->whole = out->n;
}
