/* Every table that this machine has, against the formulas in double precision by the C library, at all small sizes, with
 * a page behind the arrays that must not be touched. */
#include <math.h>

#include "core/tensor/backward.h"
#include "core/tensor/product.h"
#include "tests/support/guarded.h"
#include "tests/support/tables.h"
#include "tests/support/test.h"

enum { MOST = 70 };

static void near(const char *what, size_t i, double got, double want, double scale) {
    if (!(fabs(got - want) <= 1e-6 * (scale > 1 ? scale : 1)))
        fail_msg("%s %zu: %.9g, want %.9g", what, i, got, want);
}

static void tables_are_those_of_their_sets(void **state) {
    (void)state;
    EACH_TABLE(k) {
        assert_int_equal(k->isa, isa);
        const struct tile_shape wide = tile_for(k, k->slim.columns + 1);
        assert_int_equal(wide.columns, k->columns);
        assert_int_equal(tile_for(k, k->slim.columns).columns, k->slim.columns);
        assert_in_range(wide.rows, 1, TILE_ROWS_MAX);
        assert_in_range(k->slim.rows, 1, TILE_ROWS_MAX);
        assert_in_range(k->slim.columns, 2, k->columns - 1);
        assert_int_equal(tile_for(k, 1).columns, 1);
        assert_in_range(k->thin.rows, 1, TILE_ROWS_MAX);
        assert_in_range(k->columns, 1, TILE_COLUMNS_MAX);
    }
}

/* halves_of are the upper halves of n numbers, which end where the next page may not be touched. */
static uint16_t *halves_of(const float *x, size_t n, uint64_t *seed) {
    uint16_t *halves = (uint16_t *)(guarded(n / 2 + 1, seed) + n / 2 + 1) - n;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        halves[i] = (uint16_t)(bits >> 16);
    }
    return halves;
}
static void drop_halves(uint16_t *halves, size_t n) { drop((float *)(void *)(halves + n) - (n / 2 + 1), n / 2 + 1); }

/* check_halves: a panel of bfloat16 gives the bits of its numbers, widened. */
static void check_halves(struct tile_shape shape, struct tile *t, float *panel, size_t m, uint64_t *seed) {
    float got[TILE_ROWS_MAX * TILE_COLUMNS_MAX];
    uint16_t *halves = halves_of(panel, m, seed);
    for (size_t i = 0; i < m; i++) {
        uint32_t bits = (uint32_t)halves[i] << 16;
        memcpy(&panel[i], &bits, sizeof bits);
    }
    t->panel = panel;
    shape.run(t);
    t->panel = NULL;
    t->halves = halves;
    float *want = t->out;
    t->out = got;
    t->pitch = shape.columns;
    shape.run(t);
    for (size_t i = 0; i < t->rows; i++)
        assert_memory_equal(got + i * shape.columns, want + i * (shape.columns + 3), shape.columns * sizeof *got);
    drop_halves(halves, m);
}

static void halves_are_widened(void **state) {
    (void)state;
    uint64_t seed = 7;
    EACH_TABLE(k)
    for (size_t n = 0; n <= MOST; n++) {
        float *x = guarded(n, &seed), *out = guarded(n, &seed);
        uint16_t *halves = halves_of(x, n, &seed), again[MOST];
        k->widen(n, halves, out);
        for (size_t i = 0; i < n; i++)
            assert_true(fabsf(out[i]) <= fabsf(x[i]) && fabsf(out[i]) > fabsf(x[i]) * (1 - 0x1p-7f));
        matrix_halve(out, n, again);
        assert_memory_equal(again, halves, n * sizeof *halves);
        drop_halves(halves, n), drop(x, n), drop(out, n);
    }
}

