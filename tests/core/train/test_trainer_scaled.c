/* Runs whose loss is scaled: steps that overflow, and what is left of them. */
#include <math.h>

#include "core/train/scaler.h"
#include "tests/support/learning.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { OVERFLOWS = 4 }; /* with which a run of begin_large begins, or more */

/* begin_large's data are so large that the derivatives overflow by the scale that is the first. */
static struct learning *begin_large(enum gradient_dtype dtype, double lr) {
    struct learning *r = learning_begin(false);
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->rows[i] *= 2000;
    r->options.dtype = dtype;
    r->options.lr = lr;
    learning_anew(r);
    return r;
}

static struct trainer_report step(struct learning *r) {
    struct trainer_report report;
    if (trainer_step(r->t, &report))
        fail_msg("%s", r->ctx.err.detail);
    return report;
}

static bool skipped(const struct trainer_report *report) { return isinf(report->norm); }

/* same_weights: all of the states but what is counted in front of them. */
static void same_weights(struct learning *a, const unsigned char *before) {
    unsigned char *is = learning_state(a);
    const size_t front = sizeof(uint64_t) + sizeof(struct scaler);
    assert_memory_equal(is + front, before + front, trainer_bytes(a->t) - front);
    free(is);
}

static void a_step_that_overflows_changes_the_scale_alone(void **state) {
    (void)state;
    struct learning *r = begin_large(GRADIENT_F16, 4e-3);
    unsigned char *before = learning_state(r);
    double scale = SCALER_FIRST;
    for (size_t i = 1; i <= OVERFLOWS; i++, scale /= 2) {
        const struct trainer_report report = step(r);
        assert_true(skipped(&report) && report.scale == scale);
        assert_true(report.skipped == i && report.step == i && trainer_at(r->t) == i);
        same_weights(r, before);
    }
    struct trainer_report report;
    size_t n = OVERFLOWS;
    for (report = step(r); skipped(&report); report = step(r))
        n++;
    assert_true(isfinite(report.norm) && report.scale == ldexp(SCALER_FIRST, -(int)n));
    assert_true(report.skipped == n && report.step == n + 1);
    assert_memory_not_equal(trainer_weights(r->t), before + sizeof(uint64_t) + sizeof(struct scaler), 64);
    free(before);
    learning_end(r);
}

/* The batches are those of a run that never learns, and rates those of one without overflow: a skipped step takes its
 * place in both. An untrained network says 0, whatever its weights but the last are. */
static void a_skipped_step_is_a_step_of_the_run(void **state) {
    (void)state;
    struct learning *r = begin_large(GRADIENT_F16, 4e-3), *still = begin_large(GRADIENT_F32, 0),
                    *plain = begin_large(GRADIENT_F32, 4e-3);
    for (size_t i = 0; i < OVERFLOWS; i++) {
        const struct trainer_report report = step(r);
        assert_true(report.loss == step(still).loss);
        assert_true(report.rate == step(plain).rate && report.rate > 0);
    }
    learning_end(r), learning_end(still), learning_end(plain);
}

/* The optimiser's own count begins with its first step: what it makes of a gradient then is what it makes of that of a run
 * whose first step this is, which the correction of its moments shows; a weight moves by the rate. */
static void moments_count_the_steps_that_were_made(void **state) {
    (void)state;
    struct learning *r = begin_large(GRADIENT_F16, 4e-3);
    r->options.weight_decay = 0;
    learning_anew(r);
    const size_t n = gradient_numbers(r->graph);
    float *before = malloc(n * sizeof *before), most = 0;
    memcpy(before, trainer_weights(r->t), n * sizeof *before);
    struct trainer_report report;
    do
        report = step(r);
    while (skipped(&report));
    assert_true(report.step > OVERFLOWS);
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(trainer_weights(r->t)[i] - before[i]));
    if (!(fabs((double)most / report.rate - 1) < 1e-3))
        fail_msg("a weight moved by %g, and the rate is %g", (double)most, report.rate);
    free(before);
    learning_end(r);
}

/* Stopped before, between and behind steps that are skipped, on other threads. */
static void runs_go_on_over_skipped_steps_to_the_same_bits(void **state) {
    (void)state;
    enum { STEPS = 14 };
    for (size_t stop = 0; stop <= STEPS; stop += stop < OVERFLOWS + 4 ? 1 : 6) {
        struct learning *whole = begin_large(GRADIENT_F16, 4e-3), *first = begin_large(GRADIENT_F16, 4e-3),
                        *second = begin_large(GRADIENT_F16, 4e-3);
        struct parallel threads = test_threads(3);
        learning_steps(whole, STEPS);
        for (size_t i = 0; i < stop; i++)
            step(first);
        void *kept = learning_state(first);
        step(second), step(second); /* what it had before does not matter */
        assert_int_equal(trainer_restore(second->t, kept, trainer_bytes(second->t)), STATUS_OK);
        assert_int_equal(trainer_at(second->t), stop);
        second->ctx.parallel = &threads;
        for (size_t i = stop; i < STEPS; i++)
            step(second);
        learning_same(whole, second);
        free(kept);
        learning_end(whole), learning_end(first), learning_end(second);
    }
}

