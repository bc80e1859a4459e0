#include "handlers/model_listing.h"

struct result {
    struct list models;
};

static const struct field OUTPUT[] = {FIELD(struct result, models, LIST, "By their names.", .required = true,
                                            .fields = model_listing_fields, .size = sizeof(struct model_listing)),
                                      {0}};

/* run lists a set of names that stays as long as the host; a rescan meanwhile may lead to a name twice, or to none. */
static enum status run(struct call *call, const void *params, void *result) {
    const struct host *host = call->host;
    struct result *out = result;
    size_t n = 0;
    (void)params;
    while (host->model_name && host->model_name(host->self, n))
        n++;
    struct model_listing *list = ctx_zalloc(&call->ctx, n, sizeof *list);
    enum status status = list ? STATUS_OK : STATUS_NO_MEMORY;
    size_t i = 0;
    for (const char *name; status == STATUS_OK && i < n && (name = host->model_name(host->self, i)); i++)
        status = model_list(call, name, &list[i]);
    out->models = (struct list){i, list};
    return status;
}

const struct endpoint ep_models = {
    .method = "GET",
    .route = "/v1/models",
    .version = 1,
    .title = "The models that a request may call by name",
    .doc =
        "What --models holds: JSON files of formulas, and folders of networks as diffusers writes them. What was left "
        "out is in the log with the reason; `solvent models check DIR` tells it too.",
    .cache = CACHE_NEVER,
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .answer = "{\"models\":[{\"name\":\"broken\",\"kind\":\"formula\"},{\"name\":\"coin\",\"kind\":\"formula\"}]}",
    .run = run,
};
