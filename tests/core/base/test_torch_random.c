#include "core/base/torch_random.h"

#include <math.h>

#include "tests/support/test.h"

/* torch.manual_seed(seed); torch.randn(n) for each n in turn, PyTorch 2.13.0: its first and last number. */
static const struct {
    uint64_t seed;
    struct {
        size_t n;
        double first, last;
    } drawn[4];
} ROWS[] = {
    {0,
     {{3, 1.5409961, -2.1787894},
      {5, 0.5684313, 0.8380263},
      {20, -1.3526537, -0.0047857},
      {16, -0.2303355, -0.4949253}}},
    {42, {{16, 1.9269153, 0.7624454}, {37, 1.6423169, 1.1753677}}},
    {UINT64_C(4294967303), {{2, -0.1467951, 0.7861413}, {17, -0.166996, 1.0955805}}},
};

static void numbers_are_those_of_pytorch(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct torch_random r;
        torch_random_seed(&r, ROWS[i].seed);
        for (size_t j = 0; j < 4 && ROWS[i].drawn[j].n; j++) {
            float z[64];
            size_t n = ROWS[i].drawn[j].n;
            torch_random_normal(&r, z, n);
            if (!(fabs((double)z[0] - ROWS[i].drawn[j].first) < 1e-6 &&
                  fabs((double)z[n - 1] - ROWS[i].drawn[j].last) < 1e-6))
                fail_msg("seed %zu, %zu numbers: %.7f .. %.7f", (size_t)ROWS[i].seed, n, (double)z[0],
                         (double)z[n - 1]);
        }
    }
}

static void greater_seeds_count_modulo_2_to_the_32(void **state) {
    (void)state;
    struct torch_random a, b;
    torch_random_seed(&a, 7);
    torch_random_seed(&b, (UINT64_C(1) << 40) + 7);
    assert_int_equal(torch_random_word(&a), torch_random_word(&b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_pytorch),
        cmocka_unit_test(greater_seeds_count_modulo_2_to_the_32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
