/* heap_kernel.h - private to core/heap: the inner loops, one set for each kind of value and order.
 * Arrays are int64_t, double or struct str. Threads: reentrant. */
#ifndef SOLVENT_HEAP_KERNEL_H
#define SOLVENT_HEAP_KERNEL_H

#include "core/base/array.h"
#include "core/base/ctx.h"

/* Sorted sequences that are merged, and where it goes. */
struct heap_merge {
    size_t k;                    /* sequences */
    const struct array **inputs; /* [k] */
    size_t *next;                /* [k] the next of each; all 0 at first */
    size_t *tree, *winners;      /* [k] each; any content */
    unsigned char *ended;        /* [k], any content */
    void *heads;                 /* [k] values; any content */
    void *to;
    size_t n;     /* values in all */
    size_t *from; /* [n] gets the sequence of each; NULL: not wanted */
};

struct heap_kernel {
    size_t size; /* bytes of a value */
    /* before says whether the value at x comes strictly before the one at y. */
    bool (*before)(const void *x, const void *y);
    /* up moves a[at] towards the root until its parent is not behind it. */
    void (*up)(void *a, size_t at);
    /* down moves a[at] to a leaf of its subtree, the first child up each time, and then up again. */
    void (*down)(void *a, size_t n, size_t at);
    /* heapify makes a heap; it returns early where ctx_stop asks for an end. */
    void (*heapify)(const struct ctx *ctx, void *a, size_t n);
    /* violation gives the first index that is before its parent; n: there is none. */
    size_t (*violation)(const void *a, size_t n);
    /* disorder gives the first index that is before its predecessor; n: there is none. */
    size_t (*disorder)(const void *a, size_t n);
    /* merge is stable: of equal values that of the lower sequence comes first. Returns early as heapify does. */
    void (*merge)(const struct ctx *ctx, struct heap_merge *merge);
};

/* heap_kernel_of gives the kernel of a kind (INT, REAL, STRING). */
const struct heap_kernel *heap_kernel_of(enum kind kind, bool max);

#endif
