/* Sliding extremes by every set of instructions: blocks, rows and lanes end in every way, and memory with them. */
#include <sys/mman.h>
#include <unistd.h>

#include "core/window/sliding.h"
#include "tests/support/test.h"

enum { PAGES = 8 };
static char *end_of_memory; /* behind it no byte may be read */
static size_t most;         /* values before it */

static int open_memory(void **state) {
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + PAGES * page, page, PROT_NONE), 0);
    end_of_memory = p + PAGES * page;
    most = PAGES * page / 8;
    return 0;
}

static bool better(const struct array *a, size_t i, size_t than, bool least) {
    if (a->kind == KIND_INT)
        return least ? a->ints[i] < a->ints[than] : a->ints[i] > a->ints[than];
    return least ? a->reals[i] < a->reals[than] : a->reals[i] > a->reals[than];
}

/* want_of is the oracle: the bits of each window's first extreme element. */
static void want_of(const struct array *a, size_t k, bool least, int64_t *want) {
    size_t best = 0, seen = 0; /* the best of those before `seen` */
    for (size_t j = 0; j + k <= a->n; j++) {
        if (best < j)
            best = j, seen = j + 1;
        for (; seen < j + k; seen++)
            best = better(a, seen, best, least) ? seen : best;
        want[j] = a->ints[best];
    }
}

static void check(const struct array *a, size_t k, bool least) {
    int64_t *want = malloc((a->n - k + 1) * sizeof *want);
    want_of(a, k, least, want);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int64_t step = 1; step < 8 && isa_here((enum isa)isa); step += 6) {
            struct ctx ctx;
            struct sliding_out out;
            ctx_init(&ctx, (size_t)1 << 28);
            ctx.isa = (enum isa)isa;
            struct sliding_in in = {
                *a, (int64_t)k, step, (int64_t)k, least ? SLIDING_MIN : SLIDING_MAX, SLIDING_TRAILING};
            assert_int_equal(sliding_solve(&ctx, &in, NULL, &out), STATUS_OK);
            assert_int_equal(out.values.n, (a->n - k) / (size_t)step + 1);
            for (size_t j = 0; j < out.values.n; j++)
                if (out.values.ints[j] != want[j * (size_t)step])
                    fail_msg("%s of %zu %s, k %zu, step %d: window %zu is wrong on %s", least ? "min" : "max", a->n,
                             a->kind == KIND_INT ? "integers" : "reals", k, (int)step, j, isa_text((enum isa)isa));
            ctx_release(&ctx);
        }
    free(want);
}

/* checked fills n values that end where memory does; zeros of both signs and equal values are frequent. */
static void checked(uint64_t *random, size_t n, size_t k, int shape) {
    static const int64_t FAR[] = {INT64_MAX, INT64_MIN, INT64_MAX - 1, 0, -1};
    int64_t *ints = (int64_t *)(void *)end_of_memory - n;
    double *reals = (double *)(void *)end_of_memory - n;
    bool real = shape & 1;
    for (size_t i = 0; i < n; i++) {
        int64_t v = (int64_t)test_below(random, 1000) - 500;
        v = shape < 2 ? v : shape < 4 ? (int64_t)i : shape < 6 ? -(int64_t)i : v % 2;
        if (real)
            reals[i] = v ? (double)v * 0x1p1000 : test_below(random, 2) ? -0.0 : 0.0;
        else
            ints[i] = test_below(random, 40) ? v : FAR[test_below(random, COUNT(FAR))];
    }
    struct array a = array_1d(real ? KIND_REAL : KIND_INT, ints, n);
    check(&a, k, shape / 2 % 2);
}

static void every_width_and_every_end(void **state) {
    (void)state;
    uint64_t random = 1;
    for (size_t k = 1; k < 140; k++)
        for (size_t n = k; n < 2 * k + 20; n += 1 + test_below(&random, 12))
            checked(&random, n, k, (int)(n % 8));
}

/* Blocks grow with k up to 128 rows of 2 or 4 lanes; then the back is two and more blocks ahead. */
static void widths_where_blocks_are_full(void **state) {
    (void)state;
    static const size_t KS[] = {255, 257, 258, 259, 260, 261,  515,  516,  517,  518,  519, 520,
                                521, 523, 524, 525, 776, 1027, 1028, 1031, 1032, 1033, 2000};
    uint64_t random = 2;
    for (size_t i = 0; i < COUNT(KS); i++)
        for (int shape = 0; shape < 8; shape++)
            checked(&random, KS[i] + test_below(&random, shape < 2 ? 16 : most - KS[i]), KS[i], shape);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_and_every_end),
        cmocka_unit_test(widths_where_blocks_are_full),
    };
    return cmocka_run_group_tests(tests, open_memory, NULL);
}
