/* Steps that samples choose: against the exact flow of a Gaussian, alone against among others, and to the limits. */
#include "core/diffusion/adaptive.h"

#include <math.h>

#include "core/base/normal.h"
#include "core/diffusion/mixture.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

/* N(0, S^2) along each axis. */
static const double S[] = {0.5, 0.3, 0.9};
static const struct mixture_in GAUSSIAN = {.k = 1, .d = 3, .means = (double[]){0, 0, 0}, .stds = S, .n_stds = 3};

/* Narrow parts far apart: the flow turns sharply where it chooses. */
static const struct mixture_in STIFF = {
    .k = 3, .d = 2, .means = (double[]){-3, 0, 3, 0.1, 0, 2}, .stds = (double[]){0.02, 0.01, 0.3}, .n_stds = 3};

struct run {
    struct ctx ctx;
    struct path path;
    struct adaptive_in in;
    struct adaptive_out out;
};

static enum status start(struct run *r, const struct mixture_in *data, enum path_id path, enum adaptive_pair pair,
                         double tolerance, size_t count, const double *states) {
    enum status status = path_make(&r->ctx, path, NULL, &r->path);
    r->in = (struct adaptive_in){.path = &r->path, .pair = pair, .rtol = tolerance, .atol = tolerance, .count = count};
    if (status == STATUS_OK)
        status = mixture_make(&r->ctx, data, &r->in.denoiser);
    if (status == STATUS_OK && !(r->in.x = ctx_alloc(&r->ctx, count, data->d * sizeof(double))))
        status = STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    r->in.from = path_at_t(&r->path, r->path.t_max);
    r->in.to = path_at_k(&r->path, r->path.k_min);
    for (size_t i = 0; i < count * data->d; i++)
        r->in.x[i] = states[i] * path_prior_std(&r->path, &r->in.from);
    return adaptive_run(&r->ctx, &r->in, &r->out);
}

/* y(k) = y(K) sqrt((s^2 + k^2) / (s^2 + K^2)) on every path. */
static double exact(const struct run *r, size_t axis, double state) {
    const double s = S[axis % 3];
    const struct path_point *a = &r->in.from, *b = &r->in.to;
    double before = sqrt(s * s * a->alpha * a->alpha + a->sigma * a->sigma);
    double after = sqrt(s * s * b->alpha * b->alpha + b->sigma * b->sigma);
    return state * path_prior_std(&r->path, a) * after / before;
}

static const enum path_id PATHS[] = {PATH_EDM,         PATH_VE,  PATH_VP,          PATH_SUB_VP, PATH_FLOW,
                                     PATH_DDPM_LINEAR, PATH_GVP, PATH_DDPM_COSINE, PATH_CONDOT, PATH_DDPM_EXP};

static void errors_stay_below_the_tolerance(void **state) {
    (void)state;
    const double states[] = {1, 0.7, -0.3, -2.5, 1, 1, 0.01, 0.02, 0, 0, 0, 0};
    for (size_t p = 0; p < COUNT(PATHS); p++)
        for (int pair = ADAPTIVE_DOPRI5; pair <= ADAPTIVE_DPM_23; pair++)
            for (double tolerance = 1e-3; tolerance > (pair == ADAPTIVE_DOPRI5 ? 5e-12 : 5e-9); tolerance /= 10) {
                struct run r;
                ctx_init(&r.ctx, 1 << 20);
                assert_int_equal(start(&r, &GAUSSIAN, PATHS[p], (enum adaptive_pair)pair, tolerance, 4, states),
                                 STATUS_OK);
                for (size_t i = 0; i < 12; i++) {
                    double want = exact(&r, i, states[i]), error = fabs(r.in.x[i] - want);
                    /* dopri5 keeps it in all; the errors of dpm_23's many steps add up */
                    if (!(error <= (pair == ADAPTIVE_DOPRI5 ? 1 : 3) * tolerance * (1 + fabs(want))))
                        fail_msg("%s %d: error %.3g with tolerance %.3g", path_names[PATHS[p]], pair, error, tolerance);
                    assert_true(r.out.error[i / 3] <= 1 && r.out.steps[i / 3] >= 6);
                }
                ctx_release(&r.ctx);
            }
}

