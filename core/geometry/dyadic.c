#include "core/geometry/dyadic.h"

#include <math.h>
#include <string.h>

typedef unsigned __int128 uint128;

/* trim drops words of 0 at both ends. */
static void trim(struct dyadic *a) {
    size_t low = 0;
    while (a->n > 0 && a->words[a->n - 1] == 0)
        a->n--;
    while (low < a->n && a->words[low] == 0)
        low++;
    if (low > 0) {
        memmove(a->words, a->words + low, (a->n - low) * sizeof a->words[0]);
        a->n -= low;
        a->place += (int)low;
    }
}

void dyadic_set(struct dyadic *to, double x) {
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(x), &exponent), 53);
    exponent += 18 * 64 - 53; /* of the mantissa, 18 places up: above 0, since no double has a bit below 2^-1127 */
    uint128 wide = (uint128)mantissa << (unsigned)(exponent % 64);
    to->negative = x < 0;
    to->place = exponent / 64 - 18;
    to->n = 2;
    to->words[0] = (uint64_t)wide, to->words[1] = (uint64_t)(wide >> 64);
    trim(to);
}

/* word_at is the word at a place, 0 outside. */
static uint64_t word_at(const struct dyadic *a, int place) {
    return place < a->place || place >= a->place + (int)a->n ? 0 : a->words[place - a->place];
}

static int top_of(const struct dyadic *a) { return a->place + (int)a->n; }
static int least(int a, int b) { return a < b ? a : b; }
static int greatest(int a, int b) { return a > b ? a : b; }

/* compare_sizes leaves the signs aside. */
static int compare_sizes(const struct dyadic *a, const struct dyadic *b) {
    if (a->n == 0 || b->n == 0)
        return (a->n > 0) - (b->n > 0);
    if (top_of(a) != top_of(b))
        return top_of(a) > top_of(b) ? 1 : -1;
    for (int at = top_of(a) - 1, end = least(a->place, b->place); at >= end; at--)
        if (word_at(a, at) != word_at(b, at))
            return word_at(a, at) > word_at(b, at) ? 1 : -1;
    return 0;
}

/* combine is a + b, or a - b (minus) for a of the greater size, without their signs. */
static void combine(struct dyadic *to, const struct dyadic *a, const struct dyadic *b, bool minus, bool negative) {
    struct dyadic sum;
    int end = greatest(top_of(a), top_of(b)) + 1;
    uint64_t carry = minus;
    sum.place = least(a->place, b->place);
    sum.n = 0;
    sum.negative = negative;
    for (int at = sum.place; at < end; at++) {
        uint64_t other = word_at(b, at);
        uint128 word = (uint128)word_at(a, at) + (minus ? ~other : other) + carry;
        sum.words[sum.n++] = (uint64_t)word;
        carry = (uint64_t)(word >> 64);
    }
    trim(&sum);
    to->negative = sum.negative, to->place = sum.place, to->n = sum.n;
    memcpy(to->words, sum.words, sum.n * sizeof sum.words[0]);
}

static void copy(struct dyadic *to, const struct dyadic *a, bool negative) {
    if (to != a) {
        to->place = a->place, to->n = a->n;
        memcpy(to->words, a->words, a->n * sizeof a->words[0]);
    }
    to->negative = negative;
}

/* add_signed adds b with another sign than its own. */
static void add_signed(struct dyadic *to, const struct dyadic *a, const struct dyadic *b, bool b_negative) {
    if (b->n == 0)
        copy(to, a, a->negative);
    else if (a->n == 0)
        copy(to, b, b_negative);
    else if (a->negative == b_negative)
        combine(to, a, b, false, a->negative);
    else if (compare_sizes(a, b) >= 0)
        combine(to, a, b, true, a->negative);
    else
        combine(to, b, a, true, b_negative);
}

void dyadic_add(struct dyadic *to, const struct dyadic *a, const struct dyadic *b) {
    add_signed(to, a, b, b->negative);
}

void dyadic_subtract(struct dyadic *to, const struct dyadic *a, const struct dyadic *b) {
    add_signed(to, a, b, !b->negative);
}

void dyadic_multiply(struct dyadic *to, const struct dyadic *a, const struct dyadic *b) {
    to->negative = a->negative != b->negative;
    to->place = a->place + b->place;
    to->n = a->n && b->n ? a->n + b->n : 0;
    memset(to->words, 0, to->n * sizeof to->words[0]);
    for (size_t i = 0; i < a->n && to->n; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < b->n; j++) {
            uint128 word = (uint128)a->words[i] * b->words[j] + to->words[i + j] + carry;
            to->words[i + j] = (uint64_t)word;
            carry = (uint64_t)(word >> 64);
        }
        to->words[i + b->n] = carry;
    }
    trim(to);
}

