/* The stronger bounds by themselves, against all subsets: a bound that cuts too much would seldom show in an
 * optimum. */
#include "core/combine/knapsack_bound.h"
#include "core/combine/knapsack_reach.h"
#include "tests/support/test.h"

enum { N = 11 };

static void make(struct knapsack_item *item, size_t n, int shape, uint64_t *seed) {
    for (size_t i = 0; i < n; i++) {
        int64_t w = 20 + (int64_t)test_below(seed, 80), p = 20 + (int64_t)test_below(seed, 80);
        int64_t correlated = shape == 1 ? w + 15 : w - 15;
        item[i] = (struct knapsack_item){w, shape == 0 ? p : correlated, (uint32_t)i, 0};
    }
}

static int64_t optimum_of(const struct knapsack_item *item, size_t n, int64_t capacity) {
    int64_t best = 0;
    for (uint32_t set = 0; set < UINT32_C(1) << n; set++) {
        int64_t w = 0, p = 0;
        for (size_t i = 0; i < n; i++)
            if (set >> i & 1) {
                w += item[i].w;
                p += item[i].p;
            }
        if (w <= capacity && p > best)
            best = p;
    }
    return best;
}

static void prices_bound_every_better_subset(void **state) {
    (void)state;
    uint64_t seed = 1;
    int found = 0, tight = 0;
    for (int round = 0; round < 1500; round++) {
        struct knapsack_item item[N];
        make(item, N, round % 3, &seed);
        int64_t capacity = 100 + (int64_t)test_below(&seed, 350);
        int64_t optimum = optimum_of(item, N, capacity);
        struct knapsack_split split;
        knapsack_split_at(item, N, capacity, &split);
        if (split.at == N)
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct knapsack_price price;
        int64_t z = optimum - 1 - (int64_t)test_below(&seed, 20);
        assert_int_equal(knapsack_price_find(&ctx, item, N, capacity, split.at, z, &price), STATUS_OK);
        if (price.d) {
            found++;
            assert_true(price.total >= (knapsack_wide)price.d * optimum);
            tight += price.total < (knapsack_wide)price.d * (optimum + 1);
        }
        ctx_release(&ctx);
    }
    assert_true(found > 500 && tight > 100); /* and it is sharp where items are strongly correlated */
}

static bool is_within(const struct knapsack_hope *hope, int64_t sum) {
    for (size_t i = 0; i < hope->spans; i++)
        if (hope->span[i].lo <= sum && sum <= hope->span[i].hi)
            return true;
    return hope->spans == 0;
}

/* 15 far-flung weights have four times as many sums as spans are kept; 9 have all their sums apart. */
static void every_sum_is_within_reach(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 12; round++) {
        struct knapsack_step step[15];
        size_t n = round % 2 ? 15 : 9, left = 0, right = 0;
        for (size_t i = n; i-- > 0;) {
            bool in = test_below(&seed, 2);
            in ? right++ : left++;
            int64_t w = 1 + (int64_t)test_below(&seed, 1 << 30);
            step[i] = (struct knapsack_step){in ? w : -w, left, right};
        }
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct knapsack_reach reach;
        assert_true(knapsack_reach_build(&ctx, step, n, &reach));
        for (size_t from = 0; from < n; from++) {
            struct knapsack_hope hope = {.capacity = 0};
            knapsack_reach_use(&reach, step[from].left, step[from].right, &hope);
            for (uint32_t set = 0; set < UINT32_C(1) << (n - from); set++) {
                int64_t sum = 0;
                for (size_t i = from; i < n; i++)
                    sum += set >> (i - from) & 1 ? step[i].w : 0;
                assert_true(is_within(&hope, sum));
            }
            assert_true(hope.spans <= KNAPSACK_SPANS);
            assert_true(from > 0 || n > 9 || hope.spans == 512);
        }
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    const struct knapsack_step step[] = {{3, 1, 2}, {-4, 1, 1}, {5, 0, 1}};
    bool built = false;
    for (size_t fail_after = 0; !built; fail_after++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = fail_after;
        struct knapsack_reach reach;
        built = knapsack_reach_build(&ctx, step, COUNT(step), &reach);
        assert_true(built == (reach.n > 0));
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_bound_every_better_subset),
        cmocka_unit_test(every_sum_is_within_reach),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
