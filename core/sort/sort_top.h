/* sort_top.h - the first few of an order, without sorting the rest.
 *
 * Where `top` is at most a quarter of the values, the top-th is selected (select.h), those before it are gathered
 * with as many of its equals as there is room for, the first ones of the input, and only these are sorted. Else, and
 * with `unique`, all are sorted and the rest is cut off. The values and indices are those that sort_solve gives first.
 * Cost:    about two readings of the values and the sorting of `top`; or that of sort_solve.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_SORT_TOP_H
#define SOLVENT_SORT_TOP_H

#include "core/sort/sort.h"

enum { SORT_TOP_SHARE = 4 };

/* sort_top sorts the first `top` >= 1 values of the order (all, where there are fewer). out->algorithm sorted what was
 * selected, and out->stats are of that, but for stats.n. Errors: as sort_solve. */
enum status sort_top(struct ctx *ctx, const struct sort_in *in, size_t top, struct sort_out *out) MUST_CHECK;

#endif
