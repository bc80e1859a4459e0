/* What is listed can be asked for, and each alias is answered with the name that it stands for. */
#include <jansson.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

static json_t *list(void) {
    int http;
    char *text = test_call(test_endpoint("GET", "/v1/samplers"), NULL, "", "", 0, &http);
    assert_int_equal(http, 200);
    json_t *answer = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(answer);
    return answer;
}

/* answered asks for a schedule and gives what the answer says of `member`; NULL: it was refused. */
static char *answered(const char *body, const char *member) {
    int http;
    char *text = test_post("/v1/schedule", body, &http), *got = NULL;
    json_t *answer = json_loads(text, 0, NULL);
    json_t *value = json_object_get(answer, member);
    if (json_is_object(value))
        value = json_object_get(value, "type");
    if (http == 200)
        got = strdup(json_string_value(value));
    else
        assert_int_equal(http, 422);
    json_decref(answer);
    free(text);
    return got;
}

/* Something that goes with every solver, every path and every prediction. */
static void check_names(json_t *answer, const char *kind, const char *format, const char *member) {
    json_t *entry, *alias;
    size_t i, k;
    json_array_foreach(json_object_get(answer, kind), i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        char body[256];
        snprintf(body, sizeof body, format, name);
        char *got = answered(body, member);
        if (got)
            assert_string_equal(got, name);
        json_array_foreach(json_object_get(entry, "aliases"), k, alias) {
            snprintf(body, sizeof body, format, json_string_value(alias));
            char *same = answered(body, member);
            if (!got != !same)
                fail_msg("%s: %s", name, json_string_value(alias));
            if (same)
                assert_string_equal(same, name);
            free(same);
        }
        free(got);
    }
}

static void names_and_aliases_are_taken(void **state) {
    (void)state;
    json_t *answer = list();
    check_names(answer, "solvers", "{\"path\":\"vp\",\"sampler\":{\"solver\":\"%s\",\"steps\":4}}", "solver");
    check_names(answer, "paths", "{\"path\":\"%s\",\"sampler\":{\"steps\":4}}", "path");
    check_names(answer, "predictions", "{\"path\":\"vp\",\"prediction\":\"%s\",\"sampler\":{\"steps\":4}}",
                "prediction");
    check_names(answer, "grids", "{\"path\":\"linear\",\"sampler\":{\"grid\":\"%s\",\"steps\":4}}", "grid");
    json_decref(answer);
}

/* Each alias stands for a name that is there. */
static void no_alias_leads_nowhere(void **state) {
    (void)state;
    json_t *answer = list();
    static const struct {
        const char *kind;
        size_t want;
    } CASES[] = {{"solvers", 60}, {"paths", 11}, {"grids", 11}, {"predictions", 5}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        size_t n = 0, i;
        json_t *entry;
        json_array_foreach(json_object_get(answer, CASES[c].kind), i, entry) n +=
            json_array_size(json_object_get(entry, "aliases"));
        assert_int_equal(n, CASES[c].want);
    }
    json_decref(answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_aliases_are_taken),
        cmocka_unit_test(no_alias_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
