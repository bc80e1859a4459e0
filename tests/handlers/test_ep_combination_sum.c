/* The endpoint's fields beside each other, its pages, and public cases: combination sum IV, killer sudoku, change. */
#include <jansson.h>

#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define ROUTE "/v1/solve/combination-sum"

static void answers_byte_for_byte(void **state) {
    (void)state;
    static const struct {
        const char *body, *answer;
    } ROWS[] = {
        {"{\"candidates\":[2,3,6,7],\"target\":7}", "{\"combinations\":[[2,2,3],[7]],\"count\":2}"},
        {"{\"candidates\":[10,1,2,7,6,1,5],\"target\":8,\"reuse\":false}",
         "{\"combinations\":[[1,1,6],[1,2,5],[1,7],[2,6]],\"count\":4}"},
        {"{\"candidates\":[1,2,3],\"target\":4,\"ordered\":true}",
         "{\"combinations\":[[1,1,1,1],[1,1,2],[1,2,1],[1,3],[2,1,1],[2,2],[3,1]],\"count\":7}"},
        {"{\"candidates\":[3,3,5],\"target\":6}", "{\"combinations\":[[3,3]],\"count\":1}"},
        {"{\"candidates\":[],\"target\":0}", "{\"combinations\":[[]],\"count\":1}"},
        {"{\"candidates\":[4],\"target\":0,\"min_length\":1}", "{\"combinations\":[],\"count\":0}"},
        {"{\"candidates\":[],\"target\":5}", "{\"combinations\":[],\"count\":0}"},
        {"{\"candidates\":[2,4],\"target\":9223372036854775807}", "{\"combinations\":[],\"count\":0}"},
        {"{\"candidates\":[4611686018427387903,1],\"target\":4611686018427387904,\"reuse\":false,\"count\":false}",
         NULL},
        {"{\"candidates\":[3000000000000000000,6000000000000000000],\"target\":9000000000000000000}",
         "{\"combinations\":[[3000000000000000000,3000000000000000000,3000000000000000000],"
         "[3000000000000000000,6000000000000000000]],\"count\":2}"},
        {"{\"candidates\":[1,2],\"target\":90,\"ordered\":true,\"count_only\":true}",
         "{\"count\":\"4660046610375530309\"}"},
        {"{\"candidates\":[1,2,3],\"target\":6,\"min_length\":3,\"max_length\":4,\"count\":false}",
         "{\"combinations\":[[1,1,1,3],[1,1,2,2],[1,2,3],[2,2,2]]}"},
        {"{\"candidates\":[2,3,6,7],\"target\":12,\"order\":\"descending\"}",
         "{\"combinations\":[[6,6],[3,3,6],[3,3,3,3],[2,3,7],[2,2,2,6],[2,2,2,3,3],[2,2,2,2,2,2]],\"count\":7}"},
        {"{\"candidates\":[2,3,6,7],\"target\":12,\"order\":\"short-first\"}",
         "{\"combinations\":[[6,6],[2,3,7],[3,3,6],[2,2,2,6],[3,3,3,3],[2,2,2,3,3],[2,2,2,2,2,2]],\"count\":7}"},
        {"{\"candidates\":[2,3,6,7],\"target\":12,\"order\":\"long-first\",\"offset\":2,\"count\":false}",
         "{\"combinations\":[[2,2,2,6],[3,3,3,3],[2,3,7],[3,3,6],[6,6]]}"},
        {"{\"candidates\":[3,1,3],\"target\":4,\"reuse\":false}", "{\"combinations\":[[1,3]],\"count\":1}"},
        {"{\"candidates\":[3,1,3],\"target\":4,\"reuse\":false,\"distinct\":true}",
         "{\"combinations\":[[1,3],[1,3]],\"count\":2}"},
        {"{\"candidates\":[3,1,3],\"target\":4,\"reuse\":false,\"distinct\":true,\"indices\":true}",
         "{\"combinations\":[[1,0],[1,2]],\"count\":2}"},
        /* LeetCode 494, example 1: +-1 five times make 3 in 5 ways: subsets of sum (5 + 3) / 2 */
        {"{\"candidates\":[1,1,1,1,1],\"target\":4,\"reuse\":false,\"distinct\":true,\"count_only\":true}",
         "{\"count\":5}"},
        {"{\"candidates\":[1,2,3],\"target\":6,\"offset\":5,\"limit\":1}",
         "{\"combinations\":[[2,2,2]],\"count\":7,\"next_cursor\":\"69b1279e3d332f23.2x3\"}"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int http;
        char *text = test_post(ROUTE, ROWS[i].body, &http);
        if (ROWS[i].answer)
            assert_string_equal(text, ROWS[i].answer);
        assert_int_equal(http, ROWS[i].answer ? 200 : 413);
        free(text);
    }
}

static void wrong_requests_are_refused(void **state) {
    (void)state;
#define SMALL "{\"candidates\":[2,3],\"target\":12,"
    static const struct {
        const char *body, *pointer, *detail;
    } ROWS[] = {
        {SMALL "\"count_only\":true,\"limit\":1000}", "/count_only",
         "count_only is true and limit is given, want count_only without it."},
        {SMALL "\"count_only\":true,\"cursor\":\"x\"}", "/count_only", NULL},
        {SMALL "\"count_only\":true,\"offset\":0}", "/count_only", NULL},
        {SMALL "\"count_only\":true,\"trace\":{}}", "/count_only", NULL},
        {SMALL "\"count_only\":true,\"count\":false}", "/count_only", NULL},
        {SMALL "\"cursor\":\"x\",\"offset\":0}", "/offset",
         "offset is given beside cursor; want at most one of cursor and offset."},
        {SMALL "\"cursor\":\"\"}", "/cursor", NULL},
        {SMALL "\"ordered\":true,\"reuse\":false}", "/ordered",
         "ordered is true and reuse is false, want reuse where sequences are ordered."},
        {SMALL "\"min_length\":3,\"max_length\":2}", "/max_length", NULL},
        {SMALL "\"limit\":0}", "/limit", NULL},
        {SMALL "\"limit\":1000001}", "/limit", NULL},
        {SMALL "\"offset\":-1}", "/offset", NULL},
        {SMALL "\"offset\":1.5}", "/offset", NULL},
        {SMALL "\"offset\":\"twelve\"}", "/offset", NULL},
        {"{\"candidates\":[2,0],\"target\":12}", "/candidates/1", NULL},
        {"{\"candidates\":[2,-9223372036854775808],\"target\":12}", "/candidates/1", NULL},
        {"{\"candidates\":[2],\"target\":-5}", "/target", NULL},
        {"{\"candidates\":[2.5],\"target\":5}", "/candidates", NULL},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int http;
        char *text = test_post(ROUTE, ROWS[i].body, &http);
        json_t *problem = json_loads(text, 0, NULL), *error = json_array_get(json_object_get(problem, "errors"), 0);
        if (http != 422 || strncmp(json_string_value(json_object_get(error, "pointer")), ROWS[i].pointer,
                                   strlen(ROWS[i].pointer)) != 0)
            fail_msg("%s: %s", ROWS[i].body, text);
        if (ROWS[i].detail)
            assert_string_equal(json_string_value(json_object_get(error, "detail")), ROWS[i].detail);
        json_decref(problem);
        free(text);
    }
}

static json_t *ask(json_t *request) {
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post(ROUTE, body, &http);
    if (http != 200)
        fail_msg("%s: %s", body, text);
    json_t *answer = json_loads(text, 0, NULL);
    free(body);
    free(text);
    return answer;
}

static void pages_walked_by_cursor_are_the_whole(void **state) {
    (void)state;
    json_t *request = json_pack("{s:[iiiii], s:i, s:b}", "candidates", 2, 3, 5, 7, 11, "target", 60, "count", 0);
    json_t *whole = ask(request), *walked = json_array();
    assert_null(json_object_get(whole, "next_cursor"));
    json_object_set_new(request, "limit", json_integer(7));
    for (json_t *cursor = NULL;;) {
        json_t *page = ask(request);
        json_array_extend(walked, json_object_get(page, "combinations"));
        cursor = json_object_get(page, "next_cursor");
        if (cursor) {
            assert_int_equal(json_array_size(json_object_get(page, "combinations")), 7);
            json_object_set(request, "cursor", cursor);
        }
        json_decref(page);
        if (!cursor)
            break;
    }
    assert_in_range(json_array_size(walked), 100, 1000);
    assert_true(json_equal(walked, json_object_get(whole, "combinations")));
    json_decref(walked);
    json_decref(whole);
    json_decref(request);
}

/* -- Public cases -- */

/* each_line calls check for the lines of a file that hold `word`; how many there were, -1 without the file. */
static int each_line(const char *name, const char *word, void (*check)(const json_t *one)) {
    const char *path = shared_path(name);
    if (!path)
        return -1;
    char *text = read_file(path, NULL), *rest = NULL;
    int n = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (!strstr(line, word))
            continue;
        json_t *one = json_loads(line, 0, NULL);
        assert_non_null(one);
        check(one);
        json_decref(one);
        n++;
    }
    free(text);
    return n;
}

