#include "handlers/number_decimal.h"

#include "handlers/number_big.h"
#include "handlers/number_powers.h"

static const uint64_t INFINITE = (uint64_t)0x7ff << 52;

static double real_of_bits(uint64_t bits) {
    double r;
    memcpy(&r, &bits, sizeof r);
    return r;
}

void token_cut(struct token *t) {
    uint64_t w = 0;
    unsigned taken = 0;
    int64_t q = 0;
    bool point = false, more = false;
    for (const char *p = t->digits; p < t->end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        q -= point;
        if (taken == 19) {
            more |= *p != '0';
            q++;
        } else if (taken || *p != '0') {
            w = w * 10 + (uint64_t)(*p - '0');
            taken++;
        }
    }
    t->w = w;
    t->q = q + t->exponent;
    t->more = more;
}

/* round_product gives the bits of the double nearest to w * 10^q. False: 128 bits of 10^q cannot tell; then bits is the
 * lower of the two neighbours that are left. */
static bool round_product(uint64_t w, int64_t q, uint64_t *bits) {
    *bits = 0;
    if (w == 0 || q < POWER_FIRST)
        return true;
    *bits = INFINITE;
    if (q > 308)
        return true;
    /* P = high : middle : low is the normalised w times the table's T; the truth is P if T is exact, else it lies
     * between P and P + 2^64, since w < 2^64 and T is less than 1 too small. */
    struct power ten = number_power((int)q);
    int zeros = __builtin_clzll(w);
    w <<= zeros;
    unsigned __int128 lower = (unsigned __int128)w * ten.lo;
    unsigned __int128 upper = (unsigned __int128)w * ten.hi + (uint64_t)(lower >> 64);
    uint64_t high = (uint64_t)(upper >> 64), middle = (uint64_t)upper, low = (uint64_t)lower;
    bool exact = q >= 0 && q <= POWER_LAST_EXACT;

    int shift = 10 + (int)(high >> 63); /* leaves 53 bits of the 63 or 64 */
    int exponent = number_log2_power((int)q) + 1 - zeros + shift + 1075;
    if (exponent >= 2047)
        return true;
    if (exponent <= 0) { /* subnormal: fewer bits are kept */
        shift += 1 - exponent;
        exponent = 0;
    }
    *bits = 0;
    if (shift > 64)
        return true;
    uint64_t kept = shift == 64 ? 0 : high >> shift, half = (uint64_t)1 << (shift - 1);
    uint64_t rest = high & (half - 1 + half);
    *bits = ((uint64_t)exponent << 52) + kept - (exponent ? (uint64_t)1 << 52 : 0);
    if (!exact && rest == half - 1 && middle == UINT64_MAX)
        return false;
    bool tie = exact && rest == half && middle == 0 && low == 0;
    *bits += tie ? kept & 1 : rest >= half;
    return true;
}

/* split writes a positive finite double as m * 2^k. */
static void split(uint64_t bits, uint64_t *m, int *k) {
    int exponent = (int)(bits >> 52);
    *m = bits & (((uint64_t)1 << 52) - 1);
    if (exponent)
        *m += (uint64_t)1 << 52;
    *k = (exponent ? exponent : 1) - 1075;
}

static int compare_text(const struct token *t, uint64_t m, int k) {
    return big_compare(t->digits, (size_t)(t->end - t->digits), t->exponent, m, k);
}

/* choose decides between the double of `bits` and the next one. */
static uint64_t choose(const struct token *t, uint64_t bits) {
    uint64_t m;
    int k;
    split(bits, &m, &k);
    int order = compare_text(t, 2 * m + 1, k - 1);
    return bits + (order > 0 || (order == 0 && (bits & 1)));
}

double decimal_round(const struct token *t) {
    uint64_t bits, above;
    bool sure = round_product(t->w, t->q, &bits);
    if (sure && t->more && bits < INFINITE) /* w + 1 < 2^64: w has 19 digits */
        sure = round_product(t->w + 1, t->q, &above) && above == bits;
    if (!sure)
        bits = choose(t, bits);
    double r = real_of_bits(bits);
    return t->negative ? -r : r;
}

bool decimal_is(const struct token *t, double r) {
    uint64_t bits, m;
    int k;
    r = t->negative ? -r : r;
    memcpy(&bits, &r, sizeof bits);
    if (bits == 0 || bits >= INFINITE)
        return bits == 0 && t->w == 0;
    split(bits, &m, &k);
    return compare_text(t, m, k) == 0;
}
