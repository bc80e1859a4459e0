/* The kernels of derivatives of every table that this machine has, against their formulas in double precision by the C
 * library, with a page behind the arrays that must not be touched. */
#include "core/tensor/backward.h"

#include <math.h>

#include "tests/support/guarded.h"
#include "tests/support/outer_check.h"
#include "tests/support/tables.h"
#include "tests/support/test.h"

enum { MOST = 70 };

static void near(const char *what, size_t i, double got, double want, double scale) {
    if (!(fabs(got - want) <= 2e-6 * (scale > 1 ? scale : 1)))
        fail_msg("%s %zu: %.9g, want %.9g", what, i, got, want);
}

/* EACH_WAY(k) is EACH_TABLE of their kernels of derivatives. */
#define EACH_WAY(k)                           \
    for (int isa = 0; isa < ISA_COUNT; isa++) \
        for (const struct backward_kernels *k = test_table(isa) ? test_table(isa)->backward : NULL; k; k = NULL)

static void products_over_pixels(void **state) {
    (void)state;
    uint64_t seed = 1;
    EACH_WAY(k)
    for (size_t rows = 1; rows <= 18; rows++)
        for (size_t columns = 1; columns <= 40; columns += columns < 33 ? 1 : 7)
            outer_check(k->outer, false, (struct outer){.lines = 2, .pixels = 3, .rows = rows, .columns = columns},
                        &seed);
}

/* The activations and their slopes, the latter by the formulas that are not the kernels'. */
static double activated(int activation, double x) {
    switch (activation) {
    case ACTIVATION_SILU: return x / (1 + exp(-x));
    case ACTIVATION_RELU: return x > 0 ? x : 0;
    case ACTIVATION_GELU: return x * 0.5 * erfc(-x / sqrt(2));
    case ACTIVATION_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACTIVATION_MISH: return x * tanh(log1p(exp(x)));
    default: return x;
    }
}
static double slope_at(int activation, double x) {
    const double h = 1e-5;
    if (activation == ACTIVATION_RELU)
        return x > 0;
    return (activated(activation, x + h) - activated(activation, x - h)) / (2 * h);
}

static void slopes(void **state) {
    (void)state;
    uint64_t seed = 2;
    EACH_WAY(k)
    for (size_t n = 0; n <= MOST; n++)
        for (int kind = 0; kind < 4 * ACTIVATION_COUNT; kind++) {
            float *z = guarded(n, &seed), *gate = guarded(n, &seed), *d = guarded(n, &seed), *out = guarded(n, &seed);
            float before[MOST];
            bool add = kind % 2, gated = kind / 2 % 2;
            memcpy(before, out, n * sizeof *out);
            k->slope(n, (enum activation)(kind / 4), z, gated ? gate : NULL, 0.5f, d, add, out);
            for (size_t i = 0; i < n; i++) {
                double own = 0.5 * (double)d[i] * (gated ? (double)gate[i] : 1) * slope_at(kind / 4, (double)z[i]);
                near("slope", (size_t)kind, (double)out[i], own + (add ? (double)before[i] : 0), 10);
            }
            memcpy(before, out, n * sizeof *out);
            k->scale(n, -0.75f, z, add, out);
            for (size_t i = 0; i < n; i++)
                near("scale", i, (double)out[i], -0.75 * (double)z[i] + (add ? (double)before[i] : 0), 10);
            drop(z, n), drop(gate, n), drop(d, n), drop(out, n);
        }
}

static void slopes_keep_their_ends(void **state) {
    (void)state;
    static const float ends[] = {-1e30f, -200, -90, -40, 40, 90, 200, 1e30f};
    EACH_WAY(k)
    for (int a = 0; a < ACTIVATION_COUNT; a++)
        for (size_t i = 0; i < COUNT(ends); i++) {
            float d = 1;
            k->slope(1, (enum activation)a, &ends[i], NULL, 1, &d, false, &d);
            near("end", i, (double)d, a == ACTIVATION_NONE || ends[i] > 0, 1);
        }
}

