/* What is known of the data: how it is drawn for training, and how a network that was trained so is told of it. */
#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/loss.h"
#include "core/diffusion/network.h"
#include "core/diffusion/plan_build.h"
#include "core/diffusion/sampler.h"
#include "core/nn/mlp.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

enum { D = 4, MANY = 4000 };
#define ANY ((double)NAN)

/* Numbers 0 and 1 go together, 2 is known by itself or by a group of its own, and 3 never is. */
static const uint32_t GROUPS[D] = {0, 0, 1, LOSS_NEVER}, ALSO[D] = {0, 0, 5, LOSS_NEVER};

static struct loss loss_of(const struct path *path, double rate) {
    return (struct loss){.path = path,
                         .prediction = PREDICTION_VELOCITY,
                         .std = 1,
                         .seed = 7,
                         .given = {.rate = rate, .groups = GROUPS, .also = ALSO}};
}

static void draw(struct ctx *ctx, const struct loss *loss, size_t images, struct loss_batch *out) {
    float *x0 = ctx_alloc(ctx, images * D, sizeof *x0);
    uint64_t state = 3;
    for (size_t i = 0; i < images * D; i++)
        x0[i] = (float)test_below(&state, 1000) / 500 - 1;
    assert_int_equal(loss_batch_make(ctx, images, D, false, out), STATUS_OK);
    if (loss->given.rate > 0)
        assert_int_equal(loss_batch_tell(ctx, out), STATUS_OK);
    loss_draw(ctx, loss, 4, x0, NULL, out);
    for (size_t i = 0; i < images * D && out->in > D; i++) {
        const float *x = out->x + i / D * out->in;
        const size_t j = i % D;
        assert_true(x[2 * D + j] == 0 ? x[D + j] == 0 : x[2 * D + j] == 1 && x[D + j] == x0[i] && x[j] == 0);
    }
}

static bool known(const struct loss_batch *b, size_t image, size_t number) {
    return b->x[image * b->in + 2 * D + number] == 1;
}

static void known_numbers_are_those_of_groups(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch told, plain;
    size_t first = 0, second = 0, none = 0;
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    const struct loss some = loss_of(&path, 0.6), never = loss_of(&path, 0);
    draw(&ctx, &some, MANY, &told);
    draw(&ctx, &never, MANY, &plain);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(known(&told, i, 0) == known(&told, i, 1) && !known(&told, i, 3));
        first += known(&told, i, 0);
        second += known(&told, i, 2);
        none += !known(&told, i, 0) && !known(&told, i, 2);
        for (size_t j = 0; j < D; j++) /* and nothing else is drawn otherwise */
            assert_true(known(&told, i, j) || told.x[i * 3 * D + j] == plain.x[i * D + j]);
    }
    assert_memory_equal(told.targets, plain.targets, MANY * D * sizeof(float));
    /* With a share u, uniform: of 0 E[u] = 1/2, of 2 E[1 - (1 - u)^2] = 2/3, of neither E[(1 - u)^3] = 1/4; of 0.6. */
    assert_in_range(first, 0.3 * MANY - 120, 0.3 * MANY + 120);
    assert_in_range(second, 0.4 * MANY - 120, 0.4 * MANY + 120);
    assert_in_range(none, 0.55 * MANY - 120, 0.55 * MANY + 120);
    ctx_release(&ctx);
}

static void what_is_known_counts_nothing(void **state) {
    (void)state;
    enum { IMAGES = 64 };
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    float out[IMAGES * D], d_out[IMAGES * D];
    double sum = 0;
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    const struct loss loss = loss_of(&path, 1);
    draw(&ctx, &loss, IMAGES, &b);
    for (size_t i = 0; i < IMAGES * D; i++) {
        out[i] = b.targets[i] + 0.5f;
        sum += known(&b, i / D, i % D) ? 0 : pow((double)out[i] - (double)b.targets[i], 2);
    }
    assert_true(fabs(loss_mean(&ctx, &b, out, d_out) - sum / (IMAGES * D)) < 1e-12);
    for (size_t i = 0; i < IMAGES * D; i++)
        assert_true((d_out[i] == 0) == known(&b, i / D, i % D));
    ctx_release(&ctx);
}

