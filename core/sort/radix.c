#include "core/sort/radix.h"

#include <math.h>
#include <stdatomic.h>

enum {
    INSERTION_MAX = 24,
    DIGIT_BITS = 9, /* the next element seldom waits for the counter of the last; 8 cost a quarter more */
    HALF_BITS = 12, /* of each of two digits of halves, of which more stay in the first cache */
    COUNTERS = 1 << (HALF_BITS + 1), /* of all digits together */
    FEW_BITS = 8,                    /* of a digit of fewer elements than FEW: counters cost, too */
    FEW = 1 << 10,
    LEAF_MAX = 1 << 15, /* elements of a group that is not split any more: it and its copy fit into 512 KiB */
    SLACK = 1,          /* telling bits beyond log2 n: insertion mends the rest for less than another digit costs */
    MEND = 4,           /* moves an element, at most, before the insertion sort is given up */
    SPLIT_MIN = 6,      /* bits of a split */
    SPLIT_MAX = 11,
    SPLIT_LARGE = 10, /* ... of what is not in the second cache: twice as many ends to write at take twice as long */
    SPLIT_REALS = 2,  /* more of them for reals, whose keys crowd: half of all doubles in 0 .. 1 have one exponent */
    SPLIT_SIZE = 1 << SPLIT_MAX,
    GROUP_BITS = 12,    /* a split aims at groups of 2^12, ... */
    INSERTION_BITS = 4, /* ... or of 2^4 where that takes no second one */
    PIECE = 1 << 18,    /* elements of a piece of the input, at least */
    MAX_PIECES = 64,
    MAX_SORTERS = 64,     /* who sort groups at once */
    SAMPLE_SHARE = 8,     /* one of so many elements is looked at, ... */
    SAMPLE_MAX = 1024,    /* ... but no more than this */
    SPLIT_HALVES = 9,     /* bits of a split of halves that are not in the second cache */
    HALVES_MIN = 1 << 12, /* of a group that two digits sort for good */
    UNKNOWN = 65,
};

/* digit_bits is the width of the digits that n elements are sorted by; digits_of is how many hold `bits`. */
static unsigned digit_bits(size_t n) { return n < FEW ? FEW_BITS : DIGIT_BITS; }
static unsigned digits_of(unsigned bits, unsigned width) { return (bits + width - 1) / width; }

/* A cut of keys into groups that follow each other, 0 .. size - 1.
 *   by bits   key - min, without its lowest `shift` bits
 *   by value  reals: groups equally wide in value; of numbers of both signs most bits would only tell exponents apart
 *   by scale  integers: by the leading bits of the double next to each; good where magnitudes differ widely */
enum cutting { CUT_BITS, CUT_VALUE, CUT_SCALE };

struct cut {
    enum cutting by;
    enum coding coding;
    uint64_t flip, min; /* of keys, or of those of doubles */
    unsigned shift;
    double low, scale; /* by value */
    size_t size;
};

static ALWAYS_INLINE uint64_t scale_key(int64_t x) { return key_of_real((double)x); }

static ALWAYS_INLINE size_t group_of(const struct cut *cut, const struct array *values, size_t i, enum cutting by,
                                     enum coding coding) {
    if (by == CUT_VALUE)
        return (size_t)(int64_t)((values->reals[i] / 2 - cut->low) *
                                 cut->scale); /* each operation rounds monotonically */
    uint64_t key = by == CUT_SCALE ? scale_key(values->ints[i]) : number_key(values, i, coding);
    return ((key ^ cut->flip) - cut->min) >> cut->shift;
}

/* FOR_CUT is f(..., by, coding) with constants. */
#define FOR_CUT(cut, f, ...)                           \
    do {                                               \
        if ((cut)->by == CUT_VALUE)                    \
            f(__VA_ARGS__, CUT_VALUE, CODING_REALS);   \
        else if ((cut)->by == CUT_SCALE)               \
            f(__VA_ARGS__, CUT_SCALE, CODING_INTS);    \
        else if ((cut)->coding == CODING_INTS)         \
            f(__VA_ARGS__, CUT_BITS, CODING_INTS);     \
        else if ((cut)->coding == CODING_REALS)        \
            f(__VA_ARGS__, CUT_BITS, CODING_REALS);    \
        else                                           \
            f(__VA_ARGS__, CUT_BITS, CODING_INTEGRAL); \
    } while (0)

static unsigned cut_bits(size_t n) {
    unsigned aim = n <= LEAF_MAX ? INSERTION_BITS : GROUP_BITS, wanted = bits_of(n) > aim ? bits_of(n) - aim : 0;
    unsigned most = n <= LEAF_MAX ? SPLIT_MAX : SPLIT_LARGE;
    return wanted < SPLIT_MIN ? SPLIT_MIN : wanted > most ? most : wanted;
}

/* cut_range makes a cut by bits of keys 0 .. range. */
static struct cut cut_range(uint64_t range, unsigned bits) {
    unsigned shift = bits_of(range) > bits ? bits_of(range) - bits : 0;
    return (struct cut){.shift = shift, .size = (size_t)(range >> shift) + 1};
}

