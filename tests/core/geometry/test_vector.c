#include "core/geometry/quad.h"
#include "core/geometry/vector.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>

static void known_results(void **state) {
    (void)state;
    static const double PI = 3.141592653589793;
    static const struct {
        enum vector_operation operation;
        double a[2], b[2], angle, value, vector[2];
    } rows[] = {
        {VECTOR_DOT, {1, 2}, {3, 4}, 0, 11, {0}},
        {VECTOR_DOT, {0x1p60 + 256, 1}, {1, -0x1p60}, 0, 256, {0}},
        {VECTOR_CROSS, {1, 2}, {3, 4}, 0, -2, {0}},
        {VECTOR_CROSS, {0x1p30 + 1, 0x1p30}, {0x1p30, 0x1p30 - 1}, 0, -1, {0}},
        {VECTOR_LENGTH, {3, 4}, {0}, 0, 5, {0}},
        {VECTOR_LENGTH, {3e300, 4e300}, {0}, 0, 5e300, {0}},
        {VECTOR_LENGTH, {3 * DBL_TRUE_MIN, 4 * DBL_TRUE_MIN}, {0}, 0, 5 * DBL_TRUE_MIN, {0}},
        {VECTOR_LENGTH, {0, 0}, {0}, 0, 0, {0}},
        {VECTOR_DISTANCE, {1, 1}, {4, 5}, 0, 5, {0}},
        {VECTOR_ANGLE, {1, 0}, {0, 2}, 0, PI / 2, {0}},
        {VECTOR_ANGLE, {1, 0}, {-2, 0}, 0, PI, {0}},
        {VECTOR_ANGLE, {1, 0}, {-2, -0.0}, 0, PI, {0}},
        {VECTOR_ANGLE, {1, 1}, {1, -1}, 0, -PI / 2, {0}},
        {VECTOR_ANGLE, {1e300, 0}, {1e-300, 1e-300}, 0, PI / 4, {0}},
        {VECTOR_ROTATE, {1, 0}, {0}, 0, 0, {1, 0}},
        {VECTOR_ROTATE, {1, 0}, {0}, 3.141592653589793, 0, {-1, 0x1.1a62633145c07p-53}},
        {VECTOR_PROJECT, {1, 2}, {10, 0}, 0, 0, {1, 0}},
        {VECTOR_REFLECT, {1, 2}, {10, 0}, 0, 0, {1, -2}},
        {VECTOR_REFLECT, {1, 2}, {1, 1}, 0, 0, {2, 1}},
        {VECTOR_NORMALIZE, {0x3p-990, 0x4p-990}, {0}, 0, 0, {0.6, 0.8}},
    };
    struct ctx ctx;
    ctx_init(&ctx, 1 << 16);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vector_in in = {
            rows[i].operation, {rows[i].a[0], rows[i].a[1]}, {rows[i].b[0], rows[i].b[1]}, rows[i].angle, 0};
        struct vector_out out;
        assert_int_equal(vector_solve(&ctx, &in, NULL, &out), STATUS_OK);
        if (out.value != rows[i].value || out.vector[0] != rows[i].vector[0] || out.vector[1] != rows[i].vector[1])
            fail_msg("row %zu: %.17g, %.17g %.17g", i, out.value, out.vector[0], out.vector[1]);
        assert_false(signbit(out.vector[1]) && out.vector[1] == 0);
    }
    ctx_release(&ctx);
}

/* Sines, cosines and arc tangents against libm's, which are within an ulp. */
static void functions_agree_with_libm(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 2000; i++) {
        double x = ((double)test_below(&random, 2000001) / 1e6 - 1) * (i % 2 ? 10 : 1e8);
        double y = (double)test_below(&random, 2000001) / 1e6 - 1;
        quad s, c;
        quad_sin_cos(x, &s, &c);
        assert_true(fabs((double)s - sin(x)) <= 2e-16 && fabs((double)c - cos(x)) <= 2e-16);
        quad unit = s * s + c * c - 1;
        assert_true(quad_abs(unit) < 1e-31);
        double angle = atan2(y, x);
        assert_true(fabs((double)quad_atan2(y, x) - angle) <= 3e-16 * fabs(angle));
        quad root = quad_sqrt(quad_abs(x)), rest = root * root - quad_abs(x);
        assert_true(quad_abs(rest) <= 1e-31 * fabs(x));
    }
}

static void comparisons(void **state) {
    (void)state;
    static const struct {
        double a[2], b[2], eps;
        int order;
    } rows[] = {
        {{1, 2}, {1, 2}, 0, 0},      {{1, 2}, {1, 3}, 0, -1},          {{2, 2}, {1, 3}, 0, 1},
        {{0.0, 0}, {-0.0, 0}, 0, 0}, {{0.1 + 0.2, 0}, {0.3, 0}, 0, 1}, {{0.1 + 0.2, 0}, {0.3, 0}, 1e-9, 0},
        {{1, 0}, {2, 0}, 1, 0},      {{1, 5}, {2, 0}, 1, 1},           {{-DBL_MAX, 0}, {DBL_MAX, 0}, 1e308, -1},
    };
    struct ctx ctx;
    ctx_init(&ctx, 1 << 16);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vector_in in = {
            VECTOR_COMPARE, {rows[i].a[0], rows[i].a[1]}, {rows[i].b[0], rows[i].b[1]}, 0, rows[i].eps};
        struct vector_out out;
        assert_int_equal(vector_solve(&ctx, &in, NULL, &out), STATUS_OK);
        assert_int_equal(out.order, rows[i].order);
    }
    ctx_release(&ctx);
}

static void refusals(void **state) {
    (void)state;
    static const struct vector_in ROWS[] = {
        {VECTOR_NORMALIZE, {0, -0.0}, {0}, 0, 0},       {VECTOR_ANGLE, {0, 0}, {1, 1}, 0, 0},
        {VECTOR_ANGLE, {1, 1}, {0, 0}, 0, 0},           {VECTOR_PROJECT, {1, 1}, {0, 0}, 0, 0},
        {VECTOR_REFLECT, {1, 1}, {0, 0}, 0, 0},         {VECTOR_DOT, {1e200, 0}, {1e200, 0}, 0, 0},
        {VECTOR_LENGTH, {DBL_MAX, DBL_MAX}, {0}, 0, 0},
    };
    struct ctx ctx;
    ctx_init(&ctx, 1 << 16);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct vector_out out;
        assert_int_equal(vector_solve(&ctx, &ROWS[i], NULL, &out), STATUS_INVALID);
    }
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_results),
        cmocka_unit_test(functions_agree_with_libm),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
