#include "core/sort/few.h"

#include "core/sort/compare_sort.h"

enum {
    SAMPLE = 256,
    TRIES = 16, /* multipliers: with 64 values, half of them keep all apart */
    TABLES = 4, /* neighbours are counted apart, so that equal ones do not wait for each other's counter */
    BLOCK = 4096,
    FILL = 1024, /* equal values handed to the sink at once */
};

/* A perfect hash of the values that a sample holds. */
struct few {
    uint64_t flip, min, multiplier;
    uint64_t key[FEW_MAX]; /* [n], different */
    size_t n;
    uint64_t holds[FEW_SLOTS]; /* the key of a slot; of an empty one some key of another */
    uint32_t count[TABLES][FEW_SLOTS];
};

static inline size_t slot_of(uint64_t key, uint64_t multiplier) {
    return (size_t)(key * multiplier >> 52); /* 12 bits: FEW_SLOTS */
}

static ALWAYS_INLINE void sample_keys(struct few *f, const struct array *values, enum coding coding) {
    size_t stride = values->n / SAMPLE;
    for (size_t i = 0; i < SAMPLE && f->n <= FEW_MAX; i++) {
        uint64_t key = (number_key(values, sample_place(i, stride), coding) ^ f->flip) - f->min;
        size_t k = 0;
        while (k < f->n && f->key[k] != key)
            k++;
        if (k == FEW_MAX)
            f->n = FEW_MAX + 1;
        else if (k == f->n)
            f->key[f->n++] = key;
    }
}

/* keep_apart finds a multiplier that gives each key a slot of its own. */
static bool keep_apart(struct few *f) {
    f->multiplier = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < TRIES; i++, f->multiplier *= 0xd1342543de82ef95u) {
        for (size_t slot = 0; slot < FEW_SLOTS; slot++)
            f->holds[slot] = f->key[0];
        size_t k = 0, first = slot_of(f->key[0], f->multiplier);
        for (; k < f->n; k++) {
            size_t slot = slot_of(f->key[k], f->multiplier);
            if (k > 0 && (slot == first || f->holds[slot] != f->key[0]))
                break;
            f->holds[slot] = f->key[k];
        }
        if (k == f->n)
            return true;
    }
    return false;
}

/* tally counts all; false: there is a key that the sample did not hold, or the sorter was stopped. */
static ALWAYS_INLINE void tally(struct sorter *s, struct few *f, const struct array *values, bool *all,
                                enum coding coding) {
    uint64_t flip = f->flip, min = f->min, multiplier = f->multiplier, other = 0;
    for (size_t i = 0; i < values->n && other == 0 && !sorter_stop(s, BLOCK);) {
        for (size_t end = min_size(values->n, i + BLOCK); i < end; i++) {
            uint64_t key = (number_key(values, i, coding) ^ flip) - min;
            size_t slot = slot_of(key, multiplier);
            other |= f->holds[slot] ^ key;
            f->count[i % TABLES][slot]++;
        }
    }
    *all = other == 0 && !s->stopped;
}

static void fill(const struct sink *sink, uint64_t key, size_t at, size_t n) {
    uint64_t equal[FILL];
    for (size_t i = 0; i < FILL; i++)
        equal[i] = key;
    for (size_t i = 0; i < n; i += FILL)
        sink_words(sink, equal, at + i, min_size(FILL, n - i));
}

static void write_all(struct sorter *s, struct few *f, const struct sink *sink) {
    size_t at = 0;
    quick_words(s, f->key, f->n);
    for (size_t k = 0; k < f->n; k++) {
        size_t slot = slot_of(f->key[k], f->multiplier), n = 0;
        for (size_t t = 0; t < TABLES; t++)
            n += f->count[t][slot];
        fill(sink, f->key[k], at, n);
        at += n;
    }
    s->stats.passes++;
    s->stats.moves += (int64_t)at;
}

enum status few_numbers(struct sorter *s, const struct array *values, const struct sink *sink, bool *done) {
    *done = false;
    if (values->n < FEW_MIN)
        return STATUS_OK;
    struct ctx_mark mark = ctx_mark(s->ctx);
    struct few *f = ctx_zalloc(s->ctx, 1, sizeof *f);
    if (!f)
        return STATUS_NO_MEMORY;
    f->flip = sink->descending ? ~(uint64_t)0 : 0;
    f->min = sink->min;
    FOR_CODING(sink->coding, sample_keys, f, values);
    if (f->n <= FEW_MAX && keep_apart(f)) {
        FOR_CODING(sink->coding, tally, s, f, values, done);
        if (*done)
            write_all(s, f, sink);
    }
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}
