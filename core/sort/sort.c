#include "core/sort/sort.h"
#include "core/sort/compare_sort.h"
#include "core/sort/distribute.h"
#include "core/sort/few.h"
#include "core/sort/keys.h"
#include "core/sort/radix.h"

#include <inttypes.h>
#include <stdio.h>

const char *const sort_algorithm_names[] = {"auto", "counting", "radix", "bucket", "heap", "merge", "quick", NULL};

/* What `auto` goes by; measured with bench/sort.c. */
enum {
    AUTO_RADIX = 1000,       /* fewer numbers: quick */
    AUTO_SMALL_STRINGS = 96, /* fewer strings: quick */
    AUTO_TURNS = KEY_TURNS,  /* numbers that change no more often between rising and falling: merge */
    AUTO_RUN = 16,           /* ... if the stretches between are so long */
    AUTO_COUNTERS = 4096,    /* a range below this and below half the number of values: counting */
    AUTO_RUNS_STRINGS = 8,   /* fewer pairs of neighbours in the wrong order, or in the right one: merge */
};

struct job {
    const struct sort_in *in;
    struct sort_out *out;
    struct sorter s;
    size_t n;
    enum coding coding;
    struct key_scan scan;
    uint64_t *keys; /* numbers: n keys, in the memory of out->values */
};

static uint64_t counting_limit(size_t n) {
    uint64_t limit = (uint64_t)n * SORT_COUNTING_PER_VALUE;
    return limit > SORT_COUNTING_MIN ? limit : SORT_COUNTING_MIN;
}

static enum status out_alloc(struct job *job, size_t size) {
    struct sort_out *out = job->out;
    void *values = ctx_alloc(job->s.ctx, job->n, size), *indices = NULL;
    if (!values || (job->in->argsort && !(indices = ctx_alloc(job->s.ctx, job->n, sizeof(int64_t)))))
        return STATUS_NO_MEMORY;
    out->values = array_1d(job->in->values.kind, values, job->n);
    if (job->in->argsort)
        out->indices = array_1d(KIND_INT, indices, job->n);
    return STATUS_OK;
}

static enum status refuse_range(struct job *job) {
    const char *unlike = "so counting sort would need more counters than the %" PRIu64
                         " it is allowed here; take \"radix\" or \"auto\".";
    char tail[160];
    snprintf(tail, sizeof tail, unlike, counting_limit(job->n));
    uint64_t low = job->in->descending ? ~job->scan.max : job->scan.min;
    uint64_t high = job->in->descending ? ~job->scan.min : job->scan.max;
    if (job->coding == CODING_INTS)
        return ctx_fail(job->s.ctx, STATUS_INVALID, "/algorithm",
                        "The values range from %" PRId64 " to %" PRId64 ", %s", key_to_int(low), key_to_int(high),
                        tail);
    return ctx_fail(job->s.ctx, STATUS_INVALID, "/algorithm", "The values range from %.17g to %.17g, %s",
                    key_to_integral(low), key_to_integral(high), tail);
}

/* choose_coding reads reals without fractions as integers where that pays. */
static enum status choose_coding(struct job *job) {
    enum sort_algorithm algorithm = job->in->algorithm;
    size_t at;
    job->coding = job->in->values.kind == KIND_INT ? CODING_INTS : CODING_REALS;
    if (job->coding == CODING_INTS || (algorithm != SORT_AUTO && algorithm != SORT_COUNTING && algorithm != SORT_RADIX))
        return STATUS_OK;
    if (keys_integral(&job->in->values, &at))
        job->coding = CODING_INTEGRAL;
    else if (algorithm == SORT_COUNTING)
        return ctx_fail(
            job->s.ctx, STATUS_INVALID, "/algorithm",
            "values[%zu] is %.17g, but counting sort counts integers (of at most 2^53 when written as reals); "
            "take \"radix\" or \"auto\".",
            at, job->in->values.reals[at]);
    return STATUS_OK;
}

static enum sort_algorithm choose_for_numbers(const struct job *job) {
    if (job->scan.turns <= min_size(AUTO_TURNS, job->n / AUTO_RUN))
        return SORT_MERGE;
    uint64_t range = job->scan.max - job->scan.min;
    if (range < min_size(AUTO_COUNTERS, job->n / 2))
        return SORT_COUNTING;
    return job->n >= AUTO_RADIX ? SORT_RADIX : SORT_QUICK;
}

static struct spread spread_of(const struct job *job, unsigned shift) {
    return (struct spread){job->scan.min, job->scan.max, job->coding == CODING_REALS, job->in->descending, shift};
}

