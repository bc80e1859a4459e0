/* epoch_order.h - in which order data are seen: every item once an epoch, each epoch in another order, and any place of
 * it can be asked for by itself, so that a run goes on from a step without having gone through those before.
 * Source: Black and Rogaway 2002: a Feistel network (of 4 rounds of Philox) over a power of four >= n, walked along
 * until it falls below n. Cost: O(1), four walks at most on average. Threads: reentrant. */
#ifndef SOLVENT_EPOCH_ORDER_H
#define SOLVENT_EPOCH_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* epoch_order_at gives the item at a position of the endless sequence: positions [e n, e n + n) are the items
 * 0 .. n - 1 in an order of their own. n is 1 .. 2^32; epochs count modulo 2^32. */
size_t epoch_order_at(uint64_t seed, size_t n, uint64_t position);

#endif
