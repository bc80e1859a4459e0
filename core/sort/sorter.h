/* sorter.h - private to core/sort: what the algorithms sort, and what they share.
 *
 * Numbers are sorted as keys: uint64_t whose unsigned order is the wanted order (keys.h). Three kinds of element:
 *   word   a key, or a key and an index packed into one (packed words are distinct, so any algorithm is stable)
 *   pair   a key and an index, where they do not fit into one word; compared by both
 *   item   a string: eight of its bytes as a big-endian word, and where it lies in the input array */
#ifndef SOLVENT_SORTER_H
#define SOLVENT_SORTER_H

#include <string.h>

#include "core/sort/sort.h"

struct pair {
    uint64_t key, index;
};

struct item {
    uint64_t prefix; /* bytes depth .. depth + 7, zero behind the end */
    const struct str *s;
};

enum { SORTER_POLL = 1 << 20 };

struct sorter {
    struct ctx *ctx;
    struct sort_stats stats;
    size_t work;  /* elements handled since the stop flag was read */
    bool stopped; /* the host wants an end: what was sorted is of no use any more */
    bool reverse; /* items: greatest first, equal ones still in input order */
    size_t depth; /* items: where their prefixes begin; all compared strings agree before it */
};

/* sorter_stop counts work and reads the stop flag now and then; true: give up. */
static inline bool sorter_stop(struct sorter *s, size_t work) {
    s->work += work;
    if (s->work >= SORTER_POLL) {
        s->work = 0;
        s->stopped = s->stopped || ctx_stop(s->ctx) != STOP_NONE;
    }
    return s->stopped;
}

/* sorter_status is OK, or the failure of a stopped sorter. */
static inline enum status sorter_status(struct sorter *s) { return s->stopped ? ctx_stopped(s->ctx) : STATUS_OK; }

static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

/* bits_of is the length of x in binary; 0 for 0. */
static inline unsigned bits_of(uint64_t x) { return x ? 64 - (unsigned)__builtin_clzll(x) : 0; }

/* sample_place is the place of the i-th of a sample, one of each `stride` elements: somewhere within each stretch, so
 * that a period in the values does not meet that of the sample. */
static inline size_t sample_place(size_t i, size_t stride) {
    uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15u;
    return i * stride + (size_t)(((mixed ^ mixed >> 29) & 0xffffffffu) * stride >> 32);
}

/* item_word reads the eight bytes of a string from `depth` on. */
static inline uint64_t item_word(const struct str *s, size_t depth) {
    uint64_t word = 0;
    if (s->n >= depth + 8) {
        memcpy(&word, s->p + depth, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        return word;
    }
    for (size_t i = depth; i < depth + 8; i++)
        word = word << 8 | (i < s->n ? (unsigned char)s->p[i] : 0);
    return word;
}

/* str_compare orders two strings that agree in their first `from` bytes: below, at or above 0. */
static inline int str_compare(const struct str *a, const struct str *b, size_t from) {
    size_t n = min_size(a->n, b->n);
    int c = n > from ? memcmp(a->p + from, b->p + from, n - from) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

/* item_tie_less decides where the prefixes are equal. */
static inline bool item_tie_less(const struct sorter *s, const struct item *a, const struct item *b) {
    int c = str_compare(a->s, b->s, s->depth + 8);
    return c ? (c < 0) != s->reverse : a->s < b->s;
}

#endif
