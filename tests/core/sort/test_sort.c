#include "core/sort/sort.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

enum { LENGTH = 6 * 1000 };

static const enum sort_algorithm ALL[] = {SORT_AUTO, SORT_COUNTING, SORT_RADIX, SORT_BUCKET,
                                          SORT_HEAP, SORT_MERGE,    SORT_QUICK};

/* The oracle: indices ordered by qsort with the index as the last key. */
static const struct array *oracle_values;
static bool oracle_descending;

static int compare_values(const struct array *a, size_t i, size_t j) {
    if (a->kind == KIND_INT)
        return (a->ints[i] > a->ints[j]) - (a->ints[i] < a->ints[j]);
    if (a->kind == KIND_REAL) {
        if (a->reals[i] == a->reals[j]) /* -0.0 is before 0.0 */
            return !!signbit(a->reals[j]) - !!signbit(a->reals[i]);
        return a->reals[i] < a->reals[j] ? -1 : 1;
    }
    const struct str *s = &a->strings[i], *t = &a->strings[j];
    int c = memcmp(s->p, t->p, s->n < t->n ? s->n : t->n);
    return c ? c : (s->n > t->n) - (s->n < t->n);
}

static int compare_indices(const void *a, const void *b) {
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    int c = compare_values(oracle_values, i, j);
    if (oracle_descending)
        c = -c;
    return c ? c : (i > j) - (i < j);
}

static size_t *oracle(const struct array *values, bool descending) {
    size_t *order = malloc((values->n + 1) * sizeof *order);
    for (size_t i = 0; i < values->n; i++)
        order[i] = i;
    oracle_values = values;
    oracle_descending = descending;
    qsort(order, values->n, sizeof *order, compare_indices);
    return order;
}

/* numbers_equal: equality of `unique`. */
static bool same_value(const struct array *a, size_t i, size_t j) {
    return a->kind == KIND_REAL ? a->reals[i] == a->reals[j] : compare_values(a, i, j) == 0;
}

/* drop_repeats is the oracle's `unique`; returns the new length. */
static size_t drop_repeats(const struct array *values, size_t *order) {
    size_t kept = 0;
    for (size_t i = 0; i < values->n; i++)
        if (kept == 0 || !same_value(values, order[kept - 1], order[i]))
            order[kept++] = order[i];
    return kept;
}

static void assert_same_bits(const struct array *out, size_t i, const struct array *values, size_t j) {
    if (values->kind == KIND_STRING) {
        assert_int_equal(out->strings[i].n, values->strings[j].n);
        assert_memory_equal(out->strings[i].p, values->strings[j].p, values->strings[j].n);
    } else {
        assert_int_equal(out->ints[i], values->ints[j]); /* for reals: their bits */
    }
}

static void check_one(const struct array *values, enum sort_algorithm algorithm, const size_t *order, size_t n,
                      bool descending, bool argsort, bool unique) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 30);
    struct sort_in in = {*values, descending, argsort, unique, algorithm};
    struct sort_out out;
    assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
    assert_int_equal(out.values.kind, values->kind);
    assert_int_equal(out.values.n, n);
    assert_int_equal(out.values.shape[0], n);
    assert_int_equal(out.stats.n, values->n);
    assert_int_equal(out.indices.kind, argsort ? KIND_INT : KIND_NONE);
    if (algorithm == SORT_AUTO)
        assert_int_not_equal(out.algorithm, SORT_AUTO);
    else
        assert_int_equal(out.algorithm, algorithm);
    for (size_t i = 0; i < n; i++) {
        assert_same_bits(&out.values, i, values, order[i]);
        if (argsort)
            assert_int_equal(out.indices.ints[i], order[i]);
    }
    ctx_release(&ctx);
}

/* counting_fits: the header's rule, written down once more. */
static bool counting_fits(const struct array *a) {
    if (a->kind == KIND_STRING)
        return false;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < a->n; i++) {
        double x = a->kind == KIND_INT ? (double)a->ints[i] : a->reals[i];
        if (a->kind == KIND_REAL && (x != floor(x) || fabs(x) > 0x1p53))
            return false;
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    return a->n == 0 || high - low < 4e6;
}

