/* Things spread over places: how far apart, how even, how great. */
#include "core/search/answer_problems.h"

#include <math.h>

/* spaced: m of the values, in order, are x apart. Taking each at the first place that is far enough is never worse. */
static bool spaced(const struct answer_task *t, int64_t x, int64_t m) {
    int64_t placed = 1, last = t->v[0];
    for (size_t i = 1; i < t->n; i++)
        if (t->v[i] - last >= x)
            placed++, last = t->v[i];
    return placed >= m;
}

bool magnetic_holds(const struct answer_task *t, int64_t x) { return spaced(t, x, t->in->m); }
bool tastiness_holds(const struct answer_task *t, int64_t x) { return spaced(t, x, t->in->k); }

/* sweetness_holds: the values, in their order, make more than k runs that sum to x or more. */
bool sweetness_holds(const struct answer_task *t, int64_t x) {
    int64_t pieces = 0, load = 0;
    for (size_t i = 0; i < t->n; i++) {
        load = load > x - t->v[i] ? x : load + t->v[i];
        if (load >= x)
            pieces++, load = 0;
    }
    return pieces > t->in->k;
}

struct answer_bounds sweetness_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, answer_sum(t) / ((wide)t->in->k + 1)};
}

/* robber_holds: k values of at most x, no two of them neighbours. Taking the first that can be is never worse. */
bool robber_holds(const struct answer_task *t, int64_t x) {
    int64_t taken = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i] <= x)
            taken++, i++;
    return taken >= t->in->k;
}

/* disjoint_hold: p pairs of values, in order, none of them in two, that differ by at most x. Neighbours are best. */
bool disjoint_hold(const struct answer_task *t, int64_t x) {
    int64_t pairs = 0;
    for (size_t i = 1; i < t->n; i++)
        if (t->v[i] - t->v[i - 1] <= x)
            pairs++, i++;
    return x >= 0 && pairs >= t->in->p;
}

/* maximum_holds: what stands at the first i places can go to the front of them, and not past them. */
bool maximum_holds(const struct answer_task *t, int64_t x) {
    wide total = 0;
    for (size_t i = 0; i < t->n; i++) {
        total += t->v[i];
        if (total > (wide)x * (wide)(i + 1))
            return false;
    }
    return true;
}

enum status peak_check(struct ctx *ctx, const struct answer_in *in, struct answer_task *t) {
    (void)t;
    if (in->index < in->n)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/index", "index is %lld, want 0 to %lld: the array has %lld values.",
                    (long long)in->index, (long long)in->n - 1, (long long)in->n);
}

/* slope is the least sum of `length` positive values that begin with `first` or less and fall by at most one. */
static wide slope(wide first, wide length) {
    if (first >= length)
        return (2 * first - length + 1) * length / 2;
    return first * (first + 1) / 2 + length - first;
}

bool peak_holds(const struct answer_task *t, int64_t x) {
    wide before = t->in->index, after = (wide)t->in->n - 1 - before;
    return slope(x, after + 1) + slope((wide)x - 1, before) <= t->in->max_sum;
}

struct answer_bounds peak_bounds(const struct answer_task *t) {
    return (struct answer_bounds){1, t->in->max_sum};
}

/* power_holds: with k more stations each city is served by x or more. Going along the cities, each one that lacks some
 * gets them as far ahead as still serves it, which is never worse. notes[i] is how many came for city i. */
bool power_holds(const struct answer_task *t, int64_t x) {
    uint64_t r = (uint64_t)t->in->r;
    wide here = 0, added = 0, left = t->in->k; /* here: of the stations that there were */
    for (size_t i = 0; i < t->n && i < r; i++)
        here += t->v[i];
    for (size_t i = 0; i < t->n; i++) {
        here += i + r < t->n ? t->v[i + r] : 0;
        here -= i > r ? t->v[i - r - 1] : 0;
        added -= i > 2 * r ? t->notes[i - 2 * r - 1] : 0;
        wide lacks = x - here - added;
        lacks = lacks > 0 ? lacks : 0;
        left -= lacks;
        if (left < 0)
            return false;
        t->notes[i] = (int64_t)lacks;
        added += lacks;
    }
    return true;
}

struct answer_bounds power_bounds(const struct answer_task *t) {
    return (struct answer_bounds){0, answer_sum(t) + t->in->k};
}

enum { TOO_MANY = -1 };

/* stretches is gap / x rounded up, for x > 0: into so many parts of at most x a gap has to be cut. TOO_MANY: beyond all
 * k. The quotient in doubles is off by less than 2^-51 of it; where an integer lies that near, 128 bits decide:
 * x = mantissa * 2^exponent. */
static wide stretches(int64_t gap, double x) {
    double near = (double)gap / x, off = near * 0x1p-51, up = ceil(near - off);
    if (near < 0x1p50 && up == ceil(near + off))
        return (wide)up;
    int exponent;
    wide mantissa = (wide)(frexp(x, &exponent) * 0x1p53);
    exponent -= 53;
    if (near >= 0x1p63)
        return TOO_MANY;
    wide part = gap; /* x is above 2^-63 * gap: exponent is at least -116 + the bits of gap */
    if (exponent > 0)
        return exponent > 10 ? 1 : (part + (mantissa << exponent) - 1) / (mantissa << exponent);
    return ((part << -exponent) + mantissa - 1) / mantissa;
}

/* gas_holds: k more stations leave no gap that is greater than x. */
bool gas_holds(const struct answer_task *t, double x) {
    wide left = t->in->k;
    for (size_t i = 1; i < t->n; i++) {
        int64_t gap = t->v[i] - t->v[i - 1];
        if (gap == 0)
            continue;
        wide parts = x > 0 ? stretches(gap, x) : TOO_MANY;
        if (parts == TOO_MANY || (left -= parts - 1) < 0)
            return false;
    }
    return x >= 0;
}

struct answer_bounds gas_bounds(const struct answer_task *t) {
    wide high = 0;
    for (size_t i = 1; i < t->n; i++)
        high = t->v[i] - t->v[i - 1] > high ? t->v[i] - t->v[i - 1] : high;
    return (struct answer_bounds){0, high};
}
