#include "server/networks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/clock.h"
#include "server/mapped_files.h"

enum { OUTLINE_MEMORY = 1 << 30 };     /* headers have at most 100 MB */
static const double MEASURED_NS = 1e9; /* what is predicted to take longer is not tried */

/* Files that are noted, or hashed, as they are opened. */
struct watched_files {
    struct files base; /* first: a files pointer is a watched_files pointer */
    struct files *inner;
    int folder;
    struct seen *seen;        /* NULL: they are not noted */
    struct key_state *hash;   /* NULL: they are not hashed */
    const struct ctx *caller; /* of hashes: they end where it is stopped */
};

static void hash_file(struct watched_files *w, const struct file *file) {
    enum { PIECE = 4 << 20 };
    for (size_t at = 0; at < file->n && ctx_stop(w->caller) == STOP_NONE; at += PIECE) {
        const size_t n = file->n - at < PIECE ? file->n - at : PIECE;
        key_add(w->hash, file->p + at, n);
        files_passed(w->inner, file->p + at, n);
    }
}

static enum status open_watched(struct files *self, struct ctx *ctx, const char *path, struct file *out) {
    struct watched_files *w = (struct watched_files *)self;
    if (w->seen) /* before it is opened: what changes between is seen to have changed */
        seen_look(w->seen, w->folder, path);
    enum status status = w->inner->open(w->inner, ctx, path, out);
    if (status == STATUS_OK && out->p && w->hash) {
        key_add(w->hash, path, strlen(path));
        hash_file(w, out);
    }
    return status;
}

static void pass_on(struct files *self, const void *p, size_t n) {
    struct watched_files *w = (struct watched_files *)self;
    files_passed(w->inner, p, n);
}

static bool open_folder(const char *folder, struct watched_files *out, struct error *why) {
    *out = (struct watched_files){.base = {open_watched, pass_on}, .inner = mapped_files_open(folder)};
    out->folder = out->inner ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (out->folder >= 0)
        return true;
    snprintf(why->detail, sizeof why->detail, "It cannot be opened: %s.", strerror(errno));
    mapped_files_close(out->inner);
    return false;
}

static void close_folder(struct watched_files *w) {
    mapped_files_close(w->inner);
    close(w->folder);
}

static bool unchanged(const struct watched_files *w, const struct seen *seen, struct error *why) {
    bool same = seen_same(seen, w->folder);
    if (!same)
        snprintf(why->detail, sizeof why->detail,
                 "Its files are not those that were found; POST /v1/models/rescan looks at them again.");
    return same;
}

struct loaded_model *network_outline(const char *folder, enum isa isa, struct seen *seen, struct error *why) {
    struct watched_files w;
    if (!open_folder(folder, &w, why))
        return NULL;
    w.seen = seen;
    struct loaded_model *outline = model_outline(&w.base, isa, OUTLINE_MEMORY, why);
    close_folder(&w);
    return outline;
}

bool network_digest(const struct ctx *caller, const char *folder, enum isa isa, const struct seen *seen,
                    char digest[KEY_HEX + 1], struct error *why) {
    struct watched_files w;
    struct key_state hash;
    struct key key;
    if (!open_folder(folder, &w, why))
        return false;
    key_start(&hash);
    key_add(&hash, isa_text(isa), strlen(isa_text(isa)));
    w.hash = &hash;
    w.caller = caller;
    struct loaded_model *outline = model_outline(&w.base, isa, OUTLINE_MEMORY, why);
    bool good = outline && unchanged(&w, seen, why) && ctx_stop(caller) == STOP_NONE;
    model_unload(outline);
    close_folder(&w);
    key_end(&hash, &key);
    key_hex(&key, digest);
    return good;
}

struct loaded_model *network_load(const char *folder, enum isa isa, enum graph_dtype dtype, const struct seen *seen,
                                  size_t memory, struct error *why) {
    struct watched_files w;
    if (!open_folder(folder, &w, why))
        return NULL;
    struct loaded_model *model = model_load(&w.base, isa, dtype, memory, why);
    if (model && !unchanged(&w, seen, why)) {
        model_unload(model);
        model = NULL;
    }
    close_folder(&w);
    return model;
}

/* processor_ns is what this thread has computed: other work on the machine does not count. */
static int64_t processor_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t network_measure(const struct loaded_model *model, size_t memory) {
    const struct network *n = &model->network;
    const size_t pixels = n->height * n->width;
    struct ctx ctx;
    if (graph_cost(n->graph) > MEASURED_NS)
        return 0;
    ctx_init(&ctx, memory);
    ctx.isa = model->ctx.isa;
    float *x = ctx_zalloc(&ctx, pixels, network_channels_in(n) * sizeof *x),
          *out = x ? ctx_alloc(&ctx, pixels, n->out_channels * sizeof *out) : NULL,
          *workspace = out ? ctx_alloc(&ctx, graph_floats(n->graph, 1), sizeof *workspace) : NULL;
    const float time = 1;
    const int64_t class = 0;
    int64_t begun = processor_ns();
    if (workspace)
        graph_run(&ctx, n->graph, 1, &(struct graph_in){x, &time, &class}, out, workspace);
    int64_t took = processor_ns() - begun;
    ctx_release(&ctx);
    return !workspace ? 0 : took > 0 ? took : 1;
}
