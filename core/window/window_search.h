/* window_search.h - private to core/window: the search for the shortest window over symbols.
 *
 * A symbol joins the window when its last place does and leaves with its first: `joins` and `leaves` are the same array
 * unless symbols are longer than one place (code points of several bytes). Symbols that are not wanted have a counter
 * too, of need 0, and need no branch. */
#ifndef SOLVENT_WINDOW_SEARCH_H
#define SOLVENT_WINDOW_SEARCH_H

#include "core/base/ctx.h"

struct window_search {
    const uint8_t *bytes;           /* [n]: one byte a symbol; or NULL, then: */
    const uint32_t *joins, *leaves; /* [n] */
    size_t n;
    int32_t *need;  /* [symbols]: how many of it are wanted; changed by the search */
    int64_t wanted; /* sum of need; >= 1 */
    bool all;
};

struct window_found {
    size_t start, length; /* length 0: there is none */
    int64_t *starts;      /* with `all`, in the arena */
    size_t n_starts;
};

/* window_search finds the first shortest window. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status window_search(struct ctx *ctx, const struct window_search *search, struct window_found *found) MUST_CHECK;

#endif
