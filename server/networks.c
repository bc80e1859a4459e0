#include "server/networks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/key.h"
#include "server/mapped_files.h"

/* Files that are hashed as they are opened. */
struct hashed_files {
    struct files base; /* first: a files pointer is a hashed_files pointer */
    struct files *inner;
    struct key_state hash;
};

static enum status open_hashed(struct files *self, struct ctx *ctx, const char *path, struct file *out) {
    struct hashed_files *h = (struct hashed_files *)self;
    enum status status = h->inner->open(h->inner, ctx, path, out);
    if (status == STATUS_OK && out->p) {
        key_add(&h->hash, path, strlen(path));
        key_add(&h->hash, out->p, out->n);
    }
    return status;
}

struct loaded_model *network_load(const char *folder, enum isa isa, struct error *why) {
    struct hashed_files h = {.base = {open_hashed}, .inner = mapped_files_open(folder)};
    if (!h.inner) {
        snprintf(why->detail, sizeof why->detail, "It cannot be opened: %s.", strerror(errno));
        return NULL;
    }
    key_start(&h.hash);
    key_add(&h.hash, isa_text(isa), strlen(isa_text(isa)));
    struct loaded_model *model = model_load(&h.base, isa, NETWORK_MEMORY, why);
    mapped_files_close(h.inner);
    if (!model)
        return NULL;
    struct key key;
    key_end(&h.hash, &key);
    char hex[KEY_HEX + 1];
    key_hex(&key, hex);
    snprintf(model->digest, sizeof model->digest, "%s", hex);
    return model;
}
