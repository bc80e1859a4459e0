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

/* What one look at the keys tells. */
struct key_scan {
    uint64_t min, max;
    uint64_t varying; /* the bits that are not the same in all */
    size_t turns;     /* how often they change between falling and not falling */
};

/* keys_make writes the keys of an array of n >= 1 numbers and looks at them. */
void keys_make(struct sorter *s, const struct array *values, enum coding coding, bool descending, uint64_t *keys,
               struct key_scan *scan);

/* keys_integral says whether all reals are integers of at most 2^53; else *at is the first that is not. */
bool keys_integral(const struct array *reals, size_t *at);

/* keys_decode turns n keys into numbers at data (int64_t or double, as coding says). The two may be the same memory. */
void keys_decode(struct sorter *s, const uint64_t *keys, size_t n, enum coding coding, bool descending, void *data);

/* keys_decode_pairs does so for pairs, and writes their indices. */
void keys_decode_pairs(struct sorter *s, const struct pair *pairs, size_t n, enum coding coding, bool descending,
                       void *data, int64_t *indices);

/* keys_decode_packed does so for words of (key - min) << shift | index. */
void keys_decode_packed(struct sorter *s, const uint64_t *words, size_t n, unsigned shift, uint64_t min,
                        enum coding coding, bool descending, void *data, int64_t *indices);

#endif
