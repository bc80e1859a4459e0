#include "core/sort/keys.h"

#include <math.h>

static ALWAYS_INLINE void put(void *data, size_t i, uint64_t key, enum coding coding) {
    int64_t x = key_to_int(key);
    double r = coding == CODING_REALS ? key_to_real(key) : key_to_integral(key);
    /* memcpy: the same memory held keys before. */
    memcpy((char *)data + i * 8, coding == CODING_INTS ? (const void *)&x : (const void *)&r, 8);
}

enum { SCAN_PIECE = 1 << 18, SCAN_BLOCK = 256, HALVES_BLOCK = 256 };

struct look {
    struct sorter *s;
    const struct array *values;
    enum coding coding;
    uint64_t *min, *max; /* of every piece */
};

/* extremes reads one piece. */
static ALWAYS_INLINE void extremes(const struct look *look, size_t piece, enum coding coding) {
    const struct array *values = look->values;
    size_t from = piece * SCAN_PIECE, end = min_size(values->n, from + SCAN_PIECE);
    uint64_t min = ~(uint64_t)0, max = 0;
    for (size_t i = from; i < end; i++) {
        uint64_t key = number_key(values, i, coding);
        min = key < min ? key : min;
        max = key > max ? key : max;
    }
    look->min[piece] = min;
    look->max[piece] = max;
}

static void extremes_body(void *arg, size_t piece) {
    const struct look *look = arg;
    if (ctx_stop(look->s->ctx) == STOP_NONE)
        FOR_CODING(look->coding, extremes, look, piece);
}

/* count_turns goes by blocks: most of those of an ordered stretch are seen to have no turn without a branch in them. */
static ALWAYS_INLINE void count_turns(struct sorter *s, const struct array *values, struct key_scan *scan,
                                      bool descending, enum coding coding) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0;
    bool fell = values->n > 1 && (number_key(values, 1, coding) ^ flip) < (number_key(values, 0, coding) ^ flip);
    *scan = (struct key_scan){.ordered = !fell};
    for (size_t i = 1; i < values->n && scan->turns <= KEY_TURNS && !sorter_stop(s, SCAN_BLOCK);) {
        size_t end = min_size(values->n, i + SCAN_BLOCK), falls = 0;
        /* Equal neighbours are seen in a fraction of the time, and the first unequal ones at once. */
        bool same = memcmp(values->ints + i, values->ints + i - 1, (end - i) * sizeof *values->ints) == 0;
        for (size_t j = i; j < end && !same; j++)
            falls += (number_key(values, j, coding) ^ flip) < (number_key(values, j - 1, coding) ^ flip);
        if (falls == (fell ? end - i : 0)) {
            i = end;
            continue;
        }
        scan->ordered = false;
        for (; i < end && scan->turns <= KEY_TURNS; i++) {
            bool falling = (number_key(values, i, coding) ^ flip) < (number_key(values, i - 1, coding) ^ flip);
            scan->turns += falling != fell;
            fell = falling;
        }
    }
}

