#include "core/picture/plot.h"

#include <math.h>

#include "tests/support/test.h"

enum { DOT = 0xd55e00 };

static struct ctx ctx;

static unsigned pixel(const struct canvas *c, double x, double y) {
    const float *p = c->rgb + ((size_t)y * c->width + (size_t)x) * 3;
    return (unsigned)lrintf(p[0]) << 16 | (unsigned)lrintf(p[1]) << 8 | (unsigned)lrintf(p[2]);
}

static double red_over_blue(const struct canvas *c, double x, double y) {
    const float *p = c->rgb + ((size_t)y * c->width + (size_t)x) * 3;
    return (double)(p[0] - p[2]);
}

static void ranges_show_all_samples(void **state) {
    (void)state;
    const double points[] = {0, 5, 10, 5, 4, 5}, ways[] = {-100, 5, 14, 6};
    struct plot_range r;
    plot_range_of(points, 3, NULL, 0, &r);
    assert_true(r.x0 == -0.5 && r.x1 == 10.5 && r.y0 < 5 && r.y1 > 5);
    plot_range_of(points, 3, ways, 2, &r);
    assert_true(fabs(r.x0 - (-5 - 0.05 * 19)) < 1e-12 &&
                fabs(r.x1 - (14 + 0.05 * 19)) < 1e-12); /* half as wide again */
    const double zero[] = {0, 0};
    plot_range_of(zero, 1, NULL, 0, &r);
    assert_true(r.x0 < 0 && r.x1 > 0);
    const double large[] = {1e9, -1e9};
    plot_range_of(large, 1, NULL, 0, &r);
    assert_true(r.x1 - r.x0 > 1e7 && r.x0 < 1e9 && r.x1 > 1e9 && r.y0 < -1e9 && r.y1 > -1e9);
}

static struct plot_in small(const double *samples, size_t count) {
    return (struct plot_in){.width = 320, .height = 240, .range = {0, 10, 0, 10}, .samples = samples, .count = count};
}

static void dots_lie_where_the_samples_are(void **state) {
    (void)state;
    const double samples[] = {2, 3, 7.5, 9, -4, 5, 5, 1e300};
    struct plot_in in = small(samples, 4);
    struct canvas c;
    double f[4];
    ctx_init(&ctx, 16 << 20);
    plot_frame(&in, f);
    assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        double x = f[0] + samples[2 * i] / 10 * (f[2] - f[0]), y = f[3] - samples[2 * i + 1] / 10 * (f[3] - f[1]);
        assert_true(red_over_blue(&c, x, y) > 150);
        assert_int_equal(pixel(&c, x + 12, y), 0xffffff);
    }
    size_t dotted = 0;
    for (size_t i = 0; i < c.width * c.height; i++)
        dotted += c.rgb[3 * i] - c.rgb[3 * i + 2] > 100;
    assert_in_range(dotted, 60, 110); /* two discs of radius 4 and none besides */
    ctx_release(&ctx);
}

static void lines_lead_along_the_states(void **state) {
    (void)state;
    const double samples[] = {9, 9, 1, 9}, states[] = {1, 1, 3, 3, 5, 5, 2, 6, 9, 9, 1, 9};
    struct plot_in in = small(samples, 2);
    struct canvas c;
    double f[4];
    ctx_init(&ctx, 16 << 20);
    in.states = states, in.points = 3, in.lines = 1;
    plot_frame(&in, f);
    assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_OK);
    for (double v = 1.5; v < 8.5; v += 0.5) {
        double x = f[0] + v / 10 * (f[2] - f[0]), y = f[3] - v / 10 * (f[3] - f[1]);
        assert_true((pixel(&c, x, y) & 255) < 235);
    }
    double x = f[0] + 0.25 * (f[2] - f[0]), y = f[3] - 0.45 * (f[3] - f[1]); /* the second is not among the lines */
    assert_int_equal(pixel(&c, x, y), 0xffffff);
    ctx_release(&ctx);
}

/* blue_along draws a way of so many states straight across and gives the least blue of its line, from 0 to 255. */
static unsigned blue_along(const double *states, size_t points) {
    const double samples[] = {9, 5};
    struct plot_in in = small(samples, 1);
    struct canvas c;
    double f[4];
    ctx_init(&ctx, 16 << 20);
    in.states = states, in.points = points, in.lines = 1;
    plot_frame(&in, f);
    assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_OK);
    unsigned least = 255;
    for (double x = f[0] + 0.2 * (f[2] - f[0]); x < f[0] + 0.8 * (f[2] - f[0]); x++)
        for (double y = f[1] + 1; y < f[3] - 1; y++)
            least = (pixel(&c, x, y) & 255) < least ? pixel(&c, x, y) & 255 : least;
    ctx_release(&ctx);
    return least;
}

/* A line that trembles on its way is no darker than one of two states. */
static void slow_ways_are_no_darker(void **state) {
    (void)state;
    enum { POINTS = 2000 };
    static double states[2 * POINTS];
    const double ends[] = {1, 5, 9, 5};
    for (size_t i = 0; i < POINTS; i++)
        states[2 * i] = 1 + 8 * (double)i / (POINTS - 1) + 0.02 * (double)(i % 3), states[2 * i + 1] = 5;
    unsigned slow = blue_along(states, POINTS), fast = blue_along(ends, 2);
    assert_true(fast < 200 && slow + 15 > fast);
}

