#include "server/models.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/model_request.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/machine.h"
#include "server/model_entry.h"

enum {
    JSON_MAX = 4096,
    WAIT_MS = 20,
    MEASURE_MEMORY = 256 << 20,
    ARENA_WASTE = 4 << 20, /* blocks are not filled to the last byte; that is not counted */
};

void entry_free(struct entry *e) {
    for (int dtype = 0; dtype < GRAPH_DTYPES; dtype++)
        model_unload(e->weights[dtype].network);
    model_unload(e->outline);
    seen_free(&e->seen);
    if (e->doomed)
        model_erase(AT_FDCWD, e->path);
    free(e->path);
    free(e->why);
    free(e->json);
    free(e);
}

/* -- What is done with the mutex -- */

/* unload gives up the weights. Freeing gigabytes takes its time, in which others may have the mutex. */
static void unload(struct models *m, struct entry_weights *w) {
    struct loaded_model *network = w->network;
    m->held -= w->held;
    w->held = 0;
    w->network = NULL;
    pthread_mutex_unlock(&m->mutex);
    model_unload(network);
    pthread_mutex_lock(&m->mutex);
}

struct entry *model_take_if_gone(struct models *m, struct entry *e) {
    if (e->current || e->pins)
        return NULL;
    struct entry **at = &m->all;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    for (int dtype = 0; dtype < GRAPH_DTYPES; dtype++)
        m->held -= e->weights[dtype].held;
    e->next = NULL;
    return e;
}

/* unpin ends with the mutex given back. */
static void unpin_and_unlock(struct models *m, struct entry *e) {
    e->pins--;
    struct entry *gone = model_take_if_gone(m, e);
    pthread_mutex_unlock(&m->mutex);
    if (gone)
        entry_free(gone);
}

static bool is(struct str text, const char *name) { return text.n == strlen(name) && !memcmp(text.p, name, text.n); }

static struct entry *by_name(struct models *m, struct str name) {
    for (size_t i = 0; i < m->n; i++)
        if (!m->current[i]->why && !m->current[i]->doomed && is(name, m->current[i]->name))
            return m->current[i];
    return NULL;
}

static struct entry *by_digest(struct models *m, struct str name, struct str digest) {
    struct entry *e = m->all;
    while (e && !(is(name, e->name) && is(digest, e->digest)))
        e = e->next;
    return e;
}

enum status model_wait(struct models *m, struct ctx *ctx) {
    const struct timespec until = clock_spec(clock_ns() + WAIT_MS * NS_PER_MS);
    pthread_cond_timedwait(&m->changed, &m->mutex, &until);
    return ctx_stopped(ctx);
}

static enum status is_bad(struct ctx *ctx, const struct entry *e) {
    return ctx_fail(ctx, STATUS_INVALID, "/model", "%s", e->why);
}

/* found_bad: its weights were read, and are not what its headers promise. */
static void found_bad(struct models *m, struct entry *e, const struct error *why) {
    e->why = strdup(*why->detail ? why->detail : "There was not enough memory to read it.");
    e->late = true;
    log_message(m->log, "warn", "The model %s/%s is left out: %s", m->folder, e->name, why->detail);
}

/* -- Digests -- */

static bool describe(struct entry *e) {
    struct buf text;
    buf_init(&text, JSON_MAX);
    model_describe(e->outline, e->name, e->digest, &text);
    if (text.failed)
        buf_release(&text);
    else
        e->json = text.data, e->n_json = text.n;
    return !text.failed;
}

/* make_digest leaves an entry as it was where the caller is stopped: another will make it. */
static enum status make_digest(struct models *m, struct ctx *ctx, struct entry *e) {
    char digest[KEY_HEX + 1];
    struct error why = {0};
    e->busy = true;
    pthread_mutex_unlock(&m->mutex);
    bool good = network_digest(ctx, e->path, m->isa, &e->seen, digest, &why);
    const bool stopped = !good && ctx_stop(ctx) != STOP_NONE;
    pthread_mutex_lock(&m->mutex);
    e->busy = false;
    if (good)
        strcpy(e->digest, digest);
    if (!stopped && (!good || !describe(e)))
        found_bad(m, e, &why);
    pthread_cond_broadcast(&m->changed);
    return stopped ? ctx_stopped(ctx) : STATUS_OK;
}

