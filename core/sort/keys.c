#include "core/sort/keys.h"

#include <math.h>

/* Each function is one loop made for every coding: the switch lies outside, constants inside. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static ALWAYS_INLINE uint64_t key_at(const struct array *a, size_t i, enum coding coding, uint64_t flip) {
    switch (coding) {
    case CODING_INTS: return key_of_int(a->ints[i]) ^ flip;
    case CODING_REALS: return key_of_real(a->reals[i]) ^ flip;
    case CODING_INTEGRAL: break;
    }
    return key_of_integral(a->reals[i]) ^ flip;
}

static ALWAYS_INLINE void put(void *data, size_t i, uint64_t key, enum coding coding) {
    int64_t x = key_to_int(key);
    double r = coding == CODING_REALS ? key_to_real(key) : key_to_integral(key);
    /* memcpy: the same memory held keys before. */
    memcpy((char *)data + i * 8, coding == CODING_INTS ? (const void *)&x : (const void *)&r, 8);
}

static ALWAYS_INLINE void make(struct sorter *s, const struct array *values, enum coding coding, uint64_t flip,
                               uint64_t *keys, struct key_scan *scan) {
    uint64_t before = key_at(values, 0, coding, flip), min = before, max = before, any = before, all = before;
    size_t turns = 0;
    bool fell = values->n > 1 && key_at(values, 1, coding, flip) < before;
    keys[0] = before;
    for (size_t i = 1; i < values->n;) {
        size_t end = min_size(values->n, i + SORTER_POLL);
        if (sorter_stop(s, end - i))
            return;
        for (; i < end; i++) {
            uint64_t key = key_at(values, i, coding, flip);
            keys[i] = key;
            min = key < min ? key : min;
            max = key > max ? key : max;
            any |= key;
            all &= key;
            bool falls = key < before;
            turns += falls != fell;
            fell = falls;
            before = key;
        }
    }
    *scan = (struct key_scan){min, max, any ^ all, turns};
}

void keys_make(struct sorter *s, const struct array *values, enum coding coding, bool descending, uint64_t *keys,
               struct key_scan *scan) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0;
    switch (coding) {
    case CODING_INTS: make(s, values, CODING_INTS, flip, keys, scan); break;
    case CODING_REALS: make(s, values, CODING_REALS, flip, keys, scan); break;
    case CODING_INTEGRAL: make(s, values, CODING_INTEGRAL, flip, keys, scan); break;
    }
}

bool keys_integral(const struct array *reals, size_t *at) {
    for (size_t i = 0; i < reals->n; i++) {
        double x = reals->reals[i];
        if (!(fabs(x) <= 0x1p53) || (double)(int64_t)x != x) {
            *at = i;
            return false;
        }
    }
    return true;
}

static ALWAYS_INLINE void decode(struct sorter *s, const uint64_t *keys, size_t n, enum coding coding, uint64_t flip,
                                 void *data) {
    (void)sorter_stop(s, n);
    for (size_t i = 0; i < n; i++)
        put(data, i, keys[i] ^ flip, coding);
}

void keys_decode(struct sorter *s, const uint64_t *keys, size_t n, enum coding coding, bool descending, void *data) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0;
    switch (coding) {
    case CODING_INTS: decode(s, keys, n, CODING_INTS, flip, data); break;
    case CODING_REALS: decode(s, keys, n, CODING_REALS, flip, data); break;
    case CODING_INTEGRAL: decode(s, keys, n, CODING_INTEGRAL, flip, data); break;
    }
}

static ALWAYS_INLINE void decode_pairs(struct sorter *s, const struct pair *pairs, size_t n, enum coding coding,
                                       uint64_t flip, void *data, int64_t *indices) {
    (void)sorter_stop(s, n);
    for (size_t i = 0; i < n; i++) {
        put(data, i, pairs[i].key ^ flip, coding);
        indices[i] = (int64_t)pairs[i].index;
    }
}

void keys_decode_pairs(struct sorter *s, const struct pair *pairs, size_t n, enum coding coding, bool descending,
                       void *data, int64_t *indices) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0;
    switch (coding) {
    case CODING_INTS: decode_pairs(s, pairs, n, CODING_INTS, flip, data, indices); break;
    case CODING_REALS: decode_pairs(s, pairs, n, CODING_REALS, flip, data, indices); break;
    case CODING_INTEGRAL: decode_pairs(s, pairs, n, CODING_INTEGRAL, flip, data, indices); break;
    }
}

static ALWAYS_INLINE void decode_packed(struct sorter *s, const uint64_t *words, size_t n, unsigned shift, uint64_t min,
                                        enum coding coding, uint64_t flip, void *data, int64_t *indices) {
    (void)sorter_stop(s, n);
    uint64_t mask = ((uint64_t)1 << shift) - 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t word = words[i];
        put(data, i, ((word >> shift) + min) ^ flip, coding);
        indices[i] = (int64_t)(word & mask);
    }
}

void keys_decode_packed(struct sorter *s, const uint64_t *words, size_t n, unsigned shift, uint64_t min,
                        enum coding coding, bool descending, void *data, int64_t *indices) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0;
    switch (coding) {
    case CODING_INTS: decode_packed(s, words, n, shift, min, CODING_INTS, flip, data, indices); break;
    case CODING_REALS: decode_packed(s, words, n, shift, min, CODING_REALS, flip, data, indices); break;
    case CODING_INTEGRAL: decode_packed(s, words, n, shift, min, CODING_INTEGRAL, flip, data, indices); break;
    }
}