static void densities_are_darker_where_they_are_greater(void **state) {
    (void)state;
    double density[6 * 8];
    for (size_t i = 0; i < COUNT(density); i++)
        density[i] = (double)(i % 8) / 7; /* rises to the right */
    const double samples[] = {-5, -5};
    struct plot_in in = small(samples, 1);
    struct canvas c;
    double f[4];
    ctx_init(&ctx, 16 << 20);
    in.density = density, in.rows = 6, in.columns = 8;
    plot_frame(&in, f);
    assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_OK);
    double before = 1000;
    for (double x = f[0] + 1; x < f[2] - 1; x += 6) {
        const float *p = c.rgb + ((size_t)(f[1] + 50) * c.width + (size_t)x) * 3;
        double light = (double)(p[0] + p[1] + p[2]);
        assert_true(light <= before);
        before = light;
    }
    assert_int_equal(pixel(&c, f[0], f[1] + 1), 0xffffff);
    assert_int_equal(pixel(&c, f[2] - 1, f[1] + 1), 0x2a74b3);
    ctx_release(&ctx);
}

static void sheets_hold_their_images(void **state) {
    (void)state;
    const double gray[] = {-1, 1, 0, 5, /* the second image */ 1, -1, -9, 1};
    struct plot_sheet sheet = {gray, 2, 1, 2, 2, -1, 1, 2, 3};
    struct canvas c;
    size_t width, height;
    ctx_init(&ctx, 16 << 20);
    plot_sheet_size(&sheet, &width, &height);
    assert_int_equal(width, 2 * (6 + 2) + 2);
    assert_int_equal(height, 6 + 4);
    assert_int_equal(plot_draw_sheet(&ctx, &sheet, &c), STATUS_OK);
    assert_int_equal(pixel(&c, 2, 2), 0x000000);
    assert_int_equal(pixel(&c, 5, 2), 0xffffff);
    assert_int_equal(pixel(&c, 4, 7), 0x808080);
    assert_int_equal(pixel(&c, 7, 7), 0xffffff); /* beyond white */
    assert_int_equal(pixel(&c, 10, 4), 0xffffff);
    assert_int_equal(pixel(&c, 12, 6), 0x000000);
    assert_int_equal(pixel(&c, 0, 0), 0xe8e8e8);
    const double colour[] = {0, 1, /* green */ 1, 0, /* blue */ 0.5, 1};
    struct plot_sheet rgb = {colour, 1, 3, 1, 2, 0, 1, 1, 1};
    assert_int_equal(plot_draw_sheet(&ctx, &rgb, &c), STATUS_OK);
    assert_int_equal(pixel(&c, 2, 2), 0x00ff80);
    assert_int_equal(pixel(&c, 3, 2), 0xff00ff);
    ctx_release(&ctx);
}

/* Whatever the range, axes end, and samples anywhere are no trouble. */
static void any_range_can_be_drawn(void **state) {
    (void)state;
    static const double SCALES[] = {1e-200, 1e-30, 1e-6, 0.3, 1, 77, 12345.6, 1e6, 1e9, 1e50, 1e100};
    for (size_t i = 0; i < COUNT(SCALES); i++)
        for (int offset = -1; offset <= 1; offset++) {
            const double samples[] = {SCALES[i] * (1 + 1e6 * offset), 0, SCALES[i] * (2 + 1e6 * offset), SCALES[i]};
            struct plot_in in = small(samples, 2);
            struct canvas c;
            ctx_init(&ctx, 16 << 20);
            plot_range_of(samples, 2, NULL, 0, &in.range);
            assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_OK);
            ctx_release(&ctx);
        }
}

static void stops_and_failures_are_told(void **state) {
    (void)state;
    const double samples[] = {1, 2}, states[] = {1, 1, 1, 2};
    struct plot_in in = small(samples, 1);
    struct canvas c;
    in.states = states, in.points = 2, in.lines = 1;
    enum status status = STATUS_NO_MEMORY;
    for (size_t n = 0; status == STATUS_NO_MEMORY; n++) {
        ctx_init(&ctx, 16 << 20);
        ctx.fail_after = n;
        status = plot_draw_plane(&ctx, &in, &c);
        assert_true(n < 10);
        ctx_release(&ctx);
    }
    assert_int_equal(status, STATUS_OK);
    atomic_int stop = STOP_CANCEL;
    ctx_init(&ctx, 16 << 20);
    ctx.stop = &stop;
    assert_int_equal(plot_draw_plane(&ctx, &in, &c), STATUS_CANCELLED);
    const struct plot_sheet sheet = {samples, 1, 1, 1, 2, -1, 1, 1, 1};
    assert_int_equal(plot_draw_sheet(&ctx, &sheet, &c), STATUS_CANCELLED);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_show_all_samples),
        cmocka_unit_test(dots_lie_where_the_samples_are),
        cmocka_unit_test(lines_lead_along_the_states),
        cmocka_unit_test(slow_ways_are_no_darker),
        cmocka_unit_test(densities_are_darker_where_they_are_greater),
        cmocka_unit_test(sheets_hold_their_images),
        cmocka_unit_test(any_range_can_be_drawn),
        cmocka_unit_test(stops_and_failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
