/* exact_sum.h - sums of doubles that values join and leave, without any rounding until the sum is read.
 *
 * Source: Neal, "Fast exact summation using small and large superaccumulators" (2015): digits of 32 bits in words of
 * 64, whose carries wait. Here removal subtracts the very digits that joining added, so the words stay below 2^63 for
 * fewer than 2^31 members, and carries are made only to read the sum.
 * Threads: reentrant. */
#ifndef SOLVENT_EXACT_SUM_H
#define SOLVENT_EXACT_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 wide_int;
__extension__ typedef unsigned __int128 wide_uint;

/* exact_ratio is (magnitude + d) * 2^exponent / count, rounded once to the nearest double, ties to even; negative where
 * asked; 0 < d < 1 where `more`, else d = 0. count >= 1, below 2^32; where `more`, magnitude is at least 2^96. exponent
 * is at least -1184. Infinite beyond the greatest double. */
double exact_ratio(bool negative, wide_uint magnitude, bool more, int exponent, uint64_t count);

enum {
    EXACT_LOW = -1088,
    EXACT_DIGITS = 72
}; /* the lowest digit's exponent; 72 * 32 bits hold 2^31 greatest doubles */

struct exact_sum {
    int64_t digit[EXACT_DIGITS]; /* digit[i] * 2^(EXACT_LOW + 32 i) */
};

/* exact_parts splits a finite x into an integer and its exponent: x = result * 2^*exponent. */
static inline int64_t exact_parts(double x, int *exponent) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7ff);
    int64_t m = (int64_t)(bits & ((UINT64_C(1) << 52) - 1)) | (int64_t)(biased != 0) << 52;
    *exponent = biased - 1075 + (biased == 0);
    return bits >> 63 ? -m : m;
}

/* exact_join adds x (finite); exact_leave takes it away again. */
void exact_join(struct exact_sum *s, double x);
void exact_leave(struct exact_sum *s, double x);

/* exact_read is the sum over count, rounded once. */
double exact_read(const struct exact_sum *s, uint64_t count);

#endif
