/* gap_buckets.h - private to core/sort: pairs of neighbours, and the greatest gap by buckets.
 * Values are keys (keys.h), whose unsigned order is theirs. */
#ifndef SOLVENT_GAP_BUCKETS_H
#define SOLVENT_GAP_BUCKETS_H

#include <math.h>

#include "core/sort/gap.h"
#include "core/sort/keys.h"

/* Two neighbours; of equal gaps the one of lower `at` is above. */
struct span {
    uint64_t low, high, at;
};

/* real_gap_compare compares y - x with v - u exactly: below, at or above 0. A difference of doubles is the sum of its
 * rounding and of an error that is a double too (Knuth, TAOCP 2, 4.2.2, theorem B), and so ordered by the two. One that
 * overflows is the only such gap there is. */
static inline int real_gap_compare(double x, double y, double u, double v) {
    double a = y - x, b = v - u;
    if (a != b || isinf(a))
        return (a > b) - (a < b);
    double ya = a + x, vb = b + u; /* y and v again, rounded */
    double a_error = (y - ya) - (x - (ya - a)), b_error = (v - vb) - (u - (vb - b));
    return (a_error > b_error) - (a_error < b_error);
}

static inline bool span_above(enum kind kind, const struct span *s, const struct span *t) {
    if (kind == KIND_INT) {
        uint64_t a = s->high - s->low, b = t->high - t->low;
        return a != b ? a > b : s->at < t->at;
    }
    int c = real_gap_compare(key_to_real(s->low), key_to_real(s->high), key_to_real(t->low), key_to_real(t->high));
    return c ? c > 0 : s->at < t->at;
}

static inline uint64_t gap_key(const struct array *values, size_t i) {
    return values->kind == KIND_INT ? key_of_int(values->ints[i]) : key_of_real(values->reals[i]);
}

/* Which bucket a key belongs to: never a lower one for a greater key, and two keys of one bucket are nearer than the
 * greatest gap of n values, unless all are equal. */
struct gap_map {
    enum kind kind;
    size_t n; /* buckets */
    uint64_t min;
    unsigned shift;                 /* integers: a bucket has 2^shift */
    double half, low, range, scale; /* reals: half is 1/2 where the range overflows, else 1 */
};

void gap_map_init(struct gap_map *map, enum kind kind, size_t n, uint64_t min, uint64_t max);

static inline size_t gap_bucket_int(const struct gap_map *map, uint64_t key) { return (key - map->min) >> map->shift; }
static inline size_t gap_bucket_real(const struct gap_map *map, uint64_t key) {
    return (size_t)((key_to_real(key) * map->half - map->low) / map->range * map->scale);
}
static inline size_t gap_bucket(const struct gap_map *map, uint64_t key) {
    return map->kind == KIND_INT ? gap_bucket_int(map, key) : gap_bucket_real(map, key);
}

/* gap_buckets finds the greatest gap of n >= 2 values, the lowest of equal ones. Errors: NO_MEMORY, CANCELLED,
 * TIMED_OUT. */
enum status gap_buckets(struct ctx *ctx, const struct array *values, struct span *best) MUST_CHECK;

#endif
