#include "core/train/toy.h"

#include <math.h>

#include "tests/support/test.h"

enum { N = 20000 };

static float points[2 * N];
static int64_t classes[N];

/* Each class has its share, within five deviations of a binomial. */
static void shares(int64_t of) {
    size_t count[8] = {0};
    for (size_t i = 0; i < N; i++) {
        assert_in_range(classes[i], 0, of - 1);
        count[classes[i]]++;
    }
    double mean = (double)N / (double)of, five = 5 * sqrt(mean * (1 - 1 / (double)of));
    for (int64_t c = 0; c < of; c++)
        assert_true(fabs((double)count[c] - mean) < five);
}

/* Distances from the centres have the mean square 2 * 0.1^2; the centre's index is the class. */
static void gaussians_are_where_they_should(void **state) {
    (void)state;
    double squares = 0;
    toy_draw(TOY_EIGHT_GAUSSIANS, 3, N, points, classes);
    shares(8);
    for (size_t i = 0; i < N; i++) {
        double a = M_PI / 4 * (double)classes[i];
        double x = (double)points[2 * i] - M_SQRT2 * cos(a), y = (double)points[2 * i + 1] - M_SQRT2 * sin(a);
        squares += (x * x + y * y) / N;
        assert_true(x * x + y * y < 0.4); /* |z| < 6.77 */
    }
    assert_true(fabs(squares - 0.02) < 5 * 0.02 / sqrt(N));
}

/* Points lie within 6.77 deviations of their half circle: radius 1.3 about (-0.65, -0.325) above, (0.65, 0.325) below. */
static void moons_are_half_circles(void **state) {
    (void)state;
    double squares = 0;
    toy_draw(TOY_MOONS, 3, N, points, classes);
    shares(2);
    for (size_t i = 0; i < N; i++) {
        double sign = classes[i] ? -1 : 1;
        double x = (double)points[2 * i] + sign * 0.65, y = (double)points[2 * i + 1] + sign * 0.325;
        double off = hypot(x, y) - 1.3;
        assert_true(fabs(off) < 0.5);
        assert_true(sign * y > -0.5);
        squares += off * off / N;
    }
    assert_true(fabs(sqrt(squares) - 0.07) < 0.003);
}

/* Centres 5 away; distances from them have the mean square 2 sqrt(0.1). */
static void cfm_gaussians_are_where_they_should(void **state) {
    (void)state;
    double squares = 0;
    toy_draw(TOY_CFM_GAUSSIANS, 3, N, points, classes);
    shares(8);
    for (size_t i = 0; i < N; i++) {
        double a = M_PI / 4 * (double)classes[i];
        double x = (double)points[2 * i] - 5 * cos(a), y = (double)points[2 * i + 1] - 5 * sin(a);
        squares += (x * x + y * y) / N;
    }
    assert_true(fabs(squares - 2 * sqrt(0.1)) < 5 * 2 * sqrt(0.1) / sqrt(N));
}

/* Half circles of radius 3 about (-1, -1) above and (2, 0.5) below, moved along the diagonal by s (1, 1), s in 0 .. 0.6:
 * whatever the point, some s in there puts it on its circle; and the mean of s is 0.3. */
static void cfm_moons_are_drawn_out_half_circles(void **state) {
    (void)state;
    double mean = 0;
    toy_draw(TOY_CFM_MOONS, 3, N, points, classes);
    shares(2);
    for (size_t i = 0; i < N; i++) {
        double x = (double)points[2 * i] - (classes[i] ? 2 : -1),
               y = (double)points[2 * i + 1] - (classes[i] ? 0.5 : -1);
        double half = (x + y) / 2, across = (x - y) / 2, root = sqrt(fmax(4.5 - across * across, 0));
        double near = fabs(half - root - 0.3) < fabs(half + root - 0.3) ? half - root : half + root;
        assert_true((classes[i] ? -1 : 1) * (y - near) > -2e-3);
        assert_true(fabs(across) < 2.1214 && near > -2e-3 &&
                    near < 0.6 + 2e-3); /* rounding, where the line is a tangent */
        mean += (x + y) / N / 2;
    }
    /* (cos + sin) / 2 of a half circle of radius 3 has the mean 3 / pi, of the lower one minus that. */
    assert_true(fabs(mean - 0.3) < 0.05);
    assert_false(toy_is_unit(TOY_CFM_MOONS));
    assert_true(toy_is_unit(TOY_MOONS));
}

static void fewer_points_are_the_first(void **state) {
    (void)state;
    float few[20];
    int64_t few_classes[10];
    for (int toy = 0; toy < TOY_COUNT; toy++) {
        toy_draw((enum toy)toy, 3, N, points, classes);
        toy_draw((enum toy)toy, 3, 10, few, few_classes);
        assert_memory_equal(few, points, sizeof few);
        assert_memory_equal(few_classes, classes, sizeof few_classes);
        toy_draw((enum toy)toy, 4, 10, few, few_classes);
        assert_memory_not_equal(few, points, sizeof few);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussians_are_where_they_should),     cmocka_unit_test(moons_are_half_circles),
        cmocka_unit_test(cfm_gaussians_are_where_they_should), cmocka_unit_test(cfm_moons_are_drawn_out_half_circles),
        cmocka_unit_test(fewer_points_are_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