static void check_sequences(const json_t *one) {
    json_t *input = json_object_get(one, "input");
    json_t *request = json_pack("{s:O, s:O, s:b, s:b}", "candidates", json_object_get(input, "nums"), "target",
                                json_object_get(input, "target"), "ordered", 1, "count_only", 1);
    json_t *answer = ask(request);
    assert_true(json_equal(json_object_get(answer, "count"), json_object_get(one, "expected")));
    json_decref(answer);
    json_decref(request);
}

static bool holds(const json_t *digits, int digit) {
    size_t i;
    json_t *d;
    json_array_foreach(digits, i, d) if (json_integer_value(d) == digit) return true;
    return false;
}

static void check_cage(const json_t *one) {
    json_t *cage = json_object_get(json_object_get(one, "input"), "cage"), *digits = json_array();
    for (int digit = 1; digit <= 9; digit++)
        if (!holds(json_object_get(cage, "exclude"), digit))
            json_array_append_new(digits, json_integer(digit));
    json_t *size = json_object_get(cage, "size");
    json_t *request = json_pack("{s:o, s:O, s:b, s:O, s:O}", "candidates", digits, "target",
                                json_object_get(cage, "sum"), "reuse", 0, "min_length", size, "max_length", size);
    json_t *answer = ask(request);
    assert_true(json_equal(json_object_get(answer, "combinations"), json_object_get(one, "expected")));
    json_decref(answer);
    json_decref(request);
}