static void check(const struct array *values) {
    for (int descending = 0; descending < 2; descending++) {
        size_t *order = oracle(values, descending), n = values->n;
        for (int unique = 0; unique < 2; unique++) {
            if (unique)
                n = drop_repeats(values, order);
            for (size_t k = 0; k < COUNT(ALL); k++)
                for (int argsort = 0; argsort < 2; argsort++)
                    if (ALL[k] != SORT_COUNTING || counting_fits(values))
                        check_one(values, ALL[k], order, n, descending, argsort, unique);
        }
        free(order);
    }
}

/* Shapes of inputs: value i of n, before scaling. */
enum shape {
    RANDOM,
    FEW,
    EQUAL,
    SORTED,
    REVERSED,
    SORTED_STEPS,
    REVERSED_STEPS,
    ORGAN,
    SAWTOOTH,
    ALMOST,
    RUNS,
    KILLER,
    SORTED_TAIL,
    SHAPES
};

/* killer makes the sequence that is worst for a plain median of 3 quick sort (Musser 1997, section 3). */
static uint64_t killer(size_t i, size_t n) {
    size_t half = n / 2;
    if (i >= 2 * half)
        return n;
    if (i < half)
        return i % 2 == 0 ? i + 1 : half + i + (half % 2 == 0);
    return 2 * (i - half + 1);
}

static uint64_t shaped(enum shape shape, size_t i, size_t n, uint64_t *random) {
    switch (shape) {
    case RANDOM: return test_random(random);
    case FEW: return test_below(random, 7);
    case EQUAL: return 5;
    case SORTED: return i;
    case REVERSED: return n - i;
    case SORTED_STEPS: return i / 5;
    case REVERSED_STEPS: return (n - i) / 5;
    case ORGAN: return i < n / 2 ? i : n - i;
    case SAWTOOTH: return i % 31;
    case ALMOST: return test_below(random, 50) ? i : test_below(random, n);
    case RUNS: return i % (n / 3 + 1);
    case KILLER: return killer(i, n);
    case SORTED_TAIL: return i < n - n / 10 ? i : test_below(random, n);
    case SHAPES: break;
    }
    return 0;
}

static const size_t LENGTHS[] = {1, 2, 3, 23, 24, 25, 100, 127, 128, 129, 1000, LENGTH};

static void ints_of_every_shape(void **state) {
    (void)state;
    static int64_t a[LENGTH];
    uint64_t random = 1;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t k = 0; k < COUNT(LENGTHS); k++) {
            for (size_t i = 0; i < LENGTHS[k]; i++)
                a[i] = (int64_t)shaped(shape, i, LENGTHS[k], &random);
            struct array values = array_1d(KIND_INT, a, LENGTHS[k]);
            check(&values);
        }
}

static void ints_of_every_width(void **state) {
    (void)state;
    static int64_t a[1000];
    uint64_t random = 2;
    for (unsigned width = 1; width <= 64; width++)
        for (unsigned shift = 0; shift + width <= 64; shift += 9) {
            for (size_t i = 0; i < COUNT(a); i++)
                a[i] = (int64_t)((test_random(&random) >> (64 - width) << shift) + (shift % 2 ? 0 : (uint64_t)-77));
            struct array values = array_1d(KIND_INT, a, COUNT(a));
            check(&values);
        }
}

static void ints_at_the_extremes(void **state) {
    (void)state;
    int64_t a[] = {INT64_MAX, INT64_MIN, 0, -1, INT64_MAX, INT64_MIN + 1, 1, INT64_MIN, INT64_MAX - 1};
    struct array values = array_1d(KIND_INT, a, COUNT(a));
    check(&values);
}

/* no_nan: bits of a finite double. */
static double finite_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, 8);
    return isfinite(x) ? x : 0.5;
}

static void reals_of_every_shape(void **state) {
    (void)state;
    static double a[LENGTH];
    uint64_t random = 3;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t k = 0; k < COUNT(LENGTHS); k++)
            for (int fraction = 0; fraction < 2; fraction++) {
                for (size_t i = 0; i < LENGTHS[k]; i++) {
                    double x = (double)(int64_t)(shaped(shape, i, LENGTHS[k], &random) & 0xfffff) - 1000;
                    a[i] = fraction ? x / 7 : x;
                }
                struct array values = array_1d(KIND_REAL, a, LENGTHS[k]);
                check(&values);
            }
}

