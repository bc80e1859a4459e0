#include "core/base/epoch_order.h"

#include "tests/support/test.h"

enum { MOST = 1100 };

static void an_epoch_has_every_item_once(void **state) {
    (void)state;
    for (size_t n = 1; n <= MOST; n = n < 20 ? n + 1 : n * 3 / 2)
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            unsigned char seen[MOST] = {0};
            for (size_t i = 0; i < n; i++) {
                size_t item = epoch_order_at(11, n, epoch * n + i);
                assert_in_range(item, 0, n - 1);
                assert_int_equal(seen[item]++, 0);
            }
        }
}

/* Orders of epochs and seeds agree in about one place (the mean of a random permutation's fixed points), and an item
 * says nothing about the next. */
static void orders_look_drawn(void **state) {
    (void)state;
    enum { N = 1000, EPOCHS = 40 };
    size_t epochs = 0, seeds = 0, next = 0, still = 0;
    for (uint64_t e = 0; e < EPOCHS; e++)
        for (uint64_t i = 0; i < N; i++) {
            size_t item = epoch_order_at(1, N, e * N + i);
            epochs += item == epoch_order_at(1, N, (e + 1) * N + i);
            seeds += item == epoch_order_at(2, N, e * N + i);
            next += epoch_order_at(1, N, e * N + i + 1) == (item + 1) % N;
            still += item == i;
        }
    const size_t counts[] = {epochs, seeds, next, still}; /* Poisson of mean 40: five deviations are 32 */
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_in_range(counts[i], EPOCHS - 32, EPOCHS + 32);
}

static void the_greatest_set(void **state) {
    (void)state;
    const size_t n = (size_t)1 << 32;
    assert_true(epoch_order_at(3, n, 5) < n);
    assert_true(epoch_order_at(3, n, 5) != epoch_order_at(3, n, 6));
    assert_true(epoch_order_at(3, n - 1, n - 2) < n - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_has_every_item_once),
        cmocka_unit_test(orders_look_drawn),
        cmocka_unit_test(the_greatest_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
