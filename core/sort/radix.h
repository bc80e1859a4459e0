/* radix.h - private to core/sort: sorting by digits.
 * When the sorter was stopped, they return early with the elements in any order. */
#ifndef SOLVENT_RADIX_H
#define SOLVENT_RADIX_H

#include "core/sort/keys.h"

/* radix_numbers sorts n >= 1 numbers (n < 2^32), stably, and hands them to the sink, whose min is the least key;
 * `range` is the greatest less that. The sink's memory is used before.
 *
 * One distribution by the highest digit leaves groups that fit into the caches. Each is sorted by as many of its
 * highest bits as should tell its keys apart, lowest digit first; an insertion sort then mends what they did not. Where
 * that is more than a little, the rest of the digits follow. So no input takes more than O(n * digits that vary).
 * Threads: groups are sorted on all the host's; what is done does not depend on their number. NO_MEMORY. */
enum status radix_numbers(struct sorter *s, const struct array *values, uint64_t range,
                          const struct sink *sink) MUST_CHECK;

/* radix_items sorts strings in place by their bytes, most significant first; their prefixes are those at s->depth, and
 * are lost. O(bytes that tell the strings apart + n); stack: log2 n levels of 2 KiB. scratch holds n. */
void radix_items(struct sorter *s, struct item *a, size_t n, struct item *scratch);

#endif
