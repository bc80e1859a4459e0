/* Samples through the socket: the same bytes in any order of requests, asked alone or in a batch, after a restart, with
 * other workers and another instruction set. */
#include "core/diffusion/solver.h"
#include "tests/server/slow_endpoints.h"

enum { SAMPLES = 70 };

/* request writes a solver's request; the batch's entry is the same body. */
static void request(size_t solver, int count, char body[400]) {
    snprintf(body, 400,
             "{\"model\":{\"type\":\"mixture\",\"weights\":[0.3,0.7],\"means\":[[-1,0.5],[1,0]],\"stds\":[0.2,0.4]},"
             "\"count\":%d,\"seed\":9,\"path\":\"%s\",\"sampler\":{\"solver\":\"%s\"%s}}",
             count, solver % 2 ? "vp" : "flow", solver_names[solver],
             solver_find((enum solver_id)solver)->adaptive ? "" : ",\"steps\":6");
}

static char *ask(int port, size_t solver, int count) {
    char body[400];
    struct response r;
    request(solver, count, body);
    assert_true(ask_once(port, "POST", "/v1/sample", "", body, &r));
    if (r.status != 200)
        fail_msg("%s: %d %s", solver_names[solver], r.status, r.body);
    return r.body;
}

/* check_prefix: fewer samples are the first ones. */
static void check_prefix(const char *all, const char *few) {
    const char *begin = strstr(few, "\"samples\":["), *end = begin ? strstr(begin, "]]") : NULL,
               *at = strstr(all, "\"samples\":[");
    assert_non_null(end);
    assert_non_null(at);
    assert_memory_equal(at, begin, (size_t)(end - begin) + 1);
}

static void check_batch(int port, char *const *answers) {
    char body[8192] = "{\"requests\":[", one[400];
    struct response r;
    for (size_t i = 0; i < 8; i++) {
        request(i, SAMPLES, one);
        size_t n = strlen(body);
        snprintf(body + n, sizeof body - n, "%s{\"path\":\"/v1/sample\",\"body\":%s}", i ? "," : "", one);
    }
    strcat(body, "]}");
    assert_true(ask_once(port, "POST", "/v1/batch", "", body, &r));
    if (r.status != 200)
        fail_msg("%d %s", r.status, r.body);
    for (size_t i = 0; i < 8; i++)
        assert_non_null(strstr(r.body, answers[i]));
    response_free(&r);
}

static void nothing_but_the_request_shows(void **state) {
    (void)state;
    struct test_server server;
    char *answers[SOLVER_COUNT];
    START(&server, "--workers", "1", "--kernels", "ref");
    for (size_t i = 0; i < SOLVER_COUNT; i++)
        answers[i] = ask(server.port, i, SAMPLES);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    START(&server, "--workers", "4", "--kernels", "auto");
    check_batch(server.port, answers);
    for (size_t i = SOLVER_COUNT; i-- > 0;) {
        char *again = ask(server.port, i, SAMPLES), *few = ask(server.port, i, SAMPLES - 1);
        assert_string_equal(again, answers[i]);
        if (!solver_find((enum solver_id)i)->adaptive)
            check_prefix(again, few);
        free(again);
        free(few);
    }
    for (size_t i = 0; i < SOLVER_COUNT; i++)
        free(answers[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_but_the_request_shows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
