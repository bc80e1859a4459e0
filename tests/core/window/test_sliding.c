/* Sliding windows against a plain oracle that looks at every window anew. */
#include "core/window/sliding.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/test.h"

__extension__ typedef __int128 wide;

static const enum sliding_operation ALL[] = {SLIDING_MAX,    SLIDING_MIN,    SLIDING_RANGE,      SLIDING_SUM,
                                             SLIDING_MEAN,   SLIDING_MEDIAN, SLIDING_MEDIAN_LOW, SLIDING_MEDIAN_HIGH,
                                             SLIDING_ARGMAX, SLIDING_ARGMIN};

/* sum_rounded is the exact sum of reals, rounded once: Shewchuk's growing expansion, which shares nothing with the
 * core. */
static double sum_rounded(const double *x, size_t n) {
    double *parts = calloc(n + 1, sizeof *parts), high, low = 0;
    size_t m = 0;
    for (size_t k = 0; k < n; k++) {
        double a = x[k];
        size_t kept = 0;
        for (size_t i = 0; i < m; i++) {
            double b = parts[i];
            if (fabs(a) < fabs(b)) {
                double swap = a;
                a = b, b = swap;
            }
            high = a + b, low = b - (high - a);
            if (low != 0)
                parts[kept++] = low;
            a = high;
        }
        parts[kept] = a;
        m = kept + 1;
    }
    high = 0;
    if (m > 0) {
        high = parts[--m], low = 0;
        while (m > 0 && low == 0) {
            double a = high, b = parts[--m];
            high = a + b, low = b - (high - a);
        }
        if (m > 0 && ((low < 0 && parts[m - 1] < 0) || (low > 0 && parts[m - 1] > 0))) {
            double twice = low * 2, next = high + twice;
            if (twice == next - high) /* a tie that the parts below decide */
                high = next;
        }
    }
    free(parts);
    return high;
}

static int compare_ints(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double real_median(const double *x, size_t n, enum sliding_operation op) {
    double *copy = malloc(n * sizeof *copy);
    memcpy(copy, x, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_reals);
    double low = copy[(n - 1) / 2], high = copy[n / 2];
    free(copy);
    return op == SLIDING_MEDIAN_LOW ? low : op == SLIDING_MEDIAN_HIGH ? high : low == high ? low : (low + high) / 2;
}

static size_t best_of(const double *reals, const int64_t *ints, size_t n, bool least) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (reals ? (least ? reals[i] < reals[best] : reals[i] > reals[best])
                  : (least ? ints[i] < ints[best] : ints[i] > ints[best]))
            best = i;
    return best;
}

static struct value of_reals(const double *x, size_t at, size_t n, enum sliding_operation op) {
    size_t most = best_of(x + at, NULL, n, false), least = best_of(x + at, NULL, n, true);
    struct value v = {.kind = KIND_REAL};
    switch (op) {
    case SLIDING_MAX: v.r = x[at + most]; break;
    case SLIDING_MIN: v.r = x[at + least]; break;
    case SLIDING_RANGE: v.r = x[at + most] - x[at + least]; break;
    case SLIDING_SUM: v.r = sum_rounded(x + at, n); break;
    case SLIDING_MEAN: v.r = sum_rounded(x + at, n) / (double)n; break; /* rounded twice: compared with room */
    case SLIDING_ARGMAX: return (struct value){.kind = KIND_INT, .i = (int64_t)(at + most)};
    case SLIDING_ARGMIN: return (struct value){.kind = KIND_INT, .i = (int64_t)(at + least)};
    default: v.r = real_median(x + at, n, op);
    }
    return v;
}

