#include <jansson.h>

#include "core/geometry/vector.h"
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
        {"{\"operation\":\"compare\",\"a\":[1,0],\"b\":[-5e-324,0],\"eps\":1}", "{\"order\":1,\"equal\":false}"},
        {"{\"operation\":\"compare\",\"a\":[1,0],\"b\":[5e-324,0],\"eps\":1}", "{\"order\":0,\"equal\":true}"},
        {"{\"operation\":\"distance\",\"a\":[1,1],\"b\":[4,5],\"trace\":{}}",
         "{\"value\":5.0,\"trace\":{\"steps\":[{\"i\":0,\"op\":\"difference\",\"at\":[],\"vars\":{\"x\":-3.0,\"y\":-4."
         "0}},{"
         "\"i\":1,\"op\":\"dot\",\"at\":[],\"vars\":{\"x\":9.0,\"y\":16.0,\"sum\":25.0}},{\"i\":2,\"op\":\"root\","
         "\"at\":[],"
         "\"vars\":{\"value\":5.0}},{\"i\":3,\"op\":\"answer\",\"at\":[],\"vars\":{\"value\":5.0}}],\"total\":4}}"},
        {"{\"operation\":\"cross\",\"a\":[1,2],\"b\":[3,4],\"trace\":{\"max_steps\":1}}",
         "{\"value\":-2.0,\"trace\":{\"steps\":[{\"i\":0,\"op\":\"cross\",\"at\":[],\"vars\":{\"left\":4.0,\"right\":6."
         "0,"
         "\"difference\":-2.0}}],\"total\":2}}"},
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

/* Every operation's steps end in its answer, and the trace changes nothing. */
static void traces_end_in_the_answer(void **state) {
    (void)state;
    static const char *const REST[] = {
        ",\"b\":[-1.5,7]", ",\"b\":[-1.5,7]", "", ",\"b\":[-1.5,7]", ",\"b\":[-1.5,7]", ",\"angle\":1",
        ",\"b\":[-1.5,7]", ",\"b\":[-1.5,7]", "", ",\"b\":[2,7]"};
    for (int o = 0; o < VECTOR_OPERATIONS; o++) {
        char body[200];
        snprintf(body, sizeof body, "{\"operation\":\"%s\",\"a\":[2,3]%s}", vector_operation_names[o], REST[o]);
        char *plain = test_post(ROUTE, body, NULL);
        snprintf(body + strlen(body) - 1, sizeof body - strlen(body), ",\"trace\":{}}");
        char *traced = test_post(ROUTE, body, NULL);
        json_t *want = json_loads(plain, 0, NULL), *got = json_loads(traced, 0, NULL);
        json_t *steps = json_object_get(json_object_get(got, "trace"), "steps");
        assert_true(json_array_size(steps) >= 2);
        json_t *last = json_array_get(steps, json_array_size(steps) - 1), *vars = json_object_get(last, "vars");
        assert_string_equal(json_string_value(json_object_get(last, "op")), "answer");
        json_t *vector = json_object_get(want, "vector");
        if (vector) {
            assert_true(json_equal(json_object_get(vars, "x"), json_array_get(vector, 0)));
            assert_true(json_equal(json_object_get(vars, "y"), json_array_get(vector, 1)));
        } else {
            const char *name = json_object_get(want, "order") ? "order" : "value";
            assert_true(json_equal(json_object_get(vars, name), json_object_get(want, name)));
        }
        json_object_del(got, "trace");
        assert_true(json_equal(got, want));
        json_decref(want), json_decref(got);
        free(plain), free(traced);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_end_in_the_answer),
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
