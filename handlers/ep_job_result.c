#include "handlers/call.h"
#include "handlers/job_report.h"

static enum status write(struct call *call, struct buf *out) {
    const struct job_params *params = call->params;
    const struct host *host = call->host;
    if (!host->jobs)
        return call_fail(call, STATUS_UNREADY, "", "This host keeps no jobs.");
    return host->jobs->result(host->self, call, params->id.p, out);
}

static uint64_t cost(const void *params) { return (void)params, JOB_LOOK_NS; }

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
    .cost = cost,
    .write = write,
};
