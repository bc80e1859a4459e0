/* Draws of the data, and what is said of samples that are right and of samples that are not. */
#include "core/diffusion/diagnostics.h"

#include <math.h>

#include "core/base/normal.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { N = 10000 };

static const double MEANS[] = {0, 1, 2, -1, -3, 0}, WEIGHTS[] = {1, 2, 3}, STDS[] = {0.5, 0.3, 1};
static const double AXES[] = {0.5, 0.2, 0.3, 1, 1, 0.7};
static const double COVARIANCES[] = {0.3, 0.1, 0.1, 0.2, 1, -0.5, -0.5, 0.5, 0.04, 0, 0, 0.09};
static const struct mixture_in SHAPES[] = {
    {.k = 3, .d = 2, .weights = WEIGHTS, .means = MEANS, .stds = STDS, .n_stds = 3},
    {.k = 3, .d = 2, .weights = WEIGHTS, .means = MEANS, .stds = AXES, .n_stds = 6},
    {.k = 3, .d = 2, .weights = WEIGHTS, .means = MEANS, .covariances = COVARIANCES},
};

struct world {
    struct ctx ctx;
    const struct denoiser *model;
    const struct mixture_truth *truth;
    double *samples;
    struct diagnostics found;
};

static enum status prepare(struct world *w, const struct mixture_in *in, size_t n) {
    double room[16];
    enum status status = mixture_make(&w->ctx, in, &w->model);
    if (status == STATUS_OK)
        status = mixture_truth_make(&w->ctx, w->model, &w->truth);
    if (status == STATUS_OK && !(w->samples = ctx_alloc(&w->ctx, n, in->d * sizeof(double))))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        mixture_truth_draw(w->truth, 99, 0, 0, n, w->samples, room);
    return status;
}

static void ready(struct world *w, const struct mixture_in *in, size_t n) {
    ctx_init(&w->ctx, 64 << 20);
    assert_int_equal(prepare(w, in, n), STATUS_OK);
}

static void judge(struct world *w, size_t n) {
    if (diagnostics_run(&w->ctx, w->model, 1, w->samples, n, &w->found) != STATUS_OK)
        fail_msg("%s", w->ctx.err.detail);
}

/* variance_of part c along i, j. */
static double variance_of(size_t shape, size_t c, size_t i, size_t j) {
    if (shape == 2)
        return COVARIANCES[c * 4 + i * 2 + j];
    double s = shape ? AXES[c * 2 + i] : STDS[c];
    return i == j ? s * s : 0;
}

/* Mean and second moments of 10000 draws, within five standard errors or so. */
static void draws_have_the_moments(void **state) {
    (void)state;
    for (size_t shape = 0; shape < COUNT(SHAPES); shape++) {
        struct world w;
        ready(&w, &SHAPES[shape], N);
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j <= i; j++) {
                double mean = 0, product = 0, want_mean = 0, want = 0;
                for (size_t r = 0; r < N; r++) {
                    mean += w.samples[2 * r + i] / N;
                    product += w.samples[2 * r + i] * w.samples[2 * r + j] / N;
                }
                for (size_t c = 0; c < 3; c++) {
                    want_mean += WEIGHTS[c] / 6 * MEANS[2 * c + i];
                    want += WEIGHTS[c] / 6 * (MEANS[2 * c + i] * MEANS[2 * c + j] + variance_of(shape, c, i, j));
                }
                assert_true(fabs(mean - want_mean) < 0.13 && fabs(product - want) < 0.3);
            }
        ctx_release(&w.ctx);
    }
}

static void right_samples_pass(void **state) {
    (void)state;
    for (size_t shape = 0; shape < COUNT(SHAPES); shape++) {
        struct world w;
        ready(&w, &SHAPES[shape], N);
        judge(&w, N);
        const struct diagnostics *f = &w.found;
        assert_int_equal(f->used, N);
        assert_true(fabs(f->energy.value) < 4 * f->energy.standard_error);
        assert_true(fabs(f->sliced.value - f->sliced.baseline) < 4 * f->sliced.excess_error);
        assert_int_equal(f->parts, 3);
        for (size_t c = 0; c < 3; c++) {
            assert_true(fabs(f->weights[c] - WEIGHTS[c] / 6) < 1e-15);
            assert_true(f->error[c] > 0 && fabs(f->share[c] - f->weights[c]) < 4 * f->error[c]);
        }
        ctx_release(&w.ctx);
    }
}