static void sums_over_pixels(void **state) {
    (void)state;
    uint64_t seed = 3;
    EACH_WAY(k)
    for (size_t n = 1; n <= MOST; n++) {
        size_t pixels = n % 7, pitch = n + 3, m = pixels ? (pixels - 1) * pitch + n : 0;
        float *x = guarded(m, &seed), *d = guarded(m, &seed), *sum = guarded(n, &seed), before[MOST];
        int a = (int)(n % ACTIVATION_COUNT);
        memcpy(before, sum, n * sizeof *sum);
        k->sums(pixels, pitch, n, x, sum);
        k->gate_sums(pixels, n, x, pitch, d, pitch, (enum activation)a, 0.5f, sum);
        for (size_t i = 0; i < n; i++) {
            double want = (double)before[i];
            for (size_t p = 0; p < pixels; p++)
                want +=
                    (double)x[p * pitch + i] + 0.5 * activated(a, (double)x[p * pitch + i]) * (double)d[p * pitch + i];
            near("sums", i, (double)sum[i], want, 100);
        }
        double squares = 0;
        for (size_t i = 0; i < m; i++)
            squares += (double)x[i] * (double)x[i];
        near("squares", n, k->squares(m, x), squares, squares);
        drop(x, m), drop(d, m), drop(sum, n);
    }
}

static void lines_of_norms(void **state) {
    (void)state;
    uint64_t seed = 4;
    EACH_WAY(k)
    for (size_t n = 1; n <= MOST; n++) {
        enum { PIXELS = 3 };
        size_t pitch = n + 2, m = 2 * pitch + n;
        float *x = guarded(m, &seed), *d = guarded(m, &seed), *line[5], *out = guarded(m, &seed), *was, *first;
        for (int i = 0; i < 5; i++)
            line[i] = guarded(n, &seed);
        assert_non_null(was = malloc(m * sizeof *was));
        assert_non_null(first = malloc(2 * n * sizeof *first));
        memcpy(was, d, m * sizeof *was);
        memcpy(first, line[3], n * sizeof *first), memcpy(first + n, line[4], n * sizeof *first);
        int a = (int)(n % ACTIVATION_COUNT);
        const struct norm_line l = {.pixels = PIXELS,
                                    .n = n,
                                    .x = x,
                                    .d = d,
                                    .x_step = pitch,
                                    .d_step = pitch,
                                    .factor = line[0],
                                    .offset = line[1],
                                    .mean = line[2],
                                    .activation = (enum activation)a,
                                    .sum = line[3],
                                    .product = line[4]};
        k->norm_sums(&l);
        for (size_t i = 0; i < n; i++) {
            double sum = (double)first[i], product = (double)first[n + i];
            for (size_t p = 0; p < PIXELS; p++) {
                float z = x[p * pitch + i] * line[0][i] + line[1][i]; /* relu's step is where float32 has it */
                double want = (double)was[p * pitch + i] * slope_at(a, (double)z);
                near("d", i, (double)d[p * pitch + i], want, 20);
                sum += want;
                product += want * ((double)x[p * pitch + i] - (double)line[2][i]);
            }
            near("sum", i, (double)line[3][i], sum, 60);
            near("product", i, (double)line[4][i], product, 400);
        }
        memcpy(was, out, m * sizeof *was);
        for (int add = 0; add < 2; add++) {
            memcpy(out, was, m * sizeof *was);
            k->norm_slope(&l, add, out, pitch);
            for (size_t i = 0; i < m; i++) {
                size_t c = i % pitch;
                double want = (double)was[i];
                if (c < n)
                    want = (add ? want : 0) + (double)d[i] * (double)line[0][c] +
                           ((double)x[i] - (double)line[2][c]) * (double)line[4][c] + (double)line[1][c];
                near("norm_slope", i, (double)out[i], want, 400);
            }
        }
        free(was), free(first);
        for (int i = 0; i < 5; i++)
            drop(line[i], n);
        drop(x, m), drop(d, m), drop(out, m);
    }
}

static double standard(const float *x, size_t n, size_t moved, double by, size_t i) {
    double mean = 0, variance = 0;
    for (size_t k = 0; k < n; k++)
        mean += ((double)x[k] + (k == moved ? by : 0)) / (double)n;
    for (size_t k = 0; k < n; k++)
        variance += pow((double)x[k] + (k == moved ? by : 0) - mean, 2) / (double)n;
    return ((double)x[i] + (i == moved ? by : 0) - mean) / sqrt(variance + 1e-3);
}

