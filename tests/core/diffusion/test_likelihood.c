/* Likelihoods by the flow against the closed forms. */
#include "core/diffusion/likelihood.h"

#include <math.h>

#include "core/diffusion/guidance.h"
#include "core/diffusion/mixture.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { D = 2, N = 5 };
static const double MEANS[] = {0, 1, 2, -1, -3, 0}, WEIGHTS[] = {1, 2, 3}, STDS[] = {0.5, 0.3, 1};
static const double AXES[] = {0.5, 0.2, 0.3, 1, 1, 0.7};
static const double COVARIANCES[] = {0.3, 0.1, 0.1, 0.2, 1, -0.5, -0.5, 0.5, 0.04, 0, 0, 0.09};
static const double POINTS[N * D] = {0.5, 2, -3, 0.3, 0, 0, 2, -1, 6, 5};
static const struct mixture_in SHAPES[] = {
    {.k = 3, .d = D, .weights = WEIGHTS, .means = MEANS, .stds = STDS, .n_stds = 3},
    {.k = 3, .d = D, .weights = WEIGHTS, .means = MEANS, .stds = AXES, .n_stds = 6},
    {.k = 3, .d = D, .weights = WEIGHTS, .means = MEANS, .covariances = COVARIANCES},
};

struct run {
    struct ctx ctx;
    struct path path;
    struct likelihood_in in;
    struct likelihood_out out;
    double density[N];
};

static enum status prepare(struct run *r, enum path_id path, const struct mixture_in *data) {
    enum status status = path_make(&r->ctx, path, NULL, &r->path);
    r->in = (struct likelihood_in){.path = &r->path, .rtol = 1e-7, .atol = 1e-7, .n = N, .points = POINTS};
    if (status == STATUS_OK)
        status = mixture_make(&r->ctx, data, &r->in.denoiser);
    if (status != STATUS_OK)
        return status;
    r->in.from = path_at_k(&r->path, 1e-4);
    r->in.to = path_at_t(&r->path, r->path.t_max);
    return STATUS_OK;
}

static void ready(struct run *r, enum path_id path, const struct mixture_in *data) {
    ctx_init(&r->ctx, 64 << 20);
    if (prepare(r, path, data) != STATUS_OK)
        fail_msg("%s", r->ctx.err.detail);
}

static void run(struct run *r) {
    if (likelihood_run(&r->ctx, &r->in, &r->out) != STATUS_OK)
        fail_msg("%s", r->ctx.err.detail);
}

/* The mixture's log density by its textbook formula, independent covariances only. */
static double textbook(const struct mixture_in *m, const double *x) {
    double sum = 0, weights = 0;
    for (size_t c = 0; c < m->k; c++) {
        double p = m->weights[c];
        weights += p;
        for (size_t j = 0; j < m->d; j++) {
            double s = m->stds[m->n_stds == m->k ? c : c * m->d + j], u = (x[j] - m->means[c * m->d + j]) / s;
            p *= exp(-u * u / 2) / (s * sqrt(2 * M_PI));
        }
        sum += p;
    }
    return log(sum / weights);
}

static void exact_is_the_closed_form_on_every_path(void **state) {
    (void)state;
    for (int path = 0; path < PATH_COUNT; path++)
        for (size_t shape = 0; shape < COUNT(SHAPES); shape++) {
            struct run r;
            ready(&r, (enum path_id)path, &SHAPES[shape]);
            run(&r);
            const struct path_point data = path_at_k(&r.path, 0);
            assert_int_equal(likelihood_density(&r.ctx, r.in.denoiser, &data, POINTS, N, r.density), STATUS_OK);
            for (size_t i = 0; i < N; i++) {
                double got = r.out.log_likelihood[i];
                if (!(fabs(got - r.density[i]) < 1e-5))
                    fail_msg("%s %zu: log p %.9g, want %.9g", path_names[path], shape, got, r.density[i]);
                if (shape < 2)
                    assert_true(fabs(r.density[i] - textbook(&SHAPES[shape], POINTS + i * D)) < 1e-12 * 60);
            }
            assert_null(r.out.standard_error);
            assert_true(r.out.calls > 0 && r.out.most_calls < r.out.calls);
            ctx_release(&r.ctx);
        }
}

/* bits/dim of N(0, 0.25) is (1/2) log2(2 pi e 0.25) = 1.047096; -log2 p is that at x = 0.5, whose square is the mean. */
static void bits_of_a_gaussian(void **state) {
    (void)state;
    const struct mixture_in GAUSSIAN = {.k = 1, .d = 1, .means = (double[]){0}, .stds = (double[]){0.5}, .n_stds = 1};
    for (int path = 0; path < PATH_COUNT; path++) {
        struct run r;
        ready(&r, (enum path_id)path, &GAUSSIAN);
        r.in.points = (double[]){0.5};
        r.in.n = 1;
        run(&r);
        assert_true(fabs(-r.out.log_likelihood[0] / M_LN2 - 1.047096) < 1e-6);
        ctx_release(&r.ctx);
    }
}

/* A normal prior is exact at infinite k and off by about mean / k_max below. */
static void normal_priors(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        double low, high;
    } CASES[] = {{PATH_FLOW, 0, 1e-5}, {PATH_GVP, 0, 1e-5}, {PATH_VP, 1e-4, 0.1}, {PATH_EDM, 1e-4, 0.1}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct run r;
        ready(&r, CASES[c].path, &SHAPES[0]);
        r.in.prior = PRIOR_NORMAL;
        run(&r);
        double most = 0;
        for (size_t i = 0; i < N; i++)
            most = fmax(most, fabs(r.out.log_likelihood[i] - textbook(&SHAPES[0], POINTS + i * D)));
        if (!(most >= CASES[c].low && most <= CASES[c].high))
            fail_msg("%s: off by %g", path_names[CASES[c].path], most);
        ctx_release(&r.ctx);
    }
}

