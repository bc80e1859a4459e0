#include "handlers/call.h"
#include "handlers/job_report.h"

enum { LIMIT = 100 };

struct params {
    int64_t limit, before;
    int state;
    bool one_state, paged;
};
struct result {
    struct list jobs;
    int64_t next;
    bool more;
};

static const struct field QUERY[] = {
    FIELD(struct params, limit, INT, "How many, at most.", .def = "20", FIELD_INTS(1, LIMIT)),
    FIELD(struct params, before, INT, "The `next` of the page before; absent: from the newest on.",
          .present = offsetof(struct params, paged), FIELD_INTS(1, INT64_MAX)),
    FIELD(struct params, state, ENUM, "Only those in this state.", .present = offsetof(struct params, one_state),
          .names = job_states),
    {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, jobs, LIST, "The newest first, without their results.", .required = true,
          .fields = job_report_fields, .size = sizeof(struct job_report)),
    FIELD(struct result, next, INT, "Where there are older ones: what `before` wants for the next page.",
          .present = offsetof(struct result, more)),
    {0}};

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    const struct host_jobs *jobs;
    enum status status = job_keeper(call, &jobs);
    if (status != STATUS_OK)
        return status;
    const struct job_filter filter = {.state = params->one_state ? params->state : -1,
                                      .before = params->paged ? params->before : INT64_MAX,
                                      .limit = (size_t)params->limit};
    status = jobs->list(call->host->self, call, &filter, &result->jobs, &result->next);
    result->more = result->next > 0;
    return status;
}

const struct endpoint ep_jobs = {
    .method = "GET",
    .route = "/v1/jobs",
    .version = 1,
    .title = "The jobs that there are",
    .doc = "Those that wait, run, or have ended and are not forgotten yet (`--job-ttl`), of all clients.",
    .cache = CACHE_NEVER,
    .query = QUERY,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .target = "/v1/jobs?limit=1",
    .answer = "{\"jobs\":[" JOB_REPORT_EXAMPLE "],\"next\":7}",
    .cost = job_look_cost,
    .run = run,
};
