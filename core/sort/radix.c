#include "core/sort/radix.h"

#include <math.h>

/* Histograms of all digits are taken in one reading, this many elements at a time: they stay in the first-level
 * cache. */
enum { HISTOGRAM_BLOCK = 2048, RADIX_SIZE = 1 << RADIX_BITS };

/* take_digits cuts varying into digits of at most `width` bits, jumping over bits that do not vary; true if there are
 * at most `most`. */
static bool take_digits(struct digits *d, uint64_t varying, unsigned width, unsigned most) {
    d->n = 0;
    for (unsigned at = 0; at < 64 && varying >> at != 0;) {
        at += (unsigned)__builtin_ctzll(varying >> at);
        if (d->n == most)
            return false;
        unsigned bits = bits_of(varying >> at);
        d->shift[d->n] = at;
        d->bits[d->n++] = bits < width ? bits : width;
        at += width;
    }
    return true;
}

void digits_plan(struct digits *d, uint64_t base, uint64_t varying, size_t n) {
    d->base = base;
    double least = INFINITY;
    unsigned best = RADIX_BITS;
    for (unsigned width = 1; width <= RADIX_BITS; width++) {
        if (!take_digits(d, varying, width, RADIX_MAX_DIGITS))
            continue;
        double cost = d->n * ((double)n + (double)(1u << width)); /* a pass: each element, each counter */
        if (cost < least) {
            least = cost;
            best = width;
        }
    }
    (void)take_digits(d, varying, best, RADIX_MAX_DIGITS);
}

/* offsets turns counts into where each digit's elements begin. */
static void offsets(uint32_t *count, size_t size) {
    uint32_t at = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t here = count[i];
        count[i] = at;
        at += here;
    }
}

#define ELEM uint64_t
#define NAME(x) x##_words
#define KEY(e) (e)
#include "core/sort/radix_body.h"

#define ELEM struct pair
#define NAME(x) x##_pairs
#define KEY(e) ((e).key)
#include "core/sort/radix_body.h"
