/* heap.h - a binary heap under a list of operations, with the array layouts of CPython's heapq.
 *
 * Order:   min: no value is before its parent (i - 1) / 2, by plain `<`: integers and reals by value (-0.0 and 0.0 are
 *          equal), strings by code point. max: by plain `>`, as the *_max functions of Python 3.14.
 * Source:  Williams 1964, Floyd 1964; the sift goes down to a leaf first and then up again (Knuth, TAOCP 3, 5.2.3,
 *          exercise 18). Of two equal children the right one moves up, which is what fixes the layout.
 * Differs: a heap above the size of a cache is built subtree by subtree; no sift leaves its subtree, so the layout is
 *          that of building it level by level.
 * Cost:    heapify, check O(heap); push, pop, replace, pushpop O(log heap); sort, nlargest, nsmallest O(heap) for
 *          numbers (they sort by digits); merge O(values * log inputs) with a loser tree.
 * Memory:  the values, one more for each push, and what the results hold.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_HEAP_H
#define SOLVENT_HEAP_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

enum heap_op {
    HEAP_HEAPIFY,
    HEAP_PUSH,
    HEAP_POP,
    HEAP_REPLACE,   /* pop, then push: may give a value that is behind the new one */
    HEAP_PUSHPOP,   /* push, then pop */
    HEAP_NLARGEST,  /* the n greatest, greatest first; equal ones in the order of the array */
    HEAP_NSMALLEST, /* the n least, least first */
    HEAP_MERGE,     /* sorted inputs into one; has nothing to do with the heap but its order */
    HEAP_SORT,      /* the array in order, which is a heap too */
    HEAP_CHECK,     /* whether it is one */
};

/* Their names ("heapify", "push", ...), in the order of the enum; ends with NULL. */
extern const char *const heap_op_names[];

struct heap_input {
    struct array values;
    bool bare; /* errors point at the input itself, not at its values */
};

struct heap_operation {
    enum heap_op op;
    struct value value; /* push, replace, pushpop; KIND_NONE for all others */
    bool has_n;
    int64_t n;                       /* nlargest, nsmallest: >= 0 */
    const struct heap_input *inputs; /* [n_inputs]: merge; NULL for all others. Borrowed */
    size_t n_inputs;
};

struct heap_in {
    struct array values; /* INT, REAL (finite) or STRING, one dimension; taken as it is, heap or not; borrowed */
    bool max;            /* greatest first, else least first */
    const struct heap_operation *operations; /* [n_operations]; borrowed */
    size_t n_operations;
    size_t trace_steps; /* 0: no trace; else the most steps to keep */
    bool report_empty; /* a pop or replace of an empty heap is told in its result, and nothing is done; else an error */
};

struct heap_result {
    int op;
    struct value value;  /* pop, replace, pushpop */
    struct array values; /* nlargest, nsmallest, merge */
    int error;           /* 0; of use to the writer of answers where `empty` is set */
    bool empty;          /* pop, replace: there was nothing to take, and nothing was done */
    bool has_valid, valid;
    bool has_at;
    int64_t at; /* check: the first index whose value is before its parent's */
};

struct heap_out {
    struct array heap; /* after the last operation; in the arena, as are the results; strings point into the input */
    struct heap_result *results; /* [n_operations] */
    struct trace trace;          /* ctx NULL: none */
};

/* heap_solve runs the operations in order. The heap holds reals where a number among `values` and the values pushed is
 * a real, integers where all are; a merge does so for itself.
 * Trace: "operation" {index, op}, "compare", "swap", "set" (at the root), "push" (a new last value), "pop" (the last
 * value goes), "take" (nlargest, nsmallest: where the next value stands; merge: its input and index).
 * Errors: INVALID at /operations/i (pop or replace of an empty heap), /operations/i/value, /n or /inputs (missing, out
 * of place, of another kind), /operations/i/inputs/j/values/k (out of order); /values/i (an integer that no double
 * holds beside reals); TOO_LARGE at /trace, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status heap_solve(struct ctx *ctx, const struct heap_in *in, struct heap_out *out) MUST_CHECK;

#endif
