#include "core/sort/select.h"
#include "core/sort/compare_sort.h"
#include "core/sort/keys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    SMALL = 256,        /* so few keys are sorted */
    MAX_SAMPLE = 32768, /* its sorting stays far below the reading of the values */
    BLOCK = 1024,       /* keys between two looks at the room that is left */
    DIGIT_BITS = 11,
};

/* Where keys come from: an array of values, read as keys on the fly, or keys. */
enum source_kind { FROM_KEYS, FROM_INTS, FROM_REALS };

struct source {
    const void *p;
    size_t n;
    enum source_kind kind;
};

static ALWAYS_INLINE uint64_t key_at(const void *p, size_t i, enum source_kind kind) {
    if (kind == FROM_INTS)
        return key_of_int(((const int64_t *)p)[i]);
    return kind == FROM_REALS ? key_of_real(((const double *)p)[i]) : ((const uint64_t *)p)[i];
}

/* FOR_KIND makes one loop a kind: f(..., kind) with a constant. */
#define FOR_KIND(kind, f, ...)                           \
    ((kind) == FROM_INTS    ? f(__VA_ARGS__, FROM_INTS)  \
     : (kind) == FROM_REALS ? f(__VA_ARGS__, FROM_REALS) \
                            : f(__VA_ARGS__, FROM_KEYS))

/* Keys low .. low + span; `below` counts those less than low, `n` those within, which are kept while there is room. */
struct bracket {
    uint64_t low, span;
    size_t below, n;
    uint64_t *kept;
    size_t room;
};

/* gather reads all keys; false: there was no room for those within. */
static ALWAYS_INLINE bool gather_from(struct sorter *s, const struct source *from, struct bracket *b,
                                      enum source_kind kind) {
    uint64_t low = b->low, span = b->span, *kept = b->kept;
    size_t below = 0, n = 0;
    for (size_t i = 0; i < from->n;) {
        size_t end = min_size(from->n, i + BLOCK);
        if (n + BLOCK > b->room || sorter_stop(s, end - i))
            return false;
        for (; i < end; i++) {
            uint64_t key = key_at(from->p, i, kind);
            below += key < low;
            kept[n] = key;
            n += key - low <= span;
        }
    }
    b->below = below;
    b->n = n;
    return true;
}

/* tally only counts. */
static ALWAYS_INLINE bool tally_from(struct sorter *s, const struct source *from, struct bracket *b,
                                     enum source_kind kind) {
    uint64_t low = b->low, span = b->span;
    size_t below = 0, n = 0;
    for (size_t i = 0; i < from->n;) {
        size_t end = min_size(from->n, i + SORTER_POLL);
        if (sorter_stop(s, end - i))
            return false;
        for (; i < end; i++) {
            uint64_t key = key_at(from->p, i, kind);
            below += key < low;
            n += key - low <= span;
        }
    }
    b->below = below;
    b->n = n;
    return true;
}

static ALWAYS_INLINE bool sample_from(uint64_t *sample, size_t m, const struct source *from, enum source_kind kind) {
    size_t stride = from->n / m;
    for (size_t i = 0; i < m; i++)
        sample[i] = key_at(from->p, sample_place(i, stride), kind);
    return true;
}

/* bracket_choose finds keys that the r-th smallest of the source lies between, as far as a sample can tell: three
 * standard deviations of its rank in the sample to either side. */
