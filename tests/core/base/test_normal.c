#include "core/base/normal.h"

#include <math.h>

#include "core/base/philox.h"
#include "tests/support/test.h"

/* The known answers of the Random123 distribution (kat_vectors, philox4x32-10). */
static void philox_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } CASES[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint32_t got[4];
        philox4x32(CASES[i].key, CASES[i].counter, got);
        assert_memory_equal(got, CASES[i].want, sizeof got);
    }
}

/* z is Box-Muller of the words, element by element. */
static void numbers_are_box_muller_of_philox(void **state) {
    (void)state;
    enum { D = 7, ROWS = 41 };
    static double z[ROWS][D];
    const uint64_t seed = 0x123456789abcdefu;
    normal_rows(seed, 3, 5, 11, ROWS, D, z[0]);
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t j = 0; j < D; j++) {
            const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, counter[4] = {j / 4, 11 + row, 5, 3};
            uint32_t w[4];
            philox4x32(key, counter, w);
            double u = (w[j % 4 / 2 * 2] + 0.5) / 4294967296.0, v = (w[j % 4 / 2 * 2 + 1] + 0.5) / 4294967296.0;
            double want = sqrt(-2 * log(u)) * (j % 2 ? sin(2 * M_PI * v) : cos(2 * M_PI * v));
            assert_true(fabs(z[row][j] - want) < 1e-14);
        }
}

static void prefixes_and_parts_are_stable(void **state) {
    (void)state;
    enum { ROWS = 130 };
    for (size_t d = 1; d < 12; d++) {
        static double whole[ROWS * 12], part[ROWS * 12];
        normal_rows(9, 0, 0, 0, ROWS, d, whole);
        for (size_t first = 0, rows = 1; first + rows <= ROWS; first += rows, rows++) {
            normal_rows(9, 0, 0, first, rows, d, part);
            assert_memory_equal(part, whole + first * d, rows * d * sizeof *part);
        }
    }
}

static void sets_agree(void **state) {
    (void)state;
    enum { ROWS = 71, MOST_D = 21 };
    static double want[ROWS * MOST_D + 1], got[ROWS * MOST_D + 1];
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t d = 1; isa_here((enum isa)isa) && d <= MOST_D; d++)
            for (size_t rows = 0; rows <= ROWS; rows += 1 + d % 3) {
                size_t first = d % 2 ? 0 : 0xffffff00u; /* samples up to the end of the counter */
                want[rows * d] = got[rows * d] = 7;
                normal_rows(d << 40 | rows, NORMAL_STEP, (uint32_t)d, first, rows, d, want);
                normal_rows_for((enum isa)isa)(d << 40 | rows, NORMAL_STEP, (uint32_t)d, first, rows, d, got);
                assert_memory_equal(got, want, (rows * d + 1) * sizeof *got);
            }
}

static void uses_are_independent_of_each_other(void **state) {
    (void)state;
    double a[8], b[8], c[8], e[8];
    normal_rows(1, 0, 0, 0, 1, 8, a);
    normal_rows(1, 1, 0, 0, 1, 8, b);
    normal_rows(1, 0, 1, 0, 1, 8, c);
    normal_rows(1ull << 32, 0, 0, 0, 1, 8, e);
    for (int j = 0; j < 8; j++)
        assert_true(a[j] != b[j] && a[j] != c[j] && a[j] != e[j] && b[j] != c[j]);
}

/* Moments of 400,000 numbers within five standard errors: 1/sqrt(n), sqrt(2/n), sqrt(15/n), sqrt(96/n). */
static void moments(void **state) {
    (void)state;
    enum { N = 400000 };
    double *z = malloc(N * sizeof *z);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, cross = 0;
    normal_rows(2026, 1, 0, 0, N / 5, 5, z);
    for (size_t i = 0; i < N; i++) {
        m1 += z[i];
        m2 += z[i] * z[i];
        m3 += z[i] * z[i] * z[i];
        m4 += z[i] * z[i] * z[i] * z[i];
        cross += z[i] * z[(i + 1) % N];
    }
    double error = 5 / sqrt(N);
    assert_true(fabs(m1 / N) < error);
    assert_true(fabs(m2 / N - 1) < error * sqrt(2));
    assert_true(fabs(m3 / N) < error * sqrt(15));
    assert_true(fabs(m4 / N - 3) < error * sqrt(96));
    assert_true(fabs(cross / N) < error);
    free(z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(numbers_are_box_muller_of_philox),
        cmocka_unit_test(prefixes_and_parts_are_stable),
        cmocka_unit_test(sets_agree),
        cmocka_unit_test(uses_are_independent_of_each_other),
        cmocka_unit_test(moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