static struct value of_ints(const int64_t *x, size_t at, size_t n, enum sliding_operation op, bool real) {
    size_t most = best_of(NULL, x + at, n, false), least = best_of(NULL, x + at, n, true);
    struct value v = {.kind = KIND_INT};
    wide sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[at + i];
    int64_t *copy = malloc(n * sizeof *copy);
    memcpy(copy, x + at, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_ints);
    int64_t low = copy[(n - 1) / 2], high = copy[n / 2];
    free(copy);
    switch (op) {
    case SLIDING_MAX: v.i = x[at + most]; break;
    case SLIDING_MIN: v.i = x[at + least]; break;
    case SLIDING_RANGE: v.i = x[at + most] - x[at + least]; break;
    case SLIDING_SUM: v.i = (int64_t)sum; break;
    case SLIDING_MEAN: return (struct value){.kind = KIND_REAL, .r = (double)((long double)sum / (long double)n)};
    case SLIDING_ARGMAX: v.i = (int64_t)(at + most); break;
    case SLIDING_ARGMIN: v.i = (int64_t)(at + least); break;
    case SLIDING_MEDIAN_LOW: v.i = low; break;
    case SLIDING_MEDIAN_HIGH: v.i = high; break;
    default:
        if (real)
            return (struct value){.kind = KIND_REAL, .r = (double)((wide)low + high) / 2};
        v.i = low;
    }
    return v;
}

/* check_window compares one answer; means of reals may differ in the last bit, as the oracle rounds twice. */
static void check_window(const struct sliding_in *in, const struct sliding_out *out, size_t j, size_t low, size_t n) {
    bool ints = in->values.kind == KIND_INT;
    struct value want = ints ? of_ints(in->values.ints, low, n, in->operation, out->values.kind == KIND_REAL)
                             : of_reals(in->values.reals, low, n, in->operation);
    assert_int_equal(out->values.kind, want.kind);
    bool close = want.kind == KIND_REAL && in->operation == SLIDING_MEAN &&
                 fabs(want.r - out->values.reals[j]) <= fabs(want.r) * 0x1p-51;
    bool same = want.kind == KIND_INT
                    ? want.i == out->values.ints[j]
                    : want.r == out->values.reals[j] && !signbit(want.r) == !signbit(out->values.reals[j]);
    bool zero = want.kind == KIND_REAL && want.r == 0 && in->operation != SLIDING_MAX && in->operation != SLIDING_MIN &&
                out->values.reals[j] == 0; /* the sign of other zeros is the oracle's own */
    if (!same && !close && !zero)
        fail_msg("%s, k %lld, step %lld, min_count %lld, align %d, n %zu: window %zu (%zu values from %zu) is wrong",
                 sliding_operation_names[in->operation], (long long)in->k, (long long)in->step,
                 (long long)in->min_count, in->align, in->values.n, j, n, low);
}

/* same_on_every_set solves again on each set of instructions that is here, where there are kernels for some. */
static void same_on_every_set(const struct sliding_in *in, const struct sliding_out *ref) {
    enum sliding_operation op = in->operation;
    bool none = op == SLIDING_SUM || op == SLIDING_MEAN || op == SLIDING_ARGMAX || op == SLIDING_ARGMIN;
    for (int isa = ISA_REF + 1; isa < ISA_COUNT && !none; isa++) {
        struct ctx ctx;
        struct sliding_out out;
        if (!isa_here((enum isa)isa))
            continue;
        ctx_init(&ctx, (size_t)1 << 30);
        ctx.isa = (enum isa)isa;
        assert_int_equal(sliding_solve(&ctx, in, NULL, &out), STATUS_OK);
        assert_int_equal(out.values.n, ref->values.n);
        assert_memory_equal(out.values.data, ref->values.data, out.values.n * 8);
        ctx_release(&ctx);
    }
}

