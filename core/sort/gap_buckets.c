#include "core/sort/gap_buckets.h"

/* A stretch of so many buckets stays in a second-level cache; a pass looks at the stop flag every BLOCK values. */
enum { STRETCH_BITS = 14, STRETCH = 1 << STRETCH_BITS, BLOCK = 1 << 20 };

/* The least and the greatest key of a bucket; min above max: it is empty. */
struct bucket {
    uint64_t min, max;
};

struct work {
    struct ctx *ctx;
    const struct array *values;
    struct gap_map map;
    struct bucket *table; /* of one stretch */
    size_t n_table;
    uint64_t last; /* the greatest key so far, from below */
    struct span *best;
    size_t found;
};

void gap_map_init(struct gap_map *map, enum kind kind, size_t n, uint64_t min, uint64_t max) {
    *map = (struct gap_map){.kind = kind, .min = min, .half = 1};
    if (kind == KIND_INT) {
        uint64_t average = n > 1 ? (max - min) / (n - 1) : 0; /* some gap is no less */
        map->shift = average ? 63 - (unsigned)__builtin_clzll(average) : 0;
        map->n = ((max - min) >> map->shift) + 1;
        return;
    }
    double low = key_to_real(min), high = key_to_real(max);
    map->half = isinf(high - low) ? 0.5 : 1;
    map->low = low * map->half;
    map->range = high > low ? high * map->half - map->low : 1;
    map->scale = 2 * (double)n; /* twice what is needed: rounding moves a value by far less than that */
    map->n = 2 * n + 1;
}

/* FOR_BLOCKS runs its body for every i in 0 .. n-1, and returns where the host wants an end. */
#define FOR_BLOCKS(w, i, n)                                                   \
    for (size_t end_ = 0, i = 0; i < (n) && ctx_stop((w)->ctx) == STOP_NONE;) \
        for (end_ = (n)-i > BLOCK ? i + BLOCK : (n); i < end_; i++)

static ALWAYS_INLINE uint64_t key_at(const struct array *values, size_t i, enum kind kind) {
    return kind == KIND_INT ? key_of_int(values->ints[i]) : key_of_real(values->reals[i]);
}

static ALWAYS_INLINE size_t bucket_of(const struct gap_map *map, uint64_t key, enum kind kind) {
    return kind == KIND_INT ? gap_bucket_int(map, key) : gap_bucket_real(map, key);
}

static ALWAYS_INLINE void extremes_of(const struct work *w, struct bucket *b, enum kind kind) {
    uint64_t min = UINT64_MAX, max = 0;
    FOR_BLOCKS(w, i, w->values->n) {
        uint64_t key = key_at(w->values, i, kind);
        min = key < min ? key : min;
        max = key > max ? key : max;
    }
    *b = (struct bucket){min, max};
}

static ALWAYS_INLINE void put(struct bucket *b, uint64_t key) {
    b->min = key < b->min ? key : b->min;
    b->max = key > b->max ? key : b->max;
}

static void clear(struct work *w) {
    for (size_t b = 0; b < w->n_table; b++)
        w->table[b] = (struct bucket){UINT64_MAX, 0};
}

/* scan compares the buckets of the table, from below. */
static void scan(struct work *w) {
    enum kind kind = w->values->kind;
    for (size_t b = 0; b < w->n_table; b++) {
        const struct bucket *bucket = &w->table[b];
        if (bucket->min > bucket->max)
            continue;
        struct span span = {w->last, bucket->min, w->found + 1};
        if (w->found && (w->found == 1 || span_above(kind, &span, w->best)))
            *w->best = span;
        w->last = bucket->max;
        w->found++;
    }
}

static ALWAYS_INLINE void fill_values(struct work *w, enum kind kind) {
    const struct gap_map map = w->map;
    FOR_BLOCKS(w, i, w->values->n) {
        uint64_t key = key_at(w->values, i, kind);
        put(&w->table[bucket_of(&map, key, kind)], key);
    }
}

