/* Geometry as text in requests and answers, the same for all endpoints of the plane. */
#include "handlers/geometry_fields.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

static char *post(const char *name, const char *request, int wanted) {
    char route[64];
    int http;
    snprintf(route, sizeof route, "/v1/solve/%s", name);
    char *text = test_post(route, request, &http);
    if (http != wanted)
        fail_msg("%s %s: %s", name, request, text);
    return text;
}

/* Each request with its geometry, in both forms. */
static const struct {
    const char *name, *request, *wkt, *geojson;
} ROWS[] = {
    {"convex-hull", "\"points\":[[0,0],[2,0],[1,1],[1,0.5]]", "POLYGON((0.0 0.0,2.0 0.0,1.0 1.0,0.0 0.0))",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[2.0,0.0],[1.0,1.0],[0.0,0.0]]]}"},
    {"convex-hull", "\"points\":[[0,0],[1,1],[2,2]],\"collinear\":\"keep\"", "LINESTRING(0.0 0.0,1.0 1.0,2.0 2.0)",
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[1.0,1.0],[2.0,2.0]]}"},
    {"convex-hull", "\"points\":[[0,0],[1,0],[2,0],[2,1]],\"collinear\":\"keep\"",
     "POLYGON((0.0 0.0,1.0 0.0,2.0 0.0,2.0 1.0,0.0 0.0))",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[1.0,0.0],[2.0,0.0],[2.0,1.0],[0.0,0.0]]]}"},
    {"convex-hull", "\"points\":[[3,4],[3,4]]", "POINT(3.0 4.0)", "{\"type\":\"Point\",\"coordinates\":[3.0,4.0]}"},
    {"convex-hull", "\"points\":[]", "GEOMETRYCOLLECTION EMPTY", "{\"type\":\"GeometryCollection\",\"geometries\":[]}"},
    {"closest-pair", "\"points\":[[0,0],[9,9],[1e-7,1e22]]", "LINESTRING(0.0 0.0,9.0 9.0)",
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[9.0,9.0]]}"},
    {"farthest-pair", "\"points\":[[0,0],[9,9],[1e-7,1e22]]", "LINESTRING(0.0 0.0,1e-7 1e22)",
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[1e-7,1e22]]}"},
    {"enclosing-circle", "\"points\":[[0,0],[1,0]]", "POINT(0.5 0.0)",
     "{\"type\":\"Point\",\"coordinates\":[0.5,0.0]}"},
    {"minimum-rectangle", "\"points\":[[0,0],[4,0],[4,1],[0,1]]", "POLYGON((0.0 0.0,4.0 0.0,4.0 1.0,0.0 1.0,0.0 0.0))",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[4.0,0.0],[4.0,1.0],[0.0,1.0],[0.0,0.0]]]}"},
    {"minimum-rectangle", "\"points\":[[0,0],[4,0]]", "LINESTRING(0.0 0.0,4.0 0.0)",
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[4.0,0.0]]}"},
    {"minimum-rectangle", "\"points\":[[5,6]]", "POINT(5.0 6.0)", "{\"type\":\"Point\",\"coordinates\":[5.0,6.0]}"},
    {"minimum-width", "\"points\":[[0,0],[4,0],[4,1],[0,2]]",
     "LINESTRING(0.0 0.0,0.47058823529411764 1.8823529411764706)", /* 8/17, 32/17 */
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[0.47058823529411764,1.8823529411764706]]}"},
    {"minimum-width", "\"points\":[[5,6]]", "POINT(5.0 6.0)", "{\"type\":\"Point\",\"coordinates\":[5.0,6.0]}"},
    {"delaunay", "\"points\":[[0,0],[4,0],[4,3],[0,3]]",
     "GEOMETRYCOLLECTION(POLYGON((0.0 0.0,4.0 0.0,0.0 3.0,0.0 0.0)),POLYGON((4.0 0.0,4.0 3.0,0.0 3.0,4.0 0.0)))",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[4.0,0.0],[0."
     "0,"
     "3.0],[0.0,0.0]]]},{\"type\":\"Polygon\",\"coordinates\":[[[4.0,0.0],[4.0,3.0],[0.0,3.0],[4.0,0.0]]]}]}"},
    {"delaunay", "\"points\":[[0,0],[4,0]]", "GEOMETRYCOLLECTION EMPTY",
     "{\"type\":\"GeometryCollection\",\"geometries\":[]}"},
    {"polygon-triangulation", "\"polygon\":[[0,0],[4,0],[0,4]]",
     "GEOMETRYCOLLECTION(POLYGON((0.0 0.0,4.0 0.0,0.0 4.0,0.0 0.0)))",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[4.0,0.0],[0."
     "0,"
     "4.0],[0.0,0.0]]]}]}"},
    {"polygon", "\"polygon\":[[0,0],[3,0],[0,3]]", "POINT(1.0 1.0)", "{\"type\":\"Point\",\"coordinates\":[1.0,1.0]}"},
    {"simplify", "\"points\":[[0,0],[1,0.1],[2,0]],\"tolerance\":1", "LINESTRING(0.0 0.0,2.0 0.0)",
     "{\"type\":\"LineString\",\"coordinates\":[[0.0,0.0],[2.0,0.0]]}"},
    {"simplify", "\"points\":[[0,0],[1,0.1],[2,0],[2,4]],\"tolerance\":0.5,\"closed\":true",
     "POLYGON((0.0 0.0,2.0 0.0,2.0 4.0,0.0 0.0))",
     "{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[2.0,0.0],[2.0,4.0],[0.0,0.0]]]}"},
    {"simplify", "\"points\":[[1,2]],\"tolerance\":1", "POINT(1.0 2.0)",
     "{\"type\":\"Point\",\"coordinates\":[1.0,2.0]}"},
    {"simplify",
     "\"wkt\":\"POLYGON((10 10,10 90,90 90,90 10,10 10),(80 20,20 20,20 80,50 90,80 80,80 20),(1 1,1 2,2 1,1 1))\","
     "\"tolerance\":10",
     "POLYGON((10.0 10.0,10.0 90.0,90.0 90.0,90.0 10.0,10.0 10.0),(80.0 20.0,20.0 20.0,20.0 80.0,80.0 80.0,80.0 20.0))",
     "{\"type\":\"Polygon\",\"coordinates\":[[[10.0,10.0],[10.0,90.0],[90.0,90.0],[90.0,10.0],[10.0,10.0]],[[80.0,20.0]"
     ","
     "[20.0,20.0],[20.0,80.0],[80.0,80.0],[80.0,20.0]]]}"},
    {"simplify", "\"wkt\":\"POLYGON((0 0,1 0,1 1,0 0),(5 5,99 5,99 99,5 5))\",\"tolerance\":10",
     "GEOMETRYCOLLECTION EMPTY", "{\"type\":\"GeometryCollection\",\"geometries\":[]}"},
    /* Of the first polygon a hole goes, the second with its hole, the third is empty. */
    {"simplify",
     "\"wkt\":\"MULTIPOLYGON(((0 0,90 0,90 90,0 0),(80 20,60 20,60 40,80 20),(1 1,2 1,2 2,1 1)),"
     "((9 0,9 1,8 1,9 0),(5 5,99 5,99 99,5 5)),EMPTY,((30 0,40 0,40 50,30 0)))\",\"tolerance\":5",
     "MULTIPOLYGON(((0.0 0.0,90.0 0.0,90.0 90.0,0.0 0.0),(80.0 20.0,60.0 20.0,60.0 40.0,80.0 20.0)),"
     "((30.0 0.0,40.0 0.0,40.0 50.0,30.0 0.0)))",
     "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0.0,0.0],[90.0,0.0],[90.0,90.0],[0.0,0.0]],[[80.0,20.0],[60.0,20."
     "0],"
     "[60.0,40.0],[80.0,20.0]]],[[[30.0,0.0],[40.0,0.0],[40.0,50.0],[30.0,0.0]]]]}"},
    {"simplify",
     "\"geojson\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]],[[5,5],[99,5],[99,99],[5,5]]],"
     "[[[30,0],[40,0],[40,50],[30,0]]]]},\"tolerance\":5",
     "MULTIPOLYGON(((30.0 0.0,40.0 0.0,40.0 50.0,30.0 0.0)))",
     "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[30.0,0.0],[40.0,0.0],[40.0,50.0],[30.0,0.0]]]]}"},
    {"simplify", "\"wkt\":\"MULTIPOLYGON(((0 0,1 0,1 1,0 0)))\",\"tolerance\":5", "GEOMETRYCOLLECTION EMPTY",
     "{\"type\":\"GeometryCollection\",\"geometries\":[]}"},
    {"segment-intersections",
     "\"wkt\":\"GEOMETRYCOLLECTION(LINESTRING(0 0,4 4),MULTILINESTRING EMPTY,MULTILINESTRING((0 4,4 0)))\"",
     "GEOMETRYCOLLECTION(POINT(2.0 2.0))",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[2.0,2.0]}]}"},
    {"simplify", "\"wkt\":\"MULTILINESTRING(EMPTY,(0 0,50 0,100 0),(0 0,50 1,100 0))\",\"tolerance\":10",
     "MULTILINESTRING((0.0 0.0,100.0 0.0),(0.0 0.0,100.0 0.0))",
     "{\"type\":\"MultiLineString\",\"coordinates\":[[[0.0,0.0],[100.0,0.0]],[[0.0,0.0],[100.0,0.0]]]}"},
    {"segment-intersection", "\"p\":[[0,0],[4,4]],\"q\":[[0,4],[4,0]]", "POINT(2.0 2.0)",
     "{\"type\":\"Point\",\"coordinates\":[2.0,2.0]}"},
    {"segment-intersection", "\"p\":[[0,0],[4,0]],\"q\":[[1,0],[9,0]]", "LINESTRING(1.0 0.0,4.0 0.0)",
     "{\"type\":\"LineString\",\"coordinates\":[[1.0,0.0],[4.0,0.0]]}"},
    {"segment-intersection", "\"p\":[[0,0],[4,0]],\"q\":[[5,0],[9,0]]", "GEOMETRYCOLLECTION EMPTY",
     "{\"type\":\"GeometryCollection\",\"geometries\":[]}"},
    {"segment-intersections", "\"segments\":[[[0,0],[4,4]],[[0,4],[4,0]],[[3,3],[6,6]]]",
     "GEOMETRYCOLLECTION(POINT(2.0 2.0),LINESTRING(3.0 3.0,4.0 4.0))",
     "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[2.0,2.0]},{\"type\":"
     "\"LineString\",\"coordinates\":[[3.0,3.0],[4.0,4.0]]}]}"},
};