/* check computes and compares every stride-th window, found by walking all positions as the definition says. */
static void check(const struct sliding_in *in, size_t stride) {
    struct ctx ctx;
    struct sliding_out out;
    ctx_init(&ctx, (size_t)1 << 30);
    assert_int_equal(sliding_solve(&ctx, in, NULL, &out), STATUS_OK);
    int64_t n = (int64_t)in->values.n, before = in->align == SLIDING_TRAILING   ? in->k - 1
                                                : in->align == SLIDING_CENTERED ? in->k / 2
                                                                                : 0;
    size_t j = 0, seen = 0;
    for (int64_t p = 0; p < n; p++) {
        int64_t low = p - before < 0 ? 0 : p - before,
                high = p - before + in->k - 1 < n ? p - before + in->k - 1 : n - 1;
        if (high - low + 1 < in->min_count)
            continue;
        if (seen == 0)
            assert_int_equal(out.first, p);
        if (seen++ % (size_t)in->step != 0)
            continue;
        assert_true(j < out.values.n);
        if (j % stride == 0)
            check_window(in, &out, j, (size_t)low, (size_t)(high - low + 1));
        j++;
    }
    assert_int_equal(j, out.values.n);
    same_on_every_set(in, &out);
    ctx_release(&ctx);
}

enum { SHAPES = 7 };

static int64_t shaped(uint64_t *random, int shape, size_t i) {
    switch (shape) {
    case 0: return (int64_t)test_below(random, 1000) - 500;
    case 1: return (int64_t)test_below(random, 3) - 1;
    case 2: return (int64_t)i;
    case 3: return -(int64_t)i;
    case 4: return 7;
    case 5: return (i / 17 % 2 ? 1 : -1) * (int64_t)(i % 17);
    default: return (int64_t)(test_random(random) >> 12) - (INT64_C(1) << 51);
    }
}

static void every_small_layout(void **state) {
    (void)state;
    uint64_t random = 1;
    for (size_t n = 1; n <= 12; n++)
        for (int64_t k = 1; k <= 2 * (int64_t)n + 2; k++) /* wider than the array, too */
            for (int64_t min_count = 1; min_count <= k && min_count <= (int64_t)n; min_count++)
                for (int mode = 0; mode < 18; mode++) {
                    int64_t ints[12], step = (int64_t[]){1, 2, 5}[mode / 6];
                    double reals[12];
                    for (size_t i = 0; i < n; i++) {
                        ints[i] = (int64_t)test_below(&random, 5) - 2;
                        reals[i] = ints[i] ? (double)ints[i] : test_below(&random, 2) ? 0.0 : -0.0;
                    }
                    struct sliding_in in = {.values =
                                                mode % 2 ? array_1d(KIND_INT, ints, n) : array_1d(KIND_REAL, reals, n),
                                            .k = k,
                                            .step = step,
                                            .min_count = min_count,
                                            .align = (enum sliding_align)(mode / 2 % 3)};
                    for (size_t o = 0; o < COUNT(ALL); o++) {
                        in.operation = ALL[o];
                        check(&in, 1);
                    }
                }
}

static void random_layouts_of_every_shape(void **state) {
    (void)state;
    enum { N = 1500 };
    static int64_t ints[N];
    static double reals[N];
    uint64_t random = 2;
    for (int round = 0; round < 280; round++) {
        size_t n = 1 + test_below(&random, round % 4 ? 300 : N);
        int64_t k = 1 + (int64_t)test_below(&random, n), full = test_below(&random, 2);
        if (round % 7 == 0)
            k += (int64_t)n, full = 0;
        else if (round % 3 == 0 && k > 30)
            k = 17 + (int64_t)test_below(&random, 10); /* about where small ends */
        for (size_t i = 0; i < n; i++) {
            ints[i] = shaped(&random, round % SHAPES, i);
            reals[i] = (double)ints[i] * 0.37;
        }
        struct sliding_in in = {.values = round & 1 ? array_1d(KIND_INT, ints, n) : array_1d(KIND_REAL, reals, n),
                                .k = k,
                                .step = round % 5 ? 1 : 1 + (int64_t)test_below(&random, 70),
                                .min_count =
                                    full ? k : 1 + (int64_t)test_below(&random, k < (int64_t)n ? (uint64_t)k : n),
                                .align = (enum sliding_align)test_below(&random, 3)};
        for (size_t o = 0; o < COUNT(ALL); o++) {
            in.operation = ALL[o];
            check(&in, 7);
        }
    }
}