/* distribute writes the keys in the order of their stretches; at[s] gets where stretch s ends. */
static ALWAYS_INLINE void distribute(struct work *w, uint64_t *keys, size_t *at, size_t stretches, enum kind kind) {
    const struct gap_map map = w->map;
    FOR_BLOCKS(w, i, w->values->n) at[bucket_of(&map, key_at(w->values, i, kind), kind) >> STRETCH_BITS]++;
    for (size_t s = 0, sum = 0; s < stretches; s++) {
        size_t count = at[s];
        at[s] = sum;
        sum += count;
    }
    if (ctx_stop(w->ctx) != STOP_NONE)
        return; /* the counts may be of a part only */
    FOR_BLOCKS(w, i, w->values->n) {
        uint64_t key = key_at(w->values, i, kind);
        keys[at[bucket_of(&map, key, kind) >> STRETCH_BITS]++] = key;
    }
}

static ALWAYS_INLINE void fill_stretch(struct work *w, const uint64_t *keys, size_t n, size_t first, enum kind kind) {
    const struct gap_map map = w->map;
    FOR_BLOCKS(w, i, n) put(&w->table[bucket_of(&map, keys[i], kind) - first], keys[i]);
}

static enum status by_stretches(struct work *w) {
    size_t stretches = (w->map.n >> STRETCH_BITS) + 1, from = 0;
    uint64_t *keys = ctx_alloc(w->ctx, w->values->n, sizeof *keys);
    size_t *at = ctx_zalloc(w->ctx, stretches, sizeof *at);
    if (!keys || !at)
        return STATUS_NO_MEMORY;
    bool ints = w->values->kind == KIND_INT;
    if (ints)
        distribute(w, keys, at, stretches, KIND_INT);
    else
        distribute(w, keys, at, stretches, KIND_REAL);
    for (size_t s = 0; s < stretches && ctx_stop(w->ctx) == STOP_NONE; s++) {
        clear(w);
        if (ints)
            fill_stretch(w, keys + from, at[s] - from, s << STRETCH_BITS, KIND_INT);
        else
            fill_stretch(w, keys + from, at[s] - from, s << STRETCH_BITS, KIND_REAL);
        scan(w);
        from = at[s];
    }
    return STATUS_OK;
}

static void by_one_table(struct work *w) {
    clear(w);
    if (w->values->kind == KIND_INT)
        fill_values(w, KIND_INT);
    else
        fill_values(w, KIND_REAL);
    scan(w);
}

/* only_bucket gives the lowest pair where all values are equal: of reals, a single -0.0 has 0.0 beside it. */
static void only_bucket(struct work *w, const struct bucket *ends) {
    size_t least = 0;
    for (size_t i = 0; i < w->values->n; i++)
        least += gap_key(w->values, i) == ends->min;
    *w->best = (struct span){ends->min, least > 1 ? ends->min : ends->max, 0};
}

enum status gap_buckets(struct ctx *ctx, const struct array *values, struct span *best) {
    struct work w = {.ctx = ctx, .values = values, .best = best};
    struct ctx_mark mark = ctx_mark(ctx);
    struct bucket ends;
    if (values->kind == KIND_INT)
        extremes_of(&w, &ends, KIND_INT);
    else
        extremes_of(&w, &ends, KIND_REAL);
    if (ctx_stop(ctx) != STOP_NONE)
        return ctx_stopped(ctx);
    gap_map_init(&w.map, values->kind, values->n, ends.min, ends.max);
    w.n_table = w.map.n < STRETCH ? w.map.n : STRETCH;
    if (!(w.table = ctx_alloc(ctx, w.n_table, sizeof *w.table)))
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    if (w.map.n > STRETCH)
        status = by_stretches(&w);
    else
        by_one_table(&w);
    if (w.found == 1)
        only_bucket(&w, &ends);
    ctx_rewind(ctx, mark);
    return status == STATUS_OK && ctx_stop(ctx) != STOP_NONE ? ctx_stopped(ctx) : status;
}