/* sort_words sorts the words in job->keys in place. The algorithm is none of auto, counting and radix. */
static enum status sort_words(struct job *job, unsigned shift) {
    struct sorter *s = &job->s;
    enum sort_algorithm algorithm = job->out->algorithm;
    uint64_t *a = job->keys, *scratch = NULL;
    size_t n_scratch = algorithm == SORT_MERGE ? job->n / 2 + 1 : job->n;
    bool in_place = algorithm == SORT_QUICK || algorithm == SORT_HEAP;
    if (!in_place && !(scratch = ctx_alloc(s->ctx, n_scratch, sizeof *scratch)))
        return STATUS_NO_MEMORY;
    struct spread spread = spread_of(job, shift);
    switch (algorithm) {
    case SORT_BUCKET: return bucket_words(s, a, scratch, job->n, &spread);
    case SORT_MERGE: merge_words(s, a, job->n, scratch); break;
    case SORT_HEAP: heap_words(s, a, job->n); break;
    default: quick_words(s, a, job->n); break;
    }
    return STATUS_OK;
}

static enum status sort_pairs(struct job *job, struct pair **sorted) {
    struct sorter *s = &job->s;
    enum sort_algorithm algorithm = job->out->algorithm;
    size_t n_scratch = algorithm == SORT_MERGE ? job->n / 2 + 1 : job->n;
    bool in_place = algorithm == SORT_QUICK || algorithm == SORT_HEAP;
    struct pair *a = ctx_alloc(s->ctx, job->n, sizeof *a), *scratch = NULL;
    if (!a || (!in_place && !(scratch = ctx_alloc(s->ctx, n_scratch, sizeof *scratch))))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < job->n; i++)
        a[i] = (struct pair){job->keys[i], i};
    struct spread spread = spread_of(job, 0);
    *sorted = a;
    switch (algorithm) {
    case SORT_BUCKET: return bucket_pairs(s, a, scratch, job->n, &spread);
    case SORT_MERGE: merge_pairs(s, a, job->n, scratch); break;
    case SORT_HEAP: heap_pairs(s, a, job->n); break;
    default: quick_pairs(s, a, job->n); break;
    }
    return STATUS_OK;
}

static struct sink sink_of(const struct job *job, uint64_t min, unsigned index_bits) {
    return (struct sink){job->coding, job->in->descending,   index_bits,
                         min,         job->out->values.data, job->in->argsort ? job->out->indices.ints : NULL};
}

static enum status run_values(struct job *job) {
    struct sink sink = sink_of(job, 0, 0);
    enum status status = sort_words(job, 0);
    if (status == STATUS_OK)
        sink_words(&sink, job->keys, 0, job->n);
    return status;
}

/* run_packed: key - min and the index fit into one word. */
static enum status run_packed(struct job *job, unsigned index_bits) {
    struct sink sink = sink_of(job, job->scan.min, index_bits);
    for (size_t i = 0; i < job->n; i++)
        job->keys[i] = (job->keys[i] - sink.min) << index_bits | i;
    enum status status = sort_words(job, index_bits);
    if (status == STATUS_OK)
        sink_words(&sink, job->keys, 0, job->n);
    return status;
}

static enum status run_pairs(struct job *job) {
    struct sink sink = sink_of(job, 0, 0);
    struct pair *sorted;
    enum status status = sort_pairs(job, &sorted);
    if (status == STATUS_OK)
        sink_pairs(&sink, sorted, 0, job->n);
    return status;
}

static enum status run_radix(struct job *job, unsigned index_bits) {
    struct sink sink = sink_of(job, job->scan.min, index_bits);
    return radix_numbers(&job->s, &job->in->values, job->scan.max - job->scan.min, &sink);
}

static enum status run_counting(struct job *job) {
    struct sort_out *out = job->out;
    uint64_t *sorted = job->keys;
    enum status status;
    if (job->in->argsort) {
        if (!(sorted = ctx_alloc(job->s.ctx, job->n, sizeof *sorted)))
            return STATUS_NO_MEMORY;
        status = counting_argsort(&job->s, job->keys, job->n, job->scan.min, job->scan.max, sorted, out->indices.ints);
    } else {
        status = counting_keys(&job->s, job->keys, job->n, job->scan.min, job->scan.max);
    }
    if (status == STATUS_OK)
        sink_words(&(struct sink){job->coding, job->in->descending, 0, 0, out->values.data, NULL}, sorted, 0, job->n);
    return status;
}

/* copy_ordered is merge sort of values that are in order already: it compares neighbours, which the scan did, and moves
 * nothing. */
