/* workspace.h - room for bodies of parallel_for: as many pieces as bodies may run at once, each lent to one at a time.
 * Which piece a body gets decides nothing but where its numbers lie. */
#ifndef SOLVENT_WORKSPACE_H
#define SOLVENT_WORKSPACE_H

#include "core/base/ctx.h"

struct workspaces {
    size_t n;
    void **pieces;
    atomic_flag *taken;
};

/* workspaces_make allocates a piece of count * size bytes for each body that may run at once. Errors: NO_MEMORY. */
static inline MUST_CHECK enum status workspaces_make(struct ctx *ctx, size_t count, size_t size,
                                                     struct workspaces *out) {
    out->n = ctx->parallel && ctx->parallel->threads > 1 ? ctx->parallel->threads : 1;
    out->pieces = ctx_alloc(ctx, out->n, sizeof *out->pieces);
    out->taken = ctx_alloc(ctx, out->n, sizeof *out->taken);
    if (!out->pieces || !out->taken)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < out->n; i++) {
        atomic_flag_clear(&out->taken[i]);
        if (!(out->pieces[i] = ctx_alloc(ctx, count, size)))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* workspaces_take finds a piece that nobody uses; there is one. workspaces_give returns it. */
static inline size_t workspaces_take(struct workspaces *w) {
    for (size_t i = 0;; i = (i + 1) % w->n)
        if (!atomic_flag_test_and_set_explicit(&w->taken[i], memory_order_acquire))
            return i;
}

static inline void workspaces_give(struct workspaces *w, size_t i) {
    atomic_flag_clear_explicit(&w->taken[i], memory_order_release);
}

#endif
