/* cache_map.h - the cache's first level: answers by key, in memory, under a byte cap. (Private to cache.c and its
 * tests.)
 *
 *     buckets[]: chains of entries by the key's first word      heap[]: the same entries by score, least first
 *
 * Eviction is GreedyDual-Size-Frequency (Cao and Irani, "Cost-aware WWW proxy caching algorithms", USITS 1997;
 * Cherkasova, HPL-98-69): score = clock + uses * cost / bytes,    clock = the score of what was evicted last so what is
 * cheap to compute per byte goes first, and what is not used falls behind the clock and goes too. Equal scores: the
 * least recently used goes first. Scores only rise, so a hit does not touch the heap: the heap keeps the score an entry
 * had when it was placed, a lower bound; an entry that comes up for eviction with a higher score is put back by it. A
 * hit is O(1), an eviction O(log n), amortised over the hits.
 *
 * Both tables are allocated once for the most entries that the cap can hold (pages that are never touched cost
 * nothing), so no look-up ever waits for a table to grow. Measured by bench/cache.c.
 *
 * Threads: every function may be called from any thread; one mutex, held for tens of nanoseconds (longer while
 * evicting). */
#ifndef SOLVENT_CACHE_MAP_H
#define SOLVENT_CACHE_MAP_H

#include "server/cache.h"

/* What an entry costs beside its body: both structs, a heap slot and what malloc adds, rounded up. */
enum { MAP_OVERHEAD = 256 };

struct cache_map;

/* map_new makes a map of at most cap bytes; NULL without memory or where cap is 0. used(self, key) is called, outside
 * the lock, for every entry that leaves (evicted or at map_free) and was hit since it was put; NULL: not wanted. */
struct cache_map *map_new(size_t cap, void (*used)(void *self, const struct key *key), void *self);
void map_free(struct cache_map *map); /* NULL is fine */

/* map_get returns the answer with a reference of the caller's, or NULL. */
struct answer *map_get(struct cache_map *map, const struct key *key);

/* map_put keeps the answer under its own reference. Where the key is there already, that entry stays and counts as
 * used. An answer of more than a quarter of the cap is not kept: it would push out too much that is worth more. */
void map_put(struct cache_map *map, const struct key *key, struct answer *answer);

/* map_stats fills memory_hits, memory_evictions, memory_bytes and memory_entries. */
void map_stats(struct cache_map *map, struct cache_stats *out);

#endif
