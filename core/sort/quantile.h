/* quantile.h - quantiles of numbers or strings in any order: the nine definitions of Hyndman and Fan and NumPy's four
 * others, by NumPy's names.
 *
 * With n values x(0) <= ... <= x(n-1) in the order of sort.h, the q-quantile lies at the place h, cut to 0 .. n-1;
 * j = floor(h), g = h - j. (The source counts places from 1.)
 *   inverted_cdf              1  h = n q - 1: x(ceil h)
 *   averaged_inverted_cdf     2  h = n q - 1: half way between x(h) and x(h+1) where h is an integer, else x(ceil h)
 *   closest_observation       3  h = n q - 1: x of the nearest place, ties to the even one as counted from 1
 *   interpolated_inverted_cdf 4  h = n q - 1
 *   hazen                     5  h = n q - 1/2
 *   weibull                   6  h = (n + 1) q - 1
 *   linear                    7  h = (n - 1) q
 *   median_unbiased           8  h = (n + 1/3) q - 2/3
 *   normal_unbiased           9  h = (n + 1/4) q - 5/8
 *   lower, higher, nearest    h = (n - 1) q: x(floor h), x(ceil h), x of the nearest place, ties to the even one
 *   midpoint                  h = (n - 1) q: x(h) where h is an integer, else half way between its neighbours
 * 4 .. 9 are x(j) + g (x(j+1) - x(j)), from g = 1/2 on measured from the upper neighbour, so that the result never
 * leaves the interval and is monotone in q. They are in doubles, and so are all places: integers beyond 2^53 are
 * rounded first, and each operation rounds (0.1 of 10 values is place 1, though no double is 0.1). Half way is exact,
 * rounded once. Reals: 2, 4 .. 9 and midpoint; the others are of the values' kind.
 * Source:  R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50(4), 1996.
 * Cost:    that of select.h for up to two ranks a quantile; `distinct` sorts.
 * Threads: reentrant. Same input, same bytes. */
#ifndef SOLVENT_QUANTILE_H
#define SOLVENT_QUANTILE_H

#include "core/base/array.h"
#include "core/base/ctx.h"
#include "core/sort/select.h"

enum quantile_method {
    QUANTILE_LINEAR,
    QUANTILE_LOWER,
    QUANTILE_HIGHER,
    QUANTILE_NEAREST,
    QUANTILE_MIDPOINT,
    QUANTILE_INVERTED_CDF,
    QUANTILE_AVERAGED_INVERTED_CDF,
    QUANTILE_CLOSEST_OBSERVATION,
    QUANTILE_INTERPOLATED_INVERTED_CDF,
    QUANTILE_HAZEN,
    QUANTILE_WEIBULL,
    QUANTILE_MEDIAN_UNBIASED,
    QUANTILE_NORMAL_UNBIASED,
};

/* Their names ("linear", ...), in the order of the enum; ends with NULL. */
extern const char *const quantile_method_names[];

struct quantile_in {
    struct array values; /* INT, REAL (finite) or STRING, one dimension, 1 .. 2^32 - 1; borrowed */
    const double *qs;    /* [n_qs], each 0 .. 1; borrowed */
    size_t n_qs;
    enum quantile_method method;
    bool distinct; /* equal values count once */
    enum select_algorithm algorithm;
};

/* quantile_ranks gives the ranks from 1, of n values in order, that the quantiles stand on: of each the lower
 * neighbour, then, where it lies between two, the higher. ks: [2 * n_qs]. The result is how many. */
size_t quantile_ranks(const struct quantile_in *in, size_t n, int64_t *ks);

/* quantile_solve gives the qs[i]-quantile for every i, in the request's arena (strings point into the input), and what
 * was used. Errors: INVALID at /values (none, or more than one dimension), /quantiles/i (not in 0 .. 1), /method (one
 * that interpolates, of strings), /algorithm (SELECT with distinct); TOO_LARGE, NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status quantile_solve(struct ctx *ctx, const struct quantile_in *in, struct array *out,
                           struct select_choice *choice) MUST_CHECK;

#endif
