#include "core/sort/sort_trace.h"

#include "core/sort/keys.h"

/* What is sorted: `a`, in place, and `b` of the same size for those that do not sort in place. */
struct traced {
    struct trace *t;
    struct array a, b;
    bool descending;
    struct sorter s; /* for its look at the stop flag */
};

static size_t size_of(const struct array *a) { return a->kind == KIND_STRING ? sizeof(struct str) : 8; }

static void *place(const struct array *a, size_t i) { return (char *)a->data + i * size_of(a); }

/* key_of orders numbers, in the wanted direction. */
static uint64_t key_of(const struct traced *x, size_t i) {
    uint64_t key = x->a.kind == KIND_INT ? key_of_int(x->a.ints[i]) : key_of_real(x->a.reals[i]);
    return x->descending ? ~key : key;
}

/* order is below 0 where value i comes before value j. */
static int order(const struct traced *x, size_t i, size_t j) {
    if (x->a.kind == KIND_STRING) {
        int c = str_compare(&x->a.strings[i], &x->a.strings[j], 0);
        return x->descending ? -c : c;
    }
    uint64_t a = key_of(x, i), b = key_of(x, j);
    return (a > b) - (a < b);
}

static bool before(struct traced *x, size_t i, size_t j) {
    trace_add(x->t, "compare", TRACE_AT((int64_t)i, (int64_t)j), &x->a, TRACE_NO_VARS);
    (void)sorter_stop(&x->s, 16);
    return order(x, i, j) < 0;
}

static void swap(struct traced *x, size_t i, size_t j) {
    struct str kept; /* the larger of the two kinds of element */
    size_t size = size_of(&x->a);
    memcpy(&kept, place(&x->a, i), size);
    memcpy(place(&x->a, i), place(&x->a, j), size);
    memcpy(place(&x->a, j), &kept, size);
    trace_add(x->t, "swap", TRACE_AT((int64_t)i, (int64_t)j), &x->a, TRACE_NO_VARS);
    (void)sorter_stop(&x->s, 16);
}

/* put notes in b what element `to` of the stretch will be; write_back then sets low .. high-1. */
static void put(struct traced *x, size_t to, size_t from) {
    memcpy(place(&x->b, to), place(&x->a, from), size_of(&x->a));
}

static void write_back(struct traced *x, size_t low, size_t high) {
    for (size_t i = low; i < high; i++) {
        memcpy(place(&x->a, i), place(&x->b, i), size_of(&x->a));
        trace_add(x->t, "set", TRACE_AT((int64_t)i), &x->a, TRACE_NO_VARS);
    }
    (void)sorter_stop(&x->s, 16 * (high - low));
}

/* look records that the value in a place was looked at, and what was seen. */
static void look(struct traced *x, const char *op, size_t i, const char *what, uint64_t seen) {
    trace_add(x->t, op, TRACE_AT((int64_t)i), &x->a, TRACE_VARS({what, trace_int((int64_t)seen)}));
}

static void heap_sift(struct traced *x, size_t root, size_t n) {
    for (size_t child; (child = 2 * root + 1) < n && !x->s.stopped; root = child) {
        if (child + 1 < n && before(x, child, child + 1))
            child++;
        if (!before(x, root, child))
            return;
        swap(x, root, child);
    }
}

static void heap(struct traced *x) {
    size_t n = x->a.n;
    for (size_t i = n / 2; i-- > 0;)
        heap_sift(x, i, n);
    for (size_t end = n; end > 1 && !x->s.stopped; end--) {
        swap(x, 0, end - 1);
        heap_sift(x, 0, end - 1);
    }
}

static void merge_two(struct traced *x, size_t low, size_t middle, size_t high) {
    size_t i = low, j = middle;
    for (size_t to = low; to < high; to++) {
        bool right = i == middle || (j < high && before(x, j, i)); /* equal: the left one */
        put(x, to, right ? j++ : i++);
    }
    write_back(x, low, high);
}

/* merge goes bottom up: runs of 1, 2, 4, ... */
static void merge(struct traced *x) {
    size_t n = x->a.n;
    for (size_t width = 1; width < n && !x->s.stopped; width *= 2)
        for (size_t low = 0; low + width < n && !x->s.stopped; low += 2 * width)
            merge_two(x, low, low + width, min_size(low + 2 * width, n));
}

/* insert sorts low .. high-1 by insertion. */
static void insert(struct traced *x, size_t low, size_t high) {
    for (size_t i = low + 1; i < high && !x->s.stopped; i++)
        for (size_t j = i; j > low && before(x, j, j - 1) && !x->s.stopped; j--)
            swap(x, j, j - 1);
}

