/* knapsack_states.h - the list of the knapsack's dynamic program: partial solutions in order of weight, none of them
 * dominated, none without hope, and the history that tells how each came about.
 *
 * A state is the break solution with some of the core's items flipped (left ones out, right ones in). `flips` says
 * which of the last 64 core items at most; every 64 core items the flips of all states move to nodes of a shared tree
 * and `path` points there:
 *
 *     root 0 <- node {flips of items 0..63} <- node {flips of items 64..127} <- state.path, state.flips: items 128..
 *
 * States die in great numbers, so the tree is cleared of unreachable nodes before it grows. */
#ifndef SOLVENT_KNAPSACK_STATES_H
#define SOLVENT_KNAPSACK_STATES_H

#include "core/base/ctx.h"
#include "core/combine/knapsack_bound.h"

struct knapsack_state {
    int64_t w, p;
    uint64_t flips;
    uint32_t path;
    int32_t count; /* items, of the whole solution */
};

/* Sums lo .. hi of weights. */
struct knapsack_span {
    int64_t lo, hi;
};

/* What tells whether a state may still become better than the incumbent. */
struct knapsack_hope {
    int64_t capacity, z;      /* z: the incumbent's value; a subset must be worth more */
    int64_t right_p, right_w; /* the best ratio among items that may yet come in; 0/1: there are none */
    int64_t left_p, left_w;   /* the worst among those that may yet go out; 1/0: there are none */
    struct knapsack_price price;
    /* d times what the open items' places in the break solution fall short of the priced optimum */
    knapsack_wide slack;
    /* what the open items can add to a weight at most: disjoint, ascending; spans = 0: not known (knapsack_reach.h) */
    const struct knapsack_span *span;
    size_t spans;
};

/* knapsack_hope_bound is the greatest value that a completion of the state may have. INT64_MIN: none fits. */
int64_t knapsack_hope_bound(const struct knapsack_hope *hope, const struct knapsack_state *state);

/* A core item as a step of the program: what flipping it changes. */
struct knapsack_flip {
    int64_t w, p; /* both positive (it comes in) or both negative (it goes out) */
    uint64_t bit;
};

struct knapsack_best {
    bool found;
    struct knapsack_state state;
    size_t core; /* core items when it was found */
};

struct knapsack_list {
    struct knapsack_state *state;
    size_t n, size;
};

enum knapsack_merged {
    KNAPSACK_MERGED,
    KNAPSACK_STOPPED, /* ctx asked to */
    KNAPSACK_FULL,    /* `to` is too small */
};

/* knapsack_merge writes to `to` what is left of `from` and of `from` flipped: states with hope, none dominated. It
 * raises hope->z and sets *best where one fits and is better. `core` counts the core items, this one included.
 * Where it does not end as MERGED, `to` is void, `from` as before, and z and *best may have been improved. */
enum knapsack_merged knapsack_merge(struct ctx *ctx, const struct knapsack_list *from, const struct knapsack_flip *flip,
                                    size_t core, struct knapsack_hope *hope, struct knapsack_list *to,
                                    struct knapsack_best *best) MUST_CHECK;

/* knapsack_trim keeps the `keep` states of greatest bound and returns the greatest bound among those it dropped. values
 * is scratch of list->n elements. keep < list->n. */
int64_t knapsack_trim(struct knapsack_list *list, size_t keep, const struct knapsack_hope *hope, int64_t *values);

struct knapsack_node {
    uint64_t flips;
    uint32_t parent;
    uint32_t mark;
};

struct knapsack_history {
    struct knapsack_node **chunk;
    size_t chunks, n, after_clearing; /* nodes in use; how many there were after the last clearing */
};

/* knapsack_history_push moves the flips of all states into the history. False: no memory, and all is as before, except
 * that dead nodes may have been cleared. Raises no error. */
bool knapsack_history_push(struct ctx *ctx, struct knapsack_history *history, struct knapsack_list *list,
                           struct knapsack_best *best) MUST_CHECK;

/* knapsack_history_flips gives the flips of core items 64 * epoch .. of the best state. */
uint64_t knapsack_history_flips(const struct knapsack_history *history, const struct knapsack_best *best, size_t epoch);

#endif
