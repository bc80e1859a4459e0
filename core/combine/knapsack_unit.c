#include "core/combine/knapsack_unit.h"

#include <math.h>

enum { MAX_DIGITS = 22 };

static const double TEN[MAX_DIGITS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* decimal finds x = r / 10^digits, r below 10^15; -1: there is none. */
static int decimal(double x, int64_t *r) {
    for (int digits = 0; digits <= MAX_DIGITS; digits++) {
        double t = x * TEN[digits];
        if (t >= 1e15)
            return -1;
        *r = (int64_t)(t + 0.5);
        if ((double)*r / TEN[digits] == x)
            return digits;
    }
    return -1;
}

/* binary_digits is how many bits x has behind the point. */
static int binary_digits(double x) {
    int exponent;
    if (x == 0)
        return 0;
    int64_t m = (int64_t)ldexp(frexp(x, &exponent), 53);
    int bits = 53 - exponent - __builtin_ctzll((uint64_t)m);
    return bits > 0 ? bits : 0;
}

void knapsack_unit_see(struct knapsack_unit *unit, double x) {
    int64_t r;
    int digits = decimal(x, &r), bits = binary_digits(x);
    unit->binary = unit->binary || (digits < 0 && bits > 0) || (digits < 0 && x >= 0x1p63);
    unit->digits = digits > unit->digits ? digits : unit->digits;
    unit->bits = bits > unit->bits ? bits : unit->bits;
}

bool knapsack_unit_count(const struct knapsack_unit *unit, double x, int64_t *out) {
    int64_t r;
    if (unit->binary) {
        double units = ldexp(x, unit->bits); /* infinite at worst */
        if (units >= 0x1p63)
            return false;
        *out = (int64_t)units;
        return true;
    }
    int digits = decimal(x, &r);
    if (digits < 0) { /* a whole number of more than 15 digits */
        digits = 0;
        if (x >= 0x1p63)
            return false;
        r = (int64_t)x;
    }
    for (; digits < unit->digits; digits++)
        if (__builtin_mul_overflow(r, (int64_t)10, &r))
            return false;
    *out = r;
    return true;
}

double knapsack_unit_real(const struct knapsack_unit *unit, int64_t units) {
    return unit->binary ? ldexp((double)units, -unit->bits) : (double)units / TEN[unit->digits];
}