/* partition moves the median of three to `low` and parts the rest around it; it gives the pivot's place. */
static size_t partition(struct traced *x, size_t low, size_t high) {
    size_t middle = low + (high - low) / 2, last = high - 1;
    if (before(x, middle, low))
        swap(x, middle, low);
    if (before(x, last, low))
        swap(x, last, low);
    if (before(x, last, middle))
        swap(x, last, middle);
    swap(x, low, middle);
    trace_add(x->t, "pivot", TRACE_AT((int64_t)low), &x->a,
              TRACE_VARS({"low", trace_int((int64_t)low)}, {"high", trace_int((int64_t)high - 1)}));
    size_t i = low + 1, j = last;
    for (;;) {
        while (i <= j && before(x, i, low))
            i++;
        while (i <= j && before(x, low, j))
            j--;
        if (i >= j)
            break;
        swap(x, i++, j--);
    }
    if (j != low)
        swap(x, low, j);
    return j;
}

/* quick recurses into the shorter side only, so its stack is short. */
static void quick(struct traced *x, size_t low, size_t high) {
    while (high - low > 8 && !x->s.stopped) {
        size_t p = partition(x, low, high);
        if (p - low < high - p) {
            quick(x, low, p);
            low = p + 1;
        } else {
            quick(x, p + 1, high);
            high = p;
        }
    }
    insert(x, low, high);
}

/* distribute puts the values of a stretch in the order of their bins, equal ones as they stand. */
static void distribute(struct traced *x, size_t low, size_t high, const unsigned *bins, size_t *start, size_t n_bins) {
    memset(start, 0, (n_bins + 1) * sizeof *start);
    for (size_t i = low; i < high; i++)
        start[bins[i] + 1]++;
    for (size_t k = 0; k < n_bins; k++)
        start[k + 1] += start[k];
    for (size_t i = low; i < high; i++)
        put(x, low + start[bins[i]]++, i);
    write_back(x, low, high);
}

static void radix_numbers(struct traced *x, unsigned *bins, size_t *start) {
    size_t n = x->a.n;
    uint64_t varying = 0;
    for (size_t i = 1; i < n; i++)
        varying |= key_of(x, i) ^ key_of(x, 0);
    for (unsigned shift = 0; shift < 64 && !x->s.stopped; shift += 8) {
        if (!(varying >> shift & 255))
            continue;
        for (size_t i = 0; i < n; i++) {
            bins[i] = key_of(x, i) >> shift & 255;
            look(x, "digit", i, "digit", bins[i]);
        }
        distribute(x, 0, n, bins, start, 256);
    }
}

/* byte_of is the byte of a string at a depth as a bin: 0 (greatest first: 256) behind its end. */
static unsigned byte_of(const struct traced *x, size_t i, size_t depth) {
    const struct str *s = &x->a.strings[i];
    unsigned bin = depth < s->n ? (unsigned char)s->p[depth] + 1u : 0;
    return x->descending ? 256 - bin : bin;
}

/* agree skips the bytes that all strings of a stretch share; false: they are all the same. */
static bool agree(struct traced *x, size_t low, size_t high, size_t *depth) {
    for (;; ++*depth) {
        bool ended = *depth >= x->a.strings[low].n, same = true;
        for (size_t i = low + 1; i < high && same; i++)
            same = byte_of(x, i, *depth) == byte_of(x, low, *depth);
        if (!same)
            return true;
        if (ended || sorter_stop(&x->s, high - low))
            return false;
    }
}

/* radix_strings goes from the first byte on; each level parts its stretch, so there are fewer levels than values. */
static void radix_strings(struct traced *x, size_t low, size_t high, size_t depth, unsigned *bins, size_t *start) {
    if (high - low < 2 || !agree(x, low, high, &depth) || x->s.stopped)
        return;
    for (size_t i = low; i < high; i++) {
        bins[i] = byte_of(x, i, depth);
        trace_add(x->t, "digit", TRACE_AT((int64_t)i), &x->a,
                  TRACE_VARS({"digit", trace_int(x->descending ? 255 - (int64_t)bins[i] : (int64_t)bins[i] - 1)},
                             {"depth", trace_int((int64_t)depth)}));
    }
    distribute(x, low, high, bins, start, 257);
    for (size_t end; low < high; low = end) {
        for (end = low + 1; end < high && byte_of(x, end, depth) == byte_of(x, low, depth);)
            end++;
        radix_strings(x, low, end, depth, bins, start);
    }
}

/* counting gives every value the number of those before it; the table of the fast one holds the same counts. */
static void counting(struct traced *x) {
    size_t n = x->a.n;
    for (size_t i = 0; i < n && !x->s.stopped; i++) {
        size_t to = 0;
        for (size_t j = 0; j < n; j++)
            to += order(x, j, i) < 0 || (j < i && order(x, j, i) == 0);
        look(x, "count", i, "before", to);
        put(x, to, i);
        (void)sorter_stop(&x->s, n);
    }
    if (!x->s.stopped)
        write_back(x, 0, n);
}

/* bucket spreads the values over as many buckets as there are, then inserts. Strings go by eight bytes. */
static void bucket(struct traced *x, unsigned *bins, size_t *start) {
    size_t n = x->a.n;
    uint64_t min = UINT64_MAX, max = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            uint64_t word = x->a.kind == KIND_STRING ? item_word(&x->a.strings[i], 0) : key_of(x, i);
            if (x->a.kind == KIND_STRING && x->descending)
                word = ~word;
            if (pass == 0) {
                min = word < min ? word : min;
                max = word > max ? word : max;
                continue;
            }
            bins[i] = (unsigned)((unsigned __int128)(word - min) * n / ((unsigned __int128)(max - min) + 1));
            look(x, "bucket", i, "bucket", bins[i]);
        }
    distribute(x, 0, n, bins, start, n);
    insert(x, 0, n);
}