/* The error falls with the number of steps as the order says, once there are many. */
static void pairs_have_their_order(void **state) {
    (void)state;
    static const double TOLERANCES[][2] = {{1e-9, 1e-11}, {1e-5, 1e-8}}, LOW[] = {4.5, 2.6}, HIGH[] = {6, 3.4};
    const double states[] = {1.3, 0.7, -0.2};
    for (size_t p = 0; p < 6; p++)
        for (int pair = ADAPTIVE_DOPRI5; pair <= ADAPTIVE_DPM_23; pair++) {
            double error[2], steps[2];
            for (int i = 0; i < 2; i++) {
                struct run r;
                ctx_init(&r.ctx, 1 << 20);
                assert_int_equal(
                    start(&r, &GAUSSIAN, PATHS[p], (enum adaptive_pair)pair, TOLERANCES[pair][i], 1, states),
                    STATUS_OK);
                error[i] = 0;
                for (size_t j = 0; j < 3; j++)
                    error[i] = fmax(error[i], fabs(r.in.x[j] - exact(&r, j, states[j])));
                steps[i] = (double)r.out.steps[0];
                ctx_release(&r.ctx);
            }
            double order = log(error[0] / error[1]) / log(steps[1] / steps[0]);
            if (!(order > LOW[pair] && order < HIGH[pair]))
                fail_msg("%s %d: order %.2f", path_names[PATHS[p]], pair, order);
        }
}

/* Up and down again: the way back leads to where it began. */
static void goes_both_ways(void **state) {
    (void)state;
    struct run r;
    ctx_init(&r.ctx, 1 << 20);
    double states[16];
    normal_rows(3, NORMAL_LATENT, 0, 0, 8, 2, states);
    assert_int_equal(start(&r, &STIFF, PATH_FLOW, ADAPTIVE_DOPRI5, 1e-10, 8, states), STATUS_OK);
    struct path_point top = r.in.from;
    r.in.from = r.in.to;
    r.in.to = top;
    assert_int_equal(adaptive_run(&r.ctx, &r.in, &r.out), STATUS_OK);
    for (size_t i = 0; i < 16; i++)
        assert_true(fabs(r.in.x[i] - states[i]) < 1e-4); /* the flow spreads as much as the parts are narrow */
    ctx_release(&r.ctx);
}

/* The last call's D and the state itself are as far apart as one step from k_min to data. */
static void ends_at_data_or_before(void **state) {
    (void)state;
    struct run r;
    for (int pair = ADAPTIVE_DOPRI5; pair <= ADAPTIVE_DPM_23; pair++) {
        ctx_init(&r.ctx, 1 << 20);
        assert_int_equal(start(&r, &GAUSSIAN, PATH_EDM, (enum adaptive_pair)pair, 1e-8, 1, (double[]){1, 0, 0}),
                         STATUS_OK);
        double at_k_min = r.in.x[0], k = r.in.to.k;
        int64_t calls = r.out.calls[0];
        r.in.to_data = true;
        memcpy(r.in.x, (double[]){80, 0, 0}, 3 * sizeof *r.in.x);
        assert_int_equal(adaptive_run(&r.ctx, &r.in, &r.out), STATUS_OK);
        assert_true(fabs(r.in.x[0] - at_k_min * 0.25 / (0.25 + k * k)) < 1e-14);
        assert_int_equal(r.out.calls[0], calls + (pair == ADAPTIVE_DPM_23));
        ctx_release(&r.ctx);
    }
}

static void neighbours_and_threads_change_nothing(void **state) {
    (void)state;
    enum { N = 300 };
    static double states[N * 2];
    normal_rows(1, NORMAL_LATENT, 0, 0, N, 2, states);
    for (int pair = ADAPTIVE_DOPRI5; pair <= ADAPTIVE_DPM_23; pair++) {
        struct run all;
        ctx_init(&all.ctx, 64 << 20);
        assert_int_equal(start(&all, &STIFF, PATH_FLOW, (enum adaptive_pair)pair, 1e-5, N, states), STATUS_OK);
        for (size_t threads = 1; threads <= 4; threads *= 2) {
            struct run r;
            struct parallel parallel = test_threads(threads);
            ctx_init(&r.ctx, 64 << 20);
            r.ctx.parallel = &parallel;
            assert_int_equal(start(&r, &STIFF, PATH_FLOW, (enum adaptive_pair)pair, 1e-5, N, states), STATUS_OK);
            assert_memory_equal(r.in.x, all.in.x, sizeof states);
            assert_memory_equal(r.out.calls, all.out.calls, N * sizeof *r.out.calls);
            ctx_release(&r.ctx);
        }
        for (size_t i = 0; i < N; i += 37) {
            struct run r;
            ctx_init(&r.ctx, 64 << 20);
            size_t n = N - i < 5 ? N - i : 1 + i % 5;
            assert_int_equal(start(&r, &STIFF, PATH_FLOW, (enum adaptive_pair)pair, 1e-5, n, states + 2 * i),
                             STATUS_OK);
            assert_memory_equal(r.in.x, all.in.x + 2 * i, n * 2 * sizeof *states);
            assert_memory_equal(r.out.rejects, all.out.rejects + i, n * sizeof *r.out.rejects);
            assert_memory_equal(r.out.error, all.out.error + i, n * sizeof *r.out.error);
            ctx_release(&r.ctx);
        }
        ctx_release(&all.ctx);
    }
}

