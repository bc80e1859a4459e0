#include "core/train/mirror.h"
#include "tests/support/test.h"

/* Each pixel is the one across, by definition; images of odd and even width, and of one pixel. */
static void pixels_change_sides(void **state) {
    (void)state;
    for (size_t width = 1; width <= 5; width++)
        for (size_t channels = 1; channels <= 3; channels += 2) {
            enum { HEIGHT = 3 };
            const struct mirror m = {width, channels, 1};
            float item[HEIGHT * 5 * 3];
            const size_t d = HEIGHT * width * channels;
            for (size_t i = 0; i < d; i++)
                item[i] = (float)i;
            mirror_item(&m, d, item);
            for (size_t y = 0; y < HEIGHT; y++)
                for (size_t x = 0; x < width; x++)
                    for (size_t c = 0; c < channels; c++)
                        assert_true(item[(y * width + x) * channels + c] ==
                                    (float)((y * width + width - 1 - x) * channels + c));
        }
}

/* Half of the places, within five deviations, other ones with another seed, and far places as well as near ones. */
static void half_of_them_are_drawn(void **state) {
    (void)state;
    enum { N = 10000 };
    const struct mirror m = {4, 1, 7}, other = {4, 1, 7 + (UINT64_C(1) << 32)}, none = {0, 1, 7};
    size_t drawn = 0, alike = 0, far = 0;
    for (uint64_t i = 0; i < N; i++) {
        drawn += mirror_draws(&m, i);
        alike += mirror_draws(&m, i) == mirror_draws(&other, i);
        far += mirror_draws(&m, i) == mirror_draws(&m, i + (UINT64_C(1) << 32));
        assert_false(mirror_draws(&none, i));
    }
    assert_in_range(drawn, N / 2 - 250, N / 2 + 250);
    assert_in_range(alike, N / 2 - 250, N / 2 + 250);
    assert_in_range(far, N / 2 - 250, N / 2 + 250);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_change_sides),
        cmocka_unit_test(half_of_them_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
