/* heap_run.h - private to core/heap: the heap that operations change, each change with its steps where a trace is
 * wanted. A traced sift swaps where the fast one moves a hole; the layout is the same. */
#ifndef SOLVENT_HEAP_RUN_H
#define SOLVENT_HEAP_RUN_H

#include "core/heap/heap.h"
#include "core/heap/heap_kernel.h"

struct heap_run {
    struct ctx *ctx;
    const struct heap_kernel *kernel;
    bool max;
    struct array heap;   /* there is room for every push */
    struct trace *trace; /* NULL: nobody watches */
};

void heap_run_heapify(struct heap_run *run);
void heap_run_push(struct heap_run *run, const struct value *value);
struct value heap_run_pop(struct heap_run *run);                                /* not empty */
struct value heap_run_replace(struct heap_run *run, const struct value *value); /* not empty */
struct value heap_run_pushpop(struct heap_run *run, const struct value *value);
bool heap_run_check(struct heap_run *run, size_t *at); /* whether it is a heap; else the first that is not in order */

/* heap_run_sort puts the heap's values in order; equal ones stay in theirs. */
enum status heap_run_sort(struct heap_run *run) MUST_CHECK;

/* heap_run_extremes gives the n (or all) greatest or least in their order, equal ones in that of the heap. */
enum status heap_run_extremes(struct heap_run *run, bool greatest, size_t n, struct array *out) MUST_CHECK;

#endif
