#include "core/sort/compare_sort.h"

/* Below this a straight insertion is quicker than another partition; merge sort's runs are at least so long. */
enum { INSERTION = 24, NINTHER = 128, MIN_RUN = 24 };

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

/* merge_power is the depth of the node that merges the run [start, start + left) with the next `right` elements in the
 * tree that halves [0, n): the leading bits that the two middles, as fractions of n, have in common (Munro and Wild
 * 2018, section 5.3). */
static unsigned merge_power(size_t n, size_t start, size_t left, size_t right) {
    uint64_t l = ((uint64_t)(2 * start + left) << 30) / n, r = ((uint64_t)(2 * start + 2 * left + right) << 30) / n;
    return (unsigned)__builtin_clzll(l ^ r);
}

struct run {
    size_t start, n;
    unsigned power; /* of the merge with the run before it */
};

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
