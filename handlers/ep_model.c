#include "handlers/model_listing.h"

struct params {
    struct str id;
};

static const struct field PATH[] = {
    FIELD(struct params, id, STRING, "The model's name.", .required = true, .min_items = 1, .max_items = 64), {0}};

static enum status run(struct call *call, const void *p, void *result) {
    const struct params *params = p;
    const struct host *host = call->host;
    if (!host->model_json || !host->model_json(host->self, params->id.p, NULL))
        return call_fail(call, STATUS_NOT_FOUND, "", "There is no model \"%s\"; GET /v1/models lists those there are.",
                         params->id.p);
    return model_list(call, params->id.p, result);
}

const struct endpoint ep_model = {
    .method = "GET",
    .route = "/v1/models/{id}",
    .version = 1,
    .title = "A model that a request may call by name",
    .doc = "What `GET /v1/models` tells of it.",
    .cache = CACHE_NEVER,
    .path = PATH,
    .params_size = sizeof(struct params),
    .output = model_listing_fields,
    .result_size = sizeof(struct model_listing),
    .target = "/v1/models/coin",
    .answer = "{\"name\":\"coin\",\"kind\":\"formula\"}",
    .run = run,
};