static void reals_of_any_bits(void **state) {
    (void)state;
    static double a[LENGTH];
    uint64_t random = 4;
    for (size_t i = 0; i < LENGTH; i++)
        a[i] = finite_of(test_random(&random));
    struct array values = array_1d(KIND_REAL, a, LENGTH);
    check(&values);
}

static void reals_at_the_extremes(void **state) {
    (void)state;
    double some[] = {0.0,      -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN, -DBL_MIN, DBL_MAX,
                     -DBL_MAX, 1.0,  -1.0,         0x1p53,        -0x1p53, 0x1p54,   -DBL_MIN / 2};
    static double a[600];
    uint64_t random = 5;
    for (size_t kinds = 2; kinds <= COUNT(some); kinds++) {
        for (size_t i = 0; i < COUNT(a); i++)
            a[i] = some[test_below(&random, kinds)];
        struct array values = array_1d(KIND_REAL, a, COUNT(a));
        check(&values);
    }
}

static void zeros_and_small_integers(void **state) {
    (void)state;
    static double a[2000];
    uint64_t random = 6;
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = copysign((double)test_below(&random, 4), test_below(&random, 2) ? -1 : 1);
    struct array values = array_1d(KIND_REAL, a, COUNT(a));
    check(&values);
}

/* strings_make fills n strings of at most `longest` bytes out of `letters` kinds, behind a common prefix. */
static char *strings_make(struct str *a, size_t n, size_t prefix, size_t longest, unsigned letters, uint64_t *random) {
    char *text = malloc(n * (prefix + longest) + 1), *p = text;
    for (size_t i = 0; i < n; i++) {
        size_t length = test_below(random, longest + 1);
        a[i] = (struct str){p, prefix + length};
        memset(p, 'p', prefix);
        for (size_t j = 0; j < length; j++) /* low letters and high bytes: signed chars would show */
            p[prefix + j] =
                (char)(letters == 255 ? 1 + test_below(random, 255) : (j % 2 ? 250 : 97) + test_below(random, letters));
        p += prefix + length;
    }
    return text;
}

static void strings_of_many_kinds(void **state) {
    (void)state;
    static const struct {
        size_t n, prefix, longest;
        unsigned letters;
    } rows[] = {
        {1, 0, 5, 3},       {2, 0, 0, 1},     {50, 0, 12, 2},    {500, 0, 3, 2},
        {3000, 0, 20, 255}, {3000, 0, 9, 1},  {3000, 100, 9, 5}, {3000, 7, 17, 2},
        {3000, 1000, 2, 2}, {3000, 0, 40, 1}, {LENGTH, 0, 8, 4}, {LENGTH, 3, 30, 2},
    };
    static struct str a[LENGTH];
    uint64_t random = 7;
    for (size_t k = 0; k < COUNT(rows); k++) {
        char *text = strings_make(a, rows[k].n, rows[k].prefix, rows[k].longest, rows[k].letters, &random);
        struct array values = array_1d(KIND_STRING, a, rows[k].n);
        check(&values);
        free(text);
    }
}

static void strings_in_order_and_nested(void **state) {
    (void)state;
    static struct str a[2000];
    static char text[2000];
    memset(text, 'x', sizeof text);
    for (int shape = 0; shape < 3; shape++) { /* each the prefix of the next: rising, falling, mixed */
        for (size_t i = 0; i < COUNT(a); i++)
            a[i] = (struct str){text, shape == 0 ? i : shape == 1 ? COUNT(a) - i : i * 7919 % COUNT(a)};
        struct array values = array_1d(KIND_STRING, a, COUNT(a));
        check(&values);
    }
}

static void code_points_decide(void **state) {
    (void)state;
    static const char *const words[] = {"\xf0\x9f\x98\x80", "z", "\xc3\xa9", "\xef\xbf\xbd", "", "Z", "e\xcc\x81"};
    static const char *const sorted[] = {"", "Z", "e\xcc\x81", "z", "\xc3\xa9", "\xef\xbf\xbd", "\xf0\x9f\x98\x80"};
    struct str a[COUNT(words)];
    for (size_t i = 0; i < COUNT(words); i++)
        a[i] = (struct str){words[i], strlen(words[i])};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct sort_in in = {.values = array_1d(KIND_STRING, a, COUNT(words))};
    struct sort_out out;
    assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_int_equal(out.values.strings[i].n, strlen(sorted[i]));
        assert_memory_equal(out.values.strings[i].p, sorted[i], strlen(sorted[i]));
    }
    ctx_release(&ctx);
}

