#include "core/geometry/predicates.h"

#include "core/geometry/fixed_sum.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned __int128 uint128;

static void add_2(struct fixed *f, const struct part *a, const struct part *b, bool negative) {
    uint128 product = (uint128)a->mantissa * b->mantissa;
    const uint64_t words[] = {(uint64_t)product, (uint64_t)(product >> 64)};
    if (product != 0)
        fixed_add(f, words, 2, (unsigned)(a->exponent + b->exponent), negative ^ a->negative ^ b->negative);
}

/* add_4 adds the square of s times a b. */
static void add_4(struct fixed *f, const struct part *s, const struct part *a, const struct part *b, bool negative) {
    uint128 x = (uint128)s->mantissa * s->mantissa, y = (uint128)a->mantissa * b->mantissa;
    if (x == 0 || y == 0)
        return;
    uint64_t x0 = (uint64_t)x, x1 = (uint64_t)(x >> 64), y0 = (uint64_t)y, y1 = (uint64_t)(y >> 64);
    uint128 low = (uint128)x0 * y0, middle = (uint128)x1 * y0 + (low >> 64); /* x1, y1 < 2^42: no overflow */
    uint128 other = (uint128)x0 * y1 + (uint64_t)middle, high = (uint128)x1 * y1 + (middle >> 64) + (other >> 64);
    const uint64_t words[] = {(uint64_t)low, (uint64_t)other, (uint64_t)high, (uint64_t)(high >> 64)};
    fixed_add(f, words, 4, (unsigned)(2 * s->exponent + a->exponent + b->exponent),
              negative ^ a->negative ^ b->negative);
}

int products_sign(const double (*pairs)[2], size_t n) {
    struct part parts[2 * PRODUCTS_MAX];
    struct fixed sum;
    fixed_init(&sum, 2 * (unsigned)fixed_parts(&pairs[0][0], 2 * n, parts) + 106 + 5);
    for (size_t i = 0; i < n; i++)
        add_2(&sum, &parts[2 * i], &parts[2 * i + 1], false);
    return fixed_sign(&sum);
}

/* x y - z w of two points, three times: twice the area of a, b, c. */
static int orient2d_exact(const double a[2], const double b[2], const double c[2]) {
    const double pairs[][2] = {{a[0], b[1]}, {-a[1], b[0]}, {b[0], c[1]}, {-b[1], c[0]}, {c[0], a[1]}, {-c[1], a[0]}};
    return products_sign(pairs, 6);
}

/* add_lifted adds |k|^2 times twice the area of p[0], p[1], p[2]. */
static void add_lifted(struct fixed *f, const struct part *k, const struct part *const p[3], bool negative) {
    for (size_t i = 0; i < 3; i++) {
        const struct part *q = p[i], *r = p[(i + 1) % 3];
        for (size_t axis = 0; axis < 2; axis++) {
            add_4(f, &k[axis], &q[0], &r[1], negative);
            add_4(f, &k[axis], &q[1], &r[0], !negative);
        }
    }
}

/* The determinant with rows x, y, x^2 + y^2, 1, expanded by its third column. */
static int incircle_exact(const double a[2], const double b[2], const double c[2], const double d[2]) {
    const double x[] = {a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]};
    struct part p[8];
    struct fixed sum;
    fixed_init(&sum, 4 * (unsigned)fixed_parts(x, 8, p) + 212 + 7);
    add_lifted(&sum, p, (const struct part *const[]){p + 2, p + 4, p + 6}, false);
    add_lifted(&sum, p + 2, (const struct part *const[]){p, p + 4, p + 6}, true);
    add_lifted(&sum, p + 4, (const struct part *const[]){p, p + 2, p + 6}, false);
    add_lifted(&sum, p + 6, (const struct part *const[]){p, p + 2, p + 4}, true);
    return fixed_sign(&sum);
}

static int sign_of(double x) { return (x > 0) - (x < 0); }

/* difference_is_exact: whether d = a - b came out without rounding (Knuth's two-sum has no tail). */
static bool difference_is_exact(double a, double b, double d) {
    double b_part = a - d, a_part = d + b_part;
    return a - a_part == 0 && b_part - b == 0;
}

/* tail_of is x y - fl(x y), by Dekker's split; exact while neither overflows nor underflows. */
static double tail_of(double x, double y, double product) {
    double cx = 0x1.0000002p27 * x, cy = 0x1.0000002p27 * y; /* 2^27 + 1 */
    double x_high = cx - (cx - x), y_high = cy - (cy - y), x_low = x - x_high, y_low = y - y_high;
    return x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low);
}

