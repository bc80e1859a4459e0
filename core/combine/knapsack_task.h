/* knapsack_task.h - every kind of knapsack: 0/1, bounded, unbounded, subset sum; exact fill, a limit on the number of
 * items, several capacities; and by which algorithm.
 *
 * Plain 0/1 problems go to knapsack_solve as they are, bounded and unbounded ones as parts (knapsack_parts.h). An exact
 * fill has a table, meets in the middle, or has weight put first: with values p + M w, M above the sum of all values,
 * the best choice is heaviest, and most valuable among the heaviest; of several
 * capacities, branch and bound. at_most is asked of the problem without it first,
 * as its answer mostly obeys; else a table with levels, or branch and bound. Several capacities: branch and bound.
 *
 * Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_TASK_H
#define SOLVENT_KNAPSACK_TASK_H

#include "core/combine/knapsack_parts.h"
#include "core/combine/knapsack_sets.h"

extern const char *const knapsack_algorithm_names[]; /* by enum knapsack_algorithm; ends with NULL */

struct knapsack_answer {
    bool found;   /* false: no choice fills the capacity exactly, or none was found before the end */
    bool optimal; /* proven best; where nothing was found: that there is nothing */
    int64_t value, weight, bound;
    struct array chosen, counts; /* INT, indices ascending; copies of each. In the arena */
    struct array weights;        /* INT [dims]: what is used of each capacity; dims > 0 */
    enum knapsack_algorithm algorithm;
    const char *why; /* a sentence: what AUTO went by; NULL where the caller chose */
    enum knapsack_end end;
    struct knapsack_stats stats;
    struct knapsack_sets sets;
};

/* knapsack_task_solve answers a task. Errors: INVALID (numbers; what does not go together is the caller's to refuse),
 * TOO_LARGE (for the algorithm named, or an exact fill past all of them), NO_MEMORY, CANCELLED, INTERNAL. */
enum status knapsack_task_solve(struct ctx *ctx, const struct knapsack_task *task,
                                struct knapsack_answer *out) MUST_CHECK;

#endif