static void answers_as_text(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char request[400], want[800];
        snprintf(request, sizeof request, "{%s}", ROWS[i].request);
        char *plain = post(ROWS[i].name, request, 200);
        assert_null(strstr(plain, "\"wkt\""));
        assert_null(strstr(plain, "\"geojson\""));
        snprintf(request, sizeof request, "{%s,\"format\":\"wkt\"}", ROWS[i].request);
        char *wkt = post(ROWS[i].name, request, 200);
        snprintf(want, sizeof want, "%.*s,\"wkt\":\"%s\"}", (int)strlen(plain) - 1, plain, ROWS[i].wkt);
        assert_string_equal(wkt, want);
        snprintf(request, sizeof request, "{%s,\"format\":\"geojson\"}", ROWS[i].request);
        char *geojson = post(ROWS[i].name, request, 200);
        snprintf(want, sizeof want, "%.*s,\"geojson\":%s}", (int)strlen(plain) - 1, plain, ROWS[i].geojson);
        assert_string_equal(geojson, want);
        free(plain), free(wkt), free(geojson);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(ROWS); i++) {
        char request[400], route[64];
        enum status status = STATUS_NO_MEMORY;
        snprintf(request, sizeof request, "{%s,\"format\":\"%s\"}", ROWS[i / 2].request, i % 2 ? "wkt" : "geojson");
        snprintf(route, sizeof route, "/v1/solve/%s", ROWS[i / 2].name);
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct call call;
            call_init(&call, test_endpoint("POST", route), &test_host);
            call.ctx.fail_after = fail_after;
            call.request = (struct request){.body = request, .n = strlen(request)};
            status = call_decode(&call);
            if (status == STATUS_OK)
                status = call_run(&call);
            assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
            call_release(&call);
            assert_in_range(fail_after, 0, 1000);
        }
    }
}

