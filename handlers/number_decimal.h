/* number_decimal.h - a scanned decimal becomes the nearest double, ties to even.
 * Source: Clinger 1990 for small exponents; Lemire 2021, "Number parsing at a gigabyte per second" (the method of Eisel
 * and Lemire), for all others. Differs: the 192-bit product is always whole; where it cannot decide, and where the text
 * has more digits than fit, two neighbours are left and number_big.h compares the text with the point halfway between
 * them. */
#ifndef SOLVENT_NUMBER_DECIMAL_H
#define SOLVENT_NUMBER_DECIMAL_H

#include "handlers/number_scan.h"

/* decimal_round is the slow part of decimal_real: any w, any q. */
double decimal_round(const struct token *t);

/* decimal_is_quick: both w and the power of ten are exact doubles, so that one rounding is left. */
static inline bool decimal_is_quick(const struct token *t) {
    return t->w <= (uint64_t)1 << 53 && !t->more && t->q >= -22 && t->q <= 22;
}

static inline double decimal_quick(const struct token *t) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double w = (double)(int64_t)t->w;
    w = t->q < 0 ? w / powers[-t->q] : w * powers[t->q];
    return t->negative ? -w : w;
}

/* decimal_real gives the nearest double; an infinity for a value that rounds above the greatest. */
static inline double decimal_real(const struct token *t) {
    return decimal_is_quick(t) ? decimal_quick(t) : decimal_round(t);
}

/* decimal_is tells whether an integer token has exactly the value r. */
bool decimal_is(const struct token *t, double r);

#endif