static void large_windows_and_stretches(void **state) {
    (void)state;
    enum { N = 300000 };
    double *reals = malloc(N * sizeof *reals);
    uint64_t random = 3;
    for (size_t i = 0; i < N; i++)
        reals[i] = (double)(int64_t)test_random(&random) * 0x1p-40;
    static const int64_t KS[] = {3, 256, 257, 1000, 20011, 150000};
    for (size_t r = 0; r < COUNT(KS); r++)
        for (size_t o = 0; o < COUNT(ALL); o++) {
            struct sliding_in in = {.values = array_1d(KIND_REAL, reals, N),
                                    .k = KS[r],
                                    .step = r == 3 ? 13 : 1,
                                    .min_count = r == 4 ? 1 : KS[r],
                                    .operation = ALL[o]};
            check(&in, 19997);
        }
    free(reals);
}

/* sums of reals of every exponent: no 128 bits hold them. */
static void sums_of_any_reals(void **state) {
    (void)state;
    double x[200];
    uint64_t random = 4;
    for (int round = 0; round < 200; round++) {
        size_t n = 1 + test_below(&random, COUNT(x));
        for (size_t i = 0; i < n; i++) {
            int exponent = (int)test_below(&random, round % 2 ? 2000 : 200) - (round % 2 ? 1074 : 100);
            x[i] = ldexp((double)(int64_t)test_random(&random), exponent - 63);
            if (i > 3 && test_below(&random, 3) == 0)
                x[i] = -x[test_below(&random, i)]; /* cancels */
        }
        int64_t k = 1 + (int64_t)test_below(&random, n);
        for (int mean = 0; mean < 2; mean++) {
            struct sliding_in in = {.values = array_1d(KIND_REAL, x, n),
                                    .k = k,
                                    .step = 1,
                                    .min_count = 1,
                                    .operation = mean ? SLIDING_MEAN : SLIDING_SUM};
            check(&in, 1);
        }
    }
}

/* Both sides of every k at which another way is taken, and of every width of a vector; the values end where memory
 * does. */
static void widths_about_the_limits(void **state) {
    (void)state;
    static const int64_t WIDTHS[] = {1,  2,  3,  4,  5,  7,   8,   9,   12,  13,   16,   17,  31,
                                     32, 33, 63, 64, 65, 255, 256, 257, 263, 1023, 1024, 1025};
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = page / 8 * 3;
    char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + 3 * page, page, PROT_NONE), 0);
    uint64_t random = 12;
    for (size_t w = 0; w < COUNT(WIDTHS); w++)
        for (int real = 0; real < 2; real++) {
            size_t some = (size_t)WIDTHS[w] + 1 + test_below(&random, n - (size_t)WIDTHS[w]) / 4;
            int64_t *a = (int64_t *)(void *)(p + 3 * page) - some;
            static const double REALS[] = {0.0, -0.0, 1.5, -1.5, 0x1p1000, -0x1p1000, 5e-324};
            static const int64_t INTS[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, 0, -1};
            for (size_t i = 0; i < some; i++)
                if (real)
                    memcpy(&a[i], &REALS[test_below(&random, COUNT(REALS))], 8);
                else
                    a[i] = i % 3 ? (int64_t)test_random(&random) : INTS[test_below(&random, COUNT(INTS))];
            for (size_t o = 0; o < COUNT(ALL); o++) {
                bool beyond = ALL[o] == SLIDING_SUM || ALL[o] == SLIDING_RANGE;
                struct sliding_in in = {
                    array_1d(real ? KIND_REAL : KIND_INT, a, some), WIDTHS[w], 1, 1, ALL[o], SLIDING_CENTERED};
                if (!beyond)
                    check(&in, 29);
                in.min_count = in.k, in.step = 3;
                if (!beyond)
                    check(&in, 29);
            }
        }
    munmap(p, 4 * page);
}

