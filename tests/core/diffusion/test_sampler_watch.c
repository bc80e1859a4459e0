/* Watching a run, and ending it early, must not change what is sampled. */
#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { N = 300, D = 2, STEPS = 9, NUMBERS = N * D }; /* some chunks, the last one short */

static const double MEANS[] = {-1.4, 0.7, 0.6, -0.3}, STDS[] = {0.25, 0.2};

struct job {
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    const struct denoiser *denoiser;
    struct solver_options options;
    struct plan plan;
    struct noise noise;
    struct sampler_in in;
};

static void prepare(struct job *j, enum solver_id id) {
    const struct mixture_in data = {.k = 2, .d = D, .means = MEANS, .stds = STDS, .n_stds = 2};
    const struct grid_in grid = {.id = GRID_KARRAS, .steps = STEPS};
    const struct solver *solver = solver_find(id);
    size_t steps;
    ctx_init(&j->ctx, 64 << 20);
    assert_int_equal(mixture_make(&j->ctx, &data, &j->denoiser), STATUS_OK);
    assert_int_equal(path_make(&j->ctx, PATH_VP, NULL, &j->path), STATUS_OK);
    assert_int_equal(grid_make(&j->ctx, &j->path, &grid, &j->points, &steps), STATUS_OK);
    assert_int_equal(solver_resolve(&j->ctx, solver, &j->path, &(struct solver_options){0}, &j->options), STATUS_OK);
    assert_int_equal(plan_make(&j->ctx, &j->path, j->points, steps, solver, &j->options, &j->plan), STATUS_OK);
    j->noise = noise_of_seed(ISA_REF, 5);
    j->in = (struct sampler_in){.denoiser = j->denoiser, .plan = &j->plan, .noise = &j->noise, .count = N};
}

/* What a watcher saw; it asks for an end in step `last`. */
struct seen {
    size_t steps, last;
    enum stop why;
    atomic_int stop;
    double x[STEPS][NUMBERS], denoised[STEPS][NUMBERS];
};

static void look(void *self, size_t step, const double *x, const double *denoised) {
    struct seen *seen = self;
    assert_int_equal(step, seen->steps);
    assert_non_null(denoised);
    memcpy(seen->x[step], x, sizeof seen->x[step]);
    memcpy(seen->denoised[step], denoised, sizeof seen->denoised[step]);
    seen->steps++;
    if (step == seen->last)
        atomic_store(&seen->stop, seen->why);
}

static struct seen seen;

static void watch(struct job *j, struct sampler_watch *watch, size_t last, enum stop why) {
    seen.steps = 0;
    seen.last = last;
    seen.why = why;
    atomic_store(&seen.stop, STOP_NONE);
    *watch = (struct sampler_watch){&seen, look};
    j->in.watch = watch;
    j->ctx.stop = &seen.stop;
}

/* check_denoised: what a watcher sees beside the state is E[x0 | x] at the state before the step. */
static void check_denoised(struct job *j, const double *trajectory) {
    static double want[NUMBERS];
    double *scratch = ctx_alloc(&j->ctx, denoiser_scratch(j->denoiser, N), sizeof *scratch);
    for (size_t step = 0; step < STEPS; step++) {
        denoiser_eval(j->denoiser, &j->points[step], NULL, N, trajectory + step * NUMBERS, want, scratch);
        assert_memory_equal(seen.denoised[step], want, sizeof want);
    }
}

/* Watched or not, on any number of threads, samples and trajectories have the same bytes, and what is seen after a step
 * is the trajectory. */
static void watching_changes_nothing(void **state) {
    (void)state;
    static const enum solver_id SOLVERS[] = {SOLVER_HEUN, SOLVER_DPMPP_2M_SDE, SOLVER_UNIPC, SOLVER_PC};
    for (size_t s = 0; s < COUNT(SOLVERS); s++)
        for (size_t threads = 1; threads <= 4; threads *= 2) {
            struct job plain, watched;
            struct sampler_out a, b;
            struct sampler_watch w;
            struct parallel parallel = test_threads(threads);
            prepare(&plain, SOLVERS[s]);
            prepare(&watched, SOLVERS[s]);
            watched.ctx.parallel = &parallel;
            plain.in.trajectory = watched.in.trajectory = true;
            watch(&watched, &w, SIZE_MAX, STOP_NONE);
            assert_int_equal(sampler_run(&plain.ctx, &plain.in, &a), STATUS_OK);
            assert_int_equal(sampler_run(&watched.ctx, &watched.in, &b), STATUS_OK);
            assert_int_equal(seen.steps, STEPS);
            assert_int_equal(b.steps_done, STEPS);
            assert_false(b.cut);
            assert_memory_equal(a.samples, b.samples, NUMBERS * sizeof(double));
            assert_memory_equal(a.trajectory, b.trajectory, (STEPS + 1) * NUMBERS * sizeof(double));
            assert_memory_equal(a.trajectory + NUMBERS, seen.x, sizeof seen.x);
            if (SOLVERS[s] == SOLVER_HEUN)
                check_denoised(&plain, a.trajectory);
            ctx_release(&plain.ctx);
            ctx_release(&watched.ctx);
        }
}

/* At the deadline an anytime run answers the D of its last whole step; the others, and those that nobody waits for, end
 * with a failure. */
