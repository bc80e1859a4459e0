#include "core/base/buf.h"
#include "core/base/pages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t cap) { *b = (struct buf){.cap = cap}; }

void buf_release(struct buf *b) {
    free(b->data);
    *b = (struct buf){.cap = b->cap};
}

bool buf_grow(struct buf *b, size_t n) {
    if (b->failed || n > b->cap || b->n > b->cap - n) {
        b->failed = true;
        return false;
    }
    size_t size = b->size ? b->size : b->cap < 256 ? b->cap : 256;
    while (size - b->n < n)
        size = size > b->cap / 2 ? b->cap : size * 2;
    char *data = realloc(b->data, size);
    if (!data) {
        b->failed = true;
        return false;
    }
    pages_wish(data, size);
    b->data = data;
    b->size = size;
    return true;
}

void buf_expect(struct buf *b, size_t n) {
    size_t most = b->cap - b->n;
    char *data = b->failed || b->size - b->n >= n || n > most ? NULL : realloc(b->data, b->n + n);
    if (!data)
        return;
    pages_wish(data, b->n + n);
    b->data = data;
    b->size = b->n + n;
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char small[512];
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        buf_add(b, small, (size_t)n);
    } else {
        char *to = buf_room(b, (size_t)n + 1);
        if (!to)
            return;
        va_start(args, format);
        vsnprintf(to, (size_t)n + 1, format, args);
        va_end(args);
        b->n += (size_t)n;
    }
}
