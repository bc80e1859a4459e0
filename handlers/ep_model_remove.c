#include "handlers/model_named.h"

struct params {
    struct str id;
};
struct result {
    struct str name;
    bool in_use;
};

static const struct field PATH[] = {FIELD(struct params, id, STRING, "The model's name.", .required = true,
                                          .min_items = 1, .max_items = MODEL_NAME_MAX),
                                    {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, name, STRING, "What it was called.", .required = true),
    FIELD(struct result, in_use, BOOL,
          "Requests that had found it before end with it; its files go with the last of them.", .required = true),
    {0}};

static uint64_t cost(const void *params) {
    (void)params;
    return 10 * 1000 * 1000; /* it writes to a folder, and reads it: not on a loop */
}

/* check_jobs: a job that makes a model of this name would have it back again. */
static enum status check_jobs(struct call *call, struct str name) {
    const struct host_jobs *jobs = call->host->jobs;
    return jobs ? jobs->making(call->host->self, call, name) : STATUS_OK;
}

static enum status run(struct call *call, const void *p, void *r) {
    struct model_store *store = call->host->models;
    const struct params *params = p;
    struct result *result = r;
    enum status status = check_jobs(call, params->id);
    if (status != STATUS_OK)
        return status;
    status = store && store->remove ? store->remove(store, &call->ctx, params->id, &result->in_use) : STATUS_NOT_FOUND;
    result->name = params->id;
    return status == STATUS_NOT_FOUND ? model_unknown(call, status, "", params->id) : status;
}

const struct endpoint ep_model_remove = {
    .method = "DELETE",
    .route = "/v1/models/{id}",
    .version = 1,
    .title = "Remove a model that was made here",
    .doc =
        "Takes away a model that came by `POST /v1/models`, with its files. One that lies in the folder of `--models` "
        "for another reason is not for clients to remove: 403. While a job makes a model of this name it is 409, which "
        "names the job. Requests on their way end with the model that they began with; answers that are remembered "
        "are of its digest, and no other model ever gets them. A second time it is 404.",
    .cache = CACHE_NEVER,
    .path = PATH,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .target = "/v1/models/coin",
    .answer = "{\"name\":\"coin\",\"in_use\":false}",
    .changes = true,
    .cost = cost,
    .run = run,
};