/* The fewest coins: what is expected is one of the combinations of its length, and there are none that are shorter. */
static void check_change(const json_t *one) {
    json_t *input = json_object_get(one, "input"), *expected = json_object_get(one, "expected");
    json_t *target = json_object_get(input, "target");
    if (json_integer_value(target) < 0)
        return; /* refused: wrong_requests_are_refused */
    json_t *request = json_pack("{s:O, s:O}", "candidates", json_object_get(input, "coins"), "target", target);
    if (json_array_size(expected))
        json_object_set_new(request, "max_length", json_integer((json_int_t)json_array_size(expected)));
    json_t *answer = ask(request), *rows = json_object_get(answer, "combinations"), *row;
    bool found = json_is_object(expected) && json_array_size(rows) == 0;
    size_t i;
    json_array_foreach(rows, i, row) {
        assert_true(json_is_object(expected) || json_array_size(row) == json_array_size(expected));
        found |= json_equal(row, expected);
    }
    assert_true(found);
    json_decref(answer);
    json_decref(request);
}

static void public_cases(void **state) {
    (void)state;
    int sequences =
        each_line("cases/arrays/leetcode_examples.jsonl", "\"family\":\"combination_sum\"", check_sequences);
    int cages = each_line("cases/arrays/exercism_cases.jsonl", "\"exercise\":\"killer-sudoku-helper\"", check_cage);
    int change = each_line("cases/arrays/exercism_cases.jsonl", "\"exercise\":\"change\"", check_change);
    if (sequences < 0)
        skip();
    assert_true(sequences > 0 && cages > 0 && change > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_byte_for_byte),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(pages_walked_by_cursor_are_the_whole),
        cmocka_unit_test(public_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
