/* The denoisers that stand around others: guidance, clipping, projection. What they are around is a table, so that every
 * number can be worked out by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/normal.h"
#include "core/diffusion/clip.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/project.h"
#include "tests/support/test.h"

enum { ROWS = 3, D = 5 };

/* D of row r is table[r], whatever x. It dirties all of the scratch that it may use. */
struct table {
    struct denoiser base;
    const double *rows;
};

static void look_up(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                    const double *x, double *out, double *scratch) {
    (void)at, (void)told, (void)x;
    memcpy(out, ((const struct table *)(const void *)self)->rows, rows * self->d * sizeof *out);
    for (size_t i = 0; i < denoiser_scratch(self, rows); i++)
        scratch[i] = 1e300;
}

static struct table table_of(const double *rows) {
    return (struct table){{.d = D, .scratch = 7, .scratch_row = 2, .cost = 1, .eval = look_up}, rows};
}

static void evaluate(struct ctx *ctx, const struct denoiser *denoiser, double k, double *out) {
    const struct path_point at = {.t = k, .k = k, .alpha = 1, .sigma = k};
    double *scratch = ctx_alloc(ctx, denoiser_scratch(denoiser, ROWS), sizeof *scratch);
    static const double x[ROWS * D] = {0};
    denoiser_eval(denoiser, &at, NULL, ROWS, x, out, scratch);
}

static double numbers[2][ROWS * D];

static void guidance_is_the_formula(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct table good = table_of(numbers[0]), ref = table_of(numbers[1]);
    const struct denoiser *denoiser;
    const struct guidance_in in = {&good.base, &ref.base, 3, 0, 0.5, 2};
    assert_int_equal(guidance_make(&ctx, &in, &denoiser), STATUS_OK);
    assert_ptr_equal(denoiser->unguided, &ref.base);
    static const double LEVELS[] = {0.49, 0.5, 1, 2, 2.01};
    for (size_t l = 0; l < COUNT(LEVELS); l++) {
        double out[ROWS * D];
        evaluate(&ctx, denoiser, LEVELS[l], out);
        for (size_t i = 0; i < ROWS * D; i++) {
            double g = numbers[0][i], u = numbers[1][i], want = l == 0 || l == 4 ? g : u + 3 * (g - u);
            assert_true(fabs(out[i] - want) <= 1e-14 * (1 + fabs(want)));
        }
    }
    ctx_release(&ctx);
}

static double deviation(const double *x) {
    double mean = 0, square = 0;
    for (size_t j = 0; j < D; j++)
        mean += x[j] / D;
    for (size_t j = 0; j < D; j++)
        square += (x[j] - mean) * (x[j] - mean) / D;
    return sqrt(square);
}

