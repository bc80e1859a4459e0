#include "handlers/trace_commands.h"

#include <jansson.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

static json_t *solve(const char *algorithm, const char *format, const char *values) {
    char body[512];
    int http;
    snprintf(body, sizeof body,
             "{\"values\":%s,\"algorithm\":\"%s\",\"trace\":{\"max_steps\":100000,\"format\":\"%s\"}}", values,
             algorithm, format);
    char *text = test_post("/v1/solve/sort", body, &http);
    assert_int_equal(http, 200);
    json_t *tree = json_loads(text, 0, NULL);
    assert_non_null(tree);
    free(text);
    return tree;
}

/* play does what the player would: it keeps the array, and how often each place is selected and patched. */
static json_t *play(json_t *commands, size_t *delays) {
    json_t *array = NULL, *command;
    int selected[64] = {0}, patched[64] = {0};
    size_t i;
    *delays = 0;
    json_array_foreach(commands, i, command) {
        const char *key = json_string_value(json_object_get(command, "key"));
        const char *method = json_string_value(json_object_get(command, "method"));
        json_t *args = json_object_get(command, "args");
        size_t at = (size_t)json_integer_value(json_array_get(args, 0));
        assert_int_equal(json_object_size(command), 3);
        assert_non_null(method);
        if (!strcmp(method, "delay")) {
            assert_null(key);
            ++*delays;
        } else if (!strcmp(method, "println")) {
            assert_string_equal(key, "log");
            assert_true(json_is_string(json_array_get(args, 0)));
        } else if (!strcmp(method, "set")) {
            array = json_deep_copy(json_array_get(args, 0));
        } else if (!strcmp(method, "patch")) {
            json_array_set(array, at, json_array_get(args, 1));
            patched[at]++;
        } else if (!strcmp(method, "depatch")) {
            patched[at]--;
        } else if (!strcmp(method, "select")) {
            selected[at]++;
        } else if (!strcmp(method, "deselect")) {
            selected[at]--;
        } else { /* the scene */
            assert_true(i < 4);
        }
    }
    for (size_t k = 0; k < COUNT(selected); k++)
        assert_true(selected[k] == 0 && patched[k] == 0);
    return array;
}

static void played_commands_give_the_answer(void **state) {
    (void)state;
    static const char *const ALGORITHMS[] = {"auto", "counting", "radix", "bucket", "heap", "merge", "quick"};
    static const char *const VALUES[] = {"[5,3,9,1,4,4,-4,8,2,0,6,7,7]", "[1]", "[]", "[3.0,-1.0,2.0]",
                                         "[\"pear\",\"a \\\"fig\\\"\",\"apple\"]"};
    for (size_t v = 0; v < COUNT(VALUES); v++)
        for (size_t k = 0; k < COUNT(ALGORITHMS); k++) {
            if (v == 4 && k == 1) /* counting takes no strings */
                continue;
            json_t *steps = solve(ALGORITHMS[k], "steps", VALUES[v]),
                   *played = solve(ALGORITHMS[k], "commands", VALUES[v]);
            json_t *trace = json_object_get(played, "trace"), *plain = json_object_get(steps, "trace");
            size_t delays;
            json_t *array = play(json_object_get(trace, "commands"), &delays);
            assert_true(json_equal(array, json_object_get(played, "values")));
            assert_int_equal(json_integer_value(json_object_get(trace, "total")),
                             json_integer_value(json_object_get(plain, "total")));
            assert_int_equal(delays, 1 + json_array_size(json_object_get(plain, "steps")));
            assert_null(json_object_get(trace, "steps"));
            assert_null(json_object_get(plain, "commands"));
            json_decref(array);
            json_decref(steps);
            json_decref(played);
        }
}

/* Places outside of the array, a matrix, and no array at all: the log tells the steps alone. */
static void what_has_no_place_is_only_told(void **state) {
    (void)state;
    int64_t ints[] = {7, 8, 9, 10};
    struct array flat = array_1d(KIND_INT, ints, 2), matrix = {.kind = KIND_INT, .dims = 2, .shape = {2, 2}, .n = 4};
    matrix.ints = ints;
    const struct array *const arrays[] = {NULL, &matrix, &flat};
    for (size_t i = 0; i < COUNT(arrays); i++) {
        struct ctx ctx;
        struct trace t;
        struct buf out;
        ctx_init(&ctx, 1 << 20);
        buf_init(&out, 1 << 16);
        assert_int_equal(trace_begin(&ctx, &t, 10, arrays[i]), STATUS_OK);
        trace_add(&t, "set", TRACE_AT(-1, 5), arrays[i], TRACE_VARS({"best", trace_real(0.5)}, {"n", trace_int(3)}));
        trace_add(&t, "push", TRACE_NOWHERE, NULL, TRACE_NO_VARS);
        buf_byte(&out, '[');
        trace_commands_write(&out, &t, ',');
        buf_add(&out, "]", 2);
        json_t *tree = json_loads(out.data, 0, NULL);
        assert_non_null(tree);
        assert_non_null(strstr(out.data, "[\"set -1, 5  best = 0.5, n = 3\"]"));
        assert_non_null(strstr(out.data, "[\"push\"]"));
        assert_null(strstr(out.data, "patch"));
        assert_null(strstr(out.data, "select"));
        assert_int_equal(strstr(out.data, "Array1DTracer") != NULL, i == 2);
        json_decref(tree);
        buf_release(&out);
        ctx_release(&ctx);
    }
}

static void a_full_buffer_fails(void **state) {
    (void)state;
    int64_t ints[] = {7, 8};
    struct array flat = array_1d(KIND_INT, ints, 2);
    struct ctx ctx;
    struct trace t;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(trace_begin(&ctx, &t, 10, &flat), STATUS_OK);
    trace_add(&t, "swap", TRACE_AT(0, 1), &flat, TRACE_NO_VARS);
    for (size_t cap = 0; cap < 500; cap += 7) {
        struct buf out;
        buf_init(&out, cap);
        trace_commands_write(&out, &t, ',');
        assert_true(out.failed);
        buf_release(&out);
    }
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(played_commands_give_the_answer),
        cmocka_unit_test(what_has_no_place_is_only_told),
        cmocka_unit_test(a_full_buffer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