/* The same points as an array, as text, as features. */
static void points_as_text(void **state) {
    (void)state;
    static const char *const NAMES[] = {"convex-hull",       "closest-pair",  "farthest-pair", "enclosing-circle",
                                        "minimum-rectangle", "minimum-width", "delaunay"};
    static const char *const TEXTS[] = {
        "\"wkt\":\"MULTIPOINT((0 0),(5 4),(3 1),(9 6),(4 3))\"",
        "\"wkt\":\"LINESTRING(0 0,5 4,3 1,9 6,4 3)\"",
        "\"wkt\":\"multilinestring((0 0,5 4),EMPTY,(3 1,9 6,4 3))\"",
        "\"wkt\":\"GeometryCollection ( point(0 0), linestring(5 4,3 1),MULTIPOINT EMPTY,MULTIPOINT(9 6,4 3) )\"",
        "\"geojson\":{\"type\":\"MultiPoint\",\"coordinates\":[[0,0],[5,4],[3,1],[9,6],[4,3]]}",
        "\"geojson\":{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"MultiPoint\",\"coordinates\":[[0,0],"
        "[5,4]]},{\"type\":\"MultiPoint\",\"coordinates\":[]},{\"coordinates\":[[3,1],[9,6],[4,3]],\"type\":"
        "\"LineString\"}]}",
        "\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
        "\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[0,0]},{\"type\":\"Point\","
        "\"coordinates\":[5,4]}]}},{\"type\":\"MultiPoint\",\"coordinates\":[[3,1],[9,6],[4,3]]}]}",
        "\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
        "\"Point\",\"coordinates\":[0,0]}},{\"type\":\"Feature\",\"bbox\":[1,2,3,4],\"geometry\":{\"type\":"
        "\"LineString\","
        "\"coordinates\":[[5,4],[3,1]]}},{\"type\":\"MultiPoint\",\"coordinates\":[[9,6],[4,3]]}]}",
    };
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        char *want = post(NAMES[i], "{\"points\":[[0,0],[5,4],[3,1],[9,6],[4,3]],\"trace\":{}}", 200);
        for (size_t k = 0; k < COUNT(TEXTS); k++) {
            char request[600];
            snprintf(request, sizeof request, "{%s,\"trace\":{}}", TEXTS[k]);
            char *got = post(NAMES[i], request, 200);
            assert_string_equal(got, want);
            free(got);
        }
        free(want);
    }
    char *none = post("convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION EMPTY\"}", 200);
    assert_non_null(strstr(none, "\"hull\":[]"));
    free(none);
    char *hull = post("convex-hull", "{\"wkt\":\"POLYGON((0 0,4 0,4 4,0 0))\"}", 200);
    assert_non_null(strstr(hull, "\"hull\":[0,1,2]"));
    free(hull);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *name, *request, *pointer, *words;
    } rows[] = {
        {"convex-hull", "{}", "\"/points\"", "want exactly one of points, wkt and geojson"},
        {"convex-hull", "{\"points\":[],\"wkt\":\"POINT(1 1)\"}", "\"/wkt\"", "exactly one"},
        {"convex-hull", "{\"wkt\":\"POINT(1 1\"}", "\"/wkt\"", "ends at byte 9"},
        {"convex-hull", "{\"wkt\":\"CIRCLE(0 0)\"}", "\"/wkt\"", "MULTIPOLYGON, GEOMETRYCOLLECTION."},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION(POINT(0 0)\"}", "\"/wkt\"", "want ',' or ')'"},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION 7\"}", "\"/wkt\"", "want '(' or EMPTY"},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION()\"}", "\"/wkt\"", "has a member \\\"\\\""},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION Z(POINT(0 0 0))\"}", "\"/wkt\"", "x and y only"},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION(POINT M(0 0 0))\"}", "\"/wkt\"", "x and y only"},
        {"convex-hull", "{\"wkt\":\"GEOMETRYCOLLECTION(GEOMETRYCOLLECTION EMPTY)\"}", "\"/wkt\"", "MULTIPOLYGON.\""},
        {"closest-pair", "{\"wkt\":\"GEOMETRYCOLLECTION(POINT(0 0),POLYGON((0 0,1 0,0 1,0 0)))\"}", "\"/wkt\"",
         "has a member \\\"POLYGON\\\", want one of: POINT, LINESTRING"},
        {"simplify", "{\"wkt\":\"GEOMETRYCOLLECTION EMPTY\",\"tolerance\":1}", "\"/wkt\"",
         "MULTILINESTRING, MULTIPOLYGON."},
        {"polygon", "{\"geojson\":{\"type\":\"GeometryCollection\",\"geometries\":[]}}", "\"/geojson/type\"",
         "want one of: Polygon; or a Feature"},
        {"convex-hull", "{\"geojson\":{\"type\":\"GeometryCollection\"}}", "\"/geojson/geometries\"", "no geometries"},
        {"convex-hull",
         "{\"geojson\":{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]},{"
         "\"type\":\"GeometryCollection\",\"geometries\":[]}]}}",
         "\"/geojson/geometries/1/type\"", "MultiPolygon.\""},
        {"convex-hull",
         "{\"geojson\":{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,\"a\"]}]"
         "}}",
         "\"/geojson/geometries/0/coordinates\"", "no number"},
        {"closest-pair", "{\"wkt\":\"POLYGON((0 0,1 0,0 1,0 0))\"}", "\"/wkt\"", "want one of: POINT, LINESTRING"},
        {"closest-pair", "{\"wkt\":\"POINT(1 1)\"}", "\"/wkt\"", "want at least 2"},
        {"closest-pair", "{\"geojson\":{\"type\":\"Point\",\"coordinates\":[1,1]}}", "\"/geojson\"", "at least 2"},
        {"farthest-pair", "{\"wkt\":\"LINESTRING(-1e308 0,1e308 0)\"}", "\"/wkt\"", "greatest double"},
        {"simplify", "{\"wkt\":\"LINESTRING(0 0,1e200 0)\",\"tolerance\":1}", "\"/wkt\"", "1e+200"},
        {"simplify", "{\"wkt\":\"LINESTRING(0 0,1 0)\",\"tolerance\":1,\"closed\":false}", "\"/closed\"", "points"},
        {"simplify", "{\"wkt\":\"LINESTRING EMPTY\",\"tolerance\":1}", "\"/wkt\"", "at least 1"},
        {"simplify", "{\"wkt\":\"MULTIPOLYGON EMPTY\",\"tolerance\":1}", "\"/wkt\"", "at least 1"},
        {"simplify", "{\"wkt\":\"MULTILINESTRING((0 0,1 0),(2 2,3 3))\",\"tolerance\":1,\"trace\":{}}", "\"/trace\"",
         "there are 2"},
        {"convex-hull", "{\"points\":[],\"format\":\"wkb\"}", "\"/format\"", "\\\"wkt\\\""},
        {"convex-hull",
         "{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
         "\"Point\",\"coordinates\":[0,0]}},{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[0,"
         "true]}}]}}",
         "\"/geojson/features/1/geometry/coordinates\"", "no number"},
        {"convex-hull", "{\"geojson\":{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\"},3]}}",
         "\"/geojson/features/0/geometry\"", "no geometry"},
        {"convex-hull", "{\"geojson\":{\"type\":\"FeatureCollection\"}}", "\"/geojson/features\"", "no features"},
        {"segment-intersection", "{\"p\":[[0,0],[1,1]]}", "\"/q\"", "missing beside p"},
        {"segment-intersection", "{\"p\":[[0,0],[1,1]],\"q\":[[0,0],[1,1]],\"wkt\":\"\"}", "\"/wkt\"", "exactly one"},
        {"segment-intersection", "{\"wkt\":\"LINESTRING(0 0,1 1,2 2,3 3)\"}", "\"/wkt\"", "4 points in 1 line,"},
        {"segment-intersection", "{\"wkt\":\"MULTILINESTRING((0 0,1 1,2 2),(3 3))\"}", "\"/wkt\"",
         "want two lines of two points"},
        /* Integers that no double holds. */
        {"convex-hull", "{\"points\":[[0,0],[9007199254740993,0]]}", "\"/points/1/0\"", "no double holds exactly"},
        {"convex-hull", "{\"wkt\":\"POINT(0 9007199254740993)\"}", "\"/wkt\"", "byte 8 is 9007199254740993, which"},
        {"convex-hull", "{\"geojson\":{\"type\":\"Point\",\"coordinates\":[-9007199254740993,0]}}",
         "\"/geojson/coordinates\"", "is -9007199254740993, which"},
        {"orientation", "{\"a\":[0,0],\"b\":[1,9007199254740993],\"c\":[0,0]}", "\"/b/1\"", "no double"},
        {"incircle", "{\"quadruples\":[[[0,0],[0,0],[0,0],[0,9007199254740993]]]}", "\"/quadruples/0/3/1\"",
         "no double"},
        {"vector", "{\"operation\":\"length\",\"a\":[9007199254740993,0]}", "\"/a/0\"", "no double"},
        {"polygon", "{\"polygon\":[[0,0],[9007199254740993,0],[0,1]]}", "\"/polygon/1/0\"", "no double"},
        {"polygon", "{\"polygon\":[[0,0],[1,0],[0,1]],\"holes\":[{\"ring\":[[0,0],[1,9007199254740993],[2,2]]}]}",
         "\"/holes/0/ring/1/1\"", "no double"},
        {"point-in-polygon", "{\"polygon\":[[0,0],[1,0],[0,1]],\"point\":[9007199254740993,0]}", "\"/point/0\"",
         "no double"},
        {"segment-intersection", "{\"p\":[[0,0],[9007199254740993,1]],\"q\":[[0,0],[1,1]]}", "\"/p/1/0\"", "no double"},
        {"segment-intersections", "{\"segments\":[[[0,0],[9007199254740993,1]]]}", "\"/segments/0/1/0\"", "no double"},
        {"simplify", "{\"points\":[[9007199254740993,1]],\"tolerance\":1}", "\"/points/0/0\"", "no double"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = post(rows[i].name, rows[i].request, 422);
        if (!strstr(text, rows[i].pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %s", rows[i].request, text);
        free(text);
    }
}

/* Integers are taken where a double stands for them: exactly, or by its shortest digits, as JavaScript writes it. */
static void integers_of_doubles(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {"9007199254740992", true},          {"9007199254740993", false},          {"-9007199254740993", false},
        {"9007199254740994", true},          {"9007199254740993.0", true},         {"9007199254740993e0", true},
        {"1152921504606846976", true},       {"1152921504606847000", true},        {"1152921504606846977", false},
        {"1152921504606847001", false},      {"123456789012345680000", true},      {"123456789012345678901", false},
        {"1000000000000000000000000", true}, {"1000000000000000000000001", false}, {"10000000000000000000000", true},
        {"36893488147419103232", true},      {"36893488147419103233", false},      {"18446744073709551616", true},
        {"18446744073709551617", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char request[100];
        snprintf(request, sizeof request, "{\"points\":[[%s,0]]}", rows[i].text);
        free(post("convex-hull", request, rows[i].is ? 200 : 422));
        snprintf(request, sizeof request, "{\"wkt\":\"POINT(%s 0)\"}", rows[i].text);
        free(post("convex-hull", request, rows[i].is ? 200 : 422));
    }
}

/* What is written reads back as the same doubles: doubles of any bits go through simplify and come back. */
static void numbers_come_back(void **state) {
    (void)state;
    uint64_t random = 9;
    for (int round = 0; round < 200; round++) {
        char line[400] = "", request[800];
        size_t at = 0;
        for (int k = 0; k < 12; k++) {
            double x = ldexp((double)(int64_t)test_random(&random), (int)test_below(&random, 700) - 400);
            at += (size_t)snprintf(line + at, sizeof line - at, "%s%.17g", k == 0 ? "" : k % 2 ? " " : ",", x);
        }
        snprintf(request, sizeof request, "{\"wkt\":\"LINESTRING(%s)\",\"tolerance\":0,\"format\":\"wkt\"}", line);
        char *first = post("simplify", request, 200), *wkt = strstr(first, "\"wkt\":");
        snprintf(request, sizeof request, "{%.*s,\"tolerance\":0,\"format\":\"wkt\"}", (int)strlen(wkt) - 1, wkt);
        char *second = post("simplify", request, 200);
        assert_string_equal(first, second);
        snprintf(request, sizeof request, "{%.*s,\"tolerance\":0,\"format\":\"geojson\"}", (int)strlen(wkt) - 1, wkt);
        char *third = post("simplify", request, 200), *geojson = strstr(third, "\"geojson\":");
        snprintf(request, sizeof request, "{%.*s,\"tolerance\":0,\"format\":\"wkt\"}", (int)strlen(geojson) - 1,
                 geojson);
        char *fourth = post("simplify", request, 200);
        assert_string_equal(first, fourth);
        free(first), free(second), free(third), free(fourth);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_text),     cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(points_as_text),      cmocka_unit_test(refusals),
        cmocka_unit_test(integers_of_doubles), cmocka_unit_test(numbers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
