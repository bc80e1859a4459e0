#include <jansson.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/minimum-window";

#define BY_BYTES \
    ",\"algorithm\":\"bytes\",\"why\":\"What is wanted is ASCII, and so is what is counted: a place of s is a byte.\""
#define BY_SYMBOLS \
    ",\"algorithm\":\"symbols\",\"why\":\"Not all is ASCII, so that code points are looked up, and numbered, first.\""
#define BY_TOKENS \
    ",\"algorithm\":\"tokens\",\"why\":\"Tokens are looked up among the wanted ones in order, and numbered, first.\""

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"s\":\"a\",\"t\":\"aa\"}", "{\"found\":false" BY_BYTES "}"},
        {"{\"s\":\"\",\"t\":\"aa\",\"all\":true}", "{\"found\":false,\"starts\":[]" BY_BYTES "}"},
        {"{\"s\":\"abab\",\"t\":\"ab\",\"all\":true}",
         "{\"found\":true,\"window\":\"ab\",\"start\":0,\"length\":2,\"starts\":[0,1,2]" BY_BYTES "}"},
        {"{\"s\":\"x\\u20acy\\u00e9\",\"t\":\"\\u00e9y\",\"unit\":\"byte\"}",
         "{\"found\":true,\"window\":\"y\xc3\xa9\",\"start\":4,\"length\":3" BY_SYMBOLS "}"},
        {"{\"s\":\"x\\u20acy\\u00e9\",\"t\":\"\\u00e9y\"}",
         "{\"found\":true,\"window\":\"y\xc3\xa9\",\"start\":2,\"length\":2" BY_SYMBOLS "}"},
        {"{\"tokens\":[5,1,9223372036854775807,1,5],\"wanted\":[1,1]}",
         "{\"found\":true,\"tokens\":[1,9223372036854775807,1],\"start\":1,\"length\":3" BY_TOKENS "}"},
        {"{\"tokens\":[\"to\",\"be\",\"or\",\"not\",\"to\",\"be\"],\"wanted\":[\"be\",\"to\"],\"all\":true}",
         "{\"found\":true,\"tokens\":[\"to\",\"be\"],\"start\":0,\"length\":2,\"starts\":[0,4]" BY_TOKENS "}"},
        {"{\"tokens\":[],\"wanted\":[\"be\"]}", "{\"found\":false" BY_TOKENS "}"},
        {"{\"s\":\"xa\",\"t\":\"a\",\"trace\":{\"max_steps\":3}}",
         "{\"found\":true,\"window\":\"a\",\"start\":1,\"length\":1" BY_BYTES
         ",\"trace\":{\"steps\":[{\"i\":0,\"op\":\"expand\",\"at\":[0],\"values\":[\"x\"],\"vars\":{\"missing\":1}},{"
         "\"i\":1,\"op\":\"expand\",\"at\":[1],\"values\":[\"a\"],\"vars\":{\"missing\":0}},{\"i\":2,\"op\":\"best\","
         "\"at\":[0,1],\"values\":[\"x\",\"a\"],\"vars\":{\"start\":0,\"length\":2}}],\"total\":6}}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{}", "\"/s\"", "exactly one of s and tokens"},
        {"{\"s\":\"a\"}", "\"/t\"", "all of s and t"},
        {"{\"t\":\"a\"}", "\"/s\"", "all of s and t"},
        {"{\"tokens\":[1]}", "\"/wanted\"", "all of tokens and wanted"},
        {"{\"wanted\":[1]}", "\"/tokens\"", "all of tokens and wanted"},
        {"{\"s\":\"a\",\"t\":\"a\",\"tokens\":[1]}", "\"/tokens\"", "beside s"},
        {"{\"s\":\"a\",\"t\":\"a\",\"wanted\":[1]}", "\"/tokens\"", "missing beside wanted"},
        {"{\"s\":\"a\",\"t\":\"\"}", "\"/t\"", "t is empty"},
        {"{\"tokens\":[1],\"wanted\":[]}", "\"/wanted\"", "wanted is empty"},
        {"{\"tokens\":[1],\"wanted\":[\"1\"]}", "\"/wanted\"", "the same kind"},
        {"{\"tokens\":[1.5],\"wanted\":[1]}", "\"/tokens", ""},
        {"{\"tokens\":[1],\"wanted\":[1],\"unit\":\"byte\"}", "\"/unit\"", "beside s only"},
        {"{\"s\":\"a\",\"t\":\"a\",\"unit\":\"grapheme\"}", "\"/unit\"", "codepoint"},
        {"{\"s\":7,\"t\":\"a\"}", "\"/s\"", "string"},
    };
    test_refusals_at(ROUTE, rows, COUNT(rows));
}

/* ask posts s and t and gives the answer. */
static json_t *ask(const json_t *s, const json_t *t, bool all) {
    json_t *request = json_pack("{s:O,s:O,s:b}", "s", s, "t", t, "all", all);
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post(ROUTE, body, &http);
    assert_int_equal(http, 200);
    json_t *answer = json_loads(text, 0, NULL);
    json_decref(request);
    free(body);
    free(text);
    return answer;
}

/* anagrams of p are the windows of p's length, where the shortest has it. */
static void expect_anagrams(const json_t *input, const json_t *expected) {
    json_t *answer = ask(json_object_get(input, "s"), json_object_get(input, "p"), true);
    json_t *starts = json_object_get(answer, "starts");
    bool exact = (size_t)json_integer_value(json_object_get(answer, "length")) ==
                 json_string_length(json_object_get(input, "p"));
    if (exact)
        assert_true(json_equal(starts, expected));
    else
        assert_int_equal(json_array_size(expected), 0);
    json_decref(answer);
}

/* Public cases: the minimum window, and all anagrams of a word. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *input = json_object_get(record, "input");
        json_t *expected = json_object_get(record, "expected");
        const char *problem = json_string_value(json_object_get(record, "problem"));
        if (strcmp(problem, "Minimum Window Substring") == 0) {
            json_t *answer = ask(json_object_get(input, "s"), json_object_get(input, "t"), false);
            const char *window = json_string_value(json_object_get(answer, "window"));
            assert_string_equal(window ? window : "", json_string_value(expected));
            json_decref(answer);
            tried++;
        } else if (strcmp(problem, "Find All Anagrams in a String") == 0) {
            expect_anagrams(input, expected);
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
