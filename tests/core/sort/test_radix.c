/* Radix sort where it splits: sizes about each of its limits, shapes that crowd, threads, the end of memory. */
#include "core/sort/sort.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE = 600 * 1000 }; /* several pieces */

enum shape { WIDE, NARROW, LOG, OUTLIERS, NESTED, EQUAL, FEW, SORTED, REVERSED, ORGAN, SAWTOOTH, PACKED, SHAPES };

static int64_t shaped(enum shape shape, size_t i, size_t n, uint64_t *random) {
    uint64_t x = test_random(random);
    switch (shape) {
    case WIDE: return (int64_t)x;
    case NARROW: return (int64_t)(x >> 32) - 77;
    case LOG: return (int64_t)(x >> (2 + x % 61));
    case OUTLIERS: return i % 1000 ? (int64_t)(x >> 44) : (int64_t)x;
    case NESTED: /* each level of splits meets one crowded group: 99 % share the next 11 bits, and so on */
        for (unsigned level = 11; level < 64; level += 11)
            if (test_below(random, 100) == 0)
                return (int64_t)(x >> level);
        return (int64_t)(x >> 60);
    case EQUAL: return 5;
    case FEW: return (int64_t)(x % 16 * 0x0123456789abcdefu);
    case SORTED: return (int64_t)i * 1000003;
    case REVERSED: return (int64_t)(n - i) * 1000003;
    case ORGAN: return (int64_t)(i < n / 2 ? i : n - i) * 1000003;
    case SAWTOOTH: return (int64_t)(i % 1000) * 1000003;
    case PACKED: return (int64_t)(x % (n + 1));
    case SHAPES: break;
    }
    return 0;
}

static double real_of(int64_t x, unsigned kind) {
    double r;
    memcpy(&r, &x, 8);
    if (kind == 0) /* any bits: denormals, both zeros, all scales */
        return isfinite(r) ? r : -0.0;
    if (kind == 1) /* both signs about zero, which cuts by value serve best */
        return (double)x * 0x1p-62 + (double)(x % 3);
    return (double)(x % 1000) * 5e-324; /* denormals and zeros of both signs */
}

/* The oracle is libc's qsort. */
static int compare_ints(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}
static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x == y ? !!signbit(y) - !!signbit(x) : x < y ? -1 : 1;
}

static struct sort_out solve(struct ctx *ctx, const struct array *values, bool descending, bool argsort,
                             struct parallel *parallel) {
    ctx_init(ctx, (size_t)1 << 30);
    ctx->parallel = parallel;
    struct sort_in in = {.values = *values, .descending = descending, .argsort = argsort, .algorithm = SORT_RADIX};
    struct sort_out out;
    assert_int_equal(sort_solve(ctx, &in, &out), STATUS_OK);
    return out;
}

/* check_order compares with the sorted copy, and indices with what they stand for: in order among equal values. */
static void check_order(const struct array *values, const void *sorted, bool descending, struct parallel *parallel) {
    const int64_t *want = sorted, *from = values->ints;
    for (int argsort = 0; argsort < 2; argsort++) {
        struct ctx ctx;
        struct sort_out out = solve(&ctx, values, descending, argsort, parallel);
        for (size_t i = 0; i < values->n; i++) {
            if (out.values.ints[i] != want[descending ? values->n - 1 - i : i])
                fail_msg("value %zu of %zu", i, values->n);
            if (!argsort)
                continue;
            const int64_t *at = &out.indices.ints[i];
            if (from[*at] != out.values.ints[i] || (i && out.values.ints[i] == out.values.ints[i - 1] && at[-1] >= *at))
                fail_msg("index %zu of %zu", i, values->n);
        }
        ctx_release(&ctx);
    }
}

static void check(void *data, enum kind kind, size_t n, struct parallel *parallel) {
    struct array values = array_1d(kind, data, n);
    void *sorted = malloc(n * 8 + 1);
    memcpy(sorted, data, n * 8);
    qsort(sorted, n, 8, kind == KIND_INT ? compare_ints : compare_reals);
    check_order(&values, sorted, false, parallel);
    check_order(&values, sorted, true, parallel);
    free(sorted);
}