static void nothing_to_sort(void **state) {
    (void)state;
    static const enum kind kinds[] = {KIND_INT, KIND_REAL, KIND_STRING};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct array values = array_1d(kinds[k], NULL, 0);
        check(&values);
    }
}

static void comparisons_stay_below_n_log_n(void **state) {
    (void)state;
    static int64_t a[1 << 16];
    size_t n = COUNT(a);
    uint64_t random = 8;
    static const enum sort_algorithm algorithms[] = {SORT_QUICK, SORT_MERGE, SORT_HEAP, SORT_BUCKET};
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t k = 0; k < COUNT(algorithms); k++) {
            for (size_t i = 0; i < n; i++)
                a[i] = (int64_t)shaped(shape, i, n, &random);
            a[0] = INT64_MAX; /* all others in one bucket */
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            struct sort_in in = {.values = array_1d(KIND_INT, a, n), .algorithm = algorithms[k]};
            struct sort_out out;
            assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
            assert_in_range(out.stats.comparisons, shape == RANDOM && algorithms[k] == SORT_BUCKET ? 0 : n - 1, 30 * n);
            ctx_release(&ctx);
        }
}

/* An adversary that answers comparisons only when asked cannot be played here (numbers are fixed in advance), but it
 * can be recorded: McIlroy, "A killer adversary for quicksort" (1999) needs the comparison itself. So the fall-back is
 * driven by lopsided data: many copies of a pattern that puts extremes where the medians are taken. */
static void lopsided_data_stay_below_n_log_n(void **state) {
    (void)state;
    static int64_t a[1 << 16];
    size_t n = COUNT(a);
    for (size_t i = 0; i < n; i++)
        a[i] = (int64_t)i;
    for (size_t length = n; length > 128; length -= 6) { /* the smallest of each prefix lie at its nine probes */
        size_t half = length / 2, at[] = {0, 1, 2, half - 1, half, half + 1, length - 1, length - 2, length - 3};
        for (size_t k = 0; k < COUNT(at); k++)
            a[at[k]] = (int64_t)(n - length) - (int64_t)k;
    }
    struct ctx ctx;
    ctx_init(&ctx, 1 << 24);
    struct sort_in in = {.values = array_1d(KIND_INT, a, n), .algorithm = SORT_QUICK};
    struct sort_out out;
    assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
    assert_in_range(out.stats.comparisons, n - 1, 40 * n);
    ctx_release(&ctx);
}

static void auto_names_what_it_used(void **state) {
    (void)state;
    static int64_t a[20000];
    uint64_t random = 9;
    static const struct {
        enum shape shape;
        size_t n;
        enum sort_algorithm want;
    } rows[] = {
        {SORTED, 2000, SORT_MERGE}, {REVERSED, 2000, SORT_MERGE}, {EQUAL, 2000, SORT_MERGE}, {RUNS, 2000, SORT_MERGE},
        {FEW, 2000, SORT_COUNTING}, {RANDOM, 20000, SORT_RADIX},  {RANDOM, 50, SORT_QUICK},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        for (size_t i = 0; i < rows[k].n; i++)
            a[i] = (int64_t)shaped(rows[k].shape, i, rows[k].n, &random);
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct sort_in in = {.values = array_1d(KIND_INT, a, rows[k].n)};
        struct sort_out out;
        assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
        assert_string_equal(sort_algorithm_names[out.algorithm], sort_algorithm_names[rows[k].want]);
        ctx_release(&ctx);
    }
}

static void radix_skips_digits_that_do_not_vary(void **state) {
    (void)state;
    static int64_t a[4096];
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = ((int64_t)(i * 2039 % COUNT(a)) % 64 << 50) + 12345 + ((int64_t)i % 2 << 3);
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct sort_in in = {.values = array_1d(KIND_INT, a, COUNT(a)), .algorithm = SORT_RADIX};
    struct sort_out out;
    assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
    /* One distribution tells the six high bits; the low one takes another, or little mending: not six digits of 11. */
    assert_in_range(out.stats.passes, 1, 65);
    assert_in_range(out.stats.moves, COUNT(a), 5 * COUNT(a));
    assert_in_range(out.stats.comparisons, 0, 5 * COUNT(a));
    ctx_release(&ctx);
}

