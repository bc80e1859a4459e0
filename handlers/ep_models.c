#include "handlers/model_listing.h"

enum { PAGE_MAX = 1000, AFTER_MAX = 1000 };

struct params {
    int64_t limit;
    struct str after;
};
struct result {
    struct list models, bad;
    struct str next;
};

static const struct field QUERY[] = {
    FIELD(struct params, limit, INT, "How many names, at most: those that are left out count, too.", .def = "100",
          FIELD_INTS(1, PAGE_MAX)),
    FIELD(struct params, after, STRING, "The `next` of the page before; absent: from the first on.", .min_items = 1,
          .max_items = AFTER_MAX),
    {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, models, LIST, "By their names.", .required = true, .fields = model_listing_fields,
          .size = sizeof(struct model_listing)),
    FIELD(struct result, bad, LIST, "What lies there and is no model that can be served.", .required = true,
          .fields = model_name_fields, .size = sizeof(struct model_name)),
    FIELD(struct result, next, STRING, "Where there are more: what `after` wants for the next page."),
    {0}};

static bool is_behind(struct str name, struct str after) {
    const size_t n = name.n < after.n ? name.n : after.n;
    const int order = n ? memcmp(name.p, after.p, n) : 0;
    return order > 0 || (order == 0 && name.n > after.n);
}

/* page narrows the names, which are in order, to those of one page. */
static void page(const struct params *p, struct list *names, struct str *next) {
    const struct model_name *all = names->items;
    size_t from = 0;
    while (from < names->n && p->after.n && !is_behind(all[from].name, p->after))
        from++;
    const size_t left = names->n - from, n = left < (size_t)p->limit ? left : (size_t)p->limit;
    if (n < left)
        *next = all[from + n - 1].name;
    *names = n ? (struct list){n, (struct model_name *)names->items + from} : (struct list){0};
}

/* A rescan meanwhile may have taken a name away. */
static enum status tell(struct call *call, const struct list *names, struct result *out) {
    struct model_listing *list = ctx_zalloc(&call->ctx, names->n, sizeof *list);
    struct model_name *bad = list ? ctx_alloc(&call->ctx, names->n, sizeof *bad) : NULL;
    enum status status = bad ? STATUS_OK : STATUS_NO_MEMORY;
    out->models.items = list;
    out->bad.items = bad;
    for (size_t i = 0; status == STATUS_OK && i < names->n; i++) {
        const struct model_name *name = (const struct model_name *)names->items + i;
        bool found = false;
        if (name->why.n)
            bad[out->bad.n++] = *name;
        else
            status = model_list(call, name->name, MODEL_OUTLINED, MODEL_TEXT_LISTED, &list[out->models.n], &found);
        out->models.n += found;
    }
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    struct model_store *store = call->host->models;
    struct result *out = result;
    struct list names = {0};
    enum status status = store ? store->list(store, &call->ctx, &names) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    page(params, &names, &out->next);
    return tell(call, &names, out);
}

const struct endpoint ep_models = {
    .method = "GET",
    .route = "/v1/models",
    .version = 4,
    .title = "The models that a request may call by name",
    .doc = "What --models holds: JSON files of formulas, and folders of networks as diffusers writes them. Of what "
           "cannot be served there is the reason; `solvent models check DIR` tells it too. A change of the folder is "
           "seen by POST /v1/models/rescan. Labels, columns and schedulers of more than 2 KiB are left to "
           "`GET /v1/models/{id}`.",
    .cache = CACHE_NEVER,
    .query = QUERY,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .target = "/v1/models?limit=2",
    .answer = "{\"models\":[{\"name\":\"coin\",\"kind\":\"formula\",\"digest\":\"c01n\"}],\"bad\":[{\"name\":"
              "\"broken\",\"why\":\"It is not "
              "JSON.\"}]}",
    .run = run,
};
