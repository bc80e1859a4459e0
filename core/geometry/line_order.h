/* line_order.h - a list in order: what a sweep line meets, from below. Links to both neighbours, and a tree over it to
 * search in; what the elements are only the caller knows.
 *
 * Source:  R. Seidel and C. Aragon, Randomized Search Trees, 1996. The priorities are hashes of the node's number and
 *          of a seed, so that who does not know the seed cannot order elements badly.
 * Cost:    O(log n) expected to insert, to remove and to search; O(1) to go to a neighbour.
 * Threads: reentrant; the shape depends on the seed and the calls alone. */
#ifndef SOLVENT_LINE_ORDER_H
#define SOLVENT_LINE_ORDER_H

#include "core/base/ctx.h"

/* Nodes are numbers from 1; 0 is none. */
struct line_node {
    uint32_t left, right, up, prev, next, priority;
    uint32_t item; /* the caller's */
};

struct line_order {
    struct line_node *node;
    uint32_t root, first, last;
    uint32_t spare, used; /* removed nodes, linked by next; the greatest number that was ever in use */
    uint64_t seed;
};

/* line_order_begin makes room for n elements at once. Errors: NO_MEMORY. */
enum status line_order_begin(struct ctx *ctx, struct line_order *order, size_t n, uint64_t seed) MUST_CHECK;

/* line_order_insert puts an item behind node `prev` (0: in front of all) and gives its node. */
uint32_t line_order_insert(struct line_order *order, uint32_t prev, uint32_t item);

void line_order_remove(struct line_order *order, uint32_t at);

#endif
