#include "core/picture/canvas.h"

#include <math.h>

#include "tests/support/test.h"

static struct ctx ctx;

static struct canvas blank(size_t width, size_t height) {
    struct canvas c;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(canvas_make(&ctx, width, height, 0, &c), STATUS_OK);
    return c;
}

/* ink is the sum of all pixels of a black canvas that was drawn on in white: the area of what was drawn. */
static double ink(const struct canvas *c) {
    double sum = 0;
    for (size_t i = 0; i < c->width * c->height; i++)
        sum += (double)c->rgb[3 * i + 1] / 255;
    return sum;
}

static void expect_area(const struct canvas *c, double want, double tolerance, const char *what) {
    if (!(fabs(ink(c) - want) <= tolerance * want))
        fail_msg("%s: an area of %.6g, want %.6g", what, ink(c), want);
}

static void shapes_have_their_areas(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 200; round++) {
        double x = 30 + (double)test_below(&seed, 1000) / 50, y = 30 + (double)test_below(&seed, 1000) / 50;
        double radius = 1 + (double)test_below(&seed, 1000) / 100, angle = (double)test_below(&seed, 628) / 100;
        struct canvas c = blank(80, 80);
        canvas_disc(&c, x, y, radius, 0xffffff, 1);
        expect_area(&c, 3.14159265 * radius * radius, radius < 2 ? 0.1 : 0.03, "a disc");
        ctx_release(&ctx);
        c = blank(80, 80);
        canvas_rectangle(&c, x, y, x + radius, y + 2, 0xffffff, 1);
        expect_area(&c, 2 * radius, 1e-5, "a rectangle");
        ctx_release(&ctx);
        c = blank(80, 80);
        double ends[] = {x, y, x + 20 * cos(angle), y + 20 * sin(angle)};
        canvas_path(&c, ends, 2, 3, 0xffffff, 1);
        expect_area(&c, 3 * 20 + 3.14159265 * 2.25, 0.03, "a segment");
        ctx_release(&ctx);
    }
}

/* A path that goes straight on is the segment from its first point to its last: joints are no darker. */
static void joints_are_not_darker(void **state) {
    (void)state;
    double points[2 * 9];
    for (size_t i = 0; i < 9; i++)
        points[2 * i] = 10 + 7 * (double)i, points[2 * i + 1] = 12 + 5 * (double)i;
    struct canvas c = blank(80, 80);
    canvas_path(&c, points, 9, 1.5, 0xffffff, 0.5);
    double most = 0;
    for (size_t i = 0; i < c.width * c.height; i++)
        most = fmax(most, (double)c.rgb[3 * i]);
    assert_true(most <= 127.5 + 1e-3);
    expect_area(&c, 0.5 * (1.5 * hypot(56, 40) + 3.14159265 * 0.5625), 0.04, "a path");
    ctx_release(&ctx);
}

static void nothing_is_drawn_outside_of_the_clip(void **state) {
    (void)state;
    struct canvas c = blank(40, 30);
    canvas_clip(&c, 10, 8, 20, 16);
    const double far[] = {-1e9, 12, 1e9, 12.5, 15, -1e100, 15, 1e100};
    canvas_path(&c, far, 4, 2, 0xffffff, 1);
    canvas_disc(&c, 15, 12, 100, 0xffffff, 1);
    canvas_rectangle(&c, -5, -5, 100, 100, 0xffffff, 1);
    assert_true(ink(&c) == 80);
    for (size_t y = 0; y < 30; y++)
        for (size_t x = 0; x < 40; x++)
            assert_true((c.rgb[3 * (y * 40 + x)] > 0) == (x >= 10 && x < 20 && y >= 8 && y < 16));
    canvas_unclip(&c);
    canvas_disc(&c, 0, 0, 3, 0xffffff, 1);
    assert_true(c.rgb[0] == 255);
    ctx_release(&ctx);
}

/* A line from far outside is the line that is seen of it. */
static void far_ends_do_not_matter(void **state) {
    (void)state;
    struct canvas near_by = blank(64, 64);
    struct ctx first = ctx;
    const double close[] = {-10, -10 + 1, 80, 80 + 1}, far[] = {-1e6, -1e6 + 1, 1e6, 1e6 + 1};
    canvas_path(&near_by, close, 2, 2, 0xffffff, 1);
    struct canvas far_off = blank(64, 64);
    canvas_path(&far_off, far, 2, 2, 0xffffff, 1);
    for (size_t i = 0; i < 64 * 64 * 3; i++)
        assert_true(fabs((double)near_by.rgb[i] - (double)far_off.rgb[i]) < 0.01);
    assert_true(ink(&far_off) > 100);
    ctx_release(&ctx);
    ctx_release(&first);
}

static void odd_numbers_draw_nothing(void **state) {
    (void)state;
    struct canvas c = blank(16, 16);
    const double odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT(odd); i++) {
        const double way[] = {odd[i], 3, 4, odd[i], odd[i], odd[i]};
        canvas_disc(&c, odd[i], 5, 2, 0xffffff, 1);
        canvas_disc(&c, 5, odd[i], 2, 0xffffff, 1);
        canvas_rectangle(&c, odd[i], odd[i], odd[i], 4, 0xffffff, 1);
        canvas_path(&c, way, 3, 1, 0xffffff, 1);
        canvas_text(&c, "12", odd[i], 3, 1, 0xffffff);
    }
    assert_true(ink(&c) == 0);
    ctx_release(&ctx);
}

static void text_is_written_in_cells(void **state) {
    (void)state;
    struct canvas c = blank(64, 20);
    canvas_text(&c, "1", 10, 5, 1, 0xffffff); /* ..#.. .##.. then a foot of three */
    assert_true(ink(&c) == 1 + 2 + 4 + 3);
    assert_true(c.rgb[3 * (5 * 64 + 12)] == 255 && c.rgb[3 * (11 * 64 + 11)] == 255 &&
                c.rgb[3 * (11 * 64 + 13)] == 255);
    double before = ink(&c);
    canvas_text(&c, " ?~", 30, 5, 1, 0xffffff);
    assert_true(ink(&c) == before);
    canvas_text(&c, "1", 30, 5, 2, 0xffffff);
    assert_true(ink(&c) == before + 4 * before);
    ctx_release(&ctx);
}

static void bytes_are_rounded(void **state) {
    (void)state;
    struct canvas c = blank(2, 1);
    const float values[] = {-3, 0.49F, 0.5F, 254.49F, 254.5F, 300};
    memcpy(c.rgb, values, sizeof values);
    unsigned char *bytes = canvas_bytes(&ctx, &c);
    const unsigned char want[] = {0, 0, 1, 254, 255, 255};
    assert_memory_equal(bytes, want, sizeof want);
    ctx_release(&ctx);
    ctx_init(&ctx, 1 << 20);
    ctx.fail_after = 0;
    assert_int_equal(canvas_make(&ctx, 4, 4, 0, &c), STATUS_NO_MEMORY);
    assert_null(canvas_bytes(&ctx, &c));
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_have_their_areas),
        cmocka_unit_test(joints_are_not_darker),
        cmocka_unit_test(nothing_is_drawn_outside_of_the_clip),
        cmocka_unit_test(far_ends_do_not_matter),
        cmocka_unit_test(odd_numbers_draw_nothing),
        cmocka_unit_test(text_is_written_in_cells),
        cmocka_unit_test(bytes_are_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
