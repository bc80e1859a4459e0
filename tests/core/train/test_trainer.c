#include "core/train/trainer.h"

#include <math.h>

#include "core/nn/dit.h"
#include "core/nn/gradient.h"
#include "core/tensor/tensor.h"
#include "tests/support/learning.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

/* Untrained, the network says 0, so that the loss is the mean square of eps - x0: 2.01 up to the noise of 96 numbers.
 * What remains after 400 steps was 0.32 when this was written. */
static void the_loss_falls(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    double first = learning_steps(r, 1);
    assert_true(first > 1.2 && first < 2.9);
    learning_steps(r, 299);
    double last = learning_steps(r, 100);
    if (!(last < 0.5))
        fail_msg("the loss is %g after 400 steps", last);
    learning_end(r);
}

static void untrained_networks_say_nothing(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct learning *r = learning_begin(images);
        struct trainer_report report;
        struct loss_batch b;
        float none[LEARNING_BATCH * 64] = {0}, d_out[LEARNING_BATCH * 64], x0[LEARNING_BATCH * 64];
        assert_int_equal(trainer_step(r->t, &report), STATUS_OK);
        /* The same batch, with an output of zeros: times and noise do not depend on which items are drawn, so that an
         * epoch of one item tells them all. */
        assert_true(report.norm > 0 && report.rate == r->options.lr / 10);
        size_t batch = r->options.batch, d = r->data.d;
        assert_int_equal(loss_batch_make(&r->ctx, batch, d, false, &b), STATUS_OK);
        for (size_t i = 0; i < batch * d; i++)
            x0[i] = 0.25f;
        struct learning *flat = learning_begin(images);
        for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
            flat->rows[i] = 0.25f;
        memset(flat->bytes, 0, sizeof flat->bytes);
        if (images)
            for (size_t i = 0; i < batch * d; i++)
                x0[i] = -1;
        loss_draw(&r->ctx, &r->loss, 0, x0, r->labels, &b);
        assert_int_equal(trainer_step(flat->t, &report), STATUS_OK);
        assert_true(report.loss == loss_mean(&r->ctx, &b, none, d_out));
        learning_end(flat);
        learning_end(r);
    }
}

/* transformer makes the run that of a small DiT on labelled images. */
static void transformer(struct learning *r) {
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
    struct learning *r = learning_begin(true);
    const struct parameter *list;
    transformer(r);
    size_t n = graph_parameters(r->graph, &list), numbers = gradient_numbers(r->graph), at = 0;
    float *before = malloc(numbers * sizeof *before);
    memcpy(before, trainer_weights(r->t), numbers * sizeof *before);
    learning_steps(r, 5);
    for (size_t i = 0; i < n; at += list[i++].n)
        if (!strstr(list[i].name, "to_k.bias") && /* of which attention does not depend */
            !memcmp(before + at, trainer_weights(r->t) + at, list[i].n * sizeof *before))
            fail_msg("%s has not moved", list[i].name);
    free(before);
    learning_end(r);
}

static void a_run_goes_on_to_the_same_bits(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct learning *whole = learning_begin(images), *first = learning_begin(images),
                        *second = learning_begin(images);
        learning_steps(whole, 12);
        learning_steps(first, 5);
        void *kept = learning_state(first);
        learning_steps(second, 1); /* what it had before does not matter */
        assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
        assert_int_equal(trainer_at(second->t), 5);
        learning_steps(second, 7);
        learning_same(whole, second);
        assert_memory_equal(trainer_average(whole->t), trainer_average(second->t),
                            gradient_numbers(whole->graph) * sizeof(float));
        assert_memory_not_equal(trainer_average(whole->t), trainer_weights(whole->t),
                                gradient_numbers(whole->graph) * sizeof(float));
        free(kept);
        learning_end(whole);
        learning_end(first);
        learning_end(second);
    }
}