static void stiff_data_cost_rejects(void **state) {
    (void)state;
    double states[32];
    normal_rows(2, NORMAL_LATENT, 0, 0, 16, 2, states);
    for (int pair = ADAPTIVE_DOPRI5; pair <= ADAPTIVE_DPM_23; pair++) {
        struct run r;
        ctx_init(&r.ctx, 1 << 20);
        assert_int_equal(start(&r, &STIFF, PATH_EDM, (enum adaptive_pair)pair, 1e-6, 16, states), STATUS_OK);
        int64_t rejects = 0, few = INT64_MAX, many = 0;
        for (size_t i = 0; i < 16; i++) {
            int64_t tries = r.out.steps[i] + r.out.rejects[i];
            rejects += r.out.rejects[i];
            few = r.out.steps[i] < few ? r.out.steps[i] : few;
            many = r.out.steps[i] > many ? r.out.steps[i] : many;
            /* the first call of a refused step is kept, and dopri5's last call is the next step's first */
            assert_int_equal(r.out.calls[i], pair == ADAPTIVE_DOPRI5 ? 1 + 6 * tries : 3 * tries - r.out.rejects[i]);
        }
        assert_true(rejects > 8 && many > few);
        ctx_release(&r.ctx);
    }
}

static void wild_states_and_tolerances(void **state) {
    (void)state;
    struct run r;
    const double wild[] = {0, 0, 0, (double)NAN, 0, 0, (double)INFINITY, 0, 0};
    ctx_init(&r.ctx, 1 << 20);
    assert_int_equal(start(&r, &GAUSSIAN, PATH_EDM, ADAPTIVE_DOPRI5, 1e-5, 3, wild), STATUS_INVALID);
    assert_string_equal(r.ctx.err.pointer, "/sampler/rtol");
    assert_non_null(strstr(r.ctx.err.detail, "Sample 1 "));
    ctx_release(&r.ctx);
    ctx_init(&r.ctx, 1 << 20); /* no step can be that good */
    assert_int_equal(start(&r, &GAUSSIAN, PATH_EDM, ADAPTIVE_DPM_23, 1e-19, 1, (double[]){1, 0, 0}), STATUS_INVALID);
    ctx_release(&r.ctx);
    ctx_init(&r.ctx, 1 << 20);
    assert_int_equal(start(&r, &GAUSSIAN, PATH_EDM, ADAPTIVE_DPM_23, 1, 1, (double[]){1e9, -1e9, 1}), STATUS_OK);
    ctx_release(&r.ctx);
}

static void stops_when_told(void **state) {
    (void)state;
    atomic_int stop = STOP_DEADLINE;
    struct run r;
    ctx_init(&r.ctx, 1 << 20);
    r.ctx.stop = &stop;
    assert_int_equal(start(&r, &GAUSSIAN, PATH_EDM, ADAPTIVE_DOPRI5, 1e-5, 1, (double[]){1, 0, 0}), STATUS_TIMED_OUT);
    stop = STOP_CANCEL;
    assert_int_equal(adaptive_run(&r.ctx, &r.in, &r.out), STATUS_CANCELLED);
    ctx_release(&r.ctx);
}

/* A model whose user loses patience after so many sweeps: by the host's deadline or by a limit of its own. */
struct impatient {
    struct denoiser base;
    const struct denoiser *model;
    struct time_limit limit;
    bool by_limit;
    atomic_int sweeps, stop, over;
};

static bool is_over(void *self) { return atomic_load(&((struct impatient *)self)->over); }

static void pass_on(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                    const double *x, double *out, double *scratch) {
    denoiser_eval(((const struct impatient *)(const void *)self)->model, at, told, rows, x, out, scratch);
}

static void count_down(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    struct impatient *me = (struct impatient *)(void *)(uintptr_t)self;
    if (atomic_fetch_sub(&me->sweeps, 1) == 1)
        atomic_store(me->by_limit ? &me->over : &me->stop, STOP_DEADLINE);
    denoiser_each(me->model, q, scratch);
}