/* Bounds of section 4, a little wider: that covers products which underflow, where the sum of sizes is above LEAST. */
static const double ORIENT_ERROR = 0x1.9p-52, INCIRCLE_ERROR = 0x1.6p-50;
static const double LEAST_2 = 0x1p-900, GREATEST_2 = 0x1p900, LEAST_4 = 0x1p-440, GREATEST_DIFFERENCE = 0x1p250;

int orient2d(const double a[2], const double b[2], const double c[2]) {
    double acx = a[0] - c[0], bcx = b[0] - c[0], acy = a[1] - c[1], bcy = b[1] - c[1];
    double left = acx * bcy, right = acy * bcx, det = left - right, size = fabs(left) + fabs(right);
    bool in_range = size > LEAST_2 && size < GREATEST_2;
    if (in_range && fabs(det) > ORIENT_ERROR * size)
        return sign_of(det);
    /* A difference has the right sign, however it was rounded. */
    if (acx == 0 || bcy == 0)
        return -sign_of(acy) * sign_of(bcx);
    if (acy == 0 || bcx == 0)
        return sign_of(acx) * sign_of(bcy);
    bool splits = fabs(acx) < GREATEST_2 && fabs(acy) < GREATEST_2 && fabs(bcx) < GREATEST_2 && fabs(bcy) < GREATEST_2;
    if (!in_range || !splits || !difference_is_exact(a[0], c[0], acx) || !difference_is_exact(b[0], c[0], bcx) ||
        !difference_is_exact(a[1], c[1], acy) || !difference_is_exact(b[1], c[1], bcy))
        return orient2d_exact(a, b, c);
    if (left != right) /* rounding is monotonous */
        return sign_of(det);
    return sign_of(tail_of(acx, bcy, left) - tail_of(acy, bcx, right));
}

/* The differences to d, in the order ax, ay, bx, by, cx, cy. */
struct around {
    double at[6];
    bool in_range, exact, small_integers;
};

static struct around around_of(const double *const p[3], const double d[2]) {
    struct around r = {.in_range = true, .exact = true, .small_integers = true};
    for (size_t i = 0; i < 6; i++) {
        double x = p[i / 2][i % 2], y = d[i % 2];
        r.at[i] = x - y;
        r.in_range = r.in_range && fabs(r.at[i]) < GREATEST_DIFFERENCE;
        r.exact = r.exact && difference_is_exact(x, y, r.at[i]);
        r.small_integers = r.small_integers && fabs(r.at[i]) < 0x1p20 && r.at[i] == (double)(int32_t)r.at[i];
    }
    r.small_integers = r.small_integers && r.exact;
    return r;
}

/* incircle_slow: where the filter could not tell. Nothing was rounded where all is integers below 2^53. */
static int incircle_slow(const double *const p[3], const double d[2], double det, double size) {
    struct around r = around_of(p, d);
    if (r.small_integers && size < 0x1p53)
        return sign_of(det);
    static const double ORIGIN[2] = {0, 0};
    if (r.in_range && r.exact) /* a quarter of the products */
        return incircle_exact(r.at, r.at + 2, r.at + 4, ORIGIN);
    return incircle_exact(p[0], p[1], p[2], d);
}

int incircle(const double a[2], const double b[2], const double c[2], const double d[2]) {
    double adx = a[0] - d[0], bdx = b[0] - d[0], cdx = c[0] - d[0];
    double ady = a[1] - d[1], bdy = b[1] - d[1], cdy = c[1] - d[1];
    double bc = bdx * cdy, cb = cdx * bdy, ca = cdx * ady, ac = adx * cdy, ab = adx * bdy, ba = bdx * ady;
    double a_lift = adx * adx + ady * ady, b_lift = bdx * bdx + bdy * bdy, c_lift = cdx * cdx + cdy * cdy;
    double det = a_lift * (bc - cb) + b_lift * (ca - ac) + c_lift * (ab - ba);
    double size = (fabs(bc) + fabs(cb)) * a_lift + (fabs(ca) + fabs(ac)) * b_lift + (fabs(ab) + fabs(ba)) * c_lift;
    bool in_range = a_lift + b_lift + c_lift < GREATEST_DIFFERENCE * GREATEST_DIFFERENCE && size > LEAST_4;
    if (in_range && fabs(det) > INCIRCLE_ERROR * size)
        return sign_of(det);
    return incircle_slow((const double *const[]){a, b, c}, d, det, size);
}
