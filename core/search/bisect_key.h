/* bisect_key.h - what a target is to an array of another kind: a key of the array's own kind, such that the elements
 * below the target (or not above it) are those below the key. Exact for every pair of int64 and double.
 * Cost: O(1), strings O(bytes). Threads: reentrant. */
#ifndef SOLVENT_BISECT_KEY_H
#define SOLVENT_BISECT_KEY_H

#include <stdbool.h>
#include <string.h>

#include "core/base/array.h"

struct bisect_key {
    enum kind kind; /* of the array */
    bool all;       /* every element is below it */
    bool equal_too; /* STRING: an equal element counts as below */
    union {
        int64_t i;
        double r;
        struct str s;
    };
};

/* bisect_key_of makes the key of a target in an array of `kind`: of the elements < target, or <= with `upper`. */
struct bisect_key bisect_key_of(enum kind kind, struct value target, bool upper);

/* bisect_compare_str is < 0, 0 or > 0. */
static inline int bisect_compare_str(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* bisect_below says whether element i is below the key. */
static inline bool bisect_below(const struct array *a, size_t i, const struct bisect_key *key) {
    if (key->all)
        return true;
    if (a->kind == KIND_INT)
        return a->ints[i] < key->i;
    if (a->kind == KIND_REAL)
        return a->reals[i] < key->r;
    int c = bisect_compare_str(a->strings[i], key->s);
    return c < 0 || (c == 0 && key->equal_too);
}

/* bisect_less says whether element i is below element j. */
static inline bool bisect_less(const struct array *a, size_t i, size_t j) {
    if (a->kind == KIND_INT)
        return a->ints[i] < a->ints[j];
    if (a->kind == KIND_REAL)
        return a->reals[i] < a->reals[j];
    return bisect_compare_str(a->strings[i], a->strings[j]) < 0;
}

/* bisect_upper_nearer says whether element `above` is nearer to the target than element `below`; both are numbers, and
 * below < target <= above. Exact: a tie is one only where it is one. */
bool bisect_upper_nearer(const struct array *a, size_t below, size_t above, struct value target);

#endif
