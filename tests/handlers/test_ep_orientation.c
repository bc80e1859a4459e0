#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/orientation";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"a\":[0,0],\"b\":[4,0],\"c\":[1,3]}", "{\"sign\":1}"},
        {"{\"a\":[0,0],\"b\":[1,3],\"c\":[4,0]}", "{\"sign\":-1}"},
        {"{\"a\":[0.1,0.1],\"b\":[0.2,0.2],\"c\":[0.3,0.3]}", "{\"sign\":0}"},
        {"{\"a\":[0.5,0.5000000000000001],\"b\":[12,12],\"c\":[24,24]}", "{\"sign\":1}"},
        {"{\"a\":[-1e308,-1e308],\"b\":[1e308,-1e308],\"c\":[5e-324,5e-324]}", "{\"sign\":1}"},
        {"{\"triples\":[[[0,0],[1,0],[0,1]],[[0,0],[0,1],[1,0]],[[0,0],[1,1],[2,2]]]}", "{\"signs\":[1,-1,0]}"},
        {"{\"triples\":[]}", "{\"signs\":[]}"},
        {"{\"a\":[0,0],\"b\":[10,0],\"c\":[5,0.5],\"eps\":0.5}", "{\"sign\":0}"},
        {"{\"a\":[0,0],\"b\":[10,0],\"c\":[5,0.5000000000000001],\"eps\":0.5}", "{\"sign\":1}"},
        {"{\"triples\":[[[0,0],[10,0],[5,-3]],[[0,0],[10,0],[5,-4]]],\"eps\":3}", "{\"signs\":[0,-1]}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{}", "\"/a\""},
        {"{\"a\":[0,0],\"b\":[1,1]}", "\"/c\""},
        {"{\"a\":[0,0],\"triples\":[]}", "\"/b\""},
        {"{\"a\":[0],\"b\":[1,1],\"c\":[2,2]}", "\"/a\""},
        {"{\"a\":[[0,0]],\"b\":[1,1],\"c\":[2,2]}", "\"/a/0\""},
        {"{\"triples\":[[[0,0],[1,0]]]}", "triples[0] has 2 elements, want 3."},
        {"{\"triples\":[[0,0]]}", "\"/triples\""},
        {"{\"a\":[1e999,0],\"b\":[1,1],\"c\":[2,2]}", "\"/a/0\""},
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
