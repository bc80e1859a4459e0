#include "core/diffusion/mixture.h"

#include <math.h>

#include "core/diffusion/eigen.h"
#include "tests/support/test.h"

enum { MAX_K = 100, MAX_D = 9 };

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

static const struct denoiser *make(struct ctx *ctx, const struct mixture_in *in) {
    const struct denoiser *denoiser = NULL;
    if (mixture_make(ctx, in, &denoiser) != STATUS_OK)
        fail_msg("%s", ctx->err.detail);
    return denoiser;
}

static void eval(struct ctx *ctx, const struct denoiser *denoiser, const struct path_point *at, size_t rows,
                 const double *x, double *out) {
    double *scratch = ctx_alloc(ctx, denoiser->scratch, sizeof *scratch);
    assert_non_null(scratch);
    denoiser->eval(denoiser, at, NULL, rows, x, out, scratch);
}

/* The oracle: the formula with dense matrices, Gaussian elimination and long doubles. solve() overwrites b by a^-1 b
 * and returns ln det a. */
static long double solve(size_t d, long double a[MAX_D][MAX_D], long double *b) {
    long double ln_det = 0;
    for (size_t p = 0; p < d; p++) {
        ln_det += logl(a[p][p]); /* positive definite: no pivoting */
        for (size_t i = p + 1; i < d; i++) {
            long double f = a[i][p] / a[p][p];
            for (size_t j = p; j < d; j++)
                a[i][j] -= f * a[p][j];
            b[i] -= f * b[p];
        }
    }
    for (size_t p = d; p-- > 0;) {
        for (size_t j = p + 1; j < d; j++)
            b[p] -= a[p][j] * b[j];
        b[p] /= a[p][p];
    }
    return ln_det;
}

/* dense[k][d][d] are the covariances of all parts. */
static void oracle(size_t k, size_t d, const double *weights, const double *means, const double *dense,
                   const struct path_point *at, const double *x, double *out) {
    static long double exponent[MAX_K], mean[MAX_K][MAX_D];
    long double top = -INFINITY, total = 0, sum[MAX_D] = {0};
    for (size_t c = 0; c < k; c++) {
        long double a[MAX_D][MAX_D], b[MAX_D], u[MAX_D], square = 0;
        for (size_t i = 0; i < d; i++) {
            u[i] = b[i] = (long double)x[i] - (long double)at->alpha * (long double)means[c * d + i];
            for (size_t j = 0; j < d; j++)
                a[i][j] = (long double)at->alpha * (long double)at->alpha * (long double)dense[(c * d + i) * d + j] +
                          (i == j ? (long double)at->sigma * (long double)at->sigma : 0);
        }
        long double ln_det = solve(d, a, b);
        for (size_t i = 0; i < d; i++) {
            square += u[i] * b[i];
            mean[c][i] = (long double)means[c * d + i];
            for (size_t j = 0; j < d; j++)
                mean[c][i] += (long double)at->alpha * (long double)dense[(c * d + i) * d + j] * b[j];
        }
        exponent[c] = (weights ? logl((long double)weights[c]) : 0) - (ln_det + square) / 2;
        top = exponent[c] > top ? exponent[c] : top;
    }
    for (size_t c = 0; c < k; c++) {
        long double r = expl(exponent[c] - top);
        total += r;
        for (size_t i = 0; i < d; i++)
            sum[i] += r * mean[c][i];
    }
    for (size_t i = 0; i < d; i++)
        out[i] = (double)(sum[i] / total);
}

struct problem {
    size_t k, d;
    double weights[MAX_K], means[MAX_K * MAX_D], stds[MAX_K * MAX_D], dense[MAX_K * MAX_D * MAX_D];
};

enum form { ONE_STD, STD_A_PART, STD_AN_AXIS, COVARIANCE, FORMS };