static void a_run_that_is_cut_answers_what_it_has(void **state) {
    (void)state;
    for (int why = STOP_DEADLINE; why <= STOP_CANCEL; why++)
        for (int anytime = 0; anytime <= 1; anytime++) {
            struct job j;
            struct sampler_out out;
            struct sampler_watch w;
            prepare(&j, SOLVER_HEUN);
            j.in.anytime = anytime;
            watch(&j, &w, 3, (enum stop)why);
            enum status want = why == STOP_CANCEL ? STATUS_CANCELLED : anytime ? STATUS_OK : STATUS_TIMED_OUT;
            assert_int_equal(sampler_run(&j.ctx, &j.in, &out), want);
            assert_int_equal(seen.steps, 4);
            if (want == STATUS_OK) {
                assert_true(out.cut);
                assert_int_equal(out.steps_done, 4);
                assert_memory_equal(out.samples, seen.denoised[3], sizeof seen.denoised[3]);
            }
            ctx_release(&j.ctx);
        }
}

/* A run that is told to stop somewhere is the one that was cut there. */
static void stopping_is_being_cut(void **state) {
    (void)state;
    static const enum solver_id SOLVERS[] = {SOLVER_HEUN, SOLVER_DPMPP_2M_SDE, SOLVER_UNIPC, SOLVER_IPNDM};
    for (size_t s = 0; s < COUNT(SOLVERS); s++)
        for (size_t last = 0; last < STEPS; last++) {
            struct job cut, told;
            struct sampler_out a, b;
            struct sampler_watch w;
            prepare(&cut, SOLVERS[s]);
            prepare(&told, SOLVERS[s]);
            cut.in.anytime = cut.in.trajectory = told.in.trajectory = true;
            told.in.stop_after = last + 1;
            watch(&cut, &w, last, STOP_DEADLINE);
            assert_int_equal(sampler_run(&cut.ctx, &cut.in, &a), STATUS_OK);
            assert_int_equal(sampler_run(&told.ctx, &told.in, &b), STATUS_OK);
            assert_int_equal(a.steps_done, last + 1);
            assert_int_equal(b.steps_done, last + 1);
            assert_false(b.cut);
            assert_memory_equal(b.samples, seen.denoised[last], sizeof seen.denoised[last]);
            assert_memory_equal(a.trajectory, b.trajectory, (last + 2) * NUMBERS * sizeof(double));
            ctx_release(&cut.ctx);
            ctx_release(&told.ctx);
        }
}

/* Threads of which the deadline comes in the middle of their run number `last`. */
struct late {
    struct parallel parallel;
    size_t runs, last;
    atomic_int stop;
};

static void run_late(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    struct late *late = (struct late *)self;
    for (size_t i = 0; i < n; i++) {
        if (late->runs == late->last && i == n / 2)
            atomic_store(&late->stop, STOP_DEADLINE);
        body(arg, i);
    }
    late->runs++;
}

/* A step that not all chunks took is none: what is answered is the step before it, of every sample. */
static void half_a_step_is_none(void **state) {
    (void)state;
    for (size_t last = 0; last <= STEPS; last++) { /* run 0 makes the first states */
        struct job plain, cut;
        struct sampler_out a, b;
        struct sampler_watch w;
        struct late late = {.parallel = {.threads = 2, .run = run_late}, .last = last};
        prepare(&plain, SOLVER_HEUN);
        prepare(&cut, SOLVER_HEUN);
        plain.in.trajectory = cut.in.trajectory = true;
        watch(&plain, &w, SIZE_MAX, STOP_NONE);
        assert_int_equal(sampler_run(&plain.ctx, &plain.in, &a), STATUS_OK);
        cut.ctx.parallel = &late.parallel;
        cut.ctx.stop = &late.stop;
        cut.in.anytime = true;
        assert_int_equal(sampler_run(&cut.ctx, &cut.in, &b), last < 2 ? STATUS_TIMED_OUT : STATUS_OK);
        if (last >= 2) {
            assert_true(b.cut);
            assert_int_equal(b.steps_done, last - 1);
            assert_memory_equal(b.samples, seen.denoised[last - 2], sizeof seen.denoised[0]);
            assert_memory_equal(b.trajectory, a.trajectory, last * NUMBERS * sizeof(double));
        }
        ctx_release(&plain.ctx);
        ctx_release(&cut.ctx);
    }
}

/* Before the first step there is nothing to answer; after the last one nothing was cut. */
static void the_ends_of_a_run(void **state) {
    (void)state;
    struct job j;
    struct sampler_out out;
    struct sampler_watch w;
    prepare(&j, SOLVER_HEUN);
    j.in.anytime = true;
    watch(&j, &w, SIZE_MAX, STOP_NONE);
    atomic_store(&seen.stop, STOP_DEADLINE);
    assert_int_equal(sampler_run(&j.ctx, &j.in, &out), STATUS_TIMED_OUT);
    watch(&j, &w, STEPS - 1, STOP_DEADLINE);
    assert_int_equal(sampler_run(&j.ctx, &j.in, &out), STATUS_OK);
    assert_false(out.cut);
    assert_memory_equal(out.samples, seen.x[STEPS - 1], sizeof seen.x[STEPS - 1]);
    ctx_release(&j.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watching_changes_nothing), cmocka_unit_test(a_run_that_is_cut_answers_what_it_has),
        cmocka_unit_test(stopping_is_being_cut),    cmocka_unit_test(half_a_step_is_none),
        cmocka_unit_test(the_ends_of_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
