#include "handlers/call.h"
#include "handlers/job_report.h"

static enum status write(struct call *call, struct buf *out) {
    const struct job_params *params = call->params;
    const struct host_jobs *jobs;
    enum status status = job_keeper(call, &jobs);
    return status == STATUS_OK ? jobs->result(call->host->self, call, params->id.p, out) : status;
}

const struct endpoint ep_job_result = {
    .method = "GET",
    .route = "/v1/jobs/{id}/result",
    .version = 1,
    .title = "What a job came to",
    .doc = "The answer as the request alone would have had it, with the media type that its `Accept` chose then; of a "
           "failed job the problem with its status. A job without a result (yet) has nothing here: 404.",
    .cache = CACHE_NEVER,
    .path = job_path,
    .params_size = sizeof(struct job_params),
    .media = MEDIA_KEPT,
    .target = "/v1/jobs/5f1b2c3d4e5f6071/result",
    .answer = "{\"values\":[1,2,3],\"algorithm\":\"quick\"}",
    .cost = job_look_cost,
    .write = write,
};