static double one_real(const double *x, size_t n, enum sliding_operation op) {
    struct ctx ctx;
    struct sliding_out out;
    ctx_init(&ctx, 1 << 20);
    double copy[8];
    memcpy(copy, x, n * sizeof *copy);
    struct sliding_in in = {array_1d(KIND_REAL, copy, n), (int64_t)n, 1, (int64_t)n, op, SLIDING_TRAILING};
    assert_int_equal(sliding_solve(&ctx, &in, NULL, &out), STATUS_OK);
    assert_int_equal(out.values.n, 1);
    double r = out.values.reals[0];
    ctx_release(&ctx);
    return r;
}

static void hard_roundings(void **state) {
    (void)state;
    static const struct {
        enum sliding_operation op;
        size_t n;
        double x[5], want;
    } rows[] = {
        {SLIDING_SUM, 3, {1e308, 1, -1e308}, 1},
        {SLIDING_SUM, 5, {1e308, 1e308, 5e-324, -1e308, -1e308}, 5e-324},
        {SLIDING_SUM, 2, {1, 0x1p-53}, 1}, /* a tie: to even */
        {SLIDING_SUM, 3, {1, 0x1p-53, 5e-324}, 1 + 0x1p-52},
        {SLIDING_SUM, 3, {-1, -0x1p-53, -5e-324}, -1 - 0x1p-52},
        {SLIDING_SUM, 3, {-1, -0x1p-53, 5e-324}, -1},
        {SLIDING_SUM, 3, {1 + 0x1p-52, 0x1p-53, 0}, 1 + 0x1p-51},
        {SLIDING_SUM, 2, {-0.0, -0.0}, 0},
        {SLIDING_SUM, 3, {0x1p-1022, -5e-324, -5e-324}, 0x1p-1022 - 0x1p-1073},
        {SLIDING_MEAN, 2, {1.7976931348623157e308, 1.7976931348623157e308}, 1.7976931348623157e308},
        {SLIDING_MEAN, 3, {5e-324, 0, 0}, 0},
        {SLIDING_MEAN, 2, {5e-324, 0}, 0},              /* a tie: to even */
        {SLIDING_MEAN, 2, {5e-324, 1e-323}, 1e-323},    /* 1.5 of the least: to even, 2 of them */
        {SLIDING_MEAN, 3, {5e-324, 1e-323, 0}, 5e-324}, /* exact */
        {SLIDING_MEAN, 3, {1, 0, 0}, 1.0 / 3},
        {SLIDING_MEAN, 4, {1e308, 3, 5e-324, -1e308}, 0.75},
        {SLIDING_MEAN, 3, {1, 1e-300, 0}, 1.0 / 3},
        {SLIDING_MEDIAN, 2, {1.7976931348623157e308, 1.5e308}, 1.648846567431158e+308},
        {SLIDING_MEDIAN, 2, {5e-324, 1e-323}, 1e-323},
        {SLIDING_MEDIAN, 2, {-1.7976931348623157e308, 1.7976931348623157e308}, 0},
        {SLIDING_MEDIAN, 4, {1, 4, 2, 8}, 3},
        {SLIDING_RANGE, 2, {-1e308, 5e307}, 1.5e308},
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        double got = one_real(rows[r].x, rows[r].n, rows[r].op);
        if (got != rows[r].want || signbit(got) != signbit(rows[r].want))
            fail_msg("row %zu: got %.17g, want %.17g", r, got, rows[r].want);
    }
}

