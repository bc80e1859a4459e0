/* number_big.h - exact comparison of a decimal with a binary number: the last word where 128 bits cannot decide a
 * rounding. Cost: about 2 us and 1 KB of stack. Threads: reentrant. */
#ifndef SOLVENT_NUMBER_BIG_H
#define SOLVENT_NUMBER_BIG_H

#include <stddef.h>
#include <stdint.h>

/* big_compare gives the sign of (the decimal number without sign at text) - m * 2^k.
 * text[0 .. n-1] is a valid JSON number after its '-'; `exponent` is the value behind its 'e' (0: none), saturated or
 * not. Its value is not 0 and lies within a factor 4 of m * 2^k, which has at most 54 bits in m and -1076 <= k <=
 * 971. */
int big_compare(const char *text, size_t n, int64_t exponent, uint64_t m, int k);

#endif
