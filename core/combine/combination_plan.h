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

struct combination_in {
    const int64_t *candidates; /* [n] >= 1; borrowed */
    size_t n;                  /* 0 .. COMBINATION_MAX_CANDIDATES */
    int64_t target;            /* >= 0 */
    bool reuse, ordered;       /* ordered wants reuse */
    int64_t min_length;        /* >= 0 */
    int64_t max_length;        /* >= min_length; INT64_MAX: none */
};

/* A state of the length: with `saturate`, the parts that are still wanted, down to 0; else those still allowed. It is
 * start less one for each part, and a combination may end in a state of at most `accept`. */
struct combination_plan {
    size_t n;       /* positions: candidates that can be part of a sum */
    int64_t *value; /* [n] ascending; without equal ones where reuse */
    size_t *part;   /* [n] value / divisor */
    size_t target;  /* target / divisor */
    size_t states, start, accept;
    bool saturate;
    bool reuse, ordered;
    uint64_t *reach; /* combination_reach.h; NULL: the table is past the limit of listing and counting */
    bool none;       /* there is no combination, and none of the above but n and value are of use */
    uint64_t mark;   /* of what was asked: cursors carry it */
};

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
