/* buf.h - bytes that grow, with a cap.
 * A write that passes the cap, or finds no memory, sets `failed` and is dropped, and so are all later ones: writers
 * need one check, at the end. init -> add... -> check failed -> release (or steal the data). */
#ifndef SOLVENT_BUF_H
#define SOLVENT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/status.h"

struct parallel;

struct buf {
    char *data; /* malloc'ed; may be taken over by setting it to NULL */
    size_t n, size, cap;
    bool failed;
    struct parallel *parallel; /* threads (ctx.h) that a writer of much may use; NULL: the calling one only */
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b);
static inline void buf_clear(struct buf *b) { b->n = 0; }

/* buf_grow makes room for n more bytes; false (and failed) where it cannot. */
bool buf_grow(struct buf *b, size_t n);

/* buf_expect makes room for n more bytes at once where it can; it fails nothing. Room that is never written takes no
 * memory. */
void buf_expect(struct buf *b, size_t n);

/* buf_room returns where n more bytes may be written, or NULL; buf_commit then counts those that were. */
static inline char *buf_room(struct buf *b, size_t n) {
    return b->size - b->n >= n || buf_grow(b, n) ? b->data + b->n : NULL;
}
static inline void buf_commit(struct buf *b, size_t n) { b->n += n; }

static inline void buf_add(struct buf *b, const void *p, size_t n) {
    char *to = buf_room(b, n);
    if (to && n) {
        memcpy(to, p, n);
        b->n += n;
    }
}
static inline void buf_byte(struct buf *b, char c) {
    char *to = buf_room(b, 1);
    if (to) {
        *to = c;
        b->n++;
    }
}
static inline void buf_text(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }

void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