/* N(0, 1) moved by delta: W2 is delta, the energy distance 4/sqrt(pi) (exp(-delta^2/4) - 1) + 2 delta erf(delta/2). */
static void moved_samples_are_as_far_as_they_are(void **state) {
    (void)state;
    const struct mixture_in in = {.k = 1, .d = 1, .means = (double[]){0}, .stds = (double[]){1}, .n_stds = 1};
    const double delta = 0.7;
    struct world w;
    ready(&w, &in, N);
    for (size_t i = 0; i < N; i++)
        w.samples[i] += delta;
    judge(&w, N);
    double energy = 4 / sqrt(M_PI) * (exp(-delta * delta / 4) - 1) + 2 * delta * erf(delta / 2);
    const struct diagnostics *f = &w.found;
    assert_true(fabs(f->energy.value - energy) < 4 * f->energy.standard_error);
    assert_true(f->energy.value > 10 * f->energy.standard_error);
    assert_true(fabs(f->sliced.value - delta) < 4 * f->sliced.standard_error + 0.01);
    assert_true(f->sliced.value - f->sliced.baseline > 10 * f->sliced.excess_error);
    assert_true(f->share[0] == 1 && f->error[0] == 0);
    ctx_release(&w.ctx);
}

static void wrong_shares_are_seen(void **state) {
    (void)state;
    struct world w, other;
    ready(&w, &SHAPES[0], N);
    struct mixture_in equal = SHAPES[0];
    equal.weights = NULL;
    ready(&other, &equal, N);
    memcpy(w.samples, other.samples, N * 2 * sizeof *w.samples);
    judge(&w, N);
    for (size_t c = 0; c < 3; c++) {
        assert_true(fabs(w.found.share[c] - 1.0 / 3) < 5 * w.found.error[c]);
        assert_true(c == 1 || fabs(w.found.share[c] - w.found.weights[c]) > 10 * w.found.error[c]);
    }
    ctx_release(&w.ctx);
    ctx_release(&other.ctx);
}

/* Points without width: each sample belongs to the one that it is. */
static void points_have_shares(void **state) {
    (void)state;
    struct world w;
    const struct mixture_in in = {.k = 3, .d = 1, .means = (double[]){0, 1, 5}, .stds = (double[]){0}, .n_stds = 1};
    ready(&w, &in, 3000);
    double count[3] = {0};
    for (size_t i = 0; i < 3000; i++)
        count[w.samples[i] == 0 ? 0 : w.samples[i] == 1 ? 1 : 2]++;
    judge(&w, 3000);
    for (size_t c = 0; c < 3; c++)
        assert_true(fabs(w.found.share[c] - count[c] / 3000) < 1e-12);
    ctx_release(&w.ctx);
}

/* A batch stays within the time and room that are promised, and has two samples at least. */
static void batches_are_limited(void **state) {
    (void)state;
    for (size_t d = 1; d <= MIXTURE_MAX_D; d *= 2)
        for (size_t count = DIAGNOSTICS_LEAST; count < 10000000; count *= 7) {
            size_t m = diagnostics_batch(count, d);
            assert_true(m >= 2 && m <= 1000 && 10 * m <= count);
            assert_true(m == 2 || ((double)(m * m * d) <= 1e8 && m * d <= 1000000));
        }
    struct world w;
    double *means = calloc(1001, sizeof *means);
    const struct mixture_in in = {.k = 1001, .d = 1, .means = means, .stds = (double[]){1}, .n_stds = 1};
    ready(&w, &in, 20);
    judge(&w, 20);
    assert_int_equal(w.found.parts, 0); /* too many to tell of each */
    assert_int_equal(w.found.used, 20);
    ctx_release(&w.ctx);
    free(means);
}

static void threads_change_nothing(void **state) {
    (void)state;
    struct world one, four;
    struct parallel parallel = test_threads(4);
    ready(&one, &SHAPES[2], 2000);
    ready(&four, &SHAPES[2], 2000);
    four.ctx.parallel = &parallel;
    judge(&one, 2000);
    judge(&four, 2000);
    assert_memory_equal(&one.found.sliced, &four.found.sliced, sizeof one.found.sliced);
    assert_memory_equal(&one.found.energy, &four.found.energy, sizeof one.found.energy);
    assert_memory_equal(one.found.share, four.found.share, 6 * sizeof(double));
    ctx_release(&one.ctx);
    ctx_release(&four.ctx);
}

static void stops_and_fails_as_told(void **state) {
    (void)state;
    atomic_int stop = STOP_CANCEL;
    struct world w;
    ready(&w, &SHAPES[0], 20);
    w.ctx.stop = &stop;
    assert_int_equal(diagnostics_run(&w.ctx, w.model, 1, w.samples, 20, &w.found), STATUS_CANCELLED);
    ctx_release(&w.ctx);
    size_t n = 0;
    for (;; n++) {
        ctx_init(&w.ctx, 1 << 20);
        w.ctx.fail_after = n;
        enum status status = prepare(&w, &SHAPES[0], 20);
        if (status == STATUS_OK)
            status = diagnostics_run(&w.ctx, w.model, 1, w.samples, 20, &w.found);
        ctx_release(&w.ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
    assert_true(n > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_have_the_moments),
        cmocka_unit_test(right_samples_pass),
        cmocka_unit_test(moved_samples_are_as_far_as_they_are),
        cmocka_unit_test(wrong_shares_are_seen),
        cmocka_unit_test(points_have_shares),
        cmocka_unit_test(batches_are_limited),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(stops_and_fails_as_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
