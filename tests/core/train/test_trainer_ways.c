/* What a run may be told beside its data: other starts than noise, how they are paired, factors that are rounded,
 * mirrored images. */
#include <math.h>

#include "tests/support/learning.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

/* -- Sources -- */

/* restart makes the trainer anew, from starts that are the data moved by `move`. */
static void restart(struct learning *r, float move, enum coupling coupling) {
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->starts[i] = r->rows[i] + move;
    r->source = (struct train_data){.n = LEARNING_POINTS, .d = 2, .rows = r->starts};
    r->options.source = &r->source;
    r->options.coupling = coupling;
    learning_anew(r);
}

/* Untrained, the network says 0, and the loss is the mean square of start - data. */
static void a_source_takes_the_place_of_noise(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->rows[i] = 0.25f;
    restart(r, 0.75f, COUPLING_INDEPENDENT);
    assert_true(learning_steps(r, 1) == 0.5625);
    learning_end(r);
}

/* Data that are the source moved by 2 are 2 away; paired at random they are as far apart as the clusters are, too. All
 * are of one class, within which they are coupled. */
static void coupled_flows_are_straight(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    memset(r->labels, 0, sizeof r->labels);
    restart(r, 2, COUPLING_INDEPENDENT);
    learning_steps(r, 150);
    double crossed = learning_steps(r, 50);
    restart(r, 2, COUPLING_OT);
    learning_steps(r, 150);
    double straight = learning_steps(r, 50);
    if (!(straight < 0.3 * crossed))
        fail_msg("the loss is %g coupled, and %g at random", straight, crossed);
    learning_end(r);
}

static void coupled_runs_go_on_to_the_same_bits(void **state) {
    (void)state;
    struct learning *whole = learning_begin(false), *first = learning_begin(false), *second = learning_begin(false);
    struct parallel threads = test_threads(3);
    restart(whole, 1, COUPLING_OT), restart(first, 1, COUPLING_OT), restart(second, 1, COUPLING_OT);
    learning_steps(whole, 9);
    learning_steps(first, 4);
    void *kept = learning_state(first);
    assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
    second->ctx.parallel = &threads;
    learning_steps(second, 5);
    learning_same(whole, second);
    free(kept);
    learning_end(whole), learning_end(first), learning_end(second);
}

static void batches_that_cannot_be_coupled_are_refused(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    r->options.coupling = COUPLING_OT;
    r->options.batch = PAIRS_COUPLED_MAX;
    assert_int_equal(trainer_check(&r->ctx, &r->options), STATUS_OK);
    r->options.batch++;
    assert_int_equal(trainer_check(&r->ctx, &r->options), STATUS_INVALID);
    assert_string_equal(r->ctx.err.detail, "A batch of 2001 is too large to be coupled by ot; want at most 2000.");
    learning_end(r);
}

static struct learning *begin_rounded(enum gradient_dtype dtype) {
    struct learning *r = learning_begin(false);
    r->options.dtype = dtype;
    learning_anew(r);
    return r;
}

static void rounded_runs_learn_as_well(void **state) {
    (void)state;
    for (int dtype = GRADIENT_BF16; dtype <= GRADIENT_F16; dtype++) {
        struct learning *one = begin_rounded((enum gradient_dtype)dtype),
                        *other = begin_rounded((enum gradient_dtype)dtype), *plain = learning_begin(false);
        struct parallel threads = test_threads(3);
        other->ctx.parallel = &threads;
        learning_steps(one, 250), learning_steps(other, 250), learning_steps(plain, 250);
        learning_same(one, other);
        double rounded = learning_steps(one, 50), full = learning_steps(plain, 50);
        if (!(rounded != full && fabs(rounded - full) < 0.05))
            fail_msg("the loss is %g rounded, and %g", rounded, full);
        learning_end(one), learning_end(other), learning_end(plain);
    }
}

/* -- Mirrors -- */

/* mirrored makes a run on images of 8 x 8 that are their own mirror images, or not, and takes some steps. */
static struct learning *mirrored(bool even, bool mirrors, size_t steps) {
    struct learning *r = learning_begin(true);
    for (size_t i = 0; even && i < sizeof r->bytes; i++)
        r->bytes[i] = (unsigned char)((i % 8 < 4 ? i % 8 : 7 - i % 8) * 60);
    r->options.mirror = (struct mirror){mirrors ? 8 : 0, 1, 3};
    learning_anew(r);
    learning_steps(r, steps);
    return r;
}

static void mirrors_are_drawn_by_the_place_in_the_run(void **state) {
    (void)state;
    struct learning *plain = mirrored(false, false, 6), *one = mirrored(false, true, 6);
    struct learning *first = mirrored(false, true, 3), *second = mirrored(false, true, 1);
    struct learning *even = mirrored(true, false, 6), *even_mirrored = mirrored(true, true, 6);
    void *kept = learning_state(first);
    assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
    learning_steps(second, 3);
    learning_same(one, second);
    learning_same(even, even_mirrored);
    assert_memory_not_equal(trainer_weights(plain->t), trainer_weights(one->t), 4096);
    free(kept);
    learning_end(plain), learning_end(one), learning_end(first), learning_end(second);
    learning_end(even), learning_end(even_mirrored);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_takes_the_place_of_noise),
        cmocka_unit_test(coupled_flows_are_straight),
        cmocka_unit_test(coupled_runs_go_on_to_the_same_bits),
        cmocka_unit_test(batches_that_cannot_be_coupled_are_refused),
        cmocka_unit_test(rounded_runs_learn_as_well),
        cmocka_unit_test(mirrors_are_drawn_by_the_place_in_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
