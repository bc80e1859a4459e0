#include "handlers/call.h"
#include "handlers/encode.h"
#include "handlers/job_report.h"

/* write is for a host that sends no stream: one event, of how things stand. */
static enum status write(struct call *call, struct buf *out) {
    const struct job_params *params = call->params;
    const struct host_jobs *jobs;
    struct job_report *report = ctx_zalloc(&call->ctx, 1, sizeof *report);
    enum status status = job_keeper(call, &jobs);
    if (status == STATUS_OK && !report)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = jobs->find(call->host->self, call, params->id.p, report);
    if (status != STATUS_OK)
        return status;
    buf_text(out, "event: state\ndata: ");
    encode_fields(out, job_report_fields, report);
    buf_text(out, "\n\n");
    return STATUS_OK;
}

const struct endpoint ep_job_events = {
    .method = "GET",
    .route = "/v1/jobs/{id}/events",
    .version = 1,
    .title = "The events of a job, as they come",
    .doc =
        "The events of the endpoint that the job was asked of (see its `progress`), numbered by their `id`; of one "
        "without any, `share` tells of each hundredth that is done. An event `state` without a number has the "
        "report of a job that has not ended, first of all and whenever its place in the queue changes. The last one "
        "is called `done`, `failed` or `cancelled`; its data is the report, and its `id` is `end`.\n\n"
        "Who was cut off goes on behind `Last-Event-ID`, as an EventSource does by itself: the same request tells "
        "of the same events, so that holds even where the service was restarted and runs the job again. The newest "
        "MiB of events is kept. An answer that was remembered comes without any. Behind `end` there is nothing: 204. "
        "Comments fill long silences.",
    "204. Comments fill long silences.",
    .cache = CACHE_NEVER,
    .path = job_path,
    .params_size = sizeof(struct job_params),
    .media = "text/event-stream",
    .live = true,
    .target = "/v1/jobs/5f1b2c3d4e5f6071/events",
    .answer = "\"id: 7\\nevent: step\\ndata: {...}\\n\\n\"",
    .write = write,
};