/* want_digest makes it, or waits until somebody else has made it. */
static enum status want_digest(struct models *m, struct ctx *ctx, struct entry *e) {
    enum status status = STATUS_OK;
    while (!e->json && !e->why && status == STATUS_OK)
        status = e->busy ? model_wait(m, ctx) : make_digest(m, ctx, e);
    return status == STATUS_OK && e->why ? is_bad(ctx, e) : status;
}

static size_t plans(const struct entry *e) {
    size_t n = 0;
    for (int dtype = 0; dtype < GRAPH_DTYPES; dtype++)
        n += e->weights[dtype].network != NULL;
    return n;
}

static void tell(const struct entry *e, struct named_model *out) {
    *out = (struct named_model){.entry = (void *)(uintptr_t)e,
                                .name = {e->name, strlen(e->name)},
                                .outline = e->outline,
                                .json = {e->json, e->n_json},
                                .digest = {e->digest, strlen(e->digest)},
                                .made = e->made,
                                .loaded = plans(e) > 0,
                                .bytes = entry_need(e, GRAPH_F32),
                                .call_ns = e->call_ns};
}

static enum status find(struct model_store *store, struct ctx *ctx, struct str name, struct str digest,
                        enum model_need need, struct named_model *out) {
    struct models *m = models_of(store);
    enum status status = STATUS_OK;
    out->entry = NULL;
    pthread_mutex_lock(&m->mutex);
    struct entry *e = digest.n ? by_digest(m, name, digest) : NULL;
    if (!e)
        e = by_name(m, name);
    if (e) {
        e->pins++;
        if (!e->json && need == MODEL_HASTY)
            status = ctx_fail(ctx, STATUS_UNREADY, "", "The files of this model were not read yet.");
        else if (need == MODEL_DIGESTED)
            status = want_digest(m, ctx, e);
        if (status == STATUS_OK)
            tell(e, out);
    }
    if (status == STATUS_OK)
        pthread_mutex_unlock(&m->mutex);
    else
        unpin_and_unlock(m, e);
    return status;
}

/* -- Weights -- */

/* least_recent is the one to give up: nobody uses it, and who has found it can read it again. */
static struct entry_weights *least_recent(const struct models *m) {
    struct entry_weights *least = NULL;
    for (struct entry *e = m->all; e; e = e->next)
        for (struct entry_weights *w = e->weights; w < e->weights + GRAPH_DTYPES; w++)
            if (w->network && !w->uses && (e->current || e->doomed || !e->pins) && (!least || w->used < least->used))
                least = w;
    return least;
}

/* make_room unloads one; false: there is none to unload. */
static bool make_room(struct models *m) {
    struct entry_weights *least = least_recent(m);
    if (least)
        unload(m, least);
    return least != NULL;
}

static void read_weights(struct models *m, struct entry *e, enum graph_dtype dtype) {
    struct entry_weights *w = &e->weights[dtype];
    struct error why = {0};
    const size_t need = entry_need(e, dtype), memory = 2 * need + ARENA_WASTE;
    int64_t call_ns = e->call_ns;
    w->held = need;
    m->held += need;
    e->busy = true;
    pthread_mutex_unlock(&m->mutex);
    struct loaded_model *network = network_load(e->path, m->isa, dtype, &e->seen, memory, &why);
    if (network && !call_ns && dtype == GRAPH_F32)
        call_ns = network_measure(network, MEASURE_MEMORY);
    pthread_mutex_lock(&m->mutex);
    e->busy = false;
    e->call_ns = call_ns;
    w->network = network;
    m->loads += network != NULL;
    if (!network) {
        m->held -= need;
        w->held = 0;
        found_bad(m, e, &why);
    }
    pthread_cond_broadcast(&m->changed);
}

