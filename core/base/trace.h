/* trace.h - the steps of an algorithm, so that a page can play them.
 *
 *     struct trace t;
 *     if (trace_begin(ctx, &t, max_steps, &values) != STATUS_OK) ...     at most TRACE_MAX_VALUES values
 *     trace_add(&t, "compare", TRACE_AT(i, j), &values, TRACE_VARS({"pivot", trace_int(p)}));
 *     return trace_end(&t);
 *
 * An algorithm takes a `struct trace *`, NULL where nobody watches: trace_add does nothing then. What is fast keeps its
 * kernel free of traces and has a plain twin that is traced; both give the same answer. Replaying the writes ("set",
 * "swap") on the initial values must give the answer's array: tests do. Steps past max_steps are counted, not kept. */
#ifndef SOLVENT_TRACE_H
#define SOLVENT_TRACE_H

#include "core/base/array.h"
#include "core/base/ctx.h"

#include <math.h>
#include <string.h>

enum { TRACE_MAX_VALUES = 2000, TRACE_MAX_STEPS = 100000 };

struct trace_var {
    const char *name; /* lives as long as the request: a literal, mostly */
    struct value value;
};

struct trace_step {
    const char *op;    /* "compare", "swap", "set", "push", "exclude", ...: a literal */
    const int64_t *at; /* [n_at] indices that the step touches */
    size_t n_at;
    struct array values; /* what stands at them after the step; KIND_NONE: nothing to show */
    const struct trace_var *vars;
    size_t n_vars;
};

struct trace {
    struct ctx *ctx;
    struct array initial; /* a copy of the values before the first step; KIND_NONE: there is no array */
    size_t max_steps;
    size_t n, size;           /* steps kept, room for */
    struct trace_step *steps; /* in the arena */
    size_t total;             /* steps that were made */
    bool failed;              /* no memory: trace_end says so */
    bool commands;            /* to be written as a player's commands (handlers/trace_commands.h); set by the caller */
};

#define TRACE_AT(...) (const int64_t[]){__VA_ARGS__}, COUNT_OF(((const int64_t[]){__VA_ARGS__}))
#define TRACE_NOWHERE NULL, 0
#define TRACE_VARS(...) (const struct trace_var[]){__VA_ARGS__}, COUNT_OF(((const struct trace_var[]){__VA_ARGS__}))
#define TRACE_NO_VARS NULL, 0

static inline struct value trace_int(int64_t i) { return (struct value){.kind = KIND_INT, .i = i}; }
/* trace_real shows no number (null) where r is not finite. */
static inline struct value trace_real(double r) {
    return isfinite(r) ? (struct value){.kind = KIND_REAL, .r = r} : (struct value){.kind = KIND_NONE};
}
static inline struct value trace_text(const char *literal) {
    return (struct value){.kind = KIND_STRING, .s = {literal, strlen(literal)}};
}

/* trace_check says whether a trace may be made of n values in all. Errors: TOO_LARGE at "/trace". */
enum status trace_check(struct ctx *ctx, size_t n) MUST_CHECK;

/* trace_begin prepares a trace and copies `initial` (NULL: there is none). Errors: as trace_check, NO_MEMORY. */
enum status trace_begin(struct ctx *ctx, struct trace *t, size_t max_steps, const struct array *initial) MUST_CHECK;

/* trace_show copies `initial` into a trace that was begun without: a caller's own limit holds. Errors: NO_MEMORY. */
enum status trace_show(struct trace *t, const struct array *initial) MUST_CHECK;

/* trace_add records a step: indices, the elements of `of` at them (NULL: none; an index outside of it shows nothing),
 * variables. */
void trace_add(struct trace *t, const char *op, const int64_t *at, size_t n_at, const struct array *of,
               const struct trace_var *vars, size_t n_vars);

/* trace_end is NO_MEMORY where a step could not be kept. t NULL is fine. */
enum status trace_end(struct trace *t) MUST_CHECK;

#endif
