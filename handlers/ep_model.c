#include "handlers/model_listing.h"
#include "handlers/model_named.h"

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

static enum status run(struct call *call, const void *p, void *result) {
    const struct params *params = p;
    bool found = false;
    enum status status =
        call->host->models ? model_list(call, params->id, MODEL_DIGESTED, MODEL_TEXT, result, &found) : STATUS_OK;
    return status == STATUS_OK && !found ? model_unknown(call, STATUS_NOT_FOUND, "", params->id) : status;
}

const struct endpoint ep_model = {
    .method = "GET",
    .route = "/v1/models/{id}",
    .version = 3,
    .title = "A model that a request may call by name",
    .doc = "What `GET /v1/models` tells of it, and of a network the digest for sure. Its labels, columns and scheduler "
           "are told up to 1 MiB each.",
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
