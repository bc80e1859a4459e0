/* compare_sort.h - private to core/sort: sorting by comparisons, for words, pairs and items.
 * All leave the elements in place. Pairs and items are distinct (their indices are), so the order is the stable one.
 * When the sorter was stopped, they return early with the elements in any order. */
#ifndef SOLVENT_COMPARE_SORT_H
#define SOLVENT_COMPARE_SORT_H

#include "core/sort/sorter.h"

/* quick: introsort; median of 3 or of medians of 3; runs of elements equal to the pivot are split off once; after log2
 * n bad partitions the rest is heap sorted. O(n log n) worst, O(n log distinct), O(log n) stack. */
void quick_words(struct sorter *s, uint64_t *a, size_t n);
void quick_pairs(struct sorter *s, struct pair *a, size_t n);
void quick_items(struct sorter *s, struct item *a, size_t n);

/* heap: bottom-up heap sort; about n log2 n comparisons, no memory. */
void heap_words(struct sorter *s, uint64_t *a, size_t n);
void heap_pairs(struct sorter *s, struct pair *a, size_t n);
void heap_items(struct sorter *s, struct item *a, size_t n);

/* merge: powersort; n - 1 comparisons on a sorted or reversed input. scratch holds n / 2 + 1 elements. */
void merge_words(struct sorter *s, uint64_t *a, size_t n, uint64_t *scratch);
void merge_pairs(struct sorter *s, struct pair *a, size_t n, struct pair *scratch);
void merge_items(struct sorter *s, struct item *a, size_t n, struct item *scratch);

#endif
