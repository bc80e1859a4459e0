/* model_store.h - the models that a host has for requests to call by name: formulas and networks. A model is found, kept
 * while a call works with it, and given back; a network's weights are read when a call asks for them.
 *
 *     struct kept_model *kept;
 *     call_keep_model(call, name, no_digest, MODEL_DIGESTED, &kept)    kept->named.json is what the name stands for
 *     call_load_model(call, kept, &network)                            its weights, to be used until call_release */
#ifndef SOLVENT_MODEL_STORE_H
#define SOLVENT_MODEL_STORE_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/nn/dtype.h"
#include "handlers/field.h"

struct call;
struct loaded_model; /* model_load.h */

/* A model as it was when it was found; what it points to stays until the store drops it. */
struct named_model {
    void *entry; /* the store's; NULL: there is no such model */
    struct str name;
    const struct loaded_model *outline; /* of a network: all but its weights; NULL: a formula */
    struct str json, digest;            /* the JSON object that the name stands for; n 0: not known yet */
    bool loaded;
    bool made;       /* it came by put, and may be removed or replaced */
    size_t bytes;    /* that its weights hold, or will */
    int64_t call_ns; /* of its network for one sample on one thread, as it was measured; 0: it was not */
};

/* How much is wanted of a model. A digest is that of its files, which have to be read for it. */
enum model_need {
    MODEL_OUTLINED, /* what is known already */
    MODEL_HASTY,    /* its digest; UNREADY where that is not known yet */
    MODEL_DIGESTED, /* its digest, even if it takes a while */
};

/* A name that the folder has, or would have; why n > 0: the model is left out, and that is the reason. */
struct model_name {
    struct str name, why;
};

/* What a rescan came to; names are in order. Lists of struct model_name. */
struct model_changes {
    struct list appeared, changed, vanished, bad;
    int64_t models;
};

/* A file of a model's folder. */
struct model_file {
    const char *path; /* below the folder */
    const void *p;
    size_t n;
};

struct model_store {
    /* find keeps a model until it is dropped. digest n > 0: the one that has it, if it is still kept; else the one that
     * has the name now. Errors: UNREADY, INVALID (its files cannot be read), CANCELLED, NO_MEMORY. */
    enum status (*find)(struct model_store *self, struct ctx *ctx, struct str name, struct str digest,
                        enum model_need need, struct named_model *out);
    /* load gives the weights of a network for products of `dtype`, which stay until it is dropped. It waits for memory that others use, but not
     * where the caller `holds` some itself. Errors: as of find; TOO_LARGE (it is more than the host has for all). */
    enum status (*load)(struct model_store *self, struct ctx *ctx, const struct named_model *model,
                        enum graph_dtype dtype, bool holds, const struct loaded_model **out);
    /* drop gives back what find gave, and with it what load gave; NULL: it was not loaded. */
    void (*drop)(struct model_store *self, const struct named_model *model, const struct loaded_model *network);
    /* list gives all names, the bad ones too, as struct model_name in the arena. */
    enum status (*list)(struct model_store *self, struct ctx *ctx, struct list *out);
    /* rescan looks at the files again. Errors: INVALID (the folder cannot be read), NO_MEMORY. */
    enum status (*rescan)(struct model_store *self, struct ctx *ctx, struct model_changes *out);
    /* put adds a model: all of its files or none, forced to the disk, and then rescans. One of that name with the same
     * files is fine; another one is replaced in one step where `replace` says so, if it came by put too. NULL: models
     * cannot be added. Errors, all at "/name": INVALID (no name for a model; the folder cannot be written, or the model
     * not served), CONFLICT (another model's name), FORBIDDEN (which may not be replaced), NO_MEMORY, CANCELLED. */
    enum status (*put)(struct model_store *self, struct ctx *ctx, struct str name, const struct model_file *files,
                       size_t n, bool replace);
    /* remove takes away a model that came by put, and then rescans; *in_use: calls that keep it end with it, and its
     * files go with the last of them. NULL: models cannot be removed. Errors: NOT_FOUND (without a sentence), FORBIDDEN (it did not come by put, or
     * the folder cannot be written), NO_MEMORY, CANCELLED. */
    enum status (*remove)(struct model_store *self, struct ctx *ctx, struct str name, bool *in_use);
};

/* model_name_fits says whether a model may have that name: 1 to MODEL_NAME_MAX characters of A-Z a-z 0-9 . _ - and no '.'
 * first. */
enum { MODEL_NAME_MAX = 64 };
bool model_name_fits(struct str name);

/* A model that a call keeps. */
struct kept_model {
    struct kept_model *next;
    struct named_model named;
    const struct loaded_model *network; /* NULL: not asked for */
};

/* call_keep_model finds a model of the host's for this call; *out NULL: there is none. UNREADY with need MODEL_HASTY
 * sets call->later. Errors: as of model_store.find. */
enum status call_keep_model(struct call *call, struct str name, struct str digest, enum model_need need,
                            struct kept_model **out) MUST_CHECK;

/* call_list_models gives all names (model_store.list), and in *bad the one of this name that is left out; NULL: none is.
 * For sentences about a name that was not found. */
enum status call_list_models(struct call *call, struct str name, struct list *names,
                             const struct model_name **bad) MUST_CHECK;

/* call_load_model loads its network for this call, for products of call->dtype. Errors: as of model_store.load. */
enum status call_load_model(struct call *call, struct kept_model *kept, const struct loaded_model **out) MUST_CHECK;

/* call_drop_models gives back what the call keeps; call_release does it. */
void call_drop_models(struct call *call);

#endif