static void threads_change_nothing(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        struct learning *alone = learning_begin(images), *shared = learning_begin(images);
        learning_steps(alone, 4);
        struct parallel threads = test_threads(3);
        shared->ctx.parallel = &threads;
        learning_steps(shared, 4);
        learning_same(alone, shared);
        learning_end(alone);
        learning_end(shared);
    }
}

static void a_stopped_step_changes_nothing(void **state) {
    (void)state;
    struct learning *r = learning_begin(false), *other = learning_begin(false);
    struct trainer_report report;
    atomic_int stop = STOP_CANCEL;
    learning_steps(r, 2);
    learning_steps(other, 2);
    r->ctx.stop = &stop;
    assert_int_equal(trainer_step(r->t, &report), STATUS_CANCELLED);
    learning_same(r, other);
    r->ctx.stop = NULL;
    learning_steps(r, 1);
    learning_steps(other, 1);
    learning_same(r, other);
    learning_end(r);
    learning_end(other);
}

static void what_is_not_finite_is_no_step(void **state) {
    (void)state;
    struct learning *r = learning_begin(false), *other = learning_begin(false);
    struct trainer_report report;
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->rows[i] = 3e38f; /* eps - x0 is finite, its derivative by the weights is not */
    assert_int_equal(trainer_step(r->t, &report), STATUS_INVALID);
    assert_non_null(strstr(r->ctx.err.detail, "is no longer finite at step 1; want a smaller lr"));
    learning_same(r, other);
    learning_end(r);
    learning_end(other);
}

/* With rows that tell where they lie: what is held out is not learnt from, and the rest is, once an epoch. */
static void held_out_items_are_not_learnt_from(void **state) {
    (void)state;
    struct learning *r = learning_begin(false), *all = learning_begin(false);
    double before, after, again;
    r->options.held = 100;
    assert_int_equal(trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t), STATUS_OK);
    assert_int_equal(trainer_held_out(r->t, &before), STATUS_OK);
    learning_steps(r, 5);
    learning_steps(all, 5);
    void *kept = learning_state(r), *other = learning_state(all);
    assert_memory_not_equal(kept, other, trainer_bytes(r->t));
    assert_int_equal(trainer_held_out(r->t, &before), STATUS_OK);
    assert_int_equal(trainer_held_out(r->t, &again), STATUS_OK);
    assert_true(before == again);
    learning_steps(r, 200);
    assert_int_equal(trainer_held_out(r->t, &after), STATUS_OK);
    assert_true(after < 0.7 * before);
    free(kept);
    free(other);
    learning_end(r);
    learning_end(all);
}

/* Items that are held out may be what they like: the steps stay the same. Which they are is found by spoiling each. */
static void what_is_held_out_changes_no_step(void **state) {
    (void)state;
    enum { FEW = 12, OUT = 4 };
    size_t without = 0;
    void *kept = NULL;
    for (size_t spoilt = 0; spoilt <= FEW; spoilt++) {
        struct learning *r = learning_begin(false);
        r->options.held = OUT;
        r->data.n = FEW;
        if (spoilt)
            r->rows[2 * (spoilt - 1)] = 5;
        assert_int_equal(trainer_make(&r->ctx, r->graph, &r->data, &r->loss, &r->options, &r->t), STATUS_OK);
        learning_steps(r, 2);
        void *is = learning_state(r);
        if (spoilt)
            without += !memcmp(is, kept, trainer_bytes(r->t));
        else
            kept = is;
        if (spoilt)
            free(is);
        learning_end(r);
    }
    free(kept);
    assert_int_equal(without, OUT);
}

static void states_of_others_are_refused(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    void *kept = learning_state(r);
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
    learning_end(r);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t after = 0;; after++) {
        struct learning *r = calloc(1, sizeof *r);
        enum status status = learning_try(r, false, after);
        learning_end(r);
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
        cmocka_unit_test(states_of_others_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
