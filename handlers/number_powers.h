/* number_powers.h - 10^q in 128 bits, and its binary exponent.
 * number_powers.c is made by script/powers; the test of this module checks every entry with big integers. */
#ifndef SOLVENT_NUMBER_POWERS_H
#define SOLVENT_NUMBER_POWERS_H

#include <stdint.h>

/* Reading needs -342 .. 308 (a w below 10^19 times a smaller power rounds to 0), writing -292 .. 324. */
enum { POWER_FIRST = -342, POWER_LAST = 324, POWER_LAST_EXACT = 55 };

/* The 128 leading bits of 10^q, the rest cut off: 10^q lies in [T, T + 1) * 2^(number_log2_power(q) - 127), T = hi *
 * 2^64 + lo. Exactly T for q = 0 .. POWER_LAST_EXACT, where 5^q has at most 128 bits; above T for all others. */
struct power {
    uint64_t hi, lo;
};
extern const struct power number_powers[POWER_LAST - POWER_FIRST + 1];

static inline struct power number_power(int q) { return number_powers[q - POWER_FIRST]; }

/* number_log2_power is floor(log2(10^q)), for |q| <= 400: 217706 / 2^16 is log2(10) + 2e-6. */
static inline int number_log2_power(int q) { return (int)(((int64_t)q * 217706) >> 16); }

#endif