static void a_part_knows_what_the_whole_does(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch whole, part;
    float x0[8 * D] = {0};
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    const struct loss loss = loss_of(&path, 0.8);
    assert_int_equal(loss_batch_make(&ctx, 8, D, false, &whole), STATUS_OK);
    assert_int_equal(loss_batch_tell(&ctx, &whole), STATUS_OK);
    assert_int_equal(loss_batch_make(&ctx, 2, D, false, &part), STATUS_OK);
    assert_int_equal(loss_batch_tell(&ctx, &part), STATUS_OK);
    loss_draw(&ctx, &loss, 1, x0, NULL, &whole);
    part.first = 5, part.whole = 8;
    loss_draw(&ctx, &loss, 1, x0, NULL, &part);
    assert_memory_equal(part.x, whole.x + 5 * 3 * D, 2 * 3 * D * sizeof(float));
    ctx.fail_after = 0;
    assert_int_equal(loss_batch_tell(&ctx, &part), STATUS_NO_MEMORY);
    ctx_release(&ctx);
}

/* Number 2 is the first choice, 3 the second; 0 and 1 are of none. Of four rows one is asked at the end of the path, two
 * know all choices, and one is as it would be without any. */
static const uint32_t CHOICES[D] = {LOSS_NEVER, LOSS_NEVER, 0, 1};

static void rows_of_a_batch_have_their_purposes(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    struct loss_batch b, plain;
    size_t first = 0, both = 0, others = 0;
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    struct loss loss = loss_of(&path, 0.6);
    draw(&ctx, &loss, MANY, &plain);
    loss.given.choices = CHOICES, loss.given.n_choices = 2;
    draw(&ctx, &loss, MANY, &b);
    for (size_t i = 0; i < MANY; i++) {
        const float *x = b.x + i * b.in, *as = plain.x + i * b.in;
        if (i % 4 == 2)
            assert_memory_equal(x, as, b.in * sizeof *x);
        if (i % 2)
            assert_true(known(&b, i, 2) && known(&b, i, 3) && b.times[i] == plain.times[i]);
        if (i % 4)
            continue;
        assert_true(b.times[i] == 1000 && !known(&b, i, 3));
        for (size_t j = 0; j < D; j++)
            assert_true(x[j] == 0);
        first += known(&b, i, 2);
        both += known(&b, i, 2) && known(&b, i, 0);
        others += known(&b, i, 0);
    }
    /* The first choice is known to half, for the second, and to the rest by its share, 1/2 of 2/3; a number to 1/2 of
     * 1/2; both to half of these, and to the rest by E[u (1 - (1 - u)^2)] = 5/12, of 1/2. */
    const double n = MANY / 4.0;
    assert_in_range(first, (2 / 3.0) * n - 60, (2 / 3.0) * n + 60);
    assert_in_range(others, 0.25 * n - 60, 0.25 * n + 60);
    assert_in_range(both, (1 / 8.0 + 5 / 48.0) * n - 60, (1 / 8.0 + 5 / 48.0) * n + 60);
    ctx_release(&ctx);
}

/* choosing is a loss of those choices, and a batch of one row for it. */
static struct loss choosing(struct ctx *ctx, struct path *path, struct loss_batch *b) {
    ctx_init(ctx, 16 << 20);
    assert_int_equal(path_make(ctx, PATH_FLOW, NULL, path), STATUS_OK);
    struct loss loss = loss_of(path, 0.6);
    loss.given.choices = CHOICES, loss.given.n_choices = 2;
    assert_int_equal(loss_batch_make(ctx, 1, D, false, b), STATUS_OK);
    assert_int_equal(loss_batch_tell(ctx, b), STATUS_OK);
    return loss;
}

/* Where a batch is of one row, its purpose is that of its step. */
static void batches_of_one_have_every_purpose(void **state) {
    (void)state;
    static const float x0[D] = {0.5f, -1, 1, 0.25f};
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    size_t asked = 0;
    struct loss loss = choosing(&ctx, &path, &b);
    for (uint32_t step = 0; step < 40; step++) {
        loss_draw(&ctx, &loss, step, x0, NULL, &b);
        asked += b.times[0] == 1000;
    }
    assert_int_equal(asked, 10);
    ctx_release(&ctx);
}

