/* Paths with parameters, and queries of requests without a body. */
#include "handlers/route.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

static void routes_and_paths(void **state) {
    (void)state;
    static const struct {
        const char *route, *path;
        bool is;
    } rows[] = {
        {"/a", "/a", true},
        {"/a", "/a/", false},
        {"/a", "/", false},
        {"/a/{id}", "/a/b", true},
        {"/a/{id}", "/a/%2F?", true},
        {"/a/{id}", "/a/", false},
        {"/a/{id}", "/a", false},
        {"/a/{id}", "/a/b/", false},
        {"/a/{id}", "/a/b/c", false},
        {"/a/{id}", "/a/{id}", true},
        {"/a/{id}/events", "/a/b/events", true},
        {"/a/{id}/events", "/a/events", false},
        {"/a/{id}/events", "/a//events", false},
        {"/a/{id}/events", "/a/b/event", false},
        {"/a/{id}/{part}", "/a/b/c", true},
        {"/a/{id}/{part}", "/a/b/", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (route_is(rows[i].route, rows[i].path) != rows[i].is)
            fail_msg("%s %s", rows[i].route, rows[i].path);
}

struct params {
    struct str id, part;
    int64_t limit;
    bool all;
};
static const struct field PATH[] = {
    FIELD(struct params, id, STRING, "An id.", .required = true, .min_items = 2, .max_items = 4),
    FIELD(struct params, part, STRING, "A part.", .required = true, .max_items = 6),
    {0}};
static const struct field QUERY[] = {FIELD(struct params, limit, INT, "How many.", .def = "20", FIELD_INTS(1, 100)),
                                     FIELD(struct params, all, BOOL, "All of them."),
                                     {0}};
static const struct endpoint ENDPOINT = {
    .method = "GET", .route = "/a/{id}/of/{part}", .path = PATH, .query = QUERY, .params_size = sizeof(struct params)};

static enum status decode(const char *path, const char *query, struct call *call) {
    call_init(call, &ENDPOINT, &test_host);
    call->request = (struct request){.path = path, .query = query};
    return call_decode(call);
}

static void parameters_are_decoded(void **state) {
    (void)state;
    struct call call;
    assert_int_equal(decode("/a/b%2fc/of/%c3%a4+%25", "all=true&limit=7", &call), STATUS_OK);
    const struct params *p = call.params;
    assert_string_equal(p->id.p, "b/c");
    assert_int_equal(p->id.n, 3);
    assert_string_equal(p->part.p, "\xc3\xa4+%");
    assert_int_equal(p->limit, 7);
    assert_true(p->all);
    call_release(&call);
    assert_int_equal(decode("/a/four/of/x", NULL, &call), STATUS_OK);
    assert_int_equal(((const struct params *)call.params)->limit, 20);
    call_release(&call);
}

static void what_does_not_fit_is_not_found(void **state) {
    (void)state;
    static const char *const paths[] = {
        NULL,          "/a/b",         "/a/x/of/y",    "/a/fives/of/y", "/a/xx/of/sevenxx",
        "/a/x%0/of/y", "/a/x%zz/of/y", "/a/x%00/of/y", "/a/xx/of/%00"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct call call;
        if (decode(paths[i], "", &call) != STATUS_NOT_FOUND || call.http != 404)
            fail_msg("%s: %d", paths[i] ? paths[i] : "no path", call.http);
        assert_non_null(strstr(call.errors[0].detail, "There is nothing at "));
        call_release(&call);
    }
}

static void a_wrong_query_is_pointed_at(void **state) {
    (void)state;
    static const struct {
        const char *query, *pointer, *words;
    } rows[] = {{"limit=0", "/limit", "want an integer from 1 to 100"},
                {"limit=101", "/limit", "want an integer from 1 to 100"},
                {"limt=1", "/limt", "did you mean \"limit\"?"},
                {"all=7", "/all", "want true or false"},
                {"all=tru", "", "is not JSON"},
                {"id=xx", "/id", "is not a field"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        if (decode("/a/bc/of/d", rows[i].query, &call) != STATUS_INVALID ||
            strcmp(call.errors[0].pointer, rows[i].pointer) != 0 || !strstr(call.errors[0].detail, rows[i].words))
            fail_msg("%s: %s %s", rows[i].query, call.errors[0].pointer, call.errors[0].detail);
        call_release(&call);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    enum status status = STATUS_NO_MEMORY;
    size_t n = 0;
    for (; status != STATUS_OK; n++) {
        struct call call;
        call_init(&call, &ENDPOINT, &test_host);
        call.ctx.fail_after = n;
        call.request = (struct request){.path = "/a/bc/of/d", .query = "limit=3"};
        status = call_decode(&call);
        assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && call.http == 413));
        call_release(&call);
    }
    assert_in_range(n, 4, 100);
}

static void endpoints_are_found_by_their_paths(void **state) {
    (void)state;
    char allow[64];
    const struct endpoint *one = endpoint_find("GET", "/v1/models/coin", allow);
    assert_non_null(one);
    assert_string_equal(one->route, "/v1/models/{id}");
    assert_ptr_equal(endpoint_find("HEAD", "/v1/models/coin", allow), one);
    assert_null(endpoint_find("POST", "/v1/models/coin", allow));
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    int http;
    char *text = test_get("/v1/models/no%20such", &http);
    assert_int_equal(http, 404);
    assert_non_null(strstr(text, "There is no model \\\"no such\\\"; GET /v1/models lists"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_and_paths),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(what_does_not_fit_is_not_found),
        cmocka_unit_test(a_wrong_query_is_pointed_at),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(endpoints_are_found_by_their_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
