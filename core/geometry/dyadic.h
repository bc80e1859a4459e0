/* dyadic.h - sums, differences and products of doubles without any rounding, whatever their sizes, and the nearest
 * double of a quotient of two.
 *
 * A number is a whole number of n words of 64 bits (least first) times 2^(64 place), with a sign. No words: 0. The
 * first and the last word are never 0, so that what is short stays quick.
 * Ranges:  a product of at most 12 doubles or differences of doubles, and sums of a few of these.
 * Source:  D. E. Knuth, The Art of Computer Programming 2, 4.3.1 (algorithms A, S, M).
 * Cost:    some 10 ns for numbers of a few words. Threads: reentrant. */
#ifndef SOLVENT_DYADIC_H
#define SOLVENT_DYADIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A difference of doubles spans 2098 bits, which are 34 words where they are cut at multiples of 64. */
enum { DYADIC_MAX_WORDS = 34 * 12 + 4 };

struct dyadic {
    bool negative;
    int place;
    size_t n;
    uint64_t words[DYADIC_MAX_WORDS];
};

/* dyadic_set is x, a finite double. */
void dyadic_set(struct dyadic *to, double x);

/* `to` may be a or b in the first two. */
void dyadic_add(struct dyadic *to, const struct dyadic *a, const struct dyadic *b);
void dyadic_subtract(struct dyadic *to, const struct dyadic *a, const struct dyadic *b);
void dyadic_multiply(struct dyadic *to, const struct dyadic *a, const struct dyadic *b);

/* dyadic_difference is a - b for doubles; dyadic_square is a * a. */
void dyadic_difference(struct dyadic *to, double a, double b);
void dyadic_square(struct dyadic *to, const struct dyadic *a);

/* dyadic_products is a b + c d, or with `minus` a b - c d; `to` is none of them. */
void dyadic_products(struct dyadic *to, const struct dyadic *a, const struct dyadic *b, const struct dyadic *c,
                     const struct dyadic *d, bool minus);

/* Vectors of the plane. */
struct dyadic_vector {
    struct dyadic x, y;
};

/* dyadic_way leads from one point to another; dyadic_dot is a.x b.x + a.y b.y, dyadic_cross a.x b.y - a.y b.x. */
void dyadic_way(struct dyadic_vector *to, const double from[2], const double end[2]);
void dyadic_dot(struct dyadic *to, const struct dyadic_vector *a, const struct dyadic_vector *b);
void dyadic_cross(struct dyadic *to, const struct dyadic_vector *a, const struct dyadic_vector *b);

static inline int dyadic_sign(const struct dyadic *a) { return a->n == 0 ? 0 : a->negative ? -1 : 1; }

/* dyadic_compare is the sign of a - b. */
int dyadic_compare(const struct dyadic *a, const struct dyadic *b);

/* dyadic_ratio is the double nearest to a / b, of two the even one; b is not 0. Infinite beyond the doubles. */
double dyadic_ratio(const struct dyadic *a, const struct dyadic *b);

#endif
