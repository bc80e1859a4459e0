#include "handlers/number_big.h"

#include "handlers/number_scan.h"

#include <stdbool.h>
#include <string.h>

/* A halfway point between doubles has at most 767 significant digits, so the digits past 800 can only say "a little
 * more". Then both sides of a comparison stay below 2^2760: 10^801 has 2661 bits, 2^54 * 5^1125 has 2667, and the
 * powers of two balance them. */
enum { DIGITS_MAX = 800, LIMBS = 64 };

struct big {
    unsigned n; /* limbs in use; the highest is not 0 */
    uint64_t limb[LIMBS];
};

static void push(struct big *b, uint64_t limb) {
    if (limb && b->n < LIMBS)
        b->limb[b->n++] = limb;
}

static void multiply_add(struct big *b, uint64_t factor, uint64_t carry) {
    for (unsigned i = 0; i < b->n; i++) {
        unsigned __int128 t = (unsigned __int128)b->limb[i] * factor + carry;
        b->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    push(b, carry);
}

static void multiply_power5(struct big *b, int64_t e) {
    const uint64_t power27 = 7450580596923828125u; /* 5^27, the greatest below 2^64 */
    for (; e >= 27; e -= 27)
        multiply_add(b, power27, 0);
    uint64_t rest = 1;
    for (; e > 0; e--)
        rest *= 5;
    multiply_add(b, rest, 0);
}

static void shift_left(struct big *b, int64_t bits) {
    unsigned limbs = (unsigned)(bits / 64), left = (unsigned)(bits % 64);
    multiply_add(b, (uint64_t)1 << left, 0);
    if (limbs > LIMBS - b->n)
        limbs = LIMBS - b->n; /* not reached: see DIGITS_MAX */
    memmove(b->limb + limbs, b->limb, b->n * sizeof *b->limb);
    memset(b->limb, 0, limbs * sizeof *b->limb);
    b->n += limbs;
}

static int compare(const struct big *a, const struct big *b) {
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (unsigned i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* read_digits sets b to the significant digits of the number and returns the exponent of the last one. */
static int64_t read_digits(struct big *b, const char *text, size_t n) {
    int64_t exponent = 0;
    unsigned taken = 0;
    bool point = false, more = false;
    for (size_t i = 0; i < n && (is_digit(text[i]) || text[i] == '.'); i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        exponent -= point;
        if (taken == DIGITS_MAX) {
            more |= text[i] != '0';
            exponent++;
        } else if (taken || text[i] != '0') {
            multiply_add(b, 10, (uint64_t)(text[i] - '0'));
            taken++;
        }
    }
    if (more) {
        multiply_add(b, 10, 1);
        exponent--;
    }
    return exponent;
}

int big_compare(const char *text, size_t n, int64_t exponent, uint64_t m, int k) {
    struct big decimal = {.n = 0}, binary = {.n = 0};
    exponent += read_digits(&decimal, text, n);
    push(&binary, m);
    if (exponent >= 0)
        multiply_power5(&decimal, exponent);
    else
        multiply_power5(&binary, -exponent);
    int64_t shift = k - exponent; /* what is left after 10^e = 5^e * 2^e */
    shift_left(shift >= 0 ? &binary : &decimal, shift >= 0 ? shift : -shift);
    return compare(&decimal, &binary);
}
