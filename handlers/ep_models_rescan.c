#include "handlers/model_listing.h"

static const struct field NAME[] = {FIELD(struct model_name, name, STRING, "Its name.", .required = true), {0}};

#define NAMES(member, text, of) \
    FIELD(struct model_changes, member, LIST, text, .required = true, .fields = of, .size = sizeof(struct model_name))
static const struct field OUTPUT[] = {
    FIELD(struct model_changes, models, INT, "How many models there are now.", .required = true),
    NAMES(appeared, "Those that were not there before.", NAME),
    NAMES(changed, "Those whose files are others now.", NAME),
    NAMES(vanished, "Those that are not there any more, or cannot be served any more.", NAME),
    NAMES(bad, "All that lie there and cannot be served.", model_name_fields),
    {0}};

static uint64_t cost(const void *params) {
    (void)params;
    return 10 * 1000 * 1000; /* it reads a folder: not on a loop */
}

static enum status run(struct call *call, const void *params, void *result) {
    struct model_store *store = call->host->models;
    (void)params;
    return store ? store->rescan(store, &call->ctx, result)
                 : call_fail(call, STATUS_INVALID, "", "This host has no models.");
}

const struct endpoint ep_models_rescan = {
    .method = "POST",
    .route = "/v1/models/rescan",
    .version = 1,
    .title = "Look at the models' folder again",
    .doc = "As SIGHUP does: what came, changed (by size, times and inode of its files) and went. Only what changed is "
           "read. Requests on their way end with the model that they began with; its memory is freed after the last of "
           "them. The request has no body.",
    .cache = CACHE_NEVER,
    .output = OUTPUT,
    .result_size = sizeof(struct model_changes),
    .answer =
        "{\"models\":1,\"appeared\":[],\"changed\":[],\"vanished\":[],\"bad\":[{\"name\":\"broken\",\"why\":\"It is "
        "not JSON.\"}]}",
    .cost = cost,
    .run = run,
};
