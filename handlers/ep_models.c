#include "handlers/model_listing.h"

struct result {
    struct list models, bad;
};

static const struct field OUTPUT[] = {FIELD(struct result, models, LIST, "By their names.", .required = true,
                                            .fields = model_listing_fields, .size = sizeof(struct model_listing)),
                                      FIELD(struct result, bad, LIST,
                                            "What lies there and is no model that can be served.", .required = true,
                                            .fields = model_name_fields, .size = sizeof(struct model_name)),
                                      {0}};

/* A rescan meanwhile may have taken a name away. */
static enum status run(struct call *call, const void *params, void *result) {
    struct model_store *store = call->host->models;
    struct result *out = result;
    struct list names = {0};
    (void)params;
    enum status status = store ? store->list(store, &call->ctx, &names) : STATUS_OK;
    struct model_listing *list = ctx_zalloc(&call->ctx, names.n, sizeof *list);
    struct model_name *bad = list ? ctx_alloc(&call->ctx, names.n, sizeof *bad) : NULL;
    if (status == STATUS_OK && !bad)
        status = STATUS_NO_MEMORY;
    out->models.items = list;
    out->bad.items = bad;
    for (size_t i = 0; status == STATUS_OK && i < names.n; i++) {
        const struct model_name *name = (const struct model_name *)names.items + i;
        bool found = false;
        if (name->why.n)
            bad[out->bad.n++] = *name;
        else
            status = model_list(call, name->name, MODEL_OUTLINED, &list[out->models.n], &found);
        out->models.n += found;
    }
    return status;
}

const struct endpoint ep_models = {
    .method = "GET",
    .route = "/v1/models",
    .version = 3,
    .title = "The models that a request may call by name",
    .doc = "What --models holds: JSON files of formulas, and folders of networks as diffusers writes them. Of what "
           "cannot be served there is the reason; `solvent models check DIR` tells it too. A change of the folder is "
           "seen by POST /v1/models/rescan.",
    .cache = CACHE_NEVER,
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .answer = "{\"models\":[{\"name\":\"coin\",\"kind\":\"formula\",\"digest\":\"c01n\"}],\"bad\":[{\"name\":"
              "\"broken\",\"why\":\"It is not "
              "JSON.\"}]}",
    .run = run,
};