static void random_problem(struct problem *p, enum form form, uint64_t *seed) {
    static const size_t KS[] = {1, 2, 3, 5, 31, 32, 33, 100};
    p->k = KS[test_below(seed, COUNT(KS))];
    p->d = 1 + test_below(seed, MAX_D);
    memset(p->dense, 0, sizeof p->dense);
    double one = between(seed, 0.05, 1);
    for (size_t c = 0; c < p->k; c++) {
        double part = form == ONE_STD ? one : between(seed, 0.05, 1), *S = p->dense + c * p->d * p->d;
        p->weights[c] = test_below(seed, 4) == 0 ? 0 : between(seed, 0, 5);
        for (size_t i = 0; i < p->d; i++) {
            p->means[c * p->d + i] = between(seed, -3, 3);
            double std = form == STD_AN_AXIS ? between(seed, 0, 1) : part;
            p->stds[form == STD_AN_AXIS ? c * p->d + i : c] = std;
            S[i * p->d + i] = std * std;
        }
        for (size_t v = 0; form == COVARIANCE && v < p->d; v++) { /* S += v v' */
            double a[MAX_D];
            for (size_t i = 0; i < p->d; i++)
                a[i] = between(seed, -0.5, 0.5);
            for (size_t i = 0; i < p->d; i++)
                for (size_t j = 0; j < p->d; j++)
                    S[i * p->d + j] += a[i] * a[j];
        }
    }
    p->weights[0] = 1;
}

static struct mixture_in input_of(const struct problem *p, enum form form, bool weighted) {
    return (struct mixture_in){
        .k = p->k,
        .d = p->d,
        .weights = weighted ? p->weights : NULL,
        .means = p->means,
        .stds = form == COVARIANCE ? NULL : p->stds,
        .n_stds = form == ONE_STD      ? 1
                  : form == STD_A_PART ? p->k
                                       : p->k * p->d,
        .covariances = form == COVARIANCE ? p->dense : NULL,
    };
}

static const struct path_point POINTS[] = {
    {.alpha = 1, .sigma = 80},    {.alpha = 1, .sigma = 2},      {.alpha = 1, .sigma = 0.3},
    {.alpha = 1, .sigma = 0.002}, {.alpha = 0.7, .sigma = 0.71}, {.alpha = 0.00635, .sigma = 1},
    {.alpha = 0.5, .sigma = 0.5}, {.alpha = 0, .sigma = 1},
};

static void denoiser_is_the_formula(void **state) {
    (void)state;
    uint64_t seed = 11;
    static struct problem p;
    for (int round = 0; round < 200; round++) {
        enum form form = (enum form)(round % FORMS);
        random_problem(&p, form, &seed);
        bool weighted = test_below(&seed, 2);
        struct ctx ctx;
        ctx_init(&ctx, 16 << 20);
        const struct mixture_in in = input_of(&p, form, weighted);
        const struct denoiser *denoiser = make(&ctx, &in);
        for (size_t a = 0; a < COUNT(POINTS); a++) {
            double x[11 * MAX_D], got[11 * MAX_D], want[MAX_D];
            for (size_t i = 0; i < 11 * p.d; i++)
                x[i] = between(&seed, -4, 4) * (POINTS[a].alpha + POINTS[a].sigma);
            eval(&ctx, denoiser, &POINTS[a], 11, x, got);
            for (size_t row = 0; row < 11; row++) {
                oracle(p.k, p.d, weighted ? p.weights : NULL, p.means, p.dense, &POINTS[a], x + row * p.d, want);
                for (size_t i = 0; i < p.d; i++)
                    if (!(fabs(got[row * p.d + i] - want[i]) < 1e-9))
                        fail_msg("form %d, k %zu, d %zu, point %zu: %.17g, want %.17g", form, p.k, p.d, a,
                                 got[row * p.d + i], want[i]);
            }
        }
        ctx_release(&ctx);
    }
}

static void rows_do_not_see_each_other(void **state) {
    (void)state;
    uint64_t seed = 12;
    static struct problem p;
    for (int round = 0; round < 20; round++) {
        random_problem(&p, (enum form)(round % FORMS), &seed);
        struct ctx ctx;
        ctx_init(&ctx, 16 << 20);
        const struct mixture_in in = input_of(&p, (enum form)(round % FORMS), true);
        const struct denoiser *denoiser = make(&ctx, &in);
        double x[21 * MAX_D], whole[21 * MAX_D], alone[MAX_D];
        for (size_t i = 0; i < 21 * p.d; i++)
            x[i] = between(&seed, -4, 4);
        eval(&ctx, denoiser, &POINTS[2], 21, x, whole);
        for (size_t row = 0; row < 21; row++) {
            eval(&ctx, denoiser, &POINTS[2], 1, x + row * p.d, alone);
            assert_memory_equal(alone, whole + row * p.d, p.d * sizeof *alone);
        }
        ctx_release(&ctx);
    }
}

