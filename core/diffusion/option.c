#include "core/diffusion/option.h"

#include <string.h>

enum status options_take(struct ctx *ctx, const struct option_entry *entries, size_t n,
                         const struct option_owner *owner, uint64_t mask, const void *from, void *to) {
    for (size_t i = 0; i < n; i++) {
        const struct option_entry *e = &entries[i];
        if (!(mask & UINT64_C(1) << i))
            continue;
        if (!(owner->takes & UINT64_C(1) << i))
            return ctx_fail(ctx, STATUS_INVALID, e->pointer,
                            "%s.%s means nothing to %s \"%s\"; leave it out or choose another %s.", owner->group,
                            e->name, owner->kind, owner->name, owner->kind);
        memcpy((char *)to + e->offset, (const char *)from + e->offset, e->size);
    }
    return STATUS_OK;
}
