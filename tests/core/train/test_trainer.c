#include "core/train/trainer.h"

#include <math.h>

#include "core/nn/dit.h"
#include "core/nn/gradient.h"
#include "core/nn/unet.h"
#include "core/tensor/tensor.h"
#include "core/train/toy.h"
#include "tests/support/learning.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { POINTS = 500, BATCH = 48 };

/* A run on points, or on images of bytes. */
struct run {
    struct ctx ctx;
    struct path path;
    struct loss loss;
    struct train_data data;
    struct graph *graph;
    struct trainer_options options;
    struct trainer *t;
    float rows[2 * POINTS];
    unsigned char bytes[64 * POINTS];
    int64_t labels[POINTS];
    float starts[2 * POINTS];
    struct train_data source; /* starts */
};

static enum status make_graph(struct run *r, bool images) {
    if (images) {
        struct unet_config c = network_tiny_unet();
        c.in_channels = c.out_channels = 1;
        return unet_make(&r->ctx, tensor_kernels_for(r->ctx.isa), &c, &r->graph);
    }
    return learning_mlp(&r->ctx, &r->graph);
}

static void fill(struct run *r, bool images) {
    uint64_t random = 3;
    r->data = (struct train_data){.n = POINTS, .d = images ? 64 : 2};
    toy_draw(TOY_EIGHT_GAUSSIANS, 1, POINTS, r->rows, r->labels);
    for (size_t i = 0; i < sizeof r->bytes; i++)
        r->bytes[i] = (unsigned char)test_below(&random, 256);
    if (images)
        r->data.bytes = r->bytes;
    else
        r->data.rows = r->rows, r->data.labels = r->labels;
}

static enum status begin_with(struct run *r, bool images, size_t fail_after) {
    ctx_init(&r->ctx, 256 << 20);
    r->ctx.isa = isa_best();
    r->ctx.fail_after = fail_after;
    fill(r, images);
    enum status status = path_make(&r->ctx, PATH_FLOW, NULL, &r->path);
    r->loss = learning_loss(&r->path);
    r->options = learning_options();
    r->options.steps = 400;
    r->options.batch = images ? 4 : BATCH;
    if (status == STATUS_OK)
        status = make_graph(r, images);
    return status == STATUS_OK ? trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t) : status;
}

static struct run *begin(bool images) {
    struct run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    if (begin_with(r, images, SIZE_MAX))
        fail_msg("%s", r->ctx.err.detail);
    return r;
}

static void end(struct run *r) {
    ctx_release(&r->ctx);
    free(r);
}

static double steps(struct run *r, size_t n) {
    struct trainer_report report;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (trainer_step(r->t, &report))
            fail_msg("%s", r->ctx.err.detail);
        sum += report.loss / (double)n;
    }
    assert_int_equal(report.step, trainer_at(r->t));
    return sum;
}

static void *state_of(struct run *r) {
    void *state = malloc(trainer_bytes(r->t));
    trainer_save(r->t, state);
    return state;
}

static void same_state(struct run *a, struct run *b) {
    void *x = state_of(a), *y = state_of(b);
    assert_int_equal(trainer_bytes(a->t), trainer_bytes(b->t));
    assert_memory_equal(x, y, trainer_bytes(a->t));
    free(x);
    free(y);
}

/* Untrained, the network says 0, so that the loss is the mean square of eps - x0: 2.01 up to the noise of 96 numbers.
 * What remains after 400 steps was 0.32 when this was written. */
static void the_loss_falls(void **state) {
    (void)state;
    struct run *r = begin(false);
    double first = steps(r, 1);
    assert_true(first > 1.2 && first < 2.9);
    steps(r, 299);
    double last = steps(r, 100);
    if (!(last < 0.5))
        fail_msg("the loss is %g after 400 steps", last);
    end(r);
}

static void untrained_networks_say_nothing(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct run *r = begin(images);
        struct trainer_report report;
        struct loss_batch b;
        float none[BATCH * 64] = {0}, d_out[BATCH * 64], x0[BATCH * 64];
        assert_int_equal(trainer_step(r->t, &report), STATUS_OK);
        /* The same batch, with an output of zeros: times and noise do not depend on which items are drawn, so that an
         * epoch of one item tells them all. */
        assert_true(report.norm > 0 && report.rate == r->options.lr / 10);
        size_t batch = r->options.batch, d = r->data.d;
        assert_int_equal(loss_batch_make(&r->ctx, batch, d, false, &b), STATUS_OK);
        for (size_t i = 0; i < batch * d; i++)
            x0[i] = 0.25f;
        struct run *flat = begin(images);
        for (size_t i = 0; i < 2 * POINTS; i++)
            flat->rows[i] = 0.25f;
        memset(flat->bytes, 0, sizeof flat->bytes);
        if (images)
            for (size_t i = 0; i < batch * d; i++)
                x0[i] = -1;
        loss_draw(&r->ctx, &r->loss, 0, x0, r->labels, &b);
        assert_int_equal(trainer_step(flat->t, &report), STATUS_OK);
        assert_true(report.loss == loss_mean(&r->ctx, &b, none, d_out));
        end(flat);
        end(r);
    }
}