/* E[x0 | x] by the trapezoid rule over x0, with nothing of the closed form in it. */
static void agrees_with_quadrature(void **state) {
    (void)state;
    const double weights[] = {1, 3}, means[] = {-1, 1.5}, stds[] = {0.4, 0.7};
    const struct mixture_in in = {.k = 2, .d = 1, .weights = weights, .means = means, .stds = stds, .n_stds = 2};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    const struct denoiser *denoiser = make(&ctx, &in);
    for (size_t a = 1; a < COUNT(POINTS); a++)
        for (double x = -2; x <= 2; x += 0.5) {
            if (POINTS[a].sigma < 0.1)
                continue;
            double top = 0, bottom = 0, got;
            for (int i = -8000; i <= 8000; i++) {
                double x0 = i * 1e-3, noise = (x - POINTS[a].alpha * x0) / POINTS[a].sigma, density = 0;
                for (size_t c = 0; c < 2; c++)
                    density += weights[c] / stds[c] * exp(-0.5 * pow((x0 - means[c]) / stds[c], 2));
                density *= exp(-0.5 * noise * noise);
                top += density * x0;
                bottom += density;
            }
            eval(&ctx, denoiser, &POINTS[a], 1, &x, &got);
            assert_true(fabs(got - top / bottom) < 1e-10);
        }
    ctx_release(&ctx);
}

/* With bandwidth 0 and little noise D is the nearest point, exactly; far away nothing overflows. */
static void points_without_width(void **state) {
    (void)state;
    uint64_t seed = 13;
    static double points[1000 * 3];
    for (size_t i = 0; i < 3000; i++)
        points[i] = between(&seed, -1, 1);
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    const struct denoiser *denoiser;
    assert_int_equal(points_make(&ctx, points, 1000, 3, 0, &denoiser), STATUS_OK);
    const struct path_point at = {.alpha = 1, .sigma = 1e-6};
    for (int round = 0; round < 100; round++) {
        double x[3] = {between(&seed, -1, 1), between(&seed, -1, 1), between(&seed, -1, 1)}, got[3], least = INFINITY;
        const double *nearest = NULL;
        for (size_t c = 0; c < 1000; c++) {
            const double *p = points + 3 * c;
            double square = pow(x[0] - p[0], 2) + pow(x[1] - p[1], 2) + pow(x[2] - p[2], 2);
            if (square < least) {
                least = square;
                nearest = p;
            }
        }
        eval(&ctx, denoiser, &at, 1, x, got);
        for (size_t i = 0; i < 3; i++)
            assert_true(fabs(got[i] - nearest[i]) <= 1e-15);
    }
    const struct path_point least = {.alpha = 1e-9, .sigma = 1e-9};
    double far[3] = {1e9, -1e9, 1e9}, got[3];
    eval(&ctx, denoiser, &least, 1, far, got);
    assert_true(isfinite(got[0]) && isfinite(got[1]) && isfinite(got[2]));
    ctx_release(&ctx);
}

static void a_points_set_is_its_mixture(void **state) {
    (void)state;
    uint64_t seed = 14;
    static double points[77 * 2], x[64], one[64], other[64];
    const double bandwidth = 0.2;
    for (size_t i = 0; i < 77 * 2; i++)
        points[i] = between(&seed, -1, 1);
    for (size_t i = 0; i < 64; i++)
        x[i] = between(&seed, -2, 2);
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    const struct denoiser *set;
    assert_int_equal(points_make(&ctx, points, 77, 2, bandwidth, &set), STATUS_OK);
    const struct mixture_in in = {.k = 77, .d = 2, .means = points, .stds = &bandwidth, .n_stds = 1};
    eval(&ctx, set, &POINTS[2], 32, x, one);
    eval(&ctx, make(&ctx, &in), &POINTS[2], 32, x, other);
    assert_memory_equal(one, other, sizeof one);
    ctx_release(&ctx);
}

static void eigenvectors_rebuild_the_matrix(void **state) {
    (void)state;
    uint64_t seed = 15;
    for (size_t d = 1; d <= 20; d++) {
        double a[400], q[400], kept[400];
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j <= i; j++)
                a[i * d + j] = a[j * d + i] = test_below(&seed, 3) ? between(&seed, -1, 1) : 0;
        memcpy(kept, a, sizeof kept);
        assert_true(eigen_symmetric(d, a, q));
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++) {
                double rebuilt = 0, unit = 0;
                for (size_t l = 0; l < d; l++) {
                    rebuilt += q[i * d + l] * a[l * d + l] * q[j * d + l];
                    unit += q[i * d + l] * q[j * d + l];
                }
                assert_true(fabs(rebuilt - kept[i * d + j]) < 1e-13);
                assert_true(fabs(unit - (i == j)) < 1e-14 * (double)(d + 1));
            }
    }
}