void dyadic_difference(struct dyadic *to, double a, double b) {
    struct dyadic x, y;
    dyadic_set(&x, a);
    dyadic_set(&y, b);
    dyadic_subtract(to, &x, &y);
}

void dyadic_square(struct dyadic *to, const struct dyadic *a) { dyadic_multiply(to, a, a); }

void dyadic_products(struct dyadic *to, const struct dyadic *a, const struct dyadic *b, const struct dyadic *c,
                     const struct dyadic *d, bool minus) {
    struct dyadic other;
    dyadic_multiply(to, a, b);
    dyadic_multiply(&other, c, d);
    minus ? dyadic_subtract(to, to, &other) : dyadic_add(to, to, &other);
}

void dyadic_way(struct dyadic_vector *to, const double from[2], const double end[2]) {
    dyadic_difference(&to->x, end[0], from[0]);
    dyadic_difference(&to->y, end[1], from[1]);
}

void dyadic_dot(struct dyadic *to, const struct dyadic_vector *a, const struct dyadic_vector *b) {
    dyadic_products(to, &a->x, &b->x, &a->y, &b->y, false);
}

void dyadic_cross(struct dyadic *to, const struct dyadic_vector *a, const struct dyadic_vector *b) {
    dyadic_products(to, &a->x, &b->y, &a->y, &b->x, true);
}

int dyadic_compare(const struct dyadic *a, const struct dyadic *b) {
    int sign = dyadic_sign(a), other = dyadic_sign(b);
    if (sign != other)
        return sign > other ? 1 : -1;
    return sign * compare_sizes(a, b);
}

/* leading gives the 128 bits from the highest on, cut: a is (leading + less than 1) * 2^exponent in size. */
static uint128 leading(const struct dyadic *a, int *exponent) {
    int top = top_of(a) - 1, zeros = __builtin_clzll(word_at(a, top));
    uint128 bits = (uint128)word_at(a, top) << 64 | word_at(a, top - 1);
    if (zeros)
        bits = bits << zeros | word_at(a, top - 2) >> (64 - zeros);
    *exponent = 64 * (top - 1) - zeros;
    return bits;
}

/* compare_middle compares the size of a with (2 k + 1) * 2^(exponent - 1) times that of b: halfway to the next double. */
static int compare_middle(const struct dyadic *a, const struct dyadic *b, uint64_t k, int exponent) {
    struct dyadic middle, product;
    /* (2 k + 1) 2^(exponent - 1) may be no double (below 2^-1074), but is one times a whole number of words. */
    int words = exponent < -900 ? -4 : 0;
    dyadic_set(&middle, ldexp((double)(2 * k), exponent - 1 - 64 * words));
    dyadic_set(&product, ldexp(1, exponent - 1 - 64 * words));
    dyadic_add(&middle, &middle, &product);
    middle.place += words;
    dyadic_multiply(&product, &middle, b);
    return compare_sizes(a, &product);
}

double dyadic_ratio(const struct dyadic *a, const struct dyadic *b) {
    int ea, eb;
    if (a->n == 0)
        return 0;
    /* The quotient has 63 or 64 bits; b is cut, so that it is at most 3 too great, and below 1 too small. */
    uint128 above = leading(a, &ea) >> 1;
    uint64_t below = (uint64_t)(leading(b, &eb) >> 64) | (uint64_t)1 << 63; /* which is set: b is not 0 */
    uint64_t q = (uint64_t)(above / below);
    int exponent = ea + 1 - eb - 64, length = 64 - __builtin_clzll(q);
    int unit = greatest(exponent + length - 53, -1074), cut = unit - exponent; /* of the last place; at least 10 */
    if (unit > 971)
        return a->negative != b->negative ? -INFINITY : INFINITY;
    if (cut > 64)
        return a->negative != b->negative ? -0.0 : 0.0;
    uint64_t k = cut == 64 ? 0 : q >> cut, half = (uint64_t)1 << (cut - 1), rest = q & (2 * half - 1);
    if (rest > half + 4)
        k++;
    else if (rest + 4 > half) {
        int order = compare_middle(a, b, k, unit);
        k += order > 0 || (order == 0 && k % 2);
    }
    double size = ldexp((double)k, unit);
    return a->negative != b->negative ? -size : size;
}
