#include "handlers/model_store.h"

#include "handlers/call.h"

bool model_name_fits(struct str name) {
    static const char FITTING[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    bool fits = name.n > 0 && name.n <= MODEL_NAME_MAX && name.p[0] != '.';
    for (size_t i = 0; i < name.n && fits; i++)
        fits = memchr(FITTING, name.p[i], sizeof FITTING - 1) != NULL;
    return fits;
}

static bool same(struct str a, struct str b) { return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n)); }

/* kept_already: a call that asks twice goes on with what it was given, whatever has become of the name meanwhile. */
static struct kept_model *kept_already(const struct call *call, struct str name, struct str digest) {
    struct kept_model *kept = call->models;
    while (kept && !(same(kept->named.name, name) && kept->named.digest.n && same(kept->named.digest, digest)))
        kept = kept->next;
    return kept;
}

enum status call_keep_model(struct call *call, struct str name, struct str digest, enum model_need need,
                            struct kept_model **out) {
    struct model_store *store = call->host->models;
    *out = kept_already(call, name, digest);
    if (*out || !store)
        return STATUS_OK;
    struct kept_model *kept = ctx_zalloc(&call->ctx, 1, sizeof *kept);
    if (!kept)
        return STATUS_NO_MEMORY;
    enum status status = store->find(store, &call->ctx, name, digest, need, &kept->named);
    if (status == STATUS_UNREADY && need == MODEL_HASTY)
        call->later = true;
    if (status != STATUS_OK || !kept->named.entry)
        return status;
    kept->next = call->models;
    *out = call->models = kept;
    return STATUS_OK;
}

enum status call_list_models(struct call *call, struct str name, struct list *names, const struct model_name **bad) {
    struct model_store *store = call->host->models;
    *names = (struct list){0};
    *bad = NULL;
    enum status status = store ? store->list(store, &call->ctx, names) : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < names->n; i++) {
        const struct model_name *m = (const struct model_name *)names->items + i;
        if (m->why.n && same(m->name, name))
            *bad = m;
    }
    return status;
}

enum status call_load_model(struct call *call, struct kept_model *kept, const struct loaded_model **out) {
    struct model_store *store = call->host->models;
    bool holds = false;
    for (const struct kept_model *other = call->models; other; other = other->next)
        holds |= other->network != NULL;
    enum status status = STATUS_OK;
    if (!kept->network)
        status = store->load(store, &call->ctx, &kept->named, call->dtype, holds, &kept->network);
    *out = kept->network;
    return status;
}

void call_drop_models(struct call *call) {
    struct model_store *store = call->host->models;
    for (struct kept_model *kept = call->models; kept; kept = kept->next)
        store->drop(store, &kept->named, kept->network);
    call->models = NULL;
}
