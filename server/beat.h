/* beat.h - a comment in a stream of events where there is nothing to say: it tells both ends, and what is between them,
 * that the connection lives. */
#ifndef SOLVENT_BEAT_H
#define SOLVENT_BEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* beat_take writes one to to[max] where one is due, and there is room: its length; 0: none. */
static inline size_t beat_take(bool *due, char *to, size_t max) {
    static const char BEAT[] = ":\n\n";
    const size_t n = sizeof BEAT - 1;
    if (!*due || max < n)
        return 0;
    *due = false;
    memcpy(to, BEAT, n);
    return n;
}

#endif