/* run_cut starts `count` samples of STIFF and runs them until the deadline. */
static enum status run_cut(struct run *r, struct impatient *model, int sweeps, const double *states, size_t count) {
    ctx_init(&r->ctx, 64 << 20);
    assert_int_equal(start(r, &STIFF, PATH_FLOW, ADAPTIVE_DOPRI5, 1e-5, count, states), STATUS_OK);
    model->model = r->in.denoiser;
    model->base = *r->in.denoiser;
    model->base.each = count_down;
    model->base.eval = pass_on;
    model->limit = (struct time_limit){model, is_over};
    atomic_store(&model->sweeps, sweeps);
    atomic_store(&model->stop, STOP_NONE);
    atomic_store(&model->over, 0);
    r->in.limit = &model->limit;
    memcpy(r->in.x, states, count * 2 * sizeof *states); /* sigma is 1 at the start */
    r->in.denoiser = &model->base;
    r->in.to_data = r->in.anytime = true;
    r->ctx.stop = &model->stop;
    return adaptive_run(&r->ctx, &r->in, &r->out);
}

/* Out of time each sample is what it was on its way to: those that were done are not touched, those that had not begun
 * are E[x0 | x] of their latents, and nobody is left in between. */
static void cut_short(bool by_limit) {
    enum { N = 200 };
    static double states[N * 2];
    static struct impatient model;
    struct run whole, r;
    model.by_limit = by_limit;
    normal_rows(4, NORMAL_LATENT, 0, 0, N, 2, states);
    assert_int_equal(run_cut(&whole, &model, 1 << 30, states, N), STATUS_OK);
    for (int sweeps = 1; sweeps < 3000; sweeps = 3 * sweeps + 1) {
        size_t done = 0;
        double room[4096], D[2];
        assert_int_equal(run_cut(&r, &model, sweeps, states, N), STATUS_OK);
        for (size_t i = 0; i < N; i++) {
            done += !r.out.cut[i];
            assert_true(fabs(r.in.x[2 * i]) < 5 && fabs(r.in.x[2 * i + 1]) < 5);
            if (!r.out.cut[i])
                assert_memory_equal(&r.in.x[2 * i], &whole.in.x[2 * i], sizeof D);
            if (r.out.steps[i] > 0 || !r.out.cut[i])
                continue;
            denoiser_eval(model.model, &r.in.from, NULL, 1, states + 2 * i, D, room); /* `each` sums in another order */
            assert_true(fabs(r.in.x[2 * i] - D[0]) < 1e-12 && fabs(r.in.x[2 * i + 1] - D[1]) < 1e-12);
        }
        assert_true(sweeps > 1 || done == 0);
        ctx_release(&r.ctx);
    }
    for (size_t i = 0; i < N; i++)
        assert_false(whole.out.cut[i]);
    ctx_release(&whole.ctx);
}

static void cut_short_it_answers_what_it_has(void **state) {
    (void)state;
    cut_short(false);
    cut_short(true);
    static const double ONE[2] = {0.3, -1};
    static struct impatient model;
    struct run r;
    assert_int_equal(run_cut(&r, &model, 5, ONE, 1), STATUS_OK);
    assert_true(r.out.cut[0]);
    r.in.anytime = false;
    assert_int_equal(adaptive_run(&r.ctx, &r.in, &r.out), STATUS_TIMED_OUT);
    r.in.anytime = true;
    atomic_store(&model.stop, STOP_CANCEL);
    assert_int_equal(adaptive_run(&r.ctx, &r.in, &r.out), STATUS_CANCELLED);
    ctx_release(&r.ctx);
}

/* -- With someone who watches -- */

struct hearer {
    size_t n, done;
    double share;
    int64_t calls;
    uint64_t sum; /* of all that was told */
    atomic_int *stop;
    int reason;     /* STOP_... from the event `at` on */
    size_t stop_at; /* 0: never */
};

static void listen(void *self, const struct adaptive_progress *p) {
    struct hearer *t = self;
    assert_true(p->share >= t->share + 0.01 || p->share == 1);
    assert_true(p->done >= t->done && p->calls > t->calls);
    t->sum = t->sum * 1000003 + p->done * 257 + (uint64_t)p->calls;
    t->share = p->share, t->done = p->done, t->calls = p->calls;
    if (++t->n == t->stop_at)
        atomic_store(t->stop, t->reason);
}

