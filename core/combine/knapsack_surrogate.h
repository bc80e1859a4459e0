/* knapsack_surrogate.h - several capacities added up to one: the LP bound that prunes a search of parts.
 *
 * at_most is one more capacity. Any multipliers give a bound, and a multiplicative subgradient method looks for those of
 * the least; with two capacities it is a bisection, and each capacity alone is tried as well. Bounds are computed in
 * doubles and rounded up by more than all their rounding errors.
 * Source: Glover, "Surrogate constraints", Operations Research 16 (1968); Gavish and Pirkul, "Efficient algorithms for
 * solving multiconstraint zero-one knapsack problems to optimality", Math. Prog. 31 (1985).
 * Cost: make O(n log n) a round, up to 80 rounds; then O(dims + log n) a bound. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_SURROGATE_H
#define SOLVENT_KNAPSACK_SURROGATE_H

#include "core/combine/knapsack_parts.h"

enum { KNAPSACK_MAX_LIMITS = KNAPSACK_MAX_DIMS + 1 };

struct knapsack_surrogate_entry {
    double ratio;
    size_t i; /* the part */
};

struct knapsack_surrogate {
    struct ctx *ctx;
    const struct knapsack_task *task; /* borrowed, like the parts */
    const struct knapsack_part *part; /* [n] */
    size_t n, limits;                 /* limits: capacities, and at_most behind them */
    int64_t capacity[KNAPSACK_MAX_LIMITS];
    double y[KNAPSACK_MAX_LIMITS];
    struct knapsack_surrogate_entry *order; /* [n] by value per surrogate weight */
    double *light;                          /* [n + 1] prefix sums of surrogate weights, in order */
    double *worth;                          /* [n + 1] and of values */
    double room, slack; /* the surrogate capacity; what rounding may take from a difference of sums at most */
    double error;       /* relative, of a bound */
    int64_t *rest;      /* [n + 1][dims]: what places from .. n-1 weigh; NULL: no exact fill of several capacities */
};

/* knapsack_surrogate_make orders the parts, which may stand for all copies of an item. Errors: NO_MEMORY. */
enum status knapsack_surrogate_make(struct ctx *ctx, const struct knapsack_task *task,
                                    const struct knapsack_parts *parts, struct knapsack_surrogate *s) MUST_CHECK;

/* knapsack_surrogate_weight is what part i takes of limit d. */
static inline int64_t knapsack_surrogate_weight(const struct knapsack_surrogate *s, size_t i, size_t d) {
    const struct knapsack_part *part = &s->part[i];
    size_t dims = s->task->dims ? s->task->dims : 1;
    if (d == dims)
        return part->copies;
    return s->task->dims ? knapsack_weight(s->task, part->item, d) * part->copies : part->w;
}

/* knapsack_surrogate_bound is no less than the value of any choice that adds some of the places from .. n-1 of the
 * order to what is chosen, which is worth `value` and takes used[limits]. */
double knapsack_surrogate_bound(const struct knapsack_surrogate *s, size_t from, const int64_t *used, int64_t value);

/* knapsack_surrogate_fills says whether the places from .. n-1 weigh enough for an exact fill of several capacities. */
bool knapsack_surrogate_fills(const struct knapsack_surrogate *s, size_t from, const int64_t *used);

#endif
