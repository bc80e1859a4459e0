/* test_data.c - right files to learn from, and the same cut short and with bytes replaced: each in a block of its size,
 * so that a sanitizer sees a byte too far. */
#include "tests/fuzz/data_input.h"
#include "tests/support/test.h"

static void holds(size_t which, const unsigned char *bytes, size_t n, bool *good) {
    char why[512];
    unsigned char *block = malloc(n ? n : 1);
    memcpy(block, bytes, n);
    if (!data_input_check(which, block, n, good, why))
        fail_msg("%s: %s", data_input_names[which], why);
    free(block);
}

static void seeds_are_right(void **state) {
    (void)state;
    for (size_t i = 0; i < DATA_INPUTS; i++) {
        size_t n;
        bool good = false;
        unsigned char *seed = data_input_seed(i, &n);
        holds(i, seed, n, &good);
        if (!good)
            fail_msg("%s", data_input_names[i]);
        free(seed);
    }
}

static void damaged_seeds_hold(void **state) {
    (void)state;
    uint64_t random = 1;
    for (size_t i = 0; i < DATA_INPUTS; i++) {
        size_t n, refused = 0;
        unsigned char *seed = data_input_seed(i, &n);
        for (int k = 0; k < 400; k++) {
            size_t at = test_below(&random, n);
            unsigned char was = seed[at];
            bool good;
            seed[at] = (unsigned char)test_below(&random, 256);
            holds(i, seed, k % 2 ? n : at, &good);
            refused += !good;
            seed[at] = was;
        }
        assert_true(refused > 100);
        free(seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_right),
        cmocka_unit_test(damaged_seeds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
