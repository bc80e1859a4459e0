#include "core/sort/radix.h"

/* Histograms of all digits are taken in one reading, this many elements at a time: they stay in the first-level cache.
 */
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

void digits_plan(struct digits *d, uint64_t base, uint64_t varying) {
    d->base = base;
    (void)take_digits(d, varying, RADIX_BITS, RADIX_MAX_DIGITS); /* 6 digits of 11 bits cover 64 */
    /* Narrower digits are kinder to the cache: as narrow as the same number of passes allows. */
    unsigned passes = d->n;
    for (unsigned width = 1; !take_digits(d, varying, width, passes);)
        width++;
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
