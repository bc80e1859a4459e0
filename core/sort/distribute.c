#include "core/sort/distribute.h"
#include "core/sort/compare_sort.h"

/* More buckets than this lie too far apart for the caches. */
enum { PER_BUCKET = 16, MAX_BUCKETS = 1 << 13 };

static uint32_t *count_keys(struct sorter *s, const uint64_t *keys, size_t n, uint64_t min, uint64_t max) {
    uint32_t *count = ctx_zalloc(s->ctx, (size_t)(max - min) + 1, sizeof *count);
    for (size_t i = 0; count && i < n;) {
        size_t end = min_size(n, i + SORTER_POLL);
        if (sorter_stop(s, end - i))
            break;
        for (; i < end; i++)
            count[keys[i] - min]++;
    }
    return count;
}

enum status counting_keys(struct sorter *s, uint64_t *keys, size_t n, uint64_t min, uint64_t max) {
    struct ctx_mark mark = ctx_mark(s->ctx);
    uint32_t *count = count_keys(s, keys, n, min, max);
    if (!count)
        return STATUS_NO_MEMORY;
    uint64_t *to = keys;
    for (uint64_t slot = 0; slot <= max - min && !sorter_stop(s, 1); slot++)
        for (uint32_t i = count[slot]; i > 0; i--)
            *to++ = min + slot;
    s->stats.passes++;
    s->stats.moves += (int64_t)n;
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

enum status counting_argsort(struct sorter *s, const uint64_t *keys, size_t n, uint64_t min, uint64_t max,
                             uint64_t *sorted, int64_t *indices) {
    struct ctx_mark mark = ctx_mark(s->ctx);
    uint32_t *at = count_keys(s, keys, n, min, max), sum = 0;
    if (!at)
        return STATUS_NO_MEMORY;
    for (uint64_t slot = 0; slot <= max - min; slot++) {
        uint32_t here = at[slot];
        at[slot] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n && !sorter_stop(s, 1); i++) {
        uint32_t place = at[keys[i] - min]++;
        sorted[place] = keys[i];
        indices[place] = (int64_t)i;
    }
    s->stats.passes++;
    s->stats.moves += (int64_t)n;
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

/* A spread made ready: bucket_of is monotone in the key, and below `buckets`. */
struct cut {
    uint64_t min, flip, buckets;
    unsigned up; /* shifts the greatest key to the top bit */
    double low, width, scale;
};

static struct cut cut_make(const struct spread *spread, size_t n) {
    struct cut cut = {.min = spread->min, .buckets = n / PER_BUCKET};
    cut.buckets = cut.buckets < 1 ? 1 : cut.buckets > MAX_BUCKETS ? MAX_BUCKETS : cut.buckets;
    cut.up = spread->max == spread->min ? 0 : 64 - bits_of(spread->max - spread->min);
    if (spread->reals) {
        cut.flip = spread->descending ? ~(uint64_t)0 : 0;
        /* Halves: the difference of the greatest doubles would overflow. Descending: low > high, both differences are
         * negative. */
        cut.low = key_to_real(spread->min ^ cut.flip) / 2;
        cut.width = key_to_real(spread->max ^ cut.flip) / 2 - cut.low;
        cut.scale = (double)(cut.buckets - 1);
    }
    return cut;
}

static inline size_t cut_key(const struct cut *cut, uint64_t key) {
    return (size_t)((unsigned __int128)((key - cut->min) << cut->up) * cut->buckets >> 64);
}

/* cut_real: each operation rounds monotonically; a width of 0 (subnormals) makes one bucket. */
static inline size_t cut_real(const struct cut *cut, uint64_t key) {
    return cut->width == 0 ? 0 : (size_t)((key_to_real(key ^ cut->flip) / 2 - cut->low) / cut->width * cut->scale);
}

#define ELEM uint64_t
#define NAME(x) x##_words
#define KEY(e) (spread->shift ? ((e) >> spread->shift) + spread->min : (e))
#include "core/sort/bucket_body.h"

#define ELEM struct pair
#define NAME(x) x##_pairs
#define KEY(e) ((e).key)
#include "core/sort/bucket_body.h"

#define ELEM struct item
#define NAME(x) x##_items
#define KEY(e) ((e).prefix)
#include "core/sort/bucket_body.h"
