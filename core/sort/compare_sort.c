#include "core/sort/compare_sort.h"

static inline bool word_less(const struct sorter *s, const uint64_t *a, const uint64_t *b) {
    (void)s;
    return *a < *b;
}

static inline bool pair_less(const struct sorter *s, const struct pair *a, const struct pair *b) {
    (void)s;
    /* As one 128-bit number: two instructions and no branch. */
    return ((unsigned __int128)a->key << 64 | a->index) < ((unsigned __int128)b->key << 64 | b->index);
}

static inline bool item_less(const struct sorter *s, const struct item *a, const struct item *b) {
    return a->prefix != b->prefix ? a->prefix < b->prefix : item_tie_less(s, a, b);
}

#define ELEM uint64_t
#define NAME(x) x##_words
#define LESS word_less
#include "core/sort/compare_sort_body.h"

#define ELEM struct pair
#define NAME(x) x##_pairs
#define LESS pair_less
#include "core/sort/compare_sort_body.h"

#define ELEM struct item
#define NAME(x) x##_items
#define LESS item_less
#include "core/sort/compare_sort_body.h"
