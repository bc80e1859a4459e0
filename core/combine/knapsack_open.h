/* knapsack_open.h - the items that are neither in the core nor fixed: two sides of the break, met nearest first.
 * An item is fixed where a bound shows that no subset worth more than the incumbent has it on the other side of the
 * break (Ingargiola and Korsh 1973); it then keeps its place in the break solution. Intervals are freed of fixed items
 * before they are sorted. */
#ifndef SOLVENT_KNAPSACK_OPEN_H
#define SOLVENT_KNAPSACK_OPEN_H

#include "core/combine/knapsack_states.h"

/* One side: intervals not yet looked at, nearest last, and the sorted rest of the nearest one. */
struct knapsack_side {
    struct knapsack_intervals far;
    size_t lo, hi; /* open items of the run, in order of ratio; the right side is met from lo, the left from hi - 1 */
    bool right;
};

struct knapsack_open {
    struct knapsack_item *item; /* [n]; borrowed, permuted inside intervals */
    size_t n;
    int64_t w, p;               /* of the break solution */
    int64_t break_w, break_p;   /* of the break item: the LP's ratio */
    struct knapsack_hope *hope; /* borrowed: z and the prices are read, ratios outside and slack are kept up to date */
    struct knapsack_side left, right;
};

void knapsack_open_init(struct knapsack_open *open, struct knapsack_item *item, size_t n,
                        const struct knapsack_split *split, struct knapsack_hope *hope);

/* knapsack_open_peek gives the position of a side's nearest open item, n where there is none. */
size_t knapsack_open_peek(struct knapsack_open *open, bool right);

/* knapsack_open_take moves the item that peek gave into the core. */
void knapsack_open_take(struct knapsack_open *open, size_t at, bool right);

/* knapsack_open_look sets the hope's best ratios outside. */
void knapsack_open_look(struct knapsack_open *open);

/* knapsack_open_reprice sets the hope's slack after its prices changed. */
void knapsack_open_reprice(struct knapsack_open *open);

/* knapsack_open_sort makes one sorted run of each side: from then on no item moves. O(n log n). */
void knapsack_open_sort(struct knapsack_open *open);

#endif
