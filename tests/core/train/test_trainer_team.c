/* A team of threads beside one process: the same steps but for the order of sums. */
#include "core/train/trainer.h"

#include <math.h>

#include "core/train/toy.h"
#include "tests/support/learning.h"
#include "tests/support/team.h"
#include "tests/support/test.h"

enum { POINTS = 500, BATCH = 24, STEPS = 50, HELD = 60, STOPPED_AT = 20 };
static const double CLIP = 0.5;

/* What one rank saw. */
struct log {
    struct error error;
    double loss[STEPS], norm[STEPS], scale[STEPS], held_out;
    size_t skipped;
    enum status ended;
    size_t at;
    void *state;
    size_t bytes;
};

struct all {
    struct log logs[TEST_RANKS];
    size_t batch;
    enum coupling coupling;
    enum gradient_dtype dtype;
    atomic_int stop;
    size_t stopped; /* the rank that is, before step STOPPED_AT; SIZE_MAX: none */
    float rows[2 * POINTS];
    int64_t labels[POINTS];
};

static enum status make(struct ctx *ctx, struct all *all, struct team *team, struct path *path, struct loss *loss,
                        struct trainer **t) {
    struct graph *graph;
    const struct train_data data = {.n = POINTS, .d = 2, .rows = all->rows, .labels = all->labels};
    struct trainer_options options = learning_options();
    options.steps = STEPS;
    options.batch = all->batch;
    options.clip_norm = CLIP;
    options.held = HELD;
    options.coupling = all->coupling;
    options.dtype = all->dtype;
    options.team = team;
    enum status status = path_make(ctx, PATH_FLOW, NULL, path);
    if (status == STATUS_OK)
        status = learning_mlp(ctx, &graph);
    *loss = learning_loss(path);
    return status == STATUS_OK ? trainer_make(ctx, graph, &data, loss, &options, t) : status;
}

static enum status learn(struct ctx *ctx, struct all *all, struct trainer *t, size_t rank) {
    struct log *log = &all->logs[rank];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < STEPS && status == STATUS_OK; i++) {
        struct trainer_report report = {0};
        if (i == STOPPED_AT && rank == all->stopped)
            ctx->stop = &all->stop;
        status = trainer_step(t, &report);
        log->loss[i] = report.loss;
        log->norm[i] = report.norm;
        log->scale[i] = report.scale;
        log->skipped = report.skipped;
    }
    return status == STATUS_OK ? trainer_held_out(t, &log->held_out) : status;
}

static void body(struct team *team, void *arg) {
    struct all *all = arg;
    const size_t rank = team ? team->rank : 0;
    struct log *log = &all->logs[rank];
    struct ctx ctx;
    struct path path;
    struct loss loss;
    struct trainer *t;
    ctx_init(&ctx, 64 << 20);
    ctx.isa = isa_best();
    log->ended = make(&ctx, all, team, &path, &loss, &t);
    if (log->ended == STATUS_OK) {
        log->ended = learn(&ctx, all, t, rank);
        log->at = trainer_at(t);
        log->bytes = trainer_bytes(t);
        log->state = malloc(log->bytes);
        trainer_save(t, log->state);
    }
    log->error = ctx.err;
    ctx_release(&ctx);
}

static struct all *begin(size_t batch, size_t stopped) {
    struct all *all = calloc(1, sizeof *all);
    assert_non_null(all);
    toy_draw(TOY_EIGHT_GAUSSIANS, 1, POINTS, all->rows, all->labels);
    all->batch = batch;
    all->stopped = stopped;
    all->stop = STOP_CANCEL;
    return all;
}

static struct all *go(struct all *all, size_t ranks) {
    if (ranks)
        test_team(ranks, body, all);
    else
        body(NULL, all);
    return all;
}

static struct all *run(size_t ranks, size_t batch, size_t stopped) { return go(begin(batch, stopped), ranks); }

static struct all *run_coupled(size_t ranks) {
    struct all *all = begin(BATCH, SIZE_MAX);
    all->coupling = COUPLING_OT;
    return go(all, ranks);
}

/* run_scaled is of data that are so large that steps are skipped. */
static struct all *run_scaled(size_t ranks) {
    struct all *all = begin(BATCH, SIZE_MAX);
    all->dtype = GRADIENT_F16;
    for (size_t i = 0; i < 2 * POINTS; i++)
        all->rows[i] *= 50;
    return go(all, ranks);
}

static void end(struct all *all) {
    for (size_t i = 0; i < TEST_RANKS; i++)
        free(all->logs[i].state);
    free(all);
}