static void copy_ordered(struct job *job) {
    struct sort_out *out = job->out;
    memcpy(out->values.data, job->in->values.data, job->n * 8);
    for (size_t i = 0; job->in->argsort && i < job->n; i++)
        out->indices.ints[i] = (int64_t)i;
    job->s.stats.comparisons = (int64_t)job->n - 1;
}

static enum status sort_numbers(struct job *job) {
    enum status status = choose_coding(job);
    if (status == STATUS_OK)
        status = out_alloc(job, 8);
    if (status != STATUS_OK)
        return status;
    job->keys = job->out->values.data;
    status = keys_scan(&job->s, &job->in->values, job->coding, job->in->descending, &job->scan);
    if (status != STATUS_OK || job->s.stopped)
        return status;
    if (job->out->algorithm == SORT_AUTO)
        job->out->algorithm = choose_for_numbers(job);
    if (job->out->algorithm == SORT_MERGE && job->scan.ordered) {
        copy_ordered(job);
        return STATUS_OK;
    }
    uint64_t range = job->scan.max - job->scan.min;
    unsigned index_bits = bits_of(job->n - 1);
    bool packs = job->in->argsort && index_bits > 0 && bits_of(range) + index_bits <= 64;
    bool counts = job->out->algorithm == SORT_COUNTING, radix = job->out->algorithm == SORT_RADIX, done = false;
    if ((radix || (counts && range < counting_limit(job->n))) && !job->in->argsort) {
        struct sink sink = sink_of(job, job->scan.min, 0);
        status = few_numbers(&job->s, &job->in->values, &sink, &done);
        if (status != STATUS_OK || done)
            return status;
    }
    if (radix)
        return run_radix(job, packs ? index_bits : 0);
    keys_make(&job->s, &job->in->values, job->coding, job->in->descending, job->keys);
    if (counts)
        return range < counting_limit(job->n) ? run_counting(job) : refuse_range(job);
    if (!job->in->argsort)
        return run_values(job);
    return packs ? run_packed(job, index_bits) : run_pairs(job);
}

/* common_prefix is the number of bytes in which all strings agree. */
static size_t common_prefix(struct job *job) {
    const struct str *a = job->in->values.strings;
    size_t common = a[0].n;
    for (size_t i = 1; i < job->n && common > 0 && !sorter_stop(&job->s, common / 8 + 1); i++) {
        common = min_size(common, a[i].n);
        if (common > 0 && memcmp(a[0].p, a[i].p, common) != 0)
            for (size_t j = 0; j < common; j++)
                if (a[0].p[j] != a[i].p[j])
                    common = j;
    }
    return common;
}

/* few_runs says whether the strings are nearly in order, or in reverse order; it stops looking when they are
 * neither. */
static bool few_runs(struct job *job) {
    const struct str *a = job->in->values.strings;
    size_t falling = 0, other = 0; /* pairs of neighbours */
    for (size_t i = 1; i < job->n && (falling < AUTO_RUNS_STRINGS || other < AUTO_RUNS_STRINGS); i++) {
        int c = str_compare(&a[i - 1], &a[i], job->s.depth);
        bool falls = job->in->descending ? c < 0 : c > 0;
        falling += falls;
        other += !falls;
        if (sorter_stop(&job->s, 4))
            return false;
    }
    return falling < AUTO_RUNS_STRINGS || other < AUTO_RUNS_STRINGS;
}

static enum sort_algorithm choose_for_strings(struct job *job) {
    if (few_runs(job))
        return SORT_MERGE;
    return job->n < AUTO_SMALL_STRINGS ? SORT_QUICK : SORT_RADIX;
}

static void items_make(struct job *job, struct item *items, struct spread *spread) {
    uint64_t flip = job->in->descending ? ~(uint64_t)0 : 0;
    *spread = (struct spread){.min = ~(uint64_t)0};
    for (size_t i = 0; i < job->n; i++) {
        const struct str *s = &job->in->values.strings[i];
        uint64_t prefix = item_word(s, job->s.depth) ^ flip;
        items[i] = (struct item){prefix, s};
        spread->min = prefix < spread->min ? prefix : spread->min;
        spread->max = prefix > spread->max ? prefix : spread->max;
    }
    (void)sorter_stop(&job->s, job->n);
}

static void items_write(struct job *job, const struct item *items) {
    struct sort_out *out = job->out;
    const struct str *base = job->in->values.strings;
    for (size_t i = 0; i < job->n; i++)
        out->values.strings[i] = *items[i].s;
    for (size_t i = 0; job->in->argsort && i < job->n; i++)
        out->indices.ints[i] = items[i].s - base;
    (void)sorter_stop(&job->s, job->n);
}

