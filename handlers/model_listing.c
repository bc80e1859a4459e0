#include "handlers/model_listing.h"

#include "handlers/encode.h"
#include "handlers/model_load.h"

enum { KIND_FORMULA, KIND_NETWORK };
static const char *const KINDS[] = {"formula", "network", NULL};
enum { TEXTS = 3 }; /* that may be left out */
enum { STATE_UNLOADED, STATE_LOADED };
static const char *const STATES[] = {"unloaded", "loaded", NULL};

#define OF_NETWORK .present = offsetof(struct model_listing, network)
const struct field model_listing_fields[] = {
    FIELD(struct model_listing, name, STRING, "What a request calls it.", .required = true),
    FIELD(struct model_listing, kind, ENUM, "A `formula` is a mixture or points, in closed form.", .required = true,
          .names = KINDS),
    FIELD(struct model_listing, architecture, STRING, "The class of its `config.json`.", OF_NETWORK),
    FIELD(struct model_listing, shape, ARRAY, "Of a sample: [channels, height, width], or [features].",
          .kinds = KIND_INT),
    FIELD(struct model_listing, classes, INT, "How many classes it knows, which requests name by 0 and up; 0: none.",
          OF_NETWORK),
    FIELD(struct model_listing, labels, JSON, "The names of its classes, where it has some (`id2label`).",
          .present = offsetof(struct model_listing, has_labels)),
    FIELD(struct model_listing, columns, JSON,
          "Of a model that learnt a table: each column by its name, with \"numeric\", \"integer\", or its categories.",
          .present = offsetof(struct model_listing, has_columns)),
    FIELD(struct model_listing, source_points, INT,
          "Of a flow that does not start from noise: how many points of its source came with it. `init` in their place "
          "leads points of the request to data.",
          .present = offsetof(struct model_listing, has_source)),
    FIELD(struct model_listing, given, BOOL,
          "And whether any of them can be given (`/v1/sample/rows`); false: the label alone.",
          .present = offsetof(struct model_listing, table)),
    FIELD(struct model_listing, parameters, INT, "Numbers in its weights.", OF_NETWORK),
    FIELD(struct model_listing, state, ENUM,
          "Whether its weights are in memory; the first request that asks it reads them.", OF_NETWORK, .names = STATES),
    FIELD(struct model_listing, bytes, INT, "Memory that its weights take, loaded.", OF_NETWORK),
    FIELD(struct model_listing, work, NUMBER, "Multiply-adds of a call for one sample.", OF_NETWORK),
    FIELD(struct model_listing, call_ms, NUMBER,
          "Milliseconds that a call for one sample computes on one thread, measured when it was first loaded (but of a "
          "very large "
          "network).",
          .present = offsetof(struct model_listing, measured)),
    FIELD(struct model_listing, digest, STRING,
          "Of its files, and of the kernels that run a network; in the list of one only where it is known already.",
          .present = offsetof(struct model_listing, has_digest)),
    FIELD(struct model_listing, scheduler, JSON, "Its scheduler_config.json: the path and the noise it was trained on.",
          .present = offsetof(struct model_listing, has_scheduler)),
    FIELD(struct model_listing, left_out, ARRAY,
          "Which of `labels`, `columns` and `scheduler` it has and are too long to be told here.",
          .kinds = KIND_STRING),
    FIELD(struct model_listing, made, BOOL, "It came by POST /v1/models: DELETE removes it.",
          .present = offsetof(struct model_listing, made)),
    {0}};

const struct field model_name_fields[] = {
    FIELD(struct model_name, name, STRING, "Its name.", .required = true),
    FIELD(struct model_name, why, STRING, "What is wrong, in a sentence.", .required = true),
    {0}};

/* copy moves a text out of what the store may free. */
static bool copy(struct ctx *ctx, struct str from, struct str *to) {
    char *p = ctx_alloc(ctx, from.n + 1, 1);
    if (p && from.p)
        memcpy(p, from.p, from.n);
    *to = (struct str){p, p ? from.n : 0};
    return p != NULL;
}

/* A listing while it is made. */
struct describing {
    struct ctx *ctx;
    size_t most; /* bytes of each text */
    struct model_listing *to;
};

/* leave_out notes a text that is too long. */
static bool leave_out(struct describing *d, const char *name) {
    struct array *list = &d->to->left_out;
    if (!list->kind) {
        struct str *names = ctx_alloc(d->ctx, TEXTS, sizeof *names);
        if (!names)
            return false;
        *list = array_1d(KIND_STRING, names, 0);
    }
    list->strings[list->n++] = (struct str){name, strlen(name)};
    list->shape[0] = list->n;
    return true;
}

