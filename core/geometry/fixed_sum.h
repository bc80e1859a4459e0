/* fixed_sum.h - sums of products of doubles, exact whatever their sizes: the last resort of predicates.
 * Fixed point: two's complement, least word first; the unit is the least exponent among the factors.
 * Cost: a few hundred nanoseconds where magnitudes differ widely. Threads: reentrant. */
#ifndef SOLVENT_FIXED_SUM_H
#define SOLVENT_FIXED_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The widest sum is that of incircle: four factors of up to 2045 binary orders above the least, 212 bits of product, 48
 * of them: under 132 words of 64 bits. */
enum { FIXED_MAX_WORDS = 132 };

struct fixed {
    size_t n;
    uint64_t words[FIXED_MAX_WORDS];
};

/* A double as mantissa * 2^exponent. */
struct part {
    uint64_t mantissa; /* below 2^53 */
    int exponent;
    bool negative;
};

/* fixed_parts takes n finite doubles apart; exponents count from the least of them. Gives the greatest. */
int fixed_parts(const double *x, size_t n, struct part *parts);

/* fixed_init clears a sum of so many bits, its sign included; at most 64 FIXED_MAX_WORDS. */
void fixed_init(struct fixed *f, unsigned bits);

/* fixed_add adds (or takes away) the k words of `w`, shifted left. Those that would lie outside are zero. */
void fixed_add(struct fixed *f, const uint64_t *w, size_t k, unsigned shift, bool negative);

int fixed_sign(const struct fixed *f);

#endif
