#include "server/models.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "handlers/model_request.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/machine.h"
#include "server/model_entry.h"

enum { JSON_MAX = 4096, WAIT_MS = 20, MEASURE_MEMORY = 256 << 20 };

static struct models *models_of(struct model_store *store) { return (struct models *)store; }

void entry_free(struct entry *e) {
    model_unload(e->network);
    model_unload(e->outline);
    seen_free(&e->seen);
    free(e->path);
    free(e->why);
    free(e->json);
    free(e);
}

/* -- What is done with the mutex -- */

static void release_weights(struct models *m, struct entry *e) {
    m->held -= e->held;
    e->held = 0;
    model_unload(e->network);
    e->network = NULL;
}

/* free_if_gone: nobody can find it again, and nobody has it. */
static void free_if_gone(struct models *m, struct entry *e) {
    if (e->current || e->pins)
        return;
    struct entry **at = &m->all;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    release_weights(m, e);
    entry_free(e);
}

static void unpin(struct models *m, struct entry *e) {
    e->pins--;
    free_if_gone(m, e);
}

static bool is(struct str text, const char *name) { return text.n == strlen(name) && !memcmp(text.p, name, text.n); }

static struct entry *by_name(struct models *m, struct str name) {
    for (size_t i = 0; i < m->n; i++)
        if (!m->current[i]->why && is(name, m->current[i]->name))
            return m->current[i];
    return NULL;
}

static struct entry *by_digest(struct models *m, struct str name, struct str digest) {
    struct entry *e = m->all;
    while (e && !(is(name, e->name) && is(digest, e->digest)))
        e = e->next;
    return e;
}

/* wait_a_moment waits for a change, or for the caller to be stopped. */
static enum status wait_a_moment(struct models *m, struct ctx *ctx) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_MS * NS_PER_MS;
    until.tv_sec += until.tv_nsec / NS_PER_S;
    until.tv_nsec %= NS_PER_S;
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

static void make_digest(struct models *m, struct entry *e) {
    char digest[KEY_HEX + 1];
    struct error why = {0};
    e->busy = true;
    pthread_mutex_unlock(&m->mutex);
    bool good = network_digest(e->path, m->isa, &e->seen, digest, &why);
    pthread_mutex_lock(&m->mutex);
    e->busy = false;
    if (good)
        strcpy(e->digest, digest);
    if (!good || !describe(e))
        found_bad(m, e, &why);
    pthread_cond_broadcast(&m->changed);
}

/* want_digest makes it, or waits until somebody else has made it. */
static enum status want_digest(struct models *m, struct ctx *ctx, struct entry *e) {
    enum status status = STATUS_OK;
    while (!e->json && !e->why && status == STATUS_OK)
        if (e->busy)
            status = wait_a_moment(m, ctx);
        else
            make_digest(m, e);
    return status == STATUS_OK && e->why ? is_bad(ctx, e) : status;
}

static void tell(const struct entry *e, struct named_model *out) {
    *out = (struct named_model){.entry = (void *)(uintptr_t)e,
                                .name = {e->name, strlen(e->name)},
                                .outline = e->outline,
                                .json = {e->json, e->n_json},
                                .digest = {e->digest, strlen(e->digest)},
                                .loaded = e->network != NULL,
                                .bytes = entry_need(e),
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
        else
            unpin(m, e);
    }
    pthread_mutex_unlock(&m->mutex);
    return status;
}

/* -- Weights -- */

/* least_recent is the one to give up: nobody uses it, and who has found it can read it again. */
static struct entry *least_recent(const struct models *m) {
    struct entry *least = NULL;
    for (struct entry *e = m->all; e; e = e->next)
        if (e->network && !e->uses && (e->current || !e->pins) && (!least || e->used < least->used))
            least = e;
    return least;
}

static bool make_room(struct models *m, size_t need) {
    struct entry *least;
    while (m->held + need > m->memory && (least = least_recent(m)))
        release_weights(m, least);
    return m->held + need <= m->memory;
}

static void read_weights(struct models *m, struct entry *e) {
    struct error why = {0};
    const size_t need = entry_need(e), memory = m->memory;
    int64_t call_ns = e->call_ns;
    m->held += need;
    e->busy = true;
    pthread_mutex_unlock(&m->mutex);
    struct loaded_model *network = network_load(e->path, m->isa, &e->seen, memory, &why);
    if (network && !call_ns)
        call_ns = network_measure(network, MEASURE_MEMORY);
    pthread_mutex_lock(&m->mutex);
    m->held -= need;
    e->busy = false;
    e->call_ns = call_ns;
    e->network = network;
    e->held = network ? model_load_bytes(network) : 0;
    m->held += e->held;
    m->loads += network != NULL;
    if (!network)
        found_bad(m, e, &why);
    pthread_cond_broadcast(&m->changed);
}

