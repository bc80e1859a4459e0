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
    double loss[STEPS], norm[STEPS], held_out;
    enum status ended;
    size_t at;
    void *state;
    size_t bytes;
};

struct all {
    struct log logs[TEST_RANKS];
    size_t batch;
    enum coupling coupling;
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

static struct all *run_coupled(size_t ranks, size_t batch, size_t stopped, enum coupling coupling) {
    struct all *all = calloc(1, sizeof *all);
    assert_non_null(all);
    toy_draw(TOY_EIGHT_GAUSSIANS, 1, POINTS, all->rows, all->labels);
    all->batch = batch;
    all->coupling = coupling;
    all->stopped = stopped;
    all->stop = STOP_CANCEL;
    if (ranks)
        test_team(ranks, body, all);
    else
        body(NULL, all);
    return all;
}

static struct all *run(size_t ranks, size_t batch, size_t stopped) {
    return run_coupled(ranks, batch, stopped, COUPLING_INDEPENDENT);
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

static void near(double is, double wanted, size_t ranks, const char *what) {
    if (!(fabs(is - wanted) <= 1e-5 * fabs(wanted)))
        fail_msg("with %zu ranks the %s is %.9g, and %.9g alone", ranks, what, is, wanted);
}

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
    struct all *alone = run_coupled(0, BATCH, SIZE_MAX, COUPLING_OT),
               *team = run_coupled(3, BATCH, SIZE_MAX, COUPLING_OT);
    same_on_all(team, 3);
    for (size_t i = 0; i < STEPS; i++)
        near(team->logs[0].loss[i], alone->logs[0].loss[i], 3, "loss");
    near(team->logs[0].held_out, alone->logs[0].held_out, 3, "loss on what is held out");
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
        cmocka_unit_test(who_is_stopped_stops_all_of_them),
        cmocka_unit_test(batches_that_ranks_do_not_divide_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
