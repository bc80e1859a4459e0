#include "handlers/wkt.h"
#include "tests/support/test.h"

enum { ANY = 127 };

static enum status read_text(struct ctx *ctx, const char *text, unsigned types, struct wkt *out) {
    /* A copy that ends with its allocation, so that a read past the end shows. */
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    enum status status = wkt_read(ctx, (struct str){copy, n}, types, "/wkt", out);
    free(copy);
    return status;
}

static void shapes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum wkt_type type;
        size_t points, paths;
        size_t end[3];
    } rows[] = {
        {"POINT (1 2)", WKT_POINT, 1, 1, {1}},
        {"point(1 2)", WKT_POINT, 1, 1, {1}},
        {"POINT EMPTY", WKT_POINT, 0, 0, {0}},
        {"LINESTRING(0 0,1 1 , 2 2)", WKT_LINESTRING, 3, 1, {3}},
        {"POLYGON ((0 0, 1 0, 1 1, 0 0), (2 2, 3 3, 4 4))", WKT_POLYGON, 7, 2, {4, 7}},
        {"POLYGON EMPTY", WKT_POLYGON, 0, 0, {0}},
        {"MULTIPOINT (1 2, 3 4)", WKT_MULTIPOINT, 2, 2, {1, 2}},
        {"MULTIPOINT ((1 2), EMPTY, (3 4))", WKT_MULTIPOINT, 2, 2, {1, 2}},
        {"MULTILINESTRING ((0 0, 1 1), EMPTY, (2 2, 3 3))", WKT_MULTILINESTRING, 4, 2, {2, 4}},
        {"MULTIPOLYGON (((0 0, 1 0, 1 1)), EMPTY, ((5 5, 6 6, 7 5), (5 5, 6 5, 6 6)))",
         WKT_MULTIPOLYGON,
         9,
         3,
         {3, 6, 9}},
        {"LINEARRING (0 0, 1 0, 1 1, 0 0)", WKT_LINEARRING, 4, 1, {4}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ctx ctx;
        struct wkt wkt;
        ctx_init(&ctx, 1 << 20);
        if (read_text(&ctx, rows[i].text, ANY, &wkt) != STATUS_OK)
            fail_msg("%s: %s", rows[i].text, ctx.err.detail);
        assert_int_equal(wkt.type, rows[i].type);
        assert_int_equal(wkt.n_points, rows[i].points);
        assert_int_equal(wkt.n_paths, rows[i].paths);
        for (size_t k = 0; k < wkt.n_paths; k++)
            assert_int_equal(wkt.end[k], rows[i].end[k]);
        if (rows[i].type == WKT_MULTIPOLYGON)
            assert_true(wkt.polygon[0] < wkt.polygon[1] && wkt.polygon[1] == wkt.polygon[2]);
        ctx_release(&ctx);
    }
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double x, y;
    } rows[] = {
        {"POINT (+1 -2)", 1, -2},
        {"POINT (.5 5.)", 0.5, 5},
        {"POINT (007 -00.5)", 7, -0.5},
        {"POINT (1e3 1.5E-3)", 1e3, 1.5e-3},
        {"POINT (5.e2 +.5e1)", 500, 5},
        {"POINT (0 00)", 0, 0},
        {"POINT\t(0.1\n1e308)", 0.1, 1e308},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ctx ctx;
        struct wkt wkt;
        ctx_init(&ctx, 1 << 20);
        if (read_text(&ctx, rows[i].text, ANY, &wkt) != STATUS_OK)
            fail_msg("%s: %s", rows[i].text, ctx.err.detail);
        assert_true(wkt.xy[0] == rows[i].x && wkt.xy[1] == rows[i].y);
        ctx_release(&ctx);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "want one of"},
        {"CIRCLE (1 2)", "CIRCLE"},
        {"GEOMETRYCOLLECTION EMPTY", "want one of"},
        {"SRID=4326;POINT (1 2)", "SRID"},
        {"POINT Z (1 2 3)", "x and y only"},
        {"POINT (1 2 3)", "'3' at byte 11"},
        {"POINT (1)", "a number"},
        {"POINT (1, 2)", "a number"},
        {"POINT (1 2", "ends at byte 10"},
        {"POINT (1 2))", "the end"},
        {"POINT (1 2, 3 4)", "','"},
        {"POINT (NaN 2)", "'N'"},
        {"POINT (1e999 2)", "greatest double"},
        {"POINT (1-2 2)", "a number"},
        {"POINT (. 2)", "a number"},
        {"POINT (- 2)", "a number"},
        {"POINT (0x10 2)", "a number"},
        {"POLYGON (0 0, 1 1)", "'('"},
        {"POLYGON ((0 0, 1 1), )", "'('"},
        {"POLYGON ((0 0, 1 1)", "ends"},
        {"LINESTRING ()", "a number"},
        {"LINESTRING (0 0, 1 1,)", "a number"},
        {"POINT \x01", "0x01"},
        {"((((((((((", "want one of"},
        {"MULTIPOLYGON ((((((((((", "a number"},
        {"MULTIPOINT ((1 2, 3 4))", "')'"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ctx ctx;
        struct wkt wkt;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(read_text(&ctx, rows[i].text, ANY, &wkt), STATUS_INVALID);
        if (!strstr(ctx.err.detail, rows[i].words))
            fail_msg("%s: %s", rows[i].text, ctx.err.detail);
        assert_string_equal(ctx.err.pointer, "/wkt");
        ctx_release(&ctx);
    }
}

/* Every prefix of a text, and every text with one byte changed, is read or refused, and nothing else happens. */
static void damaged(void **state) {
    (void)state;
    static const char TEXT[] = "MULTIPOLYGON (((0 0, 1 0.5, 1e1 1)), EMPTY, ((5 5, 6 6, 7 5), (5 5, 6 5, 6 6)))";
    static const char BYTES[] = "(), .eE+-0Z\x80";
    for (size_t i = 0; i < sizeof TEXT; i++)
        for (size_t k = 0; k < sizeof BYTES; k++) {
            char text[sizeof TEXT];
            memcpy(text, TEXT, sizeof text);
            text[i] = BYTES[k];
            text[sizeof TEXT - 1] = '\0';
            struct ctx ctx;
            struct wkt wkt;
            ctx_init(&ctx, 1 << 20);
            enum status status = read_text(&ctx, text, ANY, &wkt);
            assert_true(status == STATUS_OK || status == STATUS_INVALID);
            ctx_release(&ctx);
        }
    struct ctx ctx;
    struct wkt wkt;
    ctx_init(&ctx, 1 << 20);
    ctx.fail_after = 1;
    assert_int_equal(read_text(&ctx, TEXT, ANY, &wkt), STATUS_NO_MEMORY);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
