#include "core/geometry/order_at.h"

#include "core/geometry/fixed_sum.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned __int128 uint128;

static int sign_of(double x) { return (x > 0) - (x < 0); }

static void add_product(struct fixed *f, const struct part *a, const struct part *b, const struct part *c,
                        bool negative) {
    uint128 ab = (uint128)a->mantissa * b->mantissa;
    uint128 low = (uint128)(uint64_t)ab * c->mantissa, high = (ab >> 64) * c->mantissa + (low >> 64);
    const uint64_t words[] = {(uint64_t)low, (uint64_t)high, (uint64_t)(high >> 64)};
    if (words[0] | words[1] | words[2])
        fixed_add(f, words, 3, (unsigned)(a->exponent + b->exponent + c->exponent),
                  negative ^ a->negative ^ b->negative ^ c->negative);
}

/* add_differences adds (p - q) (r - s) (t - u), or takes it away. */
static void add_differences(struct fixed *f, const struct part *const d[6], bool negative) {
    for (unsigned k = 0; k < 8; k++)
        add_product(f, d[k & 1], d[2 + (k >> 1 & 1)], d[4 + (k >> 2)], negative ^ (k & 1) ^ (k >> 1 & 1) ^ (k >> 2));
}

static int order_exact(const double a[4], const double b[4], double x) {
    const double from[] = {a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], x};
    struct part p[9];
    struct fixed f;
    /* Three factors, 159 bits of product, 24 products, a sign. */
    fixed_init(&f, 3 * (unsigned)fixed_parts(from, 9, p) + 159 + 6);
    const struct part *a0 = p, *a1 = p + 2, *b0 = p + 4, *b1 = p + 6, *at = p + 8;
    add_differences(&f, (const struct part *const[]){a0 + 1, b0 + 1, a1, a0, b1, b0}, false);
    add_differences(&f, (const struct part *const[]){a1 + 1, a0 + 1, at, a0, b1, b0}, false);
    add_differences(&f, (const struct part *const[]){b1 + 1, b0 + 1, at, b0, a1, a0}, true);
    return fixed_sign(&f);
}

/* order_integers: products of three differences below 2^40 each; false where there is something else. */
static bool order_integers(const double a[4], const double b[4], double x, int *order) {
    const double from[] = {a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], x};
    int64_t v[9];
    for (size_t i = 0; i < 9; i++) {
        if (!(fabs(from[i]) < 0x1p39) || from[i] != (double)(int64_t)from[i])
            return false;
        v[i] = (int64_t)from[i];
    }
    __int128 a_width = v[2] - v[0], b_width = v[6] - v[4];
    __int128 sum = (v[1] - v[5]) * a_width * b_width + (v[3] - v[1]) * (__int128)(v[8] - v[0]) * b_width -
                   (v[7] - v[5]) * (__int128)(v[8] - v[4]) * a_width;
    *order = (sum > 0) - (sum < 0);
    return true;
}

static double greater(double a, double b) { return a > b ? a : b; }

/* The filter: every difference, product and sum is off by a factor within 1 + 2^-53, in all below 8 * 2^-53 of the sum
 * of sizes. With differences below 2^300, what underflows is below 2^-770 and so is nothing beside a sum
 * over 2^-600. */
int order_at(const double a[4], const double b[4], double x) {
    double a_width = a[2] - a[0], a_height = a[3] - a[1], b_width = b[2] - b[0], b_height = b[3] - b[1];
    double gap = a[1] - b[1], a_at = x - a[0], b_at = x - b[0];
    double start = gap * a_width * b_width, up_a = a_height * a_at * b_width, up_b = b_height * b_at * a_width;
    double sum = start + up_a - up_b, size = fabs(start) + fabs(up_a) + fabs(up_b);
    double greatest = greater(greater(a_width, b_width), greater(fabs(a_height), fabs(b_height)));
    greatest = greater(greater(greatest, fabs(gap)), greater(fabs(a_at), fabs(b_at)));
    if (fabs(sum) > 0x1p-49 * size && size > 0x1p-600 && greatest < 0x1p300)
        return sign_of(sum);
    int order;
    return order_integers(a, b, x, &order) ? order : order_exact(a, b, x);
}