/* With phi = 1 a sample's deviation is that of the conditional one; the factor is the same for all its numbers. */
static void rescale_restores_the_deviation(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct table good = table_of(numbers[0]), ref = table_of(numbers[1]);
    const struct denoiser *denoiser;
    double plain[ROWS * D], out[ROWS * D];
    for (int half = 0; half < 2; half++) {
        struct guidance_in in = {&good.base, &ref.base, 5, 0, 0, 1e9};
        assert_int_equal(guidance_make(&ctx, &in, &denoiser), STATUS_OK);
        evaluate(&ctx, denoiser, 1, plain);
        in.rescale = half ? 0.5 : 1;
        assert_int_equal(guidance_make(&ctx, &in, &denoiser), STATUS_OK);
        evaluate(&ctx, denoiser, 1, out);
        for (size_t r = 0; r < ROWS; r++) {
            double all = deviation(numbers[0] + r * D) / deviation(plain + r * D), want = half ? 0.5 * all + 0.5 : all;
            for (size_t j = 0; j < D; j++)
                assert_true(fabs(out[r * D + j] - want * plain[r * D + j]) < 1e-13);
        }
    }
    ctx_release(&ctx);
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void clip_is_the_formula(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    static const double QUANTILES[] = {0, 0.25, 0.5, 0.9, 0.995, 1};
    double rows[ROWS * D], out[ROWS * D];
    for (uint64_t seed = 0; seed < 50; seed++) {
        normal_rows(seed, 0, 0, 0, ROWS, D, rows);
        for (size_t i = 0; i < ROWS * D; i++)
            rows[i] = seed % 3 == 0 ? rint(2 * rows[i]) : 3 * rows[i]; /* ties too */
        struct table table = table_of(rows);
        const struct denoiser *denoiser;
        assert_int_equal(clip_make(&ctx, &(struct clip_in){.denoiser = &table.base, .range = 1.5}, &denoiser),
                         STATUS_OK);
        evaluate(&ctx, denoiser, 1, out);
        for (size_t i = 0; i < ROWS * D; i++)
            assert_true(out[i] == fmax(-1.5, fmin(1.5, rows[i])));
        for (size_t q = 0; q < COUNT(QUANTILES); q++) {
            const struct clip_in in = {.denoiser = &table.base, .quantile = QUANTILES[q], .most = 4};
            assert_int_equal(clip_make(&ctx, &in, &denoiser), STATUS_OK);
            evaluate(&ctx, denoiser, 1, out);
            for (size_t r = 0; r < ROWS; r++) {
                double sorted[D];
                for (size_t j = 0; j < D; j++)
                    sorted[j] = fabs(rows[r * D + j]);
                qsort(sorted, D, sizeof *sorted, rising);
                double h = QUANTILES[q] * (D - 1), low = floor(h), g = h - low;
                double s = sorted[(size_t)low] + (g > 0 ? g * (sorted[(size_t)low + 1] - sorted[(size_t)low]) : 0);
                s = fmax(1, fmin(4, s));
                for (size_t j = 0; j < D; j++)
                    assert_true(fabs(out[r * D + j] - fmax(-s, fmin(s, rows[r * D + j])) / s) < 1e-15);
            }
        }
        ctx_release(&ctx);
        ctx_init(&ctx, 1 << 20);
    }
    ctx_release(&ctx);
}

/* The projected D meets the measurements, and differs from D only along them: a second projection changes nothing, and
 * the difference is orthogonal to what A does not see. The third row repeats the first: A has rank 2. */
static void projection_meets_the_measurements(void **state) {
    (void)state;
    static const double A[3 * D] = {1, 2, 0, 0, -1, 0, 1, 1, 1, 0, 1, 2, 0, 0, -1}, B[3] = {0.5, -2, 0.5};
    static const double UNSEEN[D] = {0, 0, 1, -1, 0}; /* A UNSEEN = 0 */
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct table table = table_of(numbers[0]);
    const struct denoiser *denoiser;
    double out[ROWS * D];
    assert_int_equal(project_make(&ctx, &(struct project_in){&table.base, A, B, 3}, &denoiser), STATUS_OK);
    evaluate(&ctx, denoiser, 1, out);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < 3; i++) {
            double sum = 0;
            for (size_t j = 0; j < D; j++)
                sum += A[i * D + j] * out[r * D + j];
            assert_true(fabs(sum - B[i]) < 1e-12);
        }
        double along = 0;
        for (size_t j = 0; j < D; j++)
            along += UNSEEN[j] * (out[r * D + j] - numbers[0][r * D + j]);
        assert_true(fabs(along) < 1e-12);
    }
    static const double zeros[D] = {0};
    assert_int_equal(project_make(&ctx, &(struct project_in){&table.base, zeros, B, 1}, &denoiser), STATUS_INVALID);
    assert_string_equal(ctx.err.pointer, "/measurement/matrix");
    ctx_release(&ctx);
}

static void memory_may_run_out(void **state) {
    (void)state;
    static const double A[D] = {1}, B[1] = {1};
    struct table table = table_of(numbers[0]);
    for (size_t after = 0; after < 5; after++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = after;
        const struct denoiser *denoiser;
        enum status project = project_make(&ctx, &(struct project_in){&table.base, A, B, 1}, &denoiser);
        assert_int_equal(project, after < 4 ? STATUS_NO_MEMORY : STATUS_OK);
        ctx_release(&ctx);
    }
}

int main(void) {
    normal_rows(11, 0, 0, 0, ROWS, D, numbers[0]);
    normal_rows(12, 0, 0, 0, ROWS, D, numbers[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guidance_is_the_formula), cmocka_unit_test(rescale_restores_the_deviation),
        cmocka_unit_test(clip_is_the_formula),     cmocka_unit_test(projection_meets_the_measurements),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
