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
        cmocka_unit_test(gaussians_are_where_they_should),
        cmocka_unit_test(moons_are_half_circles),
        cmocka_unit_test(fewer_points_are_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
