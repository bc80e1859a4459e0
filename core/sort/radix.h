/* radix.h - private to core/sort: sorting by digits.
 * When the sorter was stopped, they return early with the elements in any order. */
#ifndef SOLVENT_RADIX_H
#define SOLVENT_RADIX_H

#include "core/sort/sorter.h"

enum { RADIX_BITS = 11, RADIX_MAX_DIGITS = 8 };

/* The digits of (key - base) that vary, lowest first. */
struct digits {
    uint64_t base;
    unsigned n;
    unsigned shift[RADIX_MAX_DIGITS], bits[RADIX_MAX_DIGITS];
};

/* digits_plan covers the bits of `varying` with digits of the width that suits n elements: few passes for many, few
 * counters for few. */
void digits_plan(struct digits *d, uint64_t base, uint64_t varying, size_t n);

/* radix_words and radix_pairs: least significant digit first, stable; a digit that is the same in all is skipped. The
 * sorted elements are in what is returned: a or scratch (n elements each; n < 2^32). NULL: no memory. */
uint64_t *radix_words(struct sorter *s, uint64_t *a, uint64_t *scratch, size_t n, const struct digits *d);
struct pair *radix_pairs(struct sorter *s, struct pair *a, struct pair *scratch, size_t n, const struct digits *d);

/* radix_items sorts strings in place by their bytes, most significant first; their prefixes are those at s->depth, and
 * are lost. O(bytes that tell the strings apart + n); stack: log2 n levels of 2 KiB. scratch holds n. */
void radix_items(struct sorter *s, struct item *a, size_t n, struct item *scratch);

#endif