/* Each point comes from the one across, so that a network sees no more than 60000 and is to say 120000: that is its
 * derivative, too, of a batch of one. */
static void overflow_at_the_least_scale_ends_the_run(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->rows[i] = 6e4f, r->starts[i] = -6e4f;
    r->source = (struct train_data){.n = LEARNING_POINTS, .d = 2, .rows = r->starts};
    r->options.source = &r->source;
    r->options.batch = 1;
    r->options.dtype = GRADIENT_F16;
    learning_anew(r);
    struct trainer_report report;
    for (size_t i = 0; i < 16; i++) {
        report = step(r);
        assert_true(skipped(&report));
    }
    unsigned char *before = learning_state(r);
    assert_int_equal(trainer_step(r->t, &report), STATUS_INVALID);
    assert_string_equal(r->ctx.err.detail, "The gradient, even of a loss that is scaled by 1, is no longer finite at "
                                           "step 17; want a smaller lr, a longer warmup or a smaller clip_norm, or a "
                                           "dtype that reaches beyond 65504.");
    unsigned char *is = learning_state(r);
    assert_memory_equal(is, before, trainer_bytes(r->t));
    free(before), free(is);
    learning_end(r);
}

/* What overflows forwards does so at any scale. */
static void overflow_forwards_ends_the_run_at_once(void **state) {
    (void)state;
    struct learning *r = learning_begin(false);
    for (size_t i = 0; i < 2 * LEARNING_POINTS; i++)
        r->rows[i] = 1e7f;
    r->options.dtype = GRADIENT_F16;
    learning_anew(r);
    struct trainer_report report;
    assert_int_equal(trainer_step(r->t, &report), STATUS_INVALID);
    assert_non_null(strstr(r->ctx.err.detail, "The loss is no longer finite at step 1; "));
    assert_non_null(strstr(r->ctx.err.detail, ", or a dtype that reaches beyond 65504."));
    learning_end(r);
}

/* The scale takes no part in what is learnt: it is gone before the norm is taken, and clipped. */
static void the_norm_is_that_of_the_gradient(void **state) {
    (void)state;
    struct learning *r = learning_begin(false), *plain = learning_begin(false);
    r->options.dtype = GRADIENT_F16;
    learning_anew(r);
    const struct trainer_report is = step(r), want = step(plain);
    assert_true(is.scale == SCALER_FIRST && want.scale == 0 && !skipped(&is));
    if (!(fabs(is.norm / want.norm - 1) < 1e-3))
        fail_msg("the norm is %g, and %g without a scale", is.norm, want.norm);
    learning_end(r), learning_end(plain);
}

static void refused(struct learning *r, const void *state, const char *sentence) {
    assert_int_equal(trainer_restore(r->t, state, trainer_bytes(r->t)), STATUS_INVALID);
    assert_string_equal(r->ctx.err.detail, sentence);
    assert_int_equal(trainer_at(r->t), 0);
}

static void states_that_none_wrote_are_refused(void **state) {
    (void)state;
    struct learning *r = begin_large(GRADIENT_F16, 4e-3);
    unsigned char *kept = learning_state(r), *at = kept + sizeof(uint64_t);
    struct scaler s = {.scale = 1, .whole = 3, .skipped = r->options.steps + 1};
    memcpy(at, &s, sizeof s);
    refused(r, kept, "The run is at step 401 already, and 400 are wanted; want no fewer steps.");
    s = (struct scaler){.scale = 3, .whole = 5};
    memcpy(at, &s, sizeof s);
    refused(r, kept, "The state has the loss scale 3, after 5 steps; no run has.");
    s = (struct scaler){.scale = 1, .whole = 3, .skipped = r->options.steps};
    memcpy(at, &s, sizeof s);
    assert_int_equal(trainer_restore(r->t, kept, trainer_bytes(r->t)), STATUS_OK);
    assert_int_equal(trainer_at(r->t), 400);
    free(kept);
    learning_end(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_overflows_changes_the_scale_alone),
        cmocka_unit_test(a_skipped_step_is_a_step_of_the_run),
        cmocka_unit_test(moments_count_the_steps_that_were_made),
        cmocka_unit_test(runs_go_on_over_skipped_steps_to_the_same_bits),
        cmocka_unit_test(overflow_at_the_least_scale_ends_the_run),
        cmocka_unit_test(overflow_forwards_ends_the_run_at_once),
        cmocka_unit_test(the_norm_is_that_of_the_gradient),
        cmocka_unit_test(states_that_none_wrote_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