/* What a row that is asked should say is x0 itself, as D. */
static void a_row_that_is_asked_says_the_data(void **state) {
    (void)state;
    static const float x0[D] = {0.5f, -1, 1, 0.25f};
    struct ctx ctx;
    struct path path;
    struct loss_batch b;
    struct loss loss = choosing(&ctx, &path, &b);
    loss_draw(&ctx, &loss, 0, x0, NULL, &b);
    const struct path_point at = path_at_t(&path, 1);
    const struct prediction p = prediction_at(&path, &at, loss.prediction, 1);
    for (size_t j = 0; j < D; j++)
        assert_true(fabs(p.out_by * (double)b.targets[j] - (double)x0[j]) < 1e-6);
    ctx_release(&ctx);
}

/* -- A network -- */

struct model {
    struct ctx ctx;
    struct path path;
    const struct denoiser *denoiser, *sloped; /* the second with the network's own derivative */
};

/* model_make makes a denoiser of an untrained network; guided: by itself, which changes nothing but its way. */
static void model_make(struct model *m, bool guided) {
    struct mlp_config c = mlp_default();
    struct graph *g;
    c.features = D, c.given = true, c.hidden_size = 16, c.time_size = 8;
    ctx_init(&m->ctx, 16 << 20);
    assert_int_equal(mlp_make(&m->ctx, tensor_kernels_for(m->ctx.isa), &c, &g), STATUS_OK);
    assert_int_equal(untrained_load(&m->ctx, g, NULL), STATUS_OK);
    assert_int_equal(path_make(&m->ctx, PATH_FLOW, NULL, &m->path), STATUS_OK);
    const struct network n = {g, 1, 1, D, D, true};
    const struct network_use use = {.path = &m->path, .prediction = PREDICTION_VELOCITY},
                             sloped = {.path = &m->path, .prediction = PREDICTION_VELOCITY, .slopes = true};
    assert_int_equal(network_denoiser(&m->ctx, &n, &use, &m->denoiser), STATUS_OK);
    assert_int_equal(network_denoiser(&m->ctx, &n, &sloped, &m->sloped), STATUS_OK);
    const struct guidance_in in = {m->denoiser, m->denoiser, 3, 0, 0, (double)INFINITY};
    if (guided)
        assert_int_equal(guidance_make(&m->ctx, &in, &m->denoiser), STATUS_OK);
}

static void ask(const struct model *m, const double *given, size_t rows, const double *x, double *out) {
    const struct path_point at = path_at_t(&m->path, 0.4);
    double *scratch = malloc(denoiser_scratch(m->denoiser, rows) * sizeof *scratch); /* exactly: a sanitizer looks */
    denoiser_eval(m->denoiser, &at, &(struct told){.given = given}, rows, x, out, scratch);
    free(scratch);
}

static void a_network_keeps_what_is_given(void **state) {
    (void)state;
    static const double x[] = {0.3, -0.2, 1, 0.7}, given[] = {ANY, 0.123456789, ANY, -2},
                        nothing[] = {ANY, ANY, ANY, ANY};
    static const double other[] = {0.3, 9, 1, 5};
    for (int guided = 0; guided < 2; guided++) {
        struct model m;
        double with[D], without[D], by_nan[D], elsewhere[D];
        model_make(&m, guided);
        ask(&m, given, 1, x, with);
        ask(&m, NULL, 1, x, without);
        ask(&m, nothing, 1, x, by_nan);
        ask(&m, given, 1, other, elsewhere);
        assert_true(with[1] == given[1] && with[3] == given[3]);
        assert_true(with[0] != without[0] && with[2] != without[2]); /* it hears of it */
        assert_memory_equal(without, by_nan, sizeof without);
        assert_memory_equal(with, elsewhere, sizeof with); /* noise in the place of what is known does not count */
        ctx_release(&m.ctx);
    }
}

static void rows_have_what_is_given_to_each(void **state) {
    (void)state;
    enum { ROWS = 9 };
    struct model m;
    double x[ROWS * D], given[ROWS * D], together[ROWS * D], alone[D];
    uint64_t seed = 4;
    model_make(&m, false);
    for (size_t i = 0; i < ROWS * D; i++) {
        x[i] = (double)test_below(&seed, 2000) / 1000 - 1;
        given[i] = test_below(&seed, 2) ? (double)test_below(&seed, 10) : ANY;
    }
    ask(&m, given, ROWS, x, together);
    for (size_t r = 0; r < ROWS; r++) {
        ask(&m, given + r * D, 1, x + r * D, alone);
        assert_memory_equal(alone, together + r * D, sizeof alone);
    }
    ctx_release(&m.ctx);
}

