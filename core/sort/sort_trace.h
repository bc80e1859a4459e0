/* sort_trace.h - each algorithm of sort.h, and quickselect, plainly, for a page to play: every step is recorded.
 *
 * Steps:  "compare" of two places, "swap" of two, "set" of one; "count", "digit" and "bucket" look at the value in
 *         one place and say where it belongs (variables). "pivot" says around what quick sort parts a stretch.
 * The writes, replayed on the initial values, give them all in order: what `unique` or `top` drop afterwards is still
 * there.
 * The steps are those of the textbook's algorithm; the statistics of sort_solve are those of the fast one.
 * Cost:    n^2 steps at worst (quick, bucket), for at most TRACE_MAX_VALUES values; kept are max_steps.
 * Sources: as sort.h; quick: Hoare's partition around the median of three. Threads: reentrant. Same input, same
 * bytes. */
#ifndef SOLVENT_SORT_TRACE_H
#define SOLVENT_SORT_TRACE_H

#include "core/base/trace.h"
#include "core/sort/quantile.h"
#include "core/sort/select.h"
#include "core/sort/sort.h"

/* sort_trace records how the algorithm (none but AUTO) sorts in->values, with which t was begun. Errors: NO_MEMORY,
 * CANCELLED, TIMED_OUT. */
enum status sort_trace(struct ctx *ctx, const struct sort_in *in, enum sort_algorithm algorithm,
                       struct trace *t) MUST_CHECK;

/* select_trace records quickselect for each of the ks in turn, on the values as the ones before left them. Steps: those
 * of quick sort; "narrow" after a partition: the value can only be at low .. high; "found" at the place where the k-th
 * stands. Where SORT is used, the values are sorted first. t is begun, with in->values.
 * Source: C. A. R. Hoare, Algorithm 65: Find, 1961. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status select_trace(struct ctx *ctx, const struct select_in *in, struct trace *t) MUST_CHECK;

/* quantile_trace does so for the ranks that the quantiles stand on (quantile_ranks). */
enum status quantile_trace(struct ctx *ctx, const struct quantile_in *in, struct trace *t) MUST_CHECK;

#endif
