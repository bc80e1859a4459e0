/* number_scan.h - one number token of RFC 8259, scanned eight digits at a time. Private to the readers.
 * Source of the eight-digit steps: Lamport 1975, "Multiple byte processing with full-word instructions" (CACM 18:8). */
#ifndef SOLVENT_NUMBER_SCAN_H
#define SOLVENT_NUMBER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct token {
    const char *digits, *end; /* the digits before the point start here; the token ends here */
    bool negative, integer;   /* integer: written without point and exponent */
    bool more;                /* |value| lies strictly between w * 10^q and (w + 1) * 10^q; else it is w * 10^q */
    uint64_t w;
    int64_t q;
    int64_t exponent; /* what is written behind 'e', cut to +-2^60 */
};

/* The eight bytes at p, the first one lowest. */
static inline uint64_t load8(const char *p) {
    uint64_t x;
    memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static inline bool is_digit(char c) { return (unsigned char)(c - '0') < 10; }

#define DIGIT_ZEROS 0x3030303030303030u

/* not_digits marks, in bit 7 of its byte, the lowest byte of x ^ DIGIT_ZEROS that is no digit (above it marks may be
 * wrong). */
static inline uint64_t not_digits(uint64_t x) { return ((x + 0x7676767676767676u) | x) & 0x8080808080808080u; }

/* eight_digits is the value of eight bytes 0 .. 9, the first digit lowest: pairs, then fours, then eight. */
static inline uint64_t eight_digits(uint64_t x) {
    x = x * 10 + (x >> 8);
    uint64_t high = (x & 0x000000ff000000ffu) * (100 + ((uint64_t)1000000 << 32));
    uint64_t low = ((x >> 16) & 0x000000ff000000ffu) * (1 + ((uint64_t)10000 << 32));
    return (high + low) >> 32;
}

static const uint32_t small_powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* scan_digits appends the digits from p on to w (modulo 2^64) and returns where they end. */
static inline const char *scan_digits(const char *p, const char *end, uint64_t *w) {
    uint64_t value = *w;
    while (end - p >= 8) {
        uint64_t x = load8(p) ^ DIGIT_ZEROS, stop = not_digits(x);
        if (stop) {
            unsigned k = (unsigned)__builtin_ctzll(stop) /
                         8; /* digits; the shift puts as many zeros before them as are missing */
            *w = value * small_powers[k] + eight_digits(x << (56 - 8 * k) << 8);
            return p + k;
        }
        value = value * 100000000 + eight_digits(x);
        p += 8;
    }
    for (; p < end && is_digit(*p); p++)
        value = value * 10 + (uint64_t)(*p - '0');
    *w = value;
    return p;
}

/* token_cut finds w and q again for a token of more than 19 digits, which w cannot hold. */
void token_cut(struct token *t);

/* scan_exponent reads what stands behind 'e'; NULL if there is no digit, with *p where it is missing. */
static inline bool scan_exponent(const char **at, const char *end, int64_t *exponent) {
    const char *p = *at;
    bool negative = p < end && *p == '-';
    p += negative || (p < end && *p == '+');
    int64_t e = 0;
    const char *first = p;
    for (; p < end && is_digit(*p); p++)
        if (e < (int64_t)1 << 56)
            e = e * 10 + (*p - '0');
    *at = p;
    *exponent = negative ? -e : e;
    return p > first;
}

/* token_scan reads the number that starts at *at and moves *at behind it; false: no number, *at is the byte that is
 * wrong. */
static inline bool token_scan(const char **at, const char *end, struct token *t) {
    const char *p = *at;
    *t = (struct token){.integer = true};
    t->negative = p < end && *p == '-';
    t->digits = p += t->negative;
    p = scan_digits(p, end, &t->w);
    ptrdiff_t digits = p - t->digits;
    if (digits == 0 || (digits > 1 && *t->digits == '0')) {
        *at = t->digits + (digits > 1);
        return false;
    }
    if (p < end && *p == '.') {
        const char *first = ++p;
        t->integer = false;
        p = scan_digits(p, end, &t->w);
        t->q = first - p;
        digits += p - first;
        if (p == first) {
            *at = p;
            return false;
        }
    }
    if (p < end && (*p | 0x20) == 'e') {
        t->integer = false;
        p++;
        if (!scan_exponent(&p, end, &t->exponent)) {
            *at = p;
            return false;
        }
        t->q += t->exponent;
    }
    *at = t->end = p;
    if (digits > 19) {
        struct token cut = *t; /* a copy, so that *t itself may live in registers */
        token_cut(&cut);
        *t = cut;
    }
    return true;
}

#endif