/* every_shape fills a[0 .. n-1] with ints, then reals of them. */
static void every_shape(int64_t *a, size_t n, struct parallel *parallel) {
    uint64_t random = n;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        for (size_t i = 0; i < n; i++)
            a[i] = shaped(shape, i, n, &random);
        check(a, KIND_INT, n, parallel);
        for (unsigned kind = 0; kind < 3 && n <= 70000; kind++) {
            for (size_t i = 0; i < n; i++) {
                double r = real_of(shaped(shape, i, n, &random), kind);
                memcpy(&a[i], &r, 8);
            }
            check(a, KIND_REAL, n, parallel);
        }
    }
}

static void sizes_about_its_limits(void **state) {
    (void)state;
    static const size_t SIZES[] = {1, 2, 3, 23, 24, 25, 63, 64, 65, 255, 256, 257, 1023, 1025, 32767, 32768, 32769};
    static int64_t a[32769];
    for (size_t k = 0; k < COUNT(SIZES); k++)
        every_shape(a, SIZES[k], NULL);
}

static void many_on_threads(void **state) {
    (void)state;
    struct parallel parallel = test_threads(3);
    int64_t *a = malloc(LARGE * sizeof *a);
    every_shape(a, LARGE, &parallel);
    free(a);
}

/* Keys below 2^32 take half of the memory, each group in the latter half of its place in the answer: ranges at that
 * limit and one past it, groups that two digits sort, that are split again once and twice, that are small and large. */
static void halves_of_words(void **state) {
    (void)state;
    struct parallel parallel = test_threads(2);
    int64_t *a = malloc(LARGE * sizeof *a);
    uint64_t random = 5;
    for (int round = 0; round < 8; round++) {
        size_t n = round == 3 ? LARGE : 40000 + test_below(&random, round < 4 ? 30000 : 200000);
        unsigned crowd = (unsigned[]){0, 8, 18, 24}[round % 4];
        int64_t low = round % 2 ? INT32_MIN : INT64_MIN;
        for (size_t i = 0; i < n; i++) {
            uint64_t x = test_random(&random) >> 32;
            a[i] = low + (int64_t)(x % (round % 3 ? 2 : 16) ? x >> crowd : x);
        }
        a[n / 3] = low;
        a[n / 2] = low + UINT32_MAX + (round >= 6);
        check(a, KIND_INT, n, round % 5 ? NULL : &parallel);
        for (size_t i = 0; i < n && low == INT32_MIN; i++) {
            double r = i % 1000 ? (double)a[i] : -0.0; /* one lower than 0 */
            memcpy(&a[i], &r, 8);
        }
        if (low == INT32_MIN)
            check(a, KIND_REAL, n, NULL);
    }
    free(a);
}

/* Few different values, and at their limits: one more; one that no sample holds, in every place of the last block. */
static void few_different_values(void **state) {
    (void)state;
    enum { FEW_N = 9000 };
    static int64_t a[FEW_N];
    uint64_t random = 8;
    for (uint64_t different = 1; different <= 67; different += different < 62 ? 15 : 1)
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < FEW_N; i++) {
                uint64_t x = test_below(&random, different);
                double r = ((double)x - 7) * 0x1p-1000;
                a[i] = (int64_t)(kind == 0 ? x * 0x0123456789abcdefu : x);
                if (kind == 2)
                    memcpy(&a[i], x ? &r : &(double){-0.0}, 8);
            }
            check(a, kind == 2 ? KIND_REAL : KIND_INT, FEW_N, NULL);
            a[FEW_N - 1 - test_below(&random, 8)] ^= (int64_t)1 << (kind == 1 ? 3 : 50);
            check(a, kind == 2 ? KIND_REAL : KIND_INT, FEW_N, NULL);
        }
}