static void integers_at_the_extremes(void **state) {
    (void)state;
    int64_t a[] = {INT64_MAX, INT64_MIN, INT64_MAX, 1, INT64_MIN, 0, INT64_MAX - 2, INT64_MAX};
    static const struct {
        enum sliding_operation op;
        size_t from, k;
        enum kind kind;
        int64_t want;
        double real;
    } rows[] = {
        {SLIDING_MAX, 0, 8, KIND_INT, INT64_MAX, 0},
        {SLIDING_MIN, 0, 8, KIND_INT, INT64_MIN, 0},
        {SLIDING_ARGMAX, 0, 8, KIND_INT, 0, 0},
        {SLIDING_ARGMIN, 0, 8, KIND_INT, 1, 0},
        {SLIDING_SUM, 0, 3, KIND_INT, INT64_MAX - 1, 0},
        {SLIDING_SUM, 0, 2, KIND_INT, -1, 0},
        {SLIDING_RANGE, 5, 3, KIND_INT, INT64_MAX, 0},
        {SLIDING_MEDIAN_LOW, 6, 2, KIND_INT, INT64_MAX - 2, 0},
        {SLIDING_MEDIAN_HIGH, 6, 2, KIND_INT, INT64_MAX, 0},
        {SLIDING_MEDIAN, 6, 2, KIND_REAL, 0, 0x1p63},
        {SLIDING_MEDIAN, 0, 3, KIND_INT, INT64_MAX, 0},
        {SLIDING_MEAN, 0, 2, KIND_REAL, 0, -0.5},
        {SLIDING_MEAN, 6, 2, KIND_REAL, 0, 0x1p63},
        {SLIDING_MEDIAN, 0, 2, KIND_REAL, 0, -0.5},
        {SLIDING_MEAN, 4, 1, KIND_REAL, 0, -0x1p63},
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct ctx ctx;
        struct sliding_out out;
        ctx_init(&ctx, 1 << 20);
        struct sliding_in in = {.values = array_1d(KIND_INT, a + rows[r].from, rows[r].k),
                                .k = (int64_t)rows[r].k,
                                .step = INT64_MAX,
                                .min_count = (int64_t)rows[r].k,
                                .operation = rows[r].op};
        assert_int_equal(sliding_solve(&ctx, &in, NULL, &out), STATUS_OK);
        assert_int_equal(out.values.kind, rows[r].kind);
        if (rows[r].kind == KIND_INT ? out.values.ints[0] != rows[r].want : out.values.reals[0] != rows[r].real)
            fail_msg("row %zu is wrong", r);
        ctx_release(&ctx);
    }
}