/* try_weights does one thing that leads to the weights. */
static enum status try_weights(struct models *m, struct ctx *ctx, struct entry *e, bool holds) {
    const size_t need = entry_need(e);
    if (e->why)
        return is_bad(ctx, e);
    if (!e->current)
        return ctx_fail(ctx, STATUS_UNREADY, "/model",
                        "The model %s was replaced before its weights were read; ask again.", e->name);
    if (need > m->memory)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/model",
                        "The model %s takes %zu bytes of memory, and all together may take %zu (the server's option "
                        "--model-memory).",
                        e->name, need, m->memory);
    if (e->busy)
        return wait_a_moment(m, ctx);
    if (make_room(m, need)) {
        read_weights(m, e);
        return STATUS_OK;
    }
    if (holds) /* others may wait for what it holds */
        return ctx_fail(ctx, STATUS_UNREADY, "/model",
                        "The models in use leave no room for %s beside them (%zu bytes are for all, the server's "
                        "option --model-memory); try again later.",
                        e->name, m->memory);
    return wait_a_moment(m, ctx);
}

static enum status load(struct model_store *store, struct ctx *ctx, const struct named_model *model, bool holds,
                        const struct loaded_model **out) {
    struct models *m = models_of(store);
    struct entry *e = model->entry;
    enum status status = STATUS_OK;
    pthread_mutex_lock(&m->mutex);
    while (!e->network && status == STATUS_OK)
        status = try_weights(m, ctx, e, holds);
    if (status == STATUS_OK) {
        e->uses++;
        e->used = ++m->clock;
        (void)make_room(m, 0); /* it may hold a little more than was expected */
        *out = e->network;
    }
    pthread_mutex_unlock(&m->mutex);
    return status;
}

static void drop(struct model_store *store, const struct named_model *model, bool loaded) {
    struct models *m = models_of(store);
    struct entry *e = model->entry;
    pthread_mutex_lock(&m->mutex);
    e->uses -= loaded;
    if (loaded && !e->uses)
        pthread_cond_broadcast(&m->changed);
    unpin(m, e);
    pthread_mutex_unlock(&m->mutex);
}

/* -- Lists -- */

static bool copy(struct ctx *ctx, const char *text, struct str *to) {
    size_t n = text ? strlen(text) : 0;
    char *p = ctx_alloc(ctx, n + 1, 1);
    if (p)
        memcpy(p, text ? text : "", n + 1);
    *to = (struct str){p, n};
    return p != NULL;
}

/* append adds a name to a list with room for it. */
static bool append(struct ctx *ctx, struct list *list, const struct entry *e) {
    struct model_name *at = (struct model_name *)list->items + list->n++;
    return copy(ctx, e->name, &at->name) && copy(ctx, e->why, &at->why);
}

static bool new_list(struct ctx *ctx, struct list *list, size_t room) {
    *list = (struct list){0, ctx_alloc(ctx, room, sizeof(struct model_name))};
    return list->items != NULL;
}

