/* Every solver gives the same bytes whatever the threads, the number of samples, the instruction set, and whether someone
 * watches; and whatever ran before. Through the socket: tests/server/test_serve_samples.c. */
#include "core/base/cpu.h"
#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { N = 150, D = 3, STEPS = 7 }; /* two chunks, the last one short */

static const double MEANS[] = {-1.4, 0.7, 0.1, 0.6, -0.3, 1}, STDS[] = {0.25, 0.2};
static const struct mixture_in DATA = {.k = 2, .d = D, .means = MEANS, .stds = STDS, .n_stds = 2};

struct how {
    enum isa isa;
    size_t threads, count;
    bool watched, brownian;
};

static void look(void *self, size_t step, const double *x, const double *denoised) {
    (void)x, (void)denoised;
    assert_int_equal(step, (*(size_t *)self)++);
}

/* draw writes count samples and the trajectory's last state but one. */
static void draw(enum solver_id id, enum path_id path_id, const struct how *how, double (*samples)[D],
                 double (*before)[D]) {
    const struct solver *solver = solver_find(id);
    const struct grid_in grid = {.id = path_id == PATH_FLOW ? GRID_UNIFORM : GRID_KARRAS, .steps = STEPS};
    const struct solver_options given = {.given = how->brownian ? OPT(brownian) : 0, .brownian = true};
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct plan plan;
    struct sampler_out out;
    const struct denoiser *denoiser;
    struct parallel parallel = test_threads(how->threads);
    size_t steps, seen = 0;
    ctx_init(&ctx, 64 << 20);
    ctx.isa = how->isa;
    ctx.parallel = &parallel;
    assert_int_equal(mixture_make(&ctx, &DATA, &denoiser), STATUS_OK);
    assert_int_equal(path_make(&ctx, path_id, NULL, &path), STATUS_OK);
    assert_int_equal(grid_make(&ctx, &path, &grid, &points, &steps), STATUS_OK);
    assert_int_equal(solver_resolve(&ctx, solver, &path, &given, &options), STATUS_OK);
    assert_int_equal(plan_make(&ctx, &path, points, steps, solver, &options, &plan), STATUS_OK);
    const struct noise noise = noise_of_seed(how->isa, 5);
    const struct sampler_watch watch = {&seen, look};
    const struct sampler_in in = {.denoiser = denoiser,
                                  .plan = &plan,
                                  .noise = &noise,
                                  .count = how->count,
                                  .trajectory = true,
                                  .watch = how->watched ? &watch : NULL};
    assert_int_equal(sampler_run(&ctx, &in, &out), STATUS_OK);
    memcpy(samples, out.samples, how->count * sizeof *samples);
    memcpy(before, out.trajectory + (STEPS - 1) * how->count * D, how->count * sizeof *before);
    ctx_release(&ctx);
}

static void check(enum solver_id id, enum path_id path, const struct how *how, double (*samples)[D],
                  double (*before)[D]) {
    static double again[N][D], again_before[N][D];
    draw(id, path, how, again, again_before);
    if (memcmp(again, samples, how->count * sizeof *again) != 0 ||
        memcmp(again_before, before, how->count * sizeof *before) != 0)
        fail_msg("%s on %s: %s, %zu threads, %zu samples%s: other bytes", solver_names[id], path_names[path],
                 isa_text(how->isa), how->threads, how->count, how->watched ? ", watched" : "");
}

static void check_all(enum solver_id id, enum path_id path, bool brownian, double (*samples)[D], double (*before)[D]) {
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        for (size_t threads = 1; threads <= 4; threads *= 2)
            for (int watched = 0; watched <= 1; watched++)
                check(id, path, &(struct how){(enum isa)isa, threads, N, watched, brownian}, samples, before);
        static const size_t COUNTS[] = {1, 2, 63, 64, 65, 127, 128, 129, N - 1};
        for (size_t i = 0; i < COUNT(COUNTS); i++)
            check(id, path, &(struct how){(enum isa)isa, 1 + i % 2, COUNTS[i], i % 3 == 0, brownian}, samples, before);
    }
}

/* The first runs in one order, all others in the opposite one. */
static void nothing_but_the_request_shows(void **state) {
    (void)state;
    static const enum path_id PATHS[] = {PATH_VP, PATH_FLOW};
    static double samples[SOLVER_COUNT][N][D], before[SOLVER_COUNT][N][D];
    for (size_t p = 0; p < COUNT(PATHS); p++) {
        const struct how plain = {ISA_REF, 1, N, false, false};
        for (int id = 0; id < SOLVER_COUNT; id++)
            if (!solver_find((enum solver_id)id)->adaptive)
                draw((enum solver_id)id, PATHS[p], &plain, samples[id], before[id]);
        for (int id = SOLVER_COUNT - 1; id >= 0; id--)
            if (!solver_find((enum solver_id)id)->adaptive)
                check_all((enum solver_id)id, PATHS[p], false, samples[id], before[id]);
    }
}

static void a_brownian_path_neither(void **state) {
    (void)state;
    static double samples[N][D], before[N][D];
    for (int id = 0; id < SOLVER_COUNT; id++) {
        if (!(solver_find((enum solver_id)id)->takes & OPT(brownian)))
            continue;
        draw((enum solver_id)id, PATH_VP, &(struct how){ISA_REF, 1, N, false, true}, samples, before);
        check_all((enum solver_id)id, PATH_VP, true, samples, before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_the_request_shows),
        cmocka_unit_test(a_brownian_path_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