static void same_on_all(const struct all *all, size_t ranks) {
    for (size_t i = 1; i < ranks; i++) {
        assert_int_equal(all->logs[i].ended, all->logs[0].ended);
        assert_int_equal(all->logs[i].bytes, all->logs[0].bytes);
        assert_memory_equal(all->logs[i].state, all->logs[0].state, all->logs[0].bytes);
        assert_memory_equal(all->logs[i].loss, all->logs[0].loss, sizeof all->logs[0].loss);
    }
}

static void within(double part, double is, double wanted, size_t ranks, const char *what) {
    if (!(fabs(is - wanted) <= part * fabs(wanted)))
        fail_msg("with %zu ranks the %s is %.9g, and %.9g alone", ranks, what, is, wanted);
}

static void near(double is, double wanted, size_t ranks, const char *what) { within(1e-5, is, wanted, ranks, what); }

static void ranks_learn_as_one(void **state) {
    (void)state;
    static const size_t RANKS[] = {1, 2, 3, 4, 8};
    struct all *alone = run(0, BATCH, SIZE_MAX);
    assert_string_equal(alone->logs[0].error.detail, "");
    assert_true(alone->logs[0].norm[0] > CLIP); /* the gradient is clipped */
    for (size_t k = 0; k < COUNT(RANKS); k++) {
        struct all *team = run(RANKS[k], BATCH, SIZE_MAX);
        same_on_all(team, RANKS[k]);
        for (size_t i = 0; i < STEPS; i++) {
            near(team->logs[0].loss[i], alone->logs[0].loss[i], RANKS[k], "loss");
            near(team->logs[0].norm[i], alone->logs[0].norm[i], RANKS[k], "norm");
        }
        near(team->logs[0].held_out, alone->logs[0].held_out, RANKS[k], "loss on what is held out");
        end(team);
    }
    end(alone);
}

/* The whole batch is coupled, whoever learns from which of its rows. */
static void ranks_couple_as_one(void **state) {
    (void)state;
    struct all *alone = run_coupled(0), *team = run_coupled(3);
    same_on_all(team, 3);
    for (size_t i = 0; i < STEPS; i++)
        near(team->logs[0].loss[i], alone->logs[0].loss[i], 3, "loss");
    near(team->logs[0].held_out, alone->logs[0].held_out, 3, "loss on what is held out");
    end(team);
    end(alone);
}

/* An overflow of one rank is one of all. Sums in another order round otherwise, and weights by 2^-12 of themselves then. */
static void ranks_skip_as_one(void **state) {
    (void)state;
    struct all *alone = run_scaled(0), *team = run_scaled(3);
    same_on_all(team, 3);
    assert_in_range(alone->logs[0].skipped, 2, 10);
    assert_int_equal(team->logs[0].skipped, alone->logs[0].skipped);
    assert_memory_equal(team->logs[0].scale, alone->logs[0].scale, sizeof team->logs[0].scale);
    for (size_t i = 0; i < STEPS; i++)
        within(0x1p-8, team->logs[0].loss[i], alone->logs[0].loss[i], 3, "loss");
    within(0x1p-8, team->logs[0].held_out, alone->logs[0].held_out, 3, "loss on what is held out");
    end(team);
    end(alone);
}

static void who_is_stopped_stops_all_of_them(void **state) {
    (void)state;
    struct all *team = run(3, BATCH, 1), *whole = run(3, BATCH, SIZE_MAX);
    same_on_all(team, 3);
    assert_int_equal(team->logs[0].ended, STATUS_CANCELLED);
    assert_int_equal(team->logs[0].at, STOPPED_AT); /* the step that was begun is none */
    assert_memory_equal(team->logs[0].loss, whole->logs[0].loss, STOPPED_AT * sizeof(double));
    end(team);
    end(whole);
}

static void batches_that_ranks_do_not_divide_are_refused(void **state) {
    (void)state;
    struct all *team = run(4, BATCH + 2, SIZE_MAX);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(team->logs[i].ended, STATUS_INVALID);
        assert_string_equal(team->logs[i].error.detail,
                            "A batch of 26 cannot be shared out to 4 ranks evenly; want a multiple of 4.");
    }
    end(team);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_learn_as_one),
        cmocka_unit_test(ranks_couple_as_one),
        cmocka_unit_test(ranks_skip_as_one),
        cmocka_unit_test(who_is_stopped_stops_all_of_them),
        cmocka_unit_test(batches_that_ranks_do_not_divide_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