/* read_extremes finds the least and the greatest key. */
static enum status read_extremes(struct sorter *s, const struct array *values, enum coding coding, uint64_t *min,
                                 uint64_t *max) {
    size_t pieces = (values->n + SCAN_PIECE - 1) / SCAN_PIECE;
    struct ctx_mark mark = ctx_mark(s->ctx);
    struct look look = {s, values, coding, ctx_alloc(s->ctx, pieces, 8), ctx_alloc(s->ctx, pieces, 8)};
    if (!look.min || !look.max)
        return STATUS_NO_MEMORY;
    parallel_for(s->ctx, pieces, extremes_body, &look);
    if (ctx_stop(s->ctx) != STOP_NONE) { /* pieces may be unread */
        s->stopped = true;
        return STATUS_OK;
    }
    *min = look.min[0], *max = look.max[0];
    for (size_t p = 1; p < pieces; p++) {
        *min = look.min[p] < *min ? look.min[p] : *min;
        *max = look.max[p] > *max ? look.max[p] : *max;
    }
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

static ALWAYS_INLINE void ends(const struct array *values, uint64_t *first, uint64_t *last, enum coding coding) {
    *first = number_key(values, 0, coding);
    *last = number_key(values, values->n - 1, coding);
}

enum status keys_scan(struct sorter *s, const struct array *values, enum coding coding, bool descending,
                      struct key_scan *scan) {
    FOR_CODING(coding, count_turns, s, values, scan, descending);
    uint64_t a = 0, b = 0;
    FOR_CODING(coding, ends, values, &a, &b);
    if (scan->turns > 0 && !s->stopped) {
        enum status status = read_extremes(s, values, coding, &a, &b);
        if (status != STATUS_OK)
            return status;
    }
    uint64_t min = a < b ? a : b, max = a < b ? b : a;
    scan->min = descending ? ~max : min;
    scan->max = descending ? ~min : max;
    return STATUS_OK;
}

static ALWAYS_INLINE void make(const struct array *values, uint64_t flip, uint64_t *keys, enum coding coding) {
    for (size_t i = 0; i < values->n; i++)
        keys[i] = number_key(values, i, coding) ^ flip;
}

void keys_make(struct sorter *s, const struct array *values, enum coding coding, bool descending, uint64_t *keys) {
    if (!sorter_stop(s, values->n))
        FOR_CODING(coding, make, values, descending ? ~(uint64_t)0 : 0, keys);
}

bool keys_integral(const struct array *reals, size_t *at) {
    for (size_t i = 0; i < reals->n; i++) {
        double x = reals->reals[i];
        if (!(fabs(x) <= 0x1p53) || (double)(int64_t)x != x) {
            *at = i;
            return false;
        }
    }
    return true;
}

static uint64_t flip_of(const struct sink *sink) { return sink->descending ? ~(uint64_t)0 : 0; }

static ALWAYS_INLINE void plain_words(const struct sink *sink, const uint64_t *from, size_t at, size_t n,
                                      enum coding coding) {
    uint64_t flip = flip_of(sink), min = sink->min;
    for (size_t i = 0; i < n; i++)
        put(sink->values, at + i, (from[i] + min) ^ flip, coding);
}

static ALWAYS_INLINE void packed_words(const struct sink *sink, const uint64_t *from, size_t at, size_t n,
                                       enum coding coding) {
    uint64_t flip = flip_of(sink), min = sink->min, mask = ((uint64_t)1 << sink->index_bits) - 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t word = from[i];
        put(sink->values, at + i, ((word >> sink->index_bits) + min) ^ flip, coding);
        sink->indices[at + i] = (int64_t)(word & mask);
    }
}

void sink_words(const struct sink *sink, const uint64_t *from, size_t at, size_t n) {
    if (sink->indices)
        FOR_CODING(sink->coding, packed_words, sink, from, at, n);
    else
        FOR_CODING(sink->coding, plain_words, sink, from, at, n);
}

static ALWAYS_INLINE void pairs(const struct sink *sink, const struct pair *from, size_t at, size_t n,
                                enum coding coding) {
    uint64_t flip = flip_of(sink), min = sink->min;
    for (size_t i = 0; i < n; i++) {
        put(sink->values, at + i, (from[i].key + min) ^ flip, coding);
        sink->indices[at + i] = (int64_t)from[i].index;
    }
}

void sink_pairs(const struct sink *sink, const struct pair *from, size_t at, size_t n) {
    FOR_CODING(sink->coding, pairs, sink, from, at, n);
}

/* halves goes by blocks that are read before anything is written; what is written ends before what is still to be read. */
static ALWAYS_INLINE void halves(const struct sink *sink, const uint32_t *from, size_t at, size_t n,
                                 enum coding coding) {
    uint64_t flip = flip_of(sink), min = sink->min;
    uint32_t block[HALVES_BLOCK];
    void *to = sink->values; /* what is written might be the sink, for all the compiler knows */
    for (size_t i = 0; i < n; i += HALVES_BLOCK) {
        size_t m = min_size(n - i, HALVES_BLOCK);
        memcpy(block, from + i, m * sizeof *block);
        if (m == HALVES_BLOCK) /* of a constant length the compiler makes vectors */
            for (size_t j = 0; j < HALVES_BLOCK; j++)
                put(to, at + i + j, (block[j] + min) ^ flip, coding);
        else
            for (size_t j = 0; j < m; j++)
                put(to, at + i + j, (block[j] + min) ^ flip, coding);
    }
}

void sink_halves(const struct sink *sink, const uint32_t *from, size_t at, size_t n) {
    FOR_CODING(sink->coding, halves, sink, from, at, n);
}