static enum status bracket_choose(struct sorter *s, const struct source *from, size_t r, struct bracket *b) {
    double n = (double)from->n;
    size_t m = 128;
    while (m < MAX_SAMPLE && (double)m * (double)m * (double)m < n * n)
        m *= 2;
    struct ctx_mark mark = ctx_mark(s->ctx);
    uint64_t *sample = ctx_alloc(s->ctx, m, sizeof *sample);
    if (!sample)
        return STATUS_NO_MEMORY;
    (void)FOR_KIND(from->kind, sample_from, sample, m, from);
    quick_words(s, sample, m);
    size_t at = (size_t)((double)r / n * (double)m), margin = (size_t)(1.5 * sqrt((double)m)) + 1;
    uint64_t high = at + margin < m ? sample[at + margin] : UINT64_MAX;
    b->low = at > margin ? sample[at - margin] : 0;
    b->span = high - b->low;
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

static enum status select_small(struct sorter *s, const struct source *from, size_t r, uint64_t *key) {
    uint64_t a[SMALL];
    for (size_t i = 0; i < from->n; i++)
        a[i] = key_at(from->p, i, from->kind);
    quick_words(s, a, from->n);
    *key = a[r];
    return STATUS_OK;
}

/* What a bracket told. */
enum told {
    MISSED,   /* nothing: the answer lies outside */
    HELD,     /* the answer lies within, but too many keys do; the rank is that among them */
    NARROWED, /* so, and the source holds those alone */
    FOUND,    /* there is one key within: the answer */
};

/* select_bracketed tries the bracket b of a sample. */
static enum status select_bracketed(struct sorter *s, struct source *from, size_t *r, struct bracket *b,
                                    enum told *told) {
    *b = (struct bracket){.room = from->n / 8 + 4 * BLOCK};
    *told = MISSED;
    if (!(b->kept = ctx_alloc(s->ctx, b->room, sizeof *b->kept)))
        return STATUS_NO_MEMORY;
    enum status status = bracket_choose(s, from, *r, b);
    if (status != STATUS_OK)
        return status;
    bool kept = b->span > 0 && FOR_KIND(from->kind, gather_from, s, from, b);
    if (!kept && !FOR_KIND(from->kind, tally_from, s, from, b))
        return STATUS_OK; /* stopped */
    if (*r < b->below || *r >= b->below + b->n)
        return STATUS_OK;
    *r -= b->below;
    *told = b->span == 0 ? FOUND : kept && b->n <= from->n / 2 ? NARROWED : HELD;
    if (kept)
        *from = (struct source){b->kept, b->n, FROM_KEYS};
    return STATUS_OK;
}

static ALWAYS_INLINE bool extremes_from(struct sorter *s, const struct source *from, struct bracket *b,
                                        enum source_kind kind) {
    uint64_t low = UINT64_MAX, high = 0;
    (void)sorter_stop(s, from->n);
    for (size_t i = 0; i < from->n; i++) {
        uint64_t key = key_at(from->p, i, kind);
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    b->low = low;
    b->span = high - low;
    return true;
}

static ALWAYS_INLINE bool histogram_from(struct sorter *s, const struct source *from, const struct bracket *b,
                                         uint32_t *count, unsigned shift, enum source_kind kind) {
    (void)sorter_stop(s, from->n);
    for (size_t i = 0; i < from->n; i++) {
        uint64_t at = key_at(from->p, i, kind) - b->low;
        if (at <= b->span)
            count[at >> shift]++;
    }
    return true;
}

/* keep_bucket goes on with the keys of the bracket alone, once they are few. */
static enum status keep_bucket(struct sorter *s, struct source *from, struct bracket *b, size_t n) {
    if (n > from->n / 4)
        return STATUS_OK;
    b->room = n + BLOCK;
    if (!(b->kept = ctx_alloc(s->ctx, b->room + BLOCK, sizeof *b->kept)))
        return STATUS_NO_MEMORY;
    b->room += BLOCK;
    if (FOR_KIND(from->kind, gather_from, s, from, b))
        *from = (struct source){b->kept, b->n, FROM_KEYS};
    return STATUS_OK;
}

/* select_digits finds the r-th smallest of those within the bracket by its digits, the highest first: at most six
 * readings, whatever the keys. */
static enum status select_digits(struct sorter *s, struct source from, struct bracket b, size_t r, uint64_t *key) {
    while (b.span > 0 && !s->stopped) {
        uint32_t count[1 << DIGIT_BITS] = {0};
        unsigned bits = bits_of(b.span), shift = bits > DIGIT_BITS ? bits - DIGIT_BITS : 0;
        (void)FOR_KIND(from.kind, histogram_from, s, &from, &b, count, shift);
        size_t digit = 0;
        for (; r >= count[digit]; digit++)
            r -= count[digit];
        uint64_t span = ((uint64_t)1 << shift) - 1, rest = b.span - ((uint64_t)digit << shift);
        b.low += (uint64_t)digit << shift;
        b.span = span < rest ? span : rest;
        enum status status = keep_bucket(s, &from, &b, count[digit]);
        if (status != STATUS_OK)
            return status;
    }
    *key = b.low;
    return STATUS_OK;
}

/* select_key gives the r-th smallest key, r from 0. */
static enum status select_key(struct sorter *s, struct source from, size_t r, uint64_t *key) {
    struct ctx_mark mark = ctx_mark(s->ctx);
    struct bracket b = {0};
    enum told told = NARROWED;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && told == NARROWED && from.n > SMALL && !s->stopped)
        status = select_bracketed(s, &from, &r, &b, &told);
    *key = b.low;
    if (told == MISSED && !s->stopped)
        (void)FOR_KIND(from.kind, extremes_from, s, &from, &b);
    if (status == STATUS_OK && told != FOUND && !s->stopped)
        status = from.n <= SMALL ? select_small(s, &from, r, key) : select_digits(s, from, b, r, key);
    ctx_rewind(s->ctx, mark);
    return status == STATUS_OK ? sorter_status(s) : status;
}

/* select_string gives the r-th smallest string: among the candidates, the r-th smallest of the next eight bytes leaves
 * those that have these bytes. */
static enum status select_string(struct sorter *s, const struct array *values, size_t r, struct str *answer) {
    size_t n = values->n;
    struct ctx_mark mark = ctx_mark(s->ctx);
    const struct str **left = ctx_alloc(s->ctx, n, sizeof *left);
    uint64_t *words = ctx_alloc(s->ctx, n, sizeof *words), word = 1;
    if (!left || !words)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        left[i] = &values->strings[i];
    for (size_t depth = 0; n > 1 && (word & 255) != 0;
         depth += 8) { /* a zero: they ended, all equal (no string has a U+0000) */
        for (size_t i = 0; i < n; i++)
            words[i] = item_word(left[i], depth);
        enum status status = select_key(s, (struct source){words, n, FROM_KEYS}, r, &word);
        if (status != STATUS_OK)
            return status;
        size_t kept = 0, below = 0;
        for (size_t i = 0; i < n; i++) {
            below += words[i] < word;
            left[kept] = left[i];
            kept += words[i] == word;
        }
        r -= below;
        n = kept;
        (void)sorter_stop(s, n);
    }
    *answer = *left[0];
    ctx_rewind(s->ctx, mark);
    return STATUS_OK;
}

static enum status select_one(struct sorter *s, const struct array *values, size_t r, struct array *out, size_t i) {
    if (values->kind == KIND_STRING)
        return select_string(s, values, r, &out->strings[i]);
    uint64_t key;
    bool ints = values->kind == KIND_INT;
    struct source from = {values->data, values->n, ints ? FROM_INTS : FROM_REALS};
    enum status status = select_key(s, from, r, &key);
    if (status != STATUS_OK)
        return status;
    if (ints)
        out->ints[i] = key_to_int(key);
    else
        out->reals[i] = key_to_real(key);
    return STATUS_OK;
}

/* select_sorted sorts and picks. */
static enum status select_sorted(struct ctx *ctx, const struct select_in *in, struct array *sorted) {
    struct sort_in sort = {.values = in->values, .descending = !in->smallest, .unique = in->distinct};
    struct sort_out out;
    enum status status = sort_solve(ctx, &sort, &out);
    *sorted = out.values;
    return status;
}

/* check_ks refuses a rank that is not in 1 .. n. */
static enum status check_ks(struct ctx *ctx, const struct select_in *in, size_t n, const char *what) {
    for (size_t i = 0; i < in->n_ks; i++) {
        int64_t k = in->ks[i];
        if (k >= 1 && (uint64_t)k <= n)
            continue;
        char name[40] = "k", pointer[40] = "/k";
        if (!in->single) {
            snprintf(name, sizeof name, "ks[%zu]", i);
            snprintf(pointer, sizeof pointer, "/ks/%zu", i);
        }
        if (n == 0)
            return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %" PRId64 ", but values is empty and has no k-th.",
                            name, k);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is %" PRId64 ", want 1 to %zu: there %s %zu %s%s.", name, k,
                        n, n == 1 ? "is" : "are", n, what, n == 1 ? "" : "s");
    }
    return STATUS_OK;
}

