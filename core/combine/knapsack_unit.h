/* knapsack_unit.h - real numbers as integers of a common unit, exactly or not at all.
 *
 * Reals of at most 15 digits are taken as the decimals that they are written as (a double stands for the only one that
 * reads as it), so that 0.1 + 0.2 fits into 0.3; the unit is a power of ten. Where one of them is no such decimal, all
 * are taken as the binary fractions that they are, and the unit is a power of two. Nothing is ever rounded: what fits
 * neither way is refused by the caller.
 * Source: W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990 (an integer below 2^53 over 10^k,
 * k <= 22, divides to the nearest double). Cost: O(1) a number. Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_UNIT_H
#define SOLVENT_KNAPSACK_UNIT_H

#include <stdbool.h>
#include <stdint.h>

struct knapsack_unit {
    bool binary; /* some number was no decimal of 15 digits */
    int digits;  /* the unit is 10^-digits, */
    int bits;    /* or 2^-bits */
};

/* knapsack_unit_see makes the unit fine enough for x, a finite real of at least 0. Start from {0}. */
void knapsack_unit_see(struct knapsack_unit *unit, double x);

/* knapsack_unit_count gives x in units; false: past int64. x was seen. */
bool knapsack_unit_count(const struct knapsack_unit *unit, double x, int64_t *out);

/* knapsack_unit_real is so many units as a double: the nearest below 2^53 units, else to within one rounding. */
double knapsack_unit_real(const struct knapsack_unit *unit, int64_t units);

#endif
