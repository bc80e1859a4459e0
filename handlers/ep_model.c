#include "handlers/model_listing.h"

struct params {
    struct str id;
};

static const struct field PATH[] = {
    FIELD(struct params, id, STRING, "The model's name.", .required = true, .min_items = 1, .max_items = 64), {0}};

/* A digest may have to be made, of all of its files: not on a loop. */
static uint64_t cost(const void *params) {
    (void)params;
    return 1000 * 1000;
}

static enum status not_found(struct call *call, struct str id) {
    const struct model_name *bad;
    struct list names;
    enum status status = call_list_models(call, id, &names, &bad);
    if (status != STATUS_OK)
        return status;
    return bad ? call_fail(call, STATUS_NOT_FOUND, "", "The model \"%s\" is left out: %.*s", id.p, (int)bad->why.n,
                           bad->why.p)
               : call_fail(call, STATUS_NOT_FOUND, "",
                           "There is no model \"%s\"; GET /v1/models lists those there are.", id.p);
}

static enum status run(struct call *call, const void *p, void *result) {
    const struct params *params = p;
    bool found = false;
    enum status status = call->host->models ? model_list(call, params->id, MODEL_DIGESTED, result, &found) : STATUS_OK;
    return status == STATUS_OK && !found ? not_found(call, params->id) : status;
}

const struct endpoint ep_model = {
    .method = "GET",
    .route = "/v1/models/{id}",
    .version = 2,
    .title = "A model that a request may call by name",
    .doc = "What `GET /v1/models` tells of it, and of a network the digest for sure.",
    .cache = CACHE_NEVER,
    .path = PATH,
    .params_size = sizeof(struct params),
    .output = model_listing_fields,
    .result_size = sizeof(struct model_listing),
    .target = "/v1/models/coin",
    .answer = "{\"name\":\"coin\",\"kind\":\"formula\",\"digest\":\"c01n\"}",
    .cost = cost,
    .run = run,
};
