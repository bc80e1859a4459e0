#include "handlers/call.h"
#include "handlers/job_report.h"

static enum status run(struct call *call, const void *p, void *result) {
    const struct job_params *params = p;
    const struct host_jobs *jobs;
    enum status status = job_keeper(call, &jobs);
    return status == STATUS_OK ? jobs->find(call->host->self, call, params->id.p, result) : status;
}

const struct endpoint ep_job = {
    .method = "GET",
    .route = "/v1/jobs/{id}",
    .version = 1,
    .title = "A job",
    .doc = "A request with `Prefer: respond-async` becomes a job: its answer is 202 with this report, and `Location` "
           "is where to ask for it. Jobs are worked on in the order they came, beside the requests that somebody waits "
           "for and never in their way; they outlive a restart of the service, and a crash. Equal ones share what is "
           "remembered.\n\n"
           "With an `Idempotency-Key` (1 to 255 visible characters) the same request gives the same job again, and "
           "another request under the same key is a 422.",
    .cache = CACHE_NEVER,
    .path = job_path,
    .params_size = sizeof(struct job_params),
    .output = job_report_fields,
    .result_size = sizeof(struct job_report),
    .target = "/v1/jobs/5f1b2c3d4e5f6071",
    .answer = JOB_REPORT_EXAMPLE,
    .cost = job_look_cost,
    .run = run,
};
