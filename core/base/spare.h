/* spare.h - large memory that one request is done with, kept for the next: the system clears each page that it hands out,
 * which takes as long as a sliding window over what is then written there.
 *
 *     struct spare spare;
 *     spare_init(&spare, 256 << 20);        the host's; keeps up to 256 MiB
 *     ctx.spare = &spare;                   the arena's large blocks come from it and go back to it
 *     spare_release(&spare);
 *
 * The system may take what is kept whenever it is short of memory (MADV_FREE: Linux 4.5; elsewhere nothing is kept).
 * Threads: any may take and give; who finds another one inside goes to the system instead of waiting. */
#ifndef SOLVENT_SPARE_H
#define SOLVENT_SPARE_H

#include <stdatomic.h>
#include <stddef.h>

enum { SPARE_SLOTS = 16 };

struct spare {
    atomic_flag busy;
    size_t most, kept; /* bytes */
    size_t n;
    struct spare_block {
        void *p;
        size_t size;
    } block[SPARE_SLOTS]; /* [n], in the order in which they came */
};

void spare_init(struct spare *spare, size_t most);
void spare_release(struct spare *spare);

/* spare_take returns memory of *size bytes or up to a third more, and sets *size to how many; it is the caller's, to be
 * given back or passed to free(). Its bytes are anything. NULL: none fits. */
void *spare_take(struct spare *spare, size_t *size);

/* spare_give takes over memory that came from malloc (or spare_take); the oldest goes where there is too much. */
void spare_give(struct spare *spare, void *p, size_t size);

#endif