/* try_weights does one thing that leads to the weights. */
static enum status try_weights(struct models *m, struct ctx *ctx, struct entry *e, enum graph_dtype dtype, bool holds) {
    const size_t need = entry_need(e, dtype);
    if (e->why)
        return is_bad(ctx, e);
    if (!e->current && !e->doomed)
        return ctx_fail(ctx, STATUS_UNREADY, "/model",
                        "The model %s was replaced before its weights were read; ask again.", e->name);
    if (need > m->memory)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/model",
                        "The model %s takes %zu bytes of memory, and all together may take %zu (the server's option "
                        "--model-memory).",
                        e->name, need, m->memory);
    if (e->busy)
        return model_wait(m, ctx);
    if (m->held + need <= m->memory) {
        read_weights(m, e, dtype);
        return STATUS_OK;
    }
    if (make_room(m)) /* the mutex was away: look at everything again */
        return STATUS_OK;
    if (holds) /* others may wait for what it holds */
        return ctx_fail(ctx, STATUS_UNREADY, "/model",
                        "The models in use leave no room for %s beside them (%zu bytes are for all, the server's "
                        "option --model-memory); try again later.",
                        e->name, m->memory);
    return model_wait(m, ctx);
}

static enum status load(struct model_store *store, struct ctx *ctx, const struct named_model *model,
                        enum graph_dtype dtype, bool holds, const struct loaded_model **out) {
    struct models *m = models_of(store);
    struct entry *e = model->entry;
    struct entry_weights *w = &e->weights[dtype];
    enum status status = STATUS_OK;
    pthread_mutex_lock(&m->mutex);
    while (!w->network && status == STATUS_OK)
        status = try_weights(m, ctx, e, dtype, holds);
    if (status == STATUS_OK) {
        w->uses++;
        w->used = ++m->clock;
        *out = w->network;
    }
    pthread_mutex_unlock(&m->mutex);
    return status;
}

static void drop(struct model_store *store, const struct named_model *model, const struct loaded_model *network) {
    struct models *m = models_of(store);
    struct entry *e = model->entry;
    pthread_mutex_lock(&m->mutex);
    for (struct entry_weights *w = e->weights; network && w < e->weights + GRAPH_DTYPES; w++)
        if (w->network == network && !--w->uses)
            pthread_cond_broadcast(&m->changed);
    unpin_and_unlock(m, e);
}

/* -- Opening and closing -- */

struct models *models_open(const char *folder, enum isa isa, size_t memory, struct log *log) {
    struct models *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->store = (struct model_store){find, load, drop, model_list_names, model_rescan, model_put, model_remove};
    pthread_mutex_init(&m->scanning, NULL);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &clock);
    pthread_condattr_destroy(&clock);
    m->log = log;
    m->isa = isa;
    m->memory = memory ? memory : machine_memory() / 4;
    if (folder && *folder && !(m->folder = strdup(folder))) {
        models_close(m);
        return NULL;
    }
    models_rescan(m);
    return m;
}

void models_close(struct models *m) {
    if (!m)
        return;
    for (struct entry *e = m->all, *next; e; e = next) {
        next = e->next;
        entry_free(e);
    }
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
    pthread_mutex_destroy(&m->scanning);
    free(m->current);
    free(m->folder);
    free(m);
}

struct model_store *models_store(struct models *m) {
    return &m->store;
}

void models_stats(struct models *m, struct models_stats *out) {
    *out = (struct models_stats){.memory = m->memory};
    pthread_mutex_lock(&m->mutex);
    out->models = models_good(m);
    out->held = m->held;
    out->loads = m->loads;
    for (const struct entry *e = m->all; e; e = e->next)
        out->loaded += plans(e);
    pthread_mutex_unlock(&m->mutex);
}
