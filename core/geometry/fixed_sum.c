#include "core/geometry/fixed_sum.h"

#include <string.h>

typedef unsigned __int128 uint128;

static struct part part_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7ff);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    return (struct part){biased ? fraction | UINT64_C(1) << 52 : fraction, biased ? biased : 1, bits >> 63};
}

int fixed_parts(const double *x, size_t n, struct part *parts) {
    int least = 0x7ff, greatest = 0;
    for (size_t i = 0; i < n; i++) {
        parts[i] = part_of(x[i]);
        if (parts[i].mantissa != 0) {
            least = parts[i].exponent < least ? parts[i].exponent : least;
            greatest = parts[i].exponent > greatest ? parts[i].exponent : greatest;
        }
    }
    for (size_t i = 0; i < n; i++)
        parts[i].exponent = parts[i].mantissa ? parts[i].exponent - least : 0;
    return greatest > least ? greatest - least : 0;
}

void fixed_init(struct fixed *f, unsigned bits) {
    f->n = bits / 64 + 1;
    memset(f->words, 0, f->n * sizeof f->words[0]);
}

int fixed_sign(const struct fixed *f) {
    if (f->words[f->n - 1] >> 63)
        return -1;
    for (size_t i = 0; i < f->n; i++)
        if (f->words[i])
            return 1;
    return 0;
}

void fixed_add(struct fixed *f, const uint64_t *w, size_t k, unsigned shift, bool negative) {
    unsigned bits = shift % 64;
    uint64_t carry = negative, low = 0; /* -w is ~w + 1 */
    for (size_t i = shift / 64, j = 0; i < f->n; i++, j++) {
        uint64_t high = j < k ? w[j] : 0, word = bits ? high << bits | low >> (64 - bits) : high;
        low = high;
        if (j > k && carry == negative)
            break; /* only the sign's words are left: adding 0, or ~0 and a carry, changes nothing */
        uint128 sum = (uint128)f->words[i] + (negative ? ~word : word) + carry;
        f->words[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}