/* transformer makes the run that of a small DiT on labelled images. */
static void transformer(struct run *r) {
    struct dit_config c = dit_default();
    c.num_attention_heads = 2;
    c.attention_head_dim = 4;
    c.in_channels = c.num_layers = 1;
    c.sample_size = 8;
    c.patch_size = 4;
    c.num_embeds_ada_norm = 8;
    assert_int_equal(dit_make(&r->ctx, tensor_kernels_for(r->ctx.isa), &c, &r->graph), STATUS_OK);
    r->data.labels = r->labels;
    r->options.weight_decay = 0;
    r->options.batch = 16;
    assert_int_equal(trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t), STATUS_OK);
}

/* It says nothing at first, for gates that are closed; none of them may stay so, and nothing behind them. */
static void a_transformer_learns_everywhere(void **state) {
    (void)state;
    struct run *r = begin(true);
    const struct parameter *list;
    transformer(r);
    size_t n = graph_parameters(r->graph, &list), numbers = gradient_numbers(r->graph), at = 0;
    float *before = malloc(numbers * sizeof *before);
    memcpy(before, trainer_weights(r->t), numbers * sizeof *before);
    steps(r, 5);
    for (size_t i = 0; i < n; at += list[i++].n)
        if (!strstr(list[i].name, "to_k.bias") && /* of which attention does not depend */
            !memcmp(before + at, trainer_weights(r->t) + at, list[i].n * sizeof *before))
            fail_msg("%s has not moved", list[i].name);
    free(before);
    end(r);
}

static void a_run_goes_on_to_the_same_bits(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct run *whole = begin(images), *first = begin(images), *second = begin(images);
        steps(whole, 12);
        steps(first, 5);
        void *kept = state_of(first);
        steps(second, 1); /* what it had before does not matter */
        assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
        assert_int_equal(trainer_at(second->t), 5);
        steps(second, 7);
        same_state(whole, second);
        assert_memory_equal(trainer_average(whole->t), trainer_average(second->t),
                            gradient_numbers(whole->graph) * sizeof(float));
        assert_memory_not_equal(trainer_average(whole->t), trainer_weights(whole->t),
                                gradient_numbers(whole->graph) * sizeof(float));
        free(kept);
        end(whole);
        end(first);
        end(second);
    }
}

static void threads_change_nothing(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct run *alone = begin(images), *shared = begin(images);
        steps(alone, 4);
        struct parallel threads = test_threads(3);
        shared->ctx.parallel = &threads;
        steps(shared, 4);
        same_state(alone, shared);
        end(alone);
        end(shared);
    }
}

static void a_stopped_step_changes_nothing(void **state) {
    (void)state;
    struct run *r = begin(false), *other = begin(false);
    struct trainer_report report;
    atomic_int stop = STOP_CANCEL;
    steps(r, 2);
    steps(other, 2);
    r->ctx.stop = &stop;
    assert_int_equal(trainer_step(r->t, &report), STATUS_CANCELLED);
    same_state(r, other);
    r->ctx.stop = NULL;
    steps(r, 1);
    steps(other, 1);
    same_state(r, other);
    end(r);
    end(other);
}

static void what_is_not_finite_is_no_step(void **state) {
    (void)state;
    struct run *r = begin(false), *other = begin(false);
    struct trainer_report report;
    for (size_t i = 0; i < 2 * POINTS; i++)
        r->rows[i] = 3e38f; /* eps - x0 is finite, its derivative by the weights is not */
    assert_int_equal(trainer_step(r->t, &report), STATUS_INVALID);
    assert_non_null(strstr(r->ctx.err.detail, "is no longer finite at step 1; want a smaller lr"));
    same_state(r, other);
    end(r);
    end(other);
}

/* With rows that tell where they lie: what is held out is not learnt from, and the rest is, once an epoch. */
static void held_out_items_are_not_learnt_from(void **state) {
    (void)state;
    struct run *r = begin(false), *all = begin(false);
    double before, after, again;
    r->options.held = 100;
    assert_int_equal(trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t), STATUS_OK);
    assert_int_equal(trainer_held_out(r->t, &before), STATUS_OK);
    steps(r, 5);
    steps(all, 5);
    void *kept = state_of(r), *other = state_of(all);
    assert_memory_not_equal(kept, other, trainer_bytes(r->t));
    assert_int_equal(trainer_held_out(r->t, &before), STATUS_OK);
    assert_int_equal(trainer_held_out(r->t, &again), STATUS_OK);
    assert_true(before == again);
    steps(r, 200);
    assert_int_equal(trainer_held_out(r->t, &after), STATUS_OK);
    assert_true(after < 0.7 * before);
    free(kept);
    free(other);
    end(r);
    end(all);
}