/* What is answered, stats included, is the same on any number of threads. */
static void threads_do_not_show(void **state) {
    (void)state;
    struct parallel parallel = test_threads(4);
    int64_t *a = malloc(LARGE * sizeof *a);
    uint64_t random = 3;
    for (size_t i = 0; i < LARGE; i++)
        a[i] = shaped(LOG, i, LARGE, &random);
    struct array values = array_1d(KIND_INT, a, LARGE);
    struct ctx one_ctx, four_ctx;
    struct sort_out one = solve(&one_ctx, &values, true, true, NULL);
    struct sort_out four = solve(&four_ctx, &values, true, true, &parallel);
    assert_memory_equal(one.values.ints, four.values.ints, LARGE * 8);
    assert_memory_equal(one.indices.ints, four.indices.ints, LARGE * 8);
    assert_memory_equal(&one.stats, &four.stats, sizeof one.stats);
    ctx_release(&one_ctx);
    ctx_release(&four_ctx);
    free(a);
}

/* The input ends where memory does. */
static void nothing_behind_the_input_is_read(void **state) {
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 80;
    char *p = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + pages * page, page, PROT_NONE), 0);
    static const size_t SIZES[] = {0, 1, 7, 8, 9, 1000, 33001};
    uint64_t random = 4;
    for (size_t k = 0; k < COUNT(SIZES); k++) {
        int64_t *a = (int64_t *)(void *)(p + pages * page) - SIZES[k];
        for (size_t i = 0; i < SIZES[k]; i++)
            a[i] = (int64_t)test_random(&random);
        check(a, KIND_INT, SIZES[k], NULL);
    }
    munmap(p, (pages + 1) * page);
}

/* No shape takes more than a few writes an element and level. */
static void no_shape_is_slow(void **state) {
    (void)state;
    int64_t *a = malloc(LARGE * sizeof *a);
    uint64_t random = 5;
    for (enum shape shape = 0; shape < SHAPES; shape++) {
        for (size_t i = 0; i < LARGE; i++)
            a[i] = shaped(shape, i, LARGE, &random);
        struct array values = array_1d(KIND_INT, a, LARGE);
        struct ctx ctx;
        struct sort_out out = solve(&ctx, &values, false, false, NULL);
        assert_in_range(out.stats.moves, LARGE, 12 * LARGE);
        assert_in_range(out.stats.comparisons, 0, 12 * LARGE);
        ctx_release(&ctx);
    }
    free(a);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    int64_t *a = malloc(LARGE * sizeof *a);
    uint64_t random = 6;
    for (size_t i = 0; i < LARGE; i++)
        a[i] = shaped(WIDE, i, LARGE, &random);
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        assert_in_range(fail_after, 0, 40);
        struct ctx ctx;
        ctx_init(&ctx, (size_t)1 << 30);
        ctx.fail_after = fail_after;
        struct sort_in in = {.values = array_1d(KIND_INT, a, LARGE), .argsort = true, .algorithm = SORT_RADIX};
        struct sort_out out;
        status = sort_solve(&ctx, &in, &out);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        ctx_release(&ctx);
    }
    free(a);
}

static void a_stop_is_seen(void **state) {
    (void)state;
    int64_t *a = malloc(2 * (size_t)LARGE * sizeof *a);
    uint64_t random = 7;
    for (size_t i = 0; i < 2 * (size_t)LARGE; i++)
        a[i] = shaped(WIDE, i, LARGE, &random);
    struct parallel parallel = test_threads(2);
    for (int threads = 0; threads < 4; threads++) { /* many, and few: then the range is not known */
        struct ctx ctx;
        ctx_init(&ctx, (size_t)1 << 30);
        atomic_int stop = STOP_CANCEL;
        ctx.stop = &stop;
        ctx.parallel = threads % 2 ? &parallel : NULL;
        struct sort_in in = {.values = array_1d(KIND_INT, a, threads < 2 ? 2 * (size_t)LARGE : 5000),
                             .algorithm = SORT_RADIX};
        struct sort_out out;
        assert_int_equal(sort_solve(&ctx, &in, &out), STATUS_CANCELLED);
        ctx_release(&ctx);
    }
    free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_about_its_limits), cmocka_unit_test(many_on_threads),
        cmocka_unit_test(halves_of_words),        cmocka_unit_test(few_different_values),
        cmocka_unit_test(threads_do_not_show),    cmocka_unit_test(nothing_behind_the_input_is_read),
        cmocka_unit_test(no_shape_is_slow),       cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
