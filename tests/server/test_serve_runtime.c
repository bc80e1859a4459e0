/* What the process tells of its threads. */
#include <jansson.h>
#include <unistd.h>

#include "tests/server/slow_endpoints.h"

static json_t *ask(int port) {
    struct response r;
    char value[64];
    assert_true(ask_once(port, "GET", "/v1/runtime/threads", "", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(response_header(&r, "Cache-Control", value, sizeof value));
    assert_string_equal(value, "no-store");
    json_t *tree = json_loads(r.body, 0, NULL);
    assert_non_null(tree);
    response_free(&r);
    return tree;
}

static int count(json_t *tree, const char *role) {
    json_t *thread;
    size_t i;
    int n = 0;
    json_array_foreach(json_object_get(tree, "threads"), i, thread) n +=
        !strcmp(json_string_value(json_object_get(thread, "role")), role);
    return n;
}

/* solver gives the thread that solves the request of an id; NULL: none does. Borrowed from the tree. */
static json_t *solver(json_t *tree, const char *id) {
    json_t *thread;
    size_t i;
    json_array_foreach(json_object_get(tree, "threads"), i, thread) {
        const char *text = json_string_value(json_object_get(thread, "request_id"));
        if (text && !strcmp(text, id))
            return thread;
    }
    return NULL;
}

static void every_thread_has_its_role(void **state) {
    (void)state;
    struct test_server server;
    char folder[] = "/tmp/solvent-test-XXXXXX", db[64];
    assert_non_null(mkdtemp(folder));
    snprintf(db, sizeof db, "%s/answers.db", folder);
    START(&server, "--workers", "3", "--threads", "2", "--db", db, "--job-workers", "2");
    json_t *tree = ask(server.port);
    assert_int_equal(json_integer_value(json_object_get(tree, "process")), server.pid);
    assert_in_range(json_integer_value(json_object_get(tree, "uptime_ms")), 0, 60000);
    assert_int_equal(count(tree, "main"), 1);
    assert_int_equal(count(tree, "loop"), 2);
    assert_int_equal(count(tree, "worker"), 3);
    assert_int_equal(count(tree, "watchdog"), 1);
    assert_int_equal(count(tree, "writer"), 1);
    assert_int_equal(count(tree, "job"), 2 + 2); /* and as many helpers as there are other workers */
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    assert_int_equal(unlink(db), 0);
    assert_int_equal(unlink(strcat(db, ".jobs")), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_worker_says_what_it_solves(void **state) {
    (void)state;
    static const char request[] = "POST /test/spin HTTP/1.1\r\nHost: t\r\nX-Request-Id: long.one\r\nContent-Length: "
                                  "12\r\n\r\n{\"ms\":60000}";
    struct test_server server;
    struct client client;
    START(&server, "--workers", "2");
    assert_true(client_open(&client, server.port) && client_send(&client, request));
    json_t *tree = ask(server.port), *thread;
    for (long end = now_ms() + 10000; !(thread = solver(tree, "long.one")) && now_ms() < end; wait_ms(5)) {
        json_decref(tree);
        tree = ask(server.port);
    }
    assert_non_null(thread);
    assert_string_equal(json_string_value(json_object_get(thread, "role")), "worker");
    assert_string_equal(json_string_value(json_object_get(thread, "route")), "/test/spin");
    assert_in_range(json_integer_value(json_object_get(thread, "busy_ms")), 0, 20000);
    json_decref(tree);
    client_close(&client); /* cancelled: then nobody works */
    tree = ask(server.port);
    for (long end = now_ms() + 10000; solver(tree, "long.one") && now_ms() < end; wait_ms(5)) {
        json_decref(tree);
        tree = ask(server.port);
    }
    assert_null(solver(tree, "long.one"));
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_has_its_role),
        cmocka_unit_test(a_worker_says_what_it_solves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
