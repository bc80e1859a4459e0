#include "handlers/job_report.h"

#include "handlers/call.h"

const char *const job_states[] = {"queued", "running", "done", "failed", "cancelled", NULL};

#define J struct job_report
const struct field job_report_fields[] = {
    FIELD(J, id, STRING, "What it is called in `/v1/jobs/{id}`.", .required = true),
    FIELD(
        J, state, ENUM,
        "`queued` waits for its turn, `running` is computed, `done` has a result, `failed` a problem; `cancelled` was "
        "ended by DELETE.",
        .required = true, .names = job_states),
    FIELD(J, path, STRING, "What was asked: the path of the request.", .required = true),
    FIELD(J, request_id, STRING, "`X-Request-Id` of that request.", .required = true),
    FIELD(J, position, INT, "While queued: how many jobs are queued before it.", .present = offsetof(J, queued)),
    FIELD(J, progress, NUMBER, "While running, where it is known: how much of the work is done, 0 to 1.",
          .present = offsetof(J, has_progress)),
    FIELD(J, eta_s, NUMBER, "While queued or running: seconds until its end, at a guess.",
          .present = offsetof(J, has_eta)),
    FIELD(J, attempts, INT,
          "How often it was begun since it last kept a checkpoint: after a crash of the service a job is begun again, "
          "and fails where that happens five times.",
          .required = true),
    FIELD(J, created, STRING, "When it was taken, as RFC 3339 has it.", .required = true),
    FIELD(J, started, STRING, "When it was begun last."),
    FIELD(J, ended, STRING, "When it ended."),
    FIELD(J, expires, STRING, "When the service will forget it."),
    FIELD(J, status, INT, "The HTTP status that the request would have had without `Prefer: respond-async`.",
          .present = offsetof(J, has_status)),
    FIELD(J, media, STRING, "The media type of its result."),
    FIELD(J, bytes, INT, "What the service keeps of it counts so many bytes.", .required = true),
    FIELD(J, result, JSON, "The answer, where it is JSON of at most 64 KiB; not in lists."),
    FIELD(J, problem, JSON, "Of a failed one: the problem document; not in lists."),
    FIELD(J, url, STRING, "This job.", .required = true),
    FIELD(J, result_url, STRING, "Where the answer is as it would have been sent, byte for byte, or the problem."),
    FIELD(J, events_url, STRING, "Its events, as they come.", .required = true),
    {0}};

const struct field job_path[] = {
    FIELD(struct job_params, id, STRING, "The job's id.", .required = true, .min_items = 1, .max_items = 31), {0}};

static void point(struct str *to, const char *text) { *to = (struct str){*text ? text : NULL, strlen(text)}; }

void job_report_settle(struct job_report *r) {
    const struct job_texts *t = &r->texts;
    point(&r->id, t->id);
    point(&r->path, t->path);
    point(&r->request_id, t->request_id);
    point(&r->created, t->created);
    point(&r->started, t->started);
    point(&r->ended, t->ended);
    point(&r->expires, t->expires);
    point(&r->media, t->media);
    point(&r->url, t->url);
    point(&r->result_url, t->result_url);
    point(&r->events_url, t->events_url);
}

enum status job_keeper(struct call *call, const struct host_jobs **out) {
    *out = call->host->jobs;
    return *out ? STATUS_OK : call_fail(call, STATUS_UNREADY, "", "This host keeps no jobs.");
}

uint64_t job_look_cost(const void *params) { return (void)params, 100 * 1000; }