/* To nearest, ties to even: 1 + 2^-8 lies between 1 and 1 + 2^-7, and 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6. */
static void numbers_are_rounded_to_halves(void **state) {
    (void)state;
    static const float x[] = {1,     1 + 0x1p-8f, 1 + 0x1.8p-8f, 1 + 3 * 0x1p-8f, -1 - 0x1.8p-8f, 0,
                              -0.0f, 0x1p-133f,   0x1p-149f,     0x1.fep127f,     -INFINITY};
    static const uint16_t want[] = {0x3f80, 0x3f80, 0x3f81, 0x3f82, 0xbf81, 0, 0x8000, 1, 0, 0x7f7f, 0xff80};
    uint16_t got[COUNT(x)];
    matrix_halve(x, COUNT(x), got);
    for (size_t i = 0; i < COUNT(x); i++)
        assert_int_equal(got[i], want[i]);
}

/* check_tile has three segments, two of which overlap, and results that lie three floats further apart than they must. */
static void check_tile(struct tile_shape shape, size_t rows, size_t depth, uint64_t *seed) {
    size_t segment[] = {0, depth + 3, 1}, n = 2 * depth + 3, m = 3 * depth * shape.columns;
    size_t pitch = shape.columns + 3, outs = (rows - 1) * pitch + shape.columns;
    float *panel = guarded(m, seed), *out = guarded(outs, seed), *a[TILE_ROWS_MAX];
    for (size_t i = 0; i < rows; i++)
        a[i] = guarded(n, seed);
    for (size_t i = 0; i + 1 < rows; i++)
        out[i * pitch + shape.columns] = 5;
    shape.run(&(struct tile){(const float *const *)a, rows, segment, 3, depth, panel, NULL, out, pitch});
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < shape.columns; j++) {
            double want = 0;
            for (size_t s = 0; s < 3; s++)
                for (size_t q = 0; q < depth; q++)
                    want += (double)a[i][segment[s] + q] * (double)panel[(s * depth + q) * shape.columns + j];
            near("tile", i, (double)out[i * pitch + j], want, 200);
        }
    for (size_t i = 0; i + 1 < rows; i++)
        assert_true(out[i * pitch + shape.columns] == 5);
    check_halves(shape, &(struct tile){(const float *const *)a, rows, segment, 3, depth, NULL, NULL, out, pitch}, panel,
                 m, seed);
    for (size_t i = 0; i < rows; i++)
        drop(a[i], n);
    drop(panel, m), drop(out, outs);
}

static void tiles_are_sums_of_products(void **state) {
    (void)state;
    static const size_t depths[] = {0, 1, 2, 7, 16, 33};
    uint64_t seed = 1;
    EACH_TABLE(k)
    for (size_t d = 0; d < COUNT(depths); d++) {
        for (size_t rows = 1; rows <= k->rows; rows++)
            check_tile((struct tile_shape){k->rows, k->columns, k->tile}, rows, depths[d], &seed);
        for (size_t rows = 1; rows <= k->slim.rows; rows++)
            check_tile(k->slim, rows, depths[d], &seed);
        for (size_t rows = 1; rows <= k->thin.rows; rows++)
            check_tile(k->thin, rows, depths[d], &seed);
    }
}

static double activated(enum activation activation, double x) {
    switch (activation) {
    case ACTIVATION_SILU: return x / (1 + exp(-x));
    case ACTIVATION_RELU: return x > 0 ? x : 0;
    case ACTIVATION_GELU: return x * 0.5 * erfc(-x / sqrt(2));
    case ACTIVATION_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACTIVATION_MISH: return x * tanh(log1p(exp(x)));
    default: return x;
    }
}

