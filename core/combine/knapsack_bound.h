/* knapsack_bound.h - the bound that a limit on the number of items gives.
 *
 * Every subset that fits has at most K items (the K + 1 lightest are too heavy together); every subset worth more than
 * z has at least K (the K - 1 most valuable are not worth it). With prices lambda >= 0 on weight and mu (>= 0 for at
 * most, <= 0 for at least) on the count, value <= sum_j max(0, p_j - lambda w_j - mu) + lambda c + mu K        for
 * every subset that may still win. On strongly correlated items (p = w + k) it is tight where the LP bound is not.
 * Source: Martello and Toth, "Upper bounds and algorithms for hard 0-1 knapsack problems" (1997), section 3; here as a
 * Lagrangian.
 *
 * Prices are fractions lambda = a/d, mu = e/d with d a power of two: any prices give a bound, so rounding them costs
 * sharpness only. */
#ifndef SOLVENT_KNAPSACK_BOUND_H
#define SOLVENT_KNAPSACK_BOUND_H

#include "core/base/ctx.h"
#include "core/combine/knapsack_order.h"

typedef __int128 knapsack_wide;

struct knapsack_price {
    int64_t d, a, e;     /* d = 0: there is no price */
    int64_t k;           /* the limit on the number of items */
    knapsack_wide total; /* d times the bound */
};

/* knapsack_price_find looks for the prices of the least bound. at: items of the break solution; z: the incumbent's
 * value. out->d = 0 where ctx asks to stop, and where the LP solution obeys both limits, so that there is nothing to
 * gain. Allocates 2n items of scratch from ctx (rewound). Errors: NO_MEMORY. Cost: O(n log(p_max)). */
enum status knapsack_price_find(struct ctx *ctx, const struct knapsack_item *item, size_t n, int64_t capacity,
                                size_t at, int64_t z, struct knapsack_price *out) MUST_CHECK;

/* knapsack_reduced is d times the item's value after prices: what taking it gains over leaving it. */
static inline knapsack_wide knapsack_reduced(const struct knapsack_price *y, int64_t w, int64_t p) {
    return (knapsack_wide)y->d * p - (knapsack_wide)y->a * w - y->e;
}

#endif