/* keep copies the text into the arena, and releases it; one that did not fit its buffer is left out. */
static bool keep(struct describing *d, const char *name, struct buf *text, struct str *out, bool *has) {
    *has = !text->failed;
    bool whole = *has ? copy(d->ctx, (struct str){text->data, text->n}, out) : leave_out(d, name);
    buf_release(text);
    return whole;
}

static bool write_scheduler(struct describing *d, struct str config) {
    struct buf text;
    buf_init(&text, d->most);
    buf_add(&text, config.p, config.n);
    return keep(d, "scheduler", &text, &d->to->scheduler, &d->to->has_scheduler);
}

/* write_labels writes id2label as it was read. */
static bool write_labels(struct describing *d, const struct model_labels *labels) {
    struct buf text;
    buf_init(&text, d->most);
    for (size_t i = 0; i < labels->n && !text.failed; i++) {
        buf_printf(&text, "%s\"%lld\":", i ? "," : "{", (long long)labels->list[i].id);
        encode_string(&text, labels->list[i].text.p, labels->list[i].text.n);
    }
    buf_byte(&text, '}');
    return keep(d, "labels", &text, &d->to->labels, &d->to->has_labels);
}

static void write_column(const struct table_file *t, size_t i, struct buf *out) {
    const struct column_code *c = &t->code.columns[i];
    encode_string(out, t->names.columns[i].p, t->names.columns[i].n);
    buf_byte(out, ':');
    if (c->kind != COLUMN_CATEGORICAL)
        encode_text(out, column_kind_names[c->kind]);
    for (size_t k = 0; k < c->categories; k++) {
        buf_byte(out, k ? ',' : '[');
        encode_string(out, t->names.categories[i][k].p, t->names.categories[i][k].n);
    }
    if (c->categories)
        buf_byte(out, ']');
}

static bool write_columns(struct describing *d, const struct table_file *t) {
    struct buf text;
    buf_init(&text, d->most);
    for (size_t i = 0; i < t->code.n && !text.failed; i++) {
        buf_byte(&text, i ? ',' : '{');
        write_column(t, i, &text);
    }
    buf_byte(&text, '}');
    return keep(d, "columns", &text, &d->to->columns, &d->to->has_columns);
}

static bool copy_shape(struct ctx *ctx, const struct loaded_model *m, struct array *out) {
    int64_t *shape = ctx_alloc(ctx, m->dims, sizeof *shape);
    for (size_t i = 0; shape && i < m->dims; i++)
        shape[i] = (int64_t)m->shape[i];
    if (shape)
        *out = array_1d(KIND_INT, shape, m->dims);
    return shape != NULL;
}

static bool describe_network(struct describing *d, const struct named_model *named) {
    const struct loaded_model *m = named->outline;
    struct model_listing *to = d->to;
    to->network = true;
    to->kind = KIND_NETWORK;
    to->state = named->loaded ? STATE_LOADED : STATE_UNLOADED;
    to->architecture = (struct str){m->architecture, strlen(m->architecture)};
    to->classes = (int64_t)m->classes.n;
    to->parameters = (int64_t)m->parameters;
    to->bytes = (int64_t)named->bytes;
    to->work = graph_work(m->network.graph);
    to->call_ms = (double)named->call_ns / 1e6;
    to->measured = named->call_ns > 0;
    to->source_points = (int64_t)m->source.n;
    to->has_source = m->source.n > 0;
    to->given = m->network.given;
    to->table = m->table != NULL;
    return copy_shape(d->ctx, m, &to->shape) && (!m->labels.n || write_labels(d, &m->labels)) &&
           (!m->table || write_columns(d, m->table)) && (!m->scheduler.n || write_scheduler(d, m->scheduler));
}

enum status model_list(struct call *call, struct str name, enum model_need need, size_t most, struct model_listing *out,
                       bool *found) {
    struct model_store *store = call->host->models;
    struct named_model named = {0};
    enum status status = store->find(store, &call->ctx, name, (struct str){"", 0}, need, &named);
    *found = status == STATUS_OK && named.entry;
    if (!*found)
        return status;
    struct describing d = {&call->ctx, most, out};
    *out = (struct model_listing){.has_digest = named.digest.n > 0, .made = named.made};
    bool whole = copy(&call->ctx, named.name, &out->name) && copy(&call->ctx, named.digest, &out->digest) &&
                 (!named.outline || describe_network(&d, &named));
    store->drop(store, &named, false);
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}
