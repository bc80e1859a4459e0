#include "handlers/call.h"
#include "handlers/job_report.h"

static enum status run(struct call *call, const void *p, void *result) {
    const struct job_params *params = p;
    const struct host_jobs *jobs;
    enum status status = job_keeper(call, &jobs);
    return status == STATUS_OK ? jobs->cancel(call->host->self, call, params->id.p, result) : status;
}

const struct endpoint ep_job_cancel = {
    .method = "DELETE",
    .route = "/v1/jobs/{id}",
    .version = 1,
    .title = "Cancel a job, or forget it",
    .doc = "A job that is queued or running is `cancelled`, at once: what computes it is told to stop. One that has "
           "ended is forgotten with its result, and the answer is the last report of it.",
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