static void pick(const struct array *from, size_t at, struct array *out, size_t i) {
    if (from->kind == KIND_STRING)
        out->strings[i] = from->strings[at];
    else
        memcpy((char *)out->data + 8 * i, (const char *)from->data + 8 * at, 8);
}

const char *const select_algorithm_names[] = {"auto", "select", "sort", NULL};

struct select_choice select_choose(const struct select_in *in) {
    if (in->algorithm != SELECT_AUTO)
        return (struct select_choice){in->algorithm, NULL};
    if (in->distinct)
        return (struct select_choice){SELECT_SORT, "Which values are distinct shows in their order."};
    if (in->n_ks > SELECT_MANY)
        return (struct select_choice){SELECT_SORT, "So many ranks are asked for that sorting once is less work."};
    return (struct select_choice){SELECT_SELECT, "For few ranks a reading of the values for each is less than a sort."};
}

enum status select_check(struct ctx *ctx, enum select_algorithm algorithm, bool distinct) {
    if (algorithm != SELECT_SELECT || !distinct)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/algorithm",
                    "Selection counts repeats, and distinct values are asked for; want \"sort\" or \"auto\".");
}

enum status select_solve(struct ctx *ctx, const struct select_in *in, struct array *out) {
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    enum status status = select_check(ctx, in->algorithm, in->distinct);
    if (status == STATUS_OK)
        status = check_ks(ctx, in, in->values.n, "value");
    if (status != STATUS_OK)
        return status;
    void *data = ctx_alloc(ctx, in->n_ks, in->values.kind == KIND_STRING ? sizeof(struct str) : 8);
    if (!data)
        return STATUS_NO_MEMORY;
    *out = array_1d(in->values.kind, data, in->n_ks);
    if (select_choose(in).algorithm == SELECT_SORT) {
        struct array sorted;
        status = select_sorted(ctx, in, &sorted);
        if (status == STATUS_OK)
            status = check_ks(ctx, in, sorted.n, "distinct value");
        for (size_t i = 0; status == STATUS_OK && i < in->n_ks; i++)
            pick(&sorted, (size_t)in->ks[i] - 1, out, i);
        return status;
    }
    struct sorter s = {.ctx = ctx};
    for (size_t i = 0; status == STATUS_OK && i < in->n_ks; i++) {
        size_t k = (size_t)in->ks[i];
        status = select_one(&s, &in->values, in->smallest ? k - 1 : in->values.n - k, out, i);
    }
    return status;
}
