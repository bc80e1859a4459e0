#include "core/train/pairs.h"

#include <math.h>

#include "tests/support/test.h"

enum { N = 6, D = 2, MANY = 60 };

static void fill(uint64_t *seed, size_t n, float *x0, double *x1) {
    for (size_t i = 0; i < n * D; i++) {
        x0[i] = (float)test_below(seed, 1001) / 500 - 1;
        x1[i] = (double)test_below(seed, 1001) / 500 - 1;
    }
}

static double apart(const float *x0, const double *x1) {
    double sum = 0;
    for (size_t j = 0; j < D; j++)
        sum += ((double)x0[j] - x1[j]) * ((double)x0[j] - x1[j]);
    return sum;
}

static double cost(size_t n, const float *x0, const double *x1) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += apart(x0 + i * D, x1 + i * D);
    return sum;
}

/* least tries every order of x1 in which rows stay in their class. */
static double least(const float *x0, const double *x1, const int64_t *labels, size_t i, unsigned taken) {
    double best = i == N ? 0 : (double)INFINITY;
    for (size_t j = 0; i < N && j < N; j++)
        if (!(taken >> j & 1) && labels[i] == labels[j]) {
            double sum = apart(x0 + i * D, x1 + j * D) + least(x0, x1, labels, i + 1, taken | 1u << j);
            best = sum < best ? sum : best;
        }
    return best;
}

static void couple(size_t n, const float *x0, const int64_t *labels, double *x1) {
    struct ctx ctx;
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(pairs_couple(&ctx, n, D, x0, labels, x1), STATUS_OK);
    ctx_release(&ctx);
}

/* same_rows: each class has the rows of x1 that it had. No two rows are alike. */
static void same_rows(const double *was, const double *is, const int64_t *labels, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t found = 0;
        for (size_t j = 0; j < n; j++)
            found += !memcmp(is + i * D, was + j * D, D * sizeof *is) && (!labels || labels[i] == labels[j]);
        assert_int_equal(found, 1);
    }
}

static void all_orders_are_tried(void **state) {
    (void)state;
    static const int64_t LABELS[][N] = {{0}, {3, 1, 3, 1, 3, 1}, {0, 1, 2, 3, 4, 5}, {7, 7, 7, 7, 7, 2}};
    uint64_t seed = 1;
    for (size_t round = 0; round < 40; round++) {
        const int64_t *labels = LABELS[round % COUNT(LABELS)];
        float x0[N * D];
        double x1[N * D], was[N * D];
        fill(&seed, N, x0, x1);
        memcpy(was, x1, sizeof x1);
        couple(N, x0, round % COUNT(LABELS) ? labels : NULL, x1);
        same_rows(was, x1, labels, N);
        assert_true(fabs(cost(N, x0, x1) - least(x0, was, labels, 0, 0)) < 1e-12);
    }
}

/* What starts where its data are stays with them, in whatever order it came. */
static void moved_points_find_back(void **state) {
    (void)state;
    float x0[MANY * D];
    double x1[MANY * D];
    uint64_t seed = 4;
    fill(&seed, MANY, x0, x1);
    for (size_t i = 0; i < MANY; i++)
        for (size_t j = 0; j < D; j++)
            x1[(i * 7 + 3) % MANY * D + j] = (double)x0[i * D + j] + 5;
    couple(MANY, x0, NULL, x1);
    for (size_t i = 0; i < MANY * D; i++)
        assert_true(x1[i] == (double)x0[i] + 5);
}

static void an_epoch_of_a_source_has_each_point_once(void **state) {
    (void)state;
    enum { POINTS = 30, BATCH = 6 };
    unsigned char seen[POINTS] = {0};
    size_t others = 0;
    for (uint64_t step = 0; step < POINTS / BATCH; step++)
        for (size_t row = 0; row < BATCH; row++) {
            assert_int_equal(seen[pairs_point(9, POINTS, BATCH, step, row)]++, 0);
            others += pairs_point(9, POINTS, BATCH, step, row) != pairs_point(10, POINTS, BATCH, step, row);
        }
    assert_true(others > POINTS / 2);
}

static void it_may_be_stopped_and_starved(void **state) {
    (void)state;
    const int64_t labels[N] = {0, 0, 0, 1, 1, 1};
    float x0[N * D];
    double x1[N * D], was[N * D];
    uint64_t seed = 2;
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    fill(&seed, N, x0, x1);
    memcpy(was, x1, sizeof x1);
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    assert_int_equal(pairs_couple(&ctx, N, D, x0, labels, x1), STATUS_CANCELLED);
    ctx_release(&ctx);
    enum status status = STATUS_NO_MEMORY;
    for (size_t k = 0; status == STATUS_NO_MEMORY; k++) {
        assert_memory_equal(x1, was, sizeof was);
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = k;
        status = pairs_couple(&ctx, N, D, x0, labels, x1);
        assert_true(status == STATUS_NO_MEMORY || k > 10);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_orders_are_tried),
        cmocka_unit_test(moved_points_find_back),
        cmocka_unit_test(an_epoch_of_a_source_has_each_point_once),
        cmocka_unit_test(it_may_be_stopped_and_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
