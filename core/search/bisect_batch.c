#include "core/search/bisect_batch.h"

/* All searches of a group have intervals of one length, so that the halving is the same for them. The mask in place of
 * a branch keeps the sixteen loads of a level independent. */
#define DESCEND(T, name)                                                                         \
    static void name(const T *a, size_t n, const T key[BISECT_GROUP], size_t at[BISECT_GROUP]) { \
        for (size_t j = 0; j < BISECT_GROUP; j++)                                                \
            at[j] = 0;                                                                           \
        for (size_t length = n; length > 1;) {                                                   \
            size_t half = length / 2;                                                            \
            for (size_t j = 0; j < BISECT_GROUP; j++)                                            \
                at[j] += half & -(size_t)(a[at[j] + half - 1] < key[j]);                         \
            length -= half;                                                                      \
        }                                                                                        \
        for (size_t j = 0; n && j < BISECT_GROUP; j++)                                           \
            at[j] += a[at[j]] < key[j];                                                          \
    }
DESCEND(int64_t, descend_ints)
DESCEND(double, descend_reals)

static void numbers(const struct array *values, size_t from, size_t to, const struct bisect_key *keys, size_t n,
                    size_t *index) {
    size_t at[BISECT_GROUP];
    int64_t ints[BISECT_GROUP] = {0};
    double reals[BISECT_GROUP] = {0};
    for (size_t j = 0; j < n; j++)
        if (values->kind == KIND_INT)
            ints[j] = keys[j].i;
        else
            reals[j] = keys[j].r;
    if (values->kind == KIND_INT)
        descend_ints(values->ints + from, to - from, ints, at);
    else
        descend_reals(values->reals + from, to - from, reals, at);
    for (size_t j = 0; j < n; j++)
        index[j] = keys[j].all ? to : from + at[j];
}

static size_t one_string(const struct array *values, size_t from, size_t to, const struct bisect_key *key) {
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (bisect_below(values, mid, key))
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

void bisect_group(const struct array *values, size_t from, size_t to, const struct bisect_key *keys, size_t n,
                  size_t *index) {
    if (values->kind != KIND_STRING) {
        numbers(values, from, to, keys, n, index);
        return;
    }
    for (size_t j = 0; j < n; j++)
        index[j] = one_string(values, from, to, &keys[j]);
}
