#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/log.h"
#include "server/model_entry.h"
#include "server/models.h"

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

enum status model_list_names(struct model_store *store, struct ctx *ctx, struct list *out) {
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

/* replace makes the list the current one, and returns those that nobody needs any more, linked by `next`; with the mutex. */
static struct entry *replace(struct models *m, struct entry **list, size_t n) {
    struct entry **old = m->current, *all_gone = NULL;
    size_t n_old = m->n;
    for (size_t i = 0; i < n_old; i++)
        old[i]->current = false;
    for (size_t i = 0; i < n; i++)
        list[i]->current = true;
    m->current = list;
    m->n = n;
    for (size_t i = 0; i < n_old; i++) {
        struct entry *gone = model_take_if_gone(m, old[i]);
        if (!gone)
            continue;
        gone->next = all_gone;
        all_gone = gone;
    }
    free(old);
    return all_gone;
}

static void free_all(struct entry *list) {
    for (struct entry *next; list; list = next) {
        next = list->next;
        entry_free(list);
    }
}

size_t models_good(const struct models *m) {
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
    struct entry *gone = replace(m, list, n);
    size_t n_good = models_good(m);
    pthread_mutex_unlock(&m->mutex);
    free_all(gone);
    log_message(m->log, "info", "%zu named models from %s: %zu appeared, %zu changed, %zu vanished.", n_good, m->folder,
                counts[CHANGE_APPEARED], counts[CHANGE_CHANGED], counts[CHANGE_VANISHED]);
    return status;
}

enum status model_rescan(struct model_store *store, struct ctx *ctx, struct model_changes *out) {
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
