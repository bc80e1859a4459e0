#include <string.h>

#include "handlers/call.h"
#include "handlers/model_load.h"

struct listed {
    struct str name, architecture, digest, scheduler;
    bool network, has_scheduler;
    int kind;
    int64_t parameters, bytes, classes;
    double work;
    struct array shape;
};
struct result {
    struct list models;
};

enum { KIND_FORMULA, KIND_NETWORK };
static const char *const KINDS[] = {"formula", "network", NULL};

#define OF_NETWORK .present = offsetof(struct listed, network)
static const struct field MODEL[] = {
    FIELD(struct listed, name, STRING, "What a request calls it.", .required = true),
    FIELD(struct listed, kind, ENUM, "A `formula` is a mixture or points, in closed form.", .required = true,
          .names = KINDS),
    FIELD(struct listed, architecture, STRING, "The class of its `config.json`.", OF_NETWORK),
    FIELD(struct listed, shape, ARRAY, "Of a sample: [channels, height, width], or [features].", .kinds = KIND_INT),
    FIELD(struct listed, classes, INT, "How many classes it knows; 0: none.", OF_NETWORK),
    FIELD(struct listed, parameters, INT, "Numbers in its weights.", OF_NETWORK),
    FIELD(struct listed, bytes, INT, "Memory that it holds.", OF_NETWORK),
    FIELD(struct listed, work, NUMBER, "Multiply-adds of a call for one sample.", OF_NETWORK),
    FIELD(struct listed, digest, STRING, "Of its files and of the kernels that run it.", OF_NETWORK),
    FIELD(struct listed, scheduler, JSON, "Its scheduler_config.json.",
          .present = offsetof(struct listed, has_scheduler)),
    {0}};

static const struct field OUTPUT[] = {FIELD(struct result, models, LIST, "By their names.", .required = true,
                                            .fields = MODEL, .size = sizeof(struct listed)),
                                      {0}};

static struct str text_of(const char *p) { return (struct str){p, strlen(p)}; }

static enum status describe(struct call *call, const struct loaded_model *m, struct listed *to) {
    int64_t *shape = ctx_alloc(&call->ctx, m->dims, sizeof *shape);
    if (!shape)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < m->dims; i++)
        shape[i] = (int64_t)m->shape[i];
    to->network = true;
    to->kind = KIND_NETWORK;
    to->shape = array_1d(KIND_INT, shape, m->dims);
    to->architecture = text_of(m->architecture);
    to->digest = text_of(m->digest);
    to->classes = (int64_t)m->classes.n;
    to->parameters = (int64_t)m->parameters;
    to->bytes = (int64_t)model_load_bytes(m);
    to->work = graph_work(m->network.graph);
    to->scheduler = m->scheduler;
    to->has_scheduler = m->scheduler.n > 0;
    return STATUS_OK;
}

/* run lists a set of names that stays as long as the host; a rescan meanwhile may lead to a name twice, or to none. */
static enum status run(struct call *call, const void *params, void *result) {
    const struct host *host = call->host;
    struct result *out = result;
    size_t n = 0;
    (void)params;
    while (host->model_name && host->model_name(host->self, n))
        n++;
    struct listed *list = ctx_zalloc(&call->ctx, n, sizeof *list);
    enum status status = list ? STATUS_OK : STATUS_NO_MEMORY;
    size_t i = 0;
    for (const char *name; status == STATUS_OK && i < n && (name = host->model_name(host->self, i)); i++) {
        const struct loaded_model *m = host->network ? host->network(host->self, name, strlen(name)) : NULL;
        list[i].name = text_of(name);
        if (m)
            status = describe(call, m, &list[i]);
    }
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
