/* wide.h - unsigned integers of a fixed number of 64-bit limbs, least first; the caller knows a width that is enough.
 *
 * Cost: add, subtract, compare O(w); decimal O(w^2). Threads: reentrant. */
#ifndef SOLVENT_WIDE_H
#define SOLVENT_WIDE_H

#include "core/base/array.h"
#include "core/base/ctx.h"

/* wide_add is a += b modulo 2^(64 w). a and b are equal or disjoint. */
static inline void wide_add(uint64_t *a, const uint64_t *b, size_t w) {
    uint64_t carry = 0;
    for (size_t i = 0; i < w; i++) {
        uint64_t sum;
        uint64_t over = __builtin_add_overflow(a[i], b[i], &sum);
        over |= __builtin_add_overflow(sum, carry, &sum);
        a[i] = sum;
        carry = over;
    }
}

/* wide_subtract is a -= b modulo 2^(64 w). */
static inline void wide_subtract(uint64_t *a, const uint64_t *b, size_t w) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < w; i++) {
        uint64_t rest;
        uint64_t under = __builtin_sub_overflow(a[i], b[i], &rest);
        under |= __builtin_sub_overflow(rest, borrow, &rest);
        a[i] = rest;
        borrow = under;
    }
}

static inline bool wide_less(const uint64_t *a, const uint64_t *b, size_t w) {
    while (w-- > 0)
        if (a[w] != b[w])
            return a[w] < b[w];
    return false;
}

/* wide_value gives a as a number of an answer: an integer up to 2^53, else its decimal digits, allocated from ctx.
 * Errors: NO_MEMORY. */
enum status wide_value(struct ctx *ctx, const uint64_t *a, size_t w, struct value *value) MUST_CHECK;

/* wide_read sets a[w] to the number that the decimal digits say; false (and a is of no use) where it does not fit. Other
 * bytes than digits are the caller's to refuse. */
bool wide_read(uint64_t *a, size_t w, const char *digits, size_t n);

#endif
