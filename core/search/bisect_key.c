#include "core/search/bisect_key.h"

#include <math.h>

/* compare_int_real is the sign of t - d, exactly. */
static int compare_int_real(int64_t t, double d) {
    if (d >= 0x1p63)
        return -1;
    if (d < -0x1p63)
        return 1;
    int64_t whole = (int64_t)d; /* towards zero */
    if (t != whole)
        return t < whole ? -1 : 1;
    double rest = d - trunc(d);
    return (rest < 0) - (rest > 0);
}

static struct bisect_key int_key(struct value t, bool upper) {
    struct bisect_key key = {.kind = KIND_INT};
    if (t.kind == KIND_INT) {
        key.all = upper && t.i == INT64_MAX;
        key.i = upper && !key.all ? t.i + 1 : t.i;
    } else if (t.r >= 0x1p63) {
        key.all = true;
    } else if (t.r < -0x1p63) {
        key.i = INT64_MIN;
    } else {
        key.i = upper ? (int64_t)floor(t.r) + 1 : (int64_t)ceil(t.r);
    }
    return key;
}

static struct bisect_key real_key(struct value t, bool upper) {
    struct bisect_key key = {.kind = KIND_REAL};
    if (t.kind == KIND_REAL) {
        key.r = upper ? nextafter(t.r, INFINITY) : t.r;
        return key;
    }
    key.r = (double)t.i;
    int c = compare_int_real(t.i, key.r);
    if (c > 0 || (upper && c == 0))
        key.r = nextafter(key.r, INFINITY);
    return key;
}

struct bisect_key bisect_key_of(enum kind kind, struct value target, bool upper) {
    if (kind == KIND_INT)
        return int_key(target, upper);
    if (kind == KIND_REAL)
        return real_key(target, upper);
    return (struct bisect_key){.kind = KIND_STRING, .equal_too = upper, .s = target.s};
}

/* int_middle: the sign of a + b - 2t for integers a < t <= b. */
static int int_middle(int64_t a, int64_t b, struct value t) {
    __int128 sum = (__int128)a + b;
    if (t.kind == KIND_INT) {
        __int128 twice = 2 * (__int128)t.i;
        return (sum > twice) - (sum < twice);
    }
    /* a < t <= b, so that floor(t) fits; t is floor(t) + rest with 0 <= rest < 1, and 2 * rest is held against an
     * integer. The distance to the nearer integer towards zero is exact where the rest itself may round. */
    double down = floor(t.r), part = fabs(t.r - trunc(t.r));
    __int128 more = sum - 2 * (__int128)(int64_t)down;
    if (down == t.r || more > 1 || more < 1)
        return down == t.r ? (more > 0) - (more < 0) : more > 1 ? 1 : -1;
    int half = (part < 0.5) - (part > 0.5); /* sign of 1 - 2 part */
    return t.r > 0 ? half : -half;          /* below zero, rest = 1 - part */
}

/* against: the sign of s + e - 2t, where s = fl(a + b), e its error and a < t <= b. */
static int against(double s, double e, struct value t) {
    double twice = 2 * (t.kind == KIND_INT ? (double)t.i : t.r);
    /* s is the double next to a + b. So where 2t is a double too, they compare as s and 2t do, but for a tie. */
    if (t.kind == KIND_REAL || fabs(s) < 0x1p53 || fabs(s) > 0x1p66)
        return s != twice ? (s > twice) - (s < twice) : (e > 0) - (e < 0);
    __int128 d = (__int128)s - 2 * (__int128)t.i; /* s is an integer; |e| is at most 2^13 */
    if (d > 1 << 20 || d < -(1 << 20))
        return d > 0 ? 1 : -1;
    double rest = -(double)d;
    return (e > rest) - (e < rest);
}

static int real_middle(double a, double b, struct value t) {
    double s = a + b;
    if (isinf(s)) { /* both are huge, and t is between them: halves are exact */
        a /= 2, b /= 2, s = a + b;
        if (t.kind == KIND_REAL)
            t.r /= 2;
    }
    double part = s - a, e = (a - (s - part)) + (b - part);
    return against(s, e, t);
}

bool bisect_upper_nearer(const struct array *a, size_t below, size_t above, struct value target) {
    return (a->kind == KIND_INT ? int_middle(a->ints[below], a->ints[above], target)
                                : real_middle(a->reals[below], a->reals[above], target)) < 0;
}
