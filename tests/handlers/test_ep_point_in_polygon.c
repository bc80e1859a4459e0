#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/solve/point-in-polygon";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[1,1]}", "{\"location\":\"inside\"}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[4,0]}", "{\"location\":\"boundary\"}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[4,5]}", "{\"location\":\"outside\"}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"points\":[]}",
         "{\"locations\":[],\"inside\":0,\"boundary\":0,\"outside\":0}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"holes\":[{\"ring\":[[1,1],[1,2],[2,1]]}],\"points\":[[1.25,1.25],[3,"
         "3],[1,1.5],[0,0],[1,2],[2,2],[1.5,1.5],[0,4],[-1,4],[3,4]]}",
         "{\"locations\":[\"outside\",\"inside\",\"boundary\",\"boundary\",\"boundary\",\"inside\",\"boundary\","
         "\"boundary\",\"outside\",\"boundary\"],\"inside\":2,\"boundary\":6,\"outside\":2}"},
        {"{\"wkt\":\"MULTIPOLYGON (((0 0, 1 0, 0 1)), EMPTY, ((5 5, 6 5, 5 "
         "6)))\",\"points\":[[0.25,0.25],[5.25,5.25],[3,3]]}",
         "{\"locations\":[\"inside\",\"inside\",\"outside\"],\"inside\":2,\"boundary\":0,\"outside\":1}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[5,2],\"eps\":1}", "{\"location\":\"boundary\"}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[5,2],\"eps\":0.9999999999999999}",
         "{\"location\":\"outside\"}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"points\":[[3,2],[7,8],[2,2],[9,9],[1,1],[4,4],[0,9],[-5,0],[0,9.1]],"
         "\"eps\":1}",
         "{\"locations\":[\"boundary\",\"outside\",\"inside\",\"outside\",\"boundary\",\"boundary\",\"outside\","
         "\"outside\","
         "\"outside\"],\"inside\":1,\"boundary\":3,\"outside\":5}"},
        {"{\"polygon\":[[0,0],[4,0],[4,4],[0,4]],\"point\":[7,8],\"eps\":5,\"trace\":{}}",
         "{\"location\":\"boundary\",\"trace\":{\"steps\":[{\"i\":0,\"op\":\"point\",\"at\":[],\"vars\":{\"point\":0}},"
         "{\"i\":"
         "1,\"op\":\"boundary\",\"at\":[1,2]},{\"i\":2,\"op\":\"answer\",\"at\":[],\"vars\":{\"point\":0,\"location\":"
         "\"boundary\"}}],\"total\":3}}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"polygon\":[[0,0],[4,0],[4,4]]}", "\"/point\""},
        {"{\"polygon\":[[0,0],[4,0],[4,4]],\"point\":[0,0],\"points\":[]}", "\"/points\""},
        {"{\"point\":[0,0]}", "\"/polygon\""},
        {"{\"polygon\":[[0,0],[4,0],[4,4]],\"points\":[[1,2,3]]}", "want 2"},
        {"{\"wkt\":\"LINESTRING (0 0, 1 1)\",\"point\":[0,0]}", "LINEARRING, POLYGON, MULTIPOLYGON"},
    };
    test_refusals(ROUTE, ROWS, COUNT(ROWS));
}

/* Public cases: points in rings, on their edges and vertices. Those of lines are of other questions. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/point_in_ring.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *ring = json_object_get(record, "ring");
        if (strcmp(json_string_value(json_object_get(record, "op")), "locate") == 0 &&
            strncmp(json_string_value(ring), "POLYGON", 7) == 0) {
            json_t *request = json_pack("{s:O,s:O}", "wkt", ring, "point", json_object_get(record, "point"));
            char *body = json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17)),
                 *answer = test_post(ROUTE, body, NULL);
            assert_non_null(strstr(answer, json_string_value(json_object_get(record, "expected"))));
            free(body);
            free(answer);
            json_decref(request);
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
        cmocka_unit_test(public_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
