/* runs.h - longest consecutive sequence: the longest run x, x + step, x + 2 step, ... of values that are all there.
 *
 * Order:   of runs of equal length the one of least start is the longest. Repeats of a value count once.
 * Source:  sorting by digits and one scan; a second pointer follows at distance `step`. A set of hashes needs a reading
 *          of memory at random for each value and has bad keys; this has neither.
 * Cost:    O(n) beyond the sort, which sort.h tells (O(n) for the many). 8 n bytes for step 1, 20 n for others, and
 *          what the sort takes.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_RUNS_H
#define SOLVENT_RUNS_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/base/trace.h"

/* Stretches of the values in order, for a step of 1; else a second pointer that follows a step behind. */
enum runs_algorithm { RUNS_STRETCHES, RUNS_TWO_POINTERS };
extern const char *const runs_algorithm_names[]; /* ends with NULL */

struct runs_in {
    struct array values; /* INT, one dimension, fewer than 2^32; borrowed */
    int64_t step;        /* >= 1 */
    bool all;            /* also list all runs */
    struct trace *trace; /* NULL: nobody watches; else it was begun with the values */
};

/* start, start + step, ..., end: `length` values that are there; start - step and end + step are not. */
struct run {
    int64_t length, start, end;
};

struct runs_out {
    struct run longest; /* no values: length 0, and nothing else */
    struct run *runs;   /* [n_runs] with `all`, by start; in the arena */
    size_t n_runs;
    enum runs_algorithm algorithm; /* that was used */
    const char *why;               /* a sentence: what it was chosen by */
};

/* runs_solve finds them.
 * Trace: over the values in order, repeats left out, at where each first stands: "start" or "extend" {length, start},
 * then "best" {length, start, end} where the run is longer than those before.
 * Errors: INVALID at /values (more than one dimension), /step (below 1); TOO_LARGE (2^32 values), NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status runs_solve(struct ctx *ctx, const struct runs_in *in, struct runs_out *out) MUST_CHECK;

#endif
