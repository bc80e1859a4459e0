/* combination_plan.h - what a combination sum comes down to: sorted positions, a target without common divisors, and
 * the states that count the parts. */
#ifndef SOLVENT_COMBINATION_PLAN_H
#define SOLVENT_COMBINATION_PLAN_H

#include "core/base/ctx.h"

enum {
    COMBINATION_MAX_CANDIDATES = 10 * 1000,
    COMBINATION_MAX_STATES = 1 << 24, /* (target / divisor + 1) * states of the length */
};
#define COMBINATION_MAX_STEPS (INT64_C(1) << 34) /* positions * states; limbs that counting writes */

/* Lists come in lexicographic order, in its reverse, or by their lengths and in lexicographic order where these are
 * equal. */
enum combination_order { COMBINATION_ASCENDING, COMBINATION_DESCENDING, COMBINATION_SHORT, COMBINATION_LONG };

struct combination_in {
    const int64_t *candidates; /* [n] >= 1; borrowed */
    size_t n;                  /* 0 .. COMBINATION_MAX_CANDIDATES */
    int64_t target;            /* >= 0 */
    bool reuse, ordered;       /* ordered wants reuse */
    int64_t min_length;        /* >= 0 */
    int64_t max_length;        /* >= min_length; INT64_MAX: none */
    bool distinct;             /* equal candidates are different items: the same values are several combinations */
    bool indices;              /* rows hold indices of candidates, not values */
    enum combination_order order;
    int64_t max_steps; /* in place of COMBINATION_MAX_STEPS; 0: that */
};

/* A state of the length: with `saturate`, the parts that are still wanted, down to 0; else those still allowed. It is
 * start less one for each part, and a combination may end in a state of at most `accept`. By length, the state is exactly
 * the parts that follow (accept is 0), and each length from shortest to longest is a start of its own: one table serves
 * them all. In the other orders shortest and longest are both `start`. */
struct combination_plan {
    size_t n;       /* positions: candidates that can be part of a sum */
    int64_t *value; /* [n] ascending; without equal ones where reuse and not distinct */
    int64_t *index; /* [n] in the candidates; ascending where values are equal */
    size_t *part;   /* [n] value / divisor */
    size_t target;  /* target / divisor */
    size_t states, shortest, longest, accept;
    bool saturate;
    bool reuse, ordered, distinct, indices;
    enum combination_order order;
    int64_t max_steps;
    uint64_t *reach; /* combination_reach.h; NULL: the table is past the limit of listing and counting */
    bool none;       /* there is no combination, and none of the above but n and value are of use */
    uint64_t mark;   /* of what was asked: cursors carry it */
};

/* combination_token names a position to cursors and ranks: by its value, where that says which, else by itself. */
static inline int64_t combination_token(const struct combination_plan *plan, size_t p) {
    return plan->distinct ? (int64_t)p : plan->value[p];
}

/* combination_first_start is where the states of the first combination begin; combination_next_start goes on to the next
 * length, and is false where there is none. */
static inline size_t combination_first_start(const struct combination_plan *plan) {
    return plan->order == COMBINATION_LONG ? plan->longest : plan->shortest;
}
static inline bool combination_next_start(const struct combination_plan *plan, size_t *start) {
    if (*start == (plan->order == COMBINATION_LONG ? plan->shortest : plan->longest))
        return false;
    *start += plan->order == COMBINATION_LONG ? -(size_t)1 : 1;
    return true;
}

/* combination_plan_make reads the input.
 * Errors: INVALID at /candidates/i (below 1), /target (negative), /max_length (below min_length), /ordered (without
 * reuse); TOO_LARGE at /candidates or /target; NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status combination_plan_make(struct ctx *ctx, const struct combination_in *in,
                                  struct combination_plan *plan) MUST_CHECK;

/* combination_state gives the state after `parts` parts from state k; false where they are not allowed. */
static inline bool combination_state(const struct combination_plan *plan, size_t k, size_t parts, size_t *to) {
    *to = k > parts ? k - parts : 0;
    return plan->saturate || k >= parts;
}

#endif
