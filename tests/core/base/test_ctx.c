#include "core/base/ctx.h"
#include "tests/support/test.h"

static void alloc_is_aligned_and_distinct(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    unsigned char *p[64];
    for (size_t i = 0; i < COUNT(p); i++) {
        p[i] = ctx_alloc(&ctx, i + 1, 7);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % ((i + 1) * 7 >= 64 ? 64 : 16), 0);
        memset(p[i], (int)i, (i + 1) * 7);
    }
    for (size_t i = 0; i < COUNT(p); i++)
        for (size_t j = 0; j < (i + 1) * 7; j++)
            assert_int_equal(p[i][j], i);
    ctx_release(&ctx);
}

static void cap_and_overflow_fail_with_a_sentence(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    assert_non_null(ctx_alloc(&ctx, 1000, 1000));
    assert_null(ctx_alloc(&ctx, 1000, 1000));
    assert_string_equal(ctx.err.detail, "This request needs more memory than the 1 MiB that one request may use.");
    assert_null(ctx_alloc(&ctx, SIZE_MAX / 2, 3));
    assert_null(ctx_alloc(&ctx, SIZE_MAX, 1));
    ctx_release(&ctx);
    assert_int_equal(ctx.used, 0);
}

static void rewind_frees_what_came_after_the_mark(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (int round = 0; round < 2; round++) { /* from an empty ctx, then from a used one */
        struct ctx_mark mark = ctx_mark(&ctx);
        size_t used = ctx.used;
        for (int i = 0; i < 1000; i++) {
            assert_non_null(ctx_alloc(&ctx, 1, 300 << 10));
            ctx_rewind(&ctx, mark);
        }
        assert_int_equal(ctx.used, used);
        assert_non_null(ctx_alloc(&ctx, 1, 100));
    }
    ctx_release(&ctx);
}

static void fail_after_counts_down(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.fail_after = 2;
    assert_non_null(ctx_alloc(&ctx, 1, 1));
    assert_non_null(ctx_zalloc(&ctx, 1, 1));
    assert_null(ctx_alloc(&ctx, 1, 1));
    ctx_release(&ctx);
}

static void stop_flag_becomes_a_status(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(ctx_stopped(&ctx), STATUS_OK);
    atomic_int stop = STOP_NONE;
    ctx.stop = &stop;
    assert_int_equal(ctx_stopped(&ctx), STATUS_OK);
    stop = STOP_DEADLINE;
    assert_int_equal(ctx_stopped(&ctx), STATUS_TIMED_OUT);
    stop = STOP_CANCEL;
    assert_int_equal(ctx_stopped(&ctx), STATUS_CANCELLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_aligned_and_distinct),
        cmocka_unit_test(cap_and_overflow_fail_with_a_sentence),
        cmocka_unit_test(rewind_frees_what_came_after_the_mark),
        cmocka_unit_test(fail_after_counts_down),
        cmocka_unit_test(stop_flag_becomes_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
