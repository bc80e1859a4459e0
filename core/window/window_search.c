#include "core/window/window_search.h"

#include <string.h>

enum { POLL = 1 << 20 };

/* note_start keeps one more start, where all are asked for: at 1, 2, 4, ... the room doubles. */
static bool note_start(struct ctx *ctx, const struct window_search *in, struct window_found *found, size_t start) {
    if (!in->all)
        return true;
    size_t n = found->n_starts;
    if ((n & (n - 1)) == 0) {
        int64_t *more = ctx_alloc(ctx, n ? 2 * n : 1, sizeof *more);
        if (!more)
            return false;
        if (n)
            memcpy(more, found->starts, n * sizeof *more);
        found->starts = more;
    }
    found->starts[found->n_starts++] = (int64_t)start;
    return true;
}

#define SYMBOL uint8_t
#define NAME(x) x##_bytes
#include "core/window/window_search_body.h"
#define SYMBOL uint32_t
#define NAME(x) x##_symbols
#include "core/window/window_search_body.h"

enum status window_search(struct ctx *ctx, const struct window_search *search, struct window_found *found) {
    *found = (struct window_found){.length = 0};
    return search->bytes ? search_bytes(ctx, search, search->bytes, search->bytes, found)
                         : search_symbols(ctx, search, search->joins, search->leaves, found);
}