static void refusals(void **state) {
    (void)state;
    int64_t wide[] = {INT64_MIN, 3, INT64_MAX};
    double fraction[] = {1, 2, 0.5}, huge[] = {1, 0x1p60}, far[] = {-1, 9e15};
    struct str words[] = {{"a", 1}};
    struct array matrix = array_1d(KIND_INT, wide, 3);
    matrix.dims = 2;
    const struct {
        struct array values;
        const char *pointer, *detail;
    } rows[] = {
        {array_1d(KIND_INT, wide, 3), "/algorithm",
         "The values range from -9223372036854775808 to 9223372036854775807, so counting sort would need more counters "
         "than the 4194304 it is allowed here; take \"radix\" or \"auto\"."},
        {array_1d(KIND_REAL, far, 2), "/algorithm",
         "The values range from -1 to 9000000000000000, so counting sort would need more counters than the 4194304 it "
         "is "
         "allowed here; take \"radix\" or \"auto\"."},
        {array_1d(KIND_REAL, fraction, 3), "/algorithm",
         "values[2] is 0.5, but counting sort counts integers (of at most 2^53 when written as reals); take \"radix\" "
         "or "
         "\"auto\"."},
        {array_1d(KIND_REAL, huge, 2), "/algorithm",
         "values[1] is 1.152921504606847e+18, but counting sort counts integers (of at most 2^53 when written as "
         "reals); "
         "take \"radix\" or \"auto\"."},
        {array_1d(KIND_STRING, words, 1), "/algorithm",
         "Counting sort counts integers, but the values are strings; take \"radix\" or \"auto\"."},
        {matrix, "/values", "values has 2 dimensions, want one."},
    };
    for (size_t k = 0; k < COUNT(rows); k++)
        for (int descending = 0; descending < 2; descending++) {
            struct ctx ctx;
            ctx_init(&ctx, 1 << 20);
            struct sort_in in = {.values = rows[k].values, .algorithm = SORT_COUNTING, .descending = descending};
            struct sort_out out;
            assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_INVALID);
            assert_string_equal(ctx.err.pointer, rows[k].pointer);
            assert_string_equal(ctx.err.detail, rows[k].detail);
            ctx_release(&ctx);
        }
}

static void counting_takes_its_limit_and_no_more(void **state) {
    (void)state;
    for (int over = 0; over < 2; over++) {
        int64_t a[] = {SORT_COUNTING_MIN - 1 + over, 0};
        struct ctx ctx;
        ctx_init(&ctx, 1 << 26);
        struct sort_in in = {.values = array_1d(KIND_INT, a, 2), .algorithm = SORT_COUNTING};
        struct sort_out out;
        assert_int_equal(sort_solve(&ctx, &in, &out), over ? STATUS_INVALID : STATUS_OK);
        ctx_release(&ctx);
    }
}

/* Values in order are copied: neighbours are compared, and nothing moves. */
static void ordered_values_are_copied(void **state) {
    (void)state;
    static double x[3000];
    for (size_t n = 1; n <= COUNT(x); n = n * 3 / 2 + 1)
        for (int descending = 0; descending < 2; descending++)
            for (int equal = 0; equal < 3; equal++) { /* all different, in pairs, all equal */
                for (size_t i = 0; i < n; i++) {
                    double step = equal == 2 ? 0.5 : (double)(i >> equal) * 0.5 - 20;
                    x[i] = descending ? -step : step;
                }
                struct array values = array_1d(KIND_REAL, x, n);
                size_t *order = oracle(&values, descending);
                for (int argsort = 0; argsort < 2; argsort++) {
                    check_one(&values, SORT_AUTO, order, n, descending, argsort, false);
                    check_one(&values, SORT_MERGE, order, n, descending, argsort, false);
                }
                free(order);
                struct ctx ctx;
                ctx_init(&ctx, 1 << 20);
                struct sort_in in = {.values = values, .descending = descending, .algorithm = SORT_MERGE};
                struct sort_out out;
                assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_OK);
                assert_int_equal(out.stats.comparisons, n - 1);
                assert_int_equal(out.stats.moves, 0);
                ctx_release(&ctx);
            }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static int64_t a[1000];
    static struct str words[1000];
    uint64_t random = 10;
    char *text = strings_make(words, COUNT(words), 2, 20, 5, &random);
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = (int64_t)test_random(&random);
    for (size_t k = 0; k < COUNT(ALL); k++)
        for (int mode = 0; mode < 8; mode++) {
            bool strings = mode & 1, argsort = mode & 2, narrow = mode & 4 || ALL[k] == SORT_COUNTING;
            if (strings && ALL[k] == SORT_COUNTING)
                continue;
            for (size_t i = 0; narrow && i < COUNT(a); i++)
                a[i] &= 0xfff;
            struct array values = strings ? array_1d(KIND_STRING, words, 1000) : array_1d(KIND_INT, a, 1000);
            struct sort_in in = {.values = values, .algorithm = ALL[k], .argsort = argsort};
            for (size_t fail_after = 0;; fail_after++) {
                struct ctx ctx;
                ctx_init(&ctx, 1 << 24);
                ctx.fail_after = fail_after;
                struct sort_out out;
                enum status status = sort_solve(&ctx, &in, &out);
                bool spent = ctx.fail_after == 0;
                ctx_release(&ctx);
                if (status == STATUS_OK)
                    break;
                assert_int_equal(status, STATUS_NO_MEMORY);
                assert_true(spent && fail_after < 16);
            }
        }
    free(text);
}