static void refusals(void **state) {
    (void)state;
    static int64_t ints[] = {INT64_MAX, 1, INT64_MIN, 0};
    static double reals[] = {1.7976931348623157e308, 1e308, -1e308, 0};
    const struct array i = array_1d(KIND_INT, ints, 4), r = array_1d(KIND_REAL, reals, 4);
    const struct {
        struct sliding_in in;
        const char *pointer, *detail;
    } rows[] = {
        {{i, 0, 1, 1, SLIDING_MAX, 0}, "/k", "k is 0, want 1 to 4, the number of values."},
        {{i, 5, 1, 5, SLIDING_MAX, 0},
         "/k",
         "k is 5, want 1 to 4, the number of values; more only with a min_count of at most that."},
        {{i, 2, 0, 1, SLIDING_MAX, 0}, "/step", "step is 0, want at least 1."},
        {{i, 2, 1, 0, SLIDING_MAX, 0}, "/min_count", "min_count is 0, want 1 to k, which is 2."},
        {{i, 2, 1, 3, SLIDING_MAX, 0}, "/min_count", "min_count is 3, want 1 to k, which is 2."},
        {{i, 2, 1, 2, SLIDING_SUM, 0},
         "/values",
         "The sum of values[0] to values[1] is beyond 64 bits; want smaller values, or the mean, or all values with a "
         "point, as reals, for sums that are rounded."},
        {{i, 2, 3, 1, SLIDING_RANGE, 0},
         "/values",
         "The range of values[2] to values[3] is beyond 64 bits; want smaller values."},
        {{r, 2, 1, 2, SLIDING_SUM, 0},
         "/values",
         "The sum of values[0] to values[1] is beyond the greatest double; want smaller values, or the mean."},
        {{r, 3, 1, 3, SLIDING_RANGE, 0},
         "/values",
         "The range of values[0] to values[2] is beyond the greatest double; want smaller values."},
        {{array_1d(KIND_INT, ints, 0), 1, 1, 1, SLIDING_MAX, 0},
         "/values",
         "values has 1 dimensions and 0 values, want one and a value."},
    };
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct ctx ctx;
        struct sliding_out out;
        ctx_init(&ctx, 1 << 20);
        struct sliding_in in = rows[k].in;
        assert_int_equal(sliding_solve(&ctx, &in, NULL, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, rows[k].pointer);
        assert_string_equal(ctx.err.detail, rows[k].detail);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static double x[3000];
    uint64_t random = 6;
    for (size_t i = 0; i < COUNT(x); i++)
        x[i] = (double)test_below(&random, 1000);
    for (size_t o = 0; o < COUNT(ALL); o++)
        for (int64_t k = 10; k <= 1000; k *= 10) {
            size_t failed = 0;
            for (;; failed++) {
                struct ctx ctx;
                struct sliding_out out;
                ctx_init(&ctx, 1 << 24);
                ctx.fail_after = failed;
                struct sliding_in in = {array_1d(KIND_REAL, x, COUNT(x)), k, 2, k, ALL[o], SLIDING_LEADING};
                enum status status = sliding_solve(&ctx, &in, NULL, &out);
                ctx_release(&ctx);
                if (status == STATUS_OK)
                    break;
                assert_int_equal(status, STATUS_NO_MEMORY);
            }
            assert_in_range(failed, 1, 20);
        }
}

static void a_stop_is_seen(void **state) {
    (void)state;
    size_t n = 3 << 20;
    double *x = calloc(n, sizeof *x);
    for (size_t o = 0; o < COUNT(ALL); o++)
        for (int64_t k = 5; k <= 50000; k *= 100) {
            atomic_int stop = STOP_CANCEL;
            struct ctx ctx;
            struct sliding_out out;
            ctx_init(&ctx, (size_t)1 << 30);
            ctx.stop = &stop;
            struct sliding_in in = {array_1d(KIND_REAL, x, n), k, 1, k, ALL[o], SLIDING_LEADING};
            assert_int_equal(sliding_solve(&ctx, &in, NULL, &out), STATUS_CANCELLED);
            ctx_release(&ctx);
        }
    free(x);
}

static void twice_gives_the_same_bytes(void **state) {
    (void)state;
    static double x[2000];
    uint64_t random = 7;
    for (size_t i = 0; i < COUNT(x); i++)
        x[i] = (double)(int64_t)test_random(&random);
    for (size_t o = 0; o < COUNT(ALL); o++) {
        struct ctx ctx;
        struct sliding_out one, two;
        ctx_init(&ctx, 1 << 24);
        struct sliding_in in = {array_1d(KIND_REAL, x, COUNT(x)), 100, 1, 1, ALL[o], SLIDING_CENTERED};
        assert_int_equal(sliding_solve(&ctx, &in, NULL, &one), STATUS_OK);
        assert_int_equal(sliding_solve(&ctx, &in, NULL, &two), STATUS_OK);
        assert_memory_equal(one.values.data, two.values.data, one.values.n * 8);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_layout),          cmocka_unit_test(random_layouts_of_every_shape),
        cmocka_unit_test(large_windows_and_stretches), cmocka_unit_test(widths_about_the_limits),
        cmocka_unit_test(sums_of_any_reals),           cmocka_unit_test(hard_roundings),
        cmocka_unit_test(integers_at_the_extremes),    cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),    cmocka_unit_test(a_stop_is_seen),
        cmocka_unit_test(twice_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
