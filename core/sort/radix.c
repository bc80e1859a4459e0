#include "core/sort/radix.h"

#include <stdatomic.h>

enum {
    INSERTION_MAX = 24,
    DIGIT_BITS = 8,
    DIGIT_SIZE = 1 << DIGIT_BITS,
    MAX_DIGITS = 8,
    LEAF_MAX = 1 << 15, /* elements of a group that is not split any more: it and its copy fit into 512 KiB */
    SLACK = 3,          /* 2^3 times as many values of the telling bits as elements: an eighth of them share theirs */
    MEND = 4,           /* moves an element, at most, before the insertion sort is given up */
    SPLIT_MIN = 6,      /* bits of a split */
    SPLIT_MAX = 11,
    SPLIT_REALS = 2, /* more of them for reals, whose keys crowd: half of all doubles in 0 .. 1 have one exponent */
    SPLIT_SIZE = 1 << SPLIT_MAX,
    GROUP_BITS = 12, /* a split aims at groups of 2^12 */
    PIECE = 1 << 18, /* elements of a piece of the input, at least */
    MAX_PIECES = 64,
};

static unsigned digits_of(unsigned bits) { return (bits + DIGIT_BITS - 1) / DIGIT_BITS; }

/* A cut of keys 0 .. range into groups of equal width: group of key = key >> shift, below size. */
struct cut {
    unsigned shift;
    size_t size;
};

static struct cut cut_make(uint64_t range, size_t n, bool reals) {
    unsigned bits = bits_of(n) > GROUP_BITS + SPLIT_MIN ? bits_of(n) - GROUP_BITS : SPLIT_MIN;
    bits = bits < SPLIT_MAX ? bits : SPLIT_MAX;
    bits += reals ? SPLIT_REALS : 0;
    unsigned shift = bits_of(range) > bits ? bits_of(range) - bits : 0;
    return (struct cut){shift, (size_t)(range >> shift) + 1};
}

struct radix {
    struct sorter *s;
    const struct array *values;
    size_t n;
    uint64_t flip;       /* what makes a key of the order of one of its coding */
    unsigned index_bits; /* words: the index stands below the key */
    const struct sink *sink;
    void *a, *aux; /* n elements each; aux: pairs only, the others use the sink's memory */
    size_t pieces;
    struct cut cut;
    uint32_t *count; /* [pieces][cut.size]: of the keys; then where each goes; in the end the ends of groups */
    atomic_bool stopped;
    atomic_llong comparisons, moves, passes;
};

static size_t piece_start(const struct radix *r, size_t p) { return (size_t)((unsigned __int128)r->n * p / r->pieces); }

static void add_stats(struct radix *r, const struct sorter *s) {
    atomic_fetch_add_explicit(&r->comparisons, s->stats.comparisons, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->moves, s->stats.moves, memory_order_relaxed);
    atomic_fetch_add_explicit(&r->passes, s->stats.passes, memory_order_relaxed);
    if (s->stopped)
        atomic_store_explicit(&r->stopped, true, memory_order_relaxed);
}

/* offsets turns counts into where each begins. */
static void offsets(uint32_t *count, size_t size) {
    uint32_t at = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t here = count[i];
        count[i] = at;
        at += here;
    }
}

static ALWAYS_INLINE void count_keys(const struct radix *r, size_t p, enum coding coding) {
    uint32_t *count = r->count + p * r->cut.size;
    uint64_t flip = r->flip, min = r->sink->min;
    unsigned shift = r->cut.shift;
    for (size_t i = piece_start(r, p), end = piece_start(r, p + 1); i < end; i++)
        count[((number_key(r->values, i, coding) ^ flip) - min) >> shift]++;
}

static void count_body(void *arg, size_t p) {
    const struct radix *r = arg;
    FOR_CODING(r->sink->coding, count_keys, r, p);
}

/* split distributes the keys by their highest digit and sorts the groups. */
static enum status split(struct radix *r, void (*scatter)(void *, size_t), void (*group)(void *, size_t)) {
    struct ctx *ctx = r->s->ctx;
    r->pieces = min_size(r->n / PIECE + 1, MAX_PIECES);
    if (!(r->count = ctx_zalloc(ctx, r->pieces * r->cut.size, sizeof *r->count)))
        return STATUS_NO_MEMORY;
    parallel_for(ctx, r->pieces, count_body, r);
    uint32_t at = 0;
    for (size_t b = 0; b < r->cut.size; b++)
        for (size_t p = 0; p < r->pieces; p++) {
            uint32_t *count = &r->count[p * r->cut.size + b], here = *count;
            *count = at;
            at += here;
        }
    if (sorter_stop(r->s, r->n))
        return STATUS_OK;
    parallel_for(ctx, r->pieces, scatter, r);
    parallel_for(ctx, r->cut.size, group, r);
    r->s->stats.passes += r->passes + 1;
    r->s->stats.moves += r->moves + (int64_t)r->n;
    r->s->stats.comparisons += r->comparisons;
    r->s->stopped = r->s->stopped || r->stopped;
    return STATUS_OK;
}

#define ELEM uint32_t
#define NAME(x) x##_narrow
#define KEY(e) ((uint64_t)(e))
#define MAKE(key, i) ((uint32_t)(key))
#define PUT sink_narrow
#define AUX(r, from) ((uint32_t *)((uint64_t *)(r)->sink->values + (from)))
#include "core/sort/radix_body.h"

#define ELEM uint64_t
#define NAME(x) x##_words
#define KEY(e) (e)
#define MAKE(key, i) (up ? (key) << up | (i) : (key))
#define PUT sink_words
#define AUX(r, from) ((uint64_t *)(r)->sink->values + (from))
#include "core/sort/radix_body.h"

#define ELEM struct pair
#define NAME(x) x##_pairs
#define KEY(e) ((e).key)
#define MAKE(key, i) ((struct pair){(key), (i)})
#define PUT sink_pairs
#define AUX(r, from) ((struct pair *)(r)->aux + (from))
#include "core/sort/radix_body.h"

enum status radix_numbers(struct sorter *s, const struct array *values, uint64_t range, const struct sink *sink) {
    struct radix r = {.s = s, .values = values, .n = values->n, .sink = sink, .index_bits = sink->index_bits};
    r.flip = sink->descending ? ~(uint64_t)0 : 0;
    r.cut = cut_make(range, r.n, sink->coding == CODING_REALS);
    struct ctx_mark mark = ctx_mark(s->ctx);
    enum status status;
    if (sink->indices && r.index_bits == 0)
        status = (r.aux = ctx_alloc(s->ctx, r.n, sizeof(struct pair))) ? sort_pairs(&r) : STATUS_NO_MEMORY;
    else if (!sink->indices && bits_of(range) <= 32)
        status = sort_narrow(&r);
    else
        status = sort_words(&r);
    ctx_rewind(s->ctx, mark);
    return status;
}