static void a_stop_is_seen(void **state) {
    (void)state;
    size_t n = 3 << 20;
    int64_t *a = malloc(n * sizeof *a);
    uint64_t random = 11;
    for (size_t i = 0; i < n; i++)
        a[i] = (int64_t)test_below(&random, 1 << 20);
    for (size_t k = 0; k < COUNT(ALL); k++)
        for (int argsort = 0; argsort < 2; argsort++) {
            atomic_int stop = argsort ? STOP_CANCEL : STOP_DEADLINE;
            struct ctx ctx;
            ctx_init(&ctx, 1 << 30);
            ctx.stop = &stop;
            struct sort_in in = {.values = array_1d(KIND_INT, a, n), .algorithm = ALL[k], .argsort = argsort};
            struct sort_out out;
            assert_int_equal(sort_solve(&ctx, &in, &out), argsort ? STATUS_CANCELLED : STATUS_TIMED_OUT);
            ctx_release(&ctx);
        }
    free(a);
}

static void twice_gives_the_same_bytes(void **state) {
    (void)state;
    static int64_t a[5000];
    uint64_t random = 12;
    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = (int64_t)test_random(&random);
    for (size_t k = 0; k < COUNT(ALL); k++) {
        if (ALL[k] == SORT_COUNTING)
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 24);
        struct sort_in in = {.values = array_1d(KIND_INT, a, COUNT(a)), .algorithm = ALL[k], .argsort = true};
        struct sort_out one, two;
        assert_int_equal(sort_solve(&ctx, &in, &one), STATUS_OK);
        assert_int_equal(sort_solve(&ctx, &in, &two), STATUS_OK);
        assert_memory_equal(one.values.ints, two.values.ints, sizeof a);
        assert_memory_equal(one.indices.ints, two.indices.ints, sizeof a);
        assert_memory_equal(&one.stats, &two.stats, sizeof one.stats);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints_of_every_shape),
        cmocka_unit_test(ints_of_every_width),
        cmocka_unit_test(ints_at_the_extremes),
        cmocka_unit_test(reals_of_every_shape),
        cmocka_unit_test(reals_of_any_bits),
        cmocka_unit_test(reals_at_the_extremes),
        cmocka_unit_test(zeros_and_small_integers),
        cmocka_unit_test(strings_of_many_kinds),
        cmocka_unit_test(strings_in_order_and_nested),
        cmocka_unit_test(code_points_decide),
        cmocka_unit_test(nothing_to_sort),
        cmocka_unit_test(comparisons_stay_below_n_log_n),
        cmocka_unit_test(lopsided_data_stay_below_n_log_n),
        cmocka_unit_test(auto_names_what_it_used),
        cmocka_unit_test(radix_skips_digits_that_do_not_vary),
        cmocka_unit_test(refusals),
        cmocka_unit_test(counting_takes_its_limit_and_no_more),
        cmocka_unit_test(ordered_values_are_copied),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_is_seen),
        cmocka_unit_test(twice_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
