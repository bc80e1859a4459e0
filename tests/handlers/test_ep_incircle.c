#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/incircle";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"a\":[0,0],\"b\":[4,0],\"c\":[0,4],\"d\":[3,3]}", "{\"sign\":1}"},
        {"{\"a\":[0,0],\"b\":[4,0],\"c\":[0,4],\"d\":[4,4]}", "{\"sign\":0}"},
        {"{\"a\":[0,0],\"b\":[0,4],\"c\":[4,0],\"d\":[3,3]}", "{\"sign\":-1}"},
        {"{\"quadruples\":[[[0,0],[4,0],[0,4],[4,4.000000000000001]]]}", "{\"signs\":[-1]}"},
        {"{\"a\":[1e300,0],\"b\":[0,1e300],\"c\":[-1e300,0],\"d\":[0,-1e300]}", "{\"sign\":0}"},
        {"{\"a\":[1,0],\"b\":[0,1],\"c\":[-1,0],\"d\":[0,-1.5],\"eps\":0.5}", "{\"sign\":0}"},
        {"{\"a\":[1,0],\"b\":[0,1],\"c\":[-1,0],\"d\":[0,-1.5000000000000002],\"eps\":0.5}", "{\"sign\":-1}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"a\":[0,0],\"b\":[1,1],\"c\":[2,2]}", "\"/d\""},
        {"{\"d\":[0,0],\"quadruples\":[]}", "a is missing beside d; want all of a, b, c and d, or none of them."},
        {"{\"quadruples\":[[[0,0],[1,0],[1,1]]]}", "quadruples[0] has 3 elements, want 4."},
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
