/* knapsack_core.h - the dynamic program of a knapsack whose trivial items are gone. Sources and methods: knapsack.h. */
#ifndef SOLVENT_KNAPSACK_CORE_H
#define SOLVENT_KNAPSACK_CORE_H

#include "core/combine/knapsack.h"
#include "core/combine/knapsack_order.h"

struct knapsack_problem {
    struct knapsack_item *item; /* [n]; permuted, and `taken` set */
    size_t n;
    int64_t capacity; /* every item fits alone, not all fit together; the sums of weights and of values fit int64 */
    struct knapsack_watch *watch; /* NULL: nobody; else it is told base + unit * value */
    int64_t base, unit;
};

struct knapsack_result {
    int64_t value, bound;
    enum knapsack_end end;
    struct knapsack_stats stats;
};

/* knapsack_core_solve marks the items of the best subset it finds as taken.
 * Errors: CANCELLED. Want of time or memory shows in the result. */
enum status knapsack_core_solve(struct ctx *ctx, const struct knapsack_problem *problem,
                                struct knapsack_result *out) MUST_CHECK;

#endif
