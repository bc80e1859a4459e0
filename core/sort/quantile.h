/* quantile.h - quantiles of numbers or strings in any order, by the five methods that interpolate between neighbours.
 *
 * With n values x(0) <= ... <= x(n-1) in the order of sort.h, the q-quantile lies at h = q (n - 1);
 * j = floor(h), g = h - j.
 *   linear    x(j) + g (x(j+1) - x(j)): definition 7 of the source; from g = 1/2 on measured from the upper
 *             neighbour, so that the result never leaves the interval and is monotone in q. In doubles: integers beyond 2^53 are
 *             rounded first, and each of the operations rounds. Reals.
 *   midpoint  x(h) where h is an integer, else half way between its neighbours, rounded once. Reals.
 *   lower, higher, nearest   x(floor h), x(ceil h), x of the nearest index, ties to the even one. The values'
 *             kind.
 * Source:  R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996.
 * Cost:    that of select.h for up to two ranks a quantile; `distinct` sorts.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_QUANTILE_H
#define SOLVENT_QUANTILE_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum quantile_method { QUANTILE_LINEAR, QUANTILE_LOWER, QUANTILE_HIGHER, QUANTILE_NEAREST, QUANTILE_MIDPOINT };

/* Their names ("linear", ...), in the order of the enum; ends with NULL. */
extern const char *const quantile_method_names[];

struct quantile_in {
    struct array values; /* INT, REAL (finite) or STRING, one dimension, 1 .. 2^32 - 1; borrowed */
    const double *qs;    /* [n_qs], each 0 .. 1; borrowed */
    size_t n_qs;
    enum quantile_method method;
    bool distinct; /* equal values count once */
};

/* quantile_ranks gives the ranks from 1, of n values in order, that the quantiles stand on: of each the lower
 * neighbour, then, where it lies between two, the higher. ks: [2 * n_qs]. The result is how many. */
size_t quantile_ranks(const struct quantile_in *in, size_t n, int64_t *ks);

/* quantile_solve gives the qs[i]-quantile for every i, in the request's arena (strings point into the input).
 * Errors: INVALID at /values (none, or more than one dimension), /quantiles/i (not in 0 .. 1), /method (linear or
 * midpoint of strings); TOO_LARGE, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status quantile_solve(struct ctx *ctx, const struct quantile_in *in, struct array *out) MUST_CHECK;

#endif
