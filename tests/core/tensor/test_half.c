/* Every table that this machine has, against sums in double precision of what the plain table rounds, at all small sizes,
 * with a page behind the arrays that must not be touched. */
#include <math.h>

#include "core/tensor/product.h"
#include "tests/support/half_tiles.h"
#include "tests/support/outer_check.h"
#include "tests/support/test.h"

enum { MOST = 70 };

#define EACH_TABLE(h)                                                                                            \
    for (int isa = 0; isa < ISA_COUNT; isa++)                                                                    \
        for (const struct half_kernels *h = isa_here((enum isa)isa) ? half_kernels_for((enum isa)isa) : NULL; h; \
             h = NULL)

static void tables_are_those_of_their_sets(void **state) {
    (void)state;
    EACH_TABLE(h) {
        assert_int_equal(h->isa, isa);
        assert_int_equal(half_tile_for(h, h->slim.columns + 1).columns, h->tile.columns);
        assert_int_equal(half_tile_for(h, h->slim.columns).columns, h->slim.columns);
        assert_in_range(h->tile.rows, 1, TILE_ROWS_MAX);
        assert_in_range(h->slim.rows, 1, TILE_ROWS_MAX);
        assert_in_range(h->tile.columns, h->slim.columns + 1, TILE_COLUMNS_MAX);
        assert_int_equal(h->step % 2, 0);
    }
}

/* To nearest, ties to even: 1 + 2^-8 lies between 1 and 1 + 2^-7, and 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6;
 * beyond 0x1.ffp127 lies infinity. */
static void numbers_are_rounded(void **state) {
    (void)state;
    static const uint32_t nan[] = {0x7f800001, 0xffffffff, 0x7fc00000};
    static const float x[] = {1,         1 + 0x1p-8f,     1 + 0x1.8p-8f, 1 + 3 * 0x1p-8f, -1 - 0x1.8p-8f,
                              0,         -0.0f,           0x1p-133f,     0x1p-149f,       0x1.fep127f,
                              -INFINITY, 0x1.fefffep127f, 0x1.ffp127f};
    static const uint16_t want[] = {0x3f80, 0x3f80, 0x3f81, 0x3f82, 0xbf81, 0,     0x8000,
                                    1,      0,      0x7f7f, 0xff80, 0x7f7f, 0x7f80};
    uint16_t got[COUNT(x)];
    EACH_TABLE(h) {
        float numbers[COUNT(nan)];
        h->narrow(COUNT(x), x, got);
        for (size_t i = 0; i < COUNT(x); i++)
            assert_int_equal(got[i], want[i]);
        memcpy(numbers, nan, sizeof nan);
        h->narrow(COUNT(nan), numbers, got);
        for (size_t i = 0; i < COUNT(nan); i++)
            assert_true((got[i] & 0x7fff) > 0x7f80 && (got[i] >> 15) == nan[i] >> 31);
    }
}

static void tables_round_alike(void **state) {
    (void)state;
    uint64_t seed = 7;
    EACH_TABLE(h)
    for (size_t n = 0; n <= MOST; n++) {
        float *x = guarded(n, &seed);
        uint16_t *got = half_room(n), want[MOST];
        for (size_t i = 0; i < n; i++) { /* any bits at all */
            uint32_t bits = (uint32_t)test_below(&seed, UINT64_C(1) << 32);
            memcpy(&x[i], &bits, sizeof bits);
        }
        half_ref.narrow(n, x, want);
        h->narrow(n, x, got);
        assert_memory_equal(got, want, n * sizeof *want);
        half_drop(got, n), drop(x, n);
    }
}

static void tiles_are_sums_of_products(void **state) {
    (void)state;
    uint64_t seed = 1;
    EACH_TABLE(h)
    half_tiles_check(h, &seed);
}

/* A row's bits are the same alone and among others, at any place. */
static void rows_ignore_each_other(void **state) {
    (void)state;
    uint64_t seed = 3;
    EACH_TABLE(h)
    half_rows_check(h, &seed);
}