static enum status list(struct model_store *store, struct ctx *ctx, struct list *out) {
    struct models *m = models_of(store);
    pthread_mutex_lock(&m->mutex);
    bool whole = new_list(ctx, out, m->n);
    for (size_t i = 0; i < m->n && whole; i++)
        whole = append(ctx, out, m->current[i]);
    pthread_mutex_unlock(&m->mutex);
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- Rescans -- */

/* Two lists of entries by their names, walked side by side: each name gives the one of before, the one of now, or both. */
struct walk {
    struct entry **before, **now;
    size_t n_before, n_now;
};

static bool next_pair(struct walk *w, struct entry **before, struct entry **now) {
    int order = !w->n_before ? 1 : !w->n_now ? -1 : strcmp((*w->before)->name, (*w->now)->name);
    *before = *now = NULL;
    if (!w->n_before && !w->n_now)
        return false;
    if (order <= 0)
        *before = *w->before++, w->n_before--;
    if (order >= 0)
        *now = *w->now++, w->n_now--;
    return true;
}

static bool good(const struct entry *e) { return e && !e->why; }

enum change { CHANGE_NONE, CHANGE_APPEARED, CHANGE_CHANGED, CHANGE_VANISHED, CHANGES };

static enum change change_of(const struct entry *before, const struct entry *now) {
    if (!good(now))
        return good(before) ? CHANGE_VANISHED : CHANGE_NONE;
    return !good(before) ? CHANGE_APPEARED : now != before ? CHANGE_CHANGED : CHANGE_NONE;
}

static void count_changes(struct walk w, size_t counts[CHANGES]) {
    for (struct entry *before, *now; next_pair(&w, &before, &now);)
        counts[change_of(before, now)]++;
}

/* list_changes tells what is new; with the mutex. */
static enum status list_changes(struct ctx *ctx, struct walk w, struct model_changes *out) {
    size_t most = w.n_before + w.n_now;
    struct list none, *lists[CHANGES] = {&none, &out->appeared, &out->changed, &out->vanished};
    bool whole = new_list(ctx, &out->bad, most);
    for (int i = CHANGE_NONE; i < CHANGES; i++)
        whole = whole && new_list(ctx, lists[i], most);
    for (struct entry *before, *now; whole && next_pair(&w, &before, &now);) {
        out->models += good(now);
        whole = append(ctx, lists[change_of(before, now)], now ? now : before);
        if (now && now->why)
            whole = whole && append(ctx, &out->bad, now);
    }
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

/* replace makes the list the current one; with the mutex. */
static void replace(struct models *m, struct entry **list, size_t n) {
    struct entry **old = m->current;
    size_t n_old = m->n;
    for (size_t i = 0; i < n_old; i++)
        old[i]->current = false;
    for (size_t i = 0; i < n; i++)
        list[i]->current = true;
    m->current = list;
    m->n = n;
    for (size_t i = 0; i < n_old; i++)
        free_if_gone(m, old[i]);
    free(old);
}

static size_t count_good(const struct models *m) {
    size_t count = 0;
    for (size_t i = 0; i < m->n; i++)
        count += good(m->current[i]);
    return count;
}

/* adopt puts those among all that were not yet; with the mutex. */
static void adopt(struct models *m, struct entry **list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!list[i]->current) {
            list[i]->next = m->all;
            m->all = list[i];
        }
}

/* tell_log names those that are new and bad; before they are adopted. */
static void tell_log(const struct models *m, struct entry *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!list[i]->current && list[i]->why)
            log_message(m->log, "warn", "The model %s/%s%s is left out: %s", m->folder, list[i]->name,
                        list[i]->is_file ? ".json" : "", list[i]->why);
}

static enum status unreadable(struct models *m, struct ctx *ctx) {
    const char *why = strerror(errno);
    log_message(m->log, "warn", "Cannot read the models' folder %s: %s.", m->folder, why);
    return ctx ? ctx_fail(ctx, STATUS_INVALID, "", "The models' folder cannot be read: %s.", why) : STATUS_OK;
}

static enum status scan(struct models *m, struct ctx *ctx, struct model_changes *out) {
    size_t n = 0, counts[CHANGES] = {0};
    struct entry **list = model_scan(m, &n);
    enum status status = STATUS_OK;
    if (!list)
        return unreadable(m, ctx);
    tell_log(m, list, n);
    pthread_mutex_lock(&m->mutex);
    const struct walk walk = {m->current, list, m->n, n};
    count_changes(walk, counts);
    if (ctx)
        status = list_changes(ctx, walk, out);
    adopt(m, list, n);
    replace(m, list, n);
    size_t n_good = count_good(m);
    pthread_mutex_unlock(&m->mutex);
    log_message(m->log, "info", "%zu named models from %s: %zu appeared, %zu changed, %zu vanished.", n_good, m->folder,
                counts[CHANGE_APPEARED], counts[CHANGE_CHANGED], counts[CHANGE_VANISHED]);
    return status;
}

static enum status rescan(struct model_store *store, struct ctx *ctx, struct model_changes *out) {
    struct models *m = models_of(store);
    if (!m->folder)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "There is no folder of models; the server's option --models names one.");
    pthread_mutex_lock(&m->scanning);
    enum status status = scan(m, ctx, out);
    pthread_mutex_unlock(&m->scanning);
    return status;
}

void models_rescan(struct models *m) {
    if (!m->folder)
        return;
    pthread_mutex_lock(&m->scanning);
    (void)scan(m, NULL, NULL);
    pthread_mutex_unlock(&m->scanning);
}

/* -- Opening and closing -- */

struct models *models_open(const char *folder, enum isa isa, size_t memory, struct log *log) {
    struct models *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->store = (struct model_store){find, load, drop, list, rescan};
    pthread_mutex_init(&m->scanning, NULL);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->changed, NULL);
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
    out->models = count_good(m);
    out->held = m->held;
    out->loads = m->loads;
    for (const struct entry *e = m->all; e; e = e->next)
        out->loaded += e->network != NULL;
    pthread_mutex_unlock(&m->mutex);
}
