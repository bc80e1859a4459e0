/* philox.h - counter-based random numbers: the same (key, counter) gives the same bits, anywhere, in any order.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), Philox4x32-10.
 *
 * Sampling keys it by the request's seed and counts (element / 4, sample, step, stream): the first m of n samples are
 * the m samples of a smaller request, whatever the batch or the threads. */
#ifndef SOLVENT_PHILOX_H
#define SOLVENT_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* The multipliers and the Weyl sequence of the key, as the paper gives them. */
#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

/* philox4x32 is the bijection: ten rounds over the counter under the key. */
void philox4x32(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

#endif
