#include "handlers/npy.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

/* ask posts and wants npy: an array as text, "kind shape: numbers", or the problem's first sentence. */
static void ask(const char *route, const char *body, char text[400]) {
    struct call call;
    struct buf out;
    struct array a;
    call_init(&call, test_endpoint("POST", route), &test_host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    buf_init(&out, 1 << 20);
    if (call_decode(&call) != STATUS_OK || call_run(&call) != STATUS_OK ||
        call_encode(&call, MEDIA_NPY, &out) != STATUS_OK) {
        snprintf(text, 400, "%d %.300s", call.http, call.errors[0].detail);
    } else {
        assert_int_equal(npy_read(&call.ctx, out.data, out.n, &a), STATUS_OK);
        int at = snprintf(text, 400, "%c", a.kind == KIND_INT ? 'i' : 'f');
        for (unsigned k = 0; k < a.dims; k++)
            at += snprintf(text + at, 400 - (size_t)at, " %zu", a.shape[k]);
        for (size_t i = 0; i < a.n; i++)
            at += a.kind == KIND_INT
                      ? snprintf(text + at, 400 - (size_t)at, "%s%lld", i ? "," : ":", (long long)a.ints[i])
                      : snprintf(text + at, 400 - (size_t)at, "%s%g", i ? "," : ":", a.reals[i]);
    }
    buf_release(&out);
    call_release(&call);
}

static void each_answer_has_the_array_that_was_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *route, *body, *want;
    } ROWS[] = {
        {"sort", "{\"values\":[3,1,2]}", "i 3:1,2,3"},
        {"sort", "{\"values\":[3,1,2],\"argsort\":true}", "i 3:1,2,0"},
        {"sort", "{\"values\":[\"b\",\"a\"],\"argsort\":true}", "i 2:1,0"},
        {"sort", "{\"values\":[\"b\",\"a\"]}", "406 This answer has no numbers"},
        {"sort", "{\"values\":[3,1,2],\"trace\":{}}", "406 application/x-npy holds one array and no trace"},
        {"kth-largest", "{\"values\":[3,1,2],\"ks\":[1,3]}", "i 2:3,1"},
        {"kth-largest", "{\"values\":[3,1,2],\"quantiles\":[0.25,1]}", "f 2:1.5,3"},
        {"kth-largest", "{\"values\":[3,1,2],\"k\":1}", "406 This answer has no numbers"},
        {"binary-search", "{\"values\":[1,2,2],\"targets\":[2,5],\"mode\":\"range\"}", "i 2 2:1,3,3,3"},
        {"binary-search", "{\"values\":[1,2,2],\"target\":2,\"mode\":\"range\"}", "i 2:1,3"},
        {"binary-search", "{\"values\":[1,2,2],\"targets\":[2,5]}", "i 2:1,3"},
        {"longest-consecutive", "{\"values\":[5,1,2],\"runs\":true}", "i 2 3:2,1,2,1,5,5"},
        {"longest-consecutive", "{\"values\":[5,1,2]}", "406 This answer has no numbers"},
        {"maximum-gap", "{\"values\":[5,1,2],\"top\":5}", "i 2 3:3,2,5,1,1,2"},
        {"maximum-gap", "{\"values\":[5,1,2.5],\"top\":1}", "f 1 3:2.5,2.5,5"},
        {"maximum-gap", "{\"values\":[5],\"top\":1}", "i 0 3"},
        {"maximum-gap", "{\"values\":[-9223372036854775808,9223372036854775807],\"top\":1}",
         "406 This answer has no numbers"},
        {"minimum-window", "{\"s\":\"abab\",\"t\":\"a\",\"all\":true}", "i 2:0,2"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char route[64], text[400];
        snprintf(route, sizeof route, "/v1/solve/%s", ROWS[i].route);
        ask(route, ROWS[i].body, text);
        if (strncmp(text, ROWS[i].want, strlen(ROWS[i].want)) != 0 ||
            (text[0] != '4' && strcmp(text, ROWS[i].want) != 0))
            fail_msg("%s: %s, want %s", ROWS[i].body, text, ROWS[i].want);
    }
}

/* Integers of an npy body stand for reals where these are wanted; what no double holds is refused by its place. */
static void integers_stand_for_reals(void **state) {
    (void)state;
    int64_t corners[] = {0, 0, 4, 0, 0, 3};
    for (int round = 0; round < 2; round++) {
        struct array a = {.kind = KIND_INT, .dims = 2, .shape = {3, 2}, .n = 6, .ints = corners};
        struct buf body;
        int http;
        buf_init(&body, 1 << 12);
        npy_write(&body, &a);
        char *text = test_call(test_endpoint("POST", "/v1/solve/convex-hull"), "application/x-npy", "", body.data,
                               body.n, &http);
        if (round == 0)
            assert_non_null(strstr(text, "[[0.0,0.0],[4.0,0.0],[0.0,3.0]]"));
        else
            assert_non_null(
                strstr(text, "points[1][0] is 9007199254740993, want an integer that a double holds exactly"));
        assert_int_equal(http, round == 0 ? 200 : 422);
        corners[2] = 9007199254740993;
        free(text);
        buf_release(&body);
    }
}

static void a_trajectory_that_is_asked_for_is_the_array(void **state) {
    (void)state;
#define SAMPLE                                                                                      \
    "{\"model\":{\"type\":\"mixture\",\"means\":[[2]],\"stds\":[0]},\"latents\":[[1]],\"sampler\":" \
    "{\"solver\":\"euler\",\"steps\":1}"
    char text[400];
    ask("/v1/sample", SAMPLE "}", text);
    assert_string_equal(text, "f 1 1:2");
    ask("/v1/sample", SAMPLE ",\"trajectory\":true}", text);
    assert_string_equal(text, "f 2 1 1:80,2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_the_array_that_was_asked_for),
        cmocka_unit_test(a_trajectory_that_is_asked_for_is_the_array),
        cmocka_unit_test(integers_stand_for_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