static void run(struct traced *x, enum sort_algorithm algorithm, unsigned *bins, size_t *start) {
    switch (algorithm) {
    case SORT_COUNTING: counting(x); break;
    case SORT_RADIX:
        if (x->a.kind == KIND_STRING)
            radix_strings(x, 0, x->a.n, 0, bins, start);
        else
            radix_numbers(x, bins, start);
        break;
    case SORT_BUCKET: bucket(x, bins, start); break;
    case SORT_HEAP: heap(x); break;
    case SORT_MERGE: merge(x); break;
    default: quick(x, 0, x->a.n);
    }
}

/* begin copies what is to be sorted, and makes room for as much. */
static enum status begin(struct ctx *ctx, const struct array *values, bool descending, struct trace *t,
                         struct traced *x) {
    size_t n = values->n, size = size_of(values);
    *x = (struct traced){.t = t, .a = *values, .b = *values, .descending = descending, .s.ctx = ctx};
    x->a.data = ctx_alloc(ctx, n, size);
    x->b.data = ctx_alloc(ctx, n, size);
    if (!x->a.data || !x->b.data)
        return STATUS_NO_MEMORY;
    if (n)
        memcpy(x->a.data, values->data, n * size);
    return STATUS_OK;
}

static enum status finish(struct traced *x) {
    enum status status = sorter_status(&x->s);
    return status == STATUS_OK ? trace_end(x->t) : status;
}

enum status sort_trace(struct ctx *ctx, const struct sort_in *in, enum sort_algorithm algorithm, struct trace *t) {
    size_t n = in->values.n;
    struct traced x;
    if (n == 0)
        return STATUS_OK;
    unsigned *bins = ctx_alloc(ctx, n, sizeof *bins);
    size_t *start = ctx_alloc(ctx, (n > 257 ? n : 257) + 1, sizeof *start);
    if (!bins || !start || begin(ctx, &in->values, in->descending, t, &x) != STATUS_OK)
        return STATUS_NO_MEMORY;
    run(&x, algorithm, bins, start);
    return finish(&x);
}

/* select_rank narrows down where the value of a rank from 0 will stand. */
static size_t select_rank(struct traced *x, size_t rank) {
    size_t low = 0, high = x->a.n;
    while (high - low > 3 && !x->s.stopped) {
        size_t p = partition(x, low, high);
        if (p == rank)
            return p;
        low = p < rank ? p + 1 : low;
        high = p < rank ? high : p;
        trace_add(x->t, "narrow", TRACE_AT((int64_t)p), &x->a,
                  TRACE_VARS({"low", trace_int((int64_t)low)}, {"high", trace_int((int64_t)high - 1)}));
    }
    insert(x, low, high);
    return rank;
}

/* distinct_rank gives the place of the rank-th value that differs from all before it, in sorted values. */
static size_t distinct_rank(const struct traced *x, size_t rank) {
    size_t i = 0;
    for (size_t next = 1; next < x->a.n && rank > 0; next++)
        if (order(x, i, next) != 0)
            i = next, rank--;
    return i;
}

enum status select_trace(struct ctx *ctx, const struct select_in *in, struct trace *t) {
    struct traced x;
    enum status status = begin(ctx, &in->values, !in->smallest, t, &x);
    bool sorts = select_choose(in).algorithm == SELECT_SORT;
    if (status == STATUS_OK && sorts)
        quick(&x, 0, in->values.n);
    for (size_t i = 0; status == STATUS_OK && i < in->n_ks && !x.s.stopped; i++) {
        size_t rank = (size_t)in->ks[i] - 1;
        size_t at = in->distinct ? distinct_rank(&x, rank) : sorts ? rank : select_rank(&x, rank);
        trace_add(t, "found", TRACE_AT((int64_t)at), &x.a, TRACE_VARS({"k", trace_int(in->ks[i])}));
        (void)sorter_stop(&x.s, in->values.n);
    }
    return status == STATUS_OK ? finish(&x) : status;
}

enum status quantile_trace(struct ctx *ctx, const struct quantile_in *in, struct trace *t) {
    int64_t *ks = ctx_alloc(ctx, in->n_qs, 2 * sizeof *ks);
    struct sort_in sort = {.values = in->values, .unique = true};
    struct sort_out sorted = {.values = in->values};
    enum status status = !ks ? STATUS_NO_MEMORY : in->distinct ? sort_solve(ctx, &sort, &sorted) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    struct select_in select = {
        .values = in->values, .ks = ks, .smallest = true, .distinct = in->distinct, .algorithm = in->algorithm};
    select.n_ks = quantile_ranks(in, sorted.values.n, ks);
    return select_trace(ctx, &select, t);
}
