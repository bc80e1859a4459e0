#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

static const char ROUTE[] = "/v1/solve/polygon";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"polygon\":[[0,0],[2,0],[2,2],[0,2]]}",
         "{\"area\":4.0,\"signed_area\":4.0,\"perimeter\":8.0,\"centroid\":[1.0,1.0],\"orientation\":"
         "\"counterclockwise\",\"convex\":true,\"simple\":true,\"holes\":0,\"vertices\":4}"},
        {"{\"polygon\":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}",
         "{\"area\":4.0,\"signed_area\":4.0,\"perimeter\":8.0,\"centroid\":[1.0,1.0],\"orientation\":"
         "\"counterclockwise\",\"convex\":true,\"simple\":true,\"holes\":0,\"vertices\":4}"},
        {"{\"wkt\":\" polygon((0 0,0 2,2 2,2 0,0 0)) \"}",
         "{\"area\":4.0,\"signed_area\":-4.0,\"perimeter\":8.0,\"centroid\":[1.0,1.0],\"orientation\":\"clockwise\","
         "\"convex\":true,\"simple\":true,\"holes\":0,\"vertices\":4}"},
        {"{\"wkt\":\"POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), EMPTY)\"}",
         "{\"area\":4.0,\"signed_area\":4.0,\"perimeter\":8.0,\"centroid\":[1.0,1.0],\"orientation\":"
         "\"counterclockwise\",\"convex\":true,\"simple\":true,\"holes\":0,\"vertices\":4}"},
        {"{\"polygon\":[[[0,0],[9,0],[0,9]],[[1,1],[2,1],[1,2]]]}",
         "{\"area\":40.0,\"signed_area\":40.5,\"perimeter\":34.14213562373095,\"centroid\":[3.0208333333333335,3."
         "0208333333333335],"
         "\"orientation\":\"counterclockwise\",\"convex\":false,\"simple\":true,\"holes\":1,\"vertices\":6}"},
        {"{\"wkt\":\"POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))\"}",
         "{\"area\":0.0,\"signed_area\":0.0,\"perimeter\":9.65685424949238,\"centroid\":[1.0,1.0],\"orientation\":"
         "\"degenerate\",\"convex\":false,\"simple\":false,\"holes\":0,\"vertices\":4,\"self_intersection\":{\"rings\":"
         "[0,0],\"edges\":[0,2],\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[1.0,1.0]]}}"},
        {"{\"polygon\":[[0,0],[4,0],[2,0],[2,2]]}",
         "{\"area\":2.0,\"signed_area\":2.0,\"perimeter\":10.82842712474619,\"centroid\":[1.3333333333333333,0."
         "6666666666666666],\"orientation\":\"counterclockwise\",\"convex\":false,\"simple\":false,\"holes\":0,"
         "\"vertices\":4,\"self_intersection\":{\"rings\":[0,0],\"edges\":[0,1],\"kind\":\"overlap\",\"detail\":"
         "\"collinear\",\"points\":[[2.0,0.0],[4.0,0.0]]}}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{}", "\"/polygon\""},
        {"{\"polygon\":[]}", "\"/polygon\""},
        {"{\"polygon\":[[0,0],[1,1]]}", "at least 3"},
        {"{\"polygon\":[[0,0],[1,1],[0,0]]}", "at least 3"},
        {"{\"polygon\":[[0,0,0],[1,1,1],[2,0,1]]}", "want 2"},
        {"{\"polygon\":[[0,0],[2,0],[2,2]],\"wkt\":\"POLYGON EMPTY\"}", "\"/wkt\""},
        {"{\"wkt\":\"POLYGON EMPTY\"}", "empty"},
        {"{\"wkt\":\"POLYGON ((0 0, 1 1, 0 1))\",\"holes\":[{\"ring\":[[0,0],[1,1],[2,0]]}]}", "\"/holes\""},
        {"{\"polygon\":[[0,0],[2,0],[2,2]],\"holes\":[{\"ring\":[[0,0,1],[1,1,1],[2,0,1]]}]}", "\"/holes/0/ring/0\""},
        {"{\"polygon\":[[0,0],[2,0],[2,2]],\"holes\":[{\"ring\":[[0,0],[1,1],[0,0]]}]}", "\"/holes/0/ring\""},
        {"{\"polygon\":[[-1e308,-1e308],[1e308,-1e308],[1e308,1e308]]}", "greatest double"},
        {"{\"wkt\":\"POLYGON ((0 0, 1 1))\"}", "at least 3"},
        {"{\"wkt\":\"MULTIPOLYGON EMPTY\"}", "POLYGON"},
    };
    test_refusals(ROUTE, ROWS, COUNT(ROWS));
}

static double member(json_t *answer, const char *name) { return json_number_value(json_object_get(answer, name)); }

/* check_measure compares one public record; false: it is not of a polygon. */
static bool check_measure(json_t *record) {
    const char *op = json_string_value(json_object_get(record, "op")),
               *wkt = json_string_value(json_object_get(record, "a"));
    bool centroid = strcmp(op, "centroid") == 0, area = strcmp(op, "area") == 0;
    bool clockwise = strcmp(op, "signedArea_cw_positive") == 0 || strcmp(op, "triangleSignedArea_cw_positive") == 0;
    if (!(centroid || area || clockwise) || !wkt ||
        (strncmp(wkt, "POLYGON", 7) != 0 && strncmp(wkt, "LINEARRING", 10) != 0))
        return false;
    json_t *request = json_pack("{s:s}", "wkt", wkt), *want = json_object_get(record, "expected");
    char *body = json_dumps(request, JSON_COMPACT), *text = test_post(ROUTE, body, NULL);
    json_t *answer = json_loads(text, 0, NULL), *at = json_object_get(answer, "centroid");
    double x, y;
    if (area)
        assert_true(fabs(member(answer, "area") - json_number_value(want)) <= 1e-12 * json_number_value(want));
    if (clockwise)
        assert_true(fabs(member(answer, "signed_area") + json_number_value(want)) <=
                    1e-9 * fabs(json_number_value(want)));
    if (centroid) {
        assert_int_equal(sscanf(json_string_value(want), "POINT (%lf %lf)", &x, &y), 2);
        assert_true(fabs(json_number_value(json_array_get(at, 0)) - x) <= 1e-9 * (1 + fabs(x)));
        assert_true(fabs(json_number_value(json_array_get(at, 1)) - y) <= 1e-9 * (1 + fabs(y)));
    }
    json_decref(answer);
    json_decref(request);
    free(body);
    free(text);
    return true;
}

static void public_measures(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/measures.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL);
        if (record) /* some hold Infinity, which is no JSON */
            tried += check_measure(record);
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 5, 1000);
}

static void public_orientations(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/point_in_ring.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL);
        if (strcmp(json_string_value(json_object_get(record, "op")), "is_ccw_ring") == 0) {
            char body[1000];
            snprintf(body, sizeof body, "{\"wkt\":\"%s\"}", json_string_value(json_object_get(record, "ring")));
            char *answer = test_post(ROUTE, body, NULL);
            bool ccw = json_is_true(json_object_get(record, "expected"));
            assert_non_null(
                strstr(answer, ccw ? "\"orientation\":\"counterclockwise\"" : "\"orientation\":\"clockwise\""));
            free(answer);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(public_measures),
        cmocka_unit_test(public_orientations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
