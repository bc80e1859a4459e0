/* wide.h - unsigned integers of a fixed number of 64-bit limbs, least first; the caller knows a width that is enough.
 *
 * Cost: add, subtract, compare O(w); decimal O(w^2). Threads: reentrant. */
#ifndef SOLVENT_WIDE_H
#define SOLVENT_WIDE_H

#include "core/base/array.h"
#include "core/base/ctx.h"

/* wide_add_limb is *a += b + carry; the carry. */
static inline uint64_t wide_add_limb(uint64_t *a, uint64_t b, uint64_t carry) {
    uint64_t sum = *a + b, over = sum < b;
    *a = sum + carry;
    return over | (*a < carry);
}

/* wide_subtract_limb is *a -= b + borrow; the borrow. */
static inline uint64_t wide_subtract_limb(uint64_t *a, uint64_t b, uint64_t borrow) {
    uint64_t rest = *a - b, under = *a < b;
    *a = rest - borrow;
    return under | (rest < borrow);
}

/* wide_add is a += b modulo 2^(64 w). a and b are equal or disjoint. Four limbs a round: a quarter faster. */
static inline void wide_add(uint64_t *a, const uint64_t *b, size_t w) {
    uint64_t carry = 0;
    size_t i = 0;
    for (; i + 4 <= w; i += 4) {
        carry = wide_add_limb(a + i, b[i], carry);
        carry = wide_add_limb(a + i + 1, b[i + 1], carry);
        carry = wide_add_limb(a + i + 2, b[i + 2], carry);
        carry = wide_add_limb(a + i + 3, b[i + 3], carry);
    }
    for (; i < w; i++)
        carry = wide_add_limb(a + i, b[i], carry);
}

/* wide_subtract is a -= b modulo 2^(64 w). */
static inline void wide_subtract(uint64_t *a, const uint64_t *b, size_t w) {
    uint64_t borrow = 0;
    size_t i = 0;
    for (; i + 4 <= w; i += 4) {
        borrow = wide_subtract_limb(a + i, b[i], borrow);
        borrow = wide_subtract_limb(a + i + 1, b[i + 1], borrow);
        borrow = wide_subtract_limb(a + i + 2, b[i + 2], borrow);
        borrow = wide_subtract_limb(a + i + 3, b[i + 3], borrow);
    }
    for (; i < w; i++)
        borrow = wide_subtract_limb(a + i, b[i], borrow);
}

enum { WIDE_TERMS = 8 };

/* wide_add_terms is a += all of b modulo 2^(64 w): one walk over a for WIDE_TERMS terms, all disjoint from it. */
static inline void wide_add_terms(uint64_t *a, const uint64_t *const b[WIDE_TERMS], size_t w) {
    __extension__ unsigned __int128 sum = 0;
    for (size_t i = 0; i < w; i++) {
        sum += a[i];
        for (int k = 0; k < WIDE_TERMS; k++)
            sum += b[k][i];
        a[i] = (uint64_t)sum;
        sum >>= 64;
    }
}

static inline bool wide_less(const uint64_t *a, const uint64_t *b, size_t w) {
    while (w-- > 0)
        if (a[w] != b[w])
            return a[w] < b[w];
    return false;
}

/* wide_value gives a as a number of an answer: an integer up to 2^53, else its decimal digits, allocated from ctx.
 * Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status wide_value(struct ctx *ctx, const uint64_t *a, size_t w, struct value *value) MUST_CHECK;

/* wide_read sets a[w] to the number that the decimal digits say; false (and a is of no use) where it does not fit.
 * Other bytes than digits are the caller's to refuse. */
bool wide_read(uint64_t *a, size_t w, const char *digits, size_t n);

#endif