static enum status sort_items(struct job *job, struct item *items, const struct spread *spread) {
    struct sorter *s = &job->s;
    struct item *scratch = NULL;
    enum sort_algorithm algorithm = job->out->algorithm;
    bool in_place = algorithm == SORT_QUICK || algorithm == SORT_HEAP;
    if (!in_place && !(scratch = ctx_alloc(s->ctx, job->n + 1, sizeof *scratch)))
        return STATUS_NO_MEMORY;
    switch (algorithm) {
    case SORT_RADIX: radix_items(s, items, job->n, scratch); break;
    case SORT_BUCKET: return bucket_items(s, items, scratch, job->n, spread);
    case SORT_MERGE: merge_items(s, items, job->n, scratch); break;
    case SORT_HEAP: heap_items(s, items, job->n); break;
    default: quick_items(s, items, job->n); break;
    }
    return STATUS_OK;
}

static enum status sort_strings(struct job *job) {
    enum status status = out_alloc(job, sizeof(struct str));
    if (status != STATUS_OK)
        return status;
    struct item *items = ctx_alloc(job->s.ctx, job->n, sizeof *items);
    if (!items)
        return STATUS_NO_MEMORY;
    struct spread spread;
    job->s.reverse = job->in->descending;
    job->s.depth = common_prefix(job);
    items_make(job, items, &spread);
    if (job->out->algorithm == SORT_AUTO)
        job->out->algorithm = choose_for_strings(job);
    if (job->s.stopped)
        return STATUS_OK;
    status = sort_items(job, items, &spread);
    if (status == STATUS_OK)
        items_write(job, items);
    return status;
}

static bool equal_at(const struct array *a, size_t i, size_t j) {
    if (a->kind == KIND_INT)
        return a->ints[i] == a->ints[j];
    if (a->kind == KIND_REAL)
        return a->reals[i] == a->reals[j];
    return str_compare(&a->strings[i], &a->strings[j], 0) == 0;
}

/* drop_repeats keeps the first of equal neighbours. */
static void drop_repeats(struct sort_out *out) {
    struct array *a = &out->values;
    size_t kept = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (kept > 0 && equal_at(a, kept - 1, i))
            continue;
        if (a->kind == KIND_STRING)
            a->strings[kept] = a->strings[i];
        else if (a->kind == KIND_REAL)
            a->reals[kept] = a->reals[i];
        else
            a->ints[kept] = a->ints[i];
        if (out->indices.kind)
            out->indices.ints[kept] = out->indices.ints[i];
        kept++;
    }
    a->n = a->shape[0] = kept;
    if (out->indices.kind)
        out->indices.n = out->indices.shape[0] = kept;
}

/* why says what `auto` went by. */
static const char *why(const struct sort_in *in, enum sort_algorithm used) {
    static const char *const WHY[] = {
        [SORT_COUNTING] = "The values lie in a range that is small beside their number.",
        [SORT_RADIX] = "There are many values, and few passes over their digits do.",
        [SORT_MERGE] = "The values come in a few runs that are in order.",
        [SORT_QUICK] = "There are few values for passes over their digits.",
    };
    return in->algorithm == SORT_AUTO ? WHY[used] : NULL;
}

static enum status check(struct ctx *ctx, const struct sort_in *in) {
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    if (in->values.n > UINT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/values", "values has %zu elements, want fewer than 2^32.",
                        in->values.n);
    if (in->values.kind == KIND_STRING && in->algorithm == SORT_COUNTING)
        return ctx_fail(ctx, STATUS_INVALID, "/algorithm",
                        "Counting sort counts integers, but the values are strings; take \"radix\" or \"auto\".");
    return STATUS_OK;
}

enum status sort_solve(struct ctx *ctx, const struct sort_in *in, struct sort_out *out) {
    *out = (struct sort_out){.values = array_1d(in->values.kind, NULL, 0), .algorithm = in->algorithm};
    if (in->argsort)
        out->indices = array_1d(KIND_INT, NULL, 0);
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    if (in->values.n == 0) {
        out->algorithm = in->algorithm == SORT_AUTO ? SORT_MERGE : in->algorithm;
        out->why = why(in, out->algorithm);
        return STATUS_OK;
    }
    struct job job = {.in = in, .out = out, .n = in->values.n, .s.ctx = ctx};
    job.s.stats.n = (int64_t)job.n;
    status = in->values.kind == KIND_STRING ? sort_strings(&job) : sort_numbers(&job);
    if (status == STATUS_OK)
        status = sorter_status(&job.s);
    if (status == STATUS_OK && in->unique)
        drop_repeats(out);
    out->stats = job.s.stats;
    out->why = why(in, out->algorithm);
    return status;
}
