#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/vector";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"operation\":\"dot\",\"a\":[1,2],\"b\":[3,4]}", "{\"value\":11.0}"},
        {"{\"operation\":\"cross\",\"a\":[1,2],\"b\":[3,4]}", "{\"value\":-2.0}"},
        {"{\"operation\":\"length\",\"a\":[3,4]}", "{\"value\":5.0}"},
        {"{\"operation\":\"distance\",\"a\":[1,1],\"b\":[4,5]}", "{\"value\":5.0}"},
        {"{\"operation\":\"rotate\",\"a\":[1,0],\"angle\":0}", "{\"vector\":[1.0,0.0]}"},
        {"{\"operation\":\"project\",\"a\":[1,2],\"b\":[9,0]}", "{\"vector\":[1.0,0.0]}"},
        {"{\"operation\":\"reflect\",\"a\":[1,2],\"b\":[9,0]}", "{\"vector\":[1.0,-2.0]}"},
        {"{\"operation\":\"normalize\",\"a\":[3,4]}", "{\"vector\":[0.6,0.8]}"},
        {"{\"operation\":\"compare\",\"a\":[0.30000000000000004,0],\"b\":[0.3,0]}", "{\"order\":1,\"equal\":false}"},
        {"{\"operation\":\"compare\",\"a\":[0.30000000000000004,0],\"b\":[0.3,0],\"eps\":1e-9}",
         "{\"order\":0,\"equal\":true}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"operation\":\"dot\",\"a\":[1,2]}", "\"/b\""},
        {"{\"operation\":\"length\",\"a\":[1,2],\"b\":[1,2]}", "\"/b\""},
        {"{\"operation\":\"rotate\",\"a\":[1,2]}", "\"/angle\""},
        {"{\"operation\":\"dot\",\"a\":[1,2],\"b\":[1,2],\"angle\":1}", "\"/angle\""},
        {"{\"operation\":\"rotate\",\"a\":[1,2],\"angle\":1000000001}", "\"/angle\""},
        {"{\"operation\":\"dot\",\"a\":[1,2],\"b\":[1,2],\"eps\":1}", "\"/eps\""},
        {"{\"operation\":\"normalize\",\"a\":[0,0]}", "\"/a\""},
        {"{\"operation\":\"dot\",\"a\":[1e200,0],\"b\":[1e200,0]}", "greatest double"},
        {"{\"operation\":\"compare\",\"a\":[1,2],\"b\":[1,2],\"eps\":-1}", "\"/eps\""},
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
