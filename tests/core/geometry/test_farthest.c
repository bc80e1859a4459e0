#include "core/geometry/farthest.h"
#include "tests/support/point_shapes.h"
#include "tests/support/test.h"

static struct ctx ctx;

/* The tree finds what looking at every point finds, for segments between the points and for any others. */
static void the_tree_finds_what_a_scan_finds(void **state) {
    (void)state;
    uint64_t random = 5;
    for (enum shape shape = 0; shape < SHAPES; shape++)
        for (size_t n = 1; n < 3000; n = n < 70 ? n + 7 : n * 2) {
            struct point *at = shape_points(shape, n, &random);
            struct farthest_tree *tree;
            ctx_init(&ctx, 1 << 26);
            assert_int_equal(farthest_tree_of(&ctx, &(struct points){at, n}, &tree), STATUS_OK);
            for (int round = 0; round < 200; round++) {
                size_t from = test_below(&random, n), to = from + test_below(&random, n - from + 1), work = 0;
                struct point a = round & 1 ? at[from] : at[test_below(&random, n)];
                struct point b = round & 1 && to < n ? at[to] : at[test_below(&random, n)];
                struct farthest want = farthest_scan(at, from, to, a, b),
                                got = farthest_find(tree, from, to, a, b, &work);
                assert_true(got.rank == want.rank && got.at == want.at);
            }
            ctx_release(&ctx);
            free(at);
        }
}

static void ranks_are_in_order_and_24_bits_wide(void **state) {
    (void)state;
    const double rows[] = {0, 5e-324, 1e-300, 1, 1 + 0x1p-22, 1.5, 2, 1e300, 1.7e308};
    for (size_t i = 1; i < COUNT(rows); i++)
        assert_true(farthest_rank(rows[i - 1]) <= farthest_rank(rows[i]));
    assert_true(farthest_rank(1) == farthest_rank(1 + 0x1p-52) && farthest_rank(1) == farthest_rank(1 - 0x1p-53));
    assert_true(farthest_rank(1) < farthest_rank(1 + 0x1p-22));
}

static void out_of_memory_and_stop(void **state) {
    (void)state;
    uint64_t random = 2;
    struct point *at = shape_points(SHAPE_UNIFORM, 300, &random);
    struct farthest_tree *tree;
    enum status status = STATUS_NO_MEMORY;
    for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
        ctx_init(&ctx, 1 << 24);
        ctx.fail_after = fail_after;
        status = farthest_tree_of(&ctx, &(struct points){at, 300}, &tree);
        ctx_release(&ctx);
        assert_true(fail_after < 500 && (status == STATUS_OK || status == STATUS_NO_MEMORY));
    }
    atomic_int stop = STOP_DEADLINE;
    ctx_init(&ctx, 1 << 24);
    ctx.stop = &stop;
    assert_int_equal(farthest_tree_of(&ctx, &(struct points){at, 300}, &tree), STATUS_TIMED_OUT);
    ctx_release(&ctx);
    free(at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_finds_what_a_scan_finds),
        cmocka_unit_test(ranks_are_in_order_and_24_bits_wide),
        cmocka_unit_test(out_of_memory_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
