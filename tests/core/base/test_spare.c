#include "core/base/spare.h"

#include "core/base/ctx.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { MIB = 1 << 20, LARGE = 8 * MIB };

static void what_was_given_is_taken_again(void **state) {
    (void)state;
    struct spare spare;
    size_t size = 1000 * MIB;
    spare_init(&spare, 64 * MIB);
    assert_null(spare_take(&spare, &size));
    assert_int_equal(size, 1000 * MIB);
    void *p = malloc(LARGE);
    spare_give(&spare, p, LARGE);
    assert_int_equal(spare.kept, LARGE);
    size = LARGE + 1;
    assert_null(spare_take(&spare, &size)); /* too large */
    size = LARGE / 4 * 3 - 1;
    assert_null(spare_take(&spare, &size)); /* too small for so much */
    size = LARGE / 4 * 3;
    assert_ptr_equal(spare_take(&spare, &size), p);
    assert_int_equal(size, LARGE);
    assert_int_equal(spare.kept, 0);
    spare_give(&spare, p, LARGE);
    spare_release(&spare);
}

static void the_nearest_size_is_taken(void **state) {
    (void)state;
    struct spare spare;
    size_t size = 9 * MIB;
    spare_init(&spare, 64 * MIB);
    spare_give(&spare, malloc(11 * MIB), 11 * MIB);
    spare_give(&spare, malloc(10 * MIB), 10 * MIB);
    spare_give(&spare, malloc(12 * MIB), 12 * MIB);
    free(spare_take(&spare, &size));
    assert_int_equal(size, 10 * MIB);
    spare_release(&spare);
}

static void the_oldest_goes_first(void **state) {
    (void)state;
    struct spare spare;
    spare_init(&spare, 3 * LARGE);
    for (size_t i = 0; i < 5; i++)
        spare_give(&spare, malloc(LARGE + i * MIB / 4), LARGE + i * MIB / 4);
    assert_int_equal(spare.n, 2); /* each a little larger than a third */
    assert_int_equal(spare.block[0].size, LARGE + 3 * MIB / 4);
    assert_int_equal(spare.kept, 2 * LARGE + 7 * MIB / 4);
    spare_give(&spare, malloc(3 * LARGE), 3 * LARGE); /* all of it */
    assert_int_equal(spare.n, 1);
    spare_give(&spare, malloc(3 * LARGE + 1), 3 * LARGE + 1); /* more than that */
    assert_int_equal(spare.kept, 3 * LARGE);
    for (size_t i = 0; i < 2 * SPARE_SLOTS; i++) /* more of them than there are places */
        spare_give(&spare, malloc(MIB), MIB);
    assert_int_equal(spare.n, SPARE_SLOTS);
    assert_int_equal(spare.kept, SPARE_SLOTS * MIB);
    spare_release(&spare);
}

static void *begin(struct ctx *ctx, struct spare *spare, size_t n) {
    ctx_init(ctx, 20 * MIB);
    ctx->spare = spare;
    void *p = ctx_alloc(ctx, n, 1);
    assert_non_null(p);
    memset(p, 1, n);
    return p;
}

/* An arena counts what was asked for, whatever memory it got, so that no request fails for what came before it. */
static void an_arena_counts_what_was_asked_for(void **state) {
    (void)state;
    struct spare spare;
    struct ctx ctx;
    spare_init(&spare, 64 * MIB);
    void *first = begin(&ctx, &spare, LARGE);
    ctx_release(&ctx);
    assert_int_equal(spare.n, 1);
    size_t kept = spare.kept;
    assert_ptr_equal(begin(&ctx, &spare, LARGE - MIB), first);
    assert_int_equal(spare.n, 0);
    assert_in_range(ctx.used, LARGE - MIB, LARGE - MIB + 1024);
    struct ctx_mark mark = ctx_mark(&ctx);
    assert_non_null(ctx_alloc(&ctx, 12 * MIB, 1)); /* 20 in all, but for the first one's room */
    assert_null(ctx_alloc(&ctx, MIB, 1));
    ctx_rewind(&ctx, mark);
    assert_int_equal(spare.n, 1);
    assert_non_null(ctx_alloc(&ctx, MIB, 1)); /* small memory is the system's */
    ctx_release(&ctx);
    assert_int_equal(spare.n, 2);
    assert_int_equal(spare.block[1].size, kept); /* all of it came back */
    spare_release(&spare);
}

static void take_and_give(void *arg, size_t i) {
    struct spare *spare = arg;
    for (int round = 0; round < 200; round++) {
        size_t size = (i % 3 + 1) * MIB;
        char *p = spare_take(spare, &size);
        if (!p)
            p = malloc(size);
        p[0] = p[size - 1] = (char)i; /* nobody else has it */
        assert_int_equal(p[0], (char)i);
        spare_give(spare, p, size);
    }
}

static void threads_never_share_a_block(void **state) {
    (void)state;
    struct spare spare;
    spare_init(&spare, 16 * MIB);
    struct ctx ctx;
    ctx_init(&ctx, MIB);
    struct parallel four = test_threads(4);
    ctx.parallel = &four;
    parallel_for(&ctx, 4, take_and_give, &spare);
    ctx_release(&ctx);
    spare_release(&spare);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_is_taken_again), cmocka_unit_test(the_nearest_size_is_taken),
        cmocka_unit_test(the_oldest_goes_first),         cmocka_unit_test(an_arena_counts_what_was_asked_for),
        cmocka_unit_test(threads_never_share_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