/* cut_other makes the cut by value or by scale of keys of the order min .. max; false: there is none. */
static bool cut_other(enum coding coding, uint64_t flip, uint64_t min, uint64_t max, unsigned bits, struct cut *cut) {
    if (coding == CODING_INTEGRAL)
        return false;
    if (coding == CODING_INTS) {
        uint64_t least = scale_key(key_to_int(min ^ flip)) ^ flip, greatest = scale_key(key_to_int(max ^ flip)) ^ flip;
        *cut = cut_range(greatest - least, bits + SPLIT_REALS);
        *cut = (struct cut){CUT_SCALE, coding, flip, least, cut->shift, 0, 0, cut->size};
        return true;
    }
    /* Halves: the difference of the greatest doubles would overflow. Descending: both factors are negative. */
    double low = key_to_real(min ^ flip) / 2, width = key_to_real(max ^ flip) / 2 - low;
    size_t size = (size_t)1 << bits;
    *cut = (struct cut){CUT_VALUE, coding, flip, 0, 0, low, (double)(size - 1) / width, size};
    return isfinite(cut->scale);
}

struct radix {
    struct sorter *s;
    const struct array *values;
    size_t n;
    unsigned high;       /* the lowest so many bits differ within a group; UNKNOWN */
    unsigned index_bits; /* words: the index stands below the key */
    const struct sink *sink;
    size_t elem_size;
    void *a;   /* n elements; words lie in the sink's memory, each group where it goes when it is sorted; halves in
                  the latter half of that, so that the answer ends before what is not read yet */
    char *aux; /* second places of groups: the large ones' own, then one for each sorter */
    size_t pieces, sorters, sorter_aux; /* elements of a sorter's; it is in a cache when the next group comes */
    uint32_t *large_at;                 /* [cut.size] where in aux that of a large group begins; first, its size */
    size_t sorters_at;                  /* where the sorters' do */
    struct cut cut;
    uint32_t *count; /* [pieces][cut.size]: of the keys; then where the next of each goes */
    uint32_t *end;   /* [cut.size] of the groups: the last piece's */
    void (*sort_group)(struct radix *r, struct sorter *s, size_t b, size_t sorter);
    atomic_size_t next; /* group to sort */
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

static ALWAYS_INLINE void count_keys(const struct radix *r, size_t p, enum cutting by, enum coding coding) {
    uint32_t *count = r->count + p * r->cut.size;
    struct cut cut = r->cut;
    for (size_t i = piece_start(r, p), end = piece_start(r, p + 1); i < end; i++)
        count[group_of(&cut, r->values, i, by, coding)]++;
}

static void count_body(void *arg, size_t p) {
    const struct radix *r = arg;
    FOR_CUT(&r->cut, count_keys, r, p);
}

static ALWAYS_INLINE void crowding_of(const struct radix *r, const struct cut *cut, uint32_t *count, size_t m,
                                      uint64_t *crowding, enum cutting by, enum coding coding) {
    for (size_t k = 0; k < m; k++)
        *crowding += count[group_of(cut, r->values, sample_place(k, r->n / m), by, coding)]++;
}

/* crowding is how many pairs of a sample share a group. */
static enum status crowding(const struct radix *r, const struct cut *cut, uint64_t *pairs) {
    struct ctx_mark mark = ctx_mark(r->s->ctx);
    uint32_t *count = ctx_zalloc(r->s->ctx, cut->size, sizeof *count);
    if (!count)
        return STATUS_NO_MEMORY;
    *pairs = 0;
    size_t m = min_size(r->n / SAMPLE_SHARE + 1, SAMPLE_MAX);
    FOR_CUT(cut, crowding_of, r, cut, count, m, pairs);
    ctx_rewind(r->s->ctx, mark);
    return STATUS_OK;
}

/* choose_cut takes the cut by bits, unless a sample is less crowded in the other. */
static enum status choose_cut(struct radix *r, uint64_t range, bool halves) {
    enum coding coding = r->sink->coding;
    uint64_t flip = r->sink->descending ? ~(uint64_t)0 : 0, min = r->sink->min, plain, less;
    unsigned bits = cut_bits(r->n);
    if (halves && bits > SPLIT_HALVES)
        bits = SPLIT_HALVES;
    struct cut cut = cut_range(range, bits + (coding == CODING_REALS ? SPLIT_REALS : 0)), other;
    r->cut = (struct cut){CUT_BITS, coding, flip, min, cut.shift, 0, 0, cut.size};
    if (!cut_other(coding, flip, min, min + range, bits, &other))
        return STATUS_OK;
    enum status status = crowding(r, &r->cut, &plain);
    if (status == STATUS_OK)
        status = crowding(r, &other, &less);
    if (status == STATUS_OK && less < plain / 2)
        r->cut = other;
    return status;
}

/* sort_body is one sorter: it takes one group after the other. */
static void sort_body(void *arg, size_t sorter) {
    struct radix *r = arg;
    struct sorter s = {.ctx = r->s->ctx};
    size_t b;
    while (ctx_stop(s.ctx) == STOP_NONE && (b = atomic_fetch_add(&r->next, 1)) < r->cut.size)
        r->sort_group(r, &s, b, sorter);
    s.stopped = s.stopped || ctx_stop(s.ctx) != STOP_NONE;
    add_stats(r, &s);
}

static void sort_groups(struct radix *r) {
    struct sorter *s = r->s;
    parallel_for(s->ctx, r->sorters, sort_body, r);
    s->stats.passes += r->passes;
    s->stats.moves += r->moves;
    s->stats.comparisons += r->comparisons;
    s->stopped = s->stopped || r->stopped;
}

/* lend_aux gives all groups a second place. */
static enum status lend_aux(struct radix *r) {
    struct ctx *ctx = r->s->ctx;
    size_t large = 0;
    for (size_t b = 0; b < r->cut.size; b++) {
        size_t n = r->large_at[b];
        r->large_at[b] = (uint32_t)large;
        if (n > LEAF_MAX)
            large += n;
        else if (n > r->sorter_aux)
            r->sorter_aux = n;
    }
    r->sorters_at = large;
    r->sorters = r->pieces > 1 && ctx->parallel ? min_size(ctx->parallel->threads, MAX_SORTERS) : 1;
    r->aux = ctx_alloc(ctx, large + r->sorters * r->sorter_aux, r->elem_size);
    return r->aux ? STATUS_OK : STATUS_NO_MEMORY;
}

static uint32_t group_size(const struct radix *r, size_t b) {
    uint32_t n = 0;
    for (size_t p = 0; p < r->pieces; p++)
        n += r->count[p * r->cut.size + b];
    return n;
}

/* place_pieces turns the counts of every piece into where its keys go. */
static void place_pieces(struct radix *r) {
    bool halves = r->elem_size < sizeof(uint64_t);
    uint32_t at = 0;
    for (size_t b = 0; b < r->cut.size; b++) {
        r->large_at[b] = group_size(r, b);
        at += halves ? r->large_at[b] : 0;
        for (size_t p = 0; p < r->pieces; p++) {
            uint32_t *count = &r->count[p * r->cut.size + b], here = *count;
            *count = at;
            at += here;
        }
    }
}

/* split distributes the keys by their highest digit and sorts the groups. */
static enum status split(struct radix *r, void (*scatter)(void *, size_t)) {
    struct ctx *ctx = r->s->ctx;
    r->pieces = min_size(r->n / PIECE + 1, MAX_PIECES);
    r->large_at = ctx_alloc(ctx, r->cut.size, sizeof *r->large_at);
    if (!r->large_at || !(r->count = ctx_zalloc(ctx, r->pieces * r->cut.size, sizeof *r->count)))
        return STATUS_NO_MEMORY;
    r->end = r->count + (r->pieces - 1) * r->cut.size;
    parallel_for(ctx, r->pieces, count_body, r);
    place_pieces(r);
    enum status status = lend_aux(r);
    if (status != STATUS_OK || sorter_stop(r->s, r->n))
        return status;
    parallel_for(ctx, r->pieces, scatter, r);
    r->s->stats.passes++;
    r->s->stats.moves += (int64_t)r->n;
    sort_groups(r);
    return STATUS_OK;
}

#define ELEM uint64_t
#define NAME(x) x##_words
#define KEY(e) (e)
#define MAKE(key, i) (up ? (key) << up | (i) : (key))
#define PUT sink_words
#define HALVES 0
#include "core/sort/radix_body.h"

#define ELEM struct pair
#define NAME(x) x##_pairs
#define KEY(e) ((e).key)
#define MAKE(key, i) ((struct pair){(key), (i)})
#define PUT sink_pairs
#define HALVES 0
#include "core/sort/radix_body.h"

/* Keys below 2^32: half of the memory. */
#define ELEM uint32_t
#define NAME(x) x##_halves
#define KEY(e) ((uint64_t)(e))
#define MAKE(key, i) ((uint32_t)(key))
#define PUT sink_halves
#define HALVES 1
#include "core/sort/radix_body.h"

enum status radix_numbers(struct sorter *s, const struct array *values, uint64_t range, const struct sink *sink) {
    struct radix r = {.s = s, .values = values, .n = values->n, .sink = sink, .index_bits = sink->index_bits};
    struct ctx_mark mark = ctx_mark(s->ctx);
    bool pairs = sink->indices && r.index_bits == 0;
    bool halves = !sink->indices && range <= UINT32_MAX && r.n <= UINT32_MAX / 2;
    enum status status = choose_cut(&r, range, halves);
    if (status != STATUS_OK)
        return status;
    r.high = r.cut.by == CUT_BITS ? r.cut.shift + r.index_bits : UNKNOWN;
    r.elem_size = pairs ? sizeof(struct pair) : halves ? sizeof(uint32_t) : sizeof(uint64_t);
    r.a = pairs ? ctx_alloc(s->ctx, r.n, r.elem_size) : sink->values;
    status = !r.a ? STATUS_NO_MEMORY : pairs ? sort_pairs(&r) : halves ? sort_halves(&r) : sort_words(&r);
    ctx_rewind(s->ctx, mark);
    return status;
}
