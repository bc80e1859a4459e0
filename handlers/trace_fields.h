/* trace_fields.h - the `trace` of a request and of an answer, the same for every endpoint that has one.
 *
 *     struct params { ...; struct trace_params trace; bool has_trace; };
 *     struct result { ...; struct trace trace; };
 *     static const struct field INPUT[] = {..., TRACE_INPUT(struct params), {0}};
 *     static const struct field OUTPUT[] = {..., TRACE_OUTPUT(struct result, "`swap` of two places."), {0}};
 *
 * The answer leaves `trace` out where trace.ctx is NULL: nobody asked for it. */
#ifndef SOLVENT_TRACE_FIELDS_H
#define SOLVENT_TRACE_FIELDS_H

#include "core/base/trace.h"
#include "handlers/field.h"

enum trace_format { TRACE_STEPS, TRACE_COMMANDS };

struct trace_params {
    int64_t max_steps;
    int format; /* enum trace_format; call_run sees to it where `trace` is a member of the request itself, and the
                   struct trace one of the answer itself */
};

extern const struct field trace_fields[];

/* TRACE_INPUT_OF states another limit than TRACE_INPUT, in words; core/base/trace.h enforces TRACE_MAX_VALUES. */
#define TRACE_LIMIT_POINTS "at most 1000 points"
#define TRACE_INPUT(S) TRACE_INPUT_OF(S, "at most 2000 values in all")
#define TRACE_INPUT_OF(S, limit)                                                                        \
    FIELD(S, trace, OBJECT,                                                                             \
          "Also give the steps of the algorithm, for a page to play; for " limit ". Absent: no trace.", \
          .fields = trace_fields, .present = offsetof(S, has_trace))

/* TRACE_OUTPUT takes what the steps mean: each op with its variables. */
#define TRACE_OUTPUT(S, ops)                                                                                       \
    FIELD(S, trace, TRACE,                                                                                         \
          "The steps of the plain algorithm: `op`, the indices `at`, the values that stand there afterwards, and " \
          "`vars`. `total` counts those past `max_steps` too. With `format` `commands`: `commands` in place of "   \
          "`steps`. " ops)

/* trace_open begins the trace of an answer where the request has one; else, and that is no error, there is none.
 * Errors: those of trace_begin. */
enum status trace_open(struct ctx *ctx, bool wanted, const struct trace_params *params, const struct array *initial,
                       struct trace *trace) MUST_CHECK;

/* trace_cost is what `steps` steps, of which max_steps are kept and written, take in ns; 0 where no trace is wanted. */
uint64_t trace_cost(bool wanted, const struct trace_params *params, double steps);

#endif
