#include "handlers/geojson.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

static const char POLYGON[] = "/v1/solve/polygon", LINES[] = "/v1/solve/segment-intersections";
static const char TRIANGLES[] = "/v1/solve/polygon-triangulation", POINTS[] = "/v1/solve/point-in-polygon";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"geojson\":{\"type\":\"LineString\",\"coordinates\":[[0,0],[2,2],[2,0],[0,2]]},\"limit\":0}",
         "{\"count\":3,\"complete\":false,\"intersections\":[]}"},
        {"{\"geojson\":{\"type\":\"Feature\",\"properties\":{\"x\":\"]}\\\"\",\"y\":[{}]},\"geometry\":{"
         "\"coordinates\":"
         "[[[0,0],[2,2]],[],[[2,0],[0,2]]],\"type\":\"MultiLineString\"}},\"limit\":0}",
         "{\"count\":1,\"complete\":false,\"intersections\":[]}"},
        {"{\"geojson\":{\"type\":\"LineString\",\"coordinates\":[]}}",
         "{\"count\":0,\"complete\":true,\"intersections\":[]}"},
    };
    test_answers(LINES, ROWS, COUNT(ROWS));
    static const struct test_row HOLES[] = {
        {"{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
         "\"Polygon\","
         "\"coordinates\":[[[0,0],[2,0],[0,2],[0,0]]]}}]}}",
         "{\"triangles\":[[0,1,2]]}"},
    };
    test_answers(TRIANGLES, HOLES, COUNT(HOLES));
    static const struct test_row PARTS[] = {
        {"{\"geojson\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[2,0],[0,2]]],[[[5,5],[7,5],[5,7]]]]},"
         "\"point\":[5.5,5.5]}",
         "{\"location\":\"inside\"}"},
    };
    test_answers(POINTS, PARTS, COUNT(PARTS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"geojson\":{}}", "The type is missing, want one of: Polygon; or a Feature"},
        {"{\"geojson\":{\"type\":\"Point\",\"coordinates\":[1,2]}}", "\"/geojson/type\""},
        {"{\"geojson\":{\"type\":\"GeometryCollection\",\"geometries\":[]}}", "GeometryCollection"},
        {"{\"geojson\":{\"type\":\"Polygon\"}}", "\"/geojson/coordinates\""},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":3}}", "This is no array"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[]}}", "is empty"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[]]}}", "is empty"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1,5]]]}}",
         "\"/geojson/coordinates/0/2\",\"detail\":\"The position has 3 coordinates"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[]]]}}", "has 0 coordinates"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,\"]\"]]]}}", "\"/geojson/coordinates/0/1\""},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,[2]]]]}}", "A coordinate is no number"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,1e400],[1,2]]]}}", "beyond the greatest double"},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[{\"a\":[1]}]}}", "\"/geojson/coordinates/0\""},
        {"{\"geojson\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1]]]}}", "want at least 3"},
        {"{\"geojson\":{\"type\":\"Feature\",\"geometry\":null}}", "\"/geojson/geometry\""},
        {"{\"geojson\":{\"type\":\"Feature\"}}", "The feature has no geometry, want one."},
        {"{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[]}}", "There are no features"},
        {"{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{},{}]}}", "There are several features"},
        {"{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[7]}}", "\"/geojson/features/0\""},
        {"{\"geojson\":[]}", "\"/geojson\""},
        {"{\"geojson\":{},\"wkt\":\"\"}", "want exactly one of polygon, wkt and geojson"},
        {"{\"geojson\":{},\"polygon\":[[0,0],[1,0],[0,1]]}", "want exactly one of polygon, wkt and geojson"},
    };
    test_refusals(POLYGON, ROWS, COUNT(ROWS));
}

/* Every prefix of the object's text: the decoder never gives one, yet nothing is read beyond its end. */
static void cut_short(void **state) {
    (void)state;
    static const char TEXT[] =
        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,"
        "1]]]}}";
    for (size_t n = 0; n < sizeof TEXT; n++) {
        char *text = malloc(n + 1);
        struct ctx ctx;
        struct wkt out;
        memcpy(text, TEXT, n);
        ctx_init(&ctx, 1 << 20);
        enum status status = geojson_read(&ctx, (struct str){text, n}, WKT_POLYGON, "", &out);
        assert_true(status == STATUS_INVALID || status == STATUS_OK);
        ctx_release(&ctx);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
