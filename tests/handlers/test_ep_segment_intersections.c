#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/segment-intersections";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"segments\":[]}", "{\"count\":0,\"complete\":true,\"intersections\":[]}"},
        {"{\"segments\":[[[0,0],[4,4]],[[0,4],[4,0]],[[4,4],[6,4]]],\"limit\":1}",
         "{\"count\":2,\"complete\":false,\"intersections\":[{\"i\":0,\"j\":1,\"kind\":\"point\",\"detail\":\"proper\","
         "\"points\":[[2.0,2.0]]}]}"},
        {"{\"segments\":[[[0,0],[4,4]],[[0,4],[4,0]]],\"limit\":0}",
         "{\"count\":1,\"complete\":false,\"intersections\":[]}"},
        {"{\"wkt\":\"MULTILINESTRING ((0 0, 2 0), (1 0, 3 0, 3 1))\"}",
         "{\"count\":2,\"complete\":true,\"intersections\":[{\"i\":0,\"j\":1,\"kind\":\"overlap\",\"detail\":"
         "\"collinear\",\"points\":[[1.0,0.0],[2.0,0.0]]},{\"i\":1,\"j\":2,\"kind\":\"point\",\"detail\":\"endpoint\","
         "\"points\":[[3.0,0.0]]}]}"},
        {"{\"segments\":[],\"limit\":1000000}", "{\"count\":0,\"complete\":true,\"intersections\":[]}"},
        {"{\"wkt\":\"LINESTRING EMPTY\"}", "{\"count\":0,\"complete\":true,\"intersections\":[]}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{}", "\"/segments\""},
        {"{\"segments\":[],\"wkt\":\"LINESTRING EMPTY\"}", "\"/wkt\""},
        {"{\"wkt\":\"POINT (1 2)\"}", "LINESTRING, MULTILINESTRING"},
        {"{\"segments\":[[[0,0]]]}", "segments[0] has 1 element, want 2."},
        {"{\"segments\":[],\"limit\":1000001}", "\"/limit\""},
    };
    test_refusals(ROUTE, ROWS, COUNT(ROWS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