static void rows_are_finished(void **state) {
    (void)state;
    uint64_t seed = 2;
    EACH_TABLE(k)
    for (size_t n = 0; n <= MOST; n++)
        for (int kind = 0; kind < 2 * ACTIVATION_COUNT; kind++) {
            float *x = guarded(n, &seed), *out = guarded(n, &seed), *extra[4];
            for (int e = 0; e < 4; e++)
                extra[e] = guarded(n, &seed);
            bool all = kind % 2;
            struct finish f = {.scale = 0.75f, .activation = (enum activation)(kind / 2)};
            if (all)
                f = (struct finish){extra[0], extra[1], extra[2], extra[3], 0.75f, f.activation};
            k->finish(&f, n, x, out);
            for (size_t i = 0; i < n; i++) {
                double y =
                    activated(f.activation, (double)x[i] + (all ? (double)extra[0][i] + (double)extra[1][i] : 0));
                near("finish", i, (double)out[i], 0.75 * (all ? y * (double)extra[2][i] + (double)extra[3][i] : y), 10);
            }
            k->affine(1, n, x, n, extra[0], extra[1], f.activation, out, n);
            for (size_t i = 0; i < n; i++)
                near("affine", i, (double)out[i],
                     activated(f.activation, (double)x[i] * (double)extra[0][i] + (double)extra[1][i]), 10);
            for (int e = 0; e < 4; e++)
                drop(extra[e], n);
            drop(x, n), drop(out, n);
        }
}

/* Many rows are as each alone. */
static void rows_together_are_rows_alone(void **state) {
    (void)state;
    enum { ROWS = 5 };
    uint64_t seed = 5;
    EACH_TABLE(k)
    for (size_t n = 1; n <= MOST; n++) {
        size_t pitch = n + 2, m = (ROWS - 1) * pitch + n;
        float *x = guarded(m, &seed), *bias = guarded(n, &seed), *gate = guarded(n, &seed), alone[MOST];
        float *out[ROWS], *residual[ROWS], *vector[ROWS], *all = guarded(m, &seed);
        for (size_t r = 0; r < ROWS; r++)
            out[r] = guarded(n, &seed), residual[r] = guarded(n, &seed), vector[r] = guarded(n, &seed);
        const bool sum = n % 2; /* but a sum: its own loop */
        struct finish f = {.bias = bias, .gate = sum ? NULL : gate, .scale = sum ? 1 : 0.5f};
        f.activation = sum ? ACTIVATION_NONE : ACTIVATION_SILU;
        k->finish_rows(&(struct finish_rows){.rows = ROWS,
                                             .n = n,
                                             .pitch = pitch,
                                             .x = x,
                                             .out = out,
                                             .vector = (const float *const *)vector,
                                             .residual = (const float *const *)residual,
                                             .bias = bias,
                                             .gate = f.gate,
                                             .scale = f.scale,
                                             .activation = f.activation});
        k->affine(ROWS, n, x, pitch, bias, gate, ACTIVATION_RELU, all, pitch);
        for (size_t r = 0; r < ROWS; r++) {
            f.vector = vector[r];
            f.residual = residual[r];
            k->finish(&f, n, x + r * pitch, alone);
            assert_memory_equal(alone, out[r], n * sizeof *alone);
            for (size_t i = 0; i < n && sum; i++)
                assert_true(alone[i] == x[r * pitch + i] + bias[i] + vector[r][i] + residual[r][i]);
            k->affine(1, n, x + r * pitch, n, bias, gate, ACTIVATION_RELU, alone, n);
            assert_memory_equal(alone, all + r * pitch, n * sizeof *alone);
            drop(out[r], n), drop(residual[r], n), drop(vector[r], n);
        }
        drop(x, m), drop(all, m), drop(bias, n), drop(gate, n);
    }
}

/* check_kept: what is kept of finished rows is what is before the activation and the gate, or the activation's derivative
 * there, and what they become is the same as without. */
