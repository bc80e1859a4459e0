#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/segment-intersections";

struct row {
    const char *request, *answer; /* the answer; or of a refusal what it holds */
};

static void check_answers(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        if (http != 200 || strcmp(text, rows[i].answer) != 0)
            fail_msg("%s: %d %s", rows[i].request, http, text);
        free(text);
    }
}

static void check_refusals(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        if (http != 422 || !strstr(text, rows[i].answer))
            fail_msg("%s: %d %s", rows[i].request, http, text);
        free(text);
    }
}

static void answers(void **state) {
    (void)state;
    static const struct row ROWS[] = {
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
        {"{\"wkt\":\"LINESTRING EMPTY\"}", "{\"count\":0,\"complete\":true,\"intersections\":[]}"},
    };
    check_answers(ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct row ROWS[] = {
        {"{}", "\"/segments\""},
        {"{\"segments\":[],\"wkt\":\"LINESTRING EMPTY\"}", "\"/wkt\""},
        {"{\"wkt\":\"POINT (1 2)\"}", "LINESTRING, MULTILINESTRING"},
        {"{\"segments\":[[[0,0]]]}", "want 2 of 2"},
        {"{\"segments\":[],\"limit\":1000001}", "\"/limit\""},
    };
    check_refusals(ROWS, COUNT(ROWS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