static double trace_of(const struct denoiser *denoiser, const struct path_point *at, const double *x) {
    double trace, D_of[D];
    double *scratch = malloc(denoiser_each_scratch(denoiser, 1) * sizeof *scratch);
    denoiser_each(denoiser, &(struct denoiser_each){.at = at, .rows = 1, .x = x, .D = D_of, .trace = &trace}, scratch);
    free(scratch);
    return trace;
}

/* Where nothing is given there is a likelihood, whose trace is that of differences. */
static void slopes_are_those_of_differences(void **state) {
    (void)state;
    static const double x[] = {0.3, -0.2, 1, 0.7};
    struct model m;
    model_make(&m, false);
    const struct path_point at = path_at_t(&m.path, 0.4);
    const double is = trace_of(m.sloped, &at, x), want = trace_of(m.denoiser, &at, x);
    assert_true(fabs(is - want) < 2e-3 * (1 + fabs(want)) && is != 0);
    ctx_release(&m.ctx);
}

/* sample draws with Heun's method; given[count][D]. */
static double *sample(struct model *m, size_t count, const double *given) {
    const struct grid_in grid = {.id = (enum grid_id)m->path.family->grid, .steps = 6};
    const struct solver *solver = solver_find(SOLVER_HEUN);
    const struct solver_options nothing = {0};
    struct solver_options *options = ctx_alloc(&m->ctx, 1, sizeof *options);
    struct plan *plan = ctx_alloc(&m->ctx, 1, sizeof *plan);
    const struct noise noise = noise_of_seed(m->ctx.isa, 11);
    struct plan_build b;
    struct path_point *points;
    struct sampler_out out;
    size_t n;
    assert_int_equal(solver_resolve(&m->ctx, solver, &m->path, &nothing, options), STATUS_OK);
    assert_int_equal(grid_make(&m->ctx, &m->path, &grid, &points, &n), STATUS_OK);
    plan_begin(&b, &m->ctx, &m->path, options, points[0].alpha, path_prior_std(&m->path, &points[0]));
    plan_walk(&b, solver, points, n, 0, n);
    assert_int_equal(plan_end(&b, plan), STATUS_OK);
    const struct sampler_in in = {
        .denoiser = m->denoiser, .given = given, .plan = plan, .noise = &noise, .count = count};
    assert_int_equal(sampler_run(&m->ctx, &in, &out), STATUS_OK);
    return out.samples;
}

/* There are more samples than a chunk of the sampler holds, and each has another number given. */
static void samples_end_at_what_is_given(void **state) {
    (void)state;
    enum { COUNT_OF_SAMPLES = 300, FEWER = 20 };
    struct model m;
    static double given[COUNT_OF_SAMPLES * D];
    model_make(&m, false);
    for (size_t i = 0; i < COUNT_OF_SAMPLES * D; i++)
        given[i] = i % D == i / D % D ? (double)i / 100 : ANY;
    const double *many = sample(&m, COUNT_OF_SAMPLES, given), *few = sample(&m, FEWER, given);
    for (size_t i = 0; i < COUNT_OF_SAMPLES * D; i++)
        assert_true(isnan(given[i]) ? isfinite(many[i]) : fabs(many[i] - given[i]) < 1e-12);
    assert_memory_equal(many, few, FEWER * D * sizeof *few);
    ctx_release(&m.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers_are_those_of_groups), cmocka_unit_test(what_is_known_counts_nothing),
        cmocka_unit_test(a_part_knows_what_the_whole_does),  cmocka_unit_test(a_network_keeps_what_is_given),
        cmocka_unit_test(rows_have_what_is_given_to_each),   cmocka_unit_test(samples_end_at_what_is_given),
        cmocka_unit_test(slopes_are_those_of_differences),   cmocka_unit_test(rows_of_a_batch_have_their_purposes),
        cmocka_unit_test(a_row_that_is_asked_says_the_data), cmocka_unit_test(batches_of_one_have_every_purpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