static void check_kept(const struct tensor_kernels *k, size_t n, enum activation activation, bool gated, bool slopes) {
    enum { ROWS = 3 };
    uint64_t seed = 8;
    float *x = guarded(ROWS * n, &seed), *bias = guarded(n, &seed), *gate = gated ? guarded(n, &seed) : NULL;
    float *out[ROWS], *vector[ROWS], *keep[ROWS], plain[MOST], slope[MOST], ones[MOST];
    for (size_t r = 0; r < ROWS; r++)
        out[r] = guarded(n, &seed), vector[r] = guarded(n, &seed), keep[r] = guarded(n, &seed);
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    k->finish_rows(&(struct finish_rows){.rows = ROWS,
                                         .n = n,
                                         .pitch = n,
                                         .x = x,
                                         .out = out,
                                         .vector = (const float *const *)vector,
                                         .bias = bias,
                                         .gate = gate,
                                         .scale = 0.5f,
                                         .activation = activation,
                                         .keep = keep,
                                         .keep_slope = slopes});
    for (size_t r = 0; r < ROWS; r++) {
        k->finish(&(struct finish){.bias = bias, .vector = vector[r], .scale = 1}, n, x + r * n, plain);
        k->backward->slope(n, activation, plain, NULL, 1, ones, false, slope);
        for (size_t i = 0; i < n; i++) /* a zero's sign may differ */
            assert_true(keep[r][i] == (slopes ? slope : plain)[i]);
        k->finish(&(struct finish){bias, vector[r], gate, NULL, 0.5f, activation}, n, x + r * n, plain);
        assert_memory_equal(out[r], plain, n * sizeof *plain);
        drop(out[r], n), drop(vector[r], n), drop(keep[r], n);
    }
    drop(x, ROWS * n), drop(bias, n);
    if (gate)
        drop(gate, n);
}

static void finished_rows_keep(void **state) {
    (void)state;
    EACH_TABLE(k)
    for (size_t n = 1; n <= MOST; n += n < 34 ? 1 : 9)
        for (int kind = 0; kind < 4 * ACTIVATION_COUNT; kind++)
            check_kept(k, n, (enum activation)(kind / 4), kind % 2, kind & 2);
}

static void rows_become_columns(void **state) {
    (void)state;
    uint64_t seed = 9;
    EACH_TABLE(k)
    for (size_t rows = 1; rows <= 34; rows++)
        for (size_t columns = 1; columns <= 34; columns++) {
            size_t x_pitch = columns + rows % 2, out_pitch = rows + columns % 3;
            size_t n = (rows - 1) * x_pitch + columns, m = (columns - 1) * out_pitch + rows;
            float *x = guarded(n, &seed), *out = guarded(m, &seed), before[34 * 37];
            memcpy(before, out, m * sizeof *out);
            k->transpose(rows, columns, x, x_pitch, out, out_pitch);
            for (size_t i = 0; i < m; i++) {
                const size_t row = i % out_pitch;
                assert_true(out[i] == (row < rows ? x[row * x_pitch + i / out_pitch] : before[i]));
            }
            drop(x, n), drop(out, m);
        }
}

static void activations_keep_their_ends(void **state) {
    (void)state;
    static const float ends[] = {-INFINITY, -1e30f, -200, -90, -0.0f, 0, 1e-30f, 90, 200, 1e30f};
    EACH_TABLE(k)
    for (int a = 0; a < ACTIVATION_COUNT; a++)
        for (size_t i = 1; i < COUNT(ends); i++) {
            float y;
            k->finish(&(struct finish){.scale = 1, .activation = (enum activation)a}, 1, &ends[i], &y);
            double want = activated((enum activation)a, (double)ends[i]);
            if (!(fabs((double)y - want) <= 1e-6 * fabs(want) + 1e-6))
                fail_msg("%s %d of %g: %g, want %g", isa_text(k->isa), a, (double)ends[i], (double)y, want);
        }
}

static void moments_of_channels(void **state) {
    (void)state;
    uint64_t seed = 3;
    EACH_TABLE(k)
    for (size_t n = 1; n <= MOST; n++) {
        size_t pixels = 1 + n % 40, pitch = n + 3, m = (pixels - 1) * pitch + n;
        float *x = guarded(m, &seed), *shift = guarded(n, &seed);
        double sum[MOST] = {0}, square[MOST] = {0};
        k->moments(pixels, pitch, n, x, shift, sum, square);
        for (size_t i = 0; i < n; i++) {
            double s = 0, q = 0;
            for (size_t p = 0; p < pixels; p++) {
                double y = (double)x[p * pitch + i] - (double)shift[i];
                s += y;
                q += y * y;
            }
            near("sum", i, sum[i], s, 100);
            near("square", i, square[i], q, 1000);
        }
        drop(x, m), drop(shift, n);
    }
}

