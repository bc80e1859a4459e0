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
    bool made;                 /* it came by model_put, and may be removed (model_is_made) */
    struct seen seen;
    struct loaded_model *outline; /* NULL: a formula, or bad from the beginning */

    /* mutex */
    struct entry *next; /* of all that are kept */
    bool current;       /* the name means it now */
    char *path;         /* of the folder; it changes only where `busy` is false */
    bool doomed;        /* its folder is hidden, and goes from the disk with this entry */
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

/* model_wait waits a moment for a change, or for the caller to be stopped; with the mutex, which is away meanwhile. */
enum status model_wait(struct models *models, struct ctx *ctx) MUST_CHECK;

/* Of the store (model_put.c, model_remove.c). */
enum status model_put(struct model_store *store, struct ctx *ctx, struct str name, const struct model_file *files,
                      size_t n, bool replace) MUST_CHECK;
enum status model_remove(struct model_store *store, struct ctx *ctx, struct str name, bool *in_use) MUST_CHECK;

/* The file, beside those of the model, by which a folder shows that it came by model_put. */
#define MODEL_MADE_FILE ".made"

/* model_is_made: NAME is a folder, not a link to one, and has that file. */
bool model_is_made(int folder, const char *name);

/* model_refuse says that a model did not come by model_put; FORBIDDEN. */
enum status model_refuse(struct ctx *ctx, const char *pointer, const char *name) MUST_CHECK;

/* model_gone_name makes a hidden name for the folder of a model that goes. */
enum { MODEL_HIDDEN = 128 };
void model_gone_name(const char *name, char to[MODEL_HIDDEN]);

/* model_erase removes a folder, as deep as models are; it follows no links. */
void model_erase(int at, const char *name);

/* model_doom gives the folder `name` the hidden name, under which those who have found it go on; it goes from the disk
 * with the last of them. With `exchange`, what had that name becomes the model, in one step. With models->scanning;
 * `folder` is that of models. Errors: FORBIDDEN (at the pointer: why), CANCELLED, NO_MEMORY; then nothing has happened. */
struct model_doom {
    const char *name, *hidden, *pointer;
    bool exchange;
};
enum status model_doom(struct models *models, struct ctx *ctx, int folder, const struct model_doom *doom,
                       bool *in_use) MUST_CHECK;

/* model_scan reads the folder into the entries of before, where their files are the same, and new ones: all by their
 * names, malloc'ed. With models->scanning. NULL: the folder cannot be read, or there is no memory; errno says which. */
struct entry **model_scan(struct models *models, size_t *n);

#endif
