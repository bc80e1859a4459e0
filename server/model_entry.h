/* model_entry.h - a model of the folder as it was found once: for models.c, which lends it, and model_scan.c, which finds
 * it. What `mutex` says is guarded by that of struct models; the rest does not change. */
#ifndef SOLVENT_MODEL_ENTRY_H
#define SOLVENT_MODEL_ENTRY_H

#include <limits.h>
#include <pthread.h>

#include "handlers/model_store.h"
#include "server/networks.h"

struct log;

enum { ENTRY_NAME = 3 * NAME_MAX, MODEL_FILE_MAX = 64 << 20 };

/* A network's weights for products of one kind; with the mutex. */
struct entry_weights {
    struct loaded_model *network; /* NULL: they are not in memory */
    size_t held;                  /* what they hold there, or will: entry_need, or 0 */
    unsigned uses;                /* calls that have them */
    uint64_t used;                /* when they were asked for last, in order */
};

struct entry {
    char name[ENTRY_NAME + 1]; /* of one that is bad, it need not fit; in any case it is UTF-8 */
    bool is_file;              /* NAME.json; else the folder NAME */
    char *path;                /* of the folder */
    struct seen seen;
    struct loaded_model *outline; /* NULL: a formula, or bad from the beginning */

    /* mutex */
    struct entry *next; /* of all that are kept */
    bool current;       /* the name means it now */
    bool late;          /* it was found to be bad only when its weights were read: worth another look */
    char *why;          /* it is bad; NULL: it is good, as far as anybody knows */
    char *json;         /* [n_json]; of a network NULL until its digest is known */
    size_t n_json;
    char digest[KEY_HEX + 1];
    bool busy; /* somebody reads its files */
    struct entry_weights weights[GRAPH_DTYPES];
    int64_t call_ns; /* with products of float32 */
    unsigned pins;   /* calls that keep it */
};

struct models {
    struct model_store store; /* first: a model_store pointer is a models pointer */
    char *folder;             /* NULL: there is none */
    enum isa isa;
    struct log *log;
    size_t memory; /* for all weights together */
    pthread_mutex_t scanning;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* an entry is not busy any more, or not in use */

    /* mutex; `current` is written only with `scanning`, too */
    struct entry **current; /* [n] by their names, the bad ones too */
    size_t n;
    struct entry *all;
    size_t held;
    uint64_t clock, loads;
};

static inline struct models *models_of(struct model_store *store) { return (struct models *)store; }

/* entry_free frees what nobody keeps any more. */
void entry_free(struct entry *e);

/* entry_need is what its weights will hold for products of `dtype`. */
static inline size_t entry_need(const struct entry *e, enum graph_dtype dtype) {
    return e->outline ? e->outline->weights[dtype] + model_load_bytes(e->outline) : 0;
}

/* model_take_if_gone takes out one that nobody can find any more, and nobody keeps, for its caller to free when the mutex
 * is given back, since that takes a while; NULL: it is not gone. With the mutex. */
struct entry *model_take_if_gone(struct models *models, struct entry *e);

/* models_good counts those that may be asked for; with the mutex. */
size_t models_good(const struct models *models);

/* Of the store (model_rescan.c). */
enum status model_list_names(struct model_store *store, struct ctx *ctx, struct list *out) MUST_CHECK;
enum status model_rescan(struct model_store *store, struct ctx *ctx, struct model_changes *out) MUST_CHECK;

/* Of the store (model_put.c). */
enum status model_put(struct model_store *store, struct ctx *ctx, struct str name, const struct model_file *files,
                      size_t n) MUST_CHECK;

/* model_scan reads the folder into the entries of before, where their files are the same, and new ones: all by their
 * names, malloc'ed. With models->scanning. NULL: the folder cannot be read, or there is no memory; errno says which. */
struct entry **model_scan(struct models *models, size_t *n);

#endif