static void rows_are_standardised(void **state) {
    (void)state;
    uint64_t seed = 6;
    EACH_TABLE(k)
    for (size_t n = 1; n <= MOST; n++)
        for (int with = 0; with < 4; with++) {
            float *x = guarded(n, &seed), *out = guarded(n, &seed), *extra[4];
            struct standard s = {.eps = 1e-5f};
            for (int e = 0; e < 4; e++)
                extra[e] = guarded(n, &seed);
            if (with & 1)
                s.weight = extra[0], s.bias = extra[1];
            if (with & 2)
                s.scale = extra[2], s.shift = extra[3];
            double mean = 0, variance = 0;
            for (size_t i = 0; i < n; i++)
                mean += (double)x[i] / (double)n;
            for (size_t i = 0; i < n; i++)
                variance += pow((double)x[i] - mean, 2) / (double)n;
            k->standardise(&s, n, x, out);
            for (size_t i = 0; i < n; i++) {
                double want = ((double)x[i] - mean) / sqrt(variance + 1e-5);
                want = with & 1 ? want * (double)extra[0][i] + (double)extra[1][i] : want;
                want = with & 2 ? want * (1 + (double)extra[2][i]) + (double)extra[3][i] : want;
                near("standardise", i, (double)out[i], want, 100);
            }
            for (int e = 0; e < 4; e++)
                drop(extra[e], n);
            drop(x, n), drop(out, n);
        }
}

static void softmax_in_parts(void **state) {
    (void)state;
    uint64_t seed = 4;
    EACH_TABLE(k)
    for (size_t n = 1; n <= MOST; n++) {
        float *s = guarded(n, &seed), before[MOST], max = -INFINITY;
        memcpy(before, s, n * sizeof *s);
        double sum = (double)k->softmax_part(n, s, 0.5f, &max), most = -INFINITY, want = 0;
        for (size_t i = 0; i < n; i++)
            most = fmax(most, (double)before[i] * 0.5);
        for (size_t i = 0; i < n; i++) {
            want += exp((double)before[i] * 0.5 - most);
            near("softmax", i, (double)s[i], exp((double)before[i] * 0.5 - most), 1);
        }
        assert_true((double)max == most);
        near("sum", n, sum, want, want);
        float *x = guarded(n, &seed), *out = guarded(n, &seed);
        memcpy(before, out, n * sizeof *out);
        k->blend(n, 0.25f, x, 0.5f, out);
        for (size_t i = 0; i < n; i++)
            near("blend", i, (double)out[i], ((double)before[i] * 0.25 + (double)x[i]) / 2, 8);
        for (size_t i = 0; i < n; i++)
            out[i] = NAN;
        k->blend(n, 0, x, 3, out);
        for (size_t i = 0; i < n; i++)
            near("blend", i, (double)out[i], 3 * (double)x[i], 8);
        drop(s, n), drop(x, n), drop(out, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_those_of_their_sets),
        cmocka_unit_test(tiles_are_sums_of_products),
        cmocka_unit_test(halves_are_widened),
        cmocka_unit_test(numbers_are_rounded_to_halves),
        cmocka_unit_test(rows_are_finished),
        cmocka_unit_test(rows_together_are_rows_alone),
        cmocka_unit_test(rows_are_standardised),
        cmocka_unit_test(finished_rows_keep),
        cmocka_unit_test(rows_become_columns),
        cmocka_unit_test(activations_keep_their_ends),
        cmocka_unit_test(moments_of_channels),
        cmocka_unit_test(softmax_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