/* Two rows with gaps between them: x, d, out, then factor, sum, product of all rows. */
static void rows_of_norms(void **state) {
    (void)state;
    enum { ROWS = 2 };
    uint64_t seed = 5;
    EACH_WAY(k)
    for (size_t n = 1; n <= 40; n++) {
        const size_t step = n + 3, m = (ROWS - 1) * step + n;
        float *list[6], before[2][MOST], moments[2 * ROWS], old[ROWS * MOST], sums[2][MOST];
        for (int i = 0; i < 6; i++)
            list[i] = guarded(i < 3 ? m : n, &seed);
        for (int i = 0; i < 2; i++) {
            memcpy(before[i], list[4 + i], n * sizeof(float));
            memcpy(sums[i], list[4 + i], n * sizeof(float));
        }
        memcpy(old, list[2], m * sizeof *old);
        struct layer_rows l = {.rows = ROWS,
                               .n = n,
                               .x = list[0],
                               .d = list[1],
                               .factor = list[3],
                               .x_step = step,
                               .d_step = step,
                               .out_step = step,
                               .eps = 1e-3f,
                               .add = n % 2,
                               .out = list[2],
                               .sum = list[4],
                               .product = list[5],
                               .moments = moments};
        k->layer(&l);
        for (size_t i = 0; i < n; i++) {
            double sum = (double)before[0][i], product = (double)before[1][i];
            for (size_t r = 0; r < ROWS; r++) {
                const float *x = list[0] + r * step, *d = list[1] + r * step;
                double want = l.add ? (double)old[r * step + i] : 0;
                for (size_t j = 0; j < n; j++)
                    want += (double)d[j] * (double)list[3][j] *
                            (standard(x, n, i, 1e-5, j) - standard(x, n, i, -1e-5, j)) / 2e-5;
                near("layer", i, (double)list[2][r * step + i], want, 100);
                sum += (double)d[i];
                product += (double)d[i] * standard(x, n, n, 0, i);
            }
            near("sum", i, (double)list[4][i], sum, 10);
            near("product", i, (double)list[5][i], product, 60);
        }
        l.sum = sums[0];
        l.product = sums[1];
        k->layer_sums(&l);
        for (size_t i = 0; i < n; i++) {
            near("sum by moments", i, (double)sums[0][i], (double)list[4][i], 10);
            near("product by moments", i, (double)sums[1][i], (double)list[5][i], 60);
        }
        l.sum = l.product = l.moments = NULL; /* the same without them */
        l.add = false;
        k->layer(&l);
        memcpy(old, list[2], m * sizeof *old);
        l.moments = moments;
        k->layer(&l);
        assert_memory_equal(old, list[2], m * sizeof *old);
        for (int i = 0; i < 6; i++)
            drop(list[i], i < 3 ? m : n);
    }
}

static void slopes_of_softmax(void **state) {
    (void)state;
    uint64_t seed = 6;
    EACH_WAY(k)
    for (size_t n = 1; n <= MOST; n++) {
        float *p = guarded(n, &seed), *d = guarded(n, &seed), before[MOST];
        double sum = 0;
        memcpy(before, d, n * sizeof *d);
        for (size_t i = 0; i < n; i++)
            sum += (double)p[i] * (double)d[i];
        k->softmax(n, p, 0.25f, d);
        for (size_t i = 0; i < n; i++)
            near("softmax", i, (double)d[i], 0.25 * (double)p[i] * ((double)before[i] - sum), 400);
        drop(p, n), drop(d, n);
    }
}

static void steps_of_adam(void **state) {
    (void)state;
    uint64_t seed = 7;
    const struct adam a = {0.5f, 0.9f, 0.1f, 0.75f, 0.25f, 0.99f, 0.125f, 2, 1e-3f, 0.8f};
    EACH_WAY(k)
    for (size_t n = 0; n <= MOST; n++) {
        float *list[5], before[5][MOST]; /* gradient, w, first, second, mean */
        for (int i = 0; i < 5; i++)
            list[i] = guarded(n, &seed);
        for (size_t i = 0; i < n; i++)
            list[3][i] = fabsf(list[3][i]);
        for (int i = 0; i < 5; i++)
            memcpy(before[i], list[i], n * sizeof(float));
        k->adam(&a, n, list[0], list[1], list[2], list[3], list[4]);
        for (size_t i = 0; i < n; i++) {
            double g = 0.5 * (double)before[0][i], first = 0.9 * (double)before[2][i] + 0.1 * g;
            double second = 0.75 * (double)before[3][i] + 0.25 * g * g;
            double w = 0.99 * (double)before[1][i] - 0.125 * first / (2 * sqrt(second) + 1e-3);
            near("first", i, (double)list[2][i], first, 4);
            near("second", i, (double)list[3][i], second, 4);
            near("w", i, (double)list[1][i], w, 4);
            near("mean", i, (double)list[4][i], 0.8 * (double)before[4][i] + 0.2 * w, 4);
        }
        for (int i = 0; i < 5; i++)
            drop(list[i], n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_over_pixels),   cmocka_unit_test(slopes),
        cmocka_unit_test(slopes_keep_their_ends), cmocka_unit_test(sums_over_pixels),
        cmocka_unit_test(lines_of_norms),         cmocka_unit_test(rows_of_norms),
        cmocka_unit_test(slopes_of_softmax),      cmocka_unit_test(steps_of_adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