/* run_told runs STIFF on vp, watched where `told` is given. */
static enum status run_told(struct run *r, struct hearer *told, struct parallel *parallel, enum adaptive_pair pair,
                            size_t count, const double *states) {
    static atomic_int stop;
    const struct adaptive_watch watch = {told, listen};
    ctx_init(&r->ctx, 64 << 20);
    r->ctx.parallel = parallel;
    atomic_store(&stop, STOP_NONE);
    enum status status = start(r, &STIFF, PATH_VP, pair, 1e-5, count, states);
    if (!told || status != STATUS_OK)
        return status;
    for (size_t i = 0; i < 2 * count; i++)
        r->in.x[i] = states[i] * path_prior_std(&r->path, &r->in.from);
    told->stop = &stop;
    r->ctx.stop = &stop;
    r->in.watch = &watch;
    r->in.anytime = true;
    status = adaptive_run(&r->ctx, &r->in, &r->out);
    r->in.watch = NULL;
    return status;
}

/* No bit of the samples changes, and any number of threads tells the same. */
static void watching_changes_nothing(void **state) {
    (void)state;
    enum { N = 3000 };
    static double states[2 * N];
    static const size_t COUNTS[] = {1, 9, 70, N};
    normal_rows(9, NORMAL_LATENT, 0, 0, N, 2, states);
    for (int pair = 0; pair < 2; pair++)
        for (size_t i = 0; i < COUNT(COUNTS); i++) {
            struct run plain, watched[2];
            struct hearer told[2] = {{0}, {0}};
            struct parallel parallel = test_threads(3);
            const size_t n = COUNTS[i];
            assert_int_equal(run_told(&plain, NULL, NULL, pair, n, states), STATUS_OK);
            for (int t = 0; t < 2; t++) {
                int64_t calls = 0;
                assert_int_equal(run_told(&watched[t], &told[t], t ? &parallel : NULL, pair, n, states), STATUS_OK);
                assert_memory_equal(watched[t].in.x, plain.in.x, n * 2 * sizeof(double));
                assert_memory_equal(watched[t].out.calls, plain.out.calls, n * sizeof(int64_t));
                for (size_t j = 0; j < n; j++)
                    calls += plain.out.calls[j];
                assert_true(told[t].share == 1 && told[t].done == n && told[t].calls == calls);
                assert_in_range(told[t].n, 5, 101);
                ctx_release(&watched[t].ctx);
            }
            assert_true(told[0].n == told[1].n && told[0].sum == told[1].sum);
            ctx_release(&plain.ctx);
        }
}

static void who_watches_can_stop_it(void **state) {
    (void)state;
    enum { N = 2500 };
    static double states[2 * N];
    struct run r;
    normal_rows(9, NORMAL_LATENT, 0, 0, N, 2, states);
    struct hearer told = {.stop_at = 18, .reason = STOP_DEADLINE};
    assert_int_equal(run_told(&r, &told, NULL, ADAPTIVE_DOPRI5, N, states), STATUS_OK);
    size_t cut = 0;
    for (size_t i = 0; i < N; i++)
        cut += r.out.cut[i];
    assert_int_equal(told.n, 18);
    assert_in_range(cut, N / 4, 3 * N / 4);
    ctx_release(&r.ctx);
    told = (struct hearer){.stop_at = 18, .reason = STOP_CANCEL};
    assert_int_equal(run_told(&r, &told, NULL, ADAPTIVE_DOPRI5, N, states), STATUS_CANCELLED);
    ctx_release(&r.ctx);
}

static void each_allocation_failing(void **state) {
    (void)state;
    size_t n = 0;
    for (;; n++) {
        struct run r;
        ctx_init(&r.ctx, 1 << 20);
        r.ctx.fail_after = n;
        enum status status = start(&r, &STIFF, PATH_VP, ADAPTIVE_DOPRI5, 1e-4, 2, (double[]){1, 2, 3, 4});
        ctx_release(&r.ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
    assert_true(n > 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_stay_below_the_tolerance),
        cmocka_unit_test(pairs_have_their_order),
        cmocka_unit_test(goes_both_ways),
        cmocka_unit_test(ends_at_data_or_before),
        cmocka_unit_test(neighbours_and_threads_change_nothing),
        cmocka_unit_test(stiff_data_cost_rejects),
        cmocka_unit_test(wild_states_and_tolerances),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(cut_short_it_answers_what_it_has),
        cmocka_unit_test(watching_changes_nothing),
        cmocka_unit_test(who_watches_can_stop_it),
        cmocka_unit_test(each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