/* What is packed across is what is packed of the transposed matrix, with the taps that are named as its segments. */
static void packing_across_is_packing_of_the_transposed(void **state) {
    (void)state;
    enum { TAPS = 5, DEPTH = 7, COLUMNS = 37 };
    static const size_t tap[] = {3, 0, 4};
    uint64_t seed = 5;
    float *w = guarded(TAPS * DEPTH * COLUMNS, &seed), turned[DEPTH * COLUMNS * 3];
    for (size_t i = 0; i < DEPTH; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            for (size_t s = 0; s < 3; s++)
                turned[(j * DEPTH + i) * 3 + s] = w[(i * COLUMNS + j) * TAPS + tap[s]];
    EACH_TABLE(h) {
        size_t n = half_size(h, 3, DEPTH, COLUMNS);
        uint16_t *across = half_room(n), *want = half_room(n);
        half_pack_across(h, 3, DEPTH, COLUMNS, w, TAPS, tap, across);
        half_pack(h, 3, DEPTH, COLUMNS, turned, want);
        assert_memory_equal(across, want, n * sizeof *want);
        half_drop(across, n), half_drop(want, n);
    }
    drop(w, TAPS * DEPTH * COLUMNS);
}

/* Odd and even numbers of pixels, lines that are taken together and those that are taken in parts. */
static void products_over_pixels(void **state) {
    (void)state;
    static const size_t SHAPES[][2] = {{1, 1}, {2, 3}, {3, 2}, {1, 255}, {1, 257}, {2, 515}, {70, 7}, {300, 1}};
    uint64_t seed = 1;
    EACH_TABLE(h) {
        for (size_t rows = 1; rows <= 18; rows++)
            for (size_t columns = 1; columns <= 40; columns += columns < 34 ? 1 : 6)
                outer_check(h->outer, true, (struct outer){.lines = 2, .pixels = 3, .rows = rows, .columns = columns},
                            &seed);
        for (size_t i = 0; i < COUNT(SHAPES); i++) {
            outer_check(h->outer, true,
                        (struct outer){.lines = SHAPES[i][0], .pixels = SHAPES[i][1], .rows = 9, .columns = 17}, &seed);
            outer_check(h->outer, true,
                        (struct outer){.lines = SHAPES[i][0], .pixels = SHAPES[i][1], .rows = 16, .columns = 64},
                        &seed);
        }
    }
}

static void affine_is_rounded(void **state) {
    (void)state;
    static const size_t wide[] = {1, 15, 70, 2047, 2049, 5000};
    uint64_t seed = 6;
    EACH_TABLE(h)
    for (size_t w = 0; w < COUNT(wide); w++) {
        const struct tensor_kernels *k = tensor_kernels_for((enum isa)isa);
        size_t n = wide[w], pixels = 1 + 100 / n, apart = n + 3, m = (pixels - 1) * apart + n;
        float *x = guarded(m, &seed), *factor = guarded(n, &seed), *offset = guarded(n, &seed),
              *whole = guarded(m, &seed);
        uint16_t *got = half_room(m), *want = half_room(n);
        half_affine(k, h, pixels, n, x, apart, factor, offset, ACTIVATION_SILU, got, apart);
        k->affine(pixels, n, x, apart, factor, offset, ACTIVATION_SILU, whole, apart);
        for (size_t p = 0; p < pixels; p++) {
            h->narrow(n, whole + p * apart, want);
            assert_memory_equal(got + p * apart, want, n * sizeof *want);
        }
        drop(x, m), drop(factor, n), drop(offset, n), drop(whole, m), half_drop(got, m), half_drop(want, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_those_of_their_sets),
        cmocka_unit_test(numbers_are_rounded),
        cmocka_unit_test(tables_round_alike),
        cmocka_unit_test(tiles_are_sums_of_products),
        cmocka_unit_test(rows_ignore_each_other),
        cmocka_unit_test(packing_across_is_packing_of_the_transposed),
        cmocka_unit_test(products_over_pixels),
        cmocka_unit_test(affine_is_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
