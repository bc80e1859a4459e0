#include "core/combine/knapsack.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { MAX_N = 10000, MAX_C = 20000 };

struct instance {
    size_t n;
    int64_t capacity, weight[MAX_N], value[MAX_N];
};

static int64_t between(uint64_t *seed, int64_t lo, int64_t hi) {
    return lo + (int64_t)test_below(seed, (uint64_t)(hi - lo) + 1);
}

/* make draws items that are multiples, step .. step * most, of a few; some steps leave sums that cannot be made. */
static void make(struct instance *t, size_t n, int64_t ratios, int64_t step, int64_t most, uint64_t *seed) {
    int64_t w[8], p[8], sum = 0;
    for (int64_t k = 0; k < ratios; k++)
        w[k] = between(seed, 1, 9), p[k] = between(seed, 1, 9);
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        int64_t k = between(seed, 0, ratios - 1), times = step * between(seed, 1, most) + between(seed, 0, step > 1);
        t->weight[i] = w[k] * times;
        t->value[i] = p[k] * times;
        sum += t->weight[i];
    }
    t->capacity = between(seed, 0, sum < MAX_C ? sum : MAX_C);
}

static int64_t table(const struct instance *t) {
    static int64_t best[MAX_C + 1];
    memset(best, 0, sizeof best);
    for (size_t i = 0; i < t->n; i++)
        for (int64_t c = t->capacity; c >= t->weight[i]; c--) {
            int64_t with = best[c - t->weight[i]] + t->value[i];
            best[c] = with > best[c] ? with : best[c];
        }
    return best[t->capacity];
}

struct listener {
    struct knapsack_watch watch;
    int64_t value, bound;
    int told;
};
static void listen(struct knapsack_watch *self, int64_t value, int64_t bound) {
    struct listener *l = (struct listener *)self;
    assert_true(value >= l->value && bound <= l->bound);
    l->value = value, l->bound = bound, l->told++;
}
static int times_told;

static struct knapsack_out solve(struct ctx *ctx, const struct instance *t) {
    struct listener listener = {{listen}, -1, INT64_MAX, 0};
    struct knapsack_in in = {t->n, t->weight, t->value, 1, t->capacity, KNAPSACK_COLUMNS, &listener.watch};
    struct knapsack_out out;
    assert_int_equal(knapsack_solve(ctx, &in, &out), STATUS_OK);
    assert_true(listener.value <= out.value && out.bound <= listener.bound);
    times_told += listener.told;
    int64_t value = 0, weight = 0;
    for (size_t k = 0; k < out.chosen.n; k++) {
        assert_true(k == 0 || out.chosen.ints[k - 1] < out.chosen.ints[k]);
        value += t->value[out.chosen.ints[k]];
        weight += t->weight[out.chosen.ints[k]];
    }
    assert_true(value == out.value && weight == out.weight && weight <= t->capacity);
    return out;
}

static void multiples_equal_the_table(void **state) {
    (void)state;
    static struct instance t;
    uint64_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)between(&seed, 8, round % 10 ? 40 : 300);
        make(&t, n, between(&seed, 1, 4), between(&seed, 1, 3), between(&seed, 1, 12), &seed);
        struct ctx ctx;
        ctx_init(&ctx, (size_t)64 << 20);
        struct knapsack_out out = solve(&ctx, &t);
        assert_true(out.optimal && out.value == table(&t));
        ctx_release(&ctx);
    }
}

/* Ten thousand multiples of two items are a matter of a few dozen parts; one by one they take hundreds of times as many
 * states. */
static void thousands_become_dozens(void **state) {
    (void)state;
    static struct instance t;
    uint64_t seed = 7;
    int64_t sum = 0;
    t.n = MAX_N;
    for (size_t i = 0; i < t.n; i++) {
        int64_t times = between(&seed, 1, 10), first = between(&seed, 0, 1);
        t.weight[i] = (first ? 97 : 61) * times;
        t.value[i] = (first ? 40 : 81) * times;
        sum += t.weight[i];
    }
    t.capacity = sum / 2;
    struct ctx ctx;
    ctx_init(&ctx, (size_t)64 << 20);
    int told = times_told;
    struct knapsack_out out = solve(&ctx, &t);
    assert_true(times_told > told);
    assert_true(out.optimal && out.stats.items == MAX_N && out.stats.core <= 64 && out.stats.states < 10000);
    ctx_release(&ctx);
}

/* Short memory or a deadline that has passed leaves the items as they are; the answer stays valid. */
static void each_allocation_may_fail(void **state) {
    (void)state;
    static struct instance t;
    uint64_t seed = 3;
    make(&t, 200, 2, 1, 10, &seed);
    int64_t best = table(&t);
    for (size_t after = 0; after < 40; after++) {
        struct knapsack_in in = {t.n, t.weight, t.value, 1, t.capacity, KNAPSACK_COLUMNS};
        struct knapsack_out out;
        struct ctx ctx;
        ctx_init(&ctx, (size_t)64 << 20);
        ctx.fail_after = after;
        enum status status = knapsack_solve(&ctx, &in, &out);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(status != STATUS_OK || (out.value <= best && best <= out.bound));
        ctx_release(&ctx);
    }
    atomic_int stop = STOP_DEADLINE;
    struct ctx ctx;
    ctx_init(&ctx, (size_t)64 << 20);
    ctx.stop = &stop;
    struct knapsack_out out = solve(&ctx, &t);
    assert_true(out.value <= best && best <= out.bound);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiples_equal_the_table),
        cmocka_unit_test(thousands_become_dozens),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
