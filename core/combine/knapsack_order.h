/* knapsack_order.h - items by value per weight around the break item, sorted only where one looks.
 * Source: Balas and Zemel 1980 (break item by partitioning); Pisinger 1997 (intervals kept for later sorting).
 *
 * After knapsack_split_at the items [0, at) are the break solution: each stands before all of [at, n) in a total order,
 * and item at, the break item, is the first of the others and does not fit beside them. Either part is a sequence of
 * intervals, unsorted inside, sorted among each other:
 *
 *     left:  [0 ... ) [ ... ) [ .. )  at  [ .. ) [ ... ) [ ... n) :right
 *
 * Each side's nearest interval is its last in the array. */
#ifndef SOLVENT_KNAPSACK_ORDER_H
#define SOLVENT_KNAPSACK_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct knapsack_item {
    int64_t w, p;   /* weight >= 1, value (profit) >= 1 */
    uint32_t at;    /* its index in the request */
    uint32_t taken; /* 0 or 1: in the incumbent */
};

struct knapsack_interval {
    size_t lo, hi;
};

enum { KNAPSACK_INTERVALS = 72 };

struct knapsack_intervals {
    size_t n;
    struct knapsack_interval a[KNAPSACK_INTERVALS];
};

struct knapsack_split {
    size_t at;    /* items before the break item; n where all fit */
    int64_t w, p; /* their weight and value (wrapped where the sum of the values does not fit) */
    struct knapsack_intervals left, right;
};

/* knapsack_before tells whether a stands before b: more value per weight; ties in a scattered but fixed order. */
bool knapsack_before(const struct knapsack_item *a, const struct knapsack_item *b);

/* knapsack_sort sorts by knapsack_before, in place; O(n log n) always. */
void knapsack_sort(struct knapsack_item *item, size_t n);

/* knapsack_split_at permutes the items and finds the break item for a capacity; O(n) expected, O(n log n) at worst.
 * The sum of the weights fits int64. */
void knapsack_split_at(struct knapsack_item *item, size_t n, int64_t capacity, struct knapsack_split *out);

#endif