static void extreme_matrices_end(void **state) {
    (void)state;
    double big[] = {1e9, 1e9, 1e9, 1e9}, tiny[] = {1e-300, 1e-301, 1e-301, 1e-300}, apart[] = {1e9, 1e-5, 1e-5, 1e-9},
           q[4];
    assert_true(eigen_symmetric(2, big, q) && eigen_symmetric(2, tiny, q) && eigen_symmetric(2, apart, q));
    assert_true(fabs(big[0] + big[3] - 2e9) < 1 && fabs(tiny[0] + tiny[3] - 2e-300) < 1e-310);
}

static void what_is_no_mixture_is_refused(void **state) {
    (void)state;
    static const double two[] = {0, 1}, zero[] = {0, 0}, minus[] = {1, -1}, nan[] = {NAN, 1}, huge[] = {0, 2e9},
                        inf[] = {INFINITY, 1};
    static const double lopsided[] = {1, 0.5, 0.25, 1, 1, 0, 0, 1}, saddle[] = {1, 0, 0, 1, 1, 2, 2, 1};
    static const double means[] = {0, 0, 1, 1};
    static const struct {
        struct mixture_in in;
        const char *pointer, *text;
    } CASES[] = {
        {{2, 1, zero, two, two, 2, NULL}, "/model/weights", "All weights are 0"},
        {{2, 1, minus, two, two, 2, NULL}, "/model/weights/1", "weights[1] is -1, want at least 0."},
        {{2, 1, nan, two, two, 2, NULL}, "/model/weights/0", "weights[0] is nan"},
        {{2, 1, inf, two, two, 2, NULL}, "/model/weights/0", "weights[0] is inf"},
        {{2, 1, two, nan, two, 2, NULL}, "/model/means/0", "means[0] is nan"},
        {{2, 1, two, huge, two, 2, NULL}, "/model/means/1", "2e+09, want -1e+09 to 1e+09"},
        {{2, 1, two, two, minus, 2, NULL}, "/model/stds", "Number 1 of stds is -1"},
        {{2, 2, two, means, lopsided, 3, NULL},
         "/model/stds",
         "holds 3 numbers, want 1 (for all), 2 (one a mean) or 4"},
        {{2, 2, two, means, NULL, 0, lopsided}, "/model/covariances/0", "entry [1][0] is 0.25 and entry [0][1] is 0.5"},
        {{2, 2, NULL, means, NULL, 0, saddle}, "/model/covariances/1", "covariances[1] has the eigenvalue -1"},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        const struct denoiser *denoiser;
        assert_int_equal(mixture_make(&ctx, &CASES[c].in, &denoiser), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, CASES[c].pointer);
        if (!strstr(ctx.err.detail, CASES[c].text))
            fail_msg("%s", ctx.err.detail);
        ctx_release(&ctx);
    }
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    uint64_t seed = 16;
    static struct problem p;
    for (int form = 0; form < FORMS; form++) {
        random_problem(&p, (enum form)form, &seed);
        const struct mixture_in in = input_of(&p, (enum form)form, true);
        enum status status = STATUS_NO_MEMORY;
        size_t n;
        for (n = 0; status == STATUS_NO_MEMORY; n++) {
            struct ctx ctx;
            ctx_init(&ctx, 16 << 20);
            ctx.fail_after = n;
            const struct denoiser *denoiser;
            status = mixture_make(&ctx, &in, &denoiser);
            ctx_release(&ctx);
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(n > 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(denoiser_is_the_formula),     cmocka_unit_test(rows_do_not_see_each_other),
        cmocka_unit_test(agrees_with_quadrature),      cmocka_unit_test(points_without_width),
        cmocka_unit_test(a_points_set_is_its_mixture), cmocka_unit_test(eigenvectors_rebuild_the_matrix),
        cmocka_unit_test(extreme_matrices_end),        cmocka_unit_test(what_is_no_mixture_is_refused),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
