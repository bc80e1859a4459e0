/* distribute.h - private to core/sort: counting and bucket sort. */
#ifndef SOLVENT_DISTRIBUTE_H
#define SOLVENT_DISTRIBUTE_H

#include "core/sort/keys.h"

/* counting_keys sorts n keys of min .. max in place: one counter a possible key. NO_MEMORY. */
enum status counting_keys(struct sorter *s, uint64_t *keys, size_t n, uint64_t min, uint64_t max) MUST_CHECK;

/* counting_argsort gives n keys of min .. max sorted, with their indices, stably. NO_MEMORY. */
enum status counting_argsort(struct sorter *s, const uint64_t *keys, size_t n, uint64_t min, uint64_t max,
                             uint64_t *sorted, int64_t *indices) MUST_CHECK;

/* Where buckets lie: the keys in min .. max are cut into equally wide parts; those of reals by their values. */
struct spread {
    uint64_t min, max;
    bool reals, descending; /* keys are those of CODING_REALS; complemented */
    unsigned shift;         /* words: of the key in the word, whose key is less by min; 0 and plain keys otherwise */
};

/* bucket_words (and so on) distribute a into n / 16 buckets, then sort each by quick sort: never worse than that, even
 * when all fall into one bucket. The sorted elements end in a. scratch holds n. NO_MEMORY. */
enum status bucket_words(struct sorter *s, uint64_t *a, uint64_t *scratch, size_t n,
                         const struct spread *spread) MUST_CHECK;
enum status bucket_pairs(struct sorter *s, struct pair *a, struct pair *scratch, size_t n,
                         const struct spread *spread) MUST_CHECK;
enum status bucket_items(struct sorter *s, struct item *a, struct item *scratch, size_t n,
                         const struct spread *spread) MUST_CHECK;

#endif
