/* keys.h - private to core/sort: numbers as unsigned keys in the wanted order.
 *
 *   INTS      x with its sign bit flipped
 *   REALS     the IEEE 754 bits, all flipped for negatives, the sign bit alone for others: -0.0 comes just before 0.0
 *   INTEGRAL  a real without fraction, |x| <= 2^53, as an integer: floor for those with the sign bit less one, so that
 * -0.0 is -1 and -1.0 is -2; dense, so that counting works and radix needs fewer digits Descending: the complement of
 * it all. */
#ifndef SOLVENT_KEYS_H
#define SOLVENT_KEYS_H

#include <string.h>

#include "core/sort/sorter.h"

#define KEY_SIGN ((uint64_t)1 << 63)

enum coding { CODING_INTS, CODING_REALS, CODING_INTEGRAL };

static inline uint64_t key_of_int(int64_t x) { return (uint64_t)x ^ KEY_SIGN; }
static inline int64_t key_to_int(uint64_t key) { return (int64_t)(key ^ KEY_SIGN); }

static inline uint64_t key_of_real(double x) {
    uint64_t bits;
    memcpy(&bits, &x, 8);
    return bits ^ ((bits & KEY_SIGN) ? ~(uint64_t)0 : KEY_SIGN);
}
static inline double key_to_real(uint64_t key) {
    uint64_t bits = key ^ ((key & KEY_SIGN) ? KEY_SIGN : ~(uint64_t)0);
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

static inline uint64_t key_of_integral(double x) { return key_of_int((int64_t)x - (__builtin_signbit(x) ? 1 : 0)); }
static inline double key_to_integral(uint64_t key) {
    int64_t i = key_to_int(key);
    return i < 0 ? -(double)(-(i + 1)) : (double)i;
}

/* number_key is the key of element i, ascending. Loops over it are made for every coding: the switch lies outside,
 * constants inside. */
#define ALWAYS_INLINE inline __attribute__((always_inline))
static ALWAYS_INLINE uint64_t number_key(const struct array *a, size_t i, enum coding coding) {
    switch (coding) {
    case CODING_INTS: return key_of_int(a->ints[i]);
    case CODING_REALS: return key_of_real(a->reals[i]);
    case CODING_INTEGRAL: break;
    }
    return key_of_integral(a->reals[i]);
}

/* FOR_CODING is f(..., coding) with a constant coding. */
#define FOR_CODING(coding, f, ...)                                    \
    do {                                                              \
        switch (coding) {                                             \
        case CODING_INTS: f(__VA_ARGS__, CODING_INTS); break;         \
        case CODING_REALS: f(__VA_ARGS__, CODING_REALS); break;       \
        case CODING_INTEGRAL: f(__VA_ARGS__, CODING_INTEGRAL); break; \
        }                                                             \
    } while (0)

/* What one look at the keys tells. */
struct key_scan {
    uint64_t min, max;
    size_t turns; /* how often they change between falling and not falling; counted up to KEY_TURNS */
    bool ordered; /* they fall nowhere */
};
enum { KEY_TURNS = 16 };

/* keys_scan looks at the keys of an array of n >= 1 numbers; descending: at their complements. NO_MEMORY. */
enum status keys_scan(struct sorter *s, const struct array *values, enum coding coding, bool descending,
                      struct key_scan *scan) MUST_CHECK;

/* keys_make writes them. */
void keys_make(struct sorter *s, const struct array *values, enum coding coding, bool descending, uint64_t *keys);

/* keys_integral says whether all reals are integers of at most 2^53; else *at is the first that is not. */
bool keys_integral(const struct array *reals, size_t *at);

/* Where sorted elements become numbers again. */
struct sink {
    enum coding coding;
    bool descending;
    unsigned index_bits; /* words: the index stands in so many bits below the key; else 0 */
    uint64_t min;        /* elements hold key - min */
    void *values;        /* int64_t or double, as coding says */
    int64_t *indices;    /* NULL: not wanted */
};

/* sink_words puts the n elements at from into places at .. at + n - 1; so do the others. from may lie where they go. */
void sink_words(const struct sink *sink, const uint64_t *from, size_t at, size_t n);
void sink_pairs(const struct sink *sink, const struct pair *from, size_t at, size_t n);
/* sink_halves: keys less min that are below 2^32, without indices. from may lie in the latter half of where they go. */
void sink_halves(const struct sink *sink, const uint32_t *from, size_t at, size_t n);

#endif
