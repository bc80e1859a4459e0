#include "core/sort/keys.h"

#include <math.h>

static ALWAYS_INLINE void put(void *data, size_t i, uint64_t key, enum coding coding) {
    int64_t x = key_to_int(key);
    double r = coding == CODING_REALS ? key_to_real(key) : key_to_integral(key);
    /* memcpy: the same memory held keys before. */
    memcpy((char *)data + i * 8, coding == CODING_INTS ? (const void *)&x : (const void *)&r, 8);
}

enum { SCAN_PIECE = 1 << 18 };

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

static ALWAYS_INLINE void count_turns(struct sorter *s, const struct array *values, size_t *turns, bool descending,
                                      enum coding coding) {
    uint64_t flip = descending ? ~(uint64_t)0 : 0, before = number_key(values, 0, coding) ^ flip;
    bool fell = values->n > 1 && (number_key(values, 1, coding) ^ flip) < before;
    *turns = 0;
    for (size_t i = 1; i < values->n && *turns <= KEY_TURNS;) {
        size_t end = min_size(values->n, i + SORTER_POLL);
        if (sorter_stop(s, end - i))
            return;
        for (; i < end && *turns <= KEY_TURNS; i++) {
            uint64_t key = number_key(values, i, coding) ^ flip;
            bool falls = key < before;
            *turns += falls != fell;
            fell = falls;
            before = key;
        }
    }
}

enum status keys_scan(struct sorter *s, const struct array *values, enum coding coding, bool descending,
                      struct key_scan *scan) {
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
    uint64_t min = look.min[0], max = look.max[0];
    for (size_t p = 1; p < pieces; p++) {
        min = look.min[p] < min ? look.min[p] : min;
        max = look.max[p] > max ? look.max[p] : max;
    }
    *scan = descending ? (struct key_scan){~max, ~min, 0} : (struct key_scan){min, max, 0};
    FOR_CODING(coding, count_turns, s, values, &scan->turns, descending);
    ctx_rewind(s->ctx, mark);
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
