/* The kernel for tiles (core/tensor/half_tiles.h), compiled over functions that do what the SDM says of each instruction:
 * so its indices, ends and packing are proved on machines without such tiles. */
#include <math.h>

#include "core/base/half_float.h"

#include "tests/support/half_tiles.h"
#include "tests/support/test.h"

struct tiles_config;

/* The registers; a tile without rows is not to be used. */
static struct {
    size_t rows[8], bytes[8];
    bool on;
    unsigned char data[8][16][64];
} unit;

static void configure_unit(const struct tiles_config *config);
static void use(int t) { assert_true(unit.on && unit.rows[t] > 0 && unit.bytes[t] > 0); }

static void tile_zero(int t) {
    use(t);
    memset(unit.data[t], 0, sizeof unit.data[t]);
}

static void tile_load(int t, const void *p, size_t stride) {
    use(t);
    memset(unit.data[t], 0, sizeof unit.data[t]);
    for (size_t i = 0; i < unit.rows[t]; i++)
        memcpy(unit.data[t][i], (const char *)((uintptr_t)p + i * stride), unit.bytes[t]);
}

static void tile_store(int t, void *p, size_t stride) {
    use(t);
    for (size_t i = 0; i < unit.rows[t]; i++)
        memcpy((char *)p + i * stride, unit.data[t][i], unit.bytes[t]);
}

/* flushed: subnormal numbers are 0, of their sign. */
static float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static float number(int t, size_t row, size_t i) {
    uint16_t half;
    memcpy(&half, unit.data[t][row] + 2 * i, sizeof half);
    return flushed(float_of_bf16(half));
}

/* TDPBF16PS: the even products and the odd ones are summed apart, by multiply-adds that round once, and then both are
 * added to the sum before. */
static void tile_dot(int c, int a, int b) {
    use(a), use(b), use(c);
    assert_true(unit.rows[a] == unit.rows[c] && unit.rows[b] == unit.bytes[a] / 4 && unit.bytes[b] == unit.bytes[c]);
    for (size_t m = 0; m < unit.rows[c]; m++)
        for (size_t n = 0; n < unit.bytes[c] / 4; n++) {
            float even = 0, odd = 0, sum;
            for (size_t k = 0; k < unit.bytes[a] / 4; k++) {
                even = flushed(fmaf(number(a, m, 2 * k), number(b, k, 2 * n), even));
                odd = flushed(fmaf(number(a, m, 2 * k + 1), number(b, k, 2 * n + 1), odd));
            }
            memcpy(&sum, unit.data[c][m] + 4 * n, sizeof sum);
            sum = flushed(flushed(sum) + flushed(even + odd));
            memcpy(unit.data[c][m] + 4 * n, &sum, sizeof sum);
        }
}

#define TILES_CONFIGURE(config) configure_unit(config)
#define TILES_RELEASE() (unit.on = false)
#define TILE_ZERO(t) tile_zero(t)
#define TILE_LOAD(t, p, stride) tile_load(t, p, stride)
#define TILE_STORE(t, p, stride) tile_store(t, p, stride)
#define TILE_DOT(c, a, b) tile_dot(c, a, b)
#include "core/tensor/half_tiles.h"

/* LDTILECFG: palette 1 has eight tiles of at most 16 rows of 64 bytes; what is no tile's or reserved is 0. */
static void configure_unit(const struct tiles_config *config) {
    assert_int_equal(sizeof *config, 64);
    assert_true(config->palette == 1 && config->start_row == 0);
    for (size_t i = 0; i < sizeof config->reserved; i++)
        assert_int_equal(config->reserved[i], 0);
    for (size_t t = 0; t < 16; t++) {
        assert_true(config->rows[t] <= (t < 8 ? 16 : 0) && config->row_bytes[t] <= (t < 8 ? 64 : 0));
        assert_true(!config->rows[t] == !config->row_bytes[t]);
    }
    for (size_t t = 0; t < 8; t++) {
        unit.rows[t] = config->rows[t];
        unit.bytes[t] = config->row_bytes[t];
    }
    unit.on = true;
}

static struct half_kernels table(void) {
    return (struct half_kernels){.isa = ISA_AMX,
                                 .step = TILE_DEPTH,
                                 .tile = {TILES_ROWS, TILES_COLUMNS, tile},
                                 .slim = {TILES_ROWS, TILE_SIDE, slim_tile},
                                 .narrow = half_ref.narrow};
}

static void tiles_are_sums_of_products(void **state) {
    (void)state;
    uint64_t seed = 2;
    const struct half_kernels h = table();
    half_tiles_check(&h, &seed);
    assert_false(unit.on);
}

static void rows_ignore_each_other(void **state) {
    (void)state;
    uint64_t seed = 3;
    const struct half_kernels h = table();
    half_rows_check(&h, &seed);
}

/* Rows at equal distances are loaded where they lie, and those at others copied: the same bits, and nothing is read
 * behind the last one's end. */
static void rows_at_any_distance(void **state) {
    (void)state;
    enum { ROWS = 32, DEPTH = 64, APART = 70, N = (ROWS - 1) * APART + DEPTH };
    const struct half_kernels h = table();
    uint64_t seed = 4;
    float *w = guarded(DEPTH * 32, &seed), *x = guarded(N, &seed), got[2][ROWS * 32];
    uint16_t *a = half_room(N), *pairs = half_room(DEPTH * 32), *copies[ROWS];
    const uint16_t *even[ROWS];
    h.narrow(N, x, a);
    half_pack(&h, 1, DEPTH, 32, w, pairs);
    for (size_t i = 0; i < ROWS; i++) {
        even[i] = a + i * APART;
        copies[i] = half_room(DEPTH);
        memcpy(copies[i], even[i], DEPTH * sizeof *a);
    }
    struct tile t = {.rows = ROWS, .segment = (const size_t[]){0}, .segments = 1, .depth = DEPTH, .pitch = 32};
    t.pairs = pairs;
    for (int kind = 0; kind < 2; kind++) {
        t.a_halves = kind ? (const uint16_t *const *)copies : even;
        t.out = got[kind];
        h.tile.run(&t);
    }
    assert_memory_equal(got[0], got[1], sizeof got[0]);
    for (size_t i = 0; i < ROWS; i++)
        half_drop(copies[i], DEPTH);
    drop(w, DEPTH * 32), drop(x, N), half_drop(a, N), half_drop(pairs, DEPTH * 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_are_sums_of_products),
        cmocka_unit_test(rows_ignore_each_other),
        cmocka_unit_test(rows_at_any_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