/* Each estimate lies around the exact one as its standard error says; the estimates of many seeds, too. */
static void hutchinson_is_unbiased(void **state) {
    (void)state;
    for (int probe = PROBE_RADEMACHER; probe <= PROBE_NORMAL; probe++) {
        struct run r;
        ready(&r, PATH_FLOW, &SHAPES[2]);
        run(&r);
        double exact[N], chi2 = 0;
        memcpy(exact, r.out.log_likelihood, sizeof exact);
        r.in.method = LIKELIHOOD_HUTCHINSON;
        r.in.probe = (enum likelihood_probe)probe;
        r.in.probes = 400;
        r.in.seed = 11;
        r.in.rtol = r.in.atol = 1e-6;
        run(&r);
        for (size_t i = 0; i < N; i++) {
            double se = r.out.standard_error[i], z = (r.out.log_likelihood[i] - exact[i]) / se;
            chi2 += z * z;
            assert_true(se > 0 && se < 0.5);
            if (!(fabs(z) < 4))
                fail_msg("point %zu: %g, exact %g, standard error %g", i, r.out.log_likelihood[i], exact[i], se);
        }
        assert_true(chi2 > 0.2 && chi2 < 16.7); /* 5 degrees of freedom: p from 0.001 to 0.995 */
        ctx_release(&r.ctx);
    }
}

/* In one dimension a probe of 1 or -1 is the trace itself. */
static void one_probe_is_exact_in_one_dimension(void **state) {
    (void)state;
    const struct mixture_in LINE = {
        .k = 2, .d = 1, .means = (double[]){-1, 1}, .stds = (double[]){0.3, 0.5}, .n_stds = 2};
    struct run r;
    ready(&r, PATH_VP, &LINE);
    run(&r);
    double exact = r.out.log_likelihood[0];
    r.in.method = LIKELIHOOD_HUTCHINSON;
    r.in.probes = 1;
    run(&r);
    assert_true(fabs(r.out.log_likelihood[0] - exact) < 1e-10);
    assert_null(r.out.standard_error);
    ctx_release(&r.ctx);
}

/* Guidance away from nothing but itself changes nothing; the normal prior at infinite k closes the books. */
static void guided_flows(void **state) {
    (void)state;
    struct run r;
    ready(&r, PATH_FLOW, &SHAPES[0]);
    run(&r);
    double plain[N];
    memcpy(plain, r.out.log_likelihood, sizeof plain);
    struct guidance_in in = {.good = r.in.denoiser, .ref = r.in.denoiser, .scale = 3, .high = (double)INFINITY};
    const struct denoiser *guided;
    r.in.prior = PRIOR_NORMAL;
    r.in.rtol = r.in.atol = 1e-6;
    for (int rescale = 0; rescale < 2; rescale++) { /* the second answers by differences */
        in.rescale = rescale;
        assert_int_equal(guidance_make(&r.ctx, &in, &guided), STATUS_OK);
        r.in.denoiser = guided;
        run(&r);
        for (size_t i = 0; i < N; i++)
            assert_true(fabs(r.out.log_likelihood[i] - plain[i]) < 1e-4);
    }
    ctx_release(&r.ctx);
}

static void points_and_threads_change_nothing(void **state) {
    (void)state;
    struct run all, r;
    ready(&all, PATH_VP, &SHAPES[2]);
    all.in.method = LIKELIHOOD_HUTCHINSON;
    all.in.probes = 30;
    run(&all);
    for (size_t threads = 2; threads <= 4; threads += 2) {
        struct parallel parallel = test_threads(threads);
        ready(&r, PATH_VP, &SHAPES[2]);
        r.ctx.parallel = &parallel;
        r.in.method = LIKELIHOOD_HUTCHINSON;
        r.in.probes = 30;
        run(&r);
        assert_memory_equal(r.out.log_likelihood, all.out.log_likelihood, N * sizeof(double));
        assert_memory_equal(r.out.standard_error, all.out.standard_error, N * sizeof(double));
        ctx_release(&r.ctx);
    }
    ready(&r, PATH_VP, &SHAPES[2]);
    r.in.method = LIKELIHOOD_HUTCHINSON;
    r.in.probes = 30;
    r.in.n = 1;
    run(&r);
    assert_true(r.out.log_likelihood[0] == all.out.log_likelihood[0]);
    ctx_release(&r.ctx);
    ctx_release(&all.ctx);
}

static void each_allocation_failing(void **state) {
    (void)state;
    size_t n = 0;
    for (;; n++) {
        struct run r;
        ctx_init(&r.ctx, 64 << 20);
        r.ctx.fail_after = n;
        enum status status = prepare(&r, PATH_DDPM_LINEAR, &SHAPES[2]);
        r.in.method = LIKELIHOOD_HUTCHINSON;
        r.in.probes = 2;
        r.in.rtol = r.in.atol = 1e-3;
        if (status == STATUS_OK)
            status = likelihood_run(&r.ctx, &r.in, &r.out);
        if (status == STATUS_OK)
            status = likelihood_density(&r.ctx, r.in.denoiser, &r.in.from, POINTS, N, r.density);
        ctx_release(&r.ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
    assert_true(n > 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_is_the_closed_form_on_every_path),
        cmocka_unit_test(bits_of_a_gaussian),
        cmocka_unit_test(normal_priors),
        cmocka_unit_test(hutchinson_is_unbiased),
        cmocka_unit_test(one_probe_is_exact_in_one_dimension),
        cmocka_unit_test(guided_flows),
        cmocka_unit_test(points_and_threads_change_nothing),
        cmocka_unit_test(each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
