/* knapsack.h - 0/1 knapsack, exact: the subset of greatest value whose weight fits a capacity.
 *
 * Source: Pisinger, "A minimal algorithm for the 0-1 knapsack problem" (1997): a list of undominated states grows from
 * the break item outwards and is pruned by the LP bound. Martello, Pisinger, Toth, "Dynamic programming and strong
 * bounds for the 0-1 knapsack problem" (1999): bounds from a limit on the number of items, and common divisors.
 * Kellerer, Pferschy, Pisinger, "Knapsack Problems" (2004), ch. 5.
 *
 * Differs: the limit on the number of items is priced into every state instead of solving a surrogate problem; states
 * are also bounded by the weights that open items can reach (knapsack_reach.h); dives with few states look for
 * incumbents; a state's choices are kept in a shared history, so that the optimum is read off and nothing is solved
 * twice; when states do not fit the memory, those of least bound are given up, and the greatest bound given up is the
 * answer's bound.
 *
 * Modules: knapsack (input, trivial items, answer), _bundle (items that are multiples of one another), _core (the
 * program), _order (break item, sorting), _greedy (first incumbent), _open (items outside the core), _states (merging,
 * history), _bound (number of items), _reach.
 *
 * Cost: O(n) for the break item and O(core * states) for the rest; the size of the capacity plays no role. 32 bytes a
 * state, twice, and 16 bytes of history for each 64 core items of a surviving state; all within the arena's cap.
 *
 * Exact: products are taken in 128 bits; any int64 weights, values and capacity are handled as long as the sums fit.
 *
 * Ties: among optimal subsets one is answered, always the same for the same input (order of the items included).
 *
 * Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_H
#define SOLVENT_KNAPSACK_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum { KNAPSACK_MAX_ITEMS = 10 * 1000 * 1000 };

/* How the request wrote its items: errors name "items[3].weight" or "weights[3]". */
enum knapsack_form { KNAPSACK_ITEMS, KNAPSACK_COLUMNS };

/* Who follows a search. tell is called on the thread that solves, when a better choice is found or the bound sinks
 * noticeably: value is that of the best choice so far, and no choice is worth more than bound. Which calls there are
 * depends on the input alone. */
struct knapsack_watch {
    void (*tell)(struct knapsack_watch *self, int64_t value, int64_t bound);
};

struct knapsack_in {
    size_t n;              /* items, 0 .. KNAPSACK_MAX_ITEMS */
    const int64_t *weight; /* item i: weight[i * stride], >= 0; borrowed. Their sum fits int64 */
    const int64_t *value;  /* item i: value[i * stride], >= 0; borrowed. Their sum fits int64 */
    size_t stride;         /* 1: two columns; 2: pairs */
    int64_t capacity;      /* >= 0 */
    enum knapsack_form form;
    struct knapsack_watch *watch; /* NULL: nobody */
};

/* What ended the search. */
enum knapsack_end {
    KNAPSACK_COMPLETE, /* every subset is accounted for */
    KNAPSACK_DEADLINE, /* ctx_stop said so */
    KNAPSACK_MEMORY,   /* states were given up; the answer may still be optimal */
};

struct knapsack_stats {
    int64_t items;  /* that fit alone, have a value and are not taken at once */
    int64_t core;   /* of those: items the dynamic program decided; all others keep their place in the LP solution */
    int64_t states; /* made in all */
    int64_t max_states; /* alive at once */
    int64_t given_up;   /* for want of memory */
};

struct knapsack_out {
    struct array chosen; /* INT, indices of items, ascending; in the arena */
    int64_t value, weight;
    int64_t bound; /* no subset is worth more; equals value where optimal */
    bool optimal;
    enum knapsack_end end;
    struct knapsack_stats stats;
};

/* knapsack_solve finds a subset of greatest value that fits.
 * Errors: INVALID (the place is named), TOO_LARGE (n), NO_MEMORY (not even the items fit), CANCELLED, INTERNAL (the
 * answer is checked). Out of time or out of memory for states is no error: out->optimal is false, and out->value <=
 * optimum <= out->bound. */
enum status knapsack_solve(struct ctx *ctx, const struct knapsack_in *in, struct knapsack_out *out) MUST_CHECK;

#endif