/* Items that are held out may be what they like: the steps stay the same. Which they are is found by spoiling each. */
static void what_is_held_out_changes_no_step(void **state) {
    (void)state;
    enum { FEW = 12, OUT = 4 };
    size_t without = 0;
    void *kept = NULL;
    for (size_t spoilt = 0; spoilt <= FEW; spoilt++) {
        struct run *r = begin(false);
        r->options.held = OUT;
        r->data.n = FEW;
        if (spoilt)
            r->rows[2 * (spoilt - 1)] = 5;
        assert_int_equal(trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t), STATUS_OK);
        steps(r, 2);
        void *is = state_of(r);
        if (spoilt)
            without += !memcmp(is, kept, trainer_bytes(r->t));
        else
            kept = is;
        if (spoilt)
            free(is);
        end(r);
    }
    free(kept);
    assert_int_equal(without, OUT);
}

/* -- Sources -- */

/* restart makes the trainer anew, from starts that are the data moved by `move`. */
static void restart(struct run *r, float move, enum coupling coupling) {
    for (size_t i = 0; i < 2 * POINTS; i++)
        r->starts[i] = r->rows[i] + move;
    r->source = (struct train_data){.n = POINTS, .d = 2, .rows = r->starts};
    r->options.source = &r->source;
    r->options.coupling = coupling;
    if (trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t))
        fail_msg("%s", r->ctx.err.detail);
}

/* Untrained, the network says 0, and the loss is the mean square of start - data. */
static void a_source_takes_the_place_of_noise(void **state) {
    (void)state;
    struct run *r = begin(false);
    for (size_t i = 0; i < 2 * POINTS; i++)
        r->rows[i] = 0.25f;
    restart(r, 0.75f, COUPLING_INDEPENDENT);
    assert_true(steps(r, 1) == 0.5625);
    end(r);
}

/* Data that are the source moved by 2 are 2 away; paired at random they are as far apart as the clusters are, too. All
 * are of one class, within which they are coupled. */
static void coupled_flows_are_straight(void **state) {
    (void)state;
    struct run *r = begin(false);
    memset(r->labels, 0, sizeof r->labels);
    restart(r, 2, COUPLING_INDEPENDENT);
    steps(r, 150);
    double crossed = steps(r, 50);
    restart(r, 2, COUPLING_OT);
    steps(r, 150);
    double straight = steps(r, 50);
    if (!(straight < 0.3 * crossed))
        fail_msg("the loss is %g coupled, and %g at random", straight, crossed);
    end(r);
}

static void coupled_runs_go_on_to_the_same_bits(void **state) {
    (void)state;
    struct run *whole = begin(false), *first = begin(false), *second = begin(false);
    struct parallel threads = test_threads(3);
    restart(whole, 1, COUPLING_OT), restart(first, 1, COUPLING_OT), restart(second, 1, COUPLING_OT);
    steps(whole, 9);
    steps(first, 4);
    void *kept = state_of(first);
    assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
    second->ctx.parallel = &threads;
    steps(second, 5);
    same_state(whole, second);
    free(kept);
    end(whole), end(first), end(second);
}

static void batches_that_cannot_be_coupled_are_refused(void **state) {
    (void)state;
    struct run *r = begin(false);
    r->options.coupling = COUPLING_OT;
    r->options.batch = PAIRS_COUPLED_MAX;
    assert_int_equal(trainer_check(&r->ctx, &r->options), STATUS_OK);
    r->options.batch++;
    assert_int_equal(trainer_check(&r->ctx, &r->options), STATUS_INVALID);
    assert_string_equal(r->ctx.err.detail, "A batch of 2001 is too large to be coupled by ot; want at most 2000.");
    end(r);
}

static void states_of_others_are_refused(void **state) {
    (void)state;
    struct run *r = begin(false);
    void *kept = state_of(r);
    uint64_t step = r->options.steps + 1;
    assert_int_equal(trainer_restore(r->t, kept, trainer_bytes(r->t) - 4), STATUS_INVALID);
    memcpy(kept, &step, sizeof step);
    assert_int_equal(trainer_restore(r->t, kept, trainer_bytes(r->t)), STATUS_INVALID);
    assert_int_equal(trainer_at(r->t), 0);
    step--;
    memcpy(kept, &step, sizeof step);
    assert_int_equal(trainer_restore(r->t, kept, trainer_bytes(r->t)), STATUS_OK);
    assert_int_equal(trainer_at(r->t), r->options.steps);
    free(kept);
    end(r);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t after = 0;; after++) {
        struct run *r = calloc(1, sizeof *r);
        enum status status = begin_with(r, false, after);
        end(r);
        if (status == STATUS_OK) {
            assert_true(after > 20);
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_falls),
        cmocka_unit_test(untrained_networks_say_nothing),
        cmocka_unit_test(a_transformer_learns_everywhere),
        cmocka_unit_test(a_run_goes_on_to_the_same_bits),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_stopped_step_changes_nothing),
        cmocka_unit_test(what_is_not_finite_is_no_step),
        cmocka_unit_test(held_out_items_are_not_learnt_from),
        cmocka_unit_test(what_is_held_out_changes_no_step),
        cmocka_unit_test(a_source_takes_the_place_of_noise),
        cmocka_unit_test(coupled_flows_are_straight),
        cmocka_unit_test(coupled_runs_go_on_to_the_same_bits),
        cmocka_unit_test(batches_that_cannot_be_coupled_are_refused),
        cmocka_unit_test(states_of_others_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
