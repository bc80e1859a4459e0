#include "handlers/model_listing.h"

#include "handlers/model_load.h"

enum { KIND_FORMULA, KIND_NETWORK };
static const char *const KINDS[] = {"formula", "network", NULL};

#define OF_NETWORK .present = offsetof(struct model_listing, network)
const struct field model_listing_fields[] = {
    FIELD(struct model_listing, name, STRING, "What a request calls it.", .required = true),
    FIELD(struct model_listing, kind, ENUM, "A `formula` is a mixture or points, in closed form.", .required = true,
          .names = KINDS),
    FIELD(struct model_listing, architecture, STRING, "The class of its `config.json`.", OF_NETWORK),
    FIELD(struct model_listing, shape, ARRAY, "Of a sample: [channels, height, width], or [features].", .kinds = KIND_INT),
    FIELD(struct model_listing, classes, INT, "How many classes it knows; 0: none.", OF_NETWORK),
    FIELD(struct model_listing, parameters, INT, "Numbers in its weights.", OF_NETWORK),
    FIELD(struct model_listing, bytes, INT, "Memory that it holds.", OF_NETWORK),
    FIELD(struct model_listing, work, NUMBER, "Multiply-adds of a call for one sample.", OF_NETWORK),
    FIELD(struct model_listing, digest, STRING, "Of its files and of the kernels that run it.", OF_NETWORK),
    FIELD(struct model_listing, scheduler, JSON, "Its scheduler_config.json.",
          .present = offsetof(struct model_listing, has_scheduler)),
    {0}};

static struct str text_of(const char *p) { return (struct str){p, strlen(p)}; }

static enum status describe_network(struct call *call, const struct loaded_model *m, struct model_listing *to) {
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

enum status model_list(struct call *call, const char *name, struct model_listing *out) {
    const struct host *host = call->host;
    const struct loaded_model *m = host->network ? host->network(host->self, name, strlen(name)) : NULL;
    *out = (struct model_listing){.name = text_of(name)};
    return m ? describe_network(call, m, out) : STATUS_OK;
}
