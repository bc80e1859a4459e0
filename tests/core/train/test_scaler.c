#include "core/train/scaler.h"

#include <math.h>

#include "tests/support/test.h"

/* What overflowed, step by step, is all that there is to know: the scale after them, by looking at the whole history. */
static double scale_after(const bool *overflows, size_t n) {
    double scale = SCALER_FIRST;
    size_t run = 0; /* of steps that did not */
    for (size_t i = 0; i < n; i++) {
        run = overflows[i] ? 0 : run + 1;
        if (overflows[i])
            scale *= 0.5;
        else if (run % SCALER_INTERVAL == 0)
            scale *= 2;
    }
    return scale;
}

static void it_begins_as_torchs_does(void **state) {
    (void)state;
    const struct scaler s = scaler_begin();
    assert_true(s.scale == 65536 && s.whole == 0 && s.skipped == 0 && scaler_sound(&s));
}

static void it_grows_after_2000_steps_on_end(void **state) {
    (void)state;
    struct scaler s = scaler_begin();
    for (size_t i = 0; i < 1999; i++)
        scaler_whole(&s);
    assert_true(s.scale == 65536);
    scaler_whole(&s);
    assert_true(s.scale == 2 * 65536.0 && s.whole == 0 && s.skipped == 0);
    for (size_t i = 0; i < 1999; i++)
        scaler_whole(&s);
    assert_true(scaler_overflow(&s)); /* the count begins anew */
    assert_true(s.scale == 65536 && s.skipped == 1);
    for (size_t i = 0; i < 1999; i++)
        scaler_whole(&s);
    assert_true(s.scale == 65536);
    scaler_whole(&s);
    assert_true(s.scale == 2 * 65536.0);
}

/* Overflows come after 0 .. 6000 whole steps, the scale staying above its least. */
static void it_is_what_its_history_says(void **state) {
    (void)state;
    enum { STEPS = 100000 };
    static bool overflows[STEPS];
    uint64_t seed = 1;
    for (int history = 0; history < 3; history++) {
        struct scaler s = scaler_begin();
        size_t skipped = 0, next = 0;
        for (size_t i = 0; i < STEPS; i++) {
            overflows[i] = i == next && s.scale > SCALER_LEAST;
            if (i == next)
                next += 1 + test_below(&seed, 6000);
            if (overflows[i])
                assert_true(scaler_overflow(&s));
            else
                scaler_whole(&s);
            skipped += overflows[i];
            assert_true(scaler_sound(&s));
        }
        assert_true(s.scale == scale_after(overflows, STEPS) && s.skipped == skipped && skipped > 20);
    }
}

static void it_has_ends(void **state) {
    (void)state;
    struct scaler s = scaler_begin();
    for (size_t i = 0; i < 16; i++)
        assert_true(scaler_overflow(&s));
    assert_true(s.scale == 1 && s.skipped == 16);
    s.whole = 7;
    assert_false(scaler_overflow(&s));
    assert_true(s.scale == 1 && s.skipped == 16 && s.whole == 7);
    for (size_t i = 0; i < 130 * (size_t)SCALER_INTERVAL; i++)
        scaler_whole(&s);
    assert_true(s.scale == 0x1p127 && isfinite((float)s.scale) && scaler_sound(&s));
}

static void numbers_of_no_scaler_are_known(void **state) {
    (void)state;
    const struct scaler sound = {.scale = 0x1p20, .whole = SCALER_INTERVAL - 1, .skipped = 5};
    const double scales[] = {0, 0.5, -2, 3, 65536.5, 0x1p128, INFINITY, NAN};
    assert_true(scaler_sound(&sound));
    for (size_t i = 0; i < COUNT(scales); i++) {
        struct scaler s = sound;
        s.scale = scales[i];
        assert_false(scaler_sound(&s));
    }
    struct scaler s = sound;
    s.whole++;
    assert_false(scaler_sound(&s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_as_torchs_does),       cmocka_unit_test(it_grows_after_2000_steps_on_end),
        cmocka_unit_test(it_is_what_its_history_says),    cmocka_unit_test(it_has_ends),
        cmocka_unit_test(numbers_of_no_scaler_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
